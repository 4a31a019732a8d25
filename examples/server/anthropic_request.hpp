// Requests in Anthropic's form, /v1/messages, as chats in OpenAI's.
#pragma once

#include <openai/json_fields.hpp>

#include <tlite/tlite.hpp>

namespace server {

// The body that openai::parse_call() reads. What has no counterpart there - blocks, tools, limits -
// is checked here, under the names that the request has for it: throws openai::FieldError. Fields
// that Anthropic does not know stay what they are there. `counts`: for /v1/messages/count_tokens,
// which needs no max_tokens.
openai::Json chat_of_messages(const openai::Json& body, const tlite::Tokenizer& tokenizer,
                              bool counts);

}  // namespace server
