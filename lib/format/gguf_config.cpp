#include "format/gguf_model.hpp"
#include "format/model_config.hpp"

#include <algorithm>
#include <functional>
#include <limits>
#include <type_traits>
#include <vector>

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

// A size that some converters write once for all layers, others once for each.
std::int64_t per_layer_size(const GgufFile& file, std::string_view key, std::int64_t max) {
  const GgufValue* value = file.find(key);
  if (value == nullptr || value->type != GgufType::array) return file.integer(key, 1, max);
  const std::vector<std::int64_t> sizes = file.integers(key);
  if (sizes.empty() || sizes.front() < 1 || sizes.front() > max) {
    throw Error(ErrorCode::corrupt, file.file() + ": " + std::string(key) +
                                        ": an array of sizes in [1, " + std::to_string(max) +
                                        "] is needed");
  }
  if (std::adjacent_find(sizes.begin(), sizes.end(), std::not_equal_to<>()) != sizes.end()) {
    not_supported(file, key, "layers of different sizes");
  }
  return sizes.front();
}

std::int32_t size_of_field(const GgufFile& file, std::string_view key, std::int64_t max) {
  return static_cast<std::int32_t>(per_layer_size(file, key, max));
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
  // As in llama.cpp: a factor without a type is linear, and 0 is none.
  const std::string_view type = file.has(kType) ? file.string(kType) : "linear";
  if (type == "yarn") {
    config.yarn = read_yarn(file, config.max_position_embeddings);
  } else if (type == "linear") {
    constexpr std::string_view kFactor = "qwen2.rope.scaling.factor";
    const bool older = !file.has(kFactor);
    const double factor =
        file.number_or(older ? "qwen2.rope.scale_linear" : kFactor, 0.0, 0.0, 65536);
    if (factor > 0.0) config.rope_linear_factor = factor;
  } else if (type != "none") {
    not_supported(file, kType, "rope scaling " + std::string(type));
  }
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
  constexpr std::string_view kKeyValueHeads = "qwen2.attention.head_count_kv";
  config.num_key_value_heads = file.has(kKeyValueHeads)
                                   ? size_of_field(file, kKeyValueHeads, kMaxSize)
                                   : config.num_attention_heads;
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

GenerationConfig read_gguf_generation(const GgufFile& file, std::vector<std::string>& warnings) {
  if (file.has(kGgufGenerationConfig)) {
    return read_generation_config(file.string(kGgufGenerationConfig),
                                  file.file() + ": " + std::string(kGgufGenerationConfig),
                                  warnings);
  }
  GenerationConfig generation;
  SamplingParams& params = generation.sampling;
  const std::string prefix = "general.sampling.";
  // Defaults alone, as in generation_config.json: a bad one gives a warning and nothing else.
  const auto field = [&](const char* key, auto& target, auto&& read) {
    if (!file.has(prefix + key)) return;
    try {
      target = static_cast<std::remove_reference_t<decltype(target)>>(read(prefix + key));
    } catch (const Error& error) {
      if (error.code() == ErrorCode::out_of_memory) throw;
      warnings.push_back(std::string(error.what()) + "; the default counts");
    }
  };
  const auto number = [&](const char* key, float& target, double min, double max) {
    field(key, target, [&](const std::string& name) { return file.number(name, min, max); });
  };
  number("temp", params.temperature, 0, 1e6);
  number("top_p", params.top_p, 1e-6, 1);
  number("min_p", params.min_p, 0, 1);
  number("penalty_repeat", params.repetition_penalty, 1e-6, 1e6);
  field("top_k", params.top_k,
        [&](const std::string& name) { return file.integer(name, 0, kMaxInt); });
  return generation;
}

}  // namespace tlite
