// What a request says about calls, as a rule about which tokens may come: where one must be made,
// its beginning, in the form that answer_parts.hpp reads; where it is the only one, the end of the
// answer behind it.
#pragma once

#include "answer_parts.hpp"
#include "call.hpp"

#include <cstddef>

#include <tlite/tlite.hpp>

namespace openai {

// Of an answer to a prompt of `prompt_size` tokens; empty where every token may come. Each answer
// has a copy of its own.
tlite::LogitsProcessor tool_rule(const Call& call, const AnswerForm& form,
                                 const tlite::Model& model, std::size_t prompt_size);

}  // namespace openai
