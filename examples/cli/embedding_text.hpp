// Embeddings on the command line and in JSON.
#pragma once

#include "output.hpp"

#include <span>
#include <string>

#include <CLI/CLI.hpp>

#include <tlite/tlite.hpp>

namespace cli {

// --pooling: last, mean or cls, into `pooling`, which holds the default.
void add_pooling_option(CLI::App& command, std::string& pooling);
tlite::Pooling parse_pooling(const std::string& name);

// A list of the numbers, each in the fewest digits that give the same float again.
Json embedding_json(std::span<const float> values);

// The floats' bytes, the lowest first, as OpenAI's encoding_format "base64" has them.
std::string base64(std::span<const float> values);

}  // namespace cli
