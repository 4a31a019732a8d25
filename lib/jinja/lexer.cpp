#include "jinja/lexer.hpp"

#include "jinja/text.hpp"

#include <algorithm>
#include <charconv>
#include <optional>

#include <tlite/error.hpp>

namespace tlite::jinja {
namespace {

// "\r\n" and "\r" are line ends too; one at the very end is dropped.
std::string normalize_newlines(std::string_view source, bool drop_last) {
  std::string out;
  out.reserve(source.size());
  for (std::size_t i = 0; i < source.size(); ++i) {
    if (source[i] == '\r') {
      if (i + 1 < source.size() && source[i + 1] == '\n') ++i;
      out += '\n';
    } else {
      out += source[i];
    }
  }
  if (drop_last && out.ends_with('\n')) out.pop_back();
  return out;
}

bool is_digit(char c) { return c >= '0' && c <= '9'; }
bool is_name_byte(char c) {
  return is_digit(c) || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_' ||
         static_cast<unsigned char>(c) >= 0x80;
}

// Python's unicode-escape of a string literal's inside.
class Unescaper {
 public:
  Unescaper(std::string_view text, int line) : text_(text), line_(line) {}

  std::string run() {
    while (at_ < text_.size()) {
      if (text_[at_] != '\\') {
        out_ += text_[at_++];
        continue;
      }
      if (++at_ == text_.size()) fail_syntax(line_, "a string ends in a backslash");
      escape(text_[at_++]);
    }
    return std::move(out_);
  }

 private:
  void escape(char c) {
    constexpr std::string_view kLetters = "abfnrtv\\'\"";
    constexpr std::string_view kMeanings = "\a\b\f\n\r\t\v\\'\"";
    if (const std::size_t i = kLetters.find(c); i != std::string_view::npos) {
      out_ += kMeanings[i];
    } else if (c == '\n') {
      // A line continued.
    } else if (c == 'x') {
      code(2);
    } else if (c == 'u') {
      code(4);
    } else if (c == 'U') {
      code(8);
    } else if (c >= '0' && c <= '7') {
      octal();
    } else if (c == 'N') {
      fail_syntax(line_, "not supported: \\N{...} in a string");
    } else {
      out_ += '\\';
      out_ += c;
    }
  }

  void code(std::size_t digits) {
    std::uint32_t value = 0;
    const std::string_view hex = text_.substr(at_, digits);
    const auto result = std::from_chars(hex.data(), hex.data() + hex.size(), value, 16);
    if (hex.size() < digits || result.ptr != hex.data() + digits) {
      fail_syntax(line_, "a string has a truncated \\x, \\u or \\U escape");
    }
    if (value > 0x10FFFF || (value >= 0xD800 && value < 0xE000)) {
      fail_syntax(line_, "a string has an escape that is no Unicode character");
    }
    append_character(out_, value);
    at_ += digits;
  }

  void octal() {
    std::uint32_t value = 0;
    --at_;
    for (int i = 0; i < 3 && at_ < text_.size() && text_[at_] >= '0' && text_[at_] <= '7'; ++i) {
      value = value * 8 + static_cast<std::uint32_t>(text_[at_++] - '0');
    }
    append_character(out_, value);
  }

  std::string_view text_;
  int line_;
  std::size_t at_ = 0;
  std::string out_;
};

class Lexer {
 public:
  explicit Lexer(std::string_view source) : source_(normalize_newlines(source, true)) {}

  std::vector<Token> run() {
    while (at_ < source_.size()) root();
    add(TokenKind::end);
    return std::move(tokens_);
  }

 private:
  std::string_view rest() const { return std::string_view(source_).substr(at_); }
  bool starts(std::string_view text) const { return rest().starts_with(text); }

  Token& add(TokenKind kind, std::string_view value = {}) {
    Token& token = tokens_.emplace_back();
    token.kind = kind;
    token.line = line_;
    token.value = value;
    return token;
  }

  // Moves on, counting lines.
  void advance(std::size_t count) {
    const auto begin = source_.begin() + static_cast<std::ptrdiff_t>(at_);
    line_ += static_cast<int>(std::count(begin, begin + static_cast<std::ptrdiff_t>(count), '\n'));
    at_ += count;
    if (count > 0) line_starting_ = source_[at_ - 1] == '\n';
  }

  void skip_space() { advance(rest().size() - strip_left(rest()).size()); }

  std::size_t find_tag(std::size_t from) const {
    for (std::size_t i = source_.find('{', from); i != std::string::npos;
         i = source_.find('{', i + 1)) {
      if (i + 1 < source_.size() &&
          (source_[i + 1] == '{' || source_[i + 1] == '%' || source_[i + 1] == '#')) {
        return i;
      }
    }
    return std::string::npos;
  }

