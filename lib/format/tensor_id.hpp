// The tensors of a Qwen2 model by {layer, kind}. What each is called in a checkpoint and how large
// it is stands in one table, in tensor_id.cpp.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include <tlite/model_config.hpp>

namespace tlite {

inline constexpr std::string_view kModelPrefix = "model.";  // of what is not lm_head
inline constexpr std::string_view kEmbeddingTensor = "model.embed_tokens.weight";
inline constexpr std::string_view kOutputTensor = "lm_head.weight";

// In the order in which the forward pass reads them.
enum class TensorKind : std::uint8_t {
  embedding,
  input_norm,
  q,
  q_bias,
  k,
  k_bias,
  v,
  v_bias,
  o,
  post_attention_norm,
  gate,
  up,
  down,
  final_norm,
  lm_head,
};
inline constexpr std::size_t kTensorKinds = static_cast<std::size_t>(TensorKind::lm_head) + 1;

struct TensorId {
  std::int32_t layer = 0;  // 0 of what stands outside the layers
  TensorKind kind = TensorKind::embedding;

  bool operator==(const TensorId&) const = default;
};

// Whether each layer has one.
bool in_layer(TensorKind kind) noexcept;

// Of a matrix {rows, columns}, of a norm or bias {elements}.
std::vector<std::uint64_t> tensor_shape(TensorKind kind, const ModelConfig& config);

// "model.layers.3.self_attn.q_proj.weight", and back; nothing for a name that a Qwen2 model does
// not have.
std::string hugging_face_name(TensorId id);
std::optional<TensorId> parse_hugging_face_name(std::string_view name) noexcept;

// "blk.3.attn_q.weight", and back: the names of llama.cpp's architecture qwen2.
std::string gguf_name(TensorId id);
std::optional<TensorId> parse_gguf_name(std::string_view name) noexcept;

}  // namespace tlite
