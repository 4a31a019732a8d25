// /v1/chat/completions, /v1/completions and /v1/embeddings.
#pragma once

#include "protocol.hpp"

#include <memory>

namespace server {

std::unique_ptr<Protocol> openai_protocol(openai::Kind kind);

// {"error": {"message", "type", "param", "code"}}
std::string openai_failure(const Failure& failure);

}  // namespace server
