// What the metadata of a GGUF file says about a Qwen2 model, in the names and conventions that
// llama.cpp's converter writes.
#pragma once

#include "format/generation_config.hpp"
#include "format/gguf_file.hpp"
#include "text/tokenizer_spec.hpp"

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include <tlite/model_config.hpp>
#include <tlite/sampling.hpp>
#include <tlite/tokenizer.hpp>

namespace tlite {

// "blk.3.attn_q.weight" to "model.layers.3.self_attn.q_proj.weight", and back; empty for a name
// that a Qwen2 model does not have.
std::string hugging_face_name(std::string_view gguf_name);
std::string gguf_name(std::string_view hugging_face_name);

// Values of tokenizer.ggml.token_type (gguf.TokenType).
enum GgufTokenType : std::int32_t {
  kGgufNormalToken = 1,
  kGgufControlToken = 3,
  kGgufUserDefinedToken = 4,
  kGgufUnusedToken = 5,
};

// `embedding_rows` is the vocabulary, padding included; `tied` where there is no output.weight.
// Throws not_supported for another architecture or a rope scaling other than
// linear and yarn, and corrupt.
ModelConfig read_gguf_config(const GgufFile& file, std::int32_t embedding_rows, bool tied);

// Our own entries, by which a file answers like the directory that it was made from: its
// generation_config.json, and the ends of a turn (an array of ids).
inline constexpr std::string_view kGgufGenerationConfig = "tlite.generation_config";
inline constexpr std::string_view kGgufEndTokens = "tlite.eos_token_ids";

// tlite.generation_config where it is there, else general.sampling.*, else the library's defaults.
// Appends a warning for what is wrong in it.
GenerationConfig read_gguf_generation(const GgufFile& file, std::vector<std::string>& warnings);

// The ends of a turn: tlite.eos_token_ids where it is there; else the ids the metadata names, and
// <|im_end|> and <|endoftext|>, which llama.cpp counts in by their text. The eos id comes first.
std::vector<TokenId> read_gguf_eos_token_ids(const GgufFile& file);

// A line for each special token whose id no token has; it is not used.
std::vector<std::string> gguf_special_id_warnings(const GgufFile& file);

// tokenizer.ggml.*: byte-level BPE with the pre-tokenizer qwen2; another is refused by name.
text::TokenizerSpec read_gguf_tokenizer(const GgufFile& file);

// tokenizer.chat_template, with the tokens that a template may name.
struct GgufChatTemplate {
  std::string_view source;
  std::string_view tool_use;   // for conversations with tools; empty: none of its own
  std::string_view bos_token;  // empty: none
  std::string_view eos_token;
};
std::optional<GgufChatTemplate> read_gguf_chat_template(const GgufFile& file);

}  // namespace tlite
