#include "format/model_config.hpp"

#include <algorithm>
#include <cmath>
#include <limits>
#include <optional>
#include <utility>

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

// Qwen2Model is the same without its head: AutoModel saves it, and where the embeddings are tied
// nothing is missing.
void check_architecture(const JsonFields& config) {
  if (config.has("architectures")) {
    const std::vector<std::string> names = config.strings("architectures");
    const auto runs = [](const std::string& name) {
      return name == "Qwen2ForCausalLM" || name == "Qwen2Model";
    };
    if (std::none_of(names.begin(), names.end(), runs)) {
      not_supported(config, "architectures",
                    "architecture " + (names.empty() ? "of no name" : names.front()));
    }
  }
  if (config.has("architectures") && !config.has("model_type")) return;
  if (const std::string type = config.string("model_type"); type != "qwen2") {
    not_supported(config, "model_type", "architecture " + type);
  }
}

// What to do with a checkpoint that another tool quantized, in words for who gave it.
[[noreturn]] void refuse_quantized(const JsonFields& config, std::string_view key,
                                   const std::string& method) {
  not_supported(config, key,
                "this is a checkpoint quantized by " + method +
                    "; give the original one (tlite quantizes it itself) or a GGUF file of it");
}

// gptq, awq, bitsandbytes, fp8, compressed-tensors, ... under quantization_config; MLX has a key of
// its own.
void check_not_quantized(const JsonFields& config) {
  if (config.has("quantization_config")) {
    const JsonFields quantization = config.object("quantization_config");
    refuse_quantized(config, "quantization_config",
                     quantization.has("quant_method") ? quantization.string("quant_method")
                                                      : std::string("an unnamed method"));
  }
  if (config.has("quantization")) refuse_quantized(config, "quantization", "mlx");
}

// Settings that change the result and that the forward pass has no code for.
void check_refused_settings(const JsonFields& config) {
  check_not_quantized(config);
  if (config.has("hidden_act")) {
    const std::string act = config.string("hidden_act");  // two names of one function
    if (act != "silu" && act != "swish") not_supported(config, "hidden_act", "hidden_act " + act);
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

// An object that says something: transformers takes an empty one for none.
std::optional<JsonFields> rope_object(const JsonFields& config, std::string_view key) {
  if (!config.has(key)) return std::nullopt;
  JsonFields object = config.object(key);
  return object.raw().size() == 0 ? std::nullopt : std::optional(std::move(object));
}

// rope_parameters is transformers 5's spelling, its rope_theta included; rope_scaling that of
// transformers 4 and of the model cards' recipe for long texts, with rope_theta beside it. Where
// both are there rope_scaling counts, and with it the rope_theta beside it: 10000 where there is
// none, whatever rope_parameters says.
std::optional<JsonFields> rope_settings(const JsonFields& config,
                                        std::vector<std::string>& warnings) {
  std::optional<JsonFields> parameters = rope_object(config, "rope_parameters");
  std::optional<JsonFields> scaling = rope_object(config, "rope_scaling");
  if (!scaling) return parameters;
  if (parameters) {
    std::string lost;
    if (parameters->has("rope_theta") && !scaling->has("rope_theta")) {
      lost = ", its rope_theta " + parameters->text("rope_theta") + " included";
    }
    warnings.push_back(config.name_of("rope_parameters") +
                       ": not used, because rope_scaling is there too and counts, as in "
                       "transformers 5" +
                       lost);
  }
  return scaling;
}

void read_rope(const JsonFields& config, ModelConfig& model, std::vector<std::string>& warnings) {
  constexpr NumberRange kTheta{1, 1e12, true};
  model.rope_theta = config.number_or("rope_theta", 10000.0, kTheta);
  const std::optional<JsonFields> rope = rope_settings(config, warnings);
  if (!rope) return;
  model.rope_theta = rope->number_or("rope_theta", model.rope_theta, kTheta);
  // "type" is the older spelling; an object of neither scales nothing.
  const std::string_view type_key = rope->has("rope_type") ? "rope_type" : "type";
  const std::string type = rope->has(type_key) ? rope->string(type_key) : "default";
  if (type == "default") return;
  if (type == "linear") {
    model.rope_linear_factor = rope->number("factor", {0, 65536, true});
  } else if (type == "yarn") {
    model.yarn = read_yarn(*rope, model.max_position_embeddings);
  } else {
    not_supported(*rope, type_key, "rope_scaling " + type);
  }
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

void read_sliding_window(const JsonFields& config, ModelConfig& model,
                         std::vector<std::string>& warnings) {
  model.max_window_layers =
      static_cast<std::int32_t>(config.integer_or("max_window_layers", 28, 0, kMaxInt));
  if (config.has("layer_types")) {
    model.max_window_layers = first_sliding_layer(config, model.num_hidden_layers);
  }
  model.max_window_layers = std::min(model.max_window_layers, model.num_hidden_layers);
  if (!config.boolean_or("use_sliding_window", false)) {
    if (config.has("layer_types") && model.max_window_layers < model.num_hidden_layers) {
      warnings.push_back(config.name_of("layer_types") +
                         ": sliding windows are off, because use_sliding_window is");
    }
    return;
  }
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

ModelConfig read_model_config(const JsonFields& config, std::vector<std::string>& warnings) {
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
  read_rope(config, model, warnings);
  read_sliding_window(config, model, warnings);
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

}  // namespace tlite
