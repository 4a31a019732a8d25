#include "tensor/quantize.hpp"

#include "tensor/blocks.hpp"

#include <algorithm>
#include <cmath>
#include <fstream>
#include <iterator>
#include <limits>
#include <random>
#include <span>
#include <string>
#include <vector>

#include <doctest/doctest.h>

namespace tlite {
namespace {

std::vector<std::byte> read_golden(const std::string& name) {
  const std::string path =
      std::string(TLITE_SOURCE_DIR) + "/tests/golden/data/quantized/" + name + ".bin";
  std::ifstream file(path, std::ios::binary);
  const std::vector<char> bytes(std::istreambuf_iterator<char>(file), {});
  const auto* begin = reinterpret_cast<const std::byte*>(bytes.data());
  return {begin, begin + bytes.size()};
}

std::vector<std::byte> encode(DataType type, const std::vector<float>& values,
                              std::span<const float> importance = {}, std::size_t rows = 1) {
  std::vector<std::byte> blocks(bytes_of(type, values.size()));
  quantize(type, values.data(), rows, values.size() / rows, importance, blocks.data());
  return blocks;
}

std::vector<float> decode(DataType type, const std::vector<std::byte>& blocks,
                          std::size_t elements) {
  std::vector<float> values(elements);
  dequantize(type, blocks.data(), elements, values.data());
  return values;
}

std::vector<float> round_trip(DataType type, const std::vector<float>& values,
                              std::span<const float> importance = {}) {
  return decode(type, encode(type, values, importance), values.size());
}

double squared_error(const std::vector<float>& a, const std::vector<float>& b,
                     const std::vector<float>& weights) {
  double sum = 0;
  for (std::size_t i = 0; i < a.size(); ++i) {
    const double miss = static_cast<double>(a[i]) - b[i];
    sum += (weights.empty() ? 1.0 : weights[i]) * miss * miss;
  }
  return sum;
}

std::vector<float> normal_values(std::size_t count, unsigned seed) {
  std::mt19937 random(seed);
  std::normal_distribution<float> normal;
  std::vector<float> values(count);
  std::generate(values.begin(), values.end(), [&] { return normal(random); });
  return values;
}

std::vector<float> some_importance(std::size_t count) {
  std::mt19937 random(7);
  std::lognormal_distribution<float> log_normal(0.0F, 1.5F);
  std::vector<float> importance(count);
  std::generate(importance.begin(), importance.end(), [&] { return log_normal(random); });
  return importance;
}

// What a format is made of: how many steps its codes span, and in how many its sub-blocks' scales
// come, 0 where each block has an f16 scale of its own.
struct Fineness {
  DataType type;
  float code_steps;
  float scale_steps;
};

// IQ4 by its widest gap, 24 of 240.
constexpr Fineness kFormats[] = {
    {DataType::q8_0, 254, 0},  {DataType::q4_0, 15, 0},   {DataType::q4_1, 15, 0},
    {DataType::q5_0, 31, 0},   {DataType::q5_1, 31, 0},   {DataType::q2_k, 3, 15},
    {DataType::q3_k, 7, 31},   {DataType::q4_k, 15, 63},  {DataType::q5_k, 31, 63},
    {DataType::q6_k, 63, 127}, {DataType::iq4_nl, 10, 0}, {DataType::iq4_xs, 10, 31},
};

}  // namespace

TEST_CASE("tensor/quantize: the plain encoders give the gguf package's bytes") {
  const std::vector<std::byte> bytes = read_golden("values");
  REQUIRE(bytes.size() == 12 * 64 * sizeof(float));
  std::vector<float> values(12 * 64);
  dequantize(DataType::f32, bytes.data(), values.size(), values.data());
  for (const DataType type : {DataType::f16, DataType::bf16, DataType::q8_0, DataType::q4_0,
                              DataType::q4_1, DataType::q5_0, DataType::q5_1}) {
    CAPTURE(to_string(type));
    CHECK(encode(type, values, {}, 12) == read_golden(std::string(to_string(type))));
  }
  CHECK(encode(DataType::f32, values) == bytes);
}

// One encoding can be written down: scales that cover [-A, A], A the largest magnitude of a block.
// A code then misses by half a step, A / code_steps, or by a whole one at the end where the grid
// has a step less; rounding scale and minimum moves a weight by up to A / scale_steps each. Both
// are bounds of the largest error of that encoding, so of the root mean square of a better one.
TEST_CASE("tensor/quantize: the error keeps to what the steps of a format allow") {
  const std::vector<float> values = normal_values(4096, 1);
  for (const Fineness& format : kFormats) {
    for (const std::vector<float>& importance : {std::vector<float>{}, some_importance(4096)}) {
      CAPTURE(to_string(format.type));
      CAPTURE(importance.empty());
      const std::vector<float> decoded = round_trip(format.type, values, importance);
      const std::size_t block = block_shape(format.type).elements;
      for (std::size_t start = 0; start < values.size(); start += block) {
        float largest = 0;
        double error = 0;
        double weights = 0;
        for (std::size_t i = start; i < start + block; ++i) {
          const double weight = importance.empty() ? 1.0 : importance[i];
          const double miss = static_cast<double>(decoded[i]) - values[i];
          largest = std::max(largest, std::fabs(values[i]));
          error += weight * miss * miss;
          weights += weight;
        }
        const float scale_steps = format.scale_steps == 0 ? 2048 : format.scale_steps;
        const float bound = largest * (2 / format.code_steps + 2 / scale_steps);
        CHECK(std::sqrt(error / weights) <= static_cast<double>(bound));
      }
    }
  }
}

TEST_CASE("tensor/quantize: importance lowers the error that it weighs") {
  const std::vector<float> values = normal_values(4096, 2);
  const std::vector<float> importance = some_importance(4096);
  for (const Fineness& format : kFormats) {
    CAPTURE(to_string(format.type));
    const double plain = squared_error(round_trip(format.type, values), values, importance);
    const double weighed =
        squared_error(round_trip(format.type, values, importance), values, importance);
    CHECK(weighed < plain);
  }
}

TEST_CASE("tensor/quantize: only the ratios of importances count, and only within a block") {
  const std::vector<float> values = normal_values(512, 3);
  const std::vector<float> importance = some_importance(512);
  std::vector<float> scaled = importance;
  for (std::size_t i = 0; i < 512; ++i) scaled[i] *= i < 256 ? 0x1.0p40F : 0x1.0p-40F;
  for (const Fineness& format : kFormats) {
    CAPTURE(to_string(format.type));
    CHECK(encode(format.type, values, scaled) == encode(format.type, values, importance));
  }
}

TEST_CASE("tensor/quantize: importances that weigh nothing are as good as equal ones") {
  const std::vector<float> values = normal_values(256, 4);
  const std::vector<float> equal(256, 3.0F);
  for (const float nothing : {0.0F, -1.0F, std::numeric_limits<float>::quiet_NaN()}) {
    const std::vector<float> importance(256, nothing);
    for (const Fineness& format : kFormats) {
      CAPTURE(to_string(format.type));
      CHECK(encode(format.type, values, importance) == encode(format.type, values, equal));
    }
  }
}

TEST_CASE("tensor/quantize: a block does not depend on its neighbours, rows or their number") {
  const std::size_t columns = 768;
  const std::vector<float> values = normal_values(3 * columns, 5);
  for (const std::vector<float>& importance : {std::vector<float>{}, some_importance(columns)}) {
    for (const Fineness& format : kFormats) {
      CAPTURE(to_string(format.type));
      const std::vector<std::byte> together = encode(format.type, values, importance, 3);
      std::vector<std::byte> apart;
      const std::size_t block = block_shape(format.type).elements;
      for (std::size_t i = 0; i < values.size(); i += block) {
        const std::vector<float> one(values.begin() + static_cast<std::ptrdiff_t>(i),
                                     values.begin() + static_cast<std::ptrdiff_t>(i + block));
        std::span<const float> weights(importance);
        if (!weights.empty()) weights = weights.subspan(i % columns, block);
        const std::vector<std::byte> bytes = encode(format.type, one, weights);
        apart.insert(apart.end(), bytes.begin(), bytes.end());
      }
      CHECK(together == apart);
    }
  }
}

TEST_CASE("tensor/quantize: zeros stay zeros") {
  const std::vector<float> zeros(256, 0.0F);
  for (const Fineness& format : kFormats) {
    CAPTURE(to_string(format.type));
    CHECK(round_trip(format.type, zeros) == zeros);
    CHECK(round_trip(format.type, zeros, some_importance(256)) == zeros);
  }
}

// One value is a scale times one code, so f16's rounding of d remains, 2^-11 of it, and where a
// minimum takes part a second one. d stays above f16's subnormals here, down to 0.3 / (128 * 32)
// for Q6_K.
TEST_CASE("tensor/quantize: a constant block is exact but for f16") {
  for (const float value : {0.75F, -0.3F, 1234.0F, -50.0F}) {
    const std::vector<float> constant(256, value);
    for (const Fineness& format : kFormats) {
      CAPTURE(to_string(format.type));
      CAPTURE(value);
      for (const float decoded : round_trip(format.type, constant, some_importance(256))) {
        CHECK(std::fabs(decoded - value) <= std::fabs(value) * 0x1.0p-10F);
      }
    }
  }
}

TEST_CASE("tensor/quantize: negative values alone need no more than their range") {
  std::vector<float> values = normal_values(256, 6);
  for (float& value : values) value = -std::fabs(value);
  std::vector<float> mirrored = values;
  for (float& value : mirrored) value = -value;
  // Where a scale may be negative, or the code's range is symmetric, the sign is free.
  for (const DataType type : {DataType::q8_0, DataType::q4_0, DataType::q5_0, DataType::q3_k,
                              DataType::q6_k, DataType::iq4_nl, DataType::iq4_xs}) {
    CAPTURE(to_string(type));
    std::vector<float> decoded = round_trip(type, mirrored);
    for (float& value : decoded) value = -value;
    CHECK(round_trip(type, values) == decoded);
  }
}

// Scales run into f16's subnormals, steps of 2^-24, and then to 0: whatever is left, all zeros
// could be written as well, so the error must not exceed theirs.
TEST_CASE("tensor/quantize: tiny values stay tiny") {
  for (const float size : {1e-4F, 1e-6F, 1e-8F, 1e-20F, 1e-40F}) {
    std::vector<float> values = normal_values(256, 8);
    for (float& value : values) value *= size;
    const std::vector<float> zeros(256, 0.0F);
    for (const Fineness& format : kFormats) {
      CAPTURE(to_string(format.type));
      CAPTURE(size);
      const std::vector<float> decoded = round_trip(format.type, values, some_importance(256));
      CHECK(squared_error(decoded, values, some_importance(256)) <=
            squared_error(zeros, values, some_importance(256)));
    }
  }
}

TEST_CASE("tensor/quantize: what no block can hold saturates, NaN is 0") {
  constexpr float kInfinity = std::numeric_limits<float>::infinity();
  std::vector<float> values = normal_values(256, 9);
  values[3] = kInfinity;
  values[40] = -kInfinity;
  values[70] = std::numeric_limits<float>::quiet_NaN();
  values[130] = std::numeric_limits<float>::max();
  for (const Fineness& format : kFormats) {
    for (const std::vector<float>& importance : {std::vector<float>{}, some_importance(256)}) {
      CAPTURE(to_string(format.type));
      CAPTURE(importance.empty());
      const std::vector<float> decoded = round_trip(format.type, values, importance);
      for (const float value : decoded) CHECK(std::isfinite(value));
      CHECK(decoded[3] > 0.0F);
      CHECK(decoded[40] < 0.0F);
    }
  }
}

}  // namespace tlite
