// The formats with one scale for 32 weights: what lies on which plane of a tile of 64, and how to
// take it apart. Written once over a tier's vector type S (see scalar/simd.hpp for its parts).
//
//   plane                    q8_0    q4_0, iq4_nl   q5_0    q4_1    q5_1
//   d of both blocks, f16    0       0              0       -       -
//   d, m of each, f16        -       -              -       0..1    0..1
//   fifth bits of each       -       -              1..2    -       2..3
//   codes of block 0         1..8    1..4           3..6    2..5    4..7
//   codes of block 1         9..16   5..8           7..10   6..9    8..11
//
// A plane of 8-bit codes holds 4 k of each row, one of 4-bit codes k in the low nibbles and k + 16
// in the high ones; bit g of byte i of a word of fifth bits belongs to k = 4 g + i. Codes of q8_0
// are stored + 128.
#pragma once

#include "kernels/activations.hpp"
#include "kernels/packed/code.hpp"
#include "kernels/packed/job.hpp"
#include "kernels/unroll.hpp"
#include "tensor/blocks.hpp"

namespace tlite {

template <class S>
struct Tile32 {
  using V = typename S::V;
  using Activation = Activation64;
  static constexpr std::size_t kElements = 64;
  static constexpr std::size_t kSubs = 2;
  static constexpr std::size_t kInner = 2;   // sub-blocks whose numbers are known when compiling
  static constexpr std::size_t kGroups = 8;  // of four k in a sub-block
  static constexpr bool kHasMin = false;
  static constexpr std::size_t kMinPairs = 0;
  static constexpr Unpacking kUnpacking = Unpacking::light;

  static V plane(const std::byte* tile, std::size_t index) noexcept {
    return S::load(tile + index * kPlaneBytes);
  }
};

template <class S>
struct PairScales : Tile32<S> {
  static void scales(const std::byte* tile, float* out, std::size_t stride) noexcept {
    const auto words = S::load(tile);
    S::store(out, S::half_low(words));
    S::store(out + stride, S::half_high(words));
  }
};

// d in the low half of a word, m in the high one.
template <class S>
struct ScalesAndMins : Tile32<S> {
  static constexpr bool kHasMin = true;

  static void scales(const std::byte* tile, float* out, std::size_t stride) noexcept {
    S::store(out, S::half_low(S::load(tile)));
    S::store(out + stride, S::half_low(S::load(tile + kPlaneBytes)));
  }
  static void mins(const std::byte* tile, float* out, std::size_t stride) noexcept {
    S::store(out, S::half_high(S::load(tile)));
    S::store(out + stride, S::half_high(S::load(tile + kPlaneBytes)));
  }
};

template <class S, std::size_t kFirstPlane, std::size_t kSub, std::size_t kGroup>
TLITE_INLINE inline typename S::V nibbles_32(const std::byte* tile) noexcept {
  const auto words = S::load(tile + (kFirstPlane + 4 * kSub + kGroup % 4) * kPlaneBytes);
  return S::template and_bytes<0x0F>(S::template shr<kGroup / 4 * 4>(words));
}

template <class S, std::size_t kFirstPlane, std::size_t kSub, std::size_t kGroup>
TLITE_INLINE inline typename S::V fifth_bits_32(const std::byte* tile) noexcept {
  const auto words = S::load(tile + (kFirstPlane + kSub) * kPlaneBytes);
  return S::template and_bytes<0x10>(S::template shift<4 - static_cast<int>(kGroup)>(words));
}

template <class S>
struct Q8_0 : PairScales<S> {
  static constexpr Unpacking kUnpacking = Unpacking::none;
  static constexpr std::size_t kPlanes = 17;
  static constexpr CodeRange kCode{128, 255};

  template <std::size_t kSub, std::size_t kGroup>
  TLITE_INLINE static typename S::V codes(const std::byte* tile, std::size_t) noexcept {
    return S::load(tile + (1 + 8 * kSub + kGroup) * kPlaneBytes);
  }
};

template <class S>
struct Q4_0 : PairScales<S> {
  static constexpr std::size_t kPlanes = 9;
  static constexpr CodeRange kCode{8, 15};

  template <std::size_t kSub, std::size_t kGroup>
  TLITE_INLINE static typename S::V codes(const std::byte* tile, std::size_t) noexcept {
    return nibbles_32<S, 1, kSub, kGroup>(tile);
  }
};

template <class S>
struct IQ4_NL : PairScales<S> {
  static constexpr std::size_t kPlanes = 9;
  static constexpr CodeRange kCode{128, 255};

  template <std::size_t kSub, std::size_t kGroup>
  TLITE_INLINE static typename S::V codes(const std::byte* tile, std::size_t) noexcept {
    return S::lookup(kIq4Codes, nibbles_32<S, 1, kSub, kGroup>(tile));
  }
};

template <class S>
struct Q5_0 : PairScales<S> {
  static constexpr Unpacking kUnpacking = Unpacking::two_parts;
  static constexpr std::size_t kPlanes = 11;
  static constexpr CodeRange kCode{16, 31};

  template <std::size_t kSub, std::size_t kGroup>
  TLITE_INLINE static typename S::V codes(const std::byte* tile, std::size_t) noexcept {
    return S::or_(nibbles_32<S, 3, kSub, kGroup>(tile), fifth_bits_32<S, 1, kSub, kGroup>(tile));
  }
};

template <class S>
struct Q4_1 : ScalesAndMins<S> {
  static constexpr std::size_t kPlanes = 10;
  static constexpr CodeRange kCode{0, 15};

  template <std::size_t kSub, std::size_t kGroup>
  TLITE_INLINE static typename S::V codes(const std::byte* tile, std::size_t) noexcept {
    return nibbles_32<S, 2, kSub, kGroup>(tile);
  }
};

template <class S>
struct Q5_1 : ScalesAndMins<S> {
  static constexpr Unpacking kUnpacking = Unpacking::two_parts;
  static constexpr std::size_t kPlanes = 12;
  static constexpr CodeRange kCode{0, 31};

  template <std::size_t kSub, std::size_t kGroup>
  TLITE_INLINE static typename S::V codes(const std::byte* tile, std::size_t) noexcept {
    return S::or_(nibbles_32<S, 4, kSub, kGroup>(tile), fifth_bits_32<S, 2, kSub, kGroup>(tile));
  }
};

}  // namespace tlite
