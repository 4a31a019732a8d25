// MODEL and the flags about memory and threads, shared by the commands that run a model.
#pragma once

#include <cstdint>
#include <optional>
#include <string>

#include <CLI/CLI.hpp>

#include <tlite/tlite.hpp>

namespace cli {

struct ModelFlags {
  std::string path;
  std::int32_t threads = 0;
  std::optional<std::int32_t> context;
  std::optional<std::string> kv_type;
  std::optional<std::string> weights;
  std::string packed_cache;
  bool no_mmap = false;
};

inline constexpr int kMostThreads = 256;  // as the library

void add_model_argument(CLI::App& command, std::string& path);
void add_threads_option(CLI::App& command, std::int32_t& threads);
void add_kv_type_option(CLI::App& command, std::optional<std::string>& kv_type);
// --weights, --packed-cache and --no-mmap.
void add_load_options(CLI::App& command, ModelFlags& flags);
void add_model_flags(CLI::App& command, ModelFlags& flags);

// Loads with progress on a terminal; Ctrl-C ends the program, as nothing is lost by it.
tlite::Model load_model(const ModelFlags& flags);

// The mix of that name; throws CLI::ValidationError for `option` with all that there are.
tlite::WeightMix parse_weight_mix(const std::string& option, const std::string& name);
std::optional<tlite::WeightMix> parse_weights(const ModelFlags& flags);
std::optional<tlite::DataType> parse_kv_type(const std::optional<std::string>& name);

// What load_model loads with, but for the progress.
tlite::LoadOptions load_options(const ModelFlags& flags);
// The flags as a session's options. Without --context: 4096, or what the model has where less.
tlite::SessionOptions session_options(const ModelFlags& flags, const tlite::ModelInfo& model);

}  // namespace cli
