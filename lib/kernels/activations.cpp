#include "kernels/activations.hpp"

#include <algorithm>
#include <bit>
#include <cstring>
#include <limits>

namespace tlite {
namespace {

// Below this the inverse scale would overflow; such a block is as good as zero.
constexpr float kSmallest = 0x1.0p-100F;

constexpr std::size_t round_up(std::size_t value, std::size_t step) noexcept {
  return (value + step - 1) / step * step;
}

// Largest |x| as a float's bits: these order like the magnitudes, infinity and NaN at the top.
std::uint32_t largest_magnitude(const float* x, std::size_t count) noexcept {
  std::uint32_t largest = 0;
  for (std::size_t i = 0; i < count; ++i) {
    largest = std::max(largest, std::bit_cast<std::uint32_t>(x[i]) & 0x7FFFFFFFU);
  }
  return largest;
}

// Adding 1.5 * 2^23 leaves the nearest integer (ties to even) in the low bits of the sum, for
// |x| < 2^22: rounding that every compiler can turn into vectors.
std::int8_t round_to_int8(float x) noexcept {
  constexpr float kMagic = 0x1.8p23F;
  const std::uint32_t bits = std::bit_cast<std::uint32_t>(x + kMagic);
  return static_cast<std::int8_t>(static_cast<std::uint8_t>(bits & 0xFFU));
}

// Fills q[count] and returns the scale.
float quantize(const float* x, std::size_t count, std::int8_t* q) noexcept {
  const float largest = std::bit_cast<float>(largest_magnitude(x, count));
  if (!(largest <= std::numeric_limits<float>::max()) || largest < kSmallest) {
    std::memset(q, 0, count);
    return largest < kSmallest ? 0.0F : std::numeric_limits<float>::quiet_NaN();
  }
  const float inverse = 127.0F / largest;
  for (std::size_t i = 0; i < count; ++i) q[i] = round_to_int8(x[i] * inverse);
  return largest / 127.0F;
}

// Sums over k % 4 < 2 and over the others.
struct PairSums {
  std::int32_t first, second;

  std::int32_t all() const noexcept { return first + second; }
};

PairSums sums_of(const std::int8_t* q, std::size_t count) noexcept {
  PairSums sums{};
  for (std::size_t i = 0; i < count; i += 4) {
    sums.first += q[i] + q[i + 1];
    sums.second += q[i + 2] + q[i + 3];
  }
  return sums;
}

void fill_pair_start(PairSums sums, std::int32_t factor, std::int16_t* out) noexcept {
  out[0] = static_cast<std::int16_t>(-factor * sums.first);
  out[1] = static_cast<std::int16_t>(-factor * sums.second);
}

void prepare(const float* x, std::size_t count, Activation64& block) noexcept {
  for (std::size_t s = 0; s < 2; ++s) {
    std::int8_t* q = block.q + 32 * s;
    const std::size_t begin = std::min(32 * s, count);
    const std::size_t here = std::min<std::size_t>(count - begin, 32);
    block.scale[s] = quantize(x + begin, here, q);
    std::fill(q + here, q + 32, std::int8_t{0});
    const PairSums sums = sums_of(q, 32);
    block.sum[s] = block.scale[s] * static_cast<float>(sums.all());
    block.start[s] = -128 * sums.all();
    fill_pair_start(sums, 16, block.pair_start[s]);
  }
}

void prepare(const float* x, std::size_t count, Activation256& block) noexcept {
  block.scale = quantize(x, count, block.q);
  std::fill(block.q + count, std::end(block.q), std::int8_t{0});
  for (std::size_t s = 0; s < 16; ++s) {
    const PairSums sums = sums_of(block.q + 16 * s, 16);
    block.sum16[s] = static_cast<std::int16_t>(sums.all());
    block.start[s] = -128 * sums.all();
    fill_pair_start(sums, 32, block.pair_start[s]);
  }
  for (std::size_t s = 0; s < 8; ++s) {
    block.sum32[s] = static_cast<std::int16_t>(block.sum16[2 * s] + block.sum16[2 * s + 1]);
  }
}

template <class Block>
void prepare_row(const float* x, std::size_t count, std::size_t stride, std::byte* out) noexcept {
  constexpr std::size_t kElements = sizeof(Block::q);
  for (std::size_t start = 0; start < count; start += kElements, out += stride) {
    Block block{};
    prepare(x + start, std::min(kElements, count - start), block);
    std::memcpy(out, &block, sizeof block);
  }
}

void prepare_bf16(const float* x, std::size_t count, std::size_t bytes, std::byte* out) noexcept {
  for (std::size_t i = 0; i < count; ++i) {
    const std::uint16_t value = f32_to_bf16(x[i]);
    std::memcpy(out + 2 * i, &value, sizeof value);
  }
  std::memset(out + 2 * count, 0, bytes - 2 * count);
}

}  // namespace

std::size_t activation_row_bytes(ActivationFormat format, std::size_t in_features) noexcept {
  switch (format) {
    case ActivationFormat::f32:
      return 0;
    case ActivationFormat::bf16:
      return round_up(in_features, 64) * 2;
    case ActivationFormat::q8_32:
      return round_up(in_features, 64) / 64 * sizeof(Activation64);
    case ActivationFormat::q8_256:
      return round_up(in_features, 256) / 256 * sizeof(Activation256);
  }
  return 0;
}

ActivationStrides activation_strides(ActivationFormat format, ActivationOrder order,
                                     std::size_t in_features, std::size_t rows) noexcept {
  const std::size_t bytes = activation_row_bytes(format, in_features);
  if (format == ActivationFormat::bf16) return {bytes, 64 * sizeof(std::uint16_t)};
  const std::size_t block =
      format == ActivationFormat::q8_32 ? sizeof(Activation64) : sizeof(Activation256);
  if (order == ActivationOrder::rows) return {bytes, block};
  return {block, rows * block};
}

void prepare_activations(ActivationFormat format, ActivationOrder order, const Activations& x,
                         std::size_t in_features, std::size_t first, std::size_t rows,
                         std::byte* out) noexcept {
  const ActivationStrides strides = activation_strides(format, order, in_features, rows);
  for (std::size_t row = 0; row < x.rows; ++row) {
    const float* values = x.f32 + row * x.stride;
    std::byte* to = out + (first + row) * strides.row;
    switch (format) {
      case ActivationFormat::f32:
        break;
      case ActivationFormat::bf16:
        prepare_bf16(values, in_features, strides.row, to);
        break;
      case ActivationFormat::q8_32:
        prepare_row<Activation64>(values, in_features, strides.tile, to);
        break;
      case ActivationFormat::q8_256:
        prepare_row<Activation256>(values, in_features, strides.tile, to);
        break;
    }
  }
}

}  // namespace tlite
