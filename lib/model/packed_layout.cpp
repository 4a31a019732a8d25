#include "model/packed_layout.hpp"

#include "base/buffer.hpp"
#include "format/tensor_list.hpp"
#include "tensor/blocks.hpp"

#include <algorithm>
#include <limits>
#include <string>

#include <tlite/error.hpp>

namespace tlite {
namespace {

std::size_t packed_bytes(const StoredTensor& tensor, DataType type) {
  const auto outs = static_cast<std::size_t>(tensor.shape[0]);
  const auto ins = static_cast<std::size_t>(tensor.shape[1]);
  const std::size_t block = block_shape(type).elements;
  if (ins % block != 0) {
    throw Error(ErrorCode::not_supported,
                tensor.file + ": tensor '" + tensor.name + "': not supported: a " +
                    std::string(to_string(type)) + " matrix with " + std::to_string(ins) +
                    " input features, which is no multiple of " + std::to_string(block));
  }
  const PackedShape shape = packed_shape(type, outs, ins);
  return checked_product(checked_product(shape.tile_bytes, shape.tiles_per_group), shape.groups);
}

}  // namespace

PackedLayout::PackedLayout(const ModelConfig& config, const WeightSource& source,
                           const WeightTypes& types) {
  for (const ExpectedTensor& expected : expected_tensors(config)) {
    // The embedding table is read row by row where it lies, and packed only as lm_head.
    if (expected.id.kind == TensorKind::embedding && !config.tie_word_embeddings) continue;
    const StoredTensor* tensor = source.find(expected.name);
    if (tensor == nullptr || tensor->shape.size() != 2) continue;
    const DataType type = types ? types(*tensor) : tensor->type;
    if (!(types ? is_packed(type) : is_quantized(type))) continue;
    const std::size_t bytes = packed_bytes(*tensor, type);
    if (bytes > std::numeric_limits<std::size_t>::max() - bytes_) {
      throw Error(ErrorCode::out_of_memory, "out of memory: the packed weights overflow");
    }
    matrices_.push_back({tensor, type, bytes_, bytes});
    bytes_ += bytes;
  }
}

const PackedMatrix* PackedLayout::find(const StoredTensor& tensor) const noexcept {
  const auto found =
      std::find_if(matrices_.begin(), matrices_.end(),
                   [&](const PackedMatrix& matrix) { return matrix.tensor == &tensor; });
  return found == matrices_.end() ? nullptr : &*found;
}

}  // namespace tlite
