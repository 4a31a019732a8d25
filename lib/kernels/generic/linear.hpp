// Dot products of weight rows with input rows, in register tiles of R x C.
#pragma once

#include "kernels/ops.hpp"

#include <cstddef>

namespace tlite::generic {

// E reads 16 stored weights as floats. `w` is the first of R rows, `x` the first of C.
template <class V, class E, std::size_t R, std::size_t C>
void dot_tile(const LinearTask& t, std::size_t out, std::size_t row) noexcept {
  const std::size_t k = t.in_features;
  const std::byte* w[R];
  const float* x[C];
  for (std::size_t r = 0; r < R; ++r) w[r] = t.w + (out + r) * k * E::kBytes;
  for (std::size_t c = 0; c < C; ++c) x[c] = t.x + (row + c) * t.x_stride;
  V sum[R][C];
  for (std::size_t r = 0; r < R; ++r) {
    for (std::size_t c = 0; c < C; ++c) sum[r][c] = V::splat(0.0F);
  }
  const std::size_t whole = k / 16 * 16;
  for (std::size_t i = 0; i < whole; i += 16) {
    V weights[R];
    for (std::size_t r = 0; r < R; ++r) weights[r] = E::load(w[r] + i * E::kBytes);
    for (std::size_t c = 0; c < C; ++c) {
      const V input = V::load(x[c] + i);
      for (std::size_t r = 0; r < R; ++r) sum[r][c] = V::fma(weights[r], input, sum[r][c]);
    }
  }
  if (whole < k) {
    const int rest = static_cast<int>(k - whole);
    for (std::size_t c = 0; c < C; ++c) {
      const V input = V::load_first(x[c] + whole, rest);
      for (std::size_t r = 0; r < R; ++r) {
        sum[r][c] = V::fma(E::load_first(w[r] + whole * E::kBytes, rest), input, sum[r][c]);
      }
    }
  }
  for (std::size_t c = 0; c < C; ++c) {
    float* y = t.y + (row + c) * t.y_stride + out;
    for (std::size_t r = 0; r < R; ++r) y[r] = V::sum(sum[r][c]);
  }
}

template <class V, class E, std::size_t C>
void dot_rows(const LinearTask& t, std::size_t row) noexcept {
  constexpr std::size_t kR = C == 1 ? V::kDotRowsAlone : V::kDotRows;
  std::size_t out = 0;
  for (; out + kR <= t.outs; out += kR) dot_tile<V, E, kR, C>(t, out, row);
  for (; out < t.outs; ++out) dot_tile<V, E, 1, C>(t, out, row);
}

template <class V, class E>
void linear(const LinearTask& t) noexcept {
  std::size_t row = 0;
  for (; row + V::kDotColumns <= t.rows; row += V::kDotColumns) {
    dot_rows<V, E, V::kDotColumns>(t, row);
  }
  for (; row + 2 <= t.rows; row += 2) dot_rows<V, E, 2>(t, row);
  for (; row < t.rows; ++row) dot_rows<V, E, 1>(t, row);
}

}  // namespace tlite::generic
