// Byte-pair encoding: of all neighbouring tokens that merge, the pair of the lowest rank does, the
// leftmost of them first, until none is left.
//
// Sennrich, Haddow, Birch: Neural Machine Translation of Rare Words with Subword Units (2016);
// the order of merges is that of the reference's models/bpe/word.rs.
#pragma once

#include "text/tokenizer_spec.hpp"

#include <array>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <string_view>
#include <vector>

#include <tlite/tokenizer.hpp>

namespace tlite::text {

// Immutable: what a call needs to write lies in its Scratch, so that any number of threads encode
// at once.
class Bpe {
 public:
  explicit Bpe(const TokenizerSpec& spec);

  // Memory of a call, re-used from word to word.
  struct Scratch {
    struct Symbol {
      TokenId id;
      TokenId merged;      // what it becomes with its right neighbour
      std::uint32_t rank;  // of that merge
      std::uint32_t previous;
      std::uint32_t next;
    };
    std::vector<TokenId> ids;
    std::vector<Symbol> symbols;
    std::vector<std::uint64_t> queue;
  };

  // Appends the tokens of one word, given as raw bytes.
  void encode(std::string_view word, std::vector<TokenId>& out, Scratch& scratch) const;

  // The two ways that `encode` chooses from by length; they give the same tokens.
  void merge_short(std::vector<TokenId>& ids) const;                   // at most kShortWord
  void merge_long(std::vector<TokenId>& ids, Scratch& scratch) const;  // any length

  // Up to here searching all pairs again and again is faster than keeping them in a heap.
  static constexpr std::size_t kShortWord = 48;

 private:
  static constexpr std::uint32_t kNoMerge = UINT32_MAX;
  struct Rule {
    std::uint32_t rank;
    TokenId merged;
  };
  struct Slot {
    std::uint64_t pair;
    Rule rule;
  };

  Rule find(TokenId left, TokenId right) const noexcept;
  std::size_t slot_of(std::uint64_t pair) const noexcept;
  void insert(const Merge& merge, std::uint32_t rank);
  void byte_tokens(std::string_view word, std::vector<TokenId>& ids) const;

  std::array<TokenId, 256> byte_ids_;  // -1: the byte has no token
  std::optional<TokenId> unknown_;
  bool fuse_unknown_;
  std::vector<Slot> slots_;  // power of two, at most half full, linear probing
};

}  // namespace tlite::text
