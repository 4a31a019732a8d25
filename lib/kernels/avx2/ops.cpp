// 16 lanes in two registers.
#include "kernels/generic/table.hpp"
#include "kernels/tiers.hpp"

#include <immintrin.h>

namespace tlite {
namespace {

// All bits set in the lanes below n, for lanes [from, from + 8).
__m256i lanes_below(int n, int from) noexcept {
  const __m256i lane = _mm256_setr_epi32(0, 1, 2, 3, 4, 5, 6, 7);
  return _mm256_cmpgt_epi32(_mm256_set1_epi32(n - from), lane);
}

// Half of the lanes.
struct Half {
  __m256 v;

  [[gnu::always_inline]] void keep() noexcept { asm("" : "+x"(v)); }
  static Half zero() noexcept { return {_mm256_setzero_ps()}; }
  static Half load(const float* from) noexcept { return {_mm256_loadu_ps(from)}; }
  static void store(float* to, Half a) noexcept { _mm256_storeu_ps(to, a.v); }
  static Half fma(Half a, Half b, Half c) noexcept { return {_mm256_fmadd_ps(a.v, b.v, c.v)}; }
};

struct Vector {
  using Part = Half;
  static constexpr std::size_t kParts = 2;
  static constexpr std::size_t kDotRows = 3;
  static constexpr std::size_t kDotInputs = 4;
  static constexpr std::size_t kDotRowsAlone = 4;
  static constexpr std::size_t kAttendQueries = 3;

  __m256 low, high;

