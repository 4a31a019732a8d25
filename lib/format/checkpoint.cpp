#include "format/checkpoint.hpp"

#include "base/file.hpp"
#include "format/gguf_checkpoint.hpp"
#include "format/gguf_path.hpp"
#include "format/json_file.hpp"
#include "format/model_config.hpp"
#include "format/safetensors.hpp"
#include "format/tensor_list.hpp"

#include <algorithm>
#include <span>

#include <tlite/error.hpp>

namespace tlite {
namespace {

constexpr std::size_t kMaxConfigBytes = 1 << 20;
constexpr std::size_t kMaxTokenizerConfigBytes = 16 << 20;  // lists every added token

// Both files name ends of a turn. transformers takes generation_config.json's alone and never stops
// where that has none; a conversation wants every one that anybody trained with.
void read_defaults(const FileSystem& files, const JsonFields& config, Checkpoint& checkpoint) {
  const std::string path = join_path(checkpoint.path, "generation_config.json");
  if (files.exists(path)) {
    checkpoint.generation =
        read_generation_config(read_text(files, path, kMaxConfigBytes), path, checkpoint.warnings);
    checkpoint.eos_token_ids = checkpoint.generation.eos_token_ids;
  }
  for (const TokenId id : read_eos_token_ids(config)) {
    std::vector<TokenId>& ids = checkpoint.eos_token_ids;
    if (std::find(ids.begin(), ids.end(), id) == ids.end()) ids.push_back(id);
  }
}

bool have_same_data(const WeightSource& source, const StoredTensor& a, const StoredTensor& b) {
  constexpr std::size_t kStep = std::size_t{1} << 20;
  if (a.type != b.type || a.shape != b.shape) return false;
  std::vector<std::byte> space_a;
  std::vector<std::byte> space_b;
  for (std::size_t offset = 0; offset < a.bytes(); offset += kStep) {
    const std::size_t size = std::min(kStep, a.bytes() - offset);
    const std::span<const std::byte> part_a = source.part(a, offset, size, space_a);
    const std::span<const std::byte> part_b = source.part(b, offset, size, space_b);
    if (!std::equal(part_a.begin(), part_a.end(), part_b.begin())) return false;
  }
  return true;
}

// Ties the output to the embeddings, or keeps the two apart, by what is there. A matrix of its own
// that a fine-tune left beside the setting counts, as in transformers 5; transformers 4 dropped it.
void resolve_tied_embeddings(Checkpoint& checkpoint) {
  if (!checkpoint.config.tie_word_embeddings) return;
  const StoredTensor* head = checkpoint.weights->find(kOutputTensor);
  const StoredTensor* embeddings = checkpoint.weights->find(kEmbeddingTensor);
  if (head == nullptr || embeddings == nullptr) return;
  if (have_same_data(*checkpoint.weights, *head, *embeddings)) return;
  checkpoint.config.tie_word_embeddings = false;
  checkpoint.warnings.push_back(checkpoint.path +
                                ": tie_word_embeddings is true, but lm_head.weight differs from "
                                "the embeddings and is used");
}

// An adapter is saved without the model that it adapts.
void refuse_adapter(std::string_view path, const FileSystem& files) {
  const std::string file = join_path(path, "adapter_config.json");
  if (!files.exists(file)) return;
  const JsonFile json(files, file, kMaxConfigBytes);
  const JsonFields fields = json.fields();
  const auto text = [&](std::string_view key, const char* absent) {
    return fields.has(key) ? fields.string(key) : std::string(absent);
  };
  throw Error(ErrorCode::not_supported,
              std::string(path) + ": not supported: this is a PEFT adapter (" +
                  text("peft_type", "of no type") + ") for " +
                  text("base_model_name_or_path", "a model that it does not name") +
                  ", not a model; merge it into that model (merge_and_unload of peft) and give the "
                  "result");
}

[[noreturn]] void throw_no_such_path(std::string_view path) {
  throw Error(ErrorCode::not_found, quoted_if_empty(path) + ": no such file or directory");
}

bool has_chat_template(const FileSystem& files, std::string_view directory) {
  for (const std::string_view name :
       {"chat_template.jinja", "additional_chat_templates/default.jinja",
        "additional_chat_templates/tool_use.jinja"}) {
    if (files.exists(join_path(directory, name))) return true;
  }
  for (const std::string_view name : {"tokenizer_config.json", "chat_template.json"}) {
    const std::string path = join_path(directory, name);
    if (files.exists(path) &&
        JsonFile(files, path, kMaxTokenizerConfigBytes).fields().has("chat_template")) {
      return true;
    }
  }
  return false;
}

Checkpoint open_directory(std::string_view path, const FileSystem& files, WeightAccess access) {
  Checkpoint checkpoint;
  checkpoint.path = path;
  checkpoint.name = path_name(path);
  checkpoint.format = "safetensors";
  if (!files.exists(join_path(path, "config.json"))) refuse_adapter(path, files);
  const JsonFile file(files, join_path(path, "config.json"), kMaxConfigBytes);
  checkpoint.config = read_model_config(file.fields(), checkpoint.warnings);
  read_defaults(files, file.fields(), checkpoint);
  checkpoint.has_chat_template = has_chat_template(files, path);
  checkpoint.weights = open_safetensors_directory(path, files, access);
  resolve_tied_embeddings(checkpoint);
  check_tensors(checkpoint.config, *checkpoint.weights, checkpoint.path);
  return checkpoint;
}

}  // namespace

Checkpoint open_checkpoint(std::string_view path, const FileSystem& files, WeightAccess access) {
  if (const auto file = find_gguf(path, files,
                                  {"model.safetensors", "model.safetensors.index.json",
                                   "pytorch_model.bin", "adapter_config.json"})) {
    if (!files.exists(*file)) throw_no_such_path(path);
    return open_gguf(*file, files, access);
  }
  if (files.is_directory(path)) return open_directory(path, files, access);
  if (!files.exists(path)) throw_no_such_path(path);
  throw Error(ErrorCode::not_supported,
              std::string(path) +
                  ": not supported: a checkpoint that is neither a directory nor a GGUF file");
}

void check_vocabulary(const ModelConfig& config, std::size_t tokens, std::string_view path) {
  if (tokens <= static_cast<std::size_t>(config.vocab_size)) return;
  throw Error(ErrorCode::corrupt, std::string(path) + ": the tokenizer has " +
                                      std::to_string(tokens) + " tokens, the embeddings have " +
                                      std::to_string(config.vocab_size) + " rows");
}

}  // namespace tlite
