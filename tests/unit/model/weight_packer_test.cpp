// Packing as a model is loaded: the same bytes whether the blocks come from the file or are made on
// the way, and nothing half done after an error.
#include "model/weight_packer.hpp"

#include "base/buffer.hpp"
#include "tensor/blocks.hpp"
#include "tensor/dtype.hpp"
#include "tensor/quantize.hpp"
#include "unit/model/synthetic.hpp"
#include "unit/support/errors.hpp"

#include <cstring>
#include <limits>
#include <stdexcept>
#include <string>
#include <vector>

#include <doctest/doctest.h>

#include <tlite/error.hpp>

namespace tlite {
namespace {

using testing::config_of;
using testing::Spec;
using testing::TensorSet;

// Rows of 256 and 512, a number of rows that is no multiple of 16.
const Spec kSpec = {
    .name = "packed", .hidden = 256, .inner = 512, .layers = 1, .head_dim = 64, .vocab = 100};

constexpr std::string_view kMatrix = "model.layers.0.mlp.up_proj.weight";

WeightTypes all_as(DataType type) {
  return [type](const StoredTensor&) { return type; };
}

constexpr auto kNothing = [] {};

std::vector<std::byte> pack(const TensorSet& set, const WeightTypes& types, int threads,
                            FunctionRef<void()> meanwhile = kNothing,
                            const LoadProgress& progress = {}) {
  const PackedLayout layout(config_of(kSpec), set, types);
  std::vector<std::byte> out(layout.bytes());
  ThreadPool pool(threads);
  pack_weights(layout, set, out, pool, nullptr, progress, meanwhile);
  return out;
}

// The set with its matrices in blocks of `type`.
void quantize_all(TensorSet& set, DataType type) {
  for (const StoredTensor& stored : set.tensors()) {
    if (stored.shape.size() != 2) continue;
    const std::size_t rows = stored.shape[0];
    const std::size_t columns = stored.shape[1];
    std::vector<float> values(rows * columns);
    std::memcpy(values.data(), stored.data.data(), stored.data.size());
    std::vector<std::byte> blocks(bytes_of(type, rows * columns));
    quantize(type, values.data(), rows, columns, {}, blocks.data());
    StoredTensor& tensor = set.tensor(stored.name);
    set.bytes(stored.name) = blocks;
    tensor.type = type;
    tensor.data = set.bytes(stored.name);
  }
}

}  // namespace

TEST_CASE("model/weight_packer: quantized on the way, the bytes of a file that was quantized") {
  for (const DataType type : kDataTypes) {
    if (!is_quantized(type)) continue;
    CAPTURE(to_string(type));
    const TensorSet plain(kSpec);
    TensorSet quantized(kSpec);
    quantize_all(quantized, type);
    const std::vector<std::byte> expected = pack(quantized, {}, 1);
    CHECK(pack(plain, all_as(type), 1) == expected);
    CHECK(pack(plain, all_as(type), 3) == expected);
    CHECK(pack(quantized, {}, 3) == expected);
  }
}

TEST_CASE("model/weight_packer: NaN and infinity are named") {
  for (const float bad :
       {std::numeric_limits<float>::quiet_NaN(), -std::numeric_limits<float>::infinity()}) {
    TensorSet set(kSpec);
    std::memcpy(&set.bytes(kMatrix)[4 * (17 * 256 + 5)], &bad, sizeof bad);
    const std::string error = test::error_of([&] { pack(set, all_as(DataType::q8_0), 2); });
    CHECK(error == "corrupt: " + set.tensor(kMatrix).file + ": tensor '" + std::string(kMatrix) +
                       "' holds a NaN or an infinity at element 4357");
  }
}

TEST_CASE("model/weight_packer: progress, cancelling, and what the calling thread does meanwhile") {
  const TensorSet set(kSpec);
  int calls = 0;
  float last = 0;
  const auto count = [&] { ++calls; };
  const auto watch = [&](float fraction) {
    CHECK(fraction >= last);
    last = fraction;
    return true;
  };
  pack(set, all_as(DataType::q4_k), 2, count, watch);
  CHECK(calls == 1);
  CHECK(last == 1.0F);
  pack(set, {}, 2, count, watch);  // nothing to pack
  CHECK(calls == 2);
  CHECK(test::error_of([&] {
          pack(set, all_as(DataType::q4_k), 2, kNothing, [](float) { return false; });
        }) == "cancelled: cancelled while packing the weights");
  const auto fail = [] { throw std::runtime_error("the tokenizer"); };
  CHECK_THROWS_WITH_AS(pack(set, all_as(DataType::q4_k), 2, fail), "the tokenizer",
                       std::runtime_error);
}

TEST_CASE("model/packed_layout: rows that are not whole blocks are refused") {
  Spec spec = kSpec;
  spec.inner = 320;
  const TensorSet set(spec);
  CHECK(test::error_of([&] { PackedLayout(config_of(spec), set, all_as(DataType::q4_k)); }) ==
        "not_supported: " + set.tensors().front().file +
            ": tensor 'model.layers.0.mlp.down_proj.weight': not supported: a q4_k matrix "
            "with 320 input features, which is no multiple of 256");
}

}  // namespace tlite
