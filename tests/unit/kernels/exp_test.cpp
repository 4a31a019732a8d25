#include "kernels/exp.hpp"

#include "base/rng.hpp"

#include <cmath>
#include <limits>

#include <doctest/doctest.h>

namespace tlite {

TEST_CASE("kernels/exp: within 1e-14 of libm over the range of normal doubles") {
  CounterRng rng(1);
  for (int i = 0; i < 100000; ++i) {
    const double x = -std::pow(10.0, rng.next_unit() * 9.0 - 6.15);  // 7e-7 to 708
    CHECK(std::abs(exp_nonpositive(x) - std::exp(x)) <= 1e-14 * std::exp(x));
  }
}

TEST_CASE("kernels/exp: exactly one at zero and nothing far below") {
  CHECK(exp_nonpositive(0.0) == 1.0);
  CHECK(exp_nonpositive(-0.0) == 1.0);
  CHECK(exp_nonpositive(-709.0) == 0.0);
  CHECK(exp_nonpositive(-1e300) == 0.0);
  CHECK(exp_nonpositive(-std::numeric_limits<double>::infinity()) == 0.0);
}

}  // namespace tlite
