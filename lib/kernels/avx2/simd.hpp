// Vectors of 16 words for the packed kernels: two registers of AVX2. See scalar/simd.hpp for
// meanings.
#pragma once

#include "kernels/packed/code.hpp"
#include "kernels/unroll.hpp"

#include <algorithm>
#include <array>
#include <bit>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <type_traits>
#include <utility>

#include <immintrin.h>

namespace tlite {
namespace {

struct Avx2 : TierSizes {
  struct V {
    __m256i low, high;
  };
  struct F {
    __m256 low, high;
  };
  static constexpr std::size_t kPrefetchAhead = 2048;
  static constexpr bool kPrefetchOneRow = true;
  // A strip of 20 KB in the first-level cache, a block's part of x of 300 KB in the second.
  // Measured once on a busy Zen 3 with q4_0, 512 rows: tiles of 4 and of 5 rows are as fast, 6 are
  // slower (135 to 159 GOP/s against 212).
  // Medians of seven rounds by turns, q4_k and q4_0: strips of 512 of k are 6 to 11 % slower, of
  // 256 9 to 22 %, blocks of 64 rows 0 to 14 % (the fastest round of a size is up to 1.8 times the
  // slowest). A strip's tile of q4_k and its x that both stay in the first level run at 190 to 245
  // GOP/s a core, of 395 that vpmaddubsw alone gives; the whole kernel at 135 to 160.
  static constexpr std::size_t kStripBlockRows = 192;
  static constexpr std::size_t kPromptStripElements = kStripElements;
  // GOP/s of 8 and 16 rows without a strip and over one (Zen 5): q4_k 252, 257 and 276, 303; q6_k
  // 162, 179 and 244, 284; q8_0 160, 166 and 150, 165.
  static constexpr DirectRows direct_rows(Unpacking unpacking) noexcept {
    return {4, unpacking == Unpacking::none ? 8U : 4U};
  }

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
  TLITE_INLINE static V shr_by(V v, std::size_t bits) noexcept {
    const __m256i count = _mm256_set1_epi32(static_cast<int>(bits));
    return {_mm256_srlv_epi32(v.low, count), _mm256_srlv_epi32(v.high, count)};
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
  TLITE_INLINE static void prefetch(const std::byte* p) noexcept {
    asm volatile("prefetcht1 %0" : : "m"(*p));
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
  // Of each word's pair the odd element, and the even one, as floats.
  TLITE_INLINE static __m256 odd(__m256i words) noexcept {
    const __m256i high = _mm256_set1_epi32(static_cast<int>(0xFFFF0000U));
    return _mm256_castsi256_ps(_mm256_and_si256(words, high));
  }
  TLITE_INLINE static __m256 even(__m256i words) noexcept {
    return _mm256_castsi256_ps(_mm256_slli_epi32(words, 16));
  }
  TLITE_INLINE static __m256i bf16_pair(const std::byte* x) noexcept { return broadcast_word(x); }
  TLITE_INLINE static F add_bf16(F sum, V weights, __m256i x) noexcept {
    sum = {_mm256_fmadd_ps(odd(weights.low), odd(x), sum.low),
           _mm256_fmadd_ps(odd(weights.high), odd(x), sum.high)};
    return {_mm256_fmadd_ps(even(weights.low), even(x), sum.low),
            _mm256_fmadd_ps(even(weights.high), even(x), sum.high)};
  }
  TLITE_INLINE static __m256i four(const std::int8_t* x) noexcept { return broadcast_word(x); }
  TLITE_INLINE static V add_pairs(V sum, V pairs, const std::int16_t* x) noexcept {
    const __m256i two = broadcast_word(x);
    return add(sum, {_mm256_madd_epi16(pairs.low, two), _mm256_madd_epi16(pairs.high, two)});
  }

  // Keeps a sum where it is added up. GCC takes integer sums apart to add their terms in another
  // order, for which all products of a tile have to be kept: in memory, at half the speed.
  TLITE_INLINE static void pin(V& v) noexcept {
    asm("" : "+x"(v.low));
    asm("" : "+x"(v.high));
  }

  TLITE_INLINE static V madd(V a, V b) noexcept {
    return {_mm256_madd_epi16(a.low, b.low), _mm256_madd_epi16(a.high, b.high)};
  }

  // vpmaddubsw adds two products of unsigned by signed bytes in 16 bits and saturates. Codes of up
  // to 6 bits cannot reach that: 2 * 63 * 127 < 2^15. Their sums stay in 16 bits for a whole
  // sub-block: where they begin from the offset's debt the end is the sum of the weights, which
  // fits (8 * 32 * 127 < 2^15, 16 * 16 * 127 too), and what wraps on the way wraps back. Without an
  // offset 5-bit codes need two sums. One vpmaddwd widens them and applies a scale.
  template <CodeRange kCode, std::size_t kGroups>
  struct PairDot {
    static constexpr int kLargest = std::max(kCode.offset, kCode.max - kCode.offset);
    static constexpr std::size_t kGroupsInSum =
        std::min<std::size_t>(32767 / (2 * 127 * kLargest), kGroups);
    static constexpr std::size_t kSums = kGroups / kGroupsInSum;
    static_assert(kSums * kGroupsInSum == kGroups);

    V sum[kSums];

    TLITE_INLINE static PairDot begin(DotStart start) noexcept {
      PairDot dot;
      if constexpr (kCode.offset > 0) {
        static_assert(kSums == 1);
        // The pair was multiplied by 16 for 8 groups, by 32 for 4.
        constexpr int kShift = std::countr_zero(128U / kGroups / kCode.offset);
        const __m256i pair = _mm256_srai_epi16(broadcast_word(start.pair), kShift);
        dot.sum[0] = {pair, pair};
      } else {
        for (V& one : dot.sum) one = zero_words();
      }
      return dot;
    }

    template <std::size_t kGroup>
    TLITE_INLINE void add(V codes, __m256i x) noexcept {
      V& to = sum[kGroup / kGroupsInSum];
      to.low = _mm256_add_epi16(to.low, _mm256_maddubs_epi16(codes.low, x));
      to.high = _mm256_add_epi16(to.high, _mm256_maddubs_epi16(codes.high, x));
      pin(to);
    }

    TLITE_INLINE V total() const noexcept {
      const __m256i one = _mm256_set1_epi16(1);
      V total = madd(sum[0], {one, one});
      for (std::size_t i = 1; i < kSums; ++i) total = Avx2::add(total, madd(sum[i], {one, one}));
      return total;
    }

    // Both halves of a word meet the same scale.
    TLITE_INLINE static V scale(V words) noexcept {
      return or_(and_words<0xFFFFU>(words), shift<16>(words));
    }
    TLITE_INLINE V add_scaled(V scaled, V scale) const noexcept {
      for (const V& one : sum) scaled = Avx2::add(scaled, madd(one, scale));
      return scaled;
    }
  };

  // 8-bit codes become signed weights first, code - 128, and give |weight| * (x with the weight's
  // sign): 2 * 128 * 127 < 2^15, but two of these are more.
  struct ByteDot {
    V sum;

    TLITE_INLINE static ByteDot begin(DotStart) noexcept { return {zero_words()}; }

    TLITE_INLINE static __m256i products(__m256i codes, __m256i x) noexcept {
      const __m256i weights = _mm256_xor_si256(codes, _mm256_set1_epi8(static_cast<char>(128)));
      return _mm256_madd_epi16(
          _mm256_maddubs_epi16(_mm256_abs_epi8(weights), _mm256_sign_epi8(x, weights)),
          _mm256_set1_epi16(1));
    }
    template <std::size_t>
    TLITE_INLINE void add(V codes, __m256i x) noexcept {
      sum = Avx2::add(sum, {products(codes.low, x), products(codes.high, x)});
      pin(sum);
    }

    TLITE_INLINE V total() const noexcept { return sum; }

    TLITE_INLINE static V scale(V words) noexcept { return words; }
    TLITE_INLINE V add_scaled(V scaled, V scale) const noexcept {
      return Avx2::add(scaled, {_mm256_mullo_epi32(sum.low, scale.low),
                                _mm256_mullo_epi32(sum.high, scale.high)});
    }
  };

  template <CodeRange kCode, std::size_t kGroups>
  using Dot = std::conditional_t<(kCode.max > 127), ByteDot, PairDot<kCode, kGroups>>;

  static constexpr CodeRange strip_range(CodeRange code) noexcept { return code; }
  template <CodeRange kCode>
  TLITE_INLINE static V strip_codes(V v) noexcept {
    return v;
  }
};

}  // namespace
}  // namespace tlite
