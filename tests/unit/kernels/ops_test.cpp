// Every tier against the scalar twin, bit for bit, over sizes and misalignments; the scalar twin
// against sums in double precision.
#include "kernels/ops.hpp"

#include "base/rng.hpp"
#include "unit/support/bits.hpp"

#include <algorithm>
#include <bit>
#include <cmath>
#include <cstring>
#include <limits>
#include <vector>

#include <doctest/doctest.h>

namespace tlite {
namespace {

using test::same_bits;

constexpr DataType kTypes[] = {DataType::f32, DataType::f16, DataType::bf16};

std::vector<CpuTier> vector_tiers() {
  std::vector<CpuTier> tiers;
  for (const CpuTier tier : {CpuTier::avx2, CpuTier::avx512}) {
    if (cpu_has(tier)) tiers.push_back(tier);
  }
  return tiers;
}

std::vector<float> random_floats(std::size_t count, std::uint64_t seed, float scale = 1.0F) {
  CounterRng rng(seed);
  std::vector<float> out(count);
  for (float& x : out) x = static_cast<float>(rng.next_unit() * 2.0 - 1.0) * scale;
  return out;
}

// Values stored in a type, at an address that is `misalignment` bytes off.
struct Stored {
  Stored(DataType type, const std::vector<float>& values, std::size_t misalignment)
      : bytes(values.size() * size_of(type) + misalignment + 64), offset(misalignment) {
    for (std::size_t i = 0; i < values.size(); ++i) {
      std::byte* at = bytes.data() + offset + i * size_of(type);
      const std::uint16_t half =
          type == DataType::f16 ? f32_to_f16(values[i]) : f32_to_bf16(values[i]);
      if (type == DataType::f32) {
        std::memcpy(at, &values[i], 4);
        rounded.push_back(values[i]);
      } else {
        std::memcpy(at, &half, 2);
        rounded.push_back(type == DataType::f16 ? f16_to_f32(half) : bf16_to_f32(half));
      }
    }
  }
  const std::byte* data() const { return bytes.data() + offset; }

