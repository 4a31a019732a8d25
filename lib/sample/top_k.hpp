// The k largest of many values without sorting them.
//
// The values are cut into chunks of 64. The k-th largest chunk maximum is a lower bound of the k-th
// largest value (k chunks have one at least as large), so only chunks that reach it are looked at:
// about k of them, 4,500 values for k = 70 instead of 152,064.
#pragma once

#include "kernels/ops.hpp"

#include <cstddef>
#include <span>
#include <vector>

namespace tlite {

constexpr std::size_t kTopKChunk = kScoreChunk;

// maxima[i] = the largest of values[64 i, 64 i + 64). Returns the largest of all. No NaN.
float chunk_maxima(std::span<const float> values, std::vector<float>& maxima, const KernelOps& ops);

// The k-th largest value, 1 <= k <= values.size(). `scratch` grows to what it needs.
float kth_largest(std::span<const float> values, std::span<const float> maxima, std::size_t k,
                  std::vector<float>& scratch);

// Calls visit(index, value) for all values >= threshold in ascending order of index.
template <class Visit>
void for_each_at_least(std::span<const float> values, std::span<const float> maxima,
                       float threshold, Visit&& visit) {
  for (std::size_t chunk = 0; chunk < maxima.size(); ++chunk) {
    if (maxima[chunk] < threshold) continue;
    const std::size_t begin = chunk * kTopKChunk;
    const std::size_t end = begin + kTopKChunk < values.size() ? begin + kTopKChunk : values.size();
    for (std::size_t i = begin; i < end; ++i) {
      if (values[i] >= threshold) visit(i, values[i]);
    }
  }
}

// Index of the first value equal to the largest one.
std::size_t first_largest(std::span<const float> values, std::span<const float> maxima);

}  // namespace tlite
