// Vectors of 16 words for the packed kernels: two registers of AVX2, with the byte dot products of
// AVX-VNNI. See scalar/simd.hpp for meanings.
#pragma once

#include "kernels/avx2/simd.hpp"

namespace tlite {
namespace {

struct AvxVnni : Avx2 {
  // One row on a Xeon (Emerald Rapids), share of plain reads, without and 2,048, 4,608, 6,912 and
  // 9,216 ahead: q4_k 58, 73, 92, 94, 92 %; q6_k 50, 71, 91, 91, 90; q8_0 84, 96, 100, 100, 97.
  // Strips of q4_k at 512 rows: tiles of 3, 4 and 5 rows are as fast, of 2 a quarter slower.
  static constexpr std::size_t kPrefetchAhead = 6144;
  // Zen 5, GOP/s of 5, 8, 16, 64 rows without a strip in tiles of 4 and of 6, and over one: q4_0
  // 323, 366, 369, 367; 357, 360, 375, 375; 248, 302, 345, 364. q5_0 236, 302, 307, 301; 277, 297,
  // 293, 289; 231, 282, 325, 361.
  static constexpr DirectRows direct_rows(Unpacking unpacking) noexcept {
    if (unpacking <= Unpacking::light) return {6, 64};
    if (unpacking == Unpacking::two_parts || unpacking == Unpacking::table) return {6, 8};
    return {4, 4};
  }

  // vpdpbusd takes any unsigned code; the offset is paid by the start: -128 * sum, shifted.
  template <CodeRange kCode, std::size_t kGroups>
  struct Dot {
    V sum;

    TLITE_INLINE static Dot begin(DotStart start) noexcept {
      if constexpr (kCode.offset == 0) {
        return {zero_words()};
      } else {
        constexpr int kShift = std::countr_zero(128U / kCode.offset);
        const __m256i first = _mm256_set1_epi32(start.whole >> kShift);
        return {{first, first}};
      }
    }
    template <std::size_t>
    TLITE_INLINE void add(V codes, __m256i x) noexcept {
      sum.low = _mm256_dpbusd_avx_epi32(sum.low, codes.low, x);
      sum.high = _mm256_dpbusd_avx_epi32(sum.high, codes.high, x);
    }
    TLITE_INLINE V total() const noexcept { return sum; }

    TLITE_INLINE static V scale(V words) noexcept { return words; }
    TLITE_INLINE V add_scaled(V scaled, V scale) const noexcept {
      return Avx2::add(scaled, {_mm256_mullo_epi32(sum.low, scale.low),
                                _mm256_mullo_epi32(sum.high, scale.high)});
    }
  };

  TLITE_INLINE static V add_pairs(V sum, V pairs, const std::int16_t* x) noexcept {
    const __m256i two = broadcast_word(x);
    return {_mm256_dpwssd_avx_epi32(sum.low, pairs.low, two),
            _mm256_dpwssd_avx_epi32(sum.high, pairs.high, two)};
  }
};

}  // namespace
}  // namespace tlite
