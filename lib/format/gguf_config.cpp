#include "format/gguf_model.hpp"
#include "format/model_config.hpp"

#include <algorithm>
#include <limits>

#include <tlite/error.hpp>

namespace tlite {
namespace {

constexpr std::int64_t kMaxInt = std::numeric_limits<std::int32_t>::max();
constexpr std::int64_t kMaxSize = 1 << 20;  // as in model_config.cpp
constexpr std::int64_t kMaxLayers = 1 << 12;

[[noreturn]] void not_supported(const GgufFile& file, std::string_view key,
                                const std::string& what) {
  throw Error(ErrorCode::not_supported,
              file.file() + ": " + std::string(key) + ": not supported: " + what);
}

std::int32_t size_of_field(const GgufFile& file, std::string_view key, std::int64_t max) {
  return static_cast<std::int32_t>(file.integer(key, 1, max));
}

// llama.cpp multiplies cos and sin by attn_factor * (1 + 0.1 ln(factor)), as transformers does
// without the attn_factor.
ModelConfig::Yarn read_yarn(const GgufFile& file, std::int32_t context_length) {
  ModelConfig::Yarn yarn;
  const std::string prefix = "qwen2.rope.scaling.";
  yarn.factor = file.number(prefix + "factor", 1, 65536);
  yarn.original_max_position_embeddings = static_cast<std::int32_t>(
      file.integer_or(prefix + "original_context_length", context_length, 1, kMaxInt));
  yarn.beta_fast = file.number_or(prefix + "yarn_beta_fast", 32, 1e-6, 1e6);
  yarn.beta_slow = file.number_or(prefix + "yarn_beta_slow", 1, 1e-6, 1e6);
  if (file.number_or(prefix + "yarn_ext_factor", 1, -1e6, 1e6) != 1) {
    not_supported(file, prefix + "yarn_ext_factor", "an extrapolation factor other than 1");
  }
  yarn.attention_factor = yarn_attention_factor(yarn.factor, 0, 0) *
                          file.number_or(prefix + "yarn_attn_factor", 1, 1e-6, 1e6) *
                          file.number_or(prefix + "attn_factor", 1, 1e-6, 1e6);
  return yarn;
}

void read_rope(const GgufFile& file, ModelConfig& config) {
  config.rope_theta = file.number_or("qwen2.rope.freq_base", 10000.0, 1.0000001, 1e12);
  const auto rotated = file.integer_or("qwen2.rope.dimension_count", config.head_dim, 1, kMaxSize);
  if (rotated != config.head_dim) {
    not_supported(file, "qwen2.rope.dimension_count",
                  "rope over " + std::to_string(rotated) + " of " +
                      std::to_string(config.head_dim) + " dimensions");
  }
  constexpr std::string_view kType = "qwen2.rope.scaling.type";
  if (!file.has(kType) || file.string(kType) == "none") return;
  if (file.string(kType) != "yarn") {
    not_supported(file, kType, "rope scaling " + std::string(file.string(kType)));
  }
  config.yarn = read_yarn(file, config.max_position_embeddings);
}

}  // namespace

ModelConfig read_gguf_config(const GgufFile& file, std::int32_t embedding_rows, bool tied) {
  if (const std::string_view name = file.string("general.architecture"); name != "qwen2") {
    not_supported(file, "general.architecture", "architecture " + std::string(name));
  }
  ModelConfig config;
  config.architecture = "qwen2";
  config.vocab_size = embedding_rows;
  config.tie_word_embeddings = tied;
  config.hidden_size = size_of_field(file, "qwen2.embedding_length", kMaxSize);
  config.intermediate_size = size_of_field(file, "qwen2.feed_forward_length", kMaxSize);
  config.num_hidden_layers = size_of_field(file, "qwen2.block_count", kMaxLayers);
  config.num_attention_heads = size_of_field(file, "qwen2.attention.head_count", kMaxSize);
  config.num_key_value_heads = static_cast<std::int32_t>(
      file.integer_or("qwen2.attention.head_count_kv", config.num_attention_heads, 1, kMaxSize));
  config.head_dim = static_cast<std::int32_t>(file.integer_or(
      "qwen2.attention.key_length", config.hidden_size / config.num_attention_heads, 1, kMaxSize));
  const auto value_length =
      file.integer_or("qwen2.attention.value_length", config.head_dim, 1, kMaxSize);
  if (value_length != config.head_dim) {
    not_supported(file, "qwen2.attention.value_length", "values of another length than keys");
  }
  config.max_position_embeddings = size_of_field(file, "qwen2.context_length", kMaxInt);
  config.rms_norm_eps =
      static_cast<float>(file.number("qwen2.attention.layer_norm_rms_epsilon", 0, 1));
  config.max_window_layers = config.num_hidden_layers;
  read_rope(file, config);
  check_model_config(config, file.file() + ": ");
  return config;
}

SamplingParams read_gguf_sampling(const GgufFile& file) {
  SamplingParams params;
  const std::string prefix = "general.sampling.";
  const auto number = [&](const char* key, float absent, double min, double max) {
    return static_cast<float>(file.number_or(prefix + key, absent, min, max));
  };
  params.temperature = number("temp", params.temperature, 0, 1e6);
  params.top_p = number("top_p", params.top_p, 1e-6, 1);
  params.min_p = number("min_p", params.min_p, 0, 1);
  params.repetition_penalty = number("penalty_repeat", params.repetition_penalty, 1e-6, 1e6);
  params.top_k =
      static_cast<std::int32_t>(file.integer_or(prefix + "top_k", params.top_k, 0, kMaxInt));
  return params;
}

}  // namespace tlite
