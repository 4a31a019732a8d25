#include "format/gguf_model.hpp"
#include "format/gguf_model_writer.hpp"

#include <string_view>
#include <vector>

#include <tlite/error.hpp>

namespace tlite {
namespace {

void check_kind(const text::TokenizerSpec& spec) {
  const bool qwen2 = spec.normalization == text::Normalization::nfc && !spec.ignore_merges &&
                     !spec.unknown && spec.pretokenizer.size() == 1 &&
                     !spec.pretokenizer[0].prefix_space &&
                     spec.pretokenizer[0].pattern == text::kQwen2Pattern;
  if (qwen2) return;
  throw Error(ErrorCode::not_supported,
              spec.name + ": not supported: a GGUF file of a tokenizer that is not Qwen2's: NFC, " +
                  "its split pattern, byte-level BPE");
}

// Some models mark as ordinary what is a control token by its looks; llama.cpp's converter goes by
// these, and so a file from here and one from there agree.
bool looks_special(std::string_view token) {
  return token.starts_with("<|") && token.ends_with("|>");
}

struct Tokens {
  std::vector<std::string> texts;
  std::vector<std::int32_t> types;
};

Tokens list_tokens(const text::TokenizerSpec& spec, std::int32_t rows) {
  Tokens tokens;
  tokens.texts.resize(static_cast<std::size_t>(rows));
  tokens.types.assign(static_cast<std::size_t>(rows), kGgufUnusedToken);
  for (std::int32_t id = 0; id < rows; ++id) {
    const auto i = static_cast<std::size_t>(id);
    if (spec.vocabulary.contains(id)) {
      tokens.texts[i] = spec.vocabulary.token(id);
      tokens.types[i] = kGgufNormalToken;
    } else {
      tokens.texts[i] = "[PAD" + std::to_string(id) + "]";
    }
  }
  for (const text::AddedToken& token : spec.added_tokens) {
    const auto i = static_cast<std::size_t>(token.id);
    tokens.texts[i] = token.content;
    tokens.types[i] =
        token.special || looks_special(token.content) ? kGgufControlToken : kGgufUserDefinedToken;
  }
  return tokens;
}

std::vector<std::string> list_merges(const text::TokenizerSpec& spec) {
  std::vector<std::string> merges;
  merges.reserve(spec.merges.size());
  for (const text::Merge& merge : spec.merges) {
    std::string& text = merges.emplace_back(spec.vocabulary.token(merge.left));
    text.append(1, ' ').append(spec.vocabulary.token(merge.right));
  }
  return merges;
}

}  // namespace

namespace {

// The metadata can say that the bos token goes before a text and the eos token behind it.
bool is_only(const std::vector<TokenId>& ids, const std::optional<TokenId>& token) {
  return ids.size() == 1 && token && ids.front() == *token;
}

}  // namespace

void add_gguf_tokenizer(GgufHeader& header, const text::TokenizerSpec& spec,
                        std::int32_t embedding_rows, const SpecialIds& ids) {
  check_kind(spec);
  const Tokens tokens = list_tokens(spec, embedding_rows);
  header.add_string("tokenizer.ggml.model", "gpt2");
  header.add_string("tokenizer.ggml.pre", "qwen2");
  header.add_strings("tokenizer.ggml.tokens", tokens.texts);
  header.add_i32s("tokenizer.ggml.token_type", tokens.types);
  header.add_strings("tokenizer.ggml.merges", list_merges(spec));
  const std::optional<TokenId> bos = spec.bos ? spec.bos : ids.bos;
  const std::optional<TokenId> eos = spec.eos ? spec.eos : ids.eos;
  const bool sayable = (spec.prefix.empty() || is_only(spec.prefix, bos)) &&
                       (spec.suffix.empty() || is_only(spec.suffix, eos));
  if (!sayable) {
    throw Error(ErrorCode::not_supported,
                spec.name +
                    ": not supported: a GGUF file of a tokenizer that puts other tokens "
                    "around a text than bos_token and eos_token");
  }
  const auto add_id = [&](const char* name, std::optional<TokenId> id) {
    if (!id || *id >= embedding_rows) return;
    header.add_u32("tokenizer.ggml." + std::string(name) + "_token_id",
                   static_cast<std::uint32_t>(*id));
  };
  add_id("bos", bos);
  add_id("eos", eos);
  add_id("padding", spec.pad ? spec.pad : ids.pad);
  header.add_bool("tokenizer.ggml.add_bos_token", !spec.prefix.empty());
  header.add_bool("tokenizer.ggml.add_eos_token", !spec.suffix.empty());
}

}  // namespace tlite
