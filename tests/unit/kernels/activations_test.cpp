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
  prepare_activations(format, ActivationOrder::rows, rows, x.size(), 0, 1, out.data());
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
  REQUIRE(row32.size() == 5 * sizeof(Activation64));  // 320 values
  for (std::size_t i = 0; i < 320; ++i) {
    const auto block = block_at<Activation64>(row32, i / 64);
    const float code = block.q[i % 64];
    const float scale = block.scale[i % 64 / 32];
    if (i < x.size()) {
      // Half a step, and what two roundings of x / scale may add to it.
      CHECK(std::fabs(code * scale - x[i]) <= scale * (0.5F + 127 * 0x1.0p-22F));
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
  const auto block = block_at<Activation64>(prepare(ActivationFormat::q8_32, x), 0);
  CHECK(block.scale[0] == 1.0F);
  CHECK(block.q[0] == 127);
  CHECK(block.q[1] == 0);
  CHECK(block.q[2] == 2);
  CHECK(block.q[3] == -2);
  CHECK(block.q[4] == -127);
  CHECK(block.sum[0] == 0.0F);
}

TEST_CASE("kernels/activations: rows have the same bits alone and among others, in any order") {
  CounterRng rng(2);
  constexpr std::size_t kIn = 352;
  constexpr std::size_t kRows = 5;
  std::vector<float> x(kRows * kIn);
  for (float& value : x) value = static_cast<float>(rng.next_unit() * 2 - 1);
  const std::pair<ActivationFormat, std::size_t> formats[] = {
      {ActivationFormat::bf16, 128},
      {ActivationFormat::q8_32, sizeof(Activation64)},
      {ActivationFormat::q8_256, sizeof(Activation256)}};
  for (const auto& [format, block] : formats) {
    const std::size_t bytes = activation_row_bytes(format, kIn);
    for (const auto order : {ActivationOrder::rows, ActivationOrder::blocks}) {
      std::vector<std::byte> all(kRows * bytes);
      for (const auto& [first, count] : {std::pair{0UL, 2UL}, std::pair{2UL, kRows - 2}}) {
        const Activations some{.f32 = &x[first * kIn], .rows = count, .stride = kIn};
        prepare_activations(format, order, some, kIn, first, kRows, all.data());
      }
      const bool side_by_side =
          order == ActivationOrder::blocks && format != ActivationFormat::bf16;
      for (std::size_t row = 0; row < kRows; ++row) {
        const auto alone = prepare(format, {&x[row * kIn], &x[row * kIn] + kIn});
        for (std::size_t b = 0; b * block < bytes; ++b) {
          const std::size_t at = side_by_side ? (b * kRows + row) * block : row * bytes + b * block;
          CHECK(std::memcmp(&alone[b * block], &all[at], block) == 0);
        }
      }
    }
  }
}

TEST_CASE("kernels/activations: zeros, values next to zero, NaN and infinity") {
  for (const float value : {0.0F, -0.0F, 1e-40F, 0x1.0p-101F}) {
    const auto block =
        block_at<Activation64>(prepare(ActivationFormat::q8_32, std::vector<float>(32, value)), 0);
    CHECK(block.scale[0] == 0.0F);
    CHECK(block.start[0] == 0);
  }
  for (const float value : {std::nanf(""), std::numeric_limits<float>::infinity()}) {
    std::vector<float> x(256, 1.0F);
    x[7] = value;
    const auto pair = block_at<Activation64>(prepare(ActivationFormat::q8_32, x), 0);
    CHECK(std::isnan(pair.scale[0]));
    CHECK(pair.scale[1] == 1.0F / 127.0F);
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
