// What a model says at once: /tokenize, /detokenize and /apply-template, with vLLM's fields and with
// llama.cpp's, which refuse any field that they do not know.
#pragma once

#include "models.hpp"

#include <string>
#include <vector>

#include <openai/json_fields.hpp>

namespace server {

struct Told {
  openai::Json body;
  std::vector<std::string> ignored = {};  // fields that nobody knows, where `strict` was not set
};

// {"prompt"} or {"messages"} (vLLM), or {"content"} (llama.cpp): {"tokens", "count", ...}.
Told tokenize(const openai::Json& body, const LoadedModel& model, bool strict);
// {"tokens"}: {"prompt", "content"}.
Told detokenize(const openai::Json& body, const LoadedModel& model, bool strict);
// {"messages", "tools", "chat_template_kwargs", "add_generation_prompt"}: {"prompt"}.
Told apply_template(const openai::Json& body, const LoadedModel& model, bool strict);
// vLLM's /tokenizer_info, which lm-eval reads: {"bos_token", "eos_token", "pad_token",
// "chat_template"}, null for what there is not.
Told tokenizer_info(const openai::Json& body, const LoadedModel& model, bool strict);

}  // namespace server
