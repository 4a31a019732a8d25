// Embeddings in JSON.
#pragma once

#include "json_fields.hpp"

#include <span>
#include <string>

namespace openai {

// A list of the numbers, each in the fewest digits that give the same float again.
Json embedding_json(std::span<const float> values);

// The floats' bytes, the lowest first, as OpenAI's encoding_format "base64" has them.
std::string base64(std::span<const float> values);

}  // namespace openai
