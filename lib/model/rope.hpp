// Rotary position embedding (Su et al., arXiv:2104.09864) in the half-rotation form of Hugging
// Face, with yarn (Peng et al., arXiv:2309.00071). Frequencies and angles are rounded to f32 where
// transformers rounds them: at position 4,096 one unit in the last place of an angle is 2^-12.
#pragma once

#include <cstddef>
#include <cstdint>
#include <vector>

#include <tlite/model_config.hpp>

namespace tlite {

class Rope {
 public:
  explicit Rope(const ModelConfig& config);

  // cos and sin of one position: [head_dim / 2] each.
  void fill(std::int32_t position, float* cos, float* sin) const noexcept;

  const std::vector<float>& inverse_frequencies() const noexcept { return inverse_frequencies_; }

 private:
  std::vector<float> inverse_frequencies_;  // [head_dim / 2]
  float scaling_ = 1.0F;
};

// Rotates the pairs (x[i], x[i + half]) in place.
void rotate(float* x, const float* cos, const float* sin, std::size_t half) noexcept;

}  // namespace tlite
