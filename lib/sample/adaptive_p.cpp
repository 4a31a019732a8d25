#include "sample/adaptive_p.hpp"

#include "kernels/exp.hpp"

#include <algorithm>
#include <cmath>

namespace tlite {

AdaptiveP::AdaptiveP(double target, double decay)
    : target_(target), decay_(decay), sum_(target / (1 - decay)), weight_(1 / (1 - decay)) {}

// A score that is quadratic near the target and falls linearly far from it; its width and slope are
// llama.cpp's. The token that is nearest gets the weight 1.
void AdaptiveP::apply(Candidates& candidates, std::vector<double>& shares) const {
  constexpr double kWidth = 0.3;
  constexpr double kSharpness = 10.0;
  const double target = std::clamp(2 * target_ - sum_ / weight_, 0.0, 1.0);
  const double total = candidates.total();
  shares.clear();
  double nearest = 1.0;
  for (const double weight : candidates.weights()) {
    shares.push_back(weight / total);
    if (weight > 0) nearest = std::min(nearest, std::abs(weight / total - target));
  }
  const auto fall = [](double distance) {
    const double d = distance / kWidth;
    return kSharpness * d * d / (1 + d);
  };
  const double least = fall(nearest);
  candidates.reweight([&](double weight) {
    if (!(weight > 0)) return 0.0;
    return exp_nonpositive(least - fall(std::abs(weight / total - target)));
  });
}

void AdaptiveP::observe(double share) noexcept {
  sum_ = share + decay_ * sum_;
  weight_ = 1 + decay_ * weight_;
}

}  // namespace tlite
