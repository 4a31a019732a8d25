// The packed kernels against a plain walk over the blocks of a row, which shares nothing with them
// but the codec of single blocks and the documented order of additions: every format and tier,
// bit for bit.
#include "base/buffer.hpp"
#include "base/cpu.hpp"
#include "base/rng.hpp"
#include "kernels/activations.hpp"
#include "kernels/packed/linear.hpp"
#include "kernels/packed/pack.hpp"
#include "tensor/blocks.hpp"
#include "unit/support/bits.hpp"

#include <algorithm>
#include <cmath>
#include <cstring>
#include <limits>
#include <memory>
#include <utility>
#include <vector>

#include <doctest/doctest.h>

namespace tlite {
namespace {

std::vector<DataType> packed_types() {
  std::vector<DataType> types;
  for (const DataType type : kDataTypes) {
    if (is_packed(type)) types.push_back(type);
  }
  return types;
}

// What rows are multiples of; of bf16 an odd number, so that they end within a tile and a pair.
std::size_t unit_of(DataType type) {
  return type == DataType::bf16 ? 21 : block_shape(type).elements;
}

// Where blocks keep their f16 numbers: random bits there would be NaN now and then.
std::vector<std::size_t> halves_of(DataType type) {
  switch (type) {
    case DataType::q4_1:
    case DataType::q5_1:
    case DataType::q4_k:
    case DataType::q5_k:
      return {0, 2};
    case DataType::q2_k:
      return {80, 82};
    case DataType::q3_k:
      return {108};
    case DataType::q6_k:
      return {208};
    default:
      return {0};
  }
}

// Random blocks: every code and sub-block scale, the extremes among them.
std::vector<std::byte> random_blocks(DataType type, std::size_t count, CounterRng& rng) {
  const std::size_t bytes = block_shape(type).bytes;
  std::vector<std::byte> blocks(count * bytes);
  if (type == DataType::bf16) {
    for (std::size_t i = 0; i < count; ++i) {
      const std::uint16_t value = f32_to_bf16(static_cast<float>(rng.next_unit() * 2 - 1));
      std::memcpy(&blocks[2 * i], &value, sizeof value);
    }
    return blocks;
  }
  for (std::byte& byte : blocks) byte = static_cast<std::byte>(rng.next_u64() & 0xFF);
  for (std::size_t i = 0; i < count; ++i) {
    for (const std::size_t at : halves_of(type)) {
      const auto value = static_cast<float>((rng.next_unit() * 2 - 1) * 0.01);
      const std::uint16_t half = f32_to_f16(value);
      std::memcpy(&blocks[i * bytes + at], &half, sizeof half);
    }
    // One block in eight has nothing but the largest, one nothing but the smallest codes.
    if (i % 8 < 2) {
      const std::size_t skip = halves_of(type)[0] == 0 ? halves_of(type).size() * 2 : 0;
      const std::size_t end = skip == 0 ? halves_of(type)[0] : bytes;
      std::fill(blocks.begin() + static_cast<std::ptrdiff_t>(i * bytes + skip),
                blocks.begin() + static_cast<std::ptrdiff_t>(i * bytes + end),
                i % 8 == 0 ? std::byte{0xFF} : std::byte{0x00});
    }
  }
  return blocks;
}

std::vector<float> random_rows(std::size_t count, CounterRng& rng) {
  std::vector<float> x(count);
  for (float& value : x) {
    value = static_cast<float>(rng.next_unit() * 2 - 1);
    if (rng.next_u64() % 64 == 0) value *= 50.0F;  // outlier channels
  }
  return x;
}

template <class Block>
Block block_at(const std::byte* row, std::size_t index) {
  Block block;
  std::memcpy(&block, row + index * sizeof block, sizeof block);
  return block;
}

std::int32_t dot(const std::int16_t* codes, const std::int8_t* x, std::size_t count) {
  std::int32_t sum = 0;
  for (std::size_t i = 0; i < count; ++i) sum += codes[i] * x[i];
  return sum;
}

float add_block_32(const BlockParts& parts, const Activation64& x, std::size_t half, bool has_min,
                   float y) {
  const auto product = static_cast<float>(dot(parts.code.data(), x.q + 32 * half, 32));
  y = std::fma(product, parts.scale[0] * x.scale[half], y);
  return has_min ? std::fma(-parts.min[0], x.sum[half], y) : y;
}

// The integer that `product` is of `factor`.
std::int32_t integer_of(float product, float factor) {
  return factor == 0 ? 0 : static_cast<std::int32_t>(std::lround(product / factor));
}

// d and dmin: what the integer scales and minimums of the block were multiplied by.
float add_block_256(const BlockParts& parts, const Activation256& x, float d, float dmin, float y) {
  std::int32_t sum = 0;
  std::int32_t mins = 0;
  for (std::size_t s = 0; s < 256 / parts.sub; ++s) {
    const std::size_t at = s * parts.sub;
    sum += integer_of(parts.scale[s], d) * dot(&parts.code[at], &x.q[at], parts.sub);
    std::int32_t x_sum = 0;
    for (std::size_t i = 0; i < parts.sub; ++i) x_sum += x.q[at + i];
    mins += integer_of(parts.min[s], dmin) * x_sum;
  }
  float value = static_cast<float>(sum) * d;
  if (dmin != 0) value = std::fma(static_cast<float>(mins), -dmin, value);
  return std::fma(value, x.scale, y);
}

// Number `index` of halves_of.
float half_of(DataType type, const std::byte* block, std::size_t index) {
  if (index >= halves_of(type).size()) return 0;
  std::uint16_t half;
  std::memcpy(&half, block + halves_of(type)[index], sizeof half);
  return f16_to_f32(half);
}

float bf16_at(const std::byte* row, std::size_t index) {
  return bf16_to_f32(block_at<std::uint16_t>(row, index));
}

// In pairs, the odd element first; behind the row there are zeros.
float expected_bf16_output(const std::byte* weights, const std::byte* x, std::size_t in_features) {
  float y = 0;
  for (std::size_t i = 0; i < in_features; i += 2) {
    if (i + 1 < in_features) y = std::fma(bf16_at(weights, i + 1), bf16_at(x, i + 1), y);
    y = std::fma(bf16_at(weights, i), bf16_at(x, i), y);
  }
  return y;
}

float expected_output(DataType type, const std::byte* weights, const std::byte* x,
                      std::size_t in_features) {
  if (type == DataType::bf16) return expected_bf16_output(weights, x, in_features);
  const BlockShape shape = block_shape(type);
  const bool has_min = type == DataType::q4_1 || type == DataType::q5_1;
  float y = 0;
  for (std::size_t b = 0; b < in_features / shape.elements; ++b) {
    const std::byte* block = weights + b * shape.bytes;
    const BlockParts parts = take_apart(type, block);
    y = shape.elements == 32
            ? add_block_32(parts, block_at<Activation64>(x, b / 2), b % 2, has_min, y)
            : add_block_256(parts, block_at<Activation256>(x, b), half_of(type, block, 0),
                            half_of(type, block, 1), y);
  }
  return y;
}

struct Problem {
  DataType type;
  std::size_t outs;
  std::size_t ins;
  std::size_t rows;
  std::vector<std::byte> weights;
  ActivationFormat format;
  std::vector<float> x;

