// What is behind a Tokenizer. Immutable but for the pool of workspaces, which locks.
#pragma once

#include "text/added_tokens.hpp"
#include "text/bpe.hpp"
#include "text/normalizer.hpp"
#include "text/pretokenizer.hpp"
#include "text/tokenizer_spec.hpp"
#include "text/unicode.hpp"
#include "text/workspace.hpp"

#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include <tlite/tokenizer.hpp>

namespace tlite {

// Neither copied nor moved: finders point to tokens of `spec`, normalizer and splitters refer to
// `classes_`. The members are in the order in which they need each other.
struct Tokenizer::Impl {
  // Throws not_supported for a split pattern that cannot be run.
  explicit Impl(text::TokenizerSpec tokenizer_spec);
  Impl(const Impl&) = delete;
  Impl& operator=(const Impl&) = delete;

  std::vector<TokenId> encode(std::string_view text, const EncodeOptions& options) const;

  // One more than the largest id.
  std::size_t id_bound() const noexcept { return byte_offsets_.size() - 1; }
  // Throws invalid_argument for an id outside [0, id_bound()).
  std::string_view bytes(TokenId id) const;
  bool is_special(TokenId id) const noexcept {
    return id >= 0 && static_cast<std::size_t>(id) < special_.size() &&
           special_[static_cast<std::size_t>(id)];
  }

  const text::TokenizerSpec spec;

 private:
  struct Call;

  text::AddedTokenFinder make_finder(bool normalized) const;
  void make_bytes();
  void encode_piece(std::string_view text, std::span<const TextRange> literal, Call& call) const;
  void encode_words(std::string_view text, Call& call) const;
  void encode_word(std::string_view word, Call& call) const;

  const text::CharClasses classes_;
  const text::NfcNormalizer normalizer_;
  const text::Pretokenizer pretokenizer_;
  const text::Bpe bpe_;
  const text::AddedTokenFinder raw_finder_;         // tokens looked for in the text as it is
  const text::AddedTokenFinder normalized_finder_;  // ... and after normalization
  std::string bytes_;                               // of all ids, one after the other
  std::vector<std::uint32_t> byte_offsets_;         // [id_bound + 1]
  std::vector<bool> special_;                       // [id_bound]
  mutable text::WorkspacePool workspaces_;
};

}  // namespace tlite
