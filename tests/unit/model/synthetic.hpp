// Random Qwen2 checkpoints in memory, the same values as tests/golden/synthetic.py makes.
#pragma once

#include "format/weight_source.hpp"

#include <cstdint>
#include <string>
#include <vector>

#include <tlite/model.hpp>

namespace tlite::testing {

struct Spec {
  std::string name;
  std::uint64_t seed = 1;
  std::int32_t hidden = 64, inner = 176, layers = 3, heads = 4, kv_heads = 2, head_dim = 16;
  std::int32_t vocab = 96;
  bool tied = false;
  double yarn_factor = 0;
  std::int32_t yarn_original = 0;
  std::int32_t window = 0, max_window_layers = 0;
  DataType type = DataType::f32;
  bool packed_bf16 = false;  // loaded as bf16, so that inputs are rounded too
};

// The specs of tests/golden/forward.py, by name; "packed_bf16" is "bf16" loaded as bf16.
Spec spec_named(const std::string& name);

ModelConfig config_of(const Spec& spec);

// A model with the tiny tokenizer, `ends` that end a sequence, and no template. `change` may damage
// the tensors first. The kernels' tier is the one of TLITE_CPU.
class TensorSet;
Model make_model(const Spec& spec, void (*change)(TensorSet&) = nullptr,
                 const std::vector<TokenId>& ends = {});

std::vector<TokenId> token_ids(const Spec& spec, std::size_t count);

// Tensors in memory of their own.
class TensorSet final : public WeightSource {
 public:
  explicit TensorSet(const Spec& spec);
  const StoredTensor* find(std::string_view name) const noexcept override;
  std::span<const StoredTensor> tensors() const noexcept override { return tensors_; }
  const UnsupportedTensor* find_unsupported(std::string_view) const noexcept override {
    return nullptr;
  }

  // For damage: the stored bytes and the description of one tensor.
  std::vector<std::byte>& bytes(std::string_view name);
  StoredTensor& tensor(std::string_view name);

 private:
  void add(const Spec& spec, const std::string& name, std::vector<std::uint64_t> shape);

  std::vector<StoredTensor> tensors_;
  std::vector<std::vector<std::byte>> bytes_;
};

}  // namespace tlite::testing
