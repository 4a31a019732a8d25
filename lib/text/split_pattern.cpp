#include "text/split_pattern.hpp"

#include "text/unicode.hpp"

#include <charconv>
#include <optional>
#include <span>

#include <tlite/error.hpp>

namespace tlite::text {
namespace {

constexpr std::string_view kLookAhead = R"(\s+(?!\S))";
constexpr std::string_view kSpaces = R"(\s+)";

void append_range(std::string& out, char32_t first, char32_t last) {
  const auto point = [&out](char32_t value) {
    char digits[8];
    const auto end = std::to_chars(digits, digits + sizeof digits, std::uint32_t{value}, 16).ptr;
    out.append("\\x{").append(digits, end).append("}");
  };
  point(first);
  if (last > first) {
    out += '-';
    point(last);
  }
}

// Negated by its complement, because it may stand inside a class, where re2 has no negation of
// ranges.
// The ranges, or all code points outside them, as the inside of a class.
void append_ranges(std::string& out, std::span<const CodeRange> ranges, bool negated) {
  if (!negated) {
    for (const CodeRange& range : ranges) append_range(out, range.first, range.last);
    return;
  }
  char32_t next = 0;
  for (const CodeRange& range : ranges) {
    if (range.first > next) append_range(out, next, range.first - 1);
    next = range.last + 1;
  }
  append_range(out, next, 0x10FFFF);
}

// Copies what both engines read alike and refuses what it does not know: a construct that is let
// through by mistake would cut words elsewhere without a sign of it.
class Translator {
 public:
  Translator(std::string_view pattern, std::string_view where, std::string& out)
      : pattern_(pattern), where_(where), out_(out) {}

  void run() {
    while (at_ < pattern_.size()) {
      const char c = pattern_[at_];
      const bool after_quantifier = after_quantifier_;
      after_quantifier_ = false;
      if (c == '\\') {
        escape();
      } else if (in_class_) {
        class_member(c);
      } else if (c == '(') {
        group();
      } else if (c == '[') {
        in_class_ = true;
        take(at_ + 1 < pattern_.size() && pattern_[at_ + 1] == '^' ? 2 : 1);
        if (at_ < pattern_.size() && pattern_[at_] == ']') refuse("a class that begins with \"]\"");
      } else if (c == '^' || c == '$') {
        refuse("an anchor");
      } else {
        quantifier(c, after_quantifier);
      }
    }
  }

 private:
  [[noreturn]] void refuse(const std::string& what) const {
    throw Error(ErrorCode::not_supported, std::string(where_) + ": not supported: " + what +
                                              " in the pattern \"" + std::string(pattern_) + "\"");
  }

  void take(std::size_t bytes) {
    out_.append(pattern_.substr(at_, bytes));
    at_ += bytes;
  }

  void class_member(char c) {
    if (c == '[') refuse("a class inside a class");
    if (c == '&' && pattern_.substr(at_, 2) == "&&") refuse("an intersection of classes");
    if (c == ']') in_class_ = false;
    take(1);
  }

  void quantifier(char c, bool after_quantifier) {
    if (c == '+' && after_quantifier) refuse("a possessive quantifier");
    if (c == '{') {
      const std::size_t end = pattern_.find('}', at_);
      const std::string_view inside = pattern_.substr(at_ + 1, end - at_ - 1);
      if (end == std::string_view::npos || inside.empty() || inside[0] == ',' ||
          inside.find_first_not_of("0123456789,") != std::string_view::npos) {
        refuse("\"{\" without a count");
      }
      take(end - at_);
      c = '}';
    }
    after_quantifier_ = c == '*' || c == '+' || c == '?' || c == '}';
    take(1);
  }

  // Groups do not capture, so that group 1 is ours.
  void group() {
    if (pattern_.substr(at_, 2) != "(?") {
      out_.append("(?:");
      at_ += 1;
    } else if (pattern_.substr(at_, 3) == "(?:") {
      take(3);
    } else if (pattern_.substr(at_, 4) == "(?i:") {
      take(4);
    } else {
      const std::size_t end = pattern_.find_first_not_of("(?<!=>~|", at_);
      refuse("the group \"" + std::string(pattern_.substr(at_, end - at_)) + "\"");
    }
  }

