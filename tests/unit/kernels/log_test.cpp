#include "kernels/log.hpp"

#include "base/rng.hpp"

#include <cmath>

#include <doctest/doctest.h>

namespace tlite {

TEST_CASE("kernels/log: within 4e-16 of the library's logarithm") {
  // Two roundings of the result, of half a unit each, and one of a term below ln(2) / 2.
  CounterRng rng(1);
  for (int i = 0; i < 100000; ++i) {
    const double x = std::exp(-705.0 * rng.next_unit());
    const double expected = std::log(x);
    CHECK(std::abs(log_positive(x) - expected) <= 4e-16 * std::max(std::abs(expected), 1.0));
  }
  CHECK(log_positive(1.0) == 0.0);
  CHECK(std::isfinite(log_positive(0.0)));
}

}  // namespace tlite
