// Anthropic's /v1/messages and /v1/messages/count_tokens.
#pragma once

#include "models.hpp"
#include "protocol.hpp"

#include <memory>
#include <string>

namespace server {

std::unique_ptr<Protocol> anthropic_protocol();
// {"input_tokens"}: of the prompt that the same body's message would have.
openai::Json count_tokens(const openai::Json& body, const LoadedModel& model);
std::string anthropic_failure(const Failure& failure);

}  // namespace server
