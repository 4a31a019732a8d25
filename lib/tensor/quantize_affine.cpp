#include "tensor/quantize_affine.hpp"

#include "tensor/fit_affine.hpp"
#include "tensor/quantize_range.hpp"
#include "tensor/refine.hpp"

#include <cmath>

namespace tlite {
namespace {

template <int kHighest, std::size_t kSize>
void set_codes(const SubBlocks<kSize>& blocks, Affine fit, std::uint8_t* (&code)[kLanes]) noexcept {
  const Lanes factor = inverse(fit.scale);
  for (std::size_t i = 0; i < kSize; ++i) {
    const Lanes q = affine_code<kHighest>(blocks.value[i], fit.min, factor);
    for (std::size_t lane = 0; lane < kLanes; ++lane) {
      code[lane][i] = static_cast<std::uint8_t>(static_cast<int>(q[lane]));
    }
  }
}

template <int kHighest>
void encode_32(const float* values, const float* weights, BlockCodes (&out)[4]) noexcept {
  const auto blocks = side_by_side<32>(values, weights);
  const Affine ideal = fit_affine<kHighest, true>(blocks);
  Affine fit;
  std::uint8_t* code[kLanes];
  for (std::size_t lane = 0; lane < kLanes; ++lane) {
    out[lane].d = f16_scale(ideal.scale[lane]);
    out[lane].dmin = f32_to_f16(within_f16(-ideal.min[lane]));
    fit.scale[lane] = f16_to_f32(out[lane].d);
    fit.min[lane] = -f16_to_f32(out[lane].dmin);
    code[lane] = out[lane].code.data();
  }
  set_codes<kHighest>(blocks, fit, code);
}

// A block of 256 whose sub-blocks' scales and minimums are d and dmin times integers.
template <int kHighest, std::size_t kSize, int kMost>
class AffineBlock {
 public:
  AffineBlock(const float* values, const float* weights) noexcept {
    for (std::size_t g = 0; g < kGroups; ++g) {
      const std::size_t at = g * kLanes * kSize;
      blocks_[g] = side_by_side<kSize>(values + at, weights + at);
      totals_[g] = total_moments(blocks_[g]);
      ideal_[g] = fit_affine<kHighest, false>(blocks_[g]);
    }
  }

  void encode(BlockCodes& out) const noexcept {
    const auto choose_for = [this](Steps steps) { return choose(steps); };
    const auto fitted_to = [this](const Choice& choice) { return fitted(choice); };
    write(refine(first_steps(), choose_for, fitted_to), out);
  }

 private:
  static constexpr std::size_t kGroups = 256 / kSize / kLanes;

  struct Steps {
    std::uint16_t d;
    std::uint16_t dmin;
    bool operator==(const Steps&) const = default;
  };

  struct Choice {
    Steps steps;
    Affine integer[kGroups];
    float error;
  };

  static Affine times(Steps steps, Affine integer) noexcept {
    return {splat(f16_to_f32(steps.d)) * integer.scale,
            splat(f16_to_f32(steps.dmin)) * integer.min};
  }

  Steps first_steps() const noexcept {
    Lanes scale = splat(0.0F);
    Lanes min = splat(0.0F);
    for (const Affine& ideal : ideal_) {
      scale = larger(scale, ideal.scale);
      min = larger(min, ideal.min);
    }
    float largest[2] = {0.0F, 0.0F};
    for (std::size_t lane = 0; lane < kLanes; ++lane) {
      largest[0] = std::fmax(largest[0], scale[lane]);
      largest[1] = std::fmax(largest[1], min[lane]);
    }
    return {f16_scale(largest[0] / kMost), f16_scale(largest[1] / kMost)};
  }

