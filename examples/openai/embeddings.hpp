// /v1/embeddings: one request has one input or many, and its answer an embedding of each.
#pragma once

#include "call.hpp"

#include <string>
#include <vector>

namespace openai {

// As parse_call and response_body.
Call parse_embeddings(const Json& body, const Reading& reading);
Json embeddings_body(const Call& call, const std::vector<tlite::Generation>& answers);

// A text, a list of token ids, or a list of either: of embeddings, and the prompts of a completion.
std::vector<Input> inputs_field(const std::string& field, const Json& value);

}  // namespace openai
