#include "format/gguf_metadata.hpp"

#include "base/file.hpp"
#include "format/gguf_checkpoint.hpp"
#include "format/gguf_model.hpp"
#include "format/gguf_model_writer.hpp"
#include "format/json_file.hpp"
#include "text/load.hpp"

#include <algorithm>
#include <array>
#include <string>

#include <tlite/error.hpp>

namespace tlite {
namespace {

constexpr std::size_t kMaxConfigBytes = 1 << 20;

// Of several ids the first: GGUF's key has room for one.
std::optional<TokenId> id_field(const JsonFields& config, std::string_view key) {
  if (!config.has(key)) return std::nullopt;
  constexpr std::int64_t kMax = text::Vocabulary::kMaxId;
  const std::vector<std::int64_t> ids = config.integers(key, 0, kMax);
  return ids.empty() ? std::nullopt : std::optional(static_cast<TokenId>(ids.front()));
}

SpecialIds special_ids(const Checkpoint& checkpoint, const FileSystem& files) {
  const JsonFile file(files, join_path(checkpoint.path, "config.json"), kMaxConfigBytes);
  const JsonFields config = file.fields();
  SpecialIds ids{id_field(config, "bos_token_id"), id_field(config, "eos_token_id"),
                 id_field(config, "pad_token_id")};
  if (!ids.eos && !checkpoint.eos_token_ids.empty()) ids.eos = checkpoint.eos_token_ids.front();
  return ids;
}

void add_hugging_face(GgufHeader& header, const Checkpoint& checkpoint,
                      const ChatTemplates& templates, const FileSystem& files) {
  add_gguf_config(header, checkpoint.config, checkpoint.path);
  header.add_string("general.name", checkpoint.name);
  add_gguf_generation(header, checkpoint.generation);
  header.add_i32s(kGgufEndTokens, checkpoint.eos_token_ids);
  const text::TokenizerSpec spec = text::load_tokenizer_spec(checkpoint.path, files);
  check_vocabulary(checkpoint.config, spec.id_bound(), checkpoint.path);
  add_gguf_tokenizer(header, spec, checkpoint.config.vocab_size, special_ids(checkpoint, files));
  if (!templates.main.empty()) header.add_string("tokenizer.chat_template", templates.main);
  if (!templates.tool_use.empty()) {
    header.add_string("tokenizer.chat_template.tool_use", templates.tool_use);
    header.add_strings("tokenizer.chat_templates", std::array<std::string, 1>{"tool_use"});
  }
}

// What tells of bytes that are written anew: their alignment, their parts, their types and how
// those came about.
bool is_of_the_old_file(std::string_view key) {
  constexpr std::array<std::string_view, 3> kKeys = {"general.alignment", "general.file_type",
                                                     "general.quantization_version"};
  return key.starts_with("split.") || key.starts_with("quantize.") ||
         std::find(kKeys.begin(), kKeys.end(), key) != kKeys.end();
}

}  // namespace

void add_model_metadata(GgufHeader& header, const Checkpoint& checkpoint,
                        const ChatTemplates& templates, const FileSystem& files) {
  if (checkpoint.format != "gguf") {
    return add_hugging_face(header, checkpoint, templates, files);
  }
  const GgufContent source = open_gguf_file(checkpoint.path, files);
  for (const GgufValue& entry : source.file.metadata()) {
    if (!is_of_the_old_file(entry.key)) header.add(entry);
  }
}

}  // namespace tlite
