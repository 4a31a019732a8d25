// The logits that tests/golden/samplers.py makes too: cubes of uniform values.
#pragma once

#include "base/rng.hpp"

#include <cstddef>
#include <vector>

namespace tlite {

inline std::vector<float> random_logits(std::uint64_t seed, std::size_t count, double scale) {
  CounterRng rng(seed);
  std::vector<float> logits(count);
  for (float& logit : logits) {
    const double z = 2.0 * rng.next_unit() - 1.0;
    logit = static_cast<float>(z * z * z * scale);
  }
  return logits;
}

}  // namespace tlite
