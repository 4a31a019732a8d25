// Vectors of 16 words for the packed kernels: two registers of AVX2. See scalar/simd.hpp for
// meanings.
#pragma once

#include "kernels/packed/code.hpp"
#include "kernels/packed/unroll.hpp"

#include <array>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <utility>

#include <immintrin.h>

namespace tlite {
namespace {

struct Avx2 {
  struct V {
    __m256i low, high;
  };
  struct F {
    __m256 low, high;
  };
  using DirectRows = std::index_sequence<2, 1>;
  using StripRows = std::index_sequence<3, 1>;
  static constexpr std::size_t kTileVectors = 1;

  TLITE_INLINE static V load(const std::byte* p) noexcept {
    const auto* from = reinterpret_cast<const __m256i*>(p);
    return {_mm256_loadu_si256(from), _mm256_loadu_si256(from + 1)};
  }
  TLITE_INLINE static void store(std::byte* p, V v) noexcept {
    auto* to = reinterpret_cast<__m256i*>(p);
    _mm256_storeu_si256(to, v.low);
    _mm256_storeu_si256(to + 1, v.high);
  }
  TLITE_INLINE static F load(const float* p) noexcept {
    return {_mm256_loadu_ps(p), _mm256_loadu_ps(p + 8)};
  }
  TLITE_INLINE static void store(float* p, F v) noexcept {
    _mm256_storeu_ps(p, v.low);
    _mm256_storeu_ps(p + 8, v.high);
  }
  TLITE_INLINE static F load_some(const float* p, std::size_t count) noexcept {
    if (count == 16) return load(p);
    alignas(32) float lanes[16] = {};
    for (std::size_t i = 0; i < count; ++i) lanes[i] = p[i];
    return load(lanes);
  }
  TLITE_INLINE static void store_some(float* p, F v, std::size_t count) noexcept {
    if (count == 16) return store(p, v);
    alignas(32) float lanes[16];
    store(lanes, v);
    for (std::size_t i = 0; i < count; ++i) p[i] = lanes[i];
  }

  TLITE_INLINE static F zero() noexcept { return {_mm256_setzero_ps(), _mm256_setzero_ps()}; }
  TLITE_INLINE static V zero_words() noexcept {
    return {_mm256_setzero_si256(), _mm256_setzero_si256()};
  }
  TLITE_INLINE static F broadcast(float x) noexcept {
    return {_mm256_set1_ps(x), _mm256_set1_ps(x)};
  }
  TLITE_INLINE static F mul(F a, F b) noexcept {
    return {_mm256_mul_ps(a.low, b.low), _mm256_mul_ps(a.high, b.high)};
  }
  TLITE_INLINE static F fma(F a, F b, F c) noexcept {
    return {_mm256_fmadd_ps(a.low, b.low, c.low), _mm256_fmadd_ps(a.high, b.high, c.high)};
  }
  TLITE_INLINE static F negate(F a) noexcept {
    const __m256 sign = _mm256_set1_ps(-0.0F);
    return {_mm256_xor_ps(a.low, sign), _mm256_xor_ps(a.high, sign)};
  }
  TLITE_INLINE static F to_f32(V v) noexcept {
    return {_mm256_cvtepi32_ps(v.low), _mm256_cvtepi32_ps(v.high)};
  }
  // Eight words' low halves to eight floats.
  TLITE_INLINE static __m256 halves(__m256i words) noexcept {
    const __m256i low = _mm256_and_si256(words, _mm256_set1_epi32(0xFFFF));
    const __m256i packed = _mm256_permute4x64_epi64(_mm256_packus_epi32(low, low), 0x08);
    return _mm256_cvtph_ps(_mm256_castsi256_si128(packed));
  }
  TLITE_INLINE static F half_low(V v) noexcept { return {halves(v.low), halves(v.high)}; }
  TLITE_INLINE static F half_high(V v) noexcept { return half_low(shr<16>(v)); }