  // Inlined before GCC finds that the function has no effect and drops its calls.
  [[gnu::always_inline]] static void prefetch(const std::byte* at) noexcept {
    _mm_prefetch(reinterpret_cast<const char*>(at), _MM_HINT_T1);
  }
  static Vector splat(float x) noexcept { return {_mm256_set1_ps(x), _mm256_set1_ps(x)}; }
  static Vector load(const float* from) noexcept {
    return {_mm256_loadu_ps(from), _mm256_loadu_ps(from + 8)};
  }
  static Vector load_first(const float* from, int lanes) noexcept {
    return {_mm256_maskload_ps(from, lanes_below(lanes, 0)),
            _mm256_maskload_ps(from + 8, lanes_below(lanes, 8))};
  }
  static __m256 bytes_8(const std::byte* from) noexcept {
    const __m128i bytes = _mm_loadl_epi64(reinterpret_cast<const __m128i*>(from));
    return _mm256_cvtepi32_ps(_mm256_cvtepi8_epi32(bytes));
  }
  static Vector load_bytes(const std::byte* from) noexcept {
    return {bytes_8(from), bytes_8(from + 8)};
  }
  static void store(float* to, Vector a) noexcept {
    _mm256_storeu_ps(to, a.low);
    _mm256_storeu_ps(to + 8, a.high);
  }
  static void store_first(float* to, Vector a, int lanes) noexcept {
    _mm256_maskstore_ps(to, lanes_below(lanes, 0), a.low);
    _mm256_maskstore_ps(to + 8, lanes_below(lanes, 8), a.high);
  }
  static Vector fma(Vector a, Vector b, Vector c) noexcept {
    return {_mm256_fmadd_ps(a.low, b.low, c.low), _mm256_fmadd_ps(a.high, b.high, c.high)};
  }
  static Vector add(Vector a, Vector b) noexcept {
    return {_mm256_add_ps(a.low, b.low), _mm256_add_ps(a.high, b.high)};
  }
  static Vector sub(Vector a, Vector b) noexcept {
    return {_mm256_sub_ps(a.low, b.low), _mm256_sub_ps(a.high, b.high)};
  }
  static Vector mul(Vector a, Vector b) noexcept {
    return {_mm256_mul_ps(a.low, b.low), _mm256_mul_ps(a.high, b.high)};
  }
  static Vector div(Vector a, Vector b) noexcept {
    return {_mm256_div_ps(a.low, b.low), _mm256_div_ps(a.high, b.high)};
  }
  static Vector max(Vector a, Vector b) noexcept {
    return {_mm256_max_ps(a.low, b.low), _mm256_max_ps(a.high, b.high)};
  }
  static Vector min(Vector a, Vector b) noexcept {
    return {_mm256_min_ps(a.low, b.low), _mm256_min_ps(a.high, b.high)};
  }
  static __m256 keep(__m256 a, int begin, int end, float fill, int from) noexcept {
    const __m256i inside = _mm256_andnot_si256(lanes_below(begin, from), lanes_below(end, from));
    return _mm256_blendv_ps(_mm256_set1_ps(fill), a, _mm256_castsi256_ps(inside));
  }
  static Vector keep_lanes(Vector a, int begin, int end, float fill) noexcept {
    return {keep(a.low, begin, end, fill, 0), keep(a.high, begin, end, fill, 8)};
  }
  static Vector zero_where_less(Vector a, Vector x, float bound) noexcept {
    const __m256 limit = _mm256_set1_ps(bound);
    return {_mm256_andnot_ps(_mm256_cmp_ps(x.low, limit, _CMP_LT_OQ), a.low),
            _mm256_andnot_ps(_mm256_cmp_ps(x.high, limit, _CMP_LT_OQ), a.high)};
  }
  static __m256 power(__m256 shifted) noexcept {
    const __m256i biased = _mm256_add_epi32(_mm256_castps_si256(shifted), _mm256_set1_epi32(127));
    return _mm256_castsi256_ps(_mm256_slli_epi32(biased, 23));
  }
  static Vector power_of_two(Vector shifted) noexcept {
    return {power(shifted.low), power(shifted.high)};
  }
  static float first(Vector a) noexcept { return _mm256_cvtss_f32(a.low); }
  static float sum(Vector a) noexcept {
    const __m256 eight = _mm256_add_ps(a.low, a.high);
    const __m128 four = _mm_add_ps(_mm256_castps256_ps128(eight), _mm256_extractf128_ps(eight, 1));
    const __m128 two = _mm_add_ps(four, _mm_movehl_ps(four, four));
    return _mm_cvtss_f32(_mm_add_ss(two, _mm_shuffle_ps(two, two, 1)));
  }
  static float largest(Vector a) noexcept {
    const __m256 eight = _mm256_max_ps(a.low, a.high);
    const __m128 four = _mm_max_ps(_mm256_castps256_ps128(eight), _mm256_extractf128_ps(eight, 1));
    const __m128 two = _mm_max_ps(four, _mm_movehl_ps(four, four));
    return _mm_cvtss_f32(_mm_max_ss(two, _mm_shuffle_ps(two, two, 1)));
  }
};

// The first `lanes` of 16 stored halves, zeros behind them. AVX2 has no masked load of 16 bits.
struct Halves {
  alignas(32) unsigned short bits[16] = {};
  Halves(const std::byte* from, int lanes) noexcept {
    __builtin_memcpy(bits, from, static_cast<std::size_t>(lanes) * 2);
  }
  const std::byte* data() const noexcept { return reinterpret_cast<const std::byte*>(bits); }
};

__m128i load_8(const std::byte* from) noexcept {
  return _mm_loadu_si128(reinterpret_cast<const __m128i*>(from));
}

struct F16 {
  static constexpr std::size_t kBytes = 2;
  static Vector load(const std::byte* from) noexcept {
    return {_mm256_cvtph_ps(load_8(from)), _mm256_cvtph_ps(load_8(from + 16))};
  }
  static Half load_part(const std::byte* from) noexcept { return {_mm256_cvtph_ps(load_8(from))}; }
  static Vector load_first(const std::byte* from, int lanes) noexcept {
    return load(Halves(from, lanes).data());
  }
};

struct Bf16 {
  static constexpr std::size_t kBytes = 2;
  static __m256 widen(__m128i stored) noexcept {
    return _mm256_castsi256_ps(_mm256_slli_epi32(_mm256_cvtepu16_epi32(stored), 16));
  }
  static Vector load(const std::byte* from) noexcept {
    return {widen(load_8(from)), widen(load_8(from + 16))};
  }
  static Half load_part(const std::byte* from) noexcept { return {widen(load_8(from))}; }
  static Vector load_first(const std::byte* from, int lanes) noexcept {
    return load(Halves(from, lanes).data());
  }
};

}  // namespace

const KernelOps kAvx2Ops = generic::make_ops<Vector, generic::StoredF32<Vector>, F16, Bf16>();

}  // namespace tlite
