#include "sample/top_k.hpp"

#include <algorithm>
#include <array>
#include <bit>
#include <cstdint>
#include <functional>

namespace tlite {

namespace {

float select(std::vector<float>& values, std::size_t k) {
  const auto at = values.begin() + static_cast<std::ptrdiff_t>(k - 1);
  std::nth_element(values.begin(), at, values.end(), std::greater<>());
  return *at;
}

// Order-preserving: a larger float has a larger key, and its upper 12 bits are sign, exponent and
// the first bits of the mantissa.
std::uint32_t magnitude(float value) noexcept {
  const auto bits = std::bit_cast<std::uint32_t>(value);
  const std::uint32_t key = (bits >> 31) != 0 ? ~bits : bits | 0x80000000U;
  return key >> 20;
}

// For a k too large for the chunks to help: counts by magnitude, then selects in one bucket.
float select_by_magnitude(std::span<const float> values, std::size_t k,
                          std::vector<float>& scratch) {
  std::array<std::uint32_t, 4096> counts{};
  for (const float value : values) ++counts[magnitude(value)];
  std::size_t bucket = counts.size() - 1;
  while (counts[bucket] < k) k -= counts[bucket--];
  scratch.clear();
  for (const float value : values) {
    if (magnitude(value) == bucket) scratch.push_back(value);
  }
  return select(scratch, k);
}

}  // namespace

float chunk_maxima(std::span<const float> values, std::vector<float>& maxima,
                   const KernelOps& ops) {
  maxima.resize((values.size() + kTopKChunk - 1) / kTopKChunk);
  ops.chunk_maxima(values.data(), values.size(), maxima.data());
  return *std::max_element(maxima.begin(), maxima.end());
}

float kth_largest(std::span<const float> values, std::span<const float> maxima, std::size_t k,
                  std::vector<float>& scratch) {
  if (k > maxima.size()) return select_by_magnitude(values, k, scratch);
  scratch.assign(maxima.begin(), maxima.end());
  const float bound = select(scratch, k);
  scratch.clear();
  for_each_at_least(values, maxima, bound,
                    [&](std::size_t, float value) { scratch.push_back(value); });
  return select(scratch, k);
}

std::size_t first_largest(std::span<const float> values, std::span<const float> maxima) {
  const auto chunk =
      static_cast<std::size_t>(std::max_element(maxima.begin(), maxima.end()) - maxima.begin());
  const auto begin = values.begin() + static_cast<std::ptrdiff_t>(chunk * kTopKChunk);
  const auto length = std::min(kTopKChunk, values.size() - chunk * kTopKChunk);
  const auto found = std::max_element(begin, begin + static_cast<std::ptrdiff_t>(length));
  return static_cast<std::size_t>(found - values.begin());
}

}  // namespace tlite