  // The best integers: for each of three scales the minimum that suits it.
  Choice choose(Steps steps) const noexcept {
    Choice choice{steps, {}, 0.0F};
    const Lanes d = splat(f16_to_f32(steps.d));
    const Lanes by_d = inverse(d);
    const Lanes by_dmin = inverse(splat(f16_to_f32(steps.dmin)));
    const Lanes zero = splat(0.0F);
    const Lanes most = splat(kMost);
    for (std::size_t g = 0; g < kGroups; ++g) {
      const TotalMoments& total = totals_[g];
      const Lanes middle = nearest(clamp(ideal_[g].scale * by_d, zero, most));
      Lanes least = splat(3e38F);
      for (const float offset : {0.0F, -1.0F, 1.0F}) {
        Affine integer{clamp(middle + splat(offset), zero, most), zero};
        const Lanes scale = d * integer.scale;
        const AffineMoments sums = affine_moments<kHighest>(blocks_[g], {scale, ideal_[g].min});
        const Lanes min = (scale * sums.q - total.x) / total.weight;
        integer.min = nearest(clamp(min * by_dmin, zero, most));
        const Lanes error = affine_error<kHighest>(blocks_[g], times(steps, integer));
        const LaneMask better = error < least;
        choice.integer[g].scale = select(better, integer.scale, choice.integer[g].scale);
        choice.integer[g].min = select(better, integer.min, choice.integer[g].min);
        least = select(better, error, least);
      }
      choice.error += sum_of(least);
    }
    return choice;
  }

  // The d and dmin that fit best while integers and codes stay.
  Steps fitted(const Choice& choice) const noexcept {
    Lanes ss = splat(0.0F);
    Lanes sm = splat(0.0F);
    Lanes mm = splat(0.0F);
    Lanes sx = splat(0.0F);
    Lanes mx = splat(0.0F);
    for (std::size_t g = 0; g < kGroups; ++g) {
      const Affine integer = choice.integer[g];
      const AffineMoments sums = affine_moments<kHighest>(blocks_[g], times(choice.steps, integer));
      ss += integer.scale * integer.scale * sums.qq;
      sm += integer.scale * integer.min * sums.q;
      mm += integer.min * integer.min * totals_[g].weight;
      sx += integer.scale * sums.qx;
      mx += integer.min * totals_[g].x;
    }
    const double a = sum_of(ss);
    const double b = sum_of(sm);
    const double c = sum_of(mm);
    const double x = sum_of(sx);
    const double y = sum_of(mx);
    const double determinant = a * c - b * b;
    if (!(determinant > 1e-6 * a * c)) {
      return {a > 0 ? f16_scale(static_cast<float>(x / a)) : choice.steps.d, choice.steps.dmin};
    }
    const auto d = static_cast<float>((x * c - y * b) / determinant);
    const auto dmin = static_cast<float>((x * b - y * a) / determinant);
    return {f16_scale(d), f16_scale(dmin)};
  }

  void write(const Choice& choice, BlockCodes& out) const noexcept {
    out.d = choice.steps.d;
    out.dmin = choice.steps.dmin;
    for (std::size_t g = 0; g < kGroups; ++g) {
      std::uint8_t* code[kLanes];
      for (std::size_t lane = 0; lane < kLanes; ++lane) {
        const std::size_t s = g * kLanes + lane;
        out.scale[s] = static_cast<std::uint8_t>(choice.integer[g].scale[lane]);
        out.min[s] = static_cast<std::uint8_t>(choice.integer[g].min[lane]);
        code[lane] = out.code.data() + s * kSize;
      }
      set_codes<kHighest>(blocks_[g], times(choice.steps, choice.integer[g]), code);
    }
  }

  SubBlocks<kSize> blocks_[kGroups];
  TotalMoments totals_[kGroups];
  Affine ideal_[kGroups];
};

}  // namespace

void quantize_affine_32(DataType type, const float* values, const float* weights,
                        BlockCodes (&out)[4]) noexcept {
  if (type == DataType::q4_1) return encode_32<15>(values, weights, out);
  encode_32<31>(values, weights, out);
}

void quantize_affine_256(DataType type, const float* values, const float* weights,
                         BlockCodes& out) noexcept {
  switch (type) {
    case DataType::q2_k:
      return AffineBlock<3, 16, 15>(values, weights).encode(out);
    case DataType::q4_k:
      return AffineBlock<15, 32, 63>(values, weights).encode(out);
    default:
      return AffineBlock<31, 32, 63>(values, weights).encode(out);
  }
}

}  // namespace tlite
