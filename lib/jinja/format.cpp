// After "printf-style String Formatting" and "Format Specification Mini-Language" of the Python
// library reference; the parts that templates use.
#include "jinja/format.hpp"

#include "jinja/python.hpp"

#include <algorithm>
#include <array>
#include <charconv>
#include <cmath>

namespace tlite::jinja {
namespace {

constexpr std::int64_t kMaxWidth = 1'000'000;
constexpr int kMaxPrecision = 1000;

struct Spec {
  std::string fill = " ";
  char align = 0;  // '<', '>', '^', '='; 0: by type
  char sign = '-';
  bool alternate = false;
  char group = 0;  // ',' or '_'
  std::int64_t width = 0;
  std::optional<int> precision;
  char type = 0;
};

std::string group_digits(const std::string& digits, char separator) {
  std::string out;
  for (std::size_t i = 0; i < digits.size(); ++i) {
    if (i > 0 && (digits.size() - i) % 3 == 0) out += separator;
    out += digits[i];
  }
  return out;
}

std::string in_base(std::uint64_t value, unsigned base, bool upper) {
  std::string out;
  do {
    const auto digit = static_cast<char>(value % base);
    const char letter = static_cast<char>((upper ? 'A' : 'a') + digit - 10);
    out += digit < 10 ? static_cast<char>('0' + digit) : letter;
    value /= base;
  } while (value != 0);
  std::reverse(out.begin(), out.end());
  return out;
}

std::string print_real(double value, char type, int precision) {
  const char lower = static_cast<char>(type | 0x20);
  const auto format = lower == 'e'   ? std::chars_format::scientific
                      : lower == 'g' ? std::chars_format::general
                                     : std::chars_format::fixed;
  std::array<char, 2048> buffer = {};  // 309 digits before the point, 1000 behind
  const auto result =
      std::to_chars(buffer.data(), buffer.data() + buffer.size(), value, format, precision);
  std::string out(buffer.data(), result.ptr);
  if (type != lower) std::replace(out.begin(), out.end(), 'e', 'E');
  return out;
}

// Digits without sign, and a prefix such as 0x.
struct Digits {
  bool negative = false;
  std::string prefix;
  std::string digits;
};

Digits integer_digits(std::int64_t value, const Spec& spec) {
  Digits out;
  out.negative = value < 0;
  const std::uint64_t magnitude =
      value < 0 ? 0 - static_cast<std::uint64_t>(value) : static_cast<std::uint64_t>(value);
  const bool upper = spec.type == 'X';
  const unsigned base = spec.type == 'x' || upper ? 16
                        : spec.type == 'o'        ? 8
                        : spec.type == 'b'        ? 2
                                                  : 10;
  out.digits = in_base(magnitude, base, upper);
  if (spec.alternate && base != 10) out.prefix = std::string("0") + spec.type;
  if (spec.group != 0) out.digits = group_digits(out.digits, spec.group);
  return out;
}

Digits real_digits(double value, const Spec& spec) {
  Digits out;
  out.negative = std::signbit(value) && !std::isnan(value);
  const double magnitude = std::fabs(value);
  const bool percent = spec.type == '%';
  const char type = percent ? 'f' : spec.type;
  if (!std::isfinite(magnitude)) {
    out.digits = std::isnan(magnitude) ? "nan" : "inf";
  } else if (type == 0 && !spec.precision) {
    out.digits = float_repr(magnitude);
  } else {
    out.digits = print_real(percent ? magnitude * 100 : magnitude, type == 0 ? 'g' : type,
                            spec.precision.value_or(6));
    const bool point = out.digits.find_first_of(".e") != std::string::npos;
    if (type == 0 && !point) out.digits += ".0";
  }
  if (spec.group != 0) {
    const std::size_t end = std::min(out.digits.find_first_of(".e"), out.digits.size());
    out.digits = group_digits(out.digits.substr(0, end), spec.group) + out.digits.substr(end);
  }
  if (percent) out.digits += '%';
  return out;
}

Text pad(Runtime& runtime, const Text& body, std::string_view prefix, const Spec& spec,
         char default_align) {
  const auto length =
      static_cast<std::int64_t>(count_characters(body.view()) + count_characters(prefix));
  const std::int64_t padding = std::max<std::int64_t>(0, spec.width - length);
  runtime.check_text(static_cast<std::size_t>(padding) * spec.fill.size());
  runtime.step(static_cast<std::size_t>(padding) / 16);
  const char align = spec.align != 0 ? spec.align : default_align;
  const std::int64_t left = align == '<' ? 0 : align == '^' ? padding / 2 : padding;
  Text out;
  if (align == '=') out.append(prefix);
  for (std::int64_t i = 0; i < left; ++i) out.append(spec.fill);
  if (align != '=') out.append(prefix);
  out.append(body);
  for (std::int64_t i = left; i < padding; ++i) out.append(spec.fill);
  return out;
}

Text pad_number(Runtime& runtime, const Digits& number, const Spec& spec) {
  std::string prefix;
  if (number.negative) {
    prefix = "-";
  } else if (spec.sign != '-') {
    prefix = spec.sign;
  }
  return pad(runtime, Text(number.digits), prefix + number.prefix, spec, '>');
}

Text format_text(Runtime& runtime, const Text& text, const Spec& spec) {
  if (!spec.precision) return pad(runtime, text, "", spec, '<');
  const auto limit = static_cast<std::size_t>(*spec.precision);
  return pad(runtime, text.substr(0, character_offset(text.view(), limit)), "", spec, '<');
}

int read_number(const Runtime& runtime, std::string_view text, std::size_t& at) {
  int number = 0;
  while (at < text.size() && text[at] >= '0' && text[at] <= '9') {
    number = number * 10 + (text[at++] - '0');
    if (number > kMaxWidth) runtime.fail("format: a width is too large");
  }
  return number;
}

int read_precision(const Runtime& runtime, std::string_view text, std::size_t& at) {
  const int precision = read_number(runtime, text, at);
  if (precision > kMaxPrecision) runtime.fail("format: a precision is too large");
  return precision;
}

// ---- %

class PercentFormatter {
 public:
  PercentFormatter(Runtime& runtime, const Text& format, const Value& arguments)
      : runtime_(runtime), format_(format), arguments_(arguments) {}

