#include "format/tensor_list.hpp"

#include "tensor/dtype.hpp"

#include <utility>

#include <tlite/error.hpp>

namespace tlite {

// The order is also that of the tensors in files that we write.
std::vector<ExpectedTensor> expected_tensors(const ModelConfig& config) {
  std::vector<ExpectedTensor> list;
  const auto add = [&](TensorId id) {
    list.push_back({id, hugging_face_name(id), tensor_shape(id.kind, config)});
  };
  add({.kind = TensorKind::embedding});
  for (std::int32_t layer = 0; layer < config.num_hidden_layers; ++layer) {
    for (std::size_t i = 0; i < kTensorKinds; ++i) {
      const auto kind = static_cast<TensorKind>(i);
      if (in_layer(kind)) add({layer, kind});
    }
  }
  add({.kind = TensorKind::final_norm});
  if (!config.tie_word_embeddings) add({.kind = TensorKind::lm_head});
  return list;
}

TensorId output_matrix(const ModelConfig& config) noexcept {
  return {.kind = config.tie_word_embeddings ? TensorKind::embedding : TensorKind::lm_head};
}

namespace {

// A matrix that another tool quantized lies in several tensors of other names; which, tells whose.
// Asked only where a tensor is missing, so that a name alone refuses no checkpoint that has all it
// needs.
void refuse_foreign_quantization(const WeightSource& weights) {
  constexpr std::pair<std::string_view, std::string_view> kMarks[] = {
      {".qweight", "GPTQ or AWQ"},
      {".weight_packed", "compressed-tensors"},
      {".weight.absmax", "bitsandbytes"},
      {".scales", "MLX"},
  };
  const auto refuse = [&](const std::string& name, const std::string& file) {
    for (const auto& [mark, tool] : kMarks) {
      if (!name.ends_with(mark)) continue;
      throw Error(ErrorCode::not_supported,
                  file + ": tensor " + name +
                      ": not supported: this is a checkpoint quantized by " + std::string(tool) +
                      "; give the original one (tlite quantizes it itself) or a GGUF file of it");
    }
  };
  for (const StoredTensor& tensor : weights.tensors()) refuse(tensor.name, tensor.file);
  for (const UnsupportedTensor& tensor : weights.unsupported()) refuse(tensor.name, tensor.file);
}

}  // namespace

// The one place where presence, shape and type are checked: what is behind it takes them for
// granted.
void check_tensors(const ModelConfig& config, const WeightSource& weights,
                   const std::string& path) {
  for (const ExpectedTensor& expected : expected_tensors(config)) {
    if (const UnsupportedTensor* found = weights.find_unsupported(expected.name)) {
      throw Error(ErrorCode::not_supported, found->file + ": tensor " + found->name +
                                                ": not supported: weights of type " + found->type);
    }
    const StoredTensor* tensor = weights.find(expected.name);
    if (tensor == nullptr) {
      refuse_foreign_quantization(weights);
      throw Error(ErrorCode::not_found, path + ": tensor " + expected.name + " is missing");
    }
    if (tensor->shape != expected.shape) {
      throw Error(ErrorCode::corrupt, tensor->file + ": tensor " + tensor->name + ": shape " +
                                          shape_text(tensor->shape) +
                                          ", where the configuration asks for " +
                                          shape_text(expected.shape));
    }
    if (tensor->shape.size() == 1 && is_quantized(tensor->type)) {
      throw Error(ErrorCode::not_supported, tensor->file + ": tensor " + tensor->name +
                                                ": not supported: a norm or bias of type " +
                                                std::string(to_string(tensor->type)));
    }
  }
}

std::string shape_text(const std::vector<std::uint64_t>& shape) {
  std::string text = "[";
  for (std::size_t i = 0; i < shape.size(); ++i) {
    if (i > 0) text += ", ";
    text += std::to_string(shape[i]);
  }
  return text + "]";
}

}  // namespace tlite
