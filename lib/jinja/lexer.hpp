// Template source to tokens, as Jinja's lexer cuts it under the settings of transformers:
// trim_blocks, lstrip_blocks, keep_trailing_newline off.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace tlite::jinja {

enum class TokenKind {
  data,            // text between the tags
  variable_begin,  // {{
  variable_end,
  block_begin,  // {%
  block_end,
  name,
  string,  // value: unescaped
  integer,
  real,
  symbol,  // an operator or bracket, in value
  end,
};

struct Token {
  TokenKind kind = TokenKind::end;
  int line = 1;
  std::string value;
  std::int64_t integer = 0;
  double real = 0;
};

// Ends with a token of kind `end`. Throws Error(bad_template).
std::vector<Token> tokenize(std::string_view source);

[[noreturn]] void fail_syntax(int line, const std::string& message);

}  // namespace tlite::jinja
