// The K formats (256 weights with integer scales for each 16 or 32): planes of a tile of 256, and
// how to take them apart. Written once over a tier's vector type S.
//
//   plane              q4_k     q5_k     q6_k     q2_k     q3_k     iq4_xs
//   d, dmin, f16       0        0        -        0        -        0 (scales_high for dmin)
//   d, f32             -        -        0        -        0        -
//   scales             1..3     1..3     1..4     1..4     1..3     1
//   high bits          -        4..11    5..12    -        4..11    -
//   low bits           4..35    12..43   13..28   5..20    12..27   2..33
//   second half, high  -        -        29..36   -        -        -
//                low   -        -        37..52   -        -        -
//
// Apart from d of q6_k and q3_k the planes are the words of the blocks of tensor/blocks.hpp as they
// are, so packing is a transposition. They lie in the order in which they are first read, which
// prefetchers need: with all high bits of q6_k before its low ones a row was read at 55 % of the
// memory's speed in place of 72.
#pragma once

#include "kernels/activations.hpp"
#include "kernels/packed/code.hpp"
#include "kernels/packed/job.hpp"
#include "kernels/unroll.hpp"
#include "tensor/blocks.hpp"

namespace tlite {

// kSub: elements that share a scale. kStep: sub-blocks whose numbers are known when compiling: two,
// for code has to be short. Weights that stream through the second-level cache push it out of there,
// and from the first level and the decoded instructions with it, so a long loop comes from the third
// level again and again. Zen 5, weights from memory, q5_k, GOP/s of 4, 8 and 12 rows with eight
// sub-blocks (10 to 20 KB of code) 212, 470, 480, with two 385, 650, 625; from the second level 590,
// 715, 770 and 625, 700, 690.
template <class S, std::size_t kSub, std::size_t kStep>
struct Tile256 {
  using V = typename S::V;
  using Activation = Activation256;
  static constexpr std::size_t kElements = 256;
  static constexpr std::size_t kSubs = 256 / kSub;
  static constexpr std::size_t kInner = kStep;
  static constexpr std::size_t kGroups = kSub / 4;
  static constexpr bool kHasMin = false;
  static constexpr std::size_t kMinPairs = 0;  // of minimums as 16-bit numbers, side by side
  static constexpr Unpacking kUnpacking = Unpacking::heavy;
};

template <class S>
TLITE_INLINE inline typename S::V plane(const std::byte* tile, std::size_t index) noexcept {
  return S::load(tile + index * kPlaneBytes);
}

// Byte kByte of each word, as a number.
template <class S, std::size_t kByte>
TLITE_INLINE inline typename S::V byte_of(typename S::V words) noexcept {
  return S::template and_words<0xFFU>(S::template shr<8 * kByte>(words));
}

// Bytes 0, 1 (kHalf 0) or 2, 3 of each word as a pair of 16-bit numbers.
template <class S, std::size_t kHalf>
TLITE_INLINE inline typename S::V pair_of(typename S::V words) noexcept {
  const auto first = byte_of<S, 2 * kHalf>(words);
  const auto second =
      S::template and_words<0xFF0000U>(S::template shift < kHalf == 0 ? 8 : -8 > (words));
  return S::or_(first, second);
}

// 6-bit scales and minimums of Q4_K and Q5_K: see scales_and_mins in tensor/blocks.cpp.
template <class S, std::size_t kStep>
struct SixBitScales : Tile256<S, 32, kStep> {
  using V = typename S::V;
  static constexpr bool kHasMin = true;
  static constexpr std::size_t kMinPairs = 4;
  static constexpr int kMostScale = 63;  // the largest magnitude

  static typename S::F block_scale(const std::byte* tile) noexcept {
    return S::half_low(plane<S>(tile, 0));
  }

  // Calls use(sub, scale) for each sub-block, scales as words; so do the other formats.
  template <class Use>
  TLITE_INLINE static void scales(const std::byte* tile, Use&& use) noexcept {
    const V first = plane<S>(tile, 1);
    const V low = S::template and_bytes<0x3F>(first);
    const V high = S::or_(S::template and_bytes<0x0F>(plane<S>(tile, 3)),
                          S::template and_bytes<0x30>(S::template shr<2>(first)));
    unroll<4>([&](auto s) TLITE_INLINE {
      use(s, byte_of<S, s>(low));
      use(s + 4, byte_of<S, s>(high));
    });
  }

