// Norm and activation of one row.
#pragma once

#include "kernels/generic/math.hpp"

#include <cstddef>

namespace tlite::generic {

// Calls body(offset, lanes) for steps of 16.
template <class Body>
void by_16(std::size_t size, Body body) noexcept {
  std::size_t i = 0;
  for (; i + 16 <= size; i += 16) body(i, 16);
  if (i < size) body(i, static_cast<int>(size - i));
}

template <class V>
void rms_norm(const float* x, const float* weight, std::size_t size, float eps,
              float* out) noexcept {
  V squares = V::splat(0.0F);
  by_16(size, [&](std::size_t i, int lanes) {
    const V v = V::load_first(x + i, lanes);
    squares = V::fma(v, v, squares);
  });
  const float mean = V::sum(squares) / static_cast<float>(size);
  const V scale = V::splat(1.0F / __builtin_sqrtf(mean + eps));
  by_16(size, [&](std::size_t i, int lanes) {
    const V v = V::mul(V::load_first(x + i, lanes), scale);
    V::store_first(out + i, V::mul(V::load_first(weight + i, lanes), v), lanes);
  });
}

template <class V>
void silu_multiply(float* gate, const float* up, std::size_t size) noexcept {
  by_16(size, [&](std::size_t i, int lanes) {
    const V g = V::load_first(gate + i, lanes);
    const V e = exp(V::sub(V::splat(0.0F), g));
    const V silu = V::div(g, V::add(V::splat(1.0F), e));
    V::store_first(gate + i, V::mul(silu, V::load_first(up + i, lanes)), lanes);
  });
}

template <class V>
void exp_row(float* x, std::size_t size) noexcept {
  by_16(size, [&](std::size_t i, int lanes) {
    V::store_first(x + i, exp(V::load_first(x + i, lanes)), lanes);
  });
}

}  // namespace tlite::generic
