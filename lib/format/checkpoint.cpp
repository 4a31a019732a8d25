#include "format/checkpoint.hpp"

#include "base/file.hpp"
#include "format/gguf_checkpoint.hpp"
#include "format/json_file.hpp"
#include "format/model_config.hpp"
#include "format/safetensors.hpp"
#include "format/tensor_list.hpp"

#include <tlite/error.hpp>

namespace tlite {
namespace {

constexpr std::size_t kMaxConfigBytes = 1 << 20;
constexpr std::size_t kMaxTokenizerConfigBytes = 16 << 20;  // lists every added token

// generation_config.json is optional; where it has no eos_token_id, config.json's counts.
void read_defaults(const FileSystem& files, const JsonFields& config, Checkpoint& checkpoint) {
  const std::string path = join_path(checkpoint.path, "generation_config.json");
  if (files.exists(path)) {
    const JsonFile file(files, path, kMaxConfigBytes);
    checkpoint.sampling = read_sampling(file.fields());
    checkpoint.eos_token_ids = read_eos_token_ids(file.fields());
  }
  if (checkpoint.eos_token_ids.empty()) checkpoint.eos_token_ids = read_eos_token_ids(config);
}

bool has_chat_template(const FileSystem& files, std::string_view directory) {
  if (files.exists(join_path(directory, "chat_template.jinja"))) return true;
  for (const std::string_view name : {"tokenizer_config.json", "chat_template.json"}) {
    const std::string path = join_path(directory, name);
    if (files.exists(path) &&
        JsonFile(files, path, kMaxTokenizerConfigBytes).fields().has("chat_template")) {
      return true;
    }
  }
  return false;
}

Checkpoint open_directory(std::string_view path, const FileSystem& files) {
  Checkpoint checkpoint;
  checkpoint.path = path;
  checkpoint.name = path_name(path);
  checkpoint.format = "safetensors";
  const JsonFile file(files, join_path(path, "config.json"), kMaxConfigBytes);
  checkpoint.config = read_model_config(file.fields());
  read_defaults(files, file.fields(), checkpoint);
  checkpoint.has_chat_template = has_chat_template(files, path);
  checkpoint.weights = open_safetensors_directory(path, files);
  check_tensors(checkpoint.config, *checkpoint.weights, checkpoint.path);
  return checkpoint;
}

}  // namespace

Checkpoint open_checkpoint(std::string_view path, const FileSystem& files) {
  if (files.is_directory(path)) return open_directory(path, files);
  if (!files.exists(path)) {
    throw Error(ErrorCode::not_found, quoted_if_empty(path) + ": no such file or directory");
  }
  if (is_gguf_path(path)) return open_gguf(path, files);
  throw Error(ErrorCode::not_supported,
              std::string(path) +
                  ": not supported: a checkpoint that is neither a directory nor a .gguf file");
}

void check_vocabulary(const ModelConfig& config, std::size_t tokens, std::string_view path) {
  if (tokens <= static_cast<std::size_t>(config.vocab_size)) return;
  throw Error(ErrorCode::corrupt, std::string(path) + ": the tokenizer has " +
                                      std::to_string(tokens) + " tokens, the embeddings have " +
                                      std::to_string(config.vocab_size) + " rows");
}

}  // namespace tlite