  Problem(DataType t, std::size_t o, std::size_t i, std::size_t r, CounterRng& rng)
      : type(t), outs(o), ins(i), rows(r) {
    const BlockShape shape = block_shape(type);
    weights = random_blocks(type, outs * ins / shape.elements, rng);
    format = packed_inputs(type);
    x = random_rows(rows * ins, rng);
    std::fill_n(x.begin(), ins, 1.0F);  // with the largest weights the largest sums
  }

  // [rows][outs]
  std::vector<float> expected() const {
    const BlockShape shape = block_shape(type);
    std::vector<float> y;
    for (std::size_t row = 0; row < rows; ++row) {
      std::vector<std::byte> prepared(activation_row_bytes(format, ins));
      prepare(ActivationOrder::rows, row, 1, prepared.data());
      for (std::size_t out = 0; out < outs; ++out) {
        y.push_back(expected_output(type, weights.data() + out * ins / shape.elements * shape.bytes,
                                    prepared.data(), ins));
      }
    }
    return y;
  }

  void prepare(ActivationOrder order, std::size_t first, std::size_t count, std::byte* out) const {
    prepare_activations(format, order,
                        {.f32 = x.data() + first * ins, .rows = count, .stride = ins}, ins, 0,
                        count, out);
  }

  // Rows [first, first + count) through `linear`, everything `shift` bytes off its alignment.
  std::vector<float> run(const Linear& linear, std::size_t first, std::size_t count,
                         std::size_t shift) const {
    const std::size_t stride = outs + 3;
    std::vector<float> y(count * stride + 16, -777.0F);
    std::vector<std::byte> scratch(linear.scratch_bytes() + shift);
    std::vector<std::byte> input(count * activation_row_bytes(format, ins) + shift);
    prepare(linear.activation_order(), first, count, input.data() + shift);
    Activations a{.f32 = x.data() + first * ins, .rows = count, .stride = ins};
    a.prepared = input.data() + shift;
    for (std::size_t chunk = linear.chunks(count); chunk-- > 0;) {
      linear.run(chunk, a, y.data() + shift / 4, stride,
                 {scratch.data() + shift, linear.scratch_bytes()});
    }
    std::vector<float> result;
    for (std::size_t row = 0; row < count; ++row) {
      const float* from = y.data() + shift / 4 + row * stride;
      result.insert(result.end(), from, from + outs);
      for (std::size_t i = 0; i < 3; ++i) REQUIRE(from[outs + i] == -777.0F);
    }
    return result;
  }
};

// A matrix with the tiles that it streams.
struct Packed {
  Buffer tiles;
  std::unique_ptr<Linear> linear;

