#include "model/rope.hpp"

#include "base/float_env.hpp"

#include <algorithm>
#include <cmath>
#include <numbers>

namespace tlite {
namespace {

// theta^(2i / head_dim), as torch computes it: the exponent and the power rounded to f32.
std::vector<float> wavelengths(const ModelConfig& config) {
  const DefaultFloatEnv arithmetic;
  std::vector<float> out(static_cast<std::size_t>(config.head_dim / 2));
  const auto head_dim = static_cast<float>(config.head_dim);
  for (std::size_t i = 0; i < out.size(); ++i) {
    const float exponent = static_cast<float>(2 * i) / head_dim;
    out[i] = static_cast<float>(std::pow(config.rope_theta, static_cast<double>(exponent)));
  }
  return out;
}

// The dimension that turns `rotations` times over the original context (formula 17 of the paper).
double correction_dimension(double rotations, const ModelConfig& config) {
  const double context = config.yarn->original_max_position_embeddings;
  return config.head_dim * std::log(context / (rotations * 2 * std::numbers::pi)) /
         (2 * std::log(config.rope_theta));
}

// Interpolates the slow dimensions, keeps the fast ones, and blends between the two.
std::vector<float> yarn_frequencies(const ModelConfig& config,
                                    const std::vector<float>& wavelengths) {
  const ModelConfig::Yarn& yarn = *config.yarn;
  double low = correction_dimension(yarn.beta_fast, config);
  double high = correction_dimension(yarn.beta_slow, config);
  if (yarn.truncate) {
    low = std::floor(low);
    high = std::ceil(high);
  }
  low = std::max(low, 0.0);
  high = std::min(high, static_cast<double>(config.head_dim - 1));
  if (low == high) high += 0.001;
  const auto begin = static_cast<float>(low);
  const auto width = static_cast<float>(high - low);
  const auto factor = static_cast<float>(yarn.factor);
  std::vector<float> out(wavelengths.size());
  for (std::size_t i = 0; i < out.size(); ++i) {
    const float ramp = std::clamp((static_cast<float>(i) - begin) / width, 0.0F, 1.0F);
    const float keep = 1.0F - ramp;
    const float interpolated = 1.0F / (factor * wavelengths[i]);
    const float extrapolated = 1.0F / wavelengths[i];
    out[i] = interpolated * (1.0F - keep) + extrapolated * keep;
  }
  return out;
}

}  // namespace

Rope::Rope(const ModelConfig& config) : inverse_frequencies_(wavelengths(config)) {
  const DefaultFloatEnv arithmetic;
  if (config.yarn) {
    inverse_frequencies_ = yarn_frequencies(config, inverse_frequencies_);
    scaling_ = static_cast<float>(config.yarn->attention_factor);
    return;
  }
  const auto factor = static_cast<float>(config.rope_linear_factor);
  for (float& value : inverse_frequencies_) value = 1.0F / value / factor;
}

void Rope::fill(std::int32_t position, float* cos, float* sin) const noexcept {
  const auto at = static_cast<float>(position);
  for (std::size_t i = 0; i < inverse_frequencies_.size(); ++i) {
    const float angle = at * inverse_frequencies_[i];
    cos[i] = std::cos(angle) * scaling_;
    sin[i] = std::sin(angle) * scaling_;
  }
}

void rotate(float* x, const float* cos, const float* sin, std::size_t half) noexcept {
  for (std::size_t i = 0; i < half; ++i) {
    const float a = x[i];
    const float b = x[i + half];
    x[i] = a * cos[i] - b * sin[i];
    x[i + half] = b * cos[i] + a * sin[i];
  }
}

}  // namespace tlite
