#include "format/tensor_list.hpp"

#include "tensor/dtype.hpp"

#include <utility>

#include <tlite/error.hpp>

namespace tlite {

std::vector<ExpectedTensor> expected_tensors(const ModelConfig& config) {
  const auto hidden = static_cast<std::uint64_t>(config.hidden_size);
  const auto inner = static_cast<std::uint64_t>(config.intermediate_size);
  const auto vocabulary = static_cast<std::uint64_t>(config.vocab_size);
  const auto head = static_cast<std::uint64_t>(config.head_dim);
  const std::uint64_t query = static_cast<std::uint64_t>(config.num_attention_heads) * head;
  const std::uint64_t key = static_cast<std::uint64_t>(config.num_key_value_heads) * head;

  std::vector<ExpectedTensor> list;
  list.push_back({std::string(kEmbeddingTensor), {vocabulary, hidden}});
  for (std::int32_t layer = 0; layer < config.num_hidden_layers; ++layer) {
    const std::string prefix = "model.layers." + std::to_string(layer) + ".";
    const auto add = [&](const char* name, std::vector<std::uint64_t> shape) {
      list.push_back({prefix + name, std::move(shape)});
    };
    add("input_layernorm.weight", {hidden});
    add("self_attn.q_proj.weight", {query, hidden});
    add("self_attn.q_proj.bias", {query});
    add("self_attn.k_proj.weight", {key, hidden});
    add("self_attn.k_proj.bias", {key});
    add("self_attn.v_proj.weight", {key, hidden});
    add("self_attn.v_proj.bias", {key});
    add("self_attn.o_proj.weight", {hidden, query});
    add("post_attention_layernorm.weight", {hidden});
    add("mlp.gate_proj.weight", {inner, hidden});
    add("mlp.up_proj.weight", {inner, hidden});
    add("mlp.down_proj.weight", {hidden, inner});
  }
  list.push_back({"model.norm.weight", {hidden}});
  if (!config.tie_word_embeddings)
    list.push_back({std::string(kOutputTensor), {vocabulary, hidden}});
  return list;
}

namespace {

// A matrix that another tool quantized lies in several tensors of other names; which, tells whose.
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
