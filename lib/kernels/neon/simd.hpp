// Vectors of 16 words for the packed kernels: four registers of NEON with the dot product
// instructions of ARMv8.2. See scalar/simd.hpp for meanings.
#pragma once

#include "kernels/packed/code.hpp"
#include "kernels/unroll.hpp"

#include <array>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <utility>

#include <arm_neon.h>

namespace tlite {
namespace {

struct Neon : TierSizes {
  struct V {
    uint32x4_t part[4];
  };
  struct F {
    float32x4_t part[4];
  };
  static constexpr std::size_t kPrefetchAhead = 2048;  // not measured
  static constexpr bool kPrefetchOneRow = false;

  template <class Part>
  TLITE_INLINE static V words(Part&& part) noexcept {
    return {{part(0), part(1), part(2), part(3)}};
  }
  template <class Part>
  TLITE_INLINE static F floats(Part&& part) noexcept {
    return {{part(0), part(1), part(2), part(3)}};
  }

  TLITE_INLINE static V load(const std::byte* p) noexcept {
    const auto* from = reinterpret_cast<const std::uint8_t*>(p);
    return words([&](int i) TLITE_INLINE { return vreinterpretq_u32_u8(vld1q_u8(from + 16 * i)); });
  }
  TLITE_INLINE static void store(std::byte* p, V v) noexcept {
    auto* to = reinterpret_cast<std::uint8_t*>(p);
    unroll<4>([&](auto i) TLITE_INLINE { vst1q_u8(to + 16 * i, vreinterpretq_u8_u32(v.part[i])); });
  }
  TLITE_INLINE static F load(const float* p) noexcept {
    return floats([&](int i) TLITE_INLINE { return vld1q_f32(p + 4 * i); });
  }
  TLITE_INLINE static void store(float* p, F v) noexcept {
    unroll<4>([&](auto i) TLITE_INLINE { vst1q_f32(p + 4 * i, v.part[i]); });
  }
  TLITE_INLINE static F load_some(const float* p, std::size_t count) noexcept {
    if (count == 16) return load(p);
    float lanes[16] = {};
    for (std::size_t i = 0; i < count; ++i) lanes[i] = p[i];
    return load(lanes);
  }
  TLITE_INLINE static void store_some(float* p, F v, std::size_t count) noexcept {
    if (count == 16) return store(p, v);
    float lanes[16];
    store(lanes, v);
    for (std::size_t i = 0; i < count; ++i) p[i] = lanes[i];
  }

  TLITE_INLINE static F zero() noexcept { return broadcast(0.0F); }
  TLITE_INLINE static V zero_words() noexcept {
    return words([](int) TLITE_INLINE { return vdupq_n_u32(0); });
  }
  TLITE_INLINE static F broadcast(float x) noexcept {
    return floats([&](int) TLITE_INLINE { return vdupq_n_f32(x); });
  }
  TLITE_INLINE static F mul(F a, F b) noexcept {
    return floats([&](int i) TLITE_INLINE { return vmulq_f32(a.part[i], b.part[i]); });
  }
  TLITE_INLINE static F fma(F a, F b, F c) noexcept {
    return floats([&](int i) TLITE_INLINE { return vfmaq_f32(c.part[i], a.part[i], b.part[i]); });
  }
  TLITE_INLINE static F negate(F a) noexcept {
    return floats([&](int i) TLITE_INLINE { return vnegq_f32(a.part[i]); });
  }
  TLITE_INLINE static F to_f32(V v) noexcept {
    return floats([&](int i)
                      TLITE_INLINE { return vcvtq_f32_s32(vreinterpretq_s32_u32(v.part[i])); });
  }
  TLITE_INLINE static F half_low(V v) noexcept {
    return floats([&](int i) TLITE_INLINE {
      return vcvt_f32_f16(vreinterpret_f16_u16(vmovn_u32(v.part[i])));
    });
  }
  TLITE_INLINE static F half_high(V v) noexcept { return half_low(shr<16>(v)); }

