// NFC (Unicode Standard Annex 15), of the Unicode version of the reference.
#pragma once

#include "text/unicode.hpp"

#include <array>
#include <cstddef>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include <tlite/tokenizer.hpp>

namespace tlite::text {

// The bytes `source` of a text were replaced by the bytes `result` of another.
struct Edit {
  TextRange source;
  TextRange result;
};

// Where ranges of a text lie after edits; a border inside an edit moves outwards, to the edit's
// own. Both sorted, without overlap.
std::vector<TextRange> map_ranges(std::span<const TextRange> ranges, std::span<const Edit> edits);

// Valid UTF-8 with each ill-formed sequence as U+FFFD; `text` itself where there is none.
std::string_view repair(std::string_view text, std::string& buffer, std::vector<Edit>& edits);

// Most text has nothing that NFC could touch: it is looked through once and not copied. Only runs
// of active code points, with the one before them, go through utf8proc. Immutable; what a call
// writes is the caller's.
class NfcNormalizer {
 public:
  explicit NfcNormalizer(const CharClasses& classes);

  // NFC of valid UTF-8: `text` itself if nothing in it can change, else text in `buffer`.
  // `edits` are the places where NFC looked closer.
  std::string_view normalize(std::string_view text, std::string& buffer,
                             std::vector<Edit>& edits) const;

 private:
  std::size_t find_active(std::string_view text, std::size_t from) const noexcept;

  const CharClasses& classes_;
  std::array<bool, 256> active_lead_;  // a code point with this first byte may be active
};

}  // namespace tlite::text
