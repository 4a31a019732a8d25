// Character classes as the reference sees them, for every code point.
//
// `tokenizers` mixes Unicode versions: Oniguruma's for \p{L} and \p{N}, an old one for NFC. A class
// taken from the system's re2 or utf8proc would differ on some code points and change with the
// distribution; these are ranges measured on the reference (tests/golden/unicode_ranges.py).
#pragma once

#include <cstdint>
#include <span>
#include <vector>

namespace tlite::text {

struct CodeRange {
  char32_t first;
  char32_t last;
};

// Sorted, without overlap.
std::span<const CodeRange> letter_ranges() noexcept;      // \p{L}
std::span<const CodeRange> number_ranges() noexcept;      // \p{N}
std::span<const CodeRange> space_ranges() noexcept;       // \s: White_Space
std::span<const CodeRange> word_ranges() noexcept;        // \w of single_word
std::span<const CodeRange> nfc_active_ranges() noexcept;  // what NFC moves, changes or joins

bool in_ranges(std::span<const CodeRange> ranges, char32_t code_point) noexcept;

inline constexpr std::uint8_t kLetter = 1;
inline constexpr std::uint8_t kNumber = 2;
inline constexpr std::uint8_t kSpace = 4;
inline constexpr std::uint8_t kNfcActive = 8;

// Flags of every code point in one flat table: text of one script touches a few cache lines of it.
class CharClasses {
 public:
  CharClasses();
  std::uint8_t operator[](char32_t code_point) const noexcept {
    return code_point < flags_.size() ? flags_[code_point] : std::uint8_t{0};
  }

 private:
  std::vector<std::uint8_t> flags_;
};

}  // namespace tlite::text
