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

// Sizes of a tier that has not measured others.
struct TierSizes {
  static constexpr bool kRowPairs = false;        // strips multiply rows in pairs: neon_i8mm/
  static constexpr std::size_t kTileVectors = 1;  // groups of output rows in a tile over a strip
  // Up to here weights are used as they stream by; with more rows they are unpacked first.
  static constexpr std::size_t kDirectRows = 8;
  static constexpr std::size_t kStripBlockRows = 1U << 20;  // input rows that a strip is used for
  static constexpr std::size_t kStripElements = 4096;       // of k in a strip
};

}  // namespace tlite
