#include "sample/mirostat.hpp"

#include "kernels/exp.hpp"
#include "kernels/log.hpp"

#include <algorithm>
#include <array>
#include <cmath>
#include <functional>
#include <limits>

namespace tlite {

namespace {

constexpr double kLn2 = 0.693147180559945309417;

// exp.hpp's for both signs.
double exp_of(double x) noexcept { return x <= 0 ? exp_nonpositive(x) : 1 / exp_nonpositive(-x); }

}  // namespace

// Equation 30 of the paper's appendix: k for the surprise mu, where probabilities fall as a power
// of the rank. Its fraction tends to 1 / ln(n) where the exponent is 1.
std::size_t Mirostat::likeliest_to_keep(const Candidates& candidates,
                                        std::size_t vocabulary_size) const {
  std::array<double, 100> top{};
  const auto weights = candidates.weights();
  const auto end = std::partial_sort_copy(weights.begin(), weights.end(), top.begin(), top.end(),
                                          std::greater<>());
  const auto count = static_cast<std::size_t>(end - top.begin());
  double products = 0;
  double squares = 0;
  for (std::size_t i = 0; i + 1 < count && top[i + 1] > 0; ++i) {
    const double t = log_positive(static_cast<double>(i + 2) / static_cast<double>(i + 1));
    products += t * log_positive(top[i] / top[i + 1]);
    squares += t * t;
  }
  if (squares == 0) return 1;
  const double s = std::max(products / squares, std::numeric_limits<double>::min());
  const double epsilon = s - 1;
  const double log_n = log_positive(static_cast<double>(vocabulary_size));
  const double fraction =
      std::abs(epsilon) < 1e-9 ? 1 / log_n : epsilon / (1 - exp_of(-epsilon * log_n));
  const double log_k = (log_positive(fraction) + mu_ * kLn2) / s;
  if (!(log_k > 0)) return 1;
  if (log_k >= log_n) return vocabulary_size;
  return static_cast<std::size_t>(exp_of(log_k));
}

void Mirostat::truncate(Candidates& candidates, std::size_t vocabulary_size) const {
  if (version_ == 1) {
    candidates.keep_likeliest(likeliest_to_keep(candidates, vocabulary_size));
    return;
  }
  const double bound = exp_of(-mu_ * kLn2) * candidates.total();
  const auto weights = candidates.weights();
  if (bound > *std::max_element(weights.begin(), weights.end())) {
    candidates.keep_likeliest(1);
  } else {
    candidates.retain([bound](double weight) { return weight >= bound; });
  }
}

void Mirostat::observe(double share) noexcept {
  mu_ -= eta_ * (-log_positive(share) / kLn2 - tau_);
}

}  // namespace tlite
