// /v1/embeddings: one request has one input or many, and its answer an embedding of each.
#pragma once

#include "openai.hpp"

#include <string_view>
#include <vector>

namespace cli::openai {

inline constexpr std::string_view kEmbeddingsUrl = "/v1/embeddings";

// As parse_call and response_body.
Call parse_embeddings(const Json& body);
Json embeddings_body(const Call& call, const std::vector<tlite::Generation>& answers);

}  // namespace cli::openai
