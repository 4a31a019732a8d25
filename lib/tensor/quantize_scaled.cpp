#include "tensor/quantize_scaled.hpp"

#include "tensor/fit_scale.hpp"
#include "tensor/grids.hpp"
#include "tensor/quantize_range.hpp"
#include "tensor/refine.hpp"

#include <cmath>

namespace tlite {
namespace {

template <class Grid, std::size_t kSize>
void set_codes(const SubBlocks<kSize>& blocks, Lanes scale,
               std::uint8_t* (&code)[kLanes]) noexcept {
  const Lanes factor = inverse(scale);
  for (std::size_t i = 0; i < kSize; ++i) {
    const Lanes q = Grid::nearest_value(blocks.value[i] * factor);
    for (std::size_t lane = 0; lane < kLanes; ++lane) code[lane][i] = Grid::code_of(q[lane]);
  }
}

template <class Grid>
void encode_32(const float* values, const float* weights, BlockCodes (&out)[4]) noexcept {
  const auto blocks = side_by_side<32>(values, weights);
  const Lanes ideal = fit_scale<Grid>(blocks);
  Lanes scale;
  std::uint8_t* code[kLanes];
  for (std::size_t lane = 0; lane < kLanes; ++lane) {
    out[lane].d = f32_to_f16(within_f16(ideal[lane]));
    scale[lane] = f16_to_f32(out[lane].d);
    code[lane] = out[lane].code.data();
  }
  set_codes<Grid>(blocks, scale, code);
}

// A block of 256 whose sub-blocks' scales are d times integers.
template <class Grid, std::size_t kSize, int kLowest, int kHighest>
class ScaledBlock {
 public:
  ScaledBlock(const float* values, const float* weights) noexcept {
    for (std::size_t g = 0; g < kGroups; ++g) {
      const std::size_t at = g * kLanes * kSize;
      blocks_[g] = side_by_side<kSize>(values + at, weights + at);
      ideal_[g] = fit_scale<Grid>(blocks_[g]);
    }
  }

  void encode(BlockCodes& out) const noexcept {
    const auto choose_for = [this](std::uint16_t d) { return choose(d); };
    const auto fitted_to = [this](const Choice& choice) { return f16_scale(fitted(choice)); };
    write(refine(f16_scale(first_scale()), choose_for, fitted_to), out);
  }

 private:
  static constexpr std::size_t kGroups = 256 / kSize / kLanes;

  struct Choice {
    std::uint16_t steps;  // d
    Lanes integer[kGroups];
    float error;
  };

  // Integers have one more step on the negative side: the extreme scale takes that.
  float first_scale() const noexcept {
    float extreme = 0.0F;
    for (const Lanes& ideal : ideal_) {
      for (std::size_t lane = 0; lane < kLanes; ++lane) {
        if (std::fabs(ideal[lane]) > std::fabs(extreme)) extreme = ideal[lane];
      }
    }
    return extreme / static_cast<float>(kLowest);
  }

  // The best integers for d: the error of three is computed, as the codes change with them.
  Choice choose(std::uint16_t d) const noexcept {
    Choice choice{d, {}, 0.0F};
    const Lanes step = splat(f16_to_f32(d));
    for (std::size_t g = 0; g < kGroups; ++g) {
      const Lanes middle =
          nearest(clamp(ideal_[g] * inverse(step), splat(kLowest + 1), splat(kHighest - 1)));
      Lanes least = scale_error<Grid>(blocks_[g], step * middle);
      choice.integer[g] = middle;
      for (const float offset : {-1.0F, 1.0F}) {
        const Lanes integer = middle + splat(offset);
        const Lanes error = scale_error<Grid>(blocks_[g], step * integer);
        const LaneMask better = error < least;
        choice.integer[g] = select(better, integer, choice.integer[g]);
        least = select(better, error, least);
      }
      for (std::size_t lane = 0; lane < kLanes; ++lane) choice.error += least[lane];
    }
    return choice;
  }

  // The d that fits best while integers and codes stay.
  float fitted(const Choice& choice) const noexcept {
    const Lanes step = splat(f16_to_f32(choice.steps));
    Lanes qx = splat(0.0F);
    Lanes qq = splat(0.0F);
    for (std::size_t g = 0; g < kGroups; ++g) {
      const Lanes integer = choice.integer[g];
      const ScaleMoments sums = scale_moments<Grid>(blocks_[g], step * integer);
      qx += integer * sums.qx;
      qq += integer * integer * sums.qq;
    }
    const float numerator = sum_of(qx);
    const float denominator = sum_of(qq);
    return denominator > 0.0F ? numerator / denominator : 0.0F;
  }

  void write(const Choice& choice, BlockCodes& out) const noexcept {
    out.d = choice.steps;
    const Lanes step = splat(f16_to_f32(choice.steps));
    // Q6_K stores its scales in two's complement, the others add their offset.
    constexpr int kOffset = kLowest == -128 ? 0 : -kLowest;
    for (std::size_t g = 0; g < kGroups; ++g) {
      std::uint8_t* code[kLanes];
      for (std::size_t lane = 0; lane < kLanes; ++lane) {
        const std::size_t s = g * kLanes + lane;
        out.scale[s] =
            static_cast<std::uint8_t>(static_cast<int>(choice.integer[g][lane]) + kOffset);
        code[lane] = out.code.data() + s * kSize;
      }
      set_codes<Grid>(blocks_[g], step * choice.integer[g], code);
    }
  }

  SubBlocks<kSize> blocks_[kGroups];
  Lanes ideal_[kGroups];
};

}  // namespace

void quantize_scaled_32(DataType type, const float* values, const float* weights,
                        BlockCodes (&out)[4]) noexcept {
  switch (type) {
    case DataType::q4_0:
      return encode_32<IntegerGrid<-8, 7>>(values, weights, out);
    case DataType::q5_0:
      return encode_32<IntegerGrid<-16, 15>>(values, weights, out);
    case DataType::iq4_nl:
      return encode_32<Iq4Grid>(values, weights, out);
    default:  // -128 is left out: kernels take magnitudes in 8 bits
      return encode_32<IntegerGrid<-127, 127>>(values, weights, out);
  }
}

void quantize_scaled_256(DataType type, const float* values, const float* weights,
                         BlockCodes& out) noexcept {
  switch (type) {
    case DataType::q3_k:
      return ScaledBlock<IntegerGrid<-4, 3>, 16, -32, 31>(values, weights).encode(out);
    case DataType::q6_k:
      return ScaledBlock<IntegerGrid<-32, 31>, 16, -128, 127>(values, weights).encode(out);
    default:
      return ScaledBlock<Iq4Grid, 32, -32, 31>(values, weights).encode(out);
  }
}

}  // namespace tlite