  template <int kBits>
  TLITE_INLINE static V shr(V v) noexcept {
    return shift<-kBits>(v);
  }
  TLITE_INLINE static V shr_by(V v, std::size_t bits) noexcept {
    const int32x4_t left = vdupq_n_s32(-static_cast<int>(bits));
    return words([&](int i) TLITE_INLINE { return vshlq_u32(v.part[i], left); });
  }
  template <int kBits>
  TLITE_INLINE static V sra(V v) noexcept {
    return words([&](int i) TLITE_INLINE {
      return vreinterpretq_u32_s32(vshrq_n_s32(vreinterpretq_s32_u32(v.part[i]), kBits));
    });
  }
  template <int kLeft>
  TLITE_INLINE static V shift(V v) noexcept {
    return words([&](int i) TLITE_INLINE {
      if constexpr (kLeft > 0) return vshlq_n_u32(v.part[i], kLeft);
      if constexpr (kLeft < 0) return vshrq_n_u32(v.part[i], -kLeft);
      return v.part[i];
    });
  }
  TLITE_INLINE static void prefetch(const std::byte* p) noexcept {
    asm volatile("prfm pldl2keep, %0" : : "Q"(*p));
  }
  template <std::uint32_t kMask>
  TLITE_INLINE static V and_words(V v) noexcept {
    return words([&](int i) TLITE_INLINE { return vandq_u32(v.part[i], vdupq_n_u32(kMask)); });
  }
  template <std::uint8_t kMask>
  TLITE_INLINE static V and_bytes(V v) noexcept {
    return and_words<kMask * 0x01010101U>(v);
  }
  template <int kNumber>
  TLITE_INLINE static V add_words(V v) noexcept {
    const auto number = vdupq_n_u32(static_cast<std::uint32_t>(kNumber));
    return words([&](int i) TLITE_INLINE { return vaddq_u32(v.part[i], number); });
  }
  TLITE_INLINE static V or_(V a, V b) noexcept {
    return words([&](int i) TLITE_INLINE { return vorrq_u32(a.part[i], b.part[i]); });
  }
  TLITE_INLINE static V lookup(const std::array<std::uint8_t, 16>& table, V v) noexcept {
    const uint8x16_t values = vld1q_u8(table.data());
    return words([&](int i) TLITE_INLINE {
      return vreinterpretq_u32_u8(vqtbl1q_u8(values, vreinterpretq_u8_u32(v.part[i])));
    });
  }

  // Not bfdot: its sums are rounded in a way of their own.
  struct Bf16Pair {
    float32x4_t odd, even;
  };
  TLITE_INLINE static float32x4_t odd(uint32x4_t words) noexcept {
    return vreinterpretq_f32_u32(vandq_u32(words, vdupq_n_u32(0xFFFF0000U)));
  }
  TLITE_INLINE static float32x4_t even(uint32x4_t words) noexcept {
    return vreinterpretq_f32_u32(vshlq_n_u32(words, 16));
  }
  TLITE_INLINE static Bf16Pair bf16_pair(const std::byte* x) noexcept {
    std::uint32_t word;
    std::memcpy(&word, x, sizeof word);
    return {odd(vdupq_n_u32(word)), even(vdupq_n_u32(word))};
  }
  TLITE_INLINE static F add_bf16(F sum, V weights, Bf16Pair x) noexcept {
    return floats([&](int i) TLITE_INLINE {
      const auto first = vfmaq_f32(sum.part[i], odd(weights.part[i]), x.odd);
      return vfmaq_f32(first, even(weights.part[i]), x.even);
    });
  }

  TLITE_INLINE static int8x16_t four(const std::int8_t* x) noexcept {
    std::int32_t word;
    std::memcpy(&word, x, sizeof word);
    return vreinterpretq_s8_s32(vdupq_n_s32(word));
  }
  // Minimums and their products with sums of 32 stay far below 2^31, so unsigned wraps are exact.
  TLITE_INLINE static V add_pairs(V sum, V pairs, const std::int16_t* x) noexcept {
    const auto first = vdupq_n_s32(x[0]);
    const auto second = vdupq_n_s32(x[1]);
    return words([&](int i) TLITE_INLINE {
      const auto low = vandq_u32(pairs.part[i], vdupq_n_u32(0xFFFF));
      const auto high = vshrq_n_u32(pairs.part[i], 16);
      const auto total =
          vmlaq_s32(vreinterpretq_s32_u32(sum.part[i]), vreinterpretq_s32_u32(low), first);
      return vreinterpretq_u32_s32(vmlaq_s32(total, vreinterpretq_s32_u32(high), second));
    });
  }

  // sdot wants signed bytes: codes up to 127 are, and pay their offset at the start; 8-bit codes
  // become weights by flipping the sign bit.
  template <CodeRange kCode, std::size_t kGroups>
  struct Dot {
    static constexpr bool kSigned = kCode.max > 127;
    V sum;

    TLITE_INLINE static Dot begin(DotStart start) noexcept {
      const std::int32_t first = kSigned ? 0 : start.whole / 128 * kCode.offset;
      return {words([&](int) TLITE_INLINE { return vreinterpretq_u32_s32(vdupq_n_s32(first)); })};
    }
    TLITE_INLINE static int8x16_t weights(uint32x4_t codes) noexcept {
      const auto bytes = vreinterpretq_s8_u32(codes);
      return kSigned ? veorq_s8(bytes, vdupq_n_s8(-128)) : bytes;
    }
    template <std::size_t>
    TLITE_INLINE void add(V codes, int8x16_t x) noexcept {
      sum = words([&](int i) TLITE_INLINE {
        return vreinterpretq_u32_s32(
            vdotq_s32(vreinterpretq_s32_u32(sum.part[i]), weights(codes.part[i]), x));
      });
    }
    TLITE_INLINE V total() const noexcept { return sum; }

    TLITE_INLINE static V scale(V words) noexcept { return words; }
    TLITE_INLINE V add_scaled(V scaled, V scale) const noexcept {
      return words([&](int i) TLITE_INLINE {
        return vmlaq_u32(scaled.part[i], sum.part[i], scale.part[i]);
      });
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
