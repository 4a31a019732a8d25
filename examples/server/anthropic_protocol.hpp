// Anthropic's /v1/messages and /v1/messages/count_tokens.
#pragma once

#include "model_calls.hpp"
#include "models.hpp"
#include "protocol.hpp"

#include <memory>
#include <string>

namespace server {

std::unique_ptr<Protocol> anthropic_protocol();
// {"input_tokens"}: of the prompt that the same body's message would have.
Told count_tokens(const openai::Json& body, const LoadedModel& model, bool strict);
std::string anthropic_failure(const Failure& failure);

}  // namespace server
