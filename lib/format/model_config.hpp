// config.json of a Hugging Face directory, read as transformers 5.24 reads it for Qwen2. Where two
// releases spell one setting in two ways and a file has both, that release says which counts; see
// docs/checkpoints.md.
#pragma once

#include "format/json_file.hpp"

#include <cstdint>
#include <string>
#include <vector>

#include <tlite/model_config.hpp>
#include <tlite/tokenizer.hpp>

namespace tlite {

// Throws not_supported for another architecture or a setting that this library does not run, and
// corrupt for a field that is missing, of the wrong type or out of range. Appends a warning for a
// setting that another one overrides.
ModelConfig read_model_config(const JsonFields& config, std::vector<std::string>& warnings);

// Checks that the fields fit each other, whatever file they came from; `where` begins the message.
void check_model_config(const ModelConfig& config, const std::string& where);

// What yarn multiplies cos and sin with, after transformers' _compute_yarn_parameters: the mscale
// of section 3.4 of the paper (arXiv:2309.00071), or the ratio of two where both are given.
double yarn_attention_factor(double factor, double mscale, double mscale_all_dim);

// eos_token_id of either file: an id, a list of ids, or absent.
std::vector<TokenId> read_eos_token_ids(const JsonFields& config);

}  // namespace tlite
