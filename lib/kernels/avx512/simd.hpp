// Vectors of 16 words for the packed kernels: AVX-512 with VNNI. See scalar/simd.hpp for meanings.
#pragma once

#include "kernels/packed/code.hpp"
#include "kernels/unroll.hpp"

#include <array>
#include <bit>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <utility>

#include <immintrin.h>

namespace tlite {
namespace {

struct Avx512 : TierSizes {
  using V = __m512i;
  using F = __m512;
  static constexpr std::size_t kMostStripRows = 6;
  static constexpr std::size_t kMostBf16Rows = 12;
  // A strip of few rows is 20 KB, of a prompt 150 KB, half of a small second-level cache.
  static constexpr std::size_t kTileVectors = 2;
  static constexpr std::size_t kStripElements = 512;
  // Zen 5, GOP/s of 12, 16, 32 rows without a strip and over one: q8_0 659, 613, 691 and 486, 540,
  // 623; q4_k 660, 690, 690 and 602, 624, 698; q2_k 601, 612, 572 and 520, 565, 594; iq4_xs 603,
  // 623, 642 and 641, 649, 708; q6_k, in tiles of 12, 418, 483, 506 and 540, 571, 646. A tile of 12
  // of q2_k and iq4_xs is 5 % slower than one of 10, of 16 of q8_0 7 % than two of 8.
  static constexpr DirectRows direct_rows(Unpacking unpacking) noexcept {
    switch (unpacking) {
      case Unpacking::none:
        return {13, 64};
      case Unpacking::light:
      case Unpacking::two_parts:
        return {12, 64};
      case Unpacking::many_scales:
        return {10, 30};
      case Unpacking::table:
        return {10, 10};
      case Unpacking::heavy:
        break;
    }
    return {8, 8};
  }
  static constexpr std::size_t kPrefetchAhead = 9216;
  static constexpr bool kPrefetchOneRow = true;

  TLITE_INLINE static V load(const std::byte* p) noexcept { return _mm512_loadu_si512(p); }
  TLITE_INLINE static void store(std::byte* p, V v) noexcept { _mm512_storeu_si512(p, v); }
  TLITE_INLINE static F load(const float* p) noexcept { return _mm512_loadu_ps(p); }
  TLITE_INLINE static void store(float* p, F v) noexcept { _mm512_storeu_ps(p, v); }
  TLITE_INLINE static __mmask16 lanes(std::size_t count) noexcept {
    return static_cast<__mmask16>((1U << count) - 1U);
  }
  TLITE_INLINE static F load_some(const float* p, std::size_t count) noexcept {
    return _mm512_maskz_loadu_ps(lanes(count), p);
  }
  TLITE_INLINE static void store_some(float* p, F v, std::size_t count) noexcept {
    _mm512_mask_storeu_ps(p, lanes(count), v);
  }

  TLITE_INLINE static F zero() noexcept { return _mm512_setzero_ps(); }
  TLITE_INLINE static V zero_words() noexcept { return _mm512_setzero_si512(); }
  TLITE_INLINE static F broadcast(float x) noexcept { return _mm512_set1_ps(x); }
  TLITE_INLINE static F mul(F a, F b) noexcept { return _mm512_mul_ps(a, b); }
  TLITE_INLINE static F fma(F a, F b, F c) noexcept { return _mm512_fmadd_ps(a, b, c); }
  TLITE_INLINE static F negate(F a) noexcept { return _mm512_sub_ps(_mm512_set1_ps(-0.0F), a); }
  TLITE_INLINE static F to_f32(V v) noexcept { return _mm512_cvtepi32_ps(v); }
  TLITE_INLINE static F half_low(V v) noexcept { return _mm512_cvtph_ps(_mm512_cvtepi32_epi16(v)); }
  TLITE_INLINE static F half_high(V v) noexcept { return half_low(shr<16>(v)); }

