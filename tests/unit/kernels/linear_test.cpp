// One accumulation order: an output depends on its weight row and its input row alone.
#include "kernels/linear.hpp"

#include "base/rng.hpp"

#include <atomic>
#include <cstring>
#include <thread>
#include <vector>

#include <doctest/doctest.h>

namespace tlite {
namespace {

std::vector<std::byte> random_matrix(DataType type, std::size_t count, std::size_t misalignment) {
  CounterRng rng(count);
  std::vector<std::byte> bytes(count * size_of(type) + misalignment);
  for (std::size_t i = 0; i < count; ++i) {
    const auto value = static_cast<float>(rng.next_unit() * 2.0 - 1.0);
    std::byte* at = bytes.data() + misalignment + i * size_of(type);
    const std::uint16_t half = type == DataType::f16 ? f32_to_f16(value) : f32_to_bf16(value);
    if (type == DataType::f32) {
      std::memcpy(at, &value, 4);
    } else {
      std::memcpy(at, &half, 2);
    }
  }
  return bytes;
}

std::vector<float> multiply(const Linear& linear, const float* x, std::size_t rows) {
  std::vector<float> y(rows * linear.out_features());
  std::vector<std::byte> scratch(linear.scratch_bytes());
  const Activations in{.f32 = x, .rows = rows, .stride = linear.in_features()};
  for (std::size_t chunk = linear.chunks(rows); chunk-- > 0;) {
    linear.run(chunk, in, y.data(), linear.out_features(), scratch);
  }
  return y;
}

// f32 in the scalar tier is OpenBLAS.
struct Kind {
  DataType type;
  CpuTier tier;
};

struct Shape {
  std::size_t out, in;
};

}  // namespace

TEST_CASE("kernels/linear: a row has the same bits alone and at any place of any batch") {
  for (const auto& kind :
       {Kind{DataType::f32, CpuTier::scalar}, Kind{DataType::f32, best_cpu_tier()},
        Kind{DataType::f16, best_cpu_tier()}, Kind{DataType::bf16, best_cpu_tier()}}) {
    for (const auto& shape : {Shape{1, 1}, Shape{3, 5}, Shape{64, 64}, Shape{65, 48},
                              Shape{130, 100}, Shape{200, 896}, Shape{32, 4864}, Shape{1030, 17}}) {
      const DataType type = kind.type;
      const std::size_t out = shape.out;
      const std::size_t in = shape.in;
      CAPTURE(to_string(type));
      CAPTURE(out);
      CAPTURE(in);
      const std::vector<std::byte> w = random_matrix(type, out * in, 0);
      const auto linear = make_linear({type, out, in, w}, kind.tier, nullptr);
      CHECK(linear->scratch_bytes() <= linear_scratch_bytes(in));
      CHECK(linear->resident_bytes() == 0);
      constexpr std::size_t kRows = 29;
      CounterRng rng(in);
      std::vector<float> x(kRows * in);
      for (float& value : x) value = static_cast<float>(rng.next_unit() * 2.0 - 1.0);
      std::vector<std::vector<float>> alone;
      for (std::size_t row = 0; row < kRows; ++row) {
        alone.push_back(multiply(*linear, &x[row * in], 1));
      }
      for (const std::size_t rows : {2U, 3U, 5U, 7U, 8U, 9U, 16U, 29U}) {
        for (const std::size_t first : {std::size_t{0}, kRows - rows}) {
          const std::vector<float> y = multiply(*linear, &x[first * in], rows);
          for (std::size_t row = 0; row < rows; ++row) {
            REQUIRE(std::memcmp(&y[row * out], alone[first + row].data(), out * sizeof(float)) ==
                    0);
          }
        }
      }
    }
  }
}

// The shape is above OpenBLAS's small-matrix path, so that each call packs into a shared buffer.
TEST_CASE("kernels/linear: threads that multiply at once get what one alone gets") {
  constexpr std::size_t kIn = 2000;
  const std::vector<std::byte> w = random_matrix(DataType::f32, 64 * kIn, 0);
  for (const CpuTier tier : {CpuTier::scalar, best_cpu_tier()}) {
    const auto linear = make_linear({DataType::f32, 64, kIn, w}, tier, nullptr);
    std::atomic<int> different{0};
    std::vector<std::thread> threads;
    for (int i = 1; i <= 3; ++i) {
      // Inputs of its own, so that a buffer that two calls share shows.
      threads.emplace_back([&, x = std::vector<float>(8 * kIn, static_cast<float>(i))] {
        const std::vector<float> expected = multiply(*linear, x.data(), 8);
        for (int round = 0; round < 300; ++round) {
          if (multiply(*linear, x.data(), 8) != expected) ++different;
        }
      });
    }
    for (std::thread& thread : threads) thread.join();
    CHECK(different == 0);
  }
}

TEST_CASE("kernels/linear: f32 weights between alignments are copied and give the same") {
  const std::vector<std::byte> aligned = random_matrix(DataType::f32, 70 * 33, 0);
  const std::vector<std::byte> shifted = random_matrix(DataType::f32, 70 * 33, 2);
  const auto a = make_linear({DataType::f32, 70, 33, aligned}, CpuTier::scalar, nullptr);
  const auto b =
      make_linear({DataType::f32, 70, 33, std::span(shifted).subspan(2)}, CpuTier::scalar, nullptr);
  CHECK(b->resident_bytes() == aligned.size());
  const std::vector<float> x(5 * 33, 0.25F);
  CHECK(multiply(*a, x.data(), 5) == multiply(*b, x.data(), 5));
}

}  // namespace tlite
