// attend_bf16() against its documented order of steps, which the test walks by itself: every tier,
// bit for bit.
#include "base/cpu.hpp"
#include "base/rng.hpp"
#include "kernels/ops.hpp"
#include "tensor/dtype.hpp"
#include "unit/support/bits.hpp"

#include <algorithm>
#include <array>
#include <cmath>
#include <limits>
#include <vector>

#include <doctest/doctest.h>

namespace tlite {
namespace {

constexpr std::size_t kPositions = 32;

std::vector<std::uint16_t> random_bf16(std::size_t count, std::uint64_t seed, float scale) {
  CounterRng rng(seed);
  std::vector<std::uint16_t> out(count);
  for (auto& x : out) x = f32_to_bf16(static_cast<float>(rng.next_unit() * 2 - 1) * scale);
  return out;
}

struct Page {
  explicit Page(std::size_t dim)
      : head_dim(dim),
        keys(random_bf16(dim * kPositions, dim, 3.0F)),
        values(random_bf16(dim * kPositions, dim + 1, 1.0F)) {}

  float key(std::size_t j, std::size_t d) const {
    return bf16_to_f32(keys[(d / 2 * kPositions + j) * 2 + d % 2]);
  }
  std::uint16_t& value_bits(std::size_t j, std::size_t d) {
    return values[(j / 2 * head_dim + d) * 2 + j % 2];
  }
  float value(std::size_t j, std::size_t d) const {
    return bf16_to_f32(values[(j / 2 * head_dim + d) * 2 + j % 2]);
  }

  std::size_t head_dim;
  std::vector<std::uint16_t> keys, values;
};

struct State {
  State(std::size_t queries, std::size_t head_dim)
      : out(queries * head_dim, 0.0F),
        sum(queries, 0.0F),
        max(queries, -std::numeric_limits<float>::infinity()) {}

  bool operator==(const State& other) const {
    return test::same_bits(out, other.out) && test::same_bits(sum, other.sum) &&
           test::same_bits(max, other.max);
  }

