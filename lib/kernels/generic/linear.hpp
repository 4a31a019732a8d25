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
    // Few rows are bound by memory, and weight rows are short for the processor's own prefetching,
    // which stops at 4 KB pages: the lines of the next tile are asked for here, into the second
    // level (into the first: 10 GB/s where this gives 18).
    if (row == 0 && i * E::kBytes % 64 == 0) {
      for (std::size_t r = 0; r < R; ++r) V::prefetch(w[r] + (i + R * k) * E::kBytes);
    }
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

// All rows in tiles of C, the rest in smaller ones: every weight is read once for up to C rows.
template <class V, class E, std::size_t C>
void dot_columns(const LinearTask& t, std::size_t row) noexcept {
  for (; row + C <= t.rows; row += C) dot_rows<V, E, C>(t, row);
  if constexpr (C > 1) {
    if (row < t.rows) dot_columns<V, E, C - 1>(t, row);
  }
}

template <class V, class E>
void linear(const LinearTask& t) noexcept {
  dot_columns<V, E, V::kDotColumns>(t, 0);
}

}  // namespace tlite::generic
