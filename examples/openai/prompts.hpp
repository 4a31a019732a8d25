// What a call asks an engine for: its prompts as token ids, and the options of its requests.
#pragma once

#include "call.hpp"

#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

#include <tlite/tlite.hpp>

namespace openai {

struct Prompts {
  std::vector<std::vector<tlite::TokenId>> ids;  // one a prompt
  std::string text;                              // of a chat, as rendered
};

// Ids that the call came with stay; those of prompts that are echoed go into the call as well.
// Throws what ChatTemplate::render throws, and for a suffix where the model has no tokens for it.
Prompts prompts_of(Call& call, const tlite::Model& model);

// Positions that a model was made for, whatever an engine has room for.
std::int32_t positions(const tlite::ModelConfig& model);
// Tokens of a prompt and its answer: as many as an engine has room for, and as the model was made
// for.
std::int32_t longest_request(const tlite::ModelConfig& model, const tlite::EngineOptions& engine);
// Throws context_full, by the field that it came in, for a prompt of more tokens than positions.
void check_length(const Call& call, std::size_t tokens, const tlite::ModelConfig& model);

// Lives no longer than the call, whose text it refers to.
tlite::RequestOptions request_options(const Call& call, tlite::Pooling pooling);

}  // namespace openai
