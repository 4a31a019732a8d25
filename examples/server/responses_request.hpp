// Requests of OpenAI's /v1/responses as chats of its /v1/chat/completions.
#pragma once

#include <openai/json_fields.hpp>

namespace server {

// The body that openai::parse_call() reads. What has another form there is checked here, under the
// names that the request has for it: throws openai::FieldError. Fields that responses do not know
// stay what they are there.
openai::Json chat_of_response(const openai::Json& body);

}  // namespace server
