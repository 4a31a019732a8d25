#include "format/model_config.hpp"

#include <algorithm>
#include <cmath>
#include <limits>

#include <tlite/error.hpp>

namespace tlite {
namespace {

constexpr std::int64_t kMaxInt = std::numeric_limits<std::int32_t>::max();
// Far above every published model, and small enough that no product of three overflows 64 bits.
constexpr std::int64_t kMaxSize = 1 << 20;
constexpr std::int64_t kMaxVocabulary = 1 << 24;
constexpr std::int64_t kMaxLayers = 1 << 12;

[[noreturn]] void not_supported(const JsonFields& config, std::string_view key,
                                const std::string& what) {
  throw Error(ErrorCode::not_supported, config.name_of(key) + ": not supported: " + what);
}

void check_architecture(const JsonFields& config) {
  if (config.has("architectures")) {
    const std::vector<std::string> names = config.strings("architectures");
    if (std::find(names.begin(), names.end(), "Qwen2ForCausalLM") == names.end()) {
      not_supported(config, "architectures",
                    "architecture " + (names.empty() ? "of no name" : names.front()));
    }
  }
  if (config.has("architectures") && !config.has("model_type")) return;
  if (const std::string type = config.string("model_type"); type != "qwen2") {
    not_supported(config, "model_type", "architecture " + type);
  }
}

// Settings that change the result and that the forward pass has no code for.
void check_refused_settings(const JsonFields& config) {
  if (config.has("quantization_config")) {
    const JsonFields quantization = config.object("quantization_config");
    not_supported(config, "quantization_config",
                  "quantization_config " + (quantization.has("quant_method")
                                                ? quantization.string("quant_method")
                                                : std::string("of no quant_method")));
  }
  if (config.has("hidden_act") && config.string("hidden_act") != "silu") {
    not_supported(config, "hidden_act", "hidden_act " + config.string("hidden_act"));
  }
  if (config.number_or("partial_rotary_factor", 1.0, {0, 1}) != 1.0) {
    not_supported(config, "partial_rotary_factor",
                  "partial_rotary_factor " + config.text("partial_rotary_factor"));
  }
}

// `beta_fast or 32` in the reference: null and zero both mean the default.
double beta(const JsonFields& scaling, std::string_view key, double absent) {
  const double value = scaling.number_or(key, absent, {0, 1e6});
  return value == 0.0 ? absent : value;
}

ModelConfig::Yarn read_yarn(const JsonFields& scaling, std::int32_t max_position_embeddings) {
  ModelConfig::Yarn yarn;
  yarn.factor = scaling.number("factor", {1, 65536});
  yarn.original_max_position_embeddings = static_cast<std::int32_t>(
      scaling.integer_or("original_max_position_embeddings", max_position_embeddings, 1, kMaxInt));
  yarn.beta_fast = beta(scaling, "beta_fast", 32);
  yarn.beta_slow = beta(scaling, "beta_slow", 1);
  if (yarn.beta_fast < yarn.beta_slow) {
    throw Error(ErrorCode::corrupt, scaling.name_of("beta_fast") + ": " +
                                        scaling.text("beta_fast") + " is less than beta_slow");
  }
  yarn.truncate = scaling.boolean_or("truncate", true);
  constexpr NumberRange kFactor{0, 1e6, true};
  yarn.attention_factor =
      scaling.has("attention_factor")
          ? scaling.number("attention_factor", kFactor)
          : yarn_attention_factor(yarn.factor, scaling.number_or("mscale", 0, {0, 1e6}),
                                  scaling.number_or("mscale_all_dim", 0, {0, 1e6}));
  return yarn;
}

// Where the rope settings are: rope_parameters (transformers 5, rope_theta included) or
// rope_scaling (transformers 4, rope_theta beside it).
void read_rope(const JsonFields& config, ModelConfig& model) {
  constexpr NumberRange kTheta{1, 1e12, true};
  model.rope_theta = config.number_or("rope_theta", 10000.0, kTheta);
  const std::string_view key = config.has("rope_parameters") ? "rope_parameters" : "rope_scaling";
  if (!config.has(key)) return;
  const JsonFields scaling = config.object(key);
  model.rope_theta = scaling.number_or("rope_theta", model.rope_theta, kTheta);
  // The older spelling wins in the reference where both are there.
  const std::string_view type_key = scaling.has("type") ? "type" : "rope_type";
  const std::string type = scaling.string(type_key);
  if (type == "default") return;
  if (type != "yarn") not_supported(scaling, type_key, "rope_scaling " + type);
  model.yarn = read_yarn(scaling, model.max_position_embeddings);
}

// The first layer of the sliding windows. The reference takes any order of layers; every published
// model has full layers first, and so has this library.
std::int32_t first_sliding_layer(const JsonFields& config, std::int32_t layers) {
  const std::vector<std::string> types = config.strings("layer_types");
  if (types.size() != static_cast<std::size_t>(layers)) {
    throw Error(ErrorCode::corrupt, config.name_of("layer_types") + ": " +
                                        std::to_string(types.size()) + " entries for " +
                                        std::to_string(layers) + " layers");
  }
  std::int32_t full = 0;
  for (std::size_t i = 0; i < types.size(); ++i) {
    if (types[i] == "full_attention") {
      if (static_cast<std::size_t>(full) != i) {
        not_supported(config, "layer_types", "full attention after sliding windows");
      }
      ++full;
    } else if (types[i] != "sliding_attention") {
      not_supported(config, "layer_types", "layer type " + types[i]);
    }
  }
  return full;
}

void read_sliding_window(const JsonFields& config, ModelConfig& model) {
  model.max_window_layers =
      static_cast<std::int32_t>(config.integer_or("max_window_layers", 28, 0, kMaxInt));
  if (config.has("layer_types")) {
    model.max_window_layers = first_sliding_layer(config, model.num_hidden_layers);
  }
  model.max_window_layers = std::min(model.max_window_layers, model.num_hidden_layers);
  if (!config.boolean_or("use_sliding_window", false)) return;
  if (config.is_null("sliding_window")) return;
  model.sliding_window =
      static_cast<std::int32_t>(config.integer_or("sliding_window", 4096, 1, kMaxInt));
}

}  // namespace

double yarn_attention_factor(double factor, double mscale, double mscale_all_dim) {
  const auto scale = [factor](double m) {
    return factor <= 1.0 ? 1.0 : 0.1 * m * std::log(factor) + 1.0;
  };
  if (mscale != 0.0 && mscale_all_dim != 0.0) return scale(mscale) / scale(mscale_all_dim);
  return scale(1.0);
}

void check_model_config(const ModelConfig& config, const std::string& where) {
  if (config.num_attention_heads % config.num_key_value_heads != 0) {
    throw Error(ErrorCode::corrupt,
                where + "num_key_value_heads: " + std::to_string(config.num_key_value_heads) +
                    " does not divide num_attention_heads " +
                    std::to_string(config.num_attention_heads));
  }
  if (config.head_dim < 2 || config.head_dim % 2 != 0) {
    throw Error(ErrorCode::corrupt, where + "head_dim: " + std::to_string(config.head_dim) +
                                        " is not an even number above 0");
  }
}

ModelConfig read_model_config(const JsonFields& config) {
  check_architecture(config);
  check_refused_settings(config);
  const auto size = [&](std::string_view key, std::int64_t max) {
    return static_cast<std::int32_t>(config.integer(key, 1, max));
  };
  ModelConfig model;
  model.architecture = "qwen2";
  model.vocab_size = size("vocab_size", kMaxVocabulary);
  model.hidden_size = size("hidden_size", kMaxSize);
  model.intermediate_size = size("intermediate_size", kMaxSize);
  model.num_hidden_layers = size("num_hidden_layers", kMaxLayers);
  model.num_attention_heads = size("num_attention_heads", kMaxSize);
  model.num_key_value_heads = config.is_null("num_key_value_heads")
                                  ? model.num_attention_heads
                                  : size("num_key_value_heads", kMaxSize);
  model.head_dim = static_cast<std::int32_t>(
      config.integer_or("head_dim", model.hidden_size / model.num_attention_heads, 1, kMaxSize));
  model.max_position_embeddings =
      static_cast<std::int32_t>(config.integer_or("max_position_embeddings", 32768, 1, kMaxInt));
  model.rms_norm_eps = static_cast<float>(config.number_or("rms_norm_eps", 1e-6, {0, 1}));
  model.tie_word_embeddings = config.boolean_or("tie_word_embeddings", false);
  read_rope(config, model);
  read_sliding_window(config, model);
  check_model_config(model, config.name_of(""));
  return model;
}

std::vector<TokenId> read_eos_token_ids(const JsonFields& config) {
  std::vector<TokenId> ids;
  if (!config.has("eos_token_id")) return ids;
  for (const std::int64_t id : config.integers("eos_token_id", 0, kMaxInt)) {
    ids.push_back(static_cast<TokenId>(id));
  }
  return ids;
}

SamplingParams read_sampling(const JsonFields& config) {
  constexpr double kLarge = 1e6;
  SamplingParams params;
  const auto number = [&](std::string_view key, float absent, NumberRange range) {
    return static_cast<float>(config.number_or(key, absent, range));
  };
  params.temperature = number("temperature", 1.0F, {0, kLarge});
  if (!config.is_null("top_k")) {
    params.top_k = static_cast<std::int32_t>(config.integer_or("top_k", 50, 0, kMaxInt));
  }
  params.top_p = number("top_p", 1.0F, {0, 1, true});
  params.min_p = number("min_p", 0.0F, {0, 1});
  params.repetition_penalty = number("repetition_penalty", 1.0F, {0, kLarge, true});
  params.max_new_tokens =
      static_cast<std::int32_t>(config.integer_or("max_new_tokens", -1, 1, kMaxInt));
  params.min_new_tokens =
      static_cast<std::int32_t>(config.integer_or("min_new_tokens", 0, 0, kMaxInt));
  if (config.has("stop_strings")) params.stop = config.strings("stop_strings");
  if (!config.boolean_or("do_sample", false)) params.temperature = 0.0F;
  return params;
}

}  // namespace tlite