  std::vector<float> out, sum, max;
};

void run(CpuTier tier, const Page& page, const std::uint16_t* q, std::size_t queries, int begin,
         int end, State& state) {
  std::vector<float> space(bf16_attention_space(queries, page.head_dim));
  PageAttention task;
  task.state.queries = queries;
  task.state.head_dim = page.head_dim;
  task.operands.q_bf16 = q;
  task.operands.keys_bf16 = page.keys.data();
  task.operands.values_bf16 = page.values.data();
  task.operands.space = space.data();
  task.begin = begin;
  task.end = end;
  task.state.sum = state.sum.data();
  task.state.max = state.max.data();
  task.state.out = state.out.data();
  kernel_ops(tier).attend_bf16(task);
}

// Halves, quarters, ... of 16 lanes, each of which adds two positions.
float tree_sum(const std::array<float, kPositions>& p) {
  std::array<float, 16> lanes;
  for (std::size_t i = 0; i < 16; ++i) lanes[i] = p[i] + p[i + 16];
  for (std::size_t width = 8; width > 0; width /= 2) {
    for (std::size_t i = 0; i < width; ++i) lanes[i] += lanes[i + width];
  }
  return lanes[0];
}

float exponential(float x) {
  kernel_ops(CpuTier::scalar).exp(&x, 1);
  return x;
}

float rounded(float x) {
  const float large = x * 65537.0F;
  return large - (large - x);
}

// One query.
void expect(const Page& page, const std::uint16_t* q, int begin, int end, float* out, float& sum,
            float& max) {
  const std::size_t first = static_cast<std::size_t>(begin);
  const std::size_t last = static_cast<std::size_t>(end);
  std::array<float, kPositions> p;
  p.fill(-std::numeric_limits<float>::infinity());
  for (std::size_t j = first; j < last; ++j) {
    p[j] = 0;
    for (std::size_t d = 0; d < page.head_dim; d += 2) {
      p[j] = std::fma(bf16_to_f32(q[d + 1]), page.key(j, d + 1), p[j]);
      p[j] = std::fma(bf16_to_f32(q[d]), page.key(j, d), p[j]);
    }
  }
  const float now = std::max(max, *std::max_element(p.begin(), p.end()));
  const float rescale = exponential(max - now);
  for (float& x : p) x = rounded(exponential(x - now));
  sum = std::fma(sum, rescale, tree_sum(p));
  max = now;
  for (std::size_t d = 0; d < page.head_dim; ++d) {
    out[d] *= rescale;
    for (std::size_t j = 0; j < kPositions; j += 2) {
      if (j + 1 >= first && j + 1 < last) out[d] = std::fma(p[j + 1], page.value(j + 1, d), out[d]);
      if (j >= first && j < last) out[d] = std::fma(p[j], page.value(j, d), out[d]);
    }
  }
}

struct Range {
  int begin, end;
};

constexpr Range kRanges[] = {{0, 32}, {0, 1}, {31, 32}, {5, 17}, {16, 30}};

}  // namespace

TEST_CASE("kernels/attention_bf16: every tier takes the documented steps, for any queries") {
  for (const std::size_t head_dim : {2U, 8U, 16U, 20U, 48U, 64U, 90U, 128U}) {
    const Page page(head_dim);
    for (const std::size_t queries : {1U, 2U, 5U, 7U, 8U, 17U, 56U, 97U}) {
      const auto q = random_bf16(queries * head_dim, queries, 1.0F);
      for (const Range& range : kRanges) {
        const int begin = range.begin;  // Clang's lambdas capture no structured binding
        const int end = range.end;
        State expected(queries, head_dim);
        for (std::size_t i = 0; i < queries; ++i) {
          float* out = &expected.out[i * head_dim];
          expect(page, &q[i * head_dim], begin, end, out, expected.sum[i], expected.max[i]);
          expect(page, &q[i * head_dim], 0, 32, out, expected.sum[i], expected.max[i]);
        }
        for (const CpuTier tier : kCpuTiers) {
          if (!cpu_has(tier)) continue;
          CAPTURE(to_string(tier));
          CAPTURE(head_dim);
          CAPTURE(queries);
          CAPTURE(begin);
          State state(queries, head_dim);
          run(tier, page, q.data(), queries, begin, end, state);
          run(tier, page, q.data(), queries, 0, 32, state);
          CHECK(state == expected);
        }
      }
    }
  }
}

TEST_CASE("kernels/attention_bf16: what lies outside of the positions does not count, be it NaN") {
  constexpr std::size_t kHeadDim = 64;
  const auto q = random_bf16(9 * kHeadDim, 1, 1.0F);
  for (const Range& range : kRanges) {
    const int begin = range.begin;
    const int end = range.end;
    const Page page(kHeadDim);
    Page poisoned = page;
    for (std::size_t j = 0; j < kPositions; ++j) {
      if (static_cast<int>(j) >= begin && static_cast<int>(j) < end) continue;
      for (std::size_t d = 0; d < kHeadDim; ++d) {
        poisoned.value_bits(j, d) = f32_to_bf16(std::numeric_limits<float>::quiet_NaN());
        poisoned.keys[(d / 2 * kPositions + j) * 2 + d % 2] = poisoned.value_bits(j, d);
      }
    }
    for (const CpuTier tier : kCpuTiers) {
      if (!cpu_has(tier)) continue;
      State clean(9, kHeadDim);
      State other(9, kHeadDim);
      run(tier, page, q.data(), 9, begin, end, clean);
      run(tier, poisoned, q.data(), 9, begin, end, other);
      CHECK(clean == other);
    }
  }
}

TEST_CASE("kernels/attention_bf16: a NaN among the values comes out, in its dimension only") {
  constexpr std::size_t kHeadDim = 64;
  const auto q = random_bf16(3 * kHeadDim, 2, 1.0F);
  Page page(kHeadDim);
  page.value_bits(13, 40) = f32_to_bf16(std::numeric_limits<float>::quiet_NaN());
  for (const CpuTier tier : kCpuTiers) {
    if (!cpu_has(tier)) continue;
    State state(3, kHeadDim);
    run(tier, page, q.data(), 3, 0, 32, state);
    for (std::size_t i = 0; i < state.out.size(); ++i) {
      CHECK(std::isnan(state.out[i]) == (i % kHeadDim == 40));
    }
  }
}

}  // namespace tlite
