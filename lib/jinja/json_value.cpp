#include "jinja/json_value.hpp"

#include "base/utf8.hpp"

#include <algorithm>
#include <charconv>
#include <cstdint>
#include <string>
#include <utility>

#include <tlite/error.hpp>

namespace tlite::jinja {
namespace {

constexpr int kMaxDepth = 120;            // of 200 that values may have; messages add a few
constexpr std::size_t kMaxDigits = 4300;  // Python's own limit for integers

// By recursion over the text. Not by simdjson, as files are: its reader that keeps integers of any size
// asks objects that end with the program (base/json_parser.hpp), and templates are rendered until then.
class Reader {
 public:
  Reader(std::string_view json, std::string_view what, bool literal)
      : json_(json), what_(what), literal_(literal) {}

  Value read() {
    if (!is_valid_utf8(json_)) fail("it is not UTF-8");
    const char first = next();
    if (first != '[' && first != '{') fail("an object or array is needed");
    Value value = read_value(1);
    next();
    if (at_ != json_.size()) fail_here("something follows behind the value");
    return value;
  }

 private:
  static constexpr char kEnd = '\0';  // which nothing in JSON begins with

  [[noreturn]] void fail(const std::string& message) const {
    throw Error(ErrorCode::invalid_argument,
                std::string(what_) + ": not the JSON that is needed: " + message);
  }
  [[noreturn]] void fail_here(const std::string& message) const {
    fail(message + ", at byte " + std::to_string(at_));
  }

  // Behind white space; kEnd behind the text.
  char next() {
    at_ = std::min(json_.find_first_not_of(" \t\r\n", at_), json_.size());
    return at_ < json_.size() ? json_[at_] : kEnd;
  }
  bool take(char c) {
    if (next() != c) return false;
    ++at_;
    return true;
  }

  Value read_value(int depth) {
    if (depth > kMaxDepth) fail("it nests deeper than " + std::to_string(kMaxDepth));
    switch (next()) {
      case '[':
        return read_array(depth);
      case '{':
        return read_object(depth);
      case '"':
        return read_text();
      case 't':
        return read_word("true", true);
      case 'f':
        return read_word("false", false);
      case 'n':
        return read_word("null", None{});
      default:
        return read_number();
    }
  }

  Value read_word(std::string_view word, Value value) {
    if (json_.substr(at_, word.size()) != word) fail_here("a word that JSON has not");
    at_ += word.size();
    return value;
  }

  Value read_array(int depth) {
    auto list = std::make_shared<List>();
    ++at_;
    if (take(']')) return std::shared_ptr<const List>(std::move(list));
    do {
      list->items.push_back(read_value(depth + 1));
      list->depth = std::max(list->depth, list->items.back().depth() + 1);
    } while (take(','));
    if (!take(']')) fail_here("a comma or ] is needed");
    return std::shared_ptr<const List>(std::move(list));
  }

  Value read_object(int depth) {
    auto dict = std::make_shared<Dict>();
    ++at_;
    if (take('}')) return std::shared_ptr<const Dict>(std::move(dict));
    do {
      if (next() != '"') fail_here("a key is needed");
      Value key = read_text();
      if (!take(':')) fail_here("a colon is needed");
      dict->set(std::move(key), read_value(depth + 1));
    } while (take(','));
    if (!take('}')) fail_here("a comma or } is needed");
    return std::shared_ptr<const Dict>(std::move(dict));
  }

  Value read_text() {
    std::string out;
    for (++at_; at_ < json_.size() && json_[at_] != '"';) {
      if (static_cast<unsigned char>(json_[at_]) < 0x20)
        fail_here("a control character in a string");
      if (json_[at_] == '\\') {
        read_escape(out);
      } else {
        out += json_[at_++];
      }
    }
    if (at_ == json_.size()) fail("a string without an end");
    ++at_;
    return text_value(Text(std::move(out), literal_));
  }

  void read_escape(std::string& out) {
    constexpr std::string_view kNames = "\"\\/bfnrt";
    constexpr std::string_view kValues = "\"\\/\b\f\n\r\t";
    const char name = at_ + 1 < json_.size() ? json_[at_ + 1] : kEnd;
    if (name == 'u') return append_utf8(out, read_escaped_code_point());
    const std::size_t found = kNames.find(name);
    if (found == kNames.npos) fail_here("an escape that JSON has not");
    out += kValues[found];
    at_ += 2;
  }

  // \uXXXX, or two of them that are one code point beyond the first 65,536. Half of such a pair is
  // refused: no text of Unicode has one.
  char32_t read_escaped_code_point() {
    const char32_t first = read_escaped_unit();
    if (first < 0xD800 || first > 0xDFFF) return first;
    const bool goes_on = first < 0xDC00 && json_.substr(at_, 2) == "\\u";
    const char32_t second = goes_on ? read_escaped_unit() : 0;
    if (second < 0xDC00 || second > 0xDFFF) fail_here("half of a surrogate pair");
    return 0x10000 + ((first - 0xD800) << 10U) + (second - 0xDC00);
  }

  char32_t read_escaped_unit() {
    const std::string_view digits = json_.substr(at_ + 2, 4);
    std::uint32_t unit = 0;
    const auto result = std::from_chars(digits.data(), digits.data() + digits.size(), unit, 16);
    if (digits.size() < 4 || result.ptr != digits.data() + 4) fail_here("\\u without four digits");
    at_ += 6;
    return unit;
  }

  static std::size_t skip_digits(std::string_view text, std::size_t at) {
    while (at < text.size() && text[at] >= '0' && text[at] <= '9') ++at;
    return at;
  }

  Value read_number() {
    const std::string_view rest = json_.substr(at_);
    const std::string_view token = rest.substr(0, rest.find_first_not_of("+-.0123456789eE"));
    if (token.empty()) fail_here("a value is needed");
    const std::size_t first = token.starts_with('-') ? 1 : 0;
    std::size_t at = skip_digits(token, first);
    bool valid = at > first && (token[first] != '0' || at == first + 1);
    const bool integer = at == token.size();
    if (at < token.size() && token[at] == '.') {
      const std::size_t end = skip_digits(token, at + 1);
      valid = valid && end > at + 1;
      at = end;
    }
    if (at < token.size() && (token[at] | 0x20) == 'e') {
      const std::size_t begin = token.find_first_not_of("+-", at + 1);
      valid = valid && begin != std::string_view::npos && begin <= at + 2;
      const std::size_t end = valid ? skip_digits(token, begin) : at;
      valid = valid && end > begin;
      at = end;
    }
    if (!valid || at != token.size())
      fail("'" + std::string(token.substr(0, 40)) + "' is no number");
    at_ += token.size();
    return integer ? integer_value(token) : real_value(token);
  }

  Value integer_value(std::string_view token) const {
    std::int64_t value = 0;
    const auto result = std::from_chars(token.data(), token.data() + token.size(), value);
    if (result.ec == std::errc()) return value;
    if (token.size() > kMaxDigits) fail("an integer of more than 4300 digits");
    return std::make_shared<const BigInteger>(BigInteger{std::string(token)});
  }

  static Value real_value(std::string_view token) {
    double value = 0;
    const auto result = std::from_chars(token.data(), token.data() + token.size(), value);
    return result.ec == std::errc() ? value : beyond_double(token);
  }

  std::string_view json_;
  std::string_view what_;
  bool literal_;
  std::size_t at_ = 0;
};

}  // namespace

Value parse_json(std::string_view json, std::string_view what, bool literal) {
  return Reader(json, what, literal).read();
}

}  // namespace tlite::jinja
