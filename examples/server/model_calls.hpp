// What a model says at once: /tokenize, /detokenize and /apply-template, with vLLM's fields and with
// llama.cpp's.
#pragma once

#include "models.hpp"

#include <openai/json_fields.hpp>

namespace server {

// {"prompt"} or {"messages"} (vLLM), or {"content"} (llama.cpp): {"tokens", "count", ...}.
openai::Json tokenize(const openai::Json& body, const LoadedModel& model);
// {"tokens"}: {"prompt", "content"}.
openai::Json detokenize(const openai::Json& body, const LoadedModel& model);
// {"messages", "tools", "chat_template_kwargs", "add_generation_prompt"}: {"prompt"}.
openai::Json apply_template(const openai::Json& body, const LoadedModel& model);

}  // namespace server