  std::vector<std::byte> bytes;
  std::size_t offset;
  std::vector<float> rounded;
};

std::vector<float> run_linear(CpuTier tier, DataType type, const Stored& w, std::size_t k,
                              std::size_t outs, const float* x, std::size_t rows) {
  std::vector<float> y(rows * (outs + 3), -7.0F);
  std::vector<std::byte> scratch(kLinearScratchBytes);
  kernel_ops(tier).linear[static_cast<int>(type)]({.w = w.data(),
                                                   .in_features = k,
                                                   .outs = outs,
                                                   .x = x,
                                                   .x_stride = k + 1,
                                                   .rows = rows,
                                                   .y = y.data(),
                                                   .y_stride = outs + 3,
                                                   .scratch = scratch.data()});
  return y;
}

constexpr float kEpsilon = std::numeric_limits<float>::epsilon() / 2;  // of one rounding

}  // namespace

TEST_CASE("kernels/ops: dot products have the same bits in all tiers") {
  for (const DataType type : kTypes) {
    for (const std::size_t k : {1U, 2U, 15U, 16U, 17U, 31U, 48U, 100U, 257U, 896U}) {
      for (const std::size_t outs : {1U, 3U, 4U, 7U, 9U}) {
        for (const std::size_t misaligned : {0U, 1U, 2U}) {
          const Stored w(type, random_floats(k * outs, k + outs), misaligned);
          const std::size_t rows = 1 + (k + outs) % 14;
          const std::vector<float> x = random_floats(rows * (k + 1) + 1, k);
          const auto expected = run_linear(CpuTier::scalar, type, w, k, outs, &x[1], rows);
          for (const CpuTier tier : vector_tiers()) {
            CAPTURE(to_string(tier));
            CAPTURE(k);
            CAPTURE(outs);
            CHECK(same_bits(expected, run_linear(tier, type, w, k, outs, &x[1], rows)));
          }
        }
      }
    }
  }
}

TEST_CASE("kernels/ops: dot products of a row have the same bits alone and among others") {
  constexpr std::size_t kOuts = 53;  // more than wait for the next piece of k together, and a rest
  std::vector<CpuTier> tiers = vector_tiers();
  tiers.push_back(CpuTier::scalar);
  for (const std::size_t k : {40U, 1024U, 2061U}) {  // one piece, a whole one, three with a rest
    const Stored w(DataType::bf16, random_floats(k * kOuts, k), 2);
    const std::vector<float> x = random_floats(67 * (k + 1), k + 2);
    std::vector<float> alone;
    for (std::size_t row = 0; row < 67; ++row) {
      const auto y = run_linear(CpuTier::scalar, DataType::bf16, w, k, kOuts, &x[row * (k + 1)], 1);
      alone.insert(alone.end(), y.begin(), y.end());
    }
    for (const CpuTier tier : tiers) {
      for (const std::size_t rows : {1U, 2U, 3U, 4U, 5U, 7U, 8U, 9U, 13U, 17U, 64U, 65U, 67U}) {
        CAPTURE(to_string(tier));
        CAPTURE(k);
        CAPTURE(rows);
        const auto together = run_linear(tier, DataType::bf16, w, k, kOuts, x.data(), rows);
        CHECK(std::memcmp(together.data(), alone.data(), together.size() * sizeof(float)) == 0);
      }
    }
  }
}

TEST_CASE("kernels/ops: a dot product is as near to the exact one as its additions allow") {
  for (const DataType type : kTypes) {
    for (const std::size_t k : {1U, 17U, 100U, 3584U}) {
      const Stored w(type, random_floats(k, k), 0);
      const std::vector<float> x = random_floats(k + 1, k + 1);
      double exact = 0;
      double magnitude = 0;
      for (std::size_t i = 0; i < k; ++i) {
        const double product = static_cast<double>(w.rounded[i]) * static_cast<double>(x[i]);
        exact += product;
        magnitude += std::abs(product);
      }
      const float y = run_linear(CpuTier::scalar, type, w, k, 1, x.data(), 1)[0];
      // A term goes through at most k / 16 + 1 fused steps of its lane and 4 steps of the tree.
      const double steps = static_cast<double>(k) / 16 + 5;
      CHECK(std::abs(y - exact) <= steps * static_cast<double>(kEpsilon) * magnitude * 1.01);
    }
  }
}

namespace {

struct AttentionResult {
  std::vector<float> out, sum, max;
};

std::vector<float> widened(CpuTier tier, const Stored& stored) {
  std::vector<float> out(stored.rounded.size());
  kernel_ops(tier).widen_f16(stored.data(), out.size(), out.data());
  return out;
}

AttentionResult run_attention(CpuTier tier, const std::vector<float>& keys,
                              const std::vector<float>& values, const float* q, std::size_t queries,
                              std::size_t head_dim, int begin, int end) {
  AttentionResult state{std::vector<float>(queries * head_dim, 0.0F),
                        std::vector<float>(queries, 0.0F),
                        std::vector<float>(queries, -std::numeric_limits<float>::infinity())};
  PageAttention task{.state = {.queries = queries,
                               .head_dim = head_dim,
                               .sum = state.sum.data(),
                               .max = state.max.data(),
                               .out = state.out.data()},
                     .operands = {.q = q, .keys = keys.data(), .values = values.data()},
                     .begin = begin,
                     .end = end};
  const KernelOps& ops = kernel_ops(tier);
  ops.attend(task);
  // A second page (the same one, all of it) continues the state; a third state is merged.
  task.begin = 0;
  task.end = 32;
  ops.attend(task);
  AttentionResult later = state;
  AttentionState other = task.state;
  other.sum = later.sum.data();
  other.max = later.max.data();
  other.out = later.out.data();
  ops.merge(task.state, other);
  return state;
}

}  // namespace

TEST_CASE("kernels/ops: blocks of q8_0 widen to byte times scale in all tiers") {
  constexpr std::size_t kHeadDim = 96;
  constexpr std::size_t kCount = kHeadDim * 32;
  CounterRng rng(14);
  std::vector<std::byte> block(kCount + kCount / 32 * 2);
  for (std::size_t i = 0; i < kCount; ++i) block[i] = static_cast<std::byte>(rng.next_u64() & 255U);
  std::vector<float> scales(kCount / 32);
  for (std::size_t i = 0; i < scales.size(); ++i) {
    const std::uint16_t bits = f32_to_f16(static_cast<float>(rng.next_unit()));
    scales[i] = f16_to_f32(bits);
    std::memcpy(&block[kCount + 2 * i], &bits, sizeof bits);
  }
  const auto byte = [&](std::size_t i) {
    return static_cast<float>(static_cast<std::int8_t>(block[i]));
  };
  for (const CpuTier tier : kCpuTiers) {
    if (!cpu_has(tier)) continue;
    CAPTURE(to_string(tier));
    std::vector<float> keys(kCount);
    std::vector<float> values(kCount);
    kernel_ops(tier).widen_q8_keys(block.data(), kHeadDim, keys.data());
    kernel_ops(tier).widen_q8_values(block.data(), kHeadDim, values.data());
    for (std::size_t i = 0; i < kCount; ++i) {
      REQUIRE(keys[i] == byte(i) * scales[i / 32 / 32 * 32 + i % 32]);
      REQUIRE(values[i] == byte(i) * scales[i / 32]);
    }
  }
}

TEST_CASE("kernels/ops: stored keys and values widen to what they stand for in all tiers") {
  std::vector<CpuTier> tiers = vector_tiers();
  tiers.push_back(CpuTier::scalar);
  for (const std::size_t count : {16U, 48U, 4096U}) {
    const Stored stored(DataType::f16, random_floats(count, count, 100.0F), 2);
    for (const CpuTier tier : tiers) CHECK(same_bits(stored.rounded, widened(tier, stored)));
  }
}

TEST_CASE("kernels/ops: attention to a page and the merge have the same bits in all tiers") {
  for (const std::size_t head_dim : {2U, 8U, 16U, 20U, 48U, 64U, 90U, 128U}) {
    const std::vector<float> keys = random_floats(head_dim * 32, head_dim, 3.0F);
    const std::vector<float> values = random_floats(head_dim * 32, head_dim + 1);
    for (const std::size_t queries : {1U, 2U, 5U, 7U, 8U, 17U, 56U, 97U}) {
      const std::vector<float> q = random_floats(queries * head_dim, queries);
      for (const auto& range : {std::pair{0, 32}, {0, 1}, {31, 32}, {5, 17}, {16, 30}}) {
        const int begin = range.first;
        const int end = range.second;
        const auto expected =
            run_attention(CpuTier::scalar, keys, values, q.data(), queries, head_dim, begin, end);
        for (const CpuTier tier : vector_tiers()) {
          CAPTURE(to_string(tier));
          CAPTURE(head_dim);
          CAPTURE(queries);
          CAPTURE(begin);
          const auto got =
              run_attention(tier, keys, values, q.data(), queries, head_dim, begin, end);
          CHECK(same_bits(expected.out, got.out));
          CHECK(same_bits(expected.sum, got.sum));
          CHECK(same_bits(expected.max, got.max));
        }
      }
    }
  }
}

TEST_CASE("kernels/ops: attention of a query has the same bits alone and among others") {
  constexpr std::size_t kQueries = 61;  // more than go over a page together, and a rest
  std::vector<CpuTier> tiers = vector_tiers();
  tiers.push_back(CpuTier::scalar);
  for (const std::size_t head_dim : {20U, 64U, 128U}) {
    const std::vector<float> keys = random_floats(head_dim * 32, head_dim, 3.0F);
    const std::vector<float> values = random_floats(head_dim * 32, head_dim + 1);
    const std::vector<float> q = random_floats(kQueries * head_dim, 3);
    for (const CpuTier tier : tiers) {
      const auto all = run_attention(tier, keys, values, q.data(), kQueries, head_dim, 3, 30);
      for (std::size_t i = 0; i < kQueries; ++i) {
        const auto one = run_attention(tier, keys, values, &q[i * head_dim], 1, head_dim, 3, 30);
        CAPTURE(to_string(tier));
        CAPTURE(i);
        CHECK(std::memcmp(one.out.data(), &all.out[i * head_dim], head_dim * 4) == 0);
        CHECK(same_bits(one.sum, {&all.sum[i], 1}));
        CHECK(same_bits(one.max, {&all.max[i], 1}));
      }
    }
  }
}

TEST_CASE("kernels/ops: attention is a softmax of the scores over the values") {
  constexpr std::size_t kHeadDim = 24;
  const std::vector<float> keys = random_floats(kHeadDim * 32, 1, 4.0F);
  const std::vector<float> values = random_floats(kHeadDim * 32, 2);
  const std::vector<float> q = random_floats(kHeadDim, 3);
  std::vector<float> out(kHeadDim, 0.0F);
  float sum = 0;
  float max = -std::numeric_limits<float>::infinity();
  kernel_ops(CpuTier::scalar)
      .attend(
          {.state =
               {.queries = 1, .head_dim = kHeadDim, .sum = &sum, .max = &max, .out = out.data()},
           .operands = {.q = q.data(), .keys = keys.data(), .values = values.data()},
           .begin = 3,
           .end = 29});
  std::vector<double> exact(kHeadDim, 0.0);
  double weights = 0;
  for (std::size_t j = 3; j < 29; ++j) {
    double score = 0;
    for (std::size_t d = 0; d < kHeadDim; ++d) {
      score += static_cast<double>(q[d]) * static_cast<double>(keys[d * 32 + j]);
    }
    const double weight = std::exp(score);
    weights += weight;
    for (std::size_t d = 0; d < kHeadDim; ++d) {
      exact[d] += weight * static_cast<double>(values[j * kHeadDim + d]);
    }
  }
  for (std::size_t d = 0; d < kHeadDim; ++d) {
    // A score of magnitude s below 24 x 4 has an error below 24 roundings of s, which is the
    // relative error of its exponential; values are below one.
    CHECK(std::abs(static_cast<double>(out[d] / sum) - exact[d] / weights) <
          24 * 96 * static_cast<double>(kEpsilon));
  }
}

TEST_CASE("kernels/ops: norm, activation and exp have the same bits in all tiers") {
  for (const std::size_t size : {1U, 15U, 16U, 17U, 64U, 100U, 896U}) {
    const std::vector<float> x = random_floats(size, size, 9.0F);
    const std::vector<float> w = random_floats(size, size + 1);
    const auto results = [&](CpuTier tier) {
      const KernelOps& ops = kernel_ops(tier);
      std::vector<float> all(3 * size);
      ops.rms_norm(x.data(), w.data(), size, 1e-6F, all.data());
      std::memcpy(&all[size], x.data(), size * sizeof(float));
      ops.silu_multiply(&all[size], w.data(), size);
      std::memcpy(&all[2 * size], x.data(), size * sizeof(float));
      ops.exp(&all[2 * size], size);
      return all;
    };
    for (const CpuTier tier : vector_tiers()) {
      CHECK(same_bits(results(CpuTier::scalar), results(tier)));
    }
  }
}

TEST_CASE("kernels/ops: norm and activation are near the exact ones") {
  constexpr std::size_t kSize = 100;
  const std::vector<float> x = random_floats(kSize, 5, 9.0F);
  const std::vector<float> w = random_floats(kSize, 6);
  std::vector<float> normed(kSize);
  std::vector<float> gate = x;
  kernel_ops(CpuTier::scalar).rms_norm(x.data(), w.data(), kSize, 1e-6F, normed.data());
  kernel_ops(CpuTier::scalar).silu_multiply(gate.data(), w.data(), kSize);
  double squares = 0;
  for (const float v : x) squares += static_cast<double>(v) * static_cast<double>(v);
  const double scale = 1.0 / std::sqrt(squares / kSize + 1e-6);
  for (std::size_t i = 0; i < kSize; ++i) {
    const double in = x[i];
    const double weight = w[i];
    // About 12 additions a lane, then a handful of single steps.
    const double norm = in * scale * weight;
    CHECK(std::abs(normed[i] - norm) <= 20 * static_cast<double>(kEpsilon) * std::abs(norm));
    const double silu = in / (1.0 + std::exp(-in)) * weight;
    CHECK(std::abs(gate[i] - silu) <= 8 * static_cast<double>(kEpsilon) * std::abs(silu));
  }
}

TEST_CASE("kernels/ops: exp keeps its documented error, and its bits, over the whole range") {
  double worst = 0;
  std::vector<float> in;
  for (float x = -87.3F; x < 88.3F; x += 0.0007F) in.push_back(x);
  for (float x = 1.0F; x > 1e-30F; x /= 1.7F) {
    in.push_back(x);
    in.push_back(-x);
  }
  std::vector<float> out = in;
  kernel_ops(CpuTier::scalar).exp(out.data(), out.size());
  for (std::size_t i = 0; i < in.size(); ++i) {
    const double exact = std::exp(static_cast<double>(in[i]));
    worst = std::max(worst, std::abs(out[i] - exact) / exact);
  }
  CHECK(worst < 0x1.0p-23);
  for (const CpuTier tier : vector_tiers()) {
    std::vector<float> got = in;
    kernel_ops(tier).exp(got.data(), got.size());
    CHECK(same_bits(out, got));
  }
}

TEST_CASE("kernels/ops: exp far out is 0 or stays finite, and NaN stays NaN") {
  const float infinity = std::numeric_limits<float>::infinity();
  std::vector<CpuTier> tiers = vector_tiers();
  tiers.push_back(CpuTier::scalar);
  for (const CpuTier tier : tiers) {
    float x[] = {-infinity, -1000.0F, -87.4F, 0.0F, 1000.0F, infinity, std::nanf("")};
    kernel_ops(tier).exp(x, 7);
    CHECK(x[0] == 0.0F);
    CHECK(x[1] == 0.0F);
    CHECK(x[2] == 0.0F);
    CHECK(x[3] == 1.0F);
    CHECK(x[4] > 2e38F);
    CHECK(x[5] == x[4]);
    CHECK(std::isnan(x[6]));
  }
}

// The scalar twin is compared with libm where its parts are: exp_test.cpp, log_test.cpp.
TEST_CASE("kernels/ops: what a sampler does to scores is the same in every tier") {
  const KernelOps& scalar = kernel_ops(CpuTier::scalar);
  std::vector<CpuTier> tiers = vector_tiers();
  tiers.push_back(CpuTier::scalar);
  for (const std::size_t size : {1UL, 7UL, 8UL, 63UL, 64UL, 65UL, 200UL, 1031UL}) {
    for (const std::size_t offset : {0UL, 1UL, 3UL}) {
      std::vector<float> stored = random_floats(size + offset, size, 40.0F);
      if (size > 60) stored[offset + 5] = -std::numeric_limits<float>::infinity();
      const float* const scores = stored.data() + offset;
      const std::size_t chunks = (size + kScoreChunk - 1) / kScoreChunk;
      std::vector<float> maxima(chunks);
      scalar.chunk_maxima(scores, size, maxima.data());
      for (std::size_t i = 0; i < chunks; ++i) {
        const float* const end = scores + std::min(size, (i + 1) * kScoreChunk);
        CHECK(maxima[i] == *std::max_element(scores + i * kScoreChunk, end));
      }
      const float top = *std::max_element(maxima.begin(), maxima.end());
      std::vector<double> weights(size);
      scalar.weigh(scores, size, top, 1 / 0.7, weights.data());
      std::vector<double> tempered = weights;
      scalar.temper(tempered.data(), size, 0.0, 0.3);
      double sum = 0;
      double sum_log = 0;
      for (std::size_t i = 0; i < size; ++i) {
        const double x = static_cast<double>(scores[i]) - static_cast<double>(top);
        sum += std::exp(x);
        if (weights[i] > 0) sum_log += weights[i] * std::log(weights[i]);
        CHECK(weights[i] == doctest::Approx(std::exp(x / 0.7)).epsilon(1e-12));
        CHECK(tempered[i] == doctest::Approx(std::pow(weights[i], 1 / 0.3)).epsilon(1e-12));
        CHECK((weights[i] > 0 || tempered[i] == 0));
      }
      CHECK(scalar.sum_exp(scores, size, top) == doctest::Approx(sum).epsilon(1e-12));
      CHECK(scalar.sum_weight_log(weights.data(), size) == doctest::Approx(sum_log).epsilon(1e-12));
      for (const CpuTier tier : tiers) {
        const KernelOps& ops = kernel_ops(tier);
        std::vector<float> others(chunks);
        ops.chunk_maxima(scores, size, others.data());
        CHECK(same_bits(others, maxima));
        std::vector<double> again(size);
        ops.weigh(scores, size, top, 1 / 0.7, again.data());
        CHECK(again == weights);
        CHECK(ops.sum_exp(scores, size, top) == scalar.sum_exp(scores, size, top));
        CHECK(ops.sum_weight_log(weights.data(), size) ==
              scalar.sum_weight_log(weights.data(), size));
        ops.temper(again.data(), size, 0.0, 0.3);
        CHECK(again == tempered);
      }
    }
  }
}

}  // namespace tlite
