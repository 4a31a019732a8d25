#include "runtime/pooler.hpp"

#include <algorithm>
#include <cmath>

namespace tlite {
namespace {

// Shorter vectors are divided by this, as torch.nn.functional.normalize does: zeros stay zeros.
constexpr double kShortest = 1e-12;

double length_of(std::span<const double> values) noexcept {
  double squares = 0;
  for (const double value : values) squares += value * value;
  return std::sqrt(squares);
}

}  // namespace

// The last state alone and the first alone (a prompt of which the first token is all that counts)
// are means of one.
Pooler::Pooler(Pooling pooling, bool normalize, std::size_t tokens) noexcept
    : normalize_(normalize), next_(pooling == Pooling::last ? tokens - 1 : 0) {}

void Pooler::add(std::span<const float> state) {
  sum_.resize(state.size());
  for (std::size_t i = 0; i < state.size(); ++i) sum_[i] += double{state[i]};
  ++next_;
  ++count_;
}

std::vector<float> Pooler::embedding() const {
  std::vector<double> mean = sum_;
  for (double& value : mean) value /= static_cast<double>(count_);
  const double divisor = normalize_ ? std::max(length_of(mean), kShortest) : 1.0;
  std::vector<float> result;
  result.reserve(mean.size());
  for (const double value : mean) result.push_back(static_cast<float>(value / divisor));
  return result;
}

}  // namespace tlite
