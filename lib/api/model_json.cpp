// ModelInfo as JSON, written by hand: no layer above format/ has a JSON library, and the names and
// their order are part of what callers read.
#include "base/json_writer.hpp"

#include <charconv>
#include <string>
#include <string_view>
#include <type_traits>
#include <utility>
#include <vector>

#include <tlite/model.hpp>

namespace tlite {
namespace {

// An object that is being written, one field after the other.
class JsonObject {
 public:
  void field(std::string_view name, std::string_view value) {
    key(name);
    append_json_string(text_, value);
  }
  void field(std::string_view name, bool value) {
    key(name);
    text_ += value ? "true" : "false";
  }
  // Shortest text that reads back as the same number.
  template <class Number>
  requires std::is_arithmetic_v<Number>
  void field(std::string_view name, Number value) {
    key(name);
    number(value);
  }
  void field(std::string_view name, const std::vector<TokenId>& ids) {
    key(name);
    text_ += '[';
    for (const TokenId id : ids) {
      if (text_.back() != '[') text_ += ", ";
      number(id);
    }
    text_ += ']';
  }
  void object(std::string_view name, JsonObject value) {
    key(name);
    text_ += std::move(value).finish();
  }
  std::string finish() && { return std::move(text_) + "}"; }

 private:
  void key(std::string_view name) {
    if (text_.size() > 1) text_ += ", ";
    append_json_string(text_, name);
    text_ += ": ";
  }
  template <class Number>
  void number(Number value) {
    char digits[32];
    const std::to_chars_result end = std::to_chars(digits, digits + sizeof digits, value);
    text_.append(digits, end.ptr);
  }

  std::string text_ = "{";
};

JsonObject yarn_json(const ModelConfig::Yarn& yarn) {
  JsonObject json;
  json.field("factor", yarn.factor);
  json.field("original_max_position_embeddings", yarn.original_max_position_embeddings);
  json.field("beta_fast", yarn.beta_fast);
  json.field("beta_slow", yarn.beta_slow);
  json.field("attention_factor", yarn.attention_factor);
  json.field("truncate", yarn.truncate);
  return json;
}

JsonObject config_json(const ModelConfig& config) {
  JsonObject json;
  json.field("architecture", std::string_view(config.architecture));
  json.field("vocab_size", config.vocab_size);
  json.field("hidden_size", config.hidden_size);
  json.field("intermediate_size", config.intermediate_size);
  json.field("num_hidden_layers", config.num_hidden_layers);
  json.field("num_attention_heads", config.num_attention_heads);
  json.field("num_key_value_heads", config.num_key_value_heads);
  json.field("head_dim", config.head_dim);
  json.field("max_position_embeddings", config.max_position_embeddings);
  json.field("rms_norm_eps", config.rms_norm_eps);
  json.field("rope_theta", config.rope_theta);
  json.field("tie_word_embeddings", config.tie_word_embeddings);
  if (config.rope_linear_factor != 1.0) {
    json.field("rope_linear_factor", config.rope_linear_factor);
  }
  if (config.yarn) json.object("yarn", yarn_json(*config.yarn));
  if (config.sliding_window) {
    json.field("sliding_window", *config.sliding_window);
    json.field("max_window_layers", config.max_window_layers);
  }
  return json;
}

}  // namespace

std::string to_json(const ModelInfo& info) {
  JsonObject json;
  json.field("path", std::string_view(info.path));
  json.field("name", std::string_view(info.name));
  json.field("format", std::string_view(info.format));
  json.field("weight_type", to_string(info.weight_type));
  json.field("parameter_count", info.parameter_count);
  json.field("weight_bytes", info.weight_bytes);
  json.field("eos_token_ids", info.eos_token_ids);
  json.field("has_chat_template", info.has_chat_template);
  json.object("config", config_json(info.config));
  return std::move(json).finish();
}

}  // namespace tlite
