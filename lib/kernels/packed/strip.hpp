// Weights for many input rows: V groups of 16 output rows are unpacked once, codes to bytes and
// scales to numbers, into a strip that stays in the cache while all input rows pass by. Meanwhile
// what will be unpacked next is asked for from memory, into the second-level cache: when unpacking
// had to wait for it, nine rows took three times as long as eight did without a strip.
//
// A strip's tile: planes of scales (with 256 also the block's), minimums and codes, those of the V
// groups side by side.
#pragma once

#include "kernels/packed/code.hpp"
#include "kernels/packed/job.hpp"
#include "kernels/packed/streamed.hpp"
#include "kernels/unroll.hpp"

namespace tlite {

template <class S, class F, std::size_t kVectors>
class Strip {
 public:
  using Format = F;
  using V = typename S::V;
  static constexpr CodeRange kCode = S::strip_range(F::kCode);
  static constexpr std::size_t kElements = F::kElements;
  static constexpr std::size_t kSubs = F::kSubs;
  static constexpr std::size_t kInner = kElements == 64 ? 2 : 1;
  static constexpr std::size_t kGroups = F::kGroups;
  static constexpr bool kHasMin = F::kHasMin;
  // Codes of two groups of k lie zipped, for a tier that multiplies rows in pairs.
  static constexpr bool kRowPairs = S::kRowPairs;
  using Dot = typename S::template Dot<kCode, kGroups>;
  static constexpr std::size_t kMinPairs = F::kMinPairs;
  static constexpr std::size_t kScalePlanes = kElements == 256 ? kSubs + 1 : kSubs;
  // After the scales: a plane of minimums a sub-block, or the pairs and their scale.
  static constexpr std::size_t kMinPlanes = !kHasMin ? 0 : kMinPairs > 0 ? kMinPairs + 1 : kSubs;
  static constexpr std::size_t kFirstCode = kScalePlanes + kMinPlanes;
  static constexpr std::size_t kRow = kVectors * kPlaneBytes;
  static constexpr std::size_t kTileBytes = (kFirstCode + kSubs * kGroups) * kRow;

  explicit Strip(const StreamedWeights& weights) noexcept
      : strip_(weights.tiles), ahead_(weights.ahead), group_bytes_(weights.group_bytes) {}

  // Unpacks one group's tile into its place v of a strip's tile.
  static void unpack(const std::byte* tile, std::byte* strip, std::size_t v) noexcept {
    std::byte* out = strip + v * kPlaneBytes;
    if constexpr (kElements == 256) {
      F::scales(tile, [&](auto sub, V words)
                          TLITE_INLINE { S::store(out + sub * kRow, Dot::scale(words)); });
      S::store(reinterpret_cast<float*>(out + kSubs * kRow), F::block_scale(tile));
    } else {
      F::scales(tile, reinterpret_cast<float*>(out), kRow / sizeof(float));
    }
    std::byte* mins = out + kScalePlanes * kRow;
    if constexpr (kMinPairs > 0) {
      F::min_pairs(tile, mins, kRow);
      S::store(reinterpret_cast<float*>(mins + kMinPairs * kRow), F::min_scale(tile));
    } else if constexpr (kHasMin) {
      F::mins(tile, reinterpret_cast<float*>(mins), kRow / sizeof(float));
    }
    std::byte* codes = out + kFirstCode * kRow;
    for (std::size_t outer = 0; outer < kSubs / F::kInner; ++outer) {
      unroll<F::kInner>([&](auto sub) TLITE_INLINE {
        const auto code = [&](auto g) TLITE_INLINE {
          return S::template strip_codes<F::kCode>(F::template codes<sub, g>(tile, outer));
        };
        if constexpr (kRowPairs) {
          unroll<kGroups / 2>([&](auto g) TLITE_INLINE {
            const auto [first, second] = S::zip(code(constant<2 * g>), code(constant<2 * g + 1>));
            S::store(codes, first);
            S::store(codes + kRow, second);
            codes += 2 * kRow;
          });
        } else {
          unroll<kGroups>([&](auto g) TLITE_INLINE {
            S::store(codes, code(g));
            codes += kRow;
          });
        }
      });
    }
  }

  TLITE_INLINE void seek(std::size_t tile) noexcept {
    tile_ = strip_ + tile * kTileBytes;
    line_ = ahead_.at + tile * ahead_.step;
  }

  template <std::size_t kSub, std::size_t kGroup, std::size_t kVector>
  TLITE_INLINE V codes(std::size_t outer) noexcept {
    // A line of each group in each second step of k.
    if constexpr (kGroup % 2 == 0) {
      S::prefetch(line_ + kVector * group_bytes_);
      if constexpr (kVector + 1 == kVectors) line_ += kPlaneBytes;
    }
    const std::size_t sub = outer * kInner + kSub;
    return plane<kVector>(kFirstCode + sub * kGroups + kGroup);
  }
  template <std::size_t kVector>
  TLITE_INLINE typename S::F scale(std::size_t sub) const noexcept {
    return floats<kVector>(sub);
  }
  template <std::size_t kVector>
  TLITE_INLINE V sub_scale(std::size_t sub) const noexcept {
    return plane<kVector>(sub);
  }
  template <std::size_t kVector>
  TLITE_INLINE typename S::F block_scale() const noexcept {
    return floats<kVector>(kSubs);
  }
  template <std::size_t kVector>
  TLITE_INLINE typename S::F min(std::size_t sub) const noexcept {
    return floats<kVector>(kScalePlanes + sub);
  }
  template <std::size_t kVector>
  TLITE_INLINE V min_pair(std::size_t pair) const noexcept {
    return plane<kVector>(kScalePlanes + pair);
  }
  template <std::size_t kVector>
  TLITE_INLINE typename S::F min_scale() const noexcept {
    return floats<kVector>(kScalePlanes + kMinPairs);
  }

 private:
  template <std::size_t kVector>
  TLITE_INLINE V plane(std::size_t index) const noexcept {
    return S::load(tile_ + index * kRow + kVector * kPlaneBytes);
  }
  template <std::size_t kVector>
  TLITE_INLINE typename S::F floats(std::size_t index) const noexcept {
    return S::load(reinterpret_cast<const float*>(tile_ + index * kRow + kVector * kPlaneBytes));
  }

  const std::byte* strip_;
  const std::byte* tile_ = nullptr;
  Ahead ahead_;
  const std::byte* line_ = nullptr;
  std::size_t group_bytes_;
};

}  // namespace tlite
