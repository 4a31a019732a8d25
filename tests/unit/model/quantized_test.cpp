// The forward pass over quantized weights: near its twin over the same weights as f32, and the same
// bits whatever the batch, the threads and the tier.
#include "api/model_impl.hpp"
#include "base/rng.hpp"
#include "model/packed_layout.hpp"
#include "model/plan.hpp"
#include "tensor/blocks.hpp"
#include "unit/model/synthetic.hpp"

#include <cmath>
#include <cstdlib>
#include <cstring>
#include <string>
#include <vector>

#include <doctest/doctest.h>

#include <tlite/evaluator.hpp>

namespace tlite {
namespace {

using testing::make_model;
using testing::Spec;
using testing::TensorSet;
using testing::token_ids;

using Logits = std::vector<float>;

// Rows of whole K blocks everywhere.
const Spec kSpec = {.name = "quantized",
                    .seed = 11,
                    .hidden = 256,
                    .inner = 512,
                    .layers = 3,
                    .heads = 4,
                    .kv_heads = 2,
                    .head_dim = 64,
                    .vocab = 200};

bool is_matrix(const StoredTensor& tensor) { return tensor.shape.size() == 2; }

// Random codes with scales that give weights of about 1 / sqrt(256).
template <class Block>
void set_scales(Block& block) {
  if constexpr (std::is_same_v<Block, BlockQ8_0>) block.d = f32_to_f16(8.5e-4F);
  if constexpr (std::is_same_v<Block, BlockQ4_0>) block.d = f32_to_f16(1.36e-2F);
  if constexpr (std::is_same_v<Block, BlockQ6_K>) block.d = f32_to_f16(4.6e-5F);
  if constexpr (std::is_same_v<Block, BlockQ4_K>) {
    block.d = f32_to_f16(3.0e-4F);
    block.dmin = f32_to_f16(7.5F * 3.0e-4F);
  }
}

template <DataType kType, class Block>
std::vector<std::byte> random_blocks(const StoredTensor& tensor) {
  const std::size_t elements = tensor.shape[0] * tensor.shape[1];
  std::vector<std::byte> bytes(elements / block_shape(kType).elements * sizeof(Block));
  CounterRng rng(tensor.name.size() * 1000 + elements);
  for (std::size_t at = 0; at < bytes.size(); at += sizeof(Block)) {
    std::byte raw[sizeof(Block)];
    for (std::byte& byte : raw) byte = static_cast<std::byte>(rng.next_u64() & 0xFFU);
    Block block;
    std::memcpy(&block, raw, sizeof block);
    set_scales(block);
    std::memcpy(&bytes[at], &block, sizeof block);
  }
  return bytes;
}

template <DataType kType, class Block>
void quantize(TensorSet& set) {
  for (const StoredTensor& listed : set.tensors()) {
    if (!is_matrix(listed)) continue;
    StoredTensor& tensor = set.tensor(listed.name);
    std::vector<std::byte>& bytes = set.bytes(listed.name);
    bytes = random_blocks<kType, Block>(tensor);
    tensor.type = kType;
    tensor.data = bytes;
  }
}

// The same weights as f32.
template <DataType kType, class Block>
void quantize_and_back(TensorSet& set) {
  quantize<kType, Block>(set);
  for (const StoredTensor& listed : set.tensors()) {
    if (!is_matrix(listed)) continue;
    StoredTensor& tensor = set.tensor(listed.name);
    std::vector<float> values(tensor.shape[0] * tensor.shape[1]);
    dequantize(kType, tensor.data.data(), values.size(), values.data());
    std::vector<std::byte>& bytes = set.bytes(listed.name);
    bytes.resize(values.size() * sizeof(float));
    std::memcpy(bytes.data(), values.data(), bytes.size());
    tensor.type = DataType::f32;
    tensor.data = bytes;
  }
}

struct Format {
  const char* name;
  void (*quantized)(TensorSet&);
  void (*as_f32)(TensorSet&);
};

const Format kFormats[] = {
    {"q8_0", quantize<DataType::q8_0, BlockQ8_0>, quantize_and_back<DataType::q8_0, BlockQ8_0>},
    {"q4_0", quantize<DataType::q4_0, BlockQ4_0>, quantize_and_back<DataType::q4_0, BlockQ4_0>},
    {"q4_k", quantize<DataType::q4_k, BlockQ4_K>, quantize_and_back<DataType::q4_k, BlockQ4_K>},
    {"q6_k", quantize<DataType::q6_k, BlockQ6_K>, quantize_and_back<DataType::q6_k, BlockQ6_K>},
};

std::vector<Logits> logits_of(const Model& model, std::int32_t chunk, std::int32_t threads,
                              std::span<const TokenId> ids) {
  EvaluatorOptions options;
  options.context = 256;
  options.max_batch_rows = chunk;
  options.max_logits_rows = 256;
  options.threads = threads;
  options.kv_type = DataType::f32;
  Evaluator evaluator(model, options);
  const SequenceId sequence = evaluator.create_sequence();
  std::vector<BatchRow> rows;
  for (const TokenId id : ids) {
    rows.push_back({id, sequence, static_cast<std::int32_t>(rows.size()), true});
  }
  evaluator.evaluate(rows);
  std::vector<Logits> out;
  for (std::int32_t i = 0; i < evaluator.logits_rows(); ++i) {
    out.emplace_back(evaluator.logits(i).begin(), evaluator.logits(i).end());
  }
  return out;
}

double relative_error(std::span<const float> got, std::span<const float> expected) {
  double error = 0;
  double size = 0;
  for (std::size_t i = 0; i < got.size(); ++i) {
    error += std::pow(static_cast<double>(got[i]) - static_cast<double>(expected[i]), 2);
    size += std::pow(static_cast<double>(expected[i]), 2);
  }
  return std::sqrt(error / size);
}

}  // namespace

// The one difference to the f32 twin is that inputs are rounded to 8 bits: an error of scale /
// sqrt(12) with scale = largest / 127. The largest of 256 normal values is about 3 times their root
// mean square, so a product is off by 3 / (127 sqrt(12)) = 0.7 %; 13 of them follow each other (4 a
// layer, and the head), independent: 0.7 % * sqrt(13) = 2.5 %. Twice that is allowed for single
// rows. A wrong scale, minimum or order of elements gives 100 %.
TEST_CASE("model/quantized: logits are near those of the same weights in f32") {
  const std::vector<TokenId> ids = token_ids(kSpec, 40);
  for (const Format& format : kFormats) {
    CAPTURE(format.name);
    const auto expected = logits_of(make_model(kSpec, format.as_f32), 64, 1, ids);
    const auto got = logits_of(make_model(kSpec, format.quantized), 64, 1, ids);
    REQUIRE(got.size() == expected.size());
    for (std::size_t i = 0; i < got.size(); ++i) {
      CHECK(relative_error(got[i], expected[i]) < 0.05);
    }
  }
}

TEST_CASE("model/quantized: chunks, threads and tiers do not change a bit") {
  const std::vector<TokenId> ids = token_ids(kSpec, 70);
  for (const Format& format : kFormats) {
    CAPTURE(format.name);
    std::vector<Logits> expected;
    for (const CpuTier tier : kCpuTiers) {
      if (!cpu_has(tier)) continue;
      CAPTURE(to_string(tier));
      ::setenv("TLITE_CPU", std::string(to_string(tier)).c_str(), 1);
      const Model model = make_model(kSpec, format.quantized);
      ::unsetenv("TLITE_CPU");
      if (expected.empty()) expected = logits_of(model, 128, 1, ids);
      for (const std::int32_t chunk : {1, 2, 7, 64, 128}) {
        for (const std::int32_t threads : {1, 2}) {
          const auto got = logits_of(model, chunk, threads, ids);
          REQUIRE(got == expected);
        }
      }
    }
  }
}

TEST_CASE("model/quantized: what is packed is what the plan says") {
  TensorSet set(kSpec);
  quantize<DataType::q4_k, BlockQ4_K>(set);
  const ModelConfig config = config_of(kSpec);
  const PackedLayout layout(config, set);
  const Model model = make_model(kSpec, quantize<DataType::q4_k, BlockQ4_K>);
  CHECK(model.impl().weights->resident_bytes() ==
        copied_weight_bytes(config, set, layout, cpu_tier_from_environment()) + layout.bytes());
  CHECK(model.impl().weights->prepares_activations());
}

}  // namespace tlite
