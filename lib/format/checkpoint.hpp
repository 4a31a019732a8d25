// A checkpoint opened, whatever its format: everything that model/ and api/ need, checked.
#pragma once

#include "format/generation_config.hpp"
#include "format/weight_source.hpp"

#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include <tlite/host.hpp>
#include <tlite/model_config.hpp>
#include <tlite/tokenizer.hpp>

namespace tlite {

struct Checkpoint {
  std::string path;
  std::string name;
  std::string format;  // "safetensors" or "gguf"
  ModelConfig config;
  // The ends of a turn that the files name: generation_config.json and config.json, or a GGUF
  // file's metadata. The tokenizer and the chat template add theirs: see text/end_tokens.hpp.
  std::vector<TokenId> eos_token_ids;
  GenerationConfig generation;  // .sampling: greedy-free defaults where no file says anything
  bool has_chat_template = false;
  // What was read another way than its writer may have meant, a line each: for the log.
  std::vector<std::string> warnings;
  std::unique_ptr<WeightSource> weights;
};

// Opens a Hugging Face directory (config.json, generation_config.json, model.safetensors or the
// shards of model.safetensors.index.json) or a .gguf file, split or not. Reads headers only;
// weights are mapped, or left to be read where `files` are the operating system's. Throws
// not_found, io, corrupt, not_supported, naming the file, the field and the value.
Checkpoint open_checkpoint(std::string_view path, const FileSystem& files,
                           WeightAccess access = WeightAccess::map);

// Throws corrupt where the tokenizer has more tokens than the embeddings have rows.
void check_vocabulary(const ModelConfig& config, std::size_t tokens, std::string_view path);

}  // namespace tlite
