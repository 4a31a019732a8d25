#include "format/gguf_model.hpp"
#include "format/gguf_model_writer.hpp"
#include "format/model_config.hpp"

#include <string_view>

#include <tlite/error.hpp>

namespace tlite {
namespace {

[[noreturn]] void not_supported(const std::string& where, const std::string& what) {
  throw Error(ErrorCode::not_supported, where + ": not supported: a GGUF file of " + what);
}

std::uint32_t u32(std::int32_t value) { return static_cast<std::uint32_t>(value); }

void add_yarn(GgufHeader& header, const ModelConfig::Yarn& yarn, const std::string& where) {
  if (!yarn.truncate) not_supported(where, "a model with yarn that is not truncated");
  const auto add = [&](const char* key, double value) {
    header.add_f32("qwen2.rope.scaling." + std::string(key), static_cast<float>(value));
  };
  header.add_string("qwen2.rope.scaling.type", "yarn");
  add("factor", yarn.factor);
  header.add_u32("qwen2.rope.scaling.original_context_length",
                 u32(yarn.original_max_position_embeddings));
  add("yarn_beta_fast", yarn.beta_fast);
  add("yarn_beta_slow", yarn.beta_slow);
  // Readers multiply by the usual factor themselves.
  const double usual = yarn_attention_factor(yarn.factor, 0, 0);
  if (yarn.attention_factor != usual) add("attn_factor", yarn.attention_factor / usual);
}

}  // namespace

void add_gguf_config(GgufHeader& header, const ModelConfig& config, const std::string& where) {
  const bool has_window =
      config.sliding_window && config.max_window_layers < config.num_hidden_layers;
  if (has_window) not_supported(where, "a model with a sliding window");
  const auto add = [&](const char* key, std::int32_t value) {
    header.add_u32("qwen2." + std::string(key), u32(value));
  };
  header.add_string("general.architecture", "qwen2");
  header.add_string("general.type", "model");
  add("block_count", config.num_hidden_layers);
  add("context_length", config.max_position_embeddings);
  add("embedding_length", config.hidden_size);
  add("feed_forward_length", config.intermediate_size);
  add("attention.head_count", config.num_attention_heads);
  add("attention.head_count_kv", config.num_key_value_heads);
  if (config.head_dim * config.num_attention_heads != config.hidden_size) {
    add("attention.key_length", config.head_dim);
    add("attention.value_length", config.head_dim);
  }
  header.add_f32("qwen2.attention.layer_norm_rms_epsilon", config.rms_norm_eps);
  header.add_f32("qwen2.rope.freq_base", static_cast<float>(config.rope_theta));
  if (config.rope_linear_factor != 1.0) {
    header.add_string("qwen2.rope.scaling.type", "linear");
    header.add_f32("qwen2.rope.scaling.factor", static_cast<float>(config.rope_linear_factor));
  }
  if (config.yarn) add_yarn(header, *config.yarn, where);
}

void add_gguf_generation(GgufHeader& header, const GenerationConfig& generation) {
  if (!generation.json.empty()) header.add_string(kGgufGenerationConfig, generation.json);
  const SamplingParams& params = generation.sampling;
  const auto add = [&](const char* field, const char* key, float value) {
    if (generation.names(field)) header.add_f32("general.sampling." + std::string(key), value);
  };
  add("temperature", "temp", generation.temperature);
  add("top_p", "top_p", params.top_p);
  add("min_p", "min_p", params.min_p);
  add("repetition_penalty", "penalty_repeat", params.repetition_penalty);
  if (generation.names("top_k")) header.add_i32("general.sampling.top_k", params.top_k);
}

}  // namespace tlite
