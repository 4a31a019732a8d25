// The expression half of the parser; statements are in parser.cpp.
#pragma once

#include "jinja/ast.hpp"
#include "jinja/lexer.hpp"

#include <cstddef>
#include <initializer_list>
#include <string>
#include <string_view>
#include <vector>

namespace tlite::jinja {

class ExpressionParser {
 public:
  explicit ExpressionParser(std::vector<Token> tokens) : tokens_(std::move(tokens)) {}

  // An expression, or a tuple where commas follow. `end` names what may follow a last comma.
  ExpressionPtr tuple(bool with_condition, std::string_view end = {});
  ExpressionPtr expression(bool with_condition = true);
  // `| filter | filter` over `subject` (null: the output of a block).
  ExpressionPtr filters(ExpressionPtr subject, bool first_is_inline);
  CallArguments call_arguments();

  // The token stream.
  const Token& current() const { return tokens_[at_]; }
  const Token& look() const { return tokens_[std::min(at_ + 1, tokens_.size() - 1)]; }
  const Token& next() { return tokens_[at_ + 1 < tokens_.size() ? at_++ : at_]; }
  bool is_symbol(std::string_view symbol) const;
  bool is_name(std::string_view name) const;
  bool skip_symbol(std::string_view symbol);
  bool skip_name(std::string_view name);
  void expect_symbol(std::string_view symbol);
  std::string expect_name();
  [[noreturn]] void fail(const std::string& message) const;

  // Names read in the body being parsed, for the special variables of macros.
  struct NamesUsed {
    bool caller = false, kwargs = false, varargs = false;
  };
  NamesUsed names_used;
  // Inside an `if`, an unknown filter or test fails only when it is reached, as in Jinja.
  int conditional = 0;

  // Bounds the recursion of parser and evaluator both.
  class Nesting {
   public:
    explicit Nesting(ExpressionParser& parser);
    ~Nesting() { --parser_.nesting_; }
    Nesting(const Nesting&) = delete;
    Nesting& operator=(const Nesting&) = delete;

   private:
    ExpressionParser& parser_;
  };

 private:
  ExpressionPtr make(ExpressionKind kind, int line, std::vector<ExpressionPtr> operands = {});
  ExpressionPtr seal(ExpressionPtr made) const;

  ExpressionPtr condition();
  ExpressionPtr disjunction();
  ExpressionPtr conjunction();
  ExpressionPtr negation();
  ExpressionPtr comparison();
  ExpressionPtr sum();
  ExpressionPtr concatenation();
  ExpressionPtr product();
  ExpressionPtr power();
  ExpressionPtr unary(bool with_filter);
  ExpressionPtr primary();
  ExpressionPtr parenthesized();
  ExpressionPtr list_literal();
  ExpressionPtr dict_literal();
  ExpressionPtr postfix(ExpressionPtr value);
  ExpressionPtr filter_or_test(ExpressionPtr value);
  ExpressionPtr subscript(ExpressionPtr value);
  ExpressionPtr dotted(ExpressionPtr value, int line);
  ExpressionPtr call(ExpressionPtr value);
  ExpressionPtr test(ExpressionPtr value);
  bool next_comparison(Comparison& found);

  std::vector<Token> tokens_;
  std::size_t at_ = 0;
  int nesting_ = 0;
};

}  // namespace tlite::jinja