  // Text up to a tag, with the white space before it taken off as the tag or lstrip_blocks says.
  void data_before(std::size_t tag, char sign, bool is_variable) {
    std::string_view text = rest().substr(0, tag - at_);
    const std::size_t size = text.size();
    const bool from_line_start = line_starting_;
    if (sign == '-') {
      text = strip_right(text);
    } else if (sign != '+' && !is_variable) {
      const std::size_t line_start = text.rfind('\n') + 1;  // npos + 1 is 0
      const bool only_space = strip_left(text.substr(line_start)).empty();
      if ((line_start > 0 || from_line_start) && only_space) text = text.substr(0, line_start);
    }
    if (!text.empty()) add(TokenKind::data, text);
    advance(size);
  }

  void root() {
    const std::size_t tag = find_tag(at_);
    if (tag == std::string::npos) {
      add(TokenKind::data, rest());
      advance(rest().size());
      return;
    }
    const char kind = source_[tag + 1];
    const char next = tag + 2 < source_.size() ? source_[tag + 2] : '\0';
    const char sign = next == '-' || next == '+' ? next : '\0';
    data_before(tag, sign, kind == '{');
    if (kind == '%' && raw_block(sign)) return;
    const int begin_line = line_;
    if (kind != '#') add(kind == '{' ? TokenKind::variable_begin : TokenKind::block_begin);
    advance(sign != '\0' ? 3 : 2);
    if (kind == '#') {
      comment(begin_line);
    } else {
      code(kind == '{');
    }
  }

  void end_of_block(char sign) {
    advance(sign != '\0' ? 3 : 2);
    if (sign == '-') {
      skip_space();
    } else if (sign == '\0' && starts("\n")) {
      advance(1);
    }
  }

  void comment(int begin_line) {
    const std::size_t end = source_.find("#}", at_);
    if (end == std::string::npos) fail_syntax(begin_line, "Missing end of comment tag");
    const char before = end > at_ ? source_[end - 1] : '\0';
    const char sign = before == '-' || before == '+' ? before : '\0';
    advance(end - at_ - (sign != '\0' ? 1 : 0));
    end_of_block(sign);
  }

  // Offset behind white space, `word` and white space from `from`; npos where the word is another.
  std::size_t behind_word(std::size_t from, std::string_view word) const {
    const auto skip = [&](std::size_t i) {
      const std::string_view tail = std::string_view(source_).substr(i);
      return i + tail.size() - strip_left(tail).size();
    };
    const std::size_t begin = skip(from);
    if (!std::string_view(source_).substr(begin).starts_with(word)) return std::string::npos;
    return skip(begin + word.size());
  }

  // {% raw %}: all up to {% endraw %} is data. False: it is another block.
  bool raw_block(char sign) {
    const std::size_t end = behind_word(at_ + (sign != '\0' ? 3 : 2), "raw");
    if (end == std::string::npos) return false;
    const bool strip = std::string_view(source_).substr(end).starts_with("-%}");
    if (!strip && !std::string_view(source_).substr(end).starts_with("%}")) return false;
    const int begin_line = line_;
    advance(end + (strip ? 3 : 2) - at_);
    if (strip) skip_space();
    for (std::size_t tag = source_.find("{%", at_); tag != std::string::npos;
         tag = source_.find("{%", tag + 1)) {
      const char next = tag + 2 < source_.size() ? source_[tag + 2] : '\0';
      const char tag_sign = next == '-' || next == '+' ? next : '\0';
      const std::size_t close = behind_word(tag + (tag_sign != '\0' ? 3 : 2), "endraw");
      if (close == std::string::npos || close >= source_.size()) continue;
      const char end_sign = source_[close] == '-' || source_[close] == '+' ? source_[close] : '\0';
      const std::size_t percent = close + (end_sign != '\0' ? 1 : 0);
      if (!std::string_view(source_).substr(percent).starts_with("%}")) continue;
      data_before(tag, tag_sign, false);
      advance(close - at_);
      end_of_block(end_sign);
      return true;
    }
    fail_syntax(begin_line, "Missing end of raw directive");
  }

  // The inside of {{ }} or {% %}.
  void code(bool variable) {
    while (at_ < source_.size()) {
      if (brackets_.empty() && close(variable)) return;
      lexeme();
    }
    brackets_.clear();
  }

  bool close(bool variable) {
    const std::string_view mark = variable ? "}}" : "%}";
    const char first = source_[at_];
    const bool sign = first == '-' || (first == '+' && !variable);
    if (!rest().substr(sign ? 1 : 0).starts_with(mark)) return false;
    add(variable ? TokenKind::variable_end : TokenKind::block_end);
    if (variable) {
      advance(sign ? 3 : 2);
      if (sign) skip_space();
    } else {
      end_of_block(sign ? first : '\0');
    }
    return true;
  }

  void lexeme() {
    const char c = source_[at_];
    const std::size_t space = rest().size() - strip_left(rest()).size();
    if (space > 0) return advance(space);
    if (is_digit(c)) return number();
    if (is_name_byte(c)) return name();
    if (c == '\'' || c == '"') return string(c);
    symbol();
  }

  void name() {
    std::size_t size = 0;
    while (size < rest().size() && is_name_byte(rest()[size])) ++size;
    add(TokenKind::name, rest().substr(0, size));
    advance(size);
  }

