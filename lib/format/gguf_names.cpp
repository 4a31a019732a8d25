// Names of the tensors of llama.cpp's qwen2 architecture (gguf-py's tensor_mapping.py).
#include "format/gguf_model.hpp"

#include <cctype>
#include <utility>

namespace tlite {
namespace {

using NamePair = std::pair<std::string_view, std::string_view>;  // GGUF's, Hugging Face's

constexpr NamePair kOutside[] = {
    {"token_embd.weight", "model.embed_tokens.weight"},
    {"output_norm.weight", "model.norm.weight"},
    {"output.weight", "lm_head.weight"},
};

constexpr NamePair kLayer[] = {
    {"attn_norm.weight", "input_layernorm.weight"},
    {"attn_q.weight", "self_attn.q_proj.weight"},
    {"attn_q.bias", "self_attn.q_proj.bias"},
    {"attn_k.weight", "self_attn.k_proj.weight"},
    {"attn_k.bias", "self_attn.k_proj.bias"},
    {"attn_v.weight", "self_attn.v_proj.weight"},
    {"attn_v.bias", "self_attn.v_proj.bias"},
    {"attn_output.weight", "self_attn.o_proj.weight"},
    {"ffn_norm.weight", "post_attention_layernorm.weight"},
    {"ffn_gate.weight", "mlp.gate_proj.weight"},
    {"ffn_up.weight", "mlp.up_proj.weight"},
    {"ffn_down.weight", "mlp.down_proj.weight"},
};

constexpr std::string_view kGgufPrefix = "blk.";
constexpr std::string_view kHuggingFacePrefix = "model.layers.";

// Cuts "PREFIX<number>." off; empty where there is none. `rest` is what follows.
std::string_view take_layer(std::string_view name, std::string_view prefix,
                            std::string_view& rest) {
  if (!name.starts_with(prefix)) return {};
  std::size_t end = prefix.size();
  while (end < name.size() && std::isdigit(static_cast<unsigned char>(name[end])) != 0) ++end;
  if (end == prefix.size() || end == name.size() || name[end] != '.') return {};
  rest = name.substr(end + 1);
  return name.substr(prefix.size(), end - prefix.size());
}

template <auto from, auto to>
std::string translate(std::string_view name, std::string_view from_prefix,
                      std::string_view to_prefix) {
  for (const NamePair& pair : kOutside) {
    if (pair.*from == name) return std::string(pair.*to);
  }
  std::string_view rest;
  const std::string_view layer = take_layer(name, from_prefix, rest);
  if (layer.empty()) return {};
  for (const NamePair& pair : kLayer) {
    if (pair.*from != rest) continue;
    return std::string(to_prefix) + std::string(layer) + "." + std::string(pair.*to);
  }
  return {};
}

}  // namespace

std::string hugging_face_name(std::string_view gguf_name) {
  return translate<&NamePair::first, &NamePair::second>(gguf_name, kGgufPrefix, kHuggingFacePrefix);
}

std::string gguf_name(std::string_view hugging_face_name) {
  return translate<&NamePair::second, &NamePair::first>(hugging_face_name, kHuggingFacePrefix,
                                                        kGgufPrefix);
}

}  // namespace tlite
