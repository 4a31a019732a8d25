// What a checkpoint is, as one object that owns its texts. C gets the base of a larger structure:
// whatever takes a tlite_model_info back may cast it, since none comes from anywhere else, which is
// why it has no _init.
#include "arguments.hpp"
#include "model.hpp"
#include "strings.hpp"

#include <memory>
#include <utility>

namespace tlite::capi {
namespace {

// The views of the base point into `value`, so it is made once, const, and stays where it is.
struct OwnedModelInfo : tlite_model_info {
  explicit OwnedModelInfo(ModelInfo info) : tlite_model_info(), value(std::move(info)) {}
  const ModelInfo value;
};

}  // namespace

tlite_model_info* new_model_info(ModelInfo info) {
  auto result = std::make_unique<OwnedModelInfo>(std::move(info));
  const ModelInfo& value = result->value;
  const ModelConfig& config = value.config;
  result->struct_size = sizeof(tlite_model_info);
  result->weight_type = static_cast<tlite_data_type>(value.weight_type);
  result->path = text_out(value.path);
  result->name = text_out(value.name);
  result->format = text_out(value.format);
  result->architecture = text_out(config.architecture);
  result->parameter_count = value.parameter_count;
  result->weight_bytes = value.weight_bytes;
  result->eos_token_ids = value.eos_token_ids.data();
  result->eos_token_id_count = value.eos_token_ids.size();
  result->has_chat_template = value.has_chat_template ? 1 : 0;
  result->vocab_size = config.vocab_size;
  result->hidden_size = config.hidden_size;
  result->intermediate_size = config.intermediate_size;
  result->num_hidden_layers = config.num_hidden_layers;
  result->num_attention_heads = config.num_attention_heads;
  result->num_key_value_heads = config.num_key_value_heads;
  result->head_dim = config.head_dim;
  result->max_position_embeddings = config.max_position_embeddings;
  result->tie_word_embeddings = config.tie_word_embeddings ? 1 : 0;
  result->rope_theta = config.rope_theta;
  result->yarn_factor = config.yarn ? config.yarn->factor : 1.0;
  result->rms_norm_eps = config.rms_norm_eps;
  result->sliding_window = config.sliding_window.value_or(TLITE_UNSET);
  return result.release();
}

}  // namespace tlite::capi

using namespace tlite::capi;

void tlite_model_info_free(tlite_model_info* info) noexcept {
  delete static_cast<OwnedModelInfo*>(info);
}

tlite_status tlite_model_info_to_json(const tlite_model_info* info, tlite_string** out,
                                      tlite_error** error) noexcept {
  return guard(error, [&] {
    required(out, "out");
    const auto& owned = static_cast<const OwnedModelInfo&>(required(info, "info"));
    *out = new tlite_string{tlite::to_json(owned.value)};
  });
}
