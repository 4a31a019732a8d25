// The scale of a sub-block for the formats without minimums: value ~ scale * q, q on a grid.
//
// With the codes q given, the weighted squared error is least at scale = sum(w q x) / sum(w q q)
// and is then  sum(w x x) - sum(w q x)^2 / sum(w q q); with the scale given, at the nearest codes.
// The two steps alternate (Lloyd's k-means in one dimension), from several starts, because the
// error has many local minima.
#pragma once

#include "tensor/lanes.hpp"

#include <cstddef>

namespace tlite {

struct ScaleMoments {
  Lanes qx;
  Lanes qq;
};

template <class Grid, std::size_t kSize>
ScaleMoments scale_moments(const SubBlocks<kSize>& blocks, Lanes scale) noexcept {
  const Lanes factor = inverse(scale);
  ScaleMoments sums{splat(0.0F), splat(0.0F)};
  for (std::size_t i = 0; i < kSize; ++i) {
    const Lanes q = Grid::nearest_value(blocks.value[i] * factor);
    const Lanes weighted = blocks.weight[i] * q;
    sums.qx += weighted * blocks.value[i];
    sums.qq += weighted * q;
  }
  return sums;
}

template <class Grid, std::size_t kSize>
Lanes scale_error(const SubBlocks<kSize>& blocks, Lanes scale) noexcept {
  const Lanes factor = inverse(scale);
  Lanes error = splat(0.0F);
  for (std::size_t i = 0; i < kSize; ++i) {
    const Lanes q = Grid::nearest_value(blocks.value[i] * factor);
    const Lanes miss = blocks.value[i] - scale * q;
    error += blocks.weight[i] * miss * miss;
  }
  return error;
}

// The value of the largest magnitude, with its sign.
template <std::size_t kSize>
Lanes extreme_value(const SubBlocks<kSize>& blocks) noexcept {
  Lanes extreme = blocks.value[0];
  for (std::size_t i = 1; i < kSize; ++i) {
    extreme = select(magnitude(blocks.value[i]) > magnitude(extreme), blocks.value[i], extreme);
  }
  return extreme;
}

// Each start puts the extreme value this many steps outside the grid, at one end and at the other.
inline constexpr int kOvershoots = 8;
inline constexpr float kOvershootFrom = -0.75F;
inline constexpr float kOvershootTo = 1.25F;
inline constexpr int kScaleRefinements = 2;

template <class Grid, std::size_t kSize>
Lanes fit_scale(const SubBlocks<kSize>& blocks) noexcept {
  // Equal but for the rounding of sums is not better: sub-blocks of like content get like
  // scales. Of N steps the codes miss some 1 / N^2 of the weights' square; less than a thousandth
  // of that.
  constexpr float kSteps = (Grid::kHighest - Grid::kLowest) / Grid::kStep;
  constexpr float kMargin = 0x1.0p-11F / (kSteps * kSteps);
  const Lanes extreme = extreme_value(blocks);
  Lanes best = splat(0.0F);
  Lanes best_gain = splat(0.0F);
  const auto improve = [&](Lanes scale) {
    const ScaleMoments sums = scale_moments<Grid>(blocks, scale);
    const Lanes fitted = select(sums.qq > splat(0.0F), sums.qx / sums.qq, splat(0.0F));
    const Lanes gain = fitted * sums.qx;
    const LaneMask better = gain > best_gain * splat(1.0F + kMargin);
    best = select(better, fitted, best);
    best_gain = select(better, gain, best_gain);
  };
  for (int i = 0; i < kOvershoots; ++i) {
    const float share = static_cast<float>(i) / (kOvershoots - 1);
    const float steps = kOvershootFrom + (kOvershootTo - kOvershootFrom) * share;
    improve(extreme / splat(Grid::kLowest - steps * Grid::kStep));
    improve(extreme / splat(Grid::kHighest + steps * Grid::kStep));
  }
  for (int step = 0; step < kScaleRefinements; ++step) improve(best);
  return best;
}

}  // namespace tlite
