// The description of all routes (OpenAPI 3.1) at /openapi.json, built into the program.
#pragma once

#include <string_view>

namespace server {

std::string_view openapi() noexcept;

}  // namespace server
