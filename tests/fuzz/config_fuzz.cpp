// config.json and generation_config.json of any bytes: read or refused, and what is read is in the
// ranges that the forward pass relies on.
#include "format/generation_config.hpp"
#include "format/model_config.hpp"
#include "format/tensor_list.hpp"

#include <cmath>
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <string_view>

#include <tlite/error.hpp>

namespace {

using namespace tlite;

void require(bool condition) {
  if (!condition) std::abort();
}

void check(const ModelConfig& config) {
  require(config.vocab_size > 0 && config.hidden_size > 0 && config.intermediate_size > 0);
  require(config.head_dim > 0 && config.head_dim % 2 == 0);
  require(config.num_attention_heads % config.num_key_value_heads == 0);
  require(config.max_window_layers >= 0 && config.max_window_layers <= config.num_hidden_layers);
  require(!config.sliding_window || *config.sliding_window > 0);
  require(std::isfinite(config.rms_norm_eps) && config.rope_theta > 1);
  if (config.yarn) {
    require(config.yarn->factor >= 1 && std::isfinite(config.yarn->attention_factor));
    require(config.yarn->original_max_position_embeddings > 0);
  }
  require(!expected_tensors(config).empty());
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  try {
    const JsonFile file(text, "fuzz");
    std::vector<std::string> warnings;
    check(read_model_config(file.fields(), warnings));
  } catch (const Error& error) {
    require(error.code() != ErrorCode::internal);
  }
  // Whatever it is, it is a warning and leaves defaults in range.
  std::vector<std::string> warnings;
  const SamplingParams params = read_generation_config(text, "fuzz", warnings).sampling;
  require(params.temperature >= 0 && params.top_p > 0 && params.repetition_penalty > 0);
  return 0;
}
