// Weights for a few input rows: codes come straight from the packed tiles, unpacked in registers.
#pragma once

#include "kernels/packed/code.hpp"
#include "kernels/packed/job.hpp"
#include "kernels/packed/streamed.hpp"
#include "kernels/unroll.hpp"

namespace tlite {

// Asks for memory to come, into the second-level cache, a line at a time between the steps of the
// arithmetic: in one burst it is slower than not at all. What is asked for is kernel.hpp's to say,
// whether one row needs it the tier's (kPrefetchOneRow), and so is the instruction: GCC gathers its
// own __builtin_prefetch of a long tile into such a burst.
//
// Measured on Zen 3, one row, both cores at work, share of plain reads, without and 2,048 bytes
// ahead: q8_0 84, 94 %; q4_0 78, 95; q4_k 72, 86; iq4_xs 66, 90; q6_k 72, 80; q5_k 58, 80. AVX-512
// on a Xeon (Emerald Rapids), one row, the same, without and 9,216 ahead: q8_0 85, 89 %; q4_0 61,
// 89; q4_k 50, 89; q6_k 45, 72 (4,608 and 6,912 ahead are within the noise of 5 %, into the first
// level no better). Zen 4, busy, q4_k, GB/s for 2, 4, 8 rows where plain reads give 26: a burst 11,
// 6, 5; 2,304 ahead into the first level 16, 12, 10; 9,216 ahead into the second 24, 21, 12.
template <class S, class F, bool kPrefetch>
class Direct {
 public:
  using Format = F;
  using V = typename S::V;
  static constexpr CodeRange kCode = F::kCode;
  static constexpr std::size_t kElements = F::kElements;
  static constexpr std::size_t kSubs = F::kSubs;
  static constexpr std::size_t kInner = F::kInner;
  static constexpr std::size_t kGroups = F::kGroups;
  static constexpr bool kHasMin = F::kHasMin;
  static constexpr bool kRowPairs = false;
  using Dot = typename S::template Dot<kCode, kGroups>;
  static constexpr std::size_t kMinPairs = F::kMinPairs;

  explicit Direct(const StreamedWeights& weights) noexcept
      : tiles_(weights.tiles), ahead_(weights.ahead) {}

  TLITE_INLINE void seek(std::size_t tile) noexcept {
    tile_ = tiles_ + tile * (F::kPlanes * kPlaneBytes);
    line_ = ahead_.at + tile * ahead_.step;
    if constexpr (kElements == 256) {
      F::scales(tile_,
                [&](auto sub, V words) TLITE_INLINE { S::store(scales_[sub], Dot::scale(words)); });
    } else {
      F::scales(tile_, reinterpret_cast<float*>(scales_[0]), kLanes);
    }
    if constexpr (kMinPairs > 0) {
      F::min_pairs(tile_, mins_[0], kPlaneBytes);
    } else if constexpr (kHasMin) {
      F::mins(tile_, reinterpret_cast<float*>(mins_[0]), kLanes);
    }
  }

  template <std::size_t kSub, std::size_t kGroup, std::size_t>
  TLITE_INLINE V codes(std::size_t outer) const noexcept {
    if constexpr (kPrefetch) prefetch<kSub * kGroups + kGroup>(outer);
    return F::template codes<kSub, kGroup>(tile_, outer);
  }
  template <std::size_t>
  TLITE_INLINE typename S::F scale(std::size_t sub) const noexcept {
    return S::load(reinterpret_cast<const float*>(scales_[sub]));
  }
  template <std::size_t>
  TLITE_INLINE V sub_scale(std::size_t sub) const noexcept {
    return S::load(scales_[sub]);
  }
  template <std::size_t>
  TLITE_INLINE typename S::F block_scale() const noexcept {
    return F::block_scale(tile_);
  }
  template <std::size_t>
  TLITE_INLINE typename S::F min(std::size_t sub) const noexcept {
    return S::load(reinterpret_cast<const float*>(mins_[sub]));
  }
  template <std::size_t>
  TLITE_INLINE V min_pair(std::size_t pair) const noexcept {
    return S::load(mins_[pair]);
  }
  template <std::size_t>
  TLITE_INLINE typename S::F min_scale() const noexcept {
    return F::min_scale(tile_);
  }

 private:
  // Step kStep's share of the lines that belong to this part of a tile.
  template <std::size_t kStep>
  TLITE_INLINE void prefetch(std::size_t outer) const noexcept {
    constexpr std::size_t kSteps = kInner * kGroups;
    constexpr std::size_t kParts = kSubs / kInner;
    constexpr std::size_t kLines = (F::kPlanes + kParts - 1) / kParts;
    constexpr std::size_t kFirst = kStep * kLines / kSteps;
    unroll<(kStep + 1) * kLines / kSteps - kFirst>([&](auto i) TLITE_INLINE {
      S::prefetch(line_ + (outer * kLines + kFirst + i) * kPlaneBytes);
    });
  }

  static constexpr std::size_t kMinPlanes = kMinPairs > 0 ? kMinPairs : kSubs;
  const std::byte* tiles_;
  const std::byte* tile_ = nullptr;
  Ahead ahead_;
  const std::byte* line_ = nullptr;
  alignas(64) std::byte scales_[kSubs][kPlaneBytes];
  alignas(64) std::byte mins_[kHasMin ? kMinPlanes : 1][kPlaneBytes];
};

}  // namespace tlite
