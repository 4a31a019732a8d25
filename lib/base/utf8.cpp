#include "base/utf8.hpp"

#include <simdjson.h>

namespace tlite {
namespace {

// The range of the second byte after a lead byte, from table 3-7 of the Unicode Standard.
struct SecondByte {
  unsigned char first;
  unsigned char last;
};

SecondByte second_byte(unsigned char lead) noexcept {
  switch (lead) {
    case 0xE0:
      return {0xA0, 0xBF};
    case 0xED:
      return {0x80, 0x9F};
    case 0xF0:
      return {0x90, 0xBF};
    case 0xF4:
      return {0x80, 0x8F};
    default:
      return {0x80, 0xBF};
  }
}

}  // namespace

bool is_valid_utf8(std::string_view text) noexcept {
  return simdjson::validate_utf8(text.data(), text.size());
}

Utf8Sequence next_utf8(std::string_view text) noexcept {
  using Kind = Utf8Sequence::Kind;
  const auto lead = static_cast<unsigned char>(text[0]);
  if (lead < 0x80) return {Kind::valid, 1};
  if (lead < 0xC2 || lead > 0xF4) return {Kind::ill_formed, 1};
  const std::size_t length = lead < 0xE0 ? 2 : lead < 0xF0 ? 3 : 4;
  if (text.size() < 2) return {Kind::cut_off, 1};
  const auto second = static_cast<unsigned char>(text[1]);
  const SecondByte allowed = second_byte(lead);
  if (second < allowed.first || second > allowed.last) return {Kind::ill_formed, 1};
  for (std::size_t i = 2; i < length; ++i) {
    if (i == text.size()) return {Kind::cut_off, i};
    if (!is_continuation(text[i])) return {Kind::ill_formed, i};
  }
  return {Kind::valid, length};
}

std::size_t append_repaired(std::string& out, std::string_view text, bool keep_cut_off) {
  if (is_valid_utf8(text)) {
    out.append(text);
    return text.size();
  }
  std::size_t position = 0;
  while (position < text.size()) {
    const Utf8Sequence next = next_utf8(text.substr(position));
    if (next.kind == Utf8Sequence::Kind::valid) {
      out.append(text.substr(position, next.length));
    } else if (next.kind == Utf8Sequence::Kind::cut_off && keep_cut_off) {
      break;
    } else {
      append_utf8(out, kReplacement);
    }
    position += next.length;
  }
  return position;
}

void append_utf8(std::string& out, char32_t code_point) {
  const auto byte = [&out](char32_t value) { out += static_cast<char>(value); };
  if (code_point < 0x80) {
    byte(code_point);
  } else if (code_point < 0x800) {
    byte(0xC0 | code_point >> 6);
    byte(0x80 | (code_point & 0x3F));
  } else if (code_point < 0x10000) {
    byte(0xE0 | code_point >> 12);
    byte(0x80 | (code_point >> 6 & 0x3F));
    byte(0x80 | (code_point & 0x3F));
  } else {
    byte(0xF0 | code_point >> 18);
    byte(0x80 | (code_point >> 12 & 0x3F));
    byte(0x80 | (code_point >> 6 & 0x3F));
    byte(0x80 | (code_point & 0x3F));
  }
}

}  // namespace tlite
