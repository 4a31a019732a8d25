// 16 lanes in four registers.
#include "kernels/generic/table.hpp"
#include "kernels/tiers.hpp"

#include <arm_neon.h>

namespace tlite {
namespace {

// Lanes [4 n, 4 n + 4) as numbers.
int32x4_t lanes_from(int first) noexcept {
  constexpr int kFour[4] = {0, 1, 2, 3};
  return vaddq_s32(vld1q_s32(kFour), vdupq_n_s32(first));
}

// a > b ? a : b, as x86 has it: of a NaN or of two zeros the second.
float32x4_t larger(float32x4_t a, float32x4_t b) noexcept {
  return vbslq_f32(vcgtq_f32(a, b), a, b);
}
float32x4_t smaller(float32x4_t a, float32x4_t b) noexcept {
  return vbslq_f32(vcltq_f32(a, b), a, b);
}

// Half of the lanes.
struct Half {
  float32x4_t v[2];

  void keep() noexcept {}
  static Half zero() noexcept { return {{vdupq_n_f32(0), vdupq_n_f32(0)}}; }
  static Half load(const float* from) noexcept { return {{vld1q_f32(from), vld1q_f32(from + 4)}}; }
  static void store(float* to, Half a) noexcept {
    vst1q_f32(to, a.v[0]);
    vst1q_f32(to + 4, a.v[1]);
  }
  static Half fma(Half a, Half b, Half c) noexcept {
    return {{vfmaq_f32(c.v[0], a.v[0], b.v[0]), vfmaq_f32(c.v[1], a.v[1], b.v[1])}};
  }
};

struct Vector {
  using Part = Half;
  static constexpr std::size_t kParts = 2;
  // Sums of a tile and what they are made of fill the 32 registers. Not measured.
  static constexpr std::size_t kDotRows = 3;
  static constexpr std::size_t kDotInputs = 4;
  static constexpr std::size_t kDotRowsAlone = 4;
  static constexpr std::size_t kAttendQueries = 2;

  float32x4_t v[4];

  template <class Lanes>
  static Vector of(Lanes&& lanes) noexcept {
    return {{lanes(0), lanes(1), lanes(2), lanes(3)}};
  }

