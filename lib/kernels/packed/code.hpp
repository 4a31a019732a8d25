// What a tier must know of a format's codes, where its dot products begin, and its sizes.
#pragma once

#include <cstddef>
#include <cstdint>

namespace tlite {

// weight = code - offset (before scaling), code in [0, max].
struct CodeRange {
  int offset;
  int max;
};

// What the offset owes for the activations of a sub-block, in the two forms of activations.hpp.
struct DotStart {
  std::int32_t whole;        // -128 * their sum
  const std::int16_t* pair;  // null where 32 of them belong to a 256
};

// The work of taking a tile of a format apart: none; a step or two for each plane of codes; codes
// that lie in two parts; scales that have to be put together, be there many (q2_k) or a table to be
// asked besides (iq4_xs); more of it.
enum class Unpacking { none, light, two_parts, many_scales, table, heavy };

// Weights are used as they stream by, unpacked in registers, for up to `in_tile` input rows at a
// time, and up to `until` rows; with more rows they are unpacked into a strip first.
struct DirectRows {
  std::size_t in_tile;
  std::size_t until;
};

// Sizes of a tier that has not measured others.
struct TierSizes {
  static constexpr bool kRowPairs = false;          // strips multiply rows in pairs: neon_i8mm/
  static constexpr std::size_t kTileVectors = 1;    // groups of output rows in a tile over a strip
  static constexpr std::size_t kMostStripRows = 4;  // input rows in a tile over a strip
  static constexpr std::size_t kStripBlockRows = std::size_t{1}
                                                 << 20;  // and that a strip is used for
  // Of k in a strip: that of few rows is in the first-level cache. With more than kPromptRows a
  // longer one, for which the outputs are fetched less often.
  static constexpr std::size_t kStripElements = 1024;
  static constexpr std::size_t kPromptStripElements = 4096;
  static constexpr std::size_t kPromptRows = 192;
  static constexpr std::size_t kMostBf16Rows = 4;  // input rows in a tile of bf16 weights
  static constexpr DirectRows direct_rows(Unpacking) noexcept { return {4, 8}; }
};

}  // namespace tlite
