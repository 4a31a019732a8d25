// The layout of KV pages and what is stored in them.
#include "model/kv_cache.hpp"

#include "base/cpu.hpp"
#include "base/rng.hpp"
#include "kernels/ops.hpp"
#include "unit/model/synthetic.hpp"
#include "unit/support/errors.hpp"

#include <algorithm>
#include <cmath>
#include <limits>
#include <string>
#include <vector>

#include <doctest/doctest.h>

namespace tlite {

using testing::config_of;
using testing::Spec;
using testing::TensorSet;

TEST_CASE(
    "model/kv_cache: q8_0 has half of the bytes; where biases are huge, it and bf16 are wide") {
  const Spec spec = {.name = "q8", .layers = 2, .kv_heads = 1, .head_dim = 64};
  ModelConfig config = config_of(spec);
  const TensorSet huge(spec);
  TensorSet mixed(spec);
  auto& bias = mixed.bytes("model.layers.1.self_attn.k_proj.bias");
  std::fill(bias.begin(), bias.end(), std::byte{0});
  const std::size_t plain = KvLayout(config, DataType::f16, huge).page_bytes();
  CHECK(plain == std::size_t{2} * 2 * 64 * 32 * 2);
  const KvLayout both(config, DataType::q8_0, huge);
  CHECK(both.key_type(0) == DataType::f16);
  CHECK(both.page_bytes() == 2 * (64 * 32 * 2 + 64 * 34));
  const KvLayout one(config, DataType::q8_0, mixed);
  CHECK(one.key_type(0) == DataType::f16);
  CHECK(one.key_type(1) == DataType::q8_0);
  CHECK(one.page_bytes() == 64 * 32 * 2 + 3 * 64 * 34);
  const KvLayout bf16(config, DataType::bf16, mixed);
  CHECK(bf16.key_type(0) == DataType::f16);
  CHECK(bf16.value_type(0) == DataType::f16);
  CHECK(bf16.key_type(1) == DataType::bf16);
  CHECK(bf16.value_type(1) == DataType::bf16);
  CHECK(bf16.page_bytes() == plain);
  config.head_dim = 48;
  CHECK(test::error_of([&] { KvLayout(config, DataType::q8_0, mixed); }) ==
        "not_supported: not supported: a KV cache of type q8_0 for a head_dim of 48, which is no "
        "multiple of 32");
}

TEST_CASE("model/kv_cache: what is stored in q8_0 comes back within half a step") {
  constexpr std::size_t kHeadDim = 96;
  CounterRng rng(31);
  std::vector<float> x(kHeadDim * kPagePositions);  // [position][head_dim]
  for (std::size_t i = 0; i < x.size(); ++i) {
    x[i] = static_cast<float>(2 * rng.next_unit() - 1) * (i / 32 % 3 == 1 ? 100.0F : 1.0F);
  }
  std::vector<std::byte> keys(kHeadDim * 34);
  std::vector<std::byte> values(kHeadDim * 34);
  for (std::size_t slot = 0; slot < kPagePositions; ++slot) {
    store_keys(DataType::q8_0, &x[slot * kHeadDim], kHeadDim, slot, keys.data());
    store_values(DataType::q8_0, &x[slot * kHeadDim], kHeadDim, slot, values.data());
  }
  const KernelOps& ops = kernel_ops(best_cpu_tier());
  std::vector<float> k(x.size());  // [head_dim][position]
  std::vector<float> v(x.size());
  ops.widen_q8_keys(keys.data(), kHeadDim, k.data());
  ops.widen_q8_values(values.data(), kHeadDim, v.data());
  for (std::size_t i = 0; i < x.size(); ++i) {
    CHECK(k[i % kHeadDim * kPagePositions + i / kHeadDim] == v[i]);
    float largest = 0;
    for (std::size_t j = i / 32 * 32; j < i / 32 * 32 + 32; ++j) {
      largest = std::max(largest, std::abs(x[j]));
    }
    // Half a step, and f16's rounding of the scale, of which there are up to 127.
    CHECK(std::abs(v[i] - x[i]) <= largest * (0.5F / 127.0F + 0x1p-11F) * 1.001F);
  }
}

TEST_CASE("model/kv_cache: what is not finite is not hidden by q8_0") {
  std::vector<float> x(32, 1.0F);
  x[5] = std::numeric_limits<float>::infinity();
  std::vector<std::byte> block(std::size_t{32} * 34);
  std::vector<float> out(std::size_t{32} * kPagePositions);
  store_values(DataType::q8_0, x.data(), 32, 3, block.data());
  kernel_ops(CpuTier::scalar).widen_q8_values(block.data(), 32, out.data());
  CHECK(std::isnan(out[3 * 32]));
}

}  // namespace tlite
