// exp(x) for x <= 0 in double, 0 below -708; spelt out in IEEE operations: it vectorises without an
// instruction set of its own, and a seed gives the same draws on every machine, whatever its libm
// rounds. Range reduction after fdlibm's e_exp.c, Taylor to degree 11: relative error below 1e-14.
// `Tier` keeps what is compiled for one instruction set out of the others.
#pragma once

#include <bit>
#include <cstdint>

namespace tlite {

template <class Tier = void>
[[gnu::always_inline]] inline double exp_nonpositive(double x) noexcept {
  constexpr double kLog2E = 1.44269504088896338700;
  constexpr double kLn2High = 6.93147180369123816490e-01;  // times |k| < 2^20 is exact
  constexpr double kLn2Low = 1.90821492927058770002e-10;
  constexpr double kRound = 0x1.8p52;  // adding it leaves the nearest integer in the low bits
  const double shifted = x * kLog2E + kRound;
  const double k = shifted - kRound;
  const double r = (x - k * kLn2High) - k * kLn2Low;
  double p = 1.0 / 39916800;
  p = p * r + 1.0 / 3628800;
  p = p * r + 1.0 / 362880;
  p = p * r + 1.0 / 40320;
  p = p * r + 1.0 / 5040;
  p = p * r + 1.0 / 720;
  p = p * r + 1.0 / 120;
  p = p * r + 1.0 / 24;
  p = p * r + 1.0 / 6;
  p = p * r + 0.5;
  p = p * r + 1.0;
  p = p * r + 1.0;
  const auto power = std::bit_cast<double>((std::bit_cast<std::uint64_t>(shifted) + 1023) << 52);
  // All ones, or none where x < -708: results end with the normal numbers. By bits, because GCC
  // does not vectorise a select that it can make a branch around the arithmetic.
  const std::uint64_t keep = (std::bit_cast<std::uint64_t>(x + 708.0) >> 63) - 1;
  return std::bit_cast<double>(std::bit_cast<std::uint64_t>(p * power) & keep);
}

}  // namespace tlite