  static void min_pairs(const std::byte* tile, std::byte* out, std::size_t stride) noexcept {
    const V first = plane<S>(tile, 2);
    const V low = S::template and_bytes<0x3F>(first);
    const V high = S::or_(S::template and_bytes<0x0F>(S::template shr<4>(plane<S>(tile, 3))),
                          S::template and_bytes<0x30>(S::template shr<2>(first)));
    S::store(out, pair_of<S, 0>(low));
    S::store(out + stride, pair_of<S, 1>(low));
    S::store(out + 2 * stride, pair_of<S, 0>(high));
    S::store(out + 3 * stride, pair_of<S, 1>(high));
  }

  static typename S::F min_scale(const std::byte* tile) noexcept {
    return S::half_high(plane<S>(tile, 0));
  }

  static const std::int16_t* min_sums(const Activation256& x) noexcept { return x.sum32; }
};

template <class S>
struct Q4_K : SixBitScales<S, 2> {
  static constexpr Unpacking kUnpacking = Unpacking::light;
  static constexpr std::size_t kPlanes = 36;
  static constexpr CodeRange kCode{0, 15};

  template <std::size_t kSub, std::size_t kGroup>
  TLITE_INLINE static typename S::V codes(const std::byte* tile, std::size_t outer) noexcept {
    const auto words = plane<S>(tile, 4 + 8 * outer + kGroup);
    return S::template and_bytes<0x0F>(S::template shr<4 * kSub>(words));
  }
};

template <class S>
struct Q5_K : SixBitScales<S, 2> {
  static constexpr std::size_t kPlanes = 44;
  static constexpr CodeRange kCode{0, 31};

  template <std::size_t kSub, std::size_t kGroup>
  TLITE_INLINE static typename S::V codes(const std::byte* tile, std::size_t outer) noexcept {
    const auto low = S::template and_bytes<0x0F>(
        S::template shr<4 * kSub>(plane<S>(tile, 12 + 8 * outer + kGroup)));
    const auto high = S::template shift<4 - static_cast<int>(kSub)>(
        S::shr_by(plane<S>(tile, 4 + kGroup), 2 * outer));
    return S::or_(low, S::template and_bytes<0x10>(high));
  }
};

template <class S>
struct Q6_K : Tile256<S, 16, 2> {
  static constexpr std::size_t kPlanes = 53;
  static constexpr CodeRange kCode{32, 63};
  static constexpr int kMostScale = 128;

  static typename S::F block_scale(const std::byte* tile) noexcept {
    return S::load(reinterpret_cast<const float*>(tile));
  }

  template <class Use>
  TLITE_INLINE static void scales(const std::byte* tile, Use&& use) noexcept {
    unroll<16>([&](auto s) TLITE_INLINE {
      const auto words =
          S::template shift<24 - 8 * static_cast<int>(s % 4)>(plane<S>(tile, 1 + s / 4));
      use(s, S::template sra<24>(words));
    });
  }

  // `outer` counts the 32s, four of them in a half; kSub the 16s of each.
  template <std::size_t kSub, std::size_t kGroup>
  TLITE_INLINE static typename S::V codes(const std::byte* tile, std::size_t outer) noexcept {
    constexpr std::size_t kAt = kSub * 4 + kGroup;
    const std::byte* const half = tile + outer / 4 * 24 * kPlaneBytes;
    const std::size_t quarter = outer % 4;
    const auto low = S::template and_bytes<0x0F>(
        S::shr_by(plane<S>(half, 13 + 8 * (quarter % 2) + kAt), quarter / 2 * 4));
    const auto high = S::template and_bytes<0x30>(
        S::template shift<4>(S::shr_by(plane<S>(half, 5 + kAt), 2 * quarter)));
    return S::or_(low, high);
  }
};

template <class S>
struct Q2_K : Tile256<S, 16, 2> {
  using V = typename S::V;
  static constexpr Unpacking kUnpacking = Unpacking::many_scales;
  static constexpr std::size_t kPlanes = 21;
  static constexpr CodeRange kCode{0, 3};
  static constexpr int kMostScale = 15;
  static constexpr bool kHasMin = true;
  static constexpr std::size_t kMinPairs = 8;

  static typename S::F block_scale(const std::byte* tile) noexcept {
    return S::half_low(plane<S>(tile, 0));
  }

