// The numbers that the encoders accept: what no block can hold is brought into reach first, so that
// no sum of squares overflows and no scale becomes infinite.
#pragma once

#include <algorithm>

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

}  // namespace tlite
