// Hugging Face's names are those of transformers' modeling_qwen2.py, GGUF's those of gguf-py's
// tensor_mapping.py.
#include "format/tensor_id.hpp"

#include <charconv>

namespace tlite {
namespace {

enum class Extent { none, hidden, inner, query, key, vocabulary };

struct TensorRow {
  TensorKind kind;
  bool in_layer;
  std::string_view hugging_face;
  std::string_view gguf;
  Extent rows;  // of a norm or bias its elements
  Extent columns;
};

// clang-format off
constexpr TensorRow kTensors[] = {
    {TensorKind::embedding,           false, kEmbeddingTensor,                  "token_embd.weight",  Extent::vocabulary, Extent::hidden},
    {TensorKind::input_norm,          true,  "input_layernorm.weight",          "attn_norm.weight",   Extent::hidden,     Extent::none},
    {TensorKind::q,                   true,  "self_attn.q_proj.weight",         "attn_q.weight",      Extent::query,      Extent::hidden},
    {TensorKind::q_bias,              true,  "self_attn.q_proj.bias",           "attn_q.bias",        Extent::query,      Extent::none},
    {TensorKind::k,                   true,  "self_attn.k_proj.weight",         "attn_k.weight",      Extent::key,        Extent::hidden},
    {TensorKind::k_bias,              true,  "self_attn.k_proj.bias",           "attn_k.bias",        Extent::key,        Extent::none},
    {TensorKind::v,                   true,  "self_attn.v_proj.weight",         "attn_v.weight",      Extent::key,        Extent::hidden},
    {TensorKind::v_bias,              true,  "self_attn.v_proj.bias",           "attn_v.bias",        Extent::key,        Extent::none},
    {TensorKind::o,                   true,  "self_attn.o_proj.weight",         "attn_output.weight", Extent::hidden,     Extent::query},
    {TensorKind::post_attention_norm, true,  "post_attention_layernorm.weight", "ffn_norm.weight",    Extent::hidden,     Extent::none},
    {TensorKind::gate,                true,  "mlp.gate_proj.weight",            "ffn_gate.weight",    Extent::inner,      Extent::hidden},
    {TensorKind::up,                  true,  "mlp.up_proj.weight",              "ffn_up.weight",      Extent::inner,      Extent::hidden},
    {TensorKind::down,                true,  "mlp.down_proj.weight",            "ffn_down.weight",    Extent::hidden,     Extent::inner},
    {TensorKind::final_norm,          false, "model.norm.weight",               "output_norm.weight", Extent::hidden,     Extent::none},
    {TensorKind::lm_head,             false, kOutputTensor,                     "output.weight",      Extent::vocabulary, Extent::hidden},
};
// clang-format on

constexpr bool rows_stand_by_kind() noexcept {
  std::size_t i = 0;
  for (const TensorRow& row : kTensors) {
    if (row.kind != static_cast<TensorKind>(i++)) return false;
  }
  return i == kTensorKinds;
}
static_assert(rows_stand_by_kind());

const TensorRow& row_of(TensorKind kind) noexcept {
  return kTensors[static_cast<std::size_t>(kind)];
}

// A file format's way to name tensors: one of the table's columns, and what stands before a layer's
// number.
struct Naming {
  std::string_view TensorRow::*column;
  std::string_view layer_prefix;

  std::string name(TensorId id) const;
  std::optional<TensorId> parse(std::string_view name) const noexcept;
};

constexpr Naming kHuggingFace{&TensorRow::hugging_face, "model.layers."};
constexpr Naming kGguf{&TensorRow::gguf, "blk."};

// Takes "7." off the front of `rest`. Digits as a checkpoint writes them: "07" is no layer.
std::optional<std::int32_t> take_layer(std::string_view& rest) noexcept {
  std::int32_t layer = 0;
  const char* const begin = rest.data();
  const auto [at, error] = std::from_chars(begin, begin + rest.size(), layer);
  const auto digits = static_cast<std::size_t>(at - begin);
  if (error != std::errc() || digits == rest.size() || *at != '.') return std::nullopt;
  if (rest[0] == '-' || (rest[0] == '0' && digits > 1)) return std::nullopt;
  rest.remove_prefix(digits + 1);
  return layer;
}

std::string Naming::name(TensorId id) const {
  const TensorRow& row = row_of(id.kind);
  std::string name;
  if (row.in_layer) name.append(layer_prefix).append(std::to_string(id.layer)).append(".");
  return name.append(row.*column);
}

std::optional<TensorId> Naming::parse(std::string_view name) const noexcept {
  std::optional<std::int32_t> layer;
  if (name.starts_with(layer_prefix)) {
    name.remove_prefix(layer_prefix.size());
    layer = take_layer(name);
    if (!layer) return std::nullopt;
  }
  for (const TensorRow& row : kTensors) {
    if (row.in_layer == layer.has_value() && row.*column == name) {
      return TensorId{layer.value_or(0), row.kind};
    }
  }
  return std::nullopt;
}

std::uint64_t elements(Extent extent, const ModelConfig& config) noexcept {
  const auto size = [](std::int32_t value) { return static_cast<std::uint64_t>(value); };
  switch (extent) {
    case Extent::hidden:
      return size(config.hidden_size);
    case Extent::inner:
      return size(config.intermediate_size);
    case Extent::query:
      return size(config.num_attention_heads) * size(config.head_dim);
    case Extent::key:
      return size(config.num_key_value_heads) * size(config.head_dim);
    case Extent::vocabulary:
      return size(config.vocab_size);
    case Extent::none:
      break;
  }
  return 1;
}

}  // namespace

bool in_layer(TensorKind kind) noexcept { return row_of(kind).in_layer; }

std::vector<std::uint64_t> tensor_shape(TensorKind kind, const ModelConfig& config) {
  const TensorRow& row = row_of(kind);
  if (row.columns == Extent::none) return {elements(row.rows, config)};
  return {elements(row.rows, config), elements(row.columns, config)};
}

std::string hugging_face_name(TensorId id) { return kHuggingFace.name(id); }

std::optional<TensorId> parse_hugging_face_name(std::string_view name) noexcept {
  return kHuggingFace.parse(name);
}

std::string gguf_name(TensorId id) { return kGguf.name(id); }

std::optional<TensorId> parse_gguf_name(std::string_view name) noexcept {
  return kGguf.parse(name);
}

}  // namespace tlite