  void string(char mark) {
    std::size_t end = at_ + 1;
    while (end < source_.size() && source_[end] != mark) end += source_[end] == '\\' ? 2U : 1U;
    if (end >= source_.size()) fail_syntax(line_, "unexpected char " + std::string(1, mark));
    const std::string_view inside = std::string_view(source_).substr(at_ + 1, end - at_ - 1);
    add(TokenKind::string, Unescaper(inside, line_).run());
    advance(end + 1 - at_);
  }

  // Digits of a base with single underscores between, from `from`: how many bytes.
  template <class IsDigit>
  std::size_t digits(std::size_t from, IsDigit is_base_digit) const {
    std::size_t at = from;
    while (at < source_.size()) {
      const bool joined = source_[at] == '_' && at > from && at + 1 < source_.size() &&
                          is_base_digit(source_[at + 1]);
      if (!joined && !is_base_digit(source_[at])) break;
      ++at;
    }
    return at - from;
  }

  // The bytes of a real literal at this place, or 0. Not behind a dot: a.0.1 is two subscripts.
  std::size_t real_size() const {
    if (at_ > 0 && source_[at_ - 1] == '.') return 0;
    std::size_t end = at_ + digits(at_, is_digit);
    bool real = false;
    if (end + 1 < source_.size() && source_[end] == '.' && is_digit(source_[end + 1])) {
      end += 1 + digits(end + 1, is_digit);
      real = true;
    }
    if (end < source_.size() && (source_[end] | 0x20) == 'e') {
      const bool sign =
          end + 1 < source_.size() && (source_[end + 1] == '+' || source_[end + 1] == '-');
      const std::size_t exponent = end + (sign ? 2 : 1);
      if (exponent < source_.size() && is_digit(source_[exponent])) {
        end = exponent + digits(exponent, is_digit);
        real = true;
      }
    }
    return real ? end - at_ : 0;
  }

  void number() {
    if (const std::size_t size = real_size(); size > 0) {
      std::string text(rest().substr(0, size));
      std::erase(text, '_');
      Token& token = add(TokenKind::real, text);
      const auto result = std::from_chars(text.data(), text.data() + text.size(), token.real);
      if (result.ec != std::errc()) token.real = beyond_double(text);
      return advance(size);
    }
    integer();
  }

  void integer() {
    int base = 10;
    std::size_t prefix = 0;
    if (rest().size() > 2 && rest()[0] == '0') {
      const char letter = static_cast<char>(rest()[1] | 0x20);
      base = letter == 'x' ? 16 : letter == 'o' ? 8 : letter == 'b' ? 2 : 10;
      prefix = base == 10 ? 0 : 2;
    }
    const auto in_base = [base](char c) {
      const char lower = static_cast<char>(c | 0x20);
      return base == 16 ? is_digit(c) || (lower >= 'a' && lower <= 'f')
                        : is_digit(c) && c - '0' < base;
    };
    std::size_t size = prefix + digits(at_ + prefix, in_base);
    // Decimal numbers do not begin with 0, except zeros.
    if (prefix == 0 && rest()[0] == '0') size = digits(at_, [](char c) { return c == '0'; });
    std::string text(rest().substr(prefix, size - prefix));
    std::erase(text, '_');
    Token& token = add(TokenKind::integer, text);
    const char* const end = text.data() + text.size();
    const auto result = std::from_chars(text.data(), end, token.integer, base);
    if (result.ec != std::errc() || result.ptr != end) {
      fail_syntax(line_, "bad integer '" + std::string(rest().substr(0, size)) + "'");
    }
    advance(size);
  }

  void symbol() {
    constexpr std::string_view kDouble[] = {"//", "**", "==", "!=", ">=", "<="};
    constexpr std::string_view kSingle = "+-/*%~[](){}><=.:|,;";
    for (const std::string_view text : kDouble) {
      if (starts(text)) {
        add(TokenKind::symbol, text);
        return advance(2);
      }
    }
    const char c = source_[at_];
    if (kSingle.find(c) == std::string_view::npos) {
      fail_syntax(line_, std::string("unexpected char '") + c + "'");
    }
    balance(c);
    add(TokenKind::symbol, std::string_view(&c, 1));
    advance(1);
  }

  void balance(char c) {
    if (c == '{' || c == '(' || c == '[') brackets_ += c == '{' ? '}' : c == '(' ? ')' : ']';
    if (c != '}' && c != ')' && c != ']') return;
    if (brackets_.empty()) fail_syntax(line_, std::string("unexpected '") + c + "'");
    if (brackets_.back() != c) {
      fail_syntax(line_,
                  std::string("unexpected '") + c + "', expected '" + brackets_.back() + "'");
    }
    brackets_.pop_back();
  }

  std::string source_;
  std::size_t at_ = 0;
  int line_ = 1;
  bool line_starting_ = true;
  std::string brackets_;  // that are open, as their closing ones
  std::vector<Token> tokens_;
};

}  // namespace

void fail_syntax(int line, const std::string& message) {
  throw Error(ErrorCode::bad_template,
              "chat template, line " + std::to_string(line) + ": " + message);
}

std::vector<Token> tokenize(std::string_view source) { return Lexer(source).run(); }

}  // namespace tlite::jinja
