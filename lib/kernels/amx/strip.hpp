// A tile of 256 of k of a K format for matrix registers. A matrix of products is 64 of k; the four
// of a tile are summed in the registers.
//
// That sum is over scale * code, which has up to 14 bits: it is split into 64 * high + low, two
// matrices of weights for which x is loaded once. Multiplying by scales afterwards, as with
// vectors, would take the sums out of the registers for every 32 or 16 of k, and cost more than the
// second product.
#pragma once

#include "kernels/activations.hpp"
#include "kernels/amx/registers.hpp"
#include "kernels/avx512/simd.hpp"
#include "kernels/packed/formats_256.hpp"
#include "kernels/packed/job.hpp"

#include <algorithm>

namespace tlite {
namespace {

// V groups of 16 outputs side by side: bytes of weights [4 of 64][V][parts][16 planes], then for
// each group a plane of d, and where there are minimums planes of pairs of them and of their scale.
template <class F, std::size_t V>
class MatrixStrip {
  using S = Avx512;

  // The largest |weight / d|; low is in [0, 63], high has to be in [-128, 127].
  static constexpr int kLargest =
      F::kMostScale * std::max(F::kCode.offset, F::kCode.max - F::kCode.offset);
  static_assert(kLargest <= 64 * 127);
  static constexpr std::size_t kParts = kLargest <= 127 ? 1 : 2;
  static constexpr std::size_t kMatrices = V * kParts;  // of products
  static constexpr std::size_t kMinPairs = F::kMinPairs;
  static constexpr std::size_t kGroupPlanes = 1 + (F::kHasMin ? kMinPairs + 1 : 0);
  static constexpr std::size_t kWeightBytes = 4 * kMatrices * kMatrixBytes;

 public:
  static constexpr std::size_t kBytes = kWeightBytes + V * kGroupPlanes * kPlaneBytes;
  static constexpr std::size_t kProductWords = kMatrices * kMatrixWords;

  explicit MatrixStrip(std::byte* strip) noexcept : strip_(strip) {}

  // A packed tile of group v.
  void unpack(const std::byte* tile, std::size_t v) const noexcept {
    alignas(64) std::byte scales[F::kSubs][kPlaneBytes];  // in both halves of each word
    F::scales(tile, [&](auto sub, __m512i words) TLITE_INLINE {
      const auto low = _mm512_and_si512(words, _mm512_set1_epi32(0xFFFF));
      S::store(scales[sub], _mm512_or_si512(low, _mm512_slli_epi32(words, 16)));
    });
    for (std::size_t outer = 0; outer < F::kSubs / F::kInner; ++outer) {
      unroll<F::kInner>([&](auto inner) TLITE_INLINE {
        const std::size_t sub = outer * F::kInner + inner;
        const auto scale = S::load(scales[sub]);
        unroll<F::kGroups>([&](auto g) TLITE_INLINE {
          const std::size_t at = sub * F::kGroups + g;  // plane of 64 in the tile
          std::byte* const to =
              strip_ + (at / 16 * V + v) * kParts * kMatrixBytes + at % 16 * kPlaneBytes;
          scale_codes(F::template codes<inner, g>(tile, outer), scale, to);
        });
      });
    }
    std::byte* const rest = strip_ + kWeightBytes + v * kGroupPlanes * kPlaneBytes;
    S::store(reinterpret_cast<float*>(rest), F::block_scale(tile));
    if constexpr (F::kHasMin) {
      F::min_pairs(tile, rest + kPlaneBytes, kPlaneBytes);
      const auto scale = S::negate(F::min_scale(tile));
      S::store(reinterpret_cast<float*>(rest + (1 + kMinPairs) * kPlaneBytes), scale);
    }
  }

  // Multiplies 16 rows. The sums that the registers hold until then go to `last` before (kStore),
  // each as late as it can: it was ready long ago, and no store has to wait for it. After each
  // product calls between(i, of how many).
  template <bool kStore, class Between>
  TLITE_INLINE void multiply(const Activation256* x, std::int32_t* last,
                             Between&& between) const noexcept {
    using R = MatrixRegisters;
    unroll<4>([&](auto step) TLITE_INLINE {
      R::load<4 + step % 2>(x->q + 64 * step, sizeof(Activation256));
      unroll<kMatrices>([&](auto i) TLITE_INLINE {
        if constexpr (step == 0) {
          if constexpr (kStore) R::store<i>(last + i * kMatrixWords);
          R::zero<i>();
        }
        R::load<6 + i % 2>(strip_ + (step * kMatrices + i) * kMatrixBytes, kPlaneBytes);
        R::multiply<i, 4 + step % 2, 6 + i % 2>();
        between(constant<step * kMatrices + i>, constant<4 * kMatrices>);
      });
    });
  }

