#include "tensor/quantize_nearest.hpp"

#include "tensor/quantize_range.hpp"

#include <algorithm>
#include <cmath>

namespace tlite {
namespace {

constexpr std::size_t kSize = 32;

float reciprocal(float d) noexcept { return d == 0.0F ? 0.0F : 1.0F / d; }

BlockCodes nearest_8(const float* x) noexcept {
  float largest = 0.0F;
  for (std::size_t i = 0; i < kSize; ++i) largest = std::max(largest, std::fabs(x[i]));
  const float d = within_f16(largest / 127.0F);
  const float inverse = reciprocal(d);
  BlockCodes codes{};
  codes.d = f32_to_f16(d);
  for (std::size_t i = 0; i < kSize; ++i) {
    // Halves go away from zero.
    const float scaled = std::fabs(x[i] * inverse);
    const int whole = static_cast<int>(scaled);
    const int rounded = whole + (scaled - static_cast<float>(whole) >= 0.5F ? 1 : 0);
    const int magnitude = std::min(rounded, 127);
    codes.code[i] = static_cast<std::uint8_t>(x[i] < 0.0F ? -magnitude : magnitude);
  }
  return codes;
}

// Codes of (x - from) * inverse + offset, halves up.
void nearest_codes(const float* x, float from, float inverse, float offset, int highest,
                   BlockCodes& codes) noexcept {
  for (std::size_t i = 0; i < kSize; ++i) {
    const int code = static_cast<int>((x[i] - from) * inverse + (offset + 0.5F));
    codes.code[i] = static_cast<std::uint8_t>(std::clamp(code, 0, highest));
  }
}

// The value of the largest magnitude, the first of several, gets code 0, which stands for -half.
BlockCodes nearest_signed(const float* x, int half) noexcept {
  float extreme = x[0];
  for (std::size_t i = 1; i < kSize; ++i) {
    if (std::fabs(x[i]) > std::fabs(extreme)) extreme = x[i];
  }
  const float d = within_f16(extreme / -static_cast<float>(half));
  BlockCodes codes{};
  codes.d = f32_to_f16(d);
  nearest_codes(x, 0.0F, reciprocal(d), static_cast<float>(half), 2 * half - 1, codes);
  return codes;
}

BlockCodes nearest_between(const float* x, int highest) noexcept {
  const auto [low, high] = std::minmax_element(x, x + kSize);
  const float min = within_f16(*low);
  const float d = within_f16((*high - min) / static_cast<float>(highest));
  BlockCodes codes{};
  codes.d = f32_to_f16(d);
  codes.dmin = f32_to_f16(min);
  nearest_codes(x, min, reciprocal(d), 0.0F, highest, codes);
  return codes;
}

}  // namespace

BlockCodes quantize_nearest(DataType type, const float* values) noexcept {
  switch (type) {
    case DataType::q4_0:
      return nearest_signed(values, 8);
    case DataType::q5_0:
      return nearest_signed(values, 16);
    case DataType::q4_1:
      return nearest_between(values, 15);
    case DataType::q5_1:
      return nearest_between(values, 31);
    default:
      return nearest_8(values);
  }
}

}  // namespace tlite
