// The tensors a Qwen2 model is made of, with their shapes.
#pragma once

#include "format/tensor_id.hpp"
#include "format/weight_source.hpp"

#include <cstdint>
#include <string>
#include <vector>

#include <tlite/model_config.hpp>

namespace tlite {

struct ExpectedTensor {
  TensorId id;
  std::string name;
  std::vector<std::uint64_t> shape;
};

// All of them in the order in which the forward pass reads them. lm_head.weight is not among them
// where the embeddings are tied.
std::vector<ExpectedTensor> expected_tensors(const ModelConfig& config);

// The matrix that the logits come from: lm_head, or tied embeddings.
TensorId output_matrix(const ModelConfig& config) noexcept;

// Checks that each is there with its shape and a type that can be run. Throws not_found, corrupt or
// not_supported, naming the tensor; `path` begins the message where no file has it.
void check_tensors(const ModelConfig& config, const WeightSource& weights, const std::string& path);

// "[2, 3]".
std::string shape_text(const std::vector<std::uint64_t>& shape);

}  // namespace tlite
