#include "format/gguf_model.hpp"

#include <algorithm>
#include <initializer_list>
#include <limits>
#include <utility>

#include <tlite/error.hpp>

namespace tlite {

namespace {

constexpr std::string_view kTokens = "tokenizer.ggml.tokens";
constexpr std::string_view kMerges = "tokenizer.ggml.merges";
constexpr std::string_view kTokenTypes = "tokenizer.ggml.token_type";

[[noreturn]] void fail(const GgufFile& file, std::string_view key, const std::string& what) {
  throw Error(ErrorCode::corrupt, file.file() + ": " + std::string(key) + ": " + what);
}

constexpr std::int64_t kNone = -1;  // and 2^32 - 1, the same unsigned: both in published files

void check_kind(const GgufFile& file, std::string_view key,
                std::initializer_list<std::string_view> known) {
  const std::string_view found = file.string(key);
  if (std::find(known.begin(), known.end(), found) != known.end()) return;
  throw Error(ErrorCode::not_supported, file.file() + ": " + std::string(key) +
                                            ": not supported: a tokenizer of kind " +
                                            std::string(found));
}

std::vector<std::int64_t> read_types(const GgufFile& file, std::size_t tokens) {
  if (!file.has(kTokenTypes)) return std::vector<std::int64_t>(tokens, kGgufNormalToken);
  std::vector<std::int64_t> types = file.integers(kTokenTypes);
  if (types.size() != tokens) {
    fail(file, kTokenTypes,
         std::to_string(types.size()) + " types for " + std::to_string(tokens) + " tokens");
  }
  return types;
}

// Tokens of the type unused fill the vocabulary up to the rows of the embeddings. Hugging Face's
// tokenizer does not have them, and so neither has ours.
void read_vocabulary(const GgufFile& file, text::TokenizerSpec& spec) {
  const std::vector<std::string_view> tokens = file.strings(kTokens);
  const std::vector<std::int64_t> types = read_types(file, tokens.size());
  spec.vocabulary.reserve(tokens.size());
  std::vector<text::AddedToken> added;
  for (std::size_t i = 0; i < tokens.size(); ++i) {
    if (types[i] == kGgufUnusedToken) continue;
    using Added = text::Vocabulary::Added;
    const Added result = spec.vocabulary.add(static_cast<std::int64_t>(i), tokens[i]);
    if (result != Added::yes) {
      fail(file, kTokens,
           "item " + std::to_string(i) +
               (result == Added::id_out_of_range ? " is one too many" : " is there twice"));
    }
    if (types[i] == kGgufControlToken || types[i] == kGgufUserDefinedToken) {
      added.push_back(
          {.content = std::string(tokens[i]), .special = types[i] == kGgufControlToken});
    }
  }
  for (text::AddedToken& token : added) spec.add_token(std::move(token));
}

// A merge that makes no known token is left out, as a rule that can never end in one: llama.cpp
// runs such files too.
void read_merges(const GgufFile& file, text::TokenizerSpec& spec) {
  const std::vector<std::string_view> merges = file.strings(kMerges);
  spec.merges.reserve(merges.size());
  for (std::size_t i = 0; i < merges.size(); ++i) {
    // Byte-level tokens hold no space; the first one parts them, as in llama.cpp from byte 1 on.
    const std::size_t space = merges[i].find(' ', 1);
    if (merges[i].empty() || space == std::string_view::npos) {
      fail(file, kMerges, "item " + std::to_string(i) + " is not two tokens with a space between");
    }
    spec.add_merge(merges[i].substr(0, space), merges[i].substr(space + 1));
  }
}

std::optional<TokenId> read_id(const GgufFile& file, std::string_view key) {
  if (!file.has(key)) return std::nullopt;
  const GgufValue* tokens = file.find(kTokens);
  const std::uint64_t count = tokens == nullptr ? 0 : tokens->count;
  const std::int64_t id = file.integer(key, kNone, std::numeric_limits<std::int64_t>::max());
  // llama.cpp warns and goes on, and so do we: see gguf_special_id_warnings.
  if (id < 0 || static_cast<std::uint64_t>(id) >= count) return std::nullopt;
  return static_cast<TokenId>(id);
}

bool flag(const GgufFile& file, std::string_view key) { return file.has(key) && file.boolean(key); }

}  // namespace

std::vector<TokenId> read_gguf_eos_token_ids(const GgufFile& file) {
  std::vector<TokenId> ids;
  const auto add = [&](TokenId id) {
    if (std::find(ids.begin(), ids.end(), id) == ids.end()) ids.push_back(id);
  };
  const std::vector<std::string_view> tokens = file.strings(kTokens);
  if (file.has(kGgufEndTokens)) {
    for (const std::int64_t id : file.integers(kGgufEndTokens)) {
      if (id >= 0 && static_cast<std::size_t>(id) < tokens.size()) add(static_cast<TokenId>(id));
    }
    return ids;
  }
  for (const std::string_view key :
       {"tokenizer.ggml.eos_token_id", "tokenizer.ggml.eot_token_id"}) {
    if (const std::optional<TokenId> id = read_id(file, key)) add(*id);
  }
  for (const std::string_view name : {"<|im_end|>", "<|endoftext|>"}) {
    const auto found = std::find(tokens.begin(), tokens.end(), name);
    if (found != tokens.end()) add(static_cast<TokenId>(found - tokens.begin()));
  }
  return ids;
}

std::vector<std::string> gguf_special_id_warnings(const GgufFile& file) {
  std::vector<std::string> warnings;
  for (const std::string_view key :
       {"tokenizer.ggml.bos_token_id", "tokenizer.ggml.eos_token_id", "tokenizer.ggml.eot_token_id",
        "tokenizer.ggml.padding_token_id"}) {
    if (!file.has(key) || read_id(file, key)) continue;
    const std::int64_t id = file.integer(key, kNone, std::numeric_limits<std::int64_t>::max());
    if (id == kNone || id == std::numeric_limits<std::uint32_t>::max()) continue;
    warnings.push_back(file.file() + ": " + std::string(key) + ": " + std::to_string(id) +
                       " is not the id of a token and is not used");
  }
  return warnings;
}

text::TokenizerSpec read_gguf_tokenizer(const GgufFile& file) {
  check_kind(file, "tokenizer.ggml.model", {"gpt2"});
  // DeepSeek's distillates into Qwen have a name of their own for the same words.
  check_kind(file, "tokenizer.ggml.pre", {"qwen2", "deepseek-r1-qwen"});
  text::TokenizerSpec spec;
  spec.name = file.file();
  read_vocabulary(file, spec);
  read_merges(file, spec);
  spec.normalization = text::Normalization::nfc;
  spec.pretokenizer.push_back({false, std::string(text::kQwen2Pattern)});
  spec.bos = read_id(file, "tokenizer.ggml.bos_token_id");
  spec.eos = read_id(file, "tokenizer.ggml.eos_token_id");
  spec.pad = read_id(file, "tokenizer.ggml.padding_token_id");
  if (flag(file, "tokenizer.ggml.add_bos_token") && spec.bos) spec.prefix = {*spec.bos};
  if (flag(file, "tokenizer.ggml.add_eos_token") && spec.eos) spec.suffix = {*spec.eos};
  return spec;
}

std::optional<GgufChatTemplate> read_gguf_chat_template(const GgufFile& file) {
  constexpr std::string_view kKey = "tokenizer.chat_template";
  if (!file.has(kKey)) return std::nullopt;
  const std::vector<std::string_view> tokens = file.strings(kTokens);
  const auto text = [&](std::string_view key) {
    const std::optional<TokenId> id = read_id(file, key);
    return id ? tokens[static_cast<std::size_t>(*id)] : std::string_view();
  };
  constexpr std::string_view kTools = "tokenizer.chat_template.tool_use";
  return GgufChatTemplate{file.string(kKey),
                          file.has(kTools) ? file.string(kTools) : std::string_view(),
                          text("tokenizer.ggml.bos_token_id"), text("tokenizer.ggml.eos_token_id")};
}

}  // namespace tlite
