#include "kernels/activations.hpp"

#include "base/rng.hpp"

#include <cmath>
#include <cstring>
#include <limits>
#include <vector>

#include <doctest/doctest.h>

namespace tlite {
namespace {

std::vector<std::byte> prepare(ActivationFormat format, const std::vector<float>& x) {
  std::vector<std::byte> out(activation_row_bytes(format, x.size()));
  const Activations rows{.f32 = x.data(), .rows = 1, .stride = x.size()};
  prepare_activations(format, rows, x.size(), out.data());
  return out;
}

template <class Block>
Block block_at(const std::vector<std::byte>& row, std::size_t index) {
  Block block;
  std::memcpy(&block, row.data() + index * sizeof block, sizeof block);
  return block;
}

}  // namespace

TEST_CASE("kernels/activations: codes are the nearest multiples of the scale, with their sums") {
  CounterRng rng(1);
  std::vector<float> x(300);
  for (float& value : x) value = static_cast<float>(rng.next_unit() * 2 - 1);
  const auto row32 = prepare(ActivationFormat::q8_32, x);
  REQUIRE(row32.size() == 10 * sizeof(Activation32));  // pairs of blocks: 320 values
  for (std::size_t i = 0; i < 320; ++i) {
    const auto block = block_at<Activation32>(row32, i / 32);
    const float code = block.q[i % 32];
    if (i < x.size()) {
      // Half a step, and what two roundings of x / scale may add to it.
      CHECK(std::fabs(code * block.scale - x[i]) <= block.scale * (0.5F + 127 * 0x1.0p-22F));
    } else {
      CHECK(code == 0);
    }
  }
  const auto row256 = prepare(ActivationFormat::q8_256, x);
  REQUIRE(row256.size() == 2 * sizeof(Activation256));
  const auto block = block_at<Activation256>(row256, 0);
  for (std::size_t s = 0; s < 16; ++s) {
    int sum = 0;
    for (std::size_t i = 0; i < 16; ++i) sum += block.q[16 * s + i];
    CHECK(block.sum16[s] == sum);
    CHECK(block.start[s] == -128 * sum);
    int first = 0;
    for (std::size_t i = 0; i < 16; i += 4) first += block.q[16 * s + i] + block.q[16 * s + i + 1];
    CHECK(block.pair_start[s][0] == -32 * first);
    CHECK(block.pair_start[s][1] == -32 * (sum - first));
    if (s % 2 == 0) CHECK(block.sum32[s / 2] == block.sum16[s] + block.sum16[s + 1]);
  }
}

TEST_CASE("kernels/activations: ties round to even and the largest value is 127") {
  std::vector<float> x(32);
  x[0] = 127.0F;
  x[1] = 0.5F;
  x[2] = 1.5F;
  x[3] = -2.5F;
  x[4] = -127.0F;
  const auto block = block_at<Activation32>(prepare(ActivationFormat::q8_32, x), 0);
  CHECK(block.scale == 1.0F);
  CHECK(block.q[0] == 127);
  CHECK(block.q[1] == 0);
  CHECK(block.q[2] == 2);
  CHECK(block.q[3] == -2);
  CHECK(block.q[4] == -127);
  CHECK(block.sum == 0.0F);
}

TEST_CASE("kernels/activations: zeros, values next to zero, NaN and infinity") {
  for (const float value : {0.0F, -0.0F, 1e-40F, 0x1.0p-101F}) {
    const auto block =
        block_at<Activation32>(prepare(ActivationFormat::q8_32, std::vector<float>(32, value)), 0);
    CHECK(block.scale == 0.0F);
    CHECK(block.start == 0);
  }
  for (const float value : {std::nanf(""), std::numeric_limits<float>::infinity()}) {
    std::vector<float> x(256, 1.0F);
    x[7] = value;
    CHECK(std::isnan(block_at<Activation32>(prepare(ActivationFormat::q8_32, x), 0).scale));
    CHECK(block_at<Activation32>(prepare(ActivationFormat::q8_32, x), 1).scale == 1.0F / 127.0F);
    CHECK(std::isnan(block_at<Activation256>(prepare(ActivationFormat::q8_256, x), 0).scale));
  }
}

TEST_CASE("kernels/activations: bf16 rows are rounded to nearest even and padded to 64") {
  const auto row = prepare(ActivationFormat::bf16, {1.0F, -2.0F, 1.0F + 0x1.8p-7F});
  REQUIRE(row.size() == 128);
  std::uint16_t values[64];
  std::memcpy(values, row.data(), sizeof values);
  CHECK(values[0] == 0x3F80);
  CHECK(values[1] == 0xC000);
  CHECK(bf16_to_f32(values[2]) == 1.0F + 0x1.0p-6F);
  CHECK(std::all_of(values + 3, values + 64, [](std::uint16_t value) { return value == 0; }));
}

}  // namespace tlite
