// Text to token ids and back: byte-level BPE, exactly as Hugging Face `tokenizers` computes it.
//
//   tlite::Tokenizer tokenizer = tlite::Tokenizer::load("model-dir");   // or .../tokenizer.json
//   std::vector<tlite::TokenId> ids = tokenizer.encode("Привет, мир!");
//   std::string text = tokenizer.decode(ids);
//
// A Tokenizer is immutable and shared: copies are cheap, any number of threads may use one at once.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include <tlite/export.hpp>
#include <tlite/host.hpp>
#include <tlite/text_range.hpp>

namespace tlite {

using TokenId = std::int32_t;

struct EncodeOptions {
  // true: special tokens such as <|im_start|> are recognised in the text (the reference's default).
  // false: they are encoded as ordinary text; added tokens that are not special still match.
  bool parse_special = true;
  // The tokens that the tokenizer puts around every text, such as a beginning-of-sequence token
  // (the reference's default; Qwen2.5 has none). A rendered chat prompt has them written out: false
  // for one.
  bool add_special = true;
  // Ranges in which special tokens are not recognised even when parse_special is true: what a user
  // typed inside a chat prompt. Sorted, without overlap. A token that touches a range is text.
  std::span<const TextRange> literal_ranges = {};
};

// What a model writes around its thoughts: <think> and </think>.
struct ThinkingTokens {
  TokenId open = -1;
  TokenId close = -1;
};

struct DecodeOptions {
  bool skip_special = false;  // leave special tokens out of the text
};

class TLITE_API Tokenizer {
 public:
  // `path`: a Hugging Face directory, tokenizer.json or .gguf file. Throws not_found, io, corrupt
  // (naming the file and the field) or not_supported (a kind of tokenizer other than byte-level
  // BPE).
  static Tokenizer load(std::string_view path, const Host& host = {});

  // Ids of a UTF-8 text. Each invalid byte sequence counts as U+FFFD, the way Python's
  // bytes.decode("utf-8", "replace") and Rust's from_utf8_lossy count them.
  std::vector<TokenId> encode(std::string_view text, const EncodeOptions& options = {}) const;

  // UTF-8 text of ids; bytes that form no valid UTF-8 come out as U+FFFD, like the reference.
  // Throws invalid_argument for an id outside [0, vocabulary_size()).
  std::string decode(std::span<const TokenId> ids, const DecodeOptions& options = {}) const;

  // The raw bytes one id stands for (not necessarily whole code points). Ids without an entry (the
  // padding of the embedding table) give an empty string. Throws like decode.
  std::string token_bytes(TokenId id) const;

  // The id of a token written as in the vocabulary or the added tokens ("<|im_end|>"), if any.
  std::optional<TokenId> token_id(std::string_view token) const;

  bool is_special(TokenId id) const noexcept;

  // One more than the largest id, added tokens included (151,665 for Qwen2.5).
  std::size_t vocabulary_size() const noexcept;

  std::optional<TokenId> bos_token() const noexcept;
  std::optional<TokenId> eos_token() const noexcept;
  std::optional<TokenId> pad_token() const noexcept;
  // Where each of the two is one token; Qwen3 has them, Qwen2.5 has not.
  std::optional<ThinkingTokens> thinking_tokens() const;

  struct Impl;  // internal
  explicit Tokenizer(std::shared_ptr<const Impl> impl) : impl_(std::move(impl)) {}
  const Impl& impl() const noexcept { return *impl_; }

 private:
  std::shared_ptr<const Impl> impl_;
};

// Turns a stream of ids into text, holding back bytes until they form whole code points.
// Concatenating all pieces and the end gives the same text as Tokenizer::decode of all ids.
// One thread at a time.
class TLITE_API StreamDecoder {
 public:
  explicit StreamDecoder(Tokenizer tokenizer, const DecodeOptions& options = {});
  // The text that became complete with this id, possibly empty; valid until the next call.
  std::string_view push(TokenId id);
  // What is left at the end; an incomplete character comes out as U+FFFD. Resets the decoder.
  std::string_view finish();

 private:
  Tokenizer tokenizer_;
  DecodeOptions options_;
  std::string pending_;  // bytes of an incomplete character
  std::string piece_;
};

}  // namespace tlite
