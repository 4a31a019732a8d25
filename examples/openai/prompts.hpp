// What a call asks an engine for: its prompts as token ids, and the options of its requests.
#pragma once

#include "answer_parts.hpp"
#include "call.hpp"

#include <string>
#include <vector>

#include <tlite/tlite.hpp>

namespace openai {

struct Prompts {
  std::vector<std::vector<tlite::TokenId>> ids;  // one a prompt
  std::string text;                              // of a chat, as rendered
};

// Ids that the call came with stay; those of prompts that are echoed go into the call as well, and
// so do the tokens that end what stands before a suffix.
// Throws what ChatTemplate::render throws, and for a suffix where the model has no tokens for it.
Prompts prompts_of(Call& call, const tlite::Model& model);

// Of the requests of a call; `form` is that of its answers.
tlite::RequestOptions request_options(const Call& call, const AnswerForm& form,
                                      const Prompts& prompts, const tlite::Model& model,
                                      tlite::Pooling pooling);

}  // namespace openai