  template <int kBits>
  TLITE_INLINE static V shr(V v) noexcept {
    return {_mm256_srli_epi32(v.low, kBits), _mm256_srli_epi32(v.high, kBits)};
  }
  template <int kBits>
  TLITE_INLINE static V sra(V v) noexcept {
    return {_mm256_srai_epi32(v.low, kBits), _mm256_srai_epi32(v.high, kBits)};
  }
  template <int kLeft>
  TLITE_INLINE static V shift(V v) noexcept {
    if constexpr (kLeft > 0) {
      return {_mm256_slli_epi32(v.low, kLeft), _mm256_slli_epi32(v.high, kLeft)};
    } else {
      return shr<-kLeft>(v);
    }
  }
  template <std::uint32_t kMask>
  TLITE_INLINE static V and_words(V v) noexcept {
    const __m256i mask = _mm256_set1_epi32(static_cast<int>(kMask));
    return {_mm256_and_si256(v.low, mask), _mm256_and_si256(v.high, mask)};
  }
  template <std::uint8_t kMask>
  TLITE_INLINE static V and_bytes(V v) noexcept {
    return and_words<kMask * 0x01010101U>(v);
  }
  template <int kNumber>
  TLITE_INLINE static V add_words(V v) noexcept {
    return add(v, {_mm256_set1_epi32(kNumber), _mm256_set1_epi32(kNumber)});
  }
  TLITE_INLINE static V add(V a, V b) noexcept {
    return {_mm256_add_epi32(a.low, b.low), _mm256_add_epi32(a.high, b.high)};
  }
  TLITE_INLINE static V or_(V a, V b) noexcept {
    return {_mm256_or_si256(a.low, b.low), _mm256_or_si256(a.high, b.high)};
  }
  TLITE_INLINE static V lookup(const std::array<std::uint8_t, 16>& table, V v) noexcept {
    __m128i values;
    std::memcpy(&values, table.data(), sizeof values);
    const __m256i twice = _mm256_broadcastsi128_si256(values);
    return {_mm256_shuffle_epi8(twice, v.low), _mm256_shuffle_epi8(twice, v.high)};
  }

  TLITE_INLINE static __m256i broadcast_word(const void* p) noexcept {
    int word;
    std::memcpy(&word, p, sizeof word);
    return _mm256_set1_epi32(word);
  }
  TLITE_INLINE static __m256i four(const std::int8_t* x) noexcept { return broadcast_word(x); }
  TLITE_INLINE static V add_pairs(V sum, V pairs, const std::int16_t* x) noexcept {
    const __m256i two = broadcast_word(x);
    return add(sum, {_mm256_madd_epi16(pairs.low, two), _mm256_madd_epi16(pairs.high, two)});
  }

  // vpmaddubsw adds two products of unsigned by signed bytes in 16 bits and saturates. Codes of up
  // to 6 bits cannot reach that: 2 * 63 * 127 < 2^15; smaller ones let several sums be added in 16
  // bits before they are widened. 8-bit codes become signed weights first, code - 128, and give
  // |weight| * (x with the weight's sign): 2 * 128 * 127 < 2^15.
  template <CodeRange kCode>
  struct Dot {
    static constexpr bool kSigned = kCode.max > 127;
    static constexpr int kLargestPair = kSigned ? 2 * 128 * 127 : 2 * kCode.max * 127;
    static constexpr std::size_t kSums = 32767 / kLargestPair;  // that fit in 16 bits

    V sum;
    V partial;

    TLITE_INLINE static Dot begin(std::int32_t start) noexcept {
      const __m256i first =
          kSigned ? _mm256_setzero_si256() : _mm256_set1_epi32(start / 128 * kCode.offset);
      return {{first, first}, zero_words()};
    }

    TLITE_INLINE static __m256i products(__m256i codes, __m256i x) noexcept {
      if constexpr (kSigned) {
        const __m256i weights = _mm256_xor_si256(codes, _mm256_set1_epi8(static_cast<char>(128)));
        return _mm256_maddubs_epi16(_mm256_abs_epi8(weights), _mm256_sign_epi8(x, weights));
      } else {
        return _mm256_maddubs_epi16(codes, x);
      }
    }

    TLITE_INLINE void widen() noexcept {
      const __m256i ones = _mm256_set1_epi16(1);
      sum = Avx2::add(
          sum, {_mm256_madd_epi16(partial.low, ones), _mm256_madd_epi16(partial.high, ones)});
    }

    template <std::size_t kGroup>
    TLITE_INLINE void add(V codes, __m256i x) noexcept {
      const V next = {products(codes.low, x), products(codes.high, x)};
      if constexpr (kGroup % kSums == 0) {
        if constexpr (kGroup > 0) widen();
        partial = next;
      } else {
        partial = {_mm256_add_epi16(partial.low, next.low),
                   _mm256_add_epi16(partial.high, next.high)};
      }
    }

    TLITE_INLINE V total() noexcept {
      widen();
      return sum;
    }
  };

  static constexpr CodeRange strip_range(CodeRange code) noexcept { return code; }
  template <CodeRange kCode>
  TLITE_INLINE static V strip_codes(V v) noexcept {
    return v;
  }
};

}  // namespace
}  // namespace tlite