  [[gnu::always_inline]] static void prefetch(const std::byte* at) noexcept {
    __builtin_prefetch(at, 0, 2);
  }
  static Vector splat(float x) noexcept {
    return of([x](int) { return vdupq_n_f32(x); });
  }
  static Vector load(const float* from) noexcept {
    return of([from](int i) { return vld1q_f32(from + 4 * i); });
  }
  static Vector load_first(const float* from, int lanes) noexcept {
    if (lanes == 16) return load(from);
    float some[16] = {};
    __builtin_memcpy(some, from, static_cast<std::size_t>(lanes) * sizeof(float));
    return load(some);
  }
  static Vector load_bytes(const std::byte* from) noexcept {
    const int8x16_t bytes = vld1q_s8(reinterpret_cast<const std::int8_t*>(from));
    const int16x8_t halves[2] = {vmovl_s8(vget_low_s8(bytes)), vmovl_s8(vget_high_s8(bytes))};
    return of([&](int i) {
      const int16x8_t half = halves[i / 2];
      return vcvtq_f32_s32(vmovl_s16(i % 2 == 0 ? vget_low_s16(half) : vget_high_s16(half)));
    });
  }
  static void store(float* to, Vector a) noexcept {
    for (int i = 0; i < 4; ++i) vst1q_f32(to + 4 * i, a.v[i]);
  }
  static void store_first(float* to, Vector a, int lanes) noexcept {
    if (lanes == 16) return store(to, a);
    float all[16];
    store(all, a);
    __builtin_memcpy(to, all, static_cast<std::size_t>(lanes) * sizeof(float));
  }
  static Vector fma(Vector a, Vector b, Vector c) noexcept {
    return of([&](int i) { return vfmaq_f32(c.v[i], a.v[i], b.v[i]); });
  }
  static Vector add(Vector a, Vector b) noexcept {
    return of([&](int i) { return vaddq_f32(a.v[i], b.v[i]); });
  }
  static Vector sub(Vector a, Vector b) noexcept {
    return of([&](int i) { return vsubq_f32(a.v[i], b.v[i]); });
  }
  static Vector mul(Vector a, Vector b) noexcept {
    return of([&](int i) { return vmulq_f32(a.v[i], b.v[i]); });
  }
  static Vector div(Vector a, Vector b) noexcept {
    return of([&](int i) { return vdivq_f32(a.v[i], b.v[i]); });
  }
  static Vector max(Vector a, Vector b) noexcept {
    return of([&](int i) { return larger(a.v[i], b.v[i]); });
  }
  static Vector min(Vector a, Vector b) noexcept {
    return of([&](int i) { return smaller(a.v[i], b.v[i]); });
  }
  static Vector keep_lanes(Vector a, int begin, int end, float fill) noexcept {
    return of([&](int i) {
      const int32x4_t lane = lanes_from(4 * i);
      const uint32x4_t inside =
          vandq_u32(vcgeq_s32(lane, vdupq_n_s32(begin)), vcltq_s32(lane, vdupq_n_s32(end)));
      return vbslq_f32(inside, a.v[i], vdupq_n_f32(fill));
    });
  }
  static Vector zero_where_less(Vector a, Vector x, float bound) noexcept {
    return of([&](int i) {
      const uint32x4_t less = vcltq_f32(x.v[i], vdupq_n_f32(bound));
      return vreinterpretq_f32_u32(vbicq_u32(vreinterpretq_u32_f32(a.v[i]), less));
    });
  }
  static Vector power_of_two(Vector shifted) noexcept {
    return of([&](int i) {
      const int32x4_t biased = vaddq_s32(vreinterpretq_s32_f32(shifted.v[i]), vdupq_n_s32(127));
      return vreinterpretq_f32_s32(vshlq_n_s32(biased, 23));
    });
  }
  static float first(Vector a) noexcept { return vgetq_lane_f32(a.v[0], 0); }
  static float sum(Vector a) noexcept {
    const float32x4_t four = vaddq_f32(vaddq_f32(a.v[0], a.v[2]), vaddq_f32(a.v[1], a.v[3]));
    const float32x2_t two = vadd_f32(vget_low_f32(four), vget_high_f32(four));
    return vget_lane_f32(two, 0) + vget_lane_f32(two, 1);
  }
  static float largest(Vector a) noexcept {
    const float32x4_t four = larger(larger(a.v[0], a.v[2]), larger(a.v[1], a.v[3]));
    const float32x4_t two = larger(four, vextq_f32(four, four, 2));
    return vgetq_lane_f32(larger(two, vextq_f32(two, two, 1)), 0);
  }
};

// 16-bit elements, four of which `Widen` turns into floats.
template <class Widen>
struct Stored16 {
  static constexpr std::size_t kBytes = 2;

  // Not necessarily aligned to the element.
  static float32x4_t four(const std::byte* from) noexcept {
    return Widen::widen(vreinterpret_u16_u8(vld1_u8(reinterpret_cast<const std::uint8_t*>(from))));
  }
  static Vector load(const std::byte* from) noexcept {
    return Vector::of([from](int i) { return four(from + 8 * i); });
  }
  static Half load_part(const std::byte* from) noexcept { return {{four(from), four(from + 8)}}; }
  static Vector load_first(const std::byte* from, int lanes) noexcept {
    std::byte some[32] = {};
    __builtin_memcpy(some, from, static_cast<std::size_t>(lanes) * 2);
    return load(some);
  }
};

struct WidenF16 {
  static float32x4_t widen(uint16x4_t bits) noexcept {
    return vcvt_f32_f16(vreinterpret_f16_u16(bits));
  }
};

struct WidenBf16 {
  static float32x4_t widen(uint16x4_t bits) noexcept {
    return vreinterpretq_f32_u32(vshll_n_u16(bits, 16));
  }
};

}  // namespace

const KernelOps kNeonOps = generic::make_ops<Vector, generic::StoredF32<Vector>, Stored16<WidenF16>,
                                             Stored16<WidenBf16>>();

}  // namespace tlite
