// attend_bf16() for processors without a product of bf16 pairs: operands are taken apart into
// floats, where each step of a pair is one fused step; dimensions change places in their pairs, so
// that the odd one comes first. That costs a fortieth of the products for a whole block of queries;
// one query alone reads memory for most of its time.
#pragma once

#include "kernels/generic/attention.hpp"

#include <bit>
#include <cstddef>
#include <cstdint>

namespace tlite::generic {

inline float bf16_float(std::uint16_t bits) noexcept {
  return std::bit_cast<float>(static_cast<std::uint32_t>(bits) << 16);
}

// `count` pairs: the first of each to `even`, the second to `odd`.
inline void take_apart(const std::uint16_t* pairs, std::size_t count, float* even,
                       float* odd) noexcept {
  for (std::size_t i = 0; i < count; ++i) {
    even[i] = bf16_float(pairs[2 * i]);
    odd[i] = bf16_float(pairs[2 * i + 1]);
  }
}

template <class V>
void attend_bf16(const PageAttention& a) noexcept {
  float* const keys = a.space;
  float* const values = keys + kPage * a.head_dim;
  float* const q = values + kPage * a.head_dim;
  for (std::size_t d = 0; d < a.head_dim; d += 2) {
    take_apart(a.keys_bf16 + d * kPage, kPage, keys + (d + 1) * kPage, keys + d * kPage);
  }
  for (std::size_t j = 0; j < kPage; j += 2) {
    take_apart(a.values_bf16 + j * a.head_dim, a.head_dim, values + j * a.head_dim,
               values + (j + 1) * a.head_dim);
  }
  for (std::size_t i = 0; i < a.queries * a.head_dim; i += 2) {
    q[i] = bf16_float(a.q_bf16[i + 1]);
    q[i + 1] = bf16_float(a.q_bf16[i]);
  }
  PageAttention floats = a;
  floats.keys = keys;
  floats.values = values;
  floats.q = q;
  attend<V, true>(floats);
}

}  // namespace tlite::generic
