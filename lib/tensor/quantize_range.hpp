// The numbers that the encoders accept: what no block can hold is brought into reach first, so that
// no sum of squares overflows and no scale becomes infinite.
#pragma once

#include "tensor/dtype.hpp"

#include <algorithm>
#include <cmath>
#include <cstdint>

namespace tlite {

// No format holds a larger weight: f16's 65504 times Q6_K's 128 * 32 is below.
inline constexpr float kLargestWeight = 0x1.0p29F;

// NaN is 0.
constexpr float within_reach(float value) noexcept {
  if (value != value) return 0.0F;
  return std::clamp(value, -kLargestWeight, kLargestWeight);
}

// The largest floats that f32_to_f16 does not turn into infinities.
constexpr float within_f16(float value) noexcept {
  constexpr float kLargest = 0x1.FFDFFEp15F;
  return std::clamp(value, -kLargest, kLargest);
}

// An f16 scale for sub-blocks that are multiples of it: not zero where `value` is not, however
// small, because the multiples can still be right.
inline std::uint16_t f16_scale(float value) noexcept {
  constexpr float kSmallest = 0x1.0p-24F;
  const float size = std::fabs(value);
  if (size > 0.0F && size < kSmallest) return f32_to_f16(std::copysign(kSmallest, value));
  return f32_to_f16(within_f16(value));
}

}  // namespace tlite
