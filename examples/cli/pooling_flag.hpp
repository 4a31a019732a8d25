// --pooling of the commands that make embeddings.
#pragma once

#include <string>

#include <CLI/CLI.hpp>

#include <tlite/tlite.hpp>

namespace cli {

// --pooling: last, mean or cls, into `pooling`, which holds the default.
void add_pooling_option(CLI::App& command, std::string& pooling);
tlite::Pooling parse_pooling(const std::string& name);

}  // namespace cli
