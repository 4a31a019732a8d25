// <immintrin.h> for compiling the AVX-VNNI and AVX-512 kernels where the processor has none: SIMDe
// computes each newer intrinsic by AVX2 and plain loops, and what SIMDe 0.7 lacks is below, lane by
// lane as Intel's manual describes it. For tests alone: see tests/cross/kernels.sh.
#pragma once

// The macros of libc's own code would be renamed as well if it came later.
#include <array>
#include <cmath>
#include <cstdint>
#include <cstring>

#include_next <immintrin.h>
#define SIMDE_ENABLE_NATIVE_ALIASES
#include <simde/x86/avx512.h>

namespace emulated {

template <class To, class From>
inline To bits(const From& from) noexcept {
  static_assert(sizeof(To) == sizeof(From));
  To to;
  std::memcpy(&to, &from, sizeof to);
  return to;
}

using Floats = std::array<float, 16>;

inline __m512 loadu_ps(const void* from) noexcept {
  __m512 to;
  std::memcpy(&to, from, sizeof to);
  return to;
}

inline void storeu_ps(void* to, __m512 from) noexcept { std::memcpy(to, &from, sizeof from); }

inline __m512 maskz_loadu_ps(__mmask16 mask, const void* from) noexcept {
  Floats lanes{};
  for (unsigned i = 0; i < 16; ++i) {
    if ((mask >> i & 1U) != 0) std::memcpy(&lanes[i], static_cast<const float*>(from) + i, 4);
  }
  return bits<__m512>(lanes);
}

inline void mask_storeu_ps(void* to, __mmask16 mask, __m512 from) noexcept {
  const auto lanes = bits<Floats>(from);
  for (unsigned i = 0; i < 16; ++i) {
    if ((mask >> i & 1U) != 0) std::memcpy(static_cast<float*>(to) + i, &lanes[i], 4);
  }
}

inline __m256i maskz_loadu_epi16(__mmask16 mask, const void* from) noexcept {
  std::array<short, 16> lanes{};
  for (unsigned i = 0; i < 16; ++i) {
    if ((mask >> i & 1U) != 0) std::memcpy(&lanes[i], static_cast<const short*>(from) + i, 2);
  }
  return bits<__m256i>(lanes);
}

template <class Half>
inline __m512 join(Half low, Half high) noexcept {
  return bits<__m512>(std::array<Half, 2>{low, high});
}

inline __m512 cvtph_ps(__m256i halves) noexcept {
  return join(_mm256_cvtph_ps(_mm256_castsi256_si128(halves)),
              _mm256_cvtph_ps(_mm256_extracti128_si256(halves, 1)));
}

inline __m512i cvtepu16_epi32(__m256i halves) noexcept {
  return bits<__m512i>(join(_mm256_cvtepu16_epi32(_mm256_castsi256_si128(halves)),
                            _mm256_cvtepu16_epi32(_mm256_extracti128_si256(halves, 1))));
}

inline __m512i cvtepi8_epi32(__m128i bytes) noexcept {
  return bits<__m512i>(
      join(_mm256_cvtepi8_epi32(bytes), _mm256_cvtepi8_epi32(_mm_srli_si128(bytes, 8))));
}

inline __m256i cvtepi32_epi16(__m512i words) noexcept {
  const auto lanes = bits<std::array<int, 16>>(words);
  std::array<short, 16> halves;
  for (unsigned i = 0; i < 16; ++i) halves[i] = static_cast<short>(lanes[i]);
  return bits<__m256i>(halves);
}

inline __m512 cvtepi32_ps(__m512i words) noexcept {
  const auto half = bits<std::array<__m256i, 2>>(words);
  return join(_mm256_cvtepi32_ps(half[0]), _mm256_cvtepi32_ps(half[1]));
}

inline __m512i srai_epi32(__m512i words, unsigned count) noexcept {
  auto half = bits<std::array<__m256i, 2>>(words);
  for (__m256i& eight : half) eight = _mm256_srai_epi32(eight, static_cast<int>(count));
  return bits<__m512i>(half);
}

inline float cvtss_f32(__m512 a) noexcept { return bits<Floats>(a)[0]; }

inline float reduce_max_ps(__m512 a) noexcept {
  const auto lanes = bits<Floats>(a);
  float largest = lanes[0];
  for (const float lane : lanes) largest = lane > largest ? lane : largest;
  return largest;
}

inline __m256 extractf32x8_ps(__m512 a, int half) noexcept {
  return bits<std::array<__m256, 2>>(a)[static_cast<unsigned>(half)];
}

// As the processor does it: the odd products first, each step fused.
template <class Pairs>
__m512 dpbf16_ps(__m512 sum, Pairs a, Pairs b) noexcept {
  auto lanes = bits<std::array<float, 16>>(sum);
  const auto left = bits<std::array<std::uint32_t, 16>>(a);
  const auto right = bits<std::array<std::uint32_t, 16>>(b);
  const auto number = [](std::uint32_t high) { return bits<float>(high & 0xFFFF0000U); };
  for (std::size_t i = 0; i < 16; ++i) {
    lanes[i] = std::fma(number(left[i]), number(right[i]), lanes[i]);
    lanes[i] = std::fma(number(left[i] << 16), number(right[i] << 16), lanes[i]);
  }
  return bits<__m512>(lanes);
}

// Two of a's quarters, then two of b's.
template <int kPick>
__m512 shuffle_f32x4(__m512 a, __m512 b) noexcept {
  using Quarters = std::array<__m128, 4>;
  const auto left = bits<Quarters>(a);
  const auto right = bits<Quarters>(b);
  return bits<__m512>(Quarters{left[kPick & 3], left[kPick >> 2 & 3], right[kPick >> 4 & 3],
                               right[kPick >> 6 & 3]});
}

// In each quarter the same.
template <int kPick>
__m512 shuffle_ps(__m512 a, __m512 b) noexcept {
  const auto left = bits<Floats>(a);
  const auto right = bits<Floats>(b);
  Floats to{};
  for (std::size_t q = 0; q < 16; q += 4) {
    to[q] = left[q + (kPick & 3)];
    to[q + 1] = left[q + (kPick >> 2 & 3)];
    to[q + 2] = right[q + (kPick >> 4 & 3)];
    to[q + 3] = right[q + (kPick >> 6 & 3)];
  }
  return bits<__m512>(to);
}

template <std::size_t kHalf>
__m512d unpack_pd(__m512d a, __m512d b) noexcept {
  using Doubles = std::array<double, 8>;
  const auto left = bits<Doubles>(a);
  const auto right = bits<Doubles>(b);
  Doubles to{};
  for (std::size_t q = 0; q < 8; q += 2) {
    to[q] = left[q + kHalf];
    to[q + 1] = right[q + kHalf];
  }
  return bits<__m512d>(to);
}

inline __m512 permutexvar_ps(__m512i order, __m512 a) noexcept {
  const auto pick = bits<std::array<std::uint32_t, 16>>(order);
  const auto from = bits<Floats>(a);
  Floats to{};
  for (std::size_t i = 0; i < 16; ++i) to[i] = from[pick[i] & 15U];
  return bits<__m512>(to);
}

inline __m512i setr_epi32(const std::array<int, 16>& words) noexcept {
  return bits<__m512i>(words);
}

}  // namespace emulated

