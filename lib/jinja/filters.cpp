// Filters of single values: strings and numbers.
#include "jinja/filters.hpp"

#include "jinja/format.hpp"
#include "jinja/python.hpp"

#include <algorithm>
#include <array>
#include <charconv>
#include <cmath>

namespace tlite::jinja {
namespace {

Value upper(Runtime& runtime, const Value& value, Arguments& arguments) {
  bind(runtime, "upper", arguments, {});
  return runtime.text(map_case(to_text(runtime, value), Case::upper));
}

Value lower(Runtime& runtime, const Value& value, Arguments& arguments) {
  bind(runtime, "lower", arguments, {});
  return runtime.text(map_case(to_text(runtime, value), Case::lower));
}

Value capitalize_filter(Runtime& runtime, const Value& value, Arguments& arguments) {
  bind(runtime, "capitalize", arguments, {});
  return runtime.text(capitalize(to_text(runtime, value)));
}

// Words begin after white space and the characters -({[<, unlike str.title.
Value title(Runtime& runtime, const Value& value, Arguments& arguments) {
  bind(runtime, "title", arguments, {});
  const Text text = to_text(runtime, value);
  Text out;
  bool start = true;
  for (std::size_t at = 0; at < text.size();) {
    const Character c = character_at(text.view(), at);
    const bool separator =
        is_space(c.code) ||
        (c.code < 0x80 &&
         std::string_view("-({[<").find(static_cast<char>(c.code)) != std::string_view::npos);
    std::size_t end = at + c.size;
    if (!start && !separator) {
      // To the end of the word at once: the final sigma looks at its neighbours.
      while (end < text.size()) {
        const Character next = character_at(text.view(), end);
        if (is_space(next.code) ||
            (next.code < 0x80 && std::string_view("-({[<").find(static_cast<char>(next.code)) !=
                                     std::string_view::npos))
          break;
        end += next.size;
      }
      out.append(map_case(text.substr(at, end), Case::lower));
    } else {
      out.append(map_case(text.substr(at, end), Case::upper));
    }
    start = separator;
    at = end;
  }
  return runtime.text(std::move(out));
}

Value trim_filter(Runtime& runtime, const Value& value, Arguments& arguments) {
  const auto bound = bind(runtime, "trim", arguments, {"chars"});
  return runtime.text(trim(runtime, to_text(runtime, value), bound[0]));
}

Value replace_filter(Runtime& runtime, const Value& value, Arguments& arguments) {
  const auto bound = bind(runtime, "replace", arguments, {"old", "new", "count"}, 2);
  const bool all = !bound[2] || bound[2]->is_none();
  return runtime.text(replace(runtime, to_text(runtime, value), to_text(runtime, *bound[0]),
                              to_text(runtime, *bound[1]),
                              all ? -1 : to_index(runtime, *bound[2], "count")));
}

Value string(Runtime& runtime, const Value& value, Arguments& arguments) {
  bind(runtime, "string", arguments, {});
  return value.is_text() ? value : runtime.text(to_text(runtime, value));
}

Value escape(Runtime& runtime, const Value& value, Arguments& arguments) {
  bind(runtime, "escape", arguments, {});
  const Text text = to_text(runtime, value);
  Text out;
  std::size_t begin = 0;
  for (std::size_t at = 0; at < text.size(); ++at) {
    std::string_view name;
    switch (text.view()[at]) {
      case '&':
        name = "&amp;";
        break;
      case '<':
        name = "&lt;";
        break;
      case '>':
        name = "&gt;";
        break;
      case '"':
        name = "&#34;";
        break;
      case '\'':
        name = "&#39;";
        break;
      default:
        continue;
    }
    out.append(text, begin, at);
    out.append(name, text.literal_at(at));
    begin = at + 1;
  }
  out.append(text, begin, text.size());
  return runtime.text(std::move(out));
}

Value default_filter(Runtime& runtime, const Value& value, Arguments& arguments) {
  const auto bound = bind(runtime, "default", arguments, {"default_value", "boolean"});
  const bool falsy = bound[1] && truth(runtime, *bound[1]) && !truth(runtime, value);
  if (!value.is_undefined() && !falsy) return value;
  return bound[0] ? *bound[0] : runtime.text("");
}

std::string indent_argument(Runtime& runtime, const std::optional<Value>& width,
                            std::int64_t missing) {
  if (width && width->is_text()) return width->text().bytes();
  const std::int64_t spaces = width ? to_index(runtime, *width, "indent") : missing;
  constexpr std::int64_t kMaxIndent = 1000;
  if (spaces > kMaxIndent) runtime.fail("indent of more than 1000");
  return std::string(static_cast<std::size_t>(std::max<std::int64_t>(0, spaces)), ' ');
}

Value indent(Runtime& runtime, const Value& value, Arguments& arguments) {
  const auto bound = bind(runtime, "indent", arguments, {"width", "first", "blank"});
  const std::string indentation = indent_argument(runtime, bound[0], 4);
  const bool first = bound[1] && truth(runtime, *bound[1]);
  const bool blank = bound[2] && truth(runtime, *bound[2]);
  if (!value.is_text()) runtime.fail("indent needs a string");
  const Text& text = value.text();
  Text out;
  bool first_line = true;
  std::size_t begin = 0;
  while (true) {
    const std::size_t end = std::min(text.view().find('\n', begin), text.size());
    if (first_line ? first : blank || end > begin) out.append(indentation);
    runtime.step();
    runtime.check_text(out.size());
    first_line = false;
    out.append(text, begin, std::min(end + 1, text.size()));
    if (end == text.size()) break;
    begin = end + 1;
  }
  return runtime.text(std::move(out));
}

Value format_filter(Runtime& runtime, const Value& value, Arguments& arguments) {
  const Text format = to_text(runtime, value);
  if (arguments.named.empty()) {
    return runtime.text(
        percent_format(runtime, format, runtime.tuple(std::move(arguments.positional))));
  }
  if (!arguments.positional.empty()) {
    runtime.fail("format: can't handle positional and keyword arguments at the same time");
  }
  Dict named;
  for (const auto& [key, item] : arguments.named) named.set(runtime.text(key), item);
  return runtime.text(percent_format(runtime, format, runtime.dict(std::move(named))));
}

Value tojson(Runtime& runtime, const Value& value, Arguments& arguments) {
  const auto bound =
      bind(runtime, "tojson", arguments, {"ensure_ascii", "indent", "separators", "sort_keys"});
  if (bound[0] && truth(runtime, *bound[0])) runtime.fail("tojson: ensure_ascii is not supported");
  JsonStyle style;
  if (bound[1] && !bound[1]->is_none()) {
    style.indent = indent_argument(runtime, bound[1], 0);
    style.item_separator = ",";
  }
  if (bound[2] && !bound[2]->is_none()) {
    const std::vector<Value> pair = iterate(runtime, *bound[2]);
    if (pair.size() != 2 || !pair[0].is_text() || !pair[1].is_text()) {
      runtime.fail("tojson: separators must be two strings");
    }
    style.item_separator = pair[0].text().bytes();
    style.key_separator = pair[1].text().bytes();
  }
  style.sort_keys = bound[3] && truth(runtime, *bound[3]);
  return runtime.text(to_json(runtime, value, style));
}

Value abs_filter(Runtime& runtime, const Value& value, Arguments& arguments) {
  bind(runtime, "abs", arguments, {});
  if (value.is(Kind::real)) return std::fabs(value.real());
  const std::int64_t number = to_index(runtime, value, "abs");
  return number < 0 ? negate(runtime, Value(number), true) : Value(number);
}

// Python's float(str): white space around, underscores between digits, inf and nan.
std::optional<double> parse_real(std::string_view text) {
  text = strip_right(strip_left(text));
  std::string digits;
  for (std::size_t i = 0; i < text.size(); ++i) {
    const bool between = text[i] == '_' && i > 0 && i + 1 < text.size() &&
                         std::isdigit(static_cast<unsigned char>(text[i - 1])) != 0 &&
                         std::isdigit(static_cast<unsigned char>(text[i + 1])) != 0;
    if (!between) digits += text[i];
  }
  if (digits.starts_with('+') && !digits.starts_with("+-")) digits.erase(0, 1);
  double value = 0;
  const char* const end = digits.data() + digits.size();
  const std::from_chars_result result = std::from_chars(digits.data(), end, value);
  if (result.ptr != end || digits.empty()) return std::nullopt;
  if (result.ec == std::errc::result_out_of_range) return beyond_double(digits);
  return result.ec == std::errc() ? std::optional(value) : std::nullopt;
}

int digit_value(char c) {
  if (c >= '0' && c <= '9') return c - '0';
  if (c >= 'a' && c <= 'z') return c - 'a' + 10;
  if (c >= 'A' && c <= 'Z') return c - 'A' + 10;
  return 99;
}

// Python's int(str, base).
std::optional<std::int64_t> parse_integer(const Runtime& runtime, std::string_view text,
                                          std::int64_t base) {
  text = strip_right(strip_left(text));
  bool negative = false;
  if (!text.empty() && (text[0] == '-' || text[0] == '+')) {
    negative = text[0] == '-';
    text.remove_prefix(1);
  }
  const auto prefixed = [&](char letter) {
    return text.size() > 2 && text[0] == '0' && (text[1] | 0x20) == letter;
  };
  if ((base == 16 && prefixed('x')) || (base == 8 && prefixed('o')) ||
      (base == 2 && prefixed('b'))) {
    text.remove_prefix(text[2] == '_' ? 3 : 2);
  }
  std::int64_t value = 0;
  bool digit_before = false;
  for (const char c : text) {
    if (c == '_' && digit_before) {
      digit_before = false;
      continue;
    }
    const int digit = digit_value(c);
    if (digit >= base) return std::nullopt;
    if (__builtin_mul_overflow(value, base, &value) ||
        __builtin_sub_overflow(value, digit, &value)) {
      runtime.fail("an integer does not fit in 64 bits");
    }
    digit_before = true;
  }
  if (!digit_before) return std::nullopt;
  if (negative) return value;
  if (value == INT64_MIN) runtime.fail("an integer does not fit in 64 bits");
  return -value;
}

std::optional<Value> truncated(const Runtime& runtime, double value) {
  if (!std::isfinite(value)) return std::nullopt;
  if (std::fabs(value) >= 9.2e18) runtime.fail("an integer does not fit in 64 bits");
  return Value(static_cast<std::int64_t>(value));
}

Value int_filter(Runtime& runtime, const Value& value, Arguments& arguments) {
  const auto bound = bind(runtime, "int", arguments, {"default", "base"});
  Value missing = bound[0] ? *bound[0] : Value(std::int64_t{0});
  if (value.is_undefined()) runtime.fail_undefined(value);
  if (value.is_text()) {
    const std::int64_t base = bound[1] ? to_index(runtime, *bound[1], "base") : 10;
    if (base < 2 || base > 36) return missing;
    if (const auto number = parse_integer(runtime, value.text().view(), base)) return *number;
    const auto real = parse_real(value.text().view());
    return real ? truncated(runtime, *real).value_or(missing) : missing;
  }
  if (value.is(Kind::integer) || value.is(Kind::big_integer)) return value;
  if (value.is(Kind::boolean)) return to_index(runtime, value, "int");
  if (value.is(Kind::real)) return truncated(runtime, value.real()).value_or(missing);
  return missing;
}

Value float_filter(Runtime& runtime, const Value& value, Arguments& arguments) {
  const auto bound = bind(runtime, "float", arguments, {"default"});
  if (value.is_undefined()) runtime.fail_undefined(value);
  const auto number = value.is_text() ? parse_real(value.text().view()) : to_real(value);
  if (number) return *number;
  return bound[0] ? *bound[0] : Value(0.0);
}

// round() of Python: correctly rounded on the exact value, halves to even.
double round_real(double value, std::int64_t digits) {
  if (!std::isfinite(value) || digits > 340) return value;
  if (digits < -340) return std::copysign(0.0, value);
  if (digits <= 0) {
    const double scale = std::pow(10.0, static_cast<double>(-digits));
    return digits == 0 ? std::nearbyint(value) : std::nearbyint(value / scale) * scale;
  }
  std::array<char, 1024> buffer = {};
  const auto printed = std::to_chars(buffer.data(), buffer.data() + buffer.size(), value,
                                     std::chars_format::fixed, static_cast<int>(digits));
  double rounded = value;
  std::from_chars(buffer.data(), printed.ptr, rounded);
  return rounded;
}

Value round_filter(Runtime& runtime, const Value& value, Arguments& arguments) {
  const auto bound = bind(runtime, "round", arguments, {"precision", "method"});
  const std::int64_t digits = bound[0] ? to_index(runtime, *bound[0], "precision") : 0;
  const std::string method = bound[1] ? to_text(runtime, *bound[1]).bytes() : "common";
  if (value.is_undefined()) runtime.fail_undefined(value);
  if (method != "common" && method != "ceil" && method != "floor") {
    runtime.fail("round: method must be common, ceil or floor");
  }
  const auto number = to_real(value);
  if (!number) runtime.fail("round needs a number, not '" + std::string(type_name(value)) + "'");
  if (method == "common") {
    if (value.is(Kind::real)) return round_real(value.real(), digits);
    if (digits >= 0) return to_index(runtime, value, "round");
    return static_cast<std::int64_t>(round_real(*number, digits));
  }
  const double scale = std::pow(10.0, static_cast<double>(digits));
  const double scaled = *number * scale;
  return (method == "ceil" ? std::ceil(scaled) : std::floor(scaled)) / scale;
}

Value length_filter(Runtime& runtime, const Value& value, Arguments& arguments) {
  bind(runtime, "length", arguments, {});
  const auto size = length(runtime, value);
  if (!size) {
    runtime.fail("object of type '" + std::string(type_name(value)) + "' has no len()");
  }
  return *size;
}

Value same(Runtime& runtime, const Value& value, Arguments& arguments) {
  bind(runtime, "safe", arguments, {});
  return value.is_text() ? value : runtime.text(to_text(runtime, value));
}

Value attr(Runtime& runtime, const Value& value, Arguments& arguments) {
  const auto bound = bind(runtime, "attr", arguments, {"name"}, 1);
  const std::string name = to_text(runtime, *bound[0]).bytes();
  if (value.is(Kind::dict)) {
    // Attributes only: what a key of that name holds is not one.
    Value empty = runtime.dict(Dict());
    if (get_attribute(runtime, empty, name).is_undefined()) {
      return Runtime::undefined("'dict object' has no attribute '" + name + "'");
    }
  }
  return get_attribute(runtime, value, name);
}

Value wordcount(Runtime& runtime, const Value& value, Arguments& arguments) {
  bind(runtime, "wordcount", arguments, {});
  const Text text = to_text(runtime, value);
  std::int64_t words = 0;
  bool inside = false;
  for (std::size_t at = 0; at < text.size();) {
    const Character c = character_at(text.view(), at);
    const bool word = is_alphabetic(c.code) || is_decimal_digit(c.code) || c.code == '_';
    if (word && !inside) ++words;
    inside = word;
    at += c.size;
  }
  return words;
}

struct Entry {
  std::string_view name;
  Filter filter;
};

constexpr Entry kFilters[] = {
    {"upper", upper},
    {"lower", lower},
    {"capitalize", capitalize_filter},
    {"title", title},
    {"trim", trim_filter},
    {"replace", replace_filter},
    {"string", string},
    {"safe", same},
    {"escape", escape},
    {"e", escape},
    {"default", default_filter},
    {"d", default_filter},
    {"indent", indent},
    {"format", format_filter},
    {"tojson", tojson},
    {"abs", abs_filter},
    {"int", int_filter},
    {"float", float_filter},
    {"round", round_filter},
    {"length", length_filter},
    {"count", length_filter},
    {"attr", attr},
    {"wordcount", wordcount},
};

}  // namespace

Filter find_filter(std::string_view name) noexcept {
  const auto* const found = std::find_if(std::begin(kFilters), std::end(kFilters),
                                         [name](const Entry& e) { return e.name == name; });
  return found != std::end(kFilters) ? found->filter : find_sequence_filter(name);
}

}  // namespace tlite::jinja
