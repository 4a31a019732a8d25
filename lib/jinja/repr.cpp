// str(), repr() and bool() of Python, and the shortest text of a float (float.__repr__).
#include "jinja/python.hpp"

#include <array>
#include <charconv>
#include <cmath>
#include <cstdlib>

namespace tlite::jinja {
namespace {

void append_escape(std::string& out, char kind, std::uint32_t code, int digits) {
  constexpr char kHex[] = "0123456789abcdef";
  out += '\\';
  out += kind;
  for (int shift = 4 * (digits - 1); shift >= 0; shift -= 4) {
    out += kHex[(code >> static_cast<unsigned>(shift)) & 0xFU];
  }
}

void append_quoted_character(std::string& out, std::string_view bytes, std::uint32_t code,
                             char quote) {
  constexpr std::uint32_t kInvalidByte = 0x110000;
  if (code == '\\' || code == static_cast<std::uint32_t>(quote)) {
    out += '\\';
    out += static_cast<char>(code);
  } else if (code == '\n') {
    out += "\\n";
  } else if (code == '\r') {
    out += "\\r";
  } else if (code == '\t') {
    out += "\\t";
  } else if (code >= kInvalidByte || is_printable(code)) {
    out += bytes;
  } else if (code < 0x100) {
    append_escape(out, 'x', code, 2);
  } else if (code < 0x10000) {
    append_escape(out, 'u', code, 4);
  } else {
    append_escape(out, 'U', code, 8);
  }
}

class Printer {
 public:
  explicit Printer(Runtime& runtime) : runtime_(runtime) {}

  void print(const Value& value) {
    const Runtime::Nesting nesting(runtime_);
    runtime_.step();
    runtime_.check_text(out.size());
    switch (value.kind()) {
      case Kind::text:
        out.append(quote(value.text()));
        break;
      case Kind::list:
        print_list(value.list());
        break;
      case Kind::dict:
        print_dict(value.dict());
        break;
      case Kind::view:
        out.append(type_name(value));
        out.append("(");
        print(runtime_.list(iterate(runtime_, value)));
        out.append(")");
        break;
      case Kind::name_space:
        out.append("<Namespace ");
        print_dict(value.name_space()->attributes);
        out.append(">");
        break;
      case Kind::undefined:
        out.append("Undefined");
        break;
      default:
        out.append(to_text(runtime_, value));
    }
  }

  Text out;

 private:
  void print_list(const List& list) {
    out.append(list.tuple ? "(" : "[");
    for (std::size_t i = 0; i < list.items.size(); ++i) {
      if (i > 0) out.append(", ");
      print(list.items[i]);
    }
    if (list.tuple && list.items.size() == 1) out.append(",");
    out.append(list.tuple ? ")" : "]");
  }

  void print_dict(const Dict& dict) {
    out.append("{");
    bool first = true;
    for (const auto& [key, value] : dict.entries()) {
      if (!first) out.append(", ");
      first = false;
      print(key);
      out.append(": ");
      print(value);
    }
    out.append("}");
  }

  Runtime& runtime_;
};

std::string range_repr(const Range& range) {
  std::string out = "range(" + std::to_string(range.start) + ", " + std::to_string(range.stop);
  if (range.step != 1) out += ", " + std::to_string(range.step);
  return out + ")";
}

}  // namespace

Text quote(const Text& text) {
  const bool single = text.bytes().find('\'') != std::string::npos;
  const bool both = single && text.bytes().find('"') != std::string::npos;
  const char mark = single && !both ? '"' : '\'';
  Text out;
  out.append(std::string_view(&mark, 1));
  std::string character;
  for (std::size_t at = 0; at < text.size();) {
    const Character c = character_at(text.view(), at);
    character.clear();
    append_quoted_character(character, text.view().substr(at, c.size), c.code, mark);
    out.append(character, text.literal_at(at));
    at += c.size;
  }
  out.append(std::string_view(&mark, 1));
  return out;
}

std::string float_repr(double value) {
  if (std::isnan(value)) return "nan";
  if (std::isinf(value)) return value < 0 ? "-inf" : "inf";
  std::array<char, 64> buffer = {};
  char* const end = buffer.data() + buffer.size();
  const double magnitude = std::fabs(value);
  // Python writes an exponent below 1e-4 and from 1e16 on.
  const bool scientific = magnitude != 0 && (magnitude < 1e-4 || magnitude >= 1e16);
  const auto format = scientific ? std::chars_format::scientific : std::chars_format::fixed;
  const std::to_chars_result result = std::to_chars(buffer.data(), end, value, format);
  std::string out(buffer.data(), result.ptr);
  if (!scientific && out.find('.') == std::string::npos) out += ".0";
  return out;
}

bool truth(Runtime& runtime, const Value& value) {
  switch (value.kind()) {
    case Kind::undefined:
    case Kind::none:
      return false;
    case Kind::boolean:
      return value.boolean();
    case Kind::integer:
      return value.integer() != 0;
    case Kind::real:
      return value.real() != 0;
    case Kind::generator:
    case Kind::callable:
    case Kind::name_space:
    case Kind::big_integer:
      return true;
    default:
      return length(runtime, value).value_or(1) != 0;
  }
}

Text to_text(Runtime& runtime, const Value& value) {
  switch (value.kind()) {
    case Kind::undefined:
      return Text();
    case Kind::none:
      return Text("None");
    case Kind::boolean:
      return Text(value.boolean() ? "True" : "False");
    case Kind::integer:
      return Text(std::to_string(value.integer()));
    case Kind::big_integer:
      return Text(value.big_integer().digits);
    case Kind::real:
      return Text(float_repr(value.real()));
    case Kind::text:
      return value.text();
    case Kind::range:
      return Text(range_repr(value.range()));
    case Kind::loop:
      return Text("<LoopContext " + std::to_string(value.loop()->index0 + 1) + "/" +
                  std::to_string(length(runtime, value).value_or(0)) + ">");
    case Kind::generator:
    case Kind::callable:
      return Text("<" + std::string(type_name(value)) + " object>");
    case Kind::list:
    case Kind::dict:
    case Kind::view:
    case Kind::name_space:
      return repr(runtime, value);
  }
  return Text();
}

Text repr(Runtime& runtime, const Value& value) {
  Printer printer(runtime);
  printer.print(value);
  return std::move(printer.out);
}

}  // namespace tlite::jinja
