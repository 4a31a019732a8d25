// UTF-8: decoding, validation, and repair the way the Unicode Standard recommends (chapter 3,
// "U+FFFD Substitution of Maximal Subparts"), which is what Python's errors="replace" and Rust's
// from_utf8_lossy do.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>

namespace tlite {

inline constexpr char32_t kReplacement = 0xFFFD;

// A code point and its length in bytes.
struct CodePoint {
  char32_t value;
  std::size_t length;
};

// The code point at `text`, which must be the start of one in valid UTF-8.
inline CodePoint decode_utf8(const char* text) noexcept {
  const auto byte = [text](int i) {
    return static_cast<char32_t>(static_cast<unsigned char>(text[i]));
  };
  const char32_t lead = byte(0);
  if (lead < 0x80) return {lead, 1};
  if (lead < 0xE0) return {(lead & 0x1F) << 6 | (byte(1) & 0x3F), 2};
  if (lead < 0xF0) {
    return {(lead & 0x0F) << 12 | (byte(1) & 0x3F) << 6 | (byte(2) & 0x3F), 3};
  }
  return {(lead & 0x07) << 18 | (byte(1) & 0x3F) << 12 | (byte(2) & 0x3F) << 6 | (byte(3) & 0x3F),
          4};
}

// True for 10xxxxxx: a byte that does not start a code point.
inline bool is_continuation(char byte) noexcept {
  return (static_cast<unsigned char>(byte) & 0xC0) == 0x80;
}

// Where the code point that ends at `end` begins; `text` is valid UTF-8 and `end` > 0.
inline std::size_t previous_code_point(std::string_view text, std::size_t end) noexcept {
  do {
    --end;
  } while (is_continuation(text[end]));
  return end;
}

bool is_valid_utf8(std::string_view text) noexcept;

// What stands at the start of any bytes: a code point, an ill-formed sequence (a maximal subpart,
// replaced by one U+FFFD), or the valid beginning of a code point that the text cuts off.
struct Utf8Sequence {
  enum class Kind { valid, ill_formed, cut_off };
  Kind kind;
  std::size_t length;
};
Utf8Sequence next_utf8(std::string_view text) noexcept;

// Appends `text` with each ill-formed sequence as U+FFFD. Returns how many bytes were taken: all,
// or with `keep_cut_off` all but a code point that is cut off at the end.
std::size_t append_repaired(std::string& out, std::string_view text, bool keep_cut_off = false);

void append_utf8(std::string& out, char32_t code_point);

}  // namespace tlite