  static void store(std::int32_t* products) noexcept {
    unroll<kMatrices>([&](auto i)
                          TLITE_INLINE { MatrixRegisters::store<i>(products + i * kMatrixWords); });
  }

  // Adds products to outputs, a row at a time; what all rows share stays in vectors.
  class Sums {
   public:
    // y[row * y_stride + out]; of the last group there are `last_lanes` outputs. `first`: they
    // start from zero.
    TLITE_INLINE Sums(const MatrixStrip& strip, std::size_t y_stride, std::size_t last_lanes,
                      bool first) noexcept
        : y_stride_(y_stride) {
      unroll<V>([&](auto v) TLITE_INLINE {
        const std::byte* const rest = strip.strip_ + kWeightBytes + v * kGroupPlanes * kPlaneBytes;
        scale_[v] = S::load(reinterpret_cast<const float*>(rest));
        unroll<kMinPairs>([&](auto pair) TLITE_INLINE {
          mins_[v][pair] = S::load(rest + (1 + pair) * kPlaneBytes);
        });
        if constexpr (F::kHasMin) {
          const std::byte* const at = rest + (1 + kMinPairs) * kPlaneBytes;
          min_scale_[v] = S::load(reinterpret_cast<const float*>(at));
        }
        // Masks spare a branch for sums that begin, and for lanes behind the last output.
        there_[v] = S::lanes(v + 1 < V ? kLanes : last_lanes);
        begun_[v] = first ? __mmask16{0} : there_[v];
      });
    }

    TLITE_INLINE void add_row(const Activation256& x, const std::int32_t* products, float* y,
                              std::size_t row) const noexcept {
      __m512i mins[V];
      if constexpr (F::kHasMin) {
        unroll<V>([&](auto v) TLITE_INLINE { mins[v] = S::zero_words(); });
        unroll<kMinPairs>([&](auto pair) TLITE_INLINE {
          const auto sums = S::broadcast_word(F::min_sums(x) + 2 * pair);
          unroll<V>([&](auto v) TLITE_INLINE {
            mins[v] = _mm512_dpwssd_epi32(mins[v], mins_[v][pair], sums);
          });
        });
      }
      unroll<V>([&](auto v) TLITE_INLINE {
        float* const at = y + row * y_stride_ + v * kLanes;
        const auto old = _mm512_maskz_loadu_ps(begun_[v], at);
        const auto dot = sum(products + v * kParts * kMatrixWords + row * kLanes);
        auto value = S::mul(S::to_f32(dot), scale_[v]);
        if constexpr (F::kHasMin) value = S::fma(S::to_f32(mins[v]), min_scale_[v], value);
        _mm512_mask_storeu_ps(at, there_[v], S::fma(value, S::broadcast(x.scale), old));
      });
    }

   private:
    __m512 scale_[V];
    __m512 min_scale_[V];
    __m512i mins_[V][kMinPairs + 1];
    std::size_t y_stride_;
    __mmask16 there_[V];
    __mmask16 begun_[V];
  };

 private:
  // Bytes of scale * (code - offset) of a plane: the only part at `out`, or the high one, and the
  // low one a matrix further.
  TLITE_INLINE static void scale_codes(__m512i codes, __m512i scale, std::byte* out) noexcept {
    constexpr __mmask64 kOdd = 0xAAAAAAAAAAAAAAAAU;
    const auto offset = _mm512_set1_epi16(F::kCode.offset);
    auto even = _mm512_and_si512(codes, _mm512_set1_epi16(0xFF));
    auto odd = _mm512_srli_epi16(codes, 8);
    if constexpr (F::kCode.offset != 0) {
      even = _mm512_sub_epi16(even, offset);
      odd = _mm512_sub_epi16(odd, offset);
    }
    even = _mm512_mullo_epi16(even, scale);
    odd = _mm512_mullo_epi16(odd, scale);
    const auto low = _mm512_mask_mov_epi8(even, kOdd, _mm512_slli_epi16(odd, 8));
    if constexpr (kParts == 1) {
      S::store(out, low);
    } else {
      // Of a product p the high part is p >> 6; in the upper byte of a word, p << 2.
      S::store(out,
               _mm512_mask_mov_epi8(_mm512_srli_epi16(even, 6), kOdd, _mm512_slli_epi16(odd, 2)));
      S::store(out + kMatrixBytes, S::and_bytes<0x3F>(low));
    }
  }

  TLITE_INLINE static __m512i sum(const std::int32_t* at) noexcept {
    const auto first = _mm512_loadu_si512(at);
    if constexpr (kParts == 1) return first;
    return _mm512_add_epi32(_mm512_slli_epi32(first, 6), _mm512_loadu_si512(at + kMatrixWords));
  }

  std::byte* strip_;
};

}  // namespace
}  // namespace tlite
