#include "api/model_impl.hpp"
#include "base/cpu.hpp"
#include "format/tensor_list.hpp"

#include <tlite/speed.hpp>

namespace tlite {

std::string_view cpu_tier(const Model& model) noexcept {
  return to_string(model.impl().weights->tier());
}

std::uint64_t decode_bytes(const Model& model) noexcept {
  const ModelInfo& info = model.info();
  const StoredTensor* table = model.impl().source->find(kEmbeddingTensor);
  if (info.config.tie_word_embeddings || table == nullptr) return info.weight_bytes;
  return info.weight_bytes - table->data.size() / table->shape[0] * (table->shape[0] - 1);
}

}  // namespace tlite
