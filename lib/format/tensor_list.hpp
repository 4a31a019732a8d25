// The tensors a Qwen2 model is made of, by Hugging Face's names.
#pragma once

#include "format/weight_source.hpp"

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include <tlite/model_config.hpp>

namespace tlite {

inline constexpr std::string_view kModelPrefix = "model.";
inline constexpr std::string_view kEmbeddingTensor = "model.embed_tokens.weight";
inline constexpr std::string_view kOutputTensor = "lm_head.weight";

struct ExpectedTensor {
  std::string name;
  std::vector<std::uint64_t> shape;
};

// All of them in the order in which the forward pass reads them. lm_head.weight is not among them
// where the embeddings are tied.
std::vector<ExpectedTensor> expected_tensors(const ModelConfig& config);

// Checks that each is there with its shape and a type that can be run. Throws not_found, corrupt or
// not_supported, naming the tensor; `path` begins the message where no file has it.
void check_tensors(const ModelConfig& config, const WeightSource& weights, const std::string& path);

// "[2, 3]".
std::string shape_text(const std::vector<std::uint64_t>& shape);

}  // namespace tlite
