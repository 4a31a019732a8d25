// What a model is: its hyperparameters.
#pragma once

#include <cstdint>
#include <optional>
#include <string>

namespace tlite {

// Hyperparameters, in the names of Hugging Face's config.json.
struct ModelConfig {
  std::string architecture;     // "qwen2"
  std::int32_t vocab_size = 0;  // rows of the embedding table, padding included
  std::int32_t hidden_size = 0;
  std::int32_t intermediate_size = 0;
  std::int32_t num_hidden_layers = 0;
  std::int32_t num_attention_heads = 0;
  std::int32_t num_key_value_heads = 0;  // divides num_attention_heads
  std::int32_t head_dim = 0;
  std::int32_t max_position_embeddings = 0;
  float rms_norm_eps = 1e-6F;
  double rope_theta = 1e6;
  bool tie_word_embeddings = false;

  // Rope scaling, at most one kind of it. Linear: positions are divided by this; 1 is none. Yarn:
  // Qwen2.5's way to 128K tokens.
  double rope_linear_factor = 1.0;
  struct Yarn {
    double factor = 1.0;
    std::int32_t original_max_position_embeddings = 0;
    double beta_fast = 32.0;
    double beta_slow = 1.0;
    double attention_factor = 0.0;  // multiplies cos and sin; resolved by the loader
    bool truncate = true;
  };
  std::optional<Yarn> yarn;

  // Layers >= max_window_layers attend to the last sliding_window positions only. Unset: no window.
  std::optional<std::int32_t> sliding_window;
  std::int32_t max_window_layers = 0;
};

}  // namespace tlite