  const Linear& operator*() const { return *linear; }
  const Linear* operator->() const { return linear.get(); }
};

Packed pack(const Problem& problem, CpuTier tier) {
  const PackedShape shape = packed_shape(problem.type, problem.outs, problem.ins);
  Buffer tiles(shape.bytes(), "tiles", nullptr);
  for (std::size_t group = 0; group < shape.groups; ++group) {
    pack_group(problem.type, problem.weights.data(), problem.outs, problem.ins, group,
               tiles.data() + group * shape.group_bytes());
  }
  const WeightMatrix matrix{problem.type, problem.outs, problem.ins, problem.weights};
  auto linear = make_packed_linear(matrix, tier, tiles.as<const std::byte>());
  return {std::move(tiles), std::move(linear)};
}

}  // namespace

TEST_CASE("kernels/packed: every tier gives the documented sum, alone and in any batch") {
  CounterRng rng(7);
  for (const DataType type : packed_types()) {
    const std::size_t block = unit_of(type);
    // In blocks: one, an odd number, more than a strip; outs: padded, an odd group, many chunks.
    const struct {
      std::size_t outs, blocks;
    } shapes[] = {{1, 1}, {16, 3}, {33, 5}, {80, 4096 / block + 1}, {150, 2}};
    for (const auto& shape : shapes) {
      const Problem problem(type, shape.outs, shape.blocks * block, 67, rng);
      const std::vector<float> expected = problem.expected();
      for (const CpuTier tier : kCpuTiers) {
        if (!cpu_has(tier)) continue;
        CAPTURE(to_string(type));
        CAPTURE(to_string(tier));
        CAPTURE(shape.outs);
        CAPTURE(shape.blocks);
        const auto linear = pack(problem, tier);
        std::size_t first = 0;
        for (std::size_t rows = 1; rows <= problem.rows; ++rows) {
          CAPTURE(rows);
          first = (first + 5) % (problem.rows - rows + 1);
          const std::vector<float> y = problem.run(*linear, first, rows, rows % 4 * 4);
          CHECK(test::same_bits(y, {&expected[first * problem.outs], rows * problem.outs}));
        }
      }
    }
  }
}

// Only then is it seen whether a row's bits hang on the chunks. They are cut alike in all tiers.
TEST_CASE("kernels/packed: a matrix that a prompt cuts into larger chunks than a step does") {
  constexpr std::size_t kOuts = 1040;
  constexpr std::size_t kPrompt = 9;
  CounterRng rng(9);
  for (const DataType type : packed_types()) {
    CAPTURE(to_string(type));
    // A group of more than 64 KB.
    const std::size_t row = std::size_t{72} * 1024 / 16 / block_shape(type).bytes;
    const Problem problem(type, kOuts, row * block_shape(type).elements, kPrompt, rng);
    const Packed linear = pack(problem, best_cpu_tier());
    REQUIRE(linear->chunks(kPrompt) < linear->chunks(1));
    const std::vector<float> together = problem.run(*linear, 0, kPrompt, 0);
    for (std::size_t i = 0; i < kPrompt; ++i) {
      CHECK(test::same_bits(problem.run(*linear, i, 1, 0), {&together[i * kOuts], kOuts}));
    }
  }
}

// With so many rows strips are longer, and AVX2 takes the rows in blocks.
TEST_CASE("kernels/packed: rows of a long prompt have the bits that they have in small batches") {
  constexpr std::size_t kOuts = 49;
  constexpr std::size_t kPrompt = 195;
  constexpr std::size_t kBatch = 5;
  CounterRng rng(11);
  for (const DataType type : packed_types()) {
    CAPTURE(to_string(type));
    const Problem problem(type, kOuts, 1536 / unit_of(type) * unit_of(type), kPrompt, rng);
    for (const CpuTier tier : kCpuTiers) {
      if (!cpu_has(tier)) continue;
      CAPTURE(to_string(tier));
      const Packed linear = pack(problem, tier);
      const std::vector<float> together = problem.run(*linear, 0, kPrompt, 0);
      for (std::size_t i = 0; i < kPrompt; i += kBatch) {
        const std::vector<float> batch = problem.run(*linear, i, kBatch, 0);
        CHECK(test::same_bits(batch, {&together[i * kOuts], kBatch * kOuts}));
      }
    }
  }
}

TEST_CASE("kernels/packed: the result is near the product with dequantized weights") {
  CounterRng rng(8);
  for (const DataType type : packed_types()) {
    CAPTURE(to_string(type));
    const Problem problem(type, 16, 512, 2, rng);
    const std::vector<float> y = problem.run(*pack(problem, best_cpu_tier()), 0, 2, 0);
    std::vector<float> w(problem.ins * problem.outs);
    dequantize(type, problem.weights.data(), w.size(), w.data());
    const std::size_t group = problem.format == ActivationFormat::q8_32 ? 32 : 256;
    for (std::size_t i = 0; i < y.size(); ++i) {
      const float* x = &problem.x[i / 16 * 512];
      double exact = 0;
      double bound = 0;
      for (std::size_t k = 0; k < 512; ++k) {
        const float* from = x + k / group * group;
        float largest = 0;
        for (std::size_t j = 0; j < group; ++j) largest = std::max(largest, std::fabs(from[j]));
        const double weight = w[i % 16 * 512 + k];
        exact += weight * double{x[k]};
        // Activations are off by half a step at most; f32 sums of 512 terms by far less than 1 %
        // of that.
        const double step = type == DataType::bf16 ? std::fabs(x[k]) * 0x1p-8 : largest / 127;
        bound += std::fabs(weight) * step / 2 * 1.01;
      }
      CHECK(std::fabs(double{y[i]} - exact) <= bound);
    }
  }
}

TEST_CASE("kernels/packed: a NaN in a scale or an input comes out as NaN, in its row only") {
  CounterRng rng(10);
  for (const DataType type : packed_types()) {
    CAPTURE(to_string(type));
    Problem problem(type, 40, 512, 40, rng);
    const std::size_t bytes = block_shape(type).bytes;
    const std::size_t row_bytes = 512 / block_shape(type).elements * bytes;
    constexpr float kNan = std::numeric_limits<float>::quiet_NaN();
    const std::uint16_t nan = type == DataType::bf16 ? f32_to_bf16(kNan) : f32_to_f16(kNan);
    std::memcpy(&problem.weights[17 * row_bytes + bytes + halves_of(type)[0]], &nan, sizeof nan);
    // An infinity stays one as bf16.
    problem.x[3 * 512 + 9] = type == DataType::bf16 ? kNan : std::numeric_limits<float>::infinity();
    for (const CpuTier tier : kCpuTiers) {
      if (!cpu_has(tier)) continue;
      const std::vector<float> y = problem.run(*pack(problem, tier), 0, 40, 0);
      for (std::size_t i = 0; i < y.size(); ++i) {
        const bool expected = i % 40 == 17 || i / 40 == 3;
        if (std::isnan(y[i]) != expected) FAIL_CHECK("out " << i % 40 << " of row " << i / 40);
      }
    }
  }
}

}  // namespace tlite
