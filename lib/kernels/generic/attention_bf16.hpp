// attend_bf16() for processors without a product of bf16 pairs: operands are taken apart into
// floats, where each step of a pair is one fused step; dimensions change places in their pairs, so
// that the odd one comes first. That costs a fortieth of the products for a whole block of queries;
// one query alone reads memory for most of its time.
#pragma once

#include "kernels/generic/attention.hpp"

#include <cstddef>
#include <cstdint>

namespace tlite::generic {

// Of each tier its own (V is), and without bf16_to_f32() or std::bit_cast(): a plain inline
// function that a compiler does not inline is linked once, from the instruction set of any tier.
template <class V>
TLITE_INLINE inline float as_float(std::uint16_t bits) noexcept {
  return __builtin_bit_cast(float, static_cast<std::uint32_t>(bits) << 16);
}

// `count` pairs: the first of each to `even`, the second to `odd`.
template <class V>
void take_apart(const std::uint16_t* pairs, std::size_t count, float* even, float* odd) noexcept {
  for (std::size_t i = 0; i < count; ++i) {
    even[i] = as_float<V>(pairs[2 * i]);
    odd[i] = as_float<V>(pairs[2 * i + 1]);
  }
}

template <class V>
void attend_bf16(const PageAttention& a) noexcept {
  float* const keys = a.operands.space;
  float* const values = keys + kPage * a.state.head_dim;
  float* const q = values + kPage * a.state.head_dim;
  for (std::size_t d = 0; d < a.state.head_dim; d += 2) {
    take_apart<V>(a.operands.keys_bf16 + d * kPage, kPage, keys + (d + 1) * kPage,
                  keys + d * kPage);
  }
  for (std::size_t j = 0; j < kPage; j += 2) {
    take_apart<V>(a.operands.values_bf16 + j * a.state.head_dim, a.state.head_dim,
                  values + j * a.state.head_dim, values + (j + 1) * a.state.head_dim);
  }
  for (std::size_t i = 0; i < a.state.queries * a.state.head_dim; i += 2) {
    q[i] = as_float<V>(a.operands.q_bf16[i + 1]);
    q[i + 1] = as_float<V>(a.operands.q_bf16[i]);
  }
  PageAttention floats = a;
  floats.operands.keys = keys;
  floats.operands.values = values;
  floats.operands.q = q;
  attend<V, true>(floats);
}

}  // namespace tlite::generic
