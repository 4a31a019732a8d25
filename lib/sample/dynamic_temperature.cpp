#include "sample/dynamic_temperature.hpp"

#include "kernels/exp.hpp"
#include "kernels/log.hpp"

#include <algorithm>

namespace tlite {

void apply_dynamic_temperature(Candidates& candidates, double temperature, double range,
                               double exponent) {
  const auto weights = candidates.weights();
  if (weights.size() < 2) return;
  const double total = candidates.total();
  const double entropy = log_positive(total) - candidates.mean_log(total);
  const double most = log_positive(static_cast<double>(weights.size()));
  const double share = std::clamp(entropy / most, 0.0, 1.0);
  const double power =
      share > 0 ? exp_nonpositive(exponent * log_positive(share)) : (exponent == 0 ? 1.0 : 0.0);
  const double coldest = std::max(0.0, temperature - range);
  const double chosen = coldest + (temperature + range - coldest) * power;
  if (!(chosen > 0)) {
    candidates.keep_likeliest(1);
    return;
  }
  // Beside the likeliest of them, which XTC may have made small, so that it never vanishes.
  candidates.temper(chosen);
}

}  // namespace tlite
