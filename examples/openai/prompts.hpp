// What a call asks an engine for: its prompts as token ids, and the options of its requests.
#pragma once

#include "call.hpp"

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

// Lives no longer than the call, whose text it refers to.
tlite::RequestOptions request_options(const Call& call, tlite::Pooling pooling);

}  // namespace openai
