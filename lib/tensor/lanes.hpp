// Four independent problems side by side: the encoders fit the sub-blocks of a block in parallel
// lanes, each of which computes what a scalar loop would. No sum crosses lanes, so results do not
// depend on the width, and 128 bits are native on every processor this library is built for: fast
// enough to need no tiers (quantize_bench: 30 to 59 million values a second and core for K
// formats).
#pragma once

#include <cstddef>
#include <cstdint>

namespace tlite {

inline constexpr std::size_t kLanes = 4;

using Lanes = float __attribute__((vector_size(16)));
using LaneMask = std::int32_t __attribute__((vector_size(16)));

inline Lanes splat(float value) noexcept { return Lanes{value, value, value, value}; }

inline Lanes select(LaneMask mask, Lanes yes, Lanes no) noexcept { return mask ? yes : no; }

inline Lanes smaller(Lanes a, Lanes b) noexcept { return a < b ? a : b; }
inline Lanes larger(Lanes a, Lanes b) noexcept { return a > b ? a : b; }
inline Lanes clamp(Lanes value, Lanes low, Lanes high) noexcept {
  return smaller(larger(value, low), high);
}
inline Lanes magnitude(Lanes value) noexcept { return larger(value, -value); }

inline float sum_of(Lanes value) noexcept { return (value[0] + value[1]) + (value[2] + value[3]); }

// To the nearest integer, halves to even; |value| < 2^22. Above 2^23 floats have no fraction.
inline Lanes nearest(Lanes value) noexcept {
  const Lanes shift = splat(0x1.8p23F);
  return (value + shift) - shift;
}

// 1 / value, and 0 where that would overflow: such a scale stands for codes of 0.
inline Lanes inverse(Lanes value) noexcept {
  return select(magnitude(value) > splat(0x1.0p-100F), splat(1.0F) / value, splat(0.0F));
}

// kSize elements of each of four sub-blocks, transposed: value[i][lane].
template <std::size_t kSize>
struct SubBlocks {
  Lanes value[kSize];
  Lanes weight[kSize];
};

// `values` and `weights`: four sub-blocks one after the other.
template <std::size_t kSize>
SubBlocks<kSize> side_by_side(const float* values, const float* weights) noexcept {
  SubBlocks<kSize> blocks;
  for (std::size_t i = 0; i < kSize; ++i) {
    for (std::size_t lane = 0; lane < kLanes; ++lane) {
      blocks.value[i][lane] = values[lane * kSize + i];
      blocks.weight[i][lane] = weights[lane * kSize + i];
    }
  }
  return blocks;
}

}  // namespace tlite
