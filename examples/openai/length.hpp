// How long a request may be: a model was made for so many positions, and an engine has so much room.
#pragma once

#include "call.hpp"

#include <cstddef>
#include <cstdint>

#include <tlite/tlite.hpp>

namespace openai {

// Tokens of a prompt and its answer: as many as an engine has room for, and as the model was made
// for.
std::int32_t longest_request(const tlite::ModelConfig& model, const tlite::EngineOptions& engine);

// Throws context_full, by the field that it came in, for a prompt of more tokens than the model has
// positions for.
void check_length(const Call& call, std::size_t tokens, const tlite::ModelConfig& model);

}  // namespace openai