  Text run() {
    const std::string_view text = format_.view();
    while (at_ < text.size()) {
      const std::size_t percent = std::min(text.find('%', at_), text.size());
      out_.append(format_, at_, percent);
      at_ = percent + 1;
      if (percent < text.size()) field();
      runtime_.step();
      runtime_.check_text(out_.size());
    }
    const bool all = arguments_.is(Kind::dict) || named_ ||
                     next_ == (arguments_.is_tuple() ? arguments_.list().items.size() : 1);
    if (!all) runtime_.fail("not all arguments converted during string formatting");
    return std::move(out_);
  }

 private:
  char peek() const {
    if (at_ >= format_.size()) runtime_.fail("incomplete format");
    return format_.view()[at_];
  }

  Value next_argument() {
    if (arguments_.is_tuple()) {
      if (next_ >= arguments_.list().items.size()) {
        runtime_.fail("not enough arguments for format string");
      }
      return arguments_.list().items[next_++];
    }
    if (next_++ > 0) runtime_.fail("not enough arguments for format string");
    return arguments_;
  }

  Value named_argument() {
    const std::size_t end = format_.view().find(')', at_);
    if (end == std::string_view::npos) runtime_.fail("incomplete format key");
    if (!arguments_.is(Kind::dict)) runtime_.fail("format requires a mapping");
    const std::string key(format_.view().substr(at_ + 1, end - at_ - 1));
    at_ = end + 1;
    named_ = true;
    const Value* const found = arguments_.dict().find(key);
    if (found == nullptr) runtime_.fail("format: no key '" + key + "'");
    return *found;
  }

  void field() {
    std::optional<Value> argument;
    if (peek() == '(') argument = named_argument();
    Spec spec;
    for (;; ++at_) {
      const char flag = peek();
      if (flag == '-') {
        spec.align = '<';
      } else if (flag == '0') {
        if (spec.align == 0) spec.align = '=', spec.fill = "0";
      } else if (flag == '+' || (flag == ' ' && spec.sign != '+')) {
        spec.sign = flag;
      } else if (flag == '#') {
        spec.alternate = true;
      } else if (flag != ' ') {
        break;
      }
    }
    if (spec.align == '<') spec.fill = " ";
    spec.width = read_number(runtime_, format_.view(), at_);
    if (peek() == '.') spec.precision = read_precision(runtime_, format_.view(), ++at_);
    while (peek() == 'l' || peek() == 'h' || peek() == 'L') ++at_;
    spec.type = peek();
    ++at_;
    if (spec.type == '%') return out_.append("%");
    convert(argument ? *argument : next_argument(), spec);
  }

