// What a pass over packed weights reads, and what it asks for meanwhile.
#pragma once

#include <cstddef>

namespace tlite {

// The memory that a pass over weights asks for: with each tile (of bf16 each plane) some lines,
// from `at` on, the next tile's `step` bytes behind.
struct Ahead {
  const std::byte* at;
  std::size_t step;
};

// Tiles that a pass goes over, and what it asks for meanwhile. Of several groups taken together
// `ahead` is the first one's, those of the others are `group_bytes` behind each other.
struct StreamedWeights {
  const std::byte* tiles;
  Ahead ahead;
  std::size_t group_bytes;
};

}  // namespace tlite
