// The scale and the minimum of a sub-block: value ~ scale * q - min, q = 0..kHighest.
//
// With the codes given this is a weighted linear regression; with scale and minimum given the
// nearest codes are best. The two steps alternate, from several starts (see fit_scale.hpp).
#pragma once

#include "tensor/lanes.hpp"

#include <cstddef>

namespace tlite {

struct Affine {
  Lanes scale;
  Lanes min;
};

struct AffineMoments {
  Lanes q;
  Lanes qq;
  Lanes qx;
};

template <int kHighest>
Lanes affine_code(Lanes value, Lanes min, Lanes factor) noexcept {
  return nearest(clamp((value + min) * factor, splat(0.0F), splat(static_cast<float>(kHighest))));
}

template <int kHighest, std::size_t kSize>
AffineMoments affine_moments(const SubBlocks<kSize>& blocks, Affine fit) noexcept {
  const Lanes factor = inverse(fit.scale);
  AffineMoments sums{splat(0.0F), splat(0.0F), splat(0.0F)};
  for (std::size_t i = 0; i < kSize; ++i) {
    const Lanes q = affine_code<kHighest>(blocks.value[i], fit.min, factor);
    const Lanes weighted = blocks.weight[i] * q;
    sums.q += weighted;
    sums.qq += weighted * q;
    sums.qx += weighted * blocks.value[i];
  }
  return sums;
}

template <int kHighest, std::size_t kSize>
Lanes affine_error(const SubBlocks<kSize>& blocks, Affine fit) noexcept {
  const Lanes factor = inverse(fit.scale);
  Lanes error = splat(0.0F);
  for (std::size_t i = 0; i < kSize; ++i) {
    const Lanes q = affine_code<kHighest>(blocks.value[i], fit.min, factor);
    const Lanes miss = blocks.value[i] - (fit.scale * q - fit.min);
    error += blocks.weight[i] * miss * miss;
  }
  return error;
}

struct TotalMoments {
  Lanes weight;
  Lanes x;
  Lanes xx;
};

template <std::size_t kSize>
TotalMoments total_moments(const SubBlocks<kSize>& blocks) noexcept {
  TotalMoments sums{splat(0.0F), splat(0.0F), splat(0.0F)};
  for (std::size_t i = 0; i < kSize; ++i) {
    const Lanes weighted = blocks.weight[i] * blocks.value[i];
    sums.weight += blocks.weight[i];
    sums.x += weighted;
    sums.xx += weighted * blocks.value[i];
  }
  return sums;
}

// A start stretches the grid until this many steps more than it has fit between the extremes.
// Measured on Q4_K, Q4_1 and Q5_1: three places for each of six stretches lower the error by 1 to
// 7 % against 24 stretches in one place; eight stretches or six refinements give less than 0.3 %
// more.
inline constexpr int kStretches = 6;
inline constexpr int kAffineRefinements = 2;
inline constexpr float kStretchTo = 1.5F;

// `kSigned`: whether the minimum may be negative, too (Q4_1, Q5_1).
template <int kHighest, bool kSigned, std::size_t kSize>
Affine fit_affine(const SubBlocks<kSize>& blocks) noexcept {
  Lanes low = blocks.value[0];
  Lanes high = blocks.value[0];
  for (std::size_t i = 1; i < kSize; ++i) {
    low = smaller(low, blocks.value[i]);
    high = larger(high, blocks.value[i]);
  }
  if constexpr (!kSigned) low = smaller(low, splat(0.0F));
  // Distances from the lowest value: the sums below would cancel where all values lie close
  // together and far from zero.
  SubBlocks<kSize> shifted = blocks;
  for (std::size_t i = 0; i < kSize; ++i) shifted.value[i] -= low;
  const TotalMoments total = total_moments(shifted);
  const Lanes range = high - low;
  const Lanes zero = splat(0.0F);
  Affine best{range / splat(static_cast<float>(kHighest)), zero};
  Lanes best_gain = splat(-1.0F);
  const auto improve = [&](Affine start) {
    const AffineMoments sums = affine_moments<kHighest>(shifted, start);
    const Lanes determinant = total.weight * sums.qq - sums.q * sums.q;
    const LaneMask solvable = determinant > splat(1e-6F) * total.weight * sums.qq;
    Lanes scale = (total.weight * sums.qx - sums.q * total.x) / determinant;
    Lanes shift = (sums.qq * total.x - sums.q * sums.qx) / determinant;
    if constexpr (!kSigned) {
      // min = -(shift + low) must not be negative: on the border the line goes through -low.
      const LaneMask outside = shift + low > zero;
      scale = select(outside, (sums.qx + low * sums.q) / sums.qq, scale);
      shift = select(outside, -low, shift);
    }
    // What the fit explains of sum(w x x).
    const Lanes gain = scale * (splat(2.0F) * (sums.qx - shift * sums.q) - scale * sums.qq) +
                       shift * (splat(2.0F) * total.x - shift * total.weight);
    const LaneMask better = solvable & (gain > best_gain);
    best.scale = select(better, scale, best.scale);
    best.min = select(better, -shift, best.min);
    best_gain = select(better, gain, best_gain);
  };
  // Codes must not be wasted where there are four of them: a sub-block that is one outlier is
  // fitted about as well by half of them, at a much larger minimum, which costs Q2_K's other
  // sub-blocks theirs.
  constexpr float kStretchFrom = kHighest < 15 ? -0.5F : -1.5F;
  for (int i = 0; i < kStretches; ++i) {
    const float share = static_cast<float>(i) / (kStretches - 1);
    const float excess = kStretchFrom + (kStretchTo - kStretchFrom) * share;
    const Lanes step = range / splat(static_cast<float>(kHighest) + excess);
    // What the grid misses or has too much is at its upper end, at both, at its lower end.
    for (const float place : {0.0F, 0.5F, 1.0F}) improve({step, splat(-place * excess) * step});
  }
  for (int step = 0; step < kAffineRefinements; ++step) improve(best);
  best.min -= low;
  return best;
}

}  // namespace tlite
