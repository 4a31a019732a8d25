// The tables are in unicode_ranges.cpp, which is written by a script.
#include "text/unicode.hpp"

#include <algorithm>

namespace tlite::text {

// For what is asked seldom; the pre-tokenizer, which asks for every code point, has CharClasses.
bool in_ranges(std::span<const CodeRange> ranges, char32_t code_point) noexcept {
  const auto range = std::upper_bound(
      ranges.begin(), ranges.end(), code_point,
      [](char32_t value, const CodeRange& candidate) { return value < candidate.first; });
  return range != ranges.begin() && code_point <= std::prev(range)->last;
}

// As long as the last range needs; what lies behind has no class.
CharClasses::CharClasses() {
  const auto last = std::max({letter_ranges().back().last, number_ranges().back().last,
                              space_ranges().back().last, nfc_active_ranges().back().last});
  flags_.resize(last + 1);
  const auto set = [this](std::span<const CodeRange> ranges, std::uint8_t flag) {
    for (const CodeRange& range : ranges) {
      for (char32_t c = range.first; c <= range.last; ++c) {
        flags_[c] = static_cast<std::uint8_t>(flags_[c] | flag);
      }
    }
  };
  set(letter_ranges(), kLetter);
  set(number_ranges(), kNumber);
  set(space_ranges(), kSpace);
  set(nfc_active_ranges(), kNfcActive);
}

}  // namespace tlite::text