  template <unsigned kBits>
  TLITE_INLINE static V shr(V v) noexcept {
    return kBits == 0 ? v : _mm512_srli_epi32(v, kBits);
  }
  TLITE_INLINE static V shr_by(V v, std::size_t bits) noexcept {
    return _mm512_srlv_epi32(v, _mm512_set1_epi32(static_cast<int>(bits)));
  }
  template <unsigned kBits>
  TLITE_INLINE static V sra(V v) noexcept {
    return _mm512_srai_epi32(v, kBits);
  }
  template <int kLeft>
  TLITE_INLINE static V shift(V v) noexcept {
    if constexpr (kLeft > 0) {
      return _mm512_slli_epi32(v, kLeft);
    } else {
      return shr<static_cast<unsigned>(-kLeft)>(v);
    }
  }
  TLITE_INLINE static void prefetch(const std::byte* p) noexcept {
    asm volatile("prefetcht1 %0" : : "m"(*p));
  }
  // What v is made of is computed before this, not after.
  TLITE_INLINE static void keep(V& v) noexcept {
#if defined(__AVX512F__)  // where tests emulate it there is no such register
    asm volatile("" : "+v"(v));
#endif
  }
  template <std::uint32_t kMask>
  TLITE_INLINE static V and_words(V v) noexcept {
    return _mm512_and_si512(v, _mm512_set1_epi32(static_cast<int>(kMask)));
  }
  template <std::uint8_t kMask>
  TLITE_INLINE static V and_bytes(V v) noexcept {
    return and_words<kMask * 0x01010101U>(v);
  }
  template <int kNumber>
  TLITE_INLINE static V add_words(V v) noexcept {
    return _mm512_add_epi32(v, _mm512_set1_epi32(kNumber));
  }
  TLITE_INLINE static V or_(V a, V b) noexcept { return _mm512_or_si512(a, b); }
  TLITE_INLINE static V lookup(const std::array<std::uint8_t, 16>& table, V v) noexcept {
    __m128i values;
    std::memcpy(&values, table.data(), sizeof values);
    return _mm512_shuffle_epi8(_mm512_broadcast_i32x4(values), v);
  }

  TLITE_INLINE static V broadcast_word(const void* p) noexcept {
    int word;
    std::memcpy(&word, p, sizeof word);
    return _mm512_set1_epi32(word);
  }
  TLITE_INLINE static V four(const std::int8_t* x) noexcept { return broadcast_word(x); }
  TLITE_INLINE static V add_pairs(V sum, V pairs, const std::int16_t* x) noexcept {
    return _mm512_dpwssd_epi32(sum, pairs, broadcast_word(x));
  }

  TLITE_INLINE static V bf16_pair(const std::byte* x) noexcept { return broadcast_word(x); }
  TLITE_INLINE static F add_bf16(F sum, V weights, V x) noexcept {
    return _mm512_dpbf16_ps(sum, std::bit_cast<__m512bh>(weights), std::bit_cast<__m512bh>(x));
  }

  // vpdpbusd takes any unsigned code; the offset is paid by the start: -128 * sum, shifted.
  template <CodeRange kCode, std::size_t kGroups>
  struct Dot {
    V sum;

    TLITE_INLINE static Dot begin(DotStart start) noexcept {
      if constexpr (kCode.offset == 0) {
        return {_mm512_setzero_si512()};
      } else {
        constexpr auto kShift = static_cast<unsigned>(__builtin_ctz(128U / kCode.offset));
        const V first = _mm512_set1_epi32(start.whole);
        return {kShift == 0 ? first : sra<kShift>(first)};
      }
    }
    template <std::size_t>
    TLITE_INLINE void add(V codes, V x) noexcept {
      sum = _mm512_dpbusd_epi32(sum, codes, x);
    }
    // add(codes, four(x)) in one instruction in place of two. Compilers fold a broadcast into most
    // instructions, but GCC 12 not into this one.
    template <std::size_t kGroup>
    TLITE_INLINE void add_four(V codes, const std::int8_t* x) noexcept {
#if defined(__AVX512F__)
      asm("vpdpbusd %2%{1to16%}, %1, %0"
          : "+v"(sum)
          : "v"(codes), "m"(*reinterpret_cast<const std::int8_t(*)[4]>(x)));
#else
      add<kGroup>(codes, four(x));
#endif
    }
    TLITE_INLINE V total() const noexcept { return sum; }

    TLITE_INLINE static V scale(V words) noexcept { return words; }
    TLITE_INLINE V add_scaled(V scaled, V scale) const noexcept {
      return _mm512_add_epi32(scaled, _mm512_mullo_epi32(sum, scale));
    }
  };

  // In strips the offset is 128 for all formats that have one, so that no start needs a shift.
  static constexpr CodeRange strip_range(CodeRange code) noexcept {
    return code.offset == 0 ? code : CodeRange{128, 255};
  }
  template <CodeRange kCode>
  TLITE_INLINE static V strip_codes(V v) noexcept {
    constexpr int kAdd = strip_range(kCode).offset - kCode.offset;
    return kAdd == 0 ? v : _mm512_add_epi8(v, _mm512_set1_epi8(static_cast<char>(kAdd)));
  }
};

}  // namespace
}  // namespace tlite
