// The table of a tier out of its vector V and the readers of stored elements. V and the readers
// live in the tier's unnamed namespace, so nothing compiled for one instruction set can be linked
// into another.
#pragma once

#include "kernels/generic/attention.hpp"
#include "kernels/generic/attention_bf16.hpp"
#include "kernels/generic/linear.hpp"
#include "kernels/generic/rowwise.hpp"
#include "kernels/generic/scores.hpp"
#include "kernels/ops.hpp"

namespace tlite::generic {

// Reads elements that are stored as the vector's own, for tiers that load from any address.
template <class V>
struct StoredF32 {
  static constexpr std::size_t kBytes = 4;
  static V load(const std::byte* from) noexcept {
    return V::load(reinterpret_cast<const float*>(from));
  }
  static typename V::Part load_part(const std::byte* from) noexcept {
    return V::Part::load(reinterpret_cast<const float*>(from));
  }
  static V load_first(const std::byte* from, int lanes) noexcept {
    return V::load_first(reinterpret_cast<const float*>(from), lanes);
  }
};

template <class V, class F32, class F16, class Bf16>
constexpr KernelOps make_ops() noexcept {
  return {.linear = {&linear<V, F32>, &linear<V, F16>, &linear<V, Bf16>},
          .attend = &attend<V>,
          .attend_bf16 = &attend_bf16<V>,
          .widen_f16 = &widen<V, F16>,
          .widen_q8_keys = &widen_q8_keys<V, F16>,
          .widen_q8_values = &widen_q8_values<V, F16>,
          .merge = &merge<V>,
          .rms_norm = &rms_norm<V>,
          .silu_multiply = &silu_multiply<V>,
          .exp = &exp_row<V>,
          .chunk_maxima = &chunk_maxima<V>,
          .weigh = &weigh<V>,
          .sum_exp = &sum_exp<V>,
          .sum_weight_log = &sum_weight_log<V>,
          .temper = &temper<V>};
}

}  // namespace tlite::generic
