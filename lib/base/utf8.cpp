#include "base/utf8.hpp"

#include <cstdint>
#include <cstring>

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

// How many bytes at `i` are well-formed for sure: eight of ASCII, or a letter of two bytes; 0: to be
// looked at more closely.
std::size_t plain_bytes(std::string_view text, std::size_t i) noexcept {
  std::uint64_t eight = 0x80;
  if (text.size() - i >= sizeof eight) std::memcpy(&eight, text.data() + i, sizeof eight);
  if ((eight & 0x8080808080808080U) == 0) return sizeof eight;
  const auto lead = static_cast<unsigned char>(text[i]);
  if (lead < 0x80) return 1;
  const bool has_two = lead >= 0xC2 && lead < 0xE0 && i + 1 < text.size();
  return has_two && is_continuation(text[i + 1]) ? 2 : 0;
}

}  // namespace

// Not by simdjson's validate_utf8, though that is 15 times as fast (30 GB/s of Russian to 2): it
// calls an object that ends with the program, and a thread that answers while main returns would
// abort.
bool is_valid_utf8(std::string_view text) noexcept {
  for (std::size_t i = 0; i < text.size();) {
    std::size_t length = plain_bytes(text, i);
    if (length == 0) {
      const Utf8Sequence next = next_utf8(text.substr(i));
      if (next.kind != Utf8Sequence::Kind::valid) return false;
      length = next.length;
    }
    i += length;
  }
  return true;
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