#undef _mm512_loadu_ps
#undef _mm512_storeu_ps
#undef _mm512_maskz_loadu_ps
#undef _mm512_mask_storeu_ps
#undef _mm256_maskz_loadu_epi16
#undef _mm512_cvtph_ps
#undef _mm512_cvtepu16_epi32
#undef _mm512_cvtepi8_epi32
#undef _mm512_cvtepi32_epi16
#undef _mm512_cvtepi32_ps
#undef _mm512_srai_epi32
#undef _mm512_cvtss_f32
#undef _mm512_reduce_max_ps
#undef _mm512_extractf32x8_ps
#undef _mm512_dpbf16_ps
#undef _mm512_shuffle_f32x4
#undef _mm512_shuffle_ps
#undef _mm512_unpacklo_pd
#undef _mm512_unpackhi_pd
#undef _mm512_permutexvar_ps
#undef _mm512_setr_epi32
#define _mm512_loadu_ps emulated::loadu_ps
#define _mm512_storeu_ps emulated::storeu_ps
#define _mm512_maskz_loadu_ps emulated::maskz_loadu_ps
#define _mm512_mask_storeu_ps emulated::mask_storeu_ps
#define _mm256_maskz_loadu_epi16 emulated::maskz_loadu_epi16
#define _mm512_cvtph_ps emulated::cvtph_ps
#define _mm512_cvtepu16_epi32 emulated::cvtepu16_epi32
#define _mm512_cvtepi8_epi32 emulated::cvtepi8_epi32
#define _mm512_cvtepi32_epi16 emulated::cvtepi32_epi16
#define _mm512_cvtepi32_ps emulated::cvtepi32_ps
#define _mm512_srai_epi32 emulated::srai_epi32
#define _mm512_cvtss_f32 emulated::cvtss_f32
#define _mm512_reduce_max_ps emulated::reduce_max_ps
#define _mm512_extractf32x8_ps emulated::extractf32x8_ps
#define _mm512_dpbf16_ps emulated::dpbf16_ps
#define _mm512_shuffle_f32x4(a, b, pick) emulated::shuffle_f32x4<pick>(a, b)
#define _mm512_shuffle_ps(a, b, pick) emulated::shuffle_ps<pick>(a, b)
#define _mm512_unpacklo_pd emulated::unpack_pd<0>
#define _mm512_unpackhi_pd emulated::unpack_pd<1>
#define _mm512_permutexvar_ps emulated::permutexvar_ps
#define _mm512_setr_epi32(...) emulated::setr_epi32({__VA_ARGS__})

#undef _mm256_dpbusd_avx_epi32
#undef _mm256_dpwssd_avx_epi32
#define _mm256_dpbusd_avx_epi32 simde_mm256_dpbusd_epi32
#define _mm256_dpwssd_avx_epi32 simde_mm256_dpwssd_epi32
