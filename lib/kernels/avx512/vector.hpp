// 16 lanes in one register: of avx512/ alone, whose flags it is compiled with.
#pragma once

#if defined(__GNUC__) && !defined(__clang__)
// GCC 12's own _mm512_undefined_ps() reads a variable that it does not set (GCC bug 105593).
#pragma GCC diagnostic ignored "-Wmaybe-uninitialized"
#pragma GCC diagnostic ignored "-Wuninitialized"
#endif

#include <cstddef>

#include <immintrin.h>

namespace tlite {
namespace {

__mmask16 first_lanes(int lanes) noexcept {
  return static_cast<__mmask16>((1U << static_cast<unsigned>(lanes)) - 1U);
}

// Bits [0, n) for any n: none below 0, all above 16.
__mmask16 lanes_below(int n) noexcept { return first_lanes(n < 0 ? 0 : (n > 16 ? 16 : n)); }

struct Vector {
  using Part = Vector;
  static constexpr std::size_t kParts = 1;
  // Taking a bf16 weight apart is two steps, shared by the inputs of a tile. On a Xeon (Emerald
  // Rapids), GFLOP/s of 2 threads at 256 rows and at 8: 3 x 8 197, 202; 4 x 6 203, 182; 6 x 4 191,
  // 180; 3 x 8 with the loads of inputs folded into the products 114.
  static constexpr std::size_t kDotRows = 3;
  static constexpr std::size_t kDotInputs = 8;
  static constexpr std::size_t kDotRowsAlone = 4;
  static constexpr std::size_t kAttendQueries = 8;

  __m512 v;

  // Inlined before GCC finds that the function has no effect and drops its calls.
  [[gnu::always_inline]] static void prefetch(const std::byte* at) noexcept {
    _mm_prefetch(reinterpret_cast<const char*>(at), _MM_HINT_T1);
  }
  [[gnu::always_inline]] void keep() noexcept {
#if defined(__AVX512F__)  // where tests emulate it there is no such register
    asm("" : "+v"(v));
#endif
  }
  static Vector zero() noexcept { return {_mm512_setzero_ps()}; }
  static Vector splat(float x) noexcept { return {_mm512_set1_ps(x)}; }
  static Vector load(const float* from) noexcept { return {_mm512_loadu_ps(from)}; }
  static Vector load_first(const float* from, int lanes) noexcept {
    return {_mm512_maskz_loadu_ps(first_lanes(lanes), from)};
  }
  static Vector load_bytes(const std::byte* from) noexcept {
    const __m128i bytes = _mm_loadu_si128(reinterpret_cast<const __m128i*>(from));
    return {_mm512_cvtepi32_ps(_mm512_cvtepi8_epi32(bytes))};
  }
  static void store(float* to, Vector a) noexcept { _mm512_storeu_ps(to, a.v); }
  static void store_first(float* to, Vector a, int lanes) noexcept {
    _mm512_mask_storeu_ps(to, first_lanes(lanes), a.v);
  }
  static Vector fma(Vector a, Vector b, Vector c) noexcept {
    return {_mm512_fmadd_ps(a.v, b.v, c.v)};
  }
  static Vector add(Vector a, Vector b) noexcept { return {_mm512_add_ps(a.v, b.v)}; }
  static Vector sub(Vector a, Vector b) noexcept { return {_mm512_sub_ps(a.v, b.v)}; }
  static Vector mul(Vector a, Vector b) noexcept { return {_mm512_mul_ps(a.v, b.v)}; }
  static Vector div(Vector a, Vector b) noexcept { return {_mm512_div_ps(a.v, b.v)}; }
  static Vector max(Vector a, Vector b) noexcept { return {_mm512_max_ps(a.v, b.v)}; }
  static Vector min(Vector a, Vector b) noexcept { return {_mm512_min_ps(a.v, b.v)}; }
  static Vector keep_lanes(Vector a, int begin, int end, float fill) noexcept {
    const auto keep = static_cast<__mmask16>(lanes_below(end) & ~lanes_below(begin));
    return {_mm512_mask_mov_ps(_mm512_set1_ps(fill), keep, a.v)};
  }
  static Vector zero_where_less(Vector a, Vector x, float bound) noexcept {
    const __mmask16 less = _mm512_cmp_ps_mask(x.v, _mm512_set1_ps(bound), _CMP_LT_OQ);
    return {_mm512_mask_mov_ps(a.v, less, _mm512_setzero_ps())};
  }
  static Vector power_of_two(Vector shifted) noexcept {
    const __m512i biased = _mm512_add_epi32(_mm512_castps_si512(shifted.v), _mm512_set1_epi32(127));
    return {_mm512_castsi512_ps(_mm512_slli_epi32(biased, 23))};
  }
  static float first(Vector a) noexcept { return _mm512_cvtss_f32(a.v); }
  static float sum(Vector a) noexcept {
    const __m256 eight = _mm256_add_ps(_mm512_castps512_ps256(a.v), _mm512_extractf32x8_ps(a.v, 1));
    const __m128 four = _mm_add_ps(_mm256_castps256_ps128(eight), _mm256_extractf128_ps(eight, 1));
    const __m128 two = _mm_add_ps(four, _mm_movehl_ps(four, four));
    return _mm_cvtss_f32(_mm_add_ss(two, _mm_shuffle_ps(two, two, 1)));
  }
  // sum() of 16 vectors, `stride` floats apart, at once: the same tree, each step for two vectors.
  // One by one they were 6 % of a prompt of bf16 weights (Zen 5).
  static Vector sum_16(const float* from, std::size_t stride) noexcept {
    __m512 eight[8];
    for (std::size_t i = 0; i < 8; ++i) {
      const __m512 a = _mm512_loadu_ps(from + i * stride);
      const __m512 b = _mm512_loadu_ps(from + (i + 8) * stride);
      eight[i] = _mm512_add_ps(_mm512_shuffle_f32x4(a, b, 0x44), _mm512_shuffle_f32x4(a, b, 0xEE));
    }
    __m512 four[4];
    for (std::size_t i = 0; i < 4; ++i) {
      four[i] = _mm512_add_ps(_mm512_shuffle_f32x4(eight[i], eight[i + 4], 0x88),
                              _mm512_shuffle_f32x4(eight[i], eight[i + 4], 0xDD));
    }
    __m512 two[2];
    for (std::size_t i = 0; i < 2; ++i) {
      const __m512d a = _mm512_castps_pd(four[i]);
      const __m512d b = _mm512_castps_pd(four[i + 2]);
      two[i] = _mm512_add_ps(_mm512_castpd_ps(_mm512_unpacklo_pd(a, b)),
                             _mm512_castpd_ps(_mm512_unpackhi_pd(a, b)));
    }
    const __m512 one = _mm512_add_ps(_mm512_shuffle_ps(two[0], two[1], 0x88),
                                     _mm512_shuffle_ps(two[0], two[1], 0xDD));
    // It holds vector 0, 2, 1, 3, 8, 10, ..., 4, ..., 12, ...
    const __m512i order = _mm512_setr_epi32(0, 2, 1, 3, 8, 10, 9, 11, 4, 6, 5, 7, 12, 14, 13, 15);
    return {_mm512_permutexvar_ps(order, one)};
  }
  static float largest(Vector a) noexcept { return _mm512_reduce_max_ps(a.v); }
};

}  // namespace
}  // namespace tlite