  template <class Use>
  TLITE_INLINE static void scales(const std::byte* tile, Use&& use) noexcept {
    unroll<16>([&](auto s) TLITE_INLINE {
      use(s, byte_of<S, s % 4>(S::template and_bytes<0x0F>(plane<S>(tile, 1 + s / 4))));
    });
  }

  static void min_pairs(const std::byte* tile, std::byte* out, std::size_t stride) noexcept {
    unroll<4>([&](auto i) TLITE_INLINE {
      const V mins = S::template and_bytes<0x0F>(S::template shr<4>(plane<S>(tile, 1 + i)));
      S::store(out + 2 * i * stride, pair_of<S, 0>(mins));
      S::store(out + (2 * i + 1) * stride, pair_of<S, 1>(mins));
    });
  }

  static typename S::F min_scale(const std::byte* tile) noexcept {
    return S::half_high(plane<S>(tile, 0));
  }

  static const std::int16_t* min_sums(const Activation256& x) noexcept { return x.sum16; }

  template <std::size_t kSub, std::size_t kGroup>
  TLITE_INLINE static V codes(const std::byte* tile, std::size_t outer) noexcept {
    const V words = plane<S>(tile, 5 + outer / 4 * 8 + kSub * 4 + kGroup);
    return S::template and_bytes<0x03>(S::shr_by(words, outer % 4 * 2));
  }
};

template <class S>
struct Q3_K : Tile256<S, 16, 2> {
  using V = typename S::V;
  static constexpr std::size_t kPlanes = 28;
  static constexpr CodeRange kCode{4, 7};
  static constexpr int kMostScale = 32;

  static typename S::F block_scale(const std::byte* tile) noexcept {
    return S::load(reinterpret_cast<const float*>(tile));
  }

  template <class Use>
  TLITE_INLINE static void scales(const std::byte* tile, Use&& use) noexcept {
    unroll<16>([&](auto s) TLITE_INLINE {
      const V low = byte_of<S, s % 4>(
          S::template and_bytes<0x0F>(S::template shr<s / 8 * 4>(plane<S>(tile, 1 + s % 8 / 4))));
      const V high = byte_of<S, s % 4>(S::template and_bytes<0x30>(
          S::template shift<4 - 2 * static_cast<int>(s / 4)>(plane<S>(tile, 3))));
      use(s, S::template add_words<-32>(S::or_(low, high)));
    });
  }

  template <std::size_t kSub, std::size_t kGroup>
  TLITE_INLINE static V codes(const std::byte* tile, std::size_t outer) noexcept {
    constexpr std::size_t kAt = kSub * 4 + kGroup;
    const V low = S::template and_bytes<0x03>(
        S::shr_by(plane<S>(tile, 12 + outer / 4 * 8 + kAt), outer % 4 * 2));
    const V high = S::template shift<2>(S::shr_by(plane<S>(tile, 4 + kAt), outer));
    return S::or_(low, S::template and_bytes<0x04>(high));
  }
};

template <class S>
struct IQ4_XS : Tile256<S, 32, 2> {
  using V = typename S::V;
  static constexpr Unpacking kUnpacking = Unpacking::table;
  static constexpr std::size_t kPlanes = 34;
  static constexpr CodeRange kCode{128, 255};
  static constexpr int kMostScale = 32;

  static typename S::F block_scale(const std::byte* tile) noexcept {
    return S::half_low(plane<S>(tile, 0));
  }

  template <class Use>
  TLITE_INLINE static void scales(const std::byte* tile, Use&& use) noexcept {
    const V first = plane<S>(tile, 0);
    unroll<8>([&](auto s) TLITE_INLINE {
      const V low = S::template and_words<0x0FU>(S::template shr<4 * s>(plane<S>(tile, 1)));
      const V high = S::template and_words<0x30U>(S::template shr<12 + 2 * s>(first));
      use(s, S::template add_words<-32>(S::or_(low, high)));
    });
  }

  template <std::size_t kSub, std::size_t kGroup>
  TLITE_INLINE static V codes(const std::byte* tile, std::size_t outer) noexcept {
    const V words = plane<S>(tile, 2 + 8 * outer + 4 * kSub + kGroup % 4);
    return S::lookup(kIq4Codes,
                     S::template and_bytes<0x0F>(S::template shr<kGroup / 4 * 4>(words)));
  }
};

}  // namespace tlite
