// What a byte-level BPE tokenizer is made of, whatever file it came from. A reader fills the
// vocabulary first, then merges and added tokens.
#pragma once

#include "text/vocabulary.hpp"

#include <cstddef>
#include <optional>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include <tlite/tokenizer.hpp>

namespace tlite::text {

// `left` followed by `right` becomes `merged`; the rank is the position in the list.
struct Merge {
  TokenId left;
  TokenId right;
  TokenId merged;
};

// A token that is looked for in the text before it is split into words. The flags have the meaning
// of the reference's AddedToken.
struct AddedToken {
  std::string content;
  TokenId id = 0;
  bool special = false;      // may be switched off while encoding and left out while decoding
  bool normalized = false;   // looked for in the normalized text, in its own normalized form
  bool lstrip = false;       // takes white space on its left along
  bool rstrip = false;       // ... and on its right
  bool single_word = false;  // matches only where no word character touches it
};

// One step of the pre-tokenizer: cuts each piece of text into smaller ones.
struct PretokenizerStep {
  // A space goes before every piece that does not begin with one (then `pattern` is empty).
  bool prefix_space = false;
  // A regular expression: matches and what lies between them become pieces.
  std::string pattern;
};

enum class Normalization { none, nfc };

// Filled by one thread, then constant in its Tokenizer. Tokens of merges are all in the vocabulary,
// and the content of each added token is there once: add_merge and add_token see to it.
struct TokenizerSpec {
  std::string name;  // where it came from, for error messages
  Vocabulary vocabulary;
  std::vector<Merge> merges;
  std::vector<AddedToken> added_tokens;
  std::vector<PretokenizerStep> pretokenizer;
  Normalization normalization = Normalization::none;
  bool ignore_merges = false;      // a word that is a token stays whole
  std::optional<TokenId> unknown;  // for bytes without a token; else they are dropped
  bool fuse_unknown = false;       // one unknown for a run of such bytes
  // Around every text that is encoded with special tokens.
  std::vector<TokenId> prefix;
  std::vector<TokenId> suffix;
  std::optional<TokenId> bos;
  std::optional<TokenId> eos;
  std::optional<TokenId> pad;

  // Adds a token the way the reference does: the id is the one the content has already, else the
  // next free one; a content that is known takes the new flags, and stays special if it was.
  // Empty contents are ignored. Throws corrupt when there is no id left.
  void add_token(AddedToken token);

  // Adds a merge of the next rank. The token that the vocabulary lacks where it has not all three;
  // then nothing is added.
  std::optional<std::string> add_merge(std::string_view left, std::string_view right);

  // Null when there is no such added token.
  const AddedToken* find_added(std::string_view content) const;

  // The id of a token, added or not.
  std::optional<TokenId> find(std::string_view token) const;

  // One more than the largest id, added tokens included.
  std::size_t id_bound() const noexcept;

 private:
  std::unordered_map<std::string, std::size_t> added_index_;  // content to place in added_tokens
  TokenId next_added_ = 0;                                    // one more than the largest added id
};

// The split pattern of GPT-2, which the reference's ByteLevel uses unless told otherwise.
extern const std::string_view kGpt2Pattern;
// Qwen2's, which llama.cpp knows by the name of qwen2.
extern const std::string_view kQwen2Pattern;

}  // namespace tlite::text