  void named_class(std::span<const CodeRange> ranges, bool negated) {
    if (!in_class_) out_ += '[';
    append_ranges(out_, ranges, negated);
    if (!in_class_) out_ += ']';
  }

  // \p{L} and \p{N} are ours; other properties are re2's.
  void property() {
    const bool capital = pattern_[at_ + 1] == 'P';
    const std::size_t end = pattern_.find('}', at_);
    if (pattern_.substr(at_ + 2, 1) != "{" || end == std::string_view::npos) {
      refuse("\"\\p\" without braces");
    }
    std::string_view name = pattern_.substr(at_ + 3, end - at_ - 3);
    bool negated = capital;
    if (name.starts_with('^')) {
      negated = !negated;
      name.remove_prefix(1);
    }
    if (name == "L" || name == "Letter") {
      named_class(letter_ranges(), negated);
    } else if (name == "N" || name == "Number") {
      named_class(number_ranges(), negated);
    } else {
      out_.append(negated ? "\\P{" : "\\p{").append(name).append("}");
    }
    at_ = end + 1;
  }

  void escape() {
    const char c = at_ + 1 < pattern_.size() ? pattern_[at_ + 1] : '\0';
    switch (c) {
      case 's':
      case 'S':
        named_class(space_ranges(), c == 'S');
        break;
      case 'd':
        out_.append("\\p{Nd}");
        break;
      case 'D':
        out_.append("\\P{Nd}");
        break;
      case 'p':
      case 'P':
        property();
        return;
      case 'r':
      case 'n':
      case 't':
      case 'f':
      case 'v':
        out_.append(pattern_.substr(at_, 2));
        break;
      default:
        // A letter, a digit or a byte of a code point beyond ASCII means something else or nothing.
        if (c <= ' ' || c >= 0x7F || (c >= '0' && c <= '9') || (c >= 'A' && c <= 'Z') ||
            (c >= 'a' && c <= 'z')) {
          refuse("\"\\" + (c > ' ' && c < 0x7F ? std::string(1, c) : std::string()) + "\"");
        }
        out_.append(pattern_.substr(at_, 2));
    }
    at_ += 2;
  }

  std::string_view pattern_;
  std::string_view where_;
  std::string& out_;
  std::size_t at_ = 0;
  bool in_class_ = false;
  bool after_quantifier_ = false;
};

}  // namespace

// Knows as much of the syntax as it takes not to be misled by a bar in a class, in a group or
// behind a backslash. What is wrong with a pattern is for others to say.
std::vector<std::string_view> split_alternatives(std::string_view pattern) {
  std::vector<std::string_view> alternatives;
  std::size_t begin = 0;
  int depth = 0;
  bool in_class = false;
  for (std::size_t i = 0; i < pattern.size(); ++i) {
    const char c = pattern[i];
    if (c == '\\') {
      ++i;
    } else if (in_class) {
      in_class = c != ']';
    } else if (c == '[') {
      in_class = true;
    } else if (c == '(') {
      ++depth;
    } else if (c == ')') {
      --depth;
    } else if (c == '|' && depth == 0) {
      alternatives.push_back(pattern.substr(begin, i - begin));
      begin = i + 1;
    }
  }
  alternatives.push_back(pattern.substr(begin));
  return alternatives;
}

// One alternative at a time: the look-ahead is taken out only where it is one of its own, right
// before the `\s+` that takes what it leaves. Elsewhere it meets Translator, which refuses it.
SplitPattern translate_pattern(std::string_view pattern, std::string_view where) {
  SplitPattern result;
  const std::vector<std::string_view> alternatives = split_alternatives(pattern);
  bool first = true;
  for (std::size_t i = 0; i < alternatives.size(); ++i) {
    if (!first) result.re2 += '|';
    first = false;
    const bool look_ahead = !result.look_ahead && alternatives[i] == kLookAhead &&
                            i + 1 < alternatives.size() && alternatives[i + 1] == kSpaces;
    if (look_ahead) {
      result.look_ahead = true;
      result.re2 += '(';
      Translator(alternatives[++i], where, result.re2).run();
      result.re2 += ')';
    } else {
      Translator(alternatives[i], where, result.re2).run();
    }
  }
  return result;
}

}  // namespace tlite::text
