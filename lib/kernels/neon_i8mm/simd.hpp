// Vectors of 16 words for the packed kernels: NEON with the int8 matrix products of ARMv8.6, one of
// which multiplies 8 of k of two input rows with those of two weights. See scalar/simd.hpp for
// meanings.
//
// Strips of many rows use them; for up to 8 rows, whose codes come straight from the packed tiles,
// bringing 8 of k together would cost what they save.
#pragma once

#include "kernels/neon/simd.hpp"

namespace tlite {
namespace {

struct NeonI8mm : Neon {
  static constexpr bool kRowPairs = true;

  // Of two groups of k, those of an output side by side: 8 outputs, and the 8 behind them.
  TLITE_INLINE static std::pair<V, V> zip(V first, V second) noexcept {
    const auto zipped = [&](int part) TLITE_INLINE -> V {
      return {{vzip1q_u32(first.part[part], second.part[part]),
               vzip2q_u32(first.part[part], second.part[part]),
               vzip1q_u32(first.part[part + 1], second.part[part + 1]),
               vzip2q_u32(first.part[part + 1], second.part[part + 1])}};
    };
    return {zipped(0), zipped(2)};
  }

  // 8 of k of two rows.
  TLITE_INLINE static int8x16_t eight(const std::int8_t* row, const std::int8_t* next) noexcept {
    return vcombine_s8(vld1_s8(row), vld1_s8(next));
  }

  // Dots of two rows: output o of the first and of the second, and those of output o + 1.
  template <CodeRange kCode, std::size_t kGroups>
  struct DotPair {
    int32x4_t sum[8];

    TLITE_INLINE static DotPair begin(DotStart first, DotStart second) noexcept {
      const auto start = [](DotStart of)
                             TLITE_INLINE { return Dot<kCode, kGroups>::begin(of).sum.part[0]; };
      const auto both = vreinterpretq_s32_u64(
          vzip1q_u64(vreinterpretq_u64_u32(start(first)), vreinterpretq_u64_u32(start(second))));
      return {{both, both, both, both, both, both, both, both}};
    }
    TLITE_INLINE void add(const std::pair<V, V>& codes, int8x16_t x) noexcept {
      unroll<4>([&](auto i) TLITE_INLINE {
        sum[i] = vmmlaq_s32(sum[i], x, Dot<kCode, kGroups>::weights(codes.first.part[i]));
        sum[i + 4] = vmmlaq_s32(sum[i + 4], x, Dot<kCode, kGroups>::weights(codes.second.part[i]));
      });
    }
    template <std::size_t kRow>
    TLITE_INLINE Dot<kCode, kGroups> row() const noexcept {
      return {words([&](int i) TLITE_INLINE {
        const auto first = vreinterpretq_u64_s32(sum[2 * i]);
        const auto second = vreinterpretq_u64_s32(sum[2 * i + 1]);
        return vreinterpretq_u32_u64(kRow == 0 ? vzip1q_u64(first, second)
                                               : vzip2q_u64(first, second));
      })};
    }
  };
};

}  // namespace
}  // namespace tlite
