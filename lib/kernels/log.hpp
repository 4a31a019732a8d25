// ln(x) for normal x > 0 in double, spelt out in IEEE operations like exp.hpp and for the same
// reasons. x = 2^k m with m in [sqrt(1/2), sqrt(2)); ln m = 2 artanh((m - 1) / (m + 1)), whose
// series ends below 1e-17 of its first term: (0.1716^2)^11 / 23. 0 gives a finite number.
#pragma once

#include <bit>
#include <cstdint>

namespace tlite {

template <class Tier = void>
[[gnu::always_inline]] inline double log_positive(double x) noexcept {
  constexpr double kLn2High = 6.93147180369123816490e-01;  // times |k| < 2^20 is exact
  constexpr double kLn2Low = 1.90821492927058770002e-10;
  constexpr std::uint64_t kRootHalf = 0x3FE6A09E667F3BCDULL;  // sqrt(1/2)
  constexpr std::uint64_t kMantissa = (std::uint64_t{1} << 52) - 1;
  const std::uint64_t above = std::bit_cast<std::uint64_t>(x) - (kRootHalf & kMantissa);
  // Converted by way of 2^52 + n: SSE2 and AVX2 have no conversion of 64-bit integers.
  const std::uint64_t exponent = (above >> 52) & 0x7FFU;
  const double k = std::bit_cast<double>(exponent | 0x4330000000000000ULL) - (0x1p52 + 1022.0);
  const double m = std::bit_cast<double>((above & kMantissa) + kRootHalf);
  const double f = (m - 1.0) / (m + 1.0);
  const double s = f * f;
  double p = 1.0 / 21;
  p = p * s + 1.0 / 19;
  p = p * s + 1.0 / 17;
  p = p * s + 1.0 / 15;
  p = p * s + 1.0 / 13;
  p = p * s + 1.0 / 11;
  p = p * s + 1.0 / 9;
  p = p * s + 1.0 / 7;
  p = p * s + 1.0 / 5;
  p = p * s + 1.0 / 3;
  p = p * s + 1.0;
  return k * kLn2High + (k * kLn2Low + 2.0 * f * p);
}

}  // namespace tlite