  void convert(const Value& value, Spec spec) {
    switch (spec.type) {
      case 's':
      case 'r':
      case 'a': {
        if (spec.align == '=') spec.align = 0;
        if (spec.align == 0) spec.align = '>';
        spec.fill = " ";
        out_.append(format_text(
            runtime_, spec.type == 's' ? to_text(runtime_, value) : repr(runtime_, value), spec));
        return;
      }
      case 'd':
      case 'i':
      case 'u':
      case 'x':
      case 'X':
      case 'o':
        if (!value.is_number() || value.is(Kind::big_integer)) {
          runtime_.fail(std::string("%") + spec.type + " format: a number is required, not " +
                        std::string(type_name(value)));
        }
        return integer(value, spec);
      case 'f':
      case 'F':
      case 'e':
      case 'E':
      case 'g':
      case 'G': {
        const auto number = to_real(value);
        if (!number) runtime_.fail("must be real number, not " + std::string(type_name(value)));
        if (!spec.precision) spec.precision = 6;
        return out_.append(pad_number(runtime_, real_digits(*number, spec), spec));
      }
      default:
        runtime_.fail(std::string("unsupported format character '") + spec.type + "'");
    }
  }

  void integer(const Value& value, Spec spec) {
    std::int64_t number = 0;
    if (value.is(Kind::real)) {
      const double real = std::trunc(value.real());
      if (!(std::fabs(real) < 9.2e18)) runtime_.fail("format: a number is too large");
      number = static_cast<std::int64_t>(real);
    } else {
      number = to_index(runtime_, value, "format");
    }
    Digits digits = integer_digits(number, spec);
    if (spec.precision && digits.digits.size() < static_cast<std::size_t>(*spec.precision)) {
      digits.digits.insert(0, static_cast<std::size_t>(*spec.precision) - digits.digits.size(),
                           '0');
    }
    out_.append(pad_number(runtime_, digits, spec));
  }

  Runtime& runtime_;
  const Text& format_;
  const Value& arguments_;
  std::size_t at_ = 0;
  std::size_t next_ = 0;
  bool named_ = false;
  Text out_;
};

// ---- {}

Spec parse_spec(const Runtime& runtime, std::string_view text) {
  Spec spec;
  std::size_t at = 0;
  const auto is_align = [&](std::size_t i) {
    return i < text.size() && std::string_view("<>^=").find(text[i]) != std::string_view::npos;
  };
  const std::size_t first = text.empty() ? 0 : character_at(text, 0).size;
  if (first > 0 && is_align(first)) {
    spec.fill = text.substr(0, first);
    spec.align = text[first];
    at = first + 1;
  } else if (is_align(0)) {
    spec.align = text[at++];
  }
  const auto take = [&](std::string_view set) {
    return at < text.size() && set.find(text[at]) != std::string_view::npos ? text[at++] : char{0};
  };
  if (const char sign = take("+- ")) spec.sign = sign;
  spec.alternate = take("#") != 0;
  if (take("0") != 0 && spec.align == 0) spec.align = '=', spec.fill = "0";
  spec.width = read_number(runtime, text, at);
  spec.group = take(",_");
  if (take(".") != 0) spec.precision = read_precision(runtime, text, at);
  spec.type = take("bcdeEfFgGnosxX%");
  if (at != text.size()) runtime.fail("invalid format specifier '" + std::string(text) + "'");
  return spec;
}

Text format_value(Runtime& runtime, const Value& value, std::string_view text) {
  if (text.empty()) return to_text(runtime, value);
  Spec spec = parse_spec(runtime, text);
  const bool integer = value.is(Kind::integer) || (value.is(Kind::boolean) && spec.type != 0);
  constexpr std::string_view kRealTypes = "eEfFgG%";
  const bool real_type = spec.type != 0 && kRealTypes.find(spec.type) != std::string_view::npos;
  if ((integer || value.is(Kind::boolean)) && !real_type) {
    if (spec.type == 's' || spec.type == 'c') runtime.fail("unknown format code for an integer");
    return pad_number(runtime, integer_digits(to_index(runtime, value, "format"), spec), spec);
  }
  if (value.is_number()) {
    if (spec.type != 0 && !real_type) runtime.fail("unknown format code for a float");
    return pad_number(runtime, real_digits(to_real(value).value_or(0), spec), spec);
  }
  if (spec.type != 0 && spec.type != 's') {
    runtime.fail(std::string("unknown format code '") + spec.type + "' for an object of type '" +
                 std::string(type_name(value)) + "'");
  }
  return format_text(runtime, to_text(runtime, value), spec);
}

class BraceFormatter {
 public:
  BraceFormatter(Runtime& runtime, const Text& format, const Arguments& arguments)
      : runtime_(runtime), format_(format), arguments_(arguments) {}

