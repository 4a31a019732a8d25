#include "sample/top_n_sigma.hpp"

#include <array>
#include <cmath>
#include <cstddef>
#include <limits>

namespace tlite {

namespace {

constexpr float kBanned = -std::numeric_limits<float>::infinity();

// The sum of value(score) over what is not banned, in lanes that merge in a fixed order.
template <class Value>
double sum(std::span<const float> scores, Value&& value) {
  std::array<double, 8> lanes{};
  for (std::size_t i = 0; i < scores.size(); ++i) {
    lanes[i % lanes.size()] += scores[i] == kBanned ? 0.0 : value(static_cast<double>(scores[i]));
  }
  double total = 0;
  for (const double lane : lanes) total += lane;
  return total;
}

}  // namespace

void keep_top_n_sigma(std::span<float> scores, float largest, double n) {
  const double count = sum(scores, [](double) { return 1.0; });
  const double mean = sum(scores, [](double score) { return score; }) / count;
  const double variance =
      sum(scores, [mean](double score) { return (score - mean) * (score - mean); }) / count;
  const double bound = static_cast<double>(largest) - n * std::sqrt(variance);
  for (float& score : scores) {
    if (static_cast<double>(score) < bound) score = kBanned;
  }
}

}  // namespace tlite
