// OpenAI's /v1/responses.
#pragma once

#include "protocol.hpp"

#include <memory>

namespace server {

std::unique_ptr<Protocol> responses_protocol();

}  // namespace server