  Text run() {
    const std::string_view text = format_.view();
    for (std::size_t at = 0; at < text.size();) {
      const std::size_t brace = std::min(text.find_first_of("{}", at), text.size());
      out_.append(format_, at, brace);
      if (brace == text.size()) break;
      if (brace + 1 < text.size() && text[brace + 1] == text[brace]) {
        out_.append(format_, brace, brace + 1);
        at = brace + 2;
        continue;
      }
      const std::size_t end = text.find('}', brace);
      if (text[brace] == '}' || end == std::string_view::npos) {
        runtime_.fail("format: a single brace");
      }
      field(text.substr(brace + 1, end - brace - 1));
      runtime_.step();
      runtime_.check_text(out_.size());
      at = end + 1;
    }
    return std::move(out_);
  }

 private:
  void field(std::string_view field) {
    const std::size_t colon = std::min(field.find(':'), field.size());
    std::string_view name = field.substr(0, colon);
    const std::string_view spec = field.substr(std::min(colon + 1, field.size()));
    char conversion = 0;
    if (name.size() >= 2 && name[name.size() - 2] == '!') {
      conversion = name.back();
      name.remove_suffix(2);
    }
    Value value = lookup(name);
    if (conversion == 'r') value = runtime_.text(repr(runtime_, value));
    if (conversion == 's') value = runtime_.text(to_text(runtime_, value));
    out_.append(format_value(runtime_, value, spec));
  }

  Value lookup(std::string_view path) {
    const std::size_t end = std::min(path.find_first_of(".["), path.size());
    Value value = argument(path.substr(0, end));
    std::string_view rest = path.substr(end);
    while (!rest.empty()) {
      if (rest[0] == '.') {
        const std::size_t stop = std::min(rest.find_first_of(".[", 1), rest.size());
        value = get_attribute(runtime_, value, rest.substr(1, stop - 1));
        rest = rest.substr(stop);
      } else {
        const std::size_t stop = rest.find(']');
        if (rest[0] != '[' || stop == std::string_view::npos) runtime_.fail("format: bad field");
        const std::string_view key = rest.substr(1, stop - 1);
        value = get_item(runtime_, value, is_digits(key) ? number(key) : runtime_.text(key));
        rest = rest.substr(stop + 1);
      }
    }
    return value;
  }

  static bool is_digits(std::string_view text) {
    return !text.empty() &&
           std::all_of(text.begin(), text.end(), [](char c) { return c >= '0' && c <= '9'; });
  }

  Value number(std::string_view digits) const {
    std::size_t at = 0;
    return static_cast<std::int64_t>(read_number(runtime_, digits, at));
  }

  Value argument(std::string_view name) {
    if (name.empty() || is_digits(name)) {
      const auto index = name.empty() ? next_++ : static_cast<std::size_t>(number(name).integer());
      if (index >= arguments_.positional.size()) {
        runtime_.fail("format: no argument " + std::to_string(index));
      }
      return arguments_.positional[index];
    }
    for (const auto& [key, value] : arguments_.named) {
      if (key == name) return value;
    }
    runtime_.fail("format: no argument '" + std::string(name) + "'");
  }

  Runtime& runtime_;
  const Text& format_;
  const Arguments& arguments_;
  std::size_t next_ = 0;
  Text out_;
};

}  // namespace

Text percent_format(Runtime& runtime, const Text& format, const Value& arguments) {
  return PercentFormatter(runtime, format, arguments).run();
}

Text brace_format(Runtime& runtime, const Text& format, const Arguments& arguments) {
  return BraceFormatter(runtime, format, arguments).run();
}

}  // namespace tlite::jinja
