// Words that were encoded before, with their tokens: a table of fixed size in which a new word
// takes the place of the one that hashes alike. Prose asks for the same words again and again.
#pragma once

#include "base/hash.hpp"

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <optional>
#include <span>
#include <string_view>
#include <vector>

#include <tlite/tokenizer.hpp>

namespace tlite::text {

// One thread at a time; WorkspacePool gives one to each call.
// Size and work are bounded whatever the words are: of two that hash alike one is encoded again.
class WordCache {
 public:
  static constexpr std::size_t kMaxBytes = 34;  // a space and 16 Cyrillic letters
  static constexpr std::size_t kMaxTokens = 7;
  static constexpr std::size_t kEntries = std::size_t{1} << 15;  // 2 MiB

  WordCache() : entries_(kEntries) {}

  static bool takes(std::string_view word) noexcept { return word.size() <= kMaxBytes; }

  // The place of a word that the cache takes. Valid as long as the cache.
  struct Entry {
    std::uint8_t length = 0;
    std::uint8_t count = 0;
    std::array<char, kMaxBytes> word{};
    std::array<TokenId, kMaxTokens> ids{};

    bool holds(std::string_view other) const noexcept {
      return length == other.size() && std::memcmp(word.data(), other.data(), length) == 0;
    }
    std::span<const TokenId> tokens() const noexcept { return {ids.data(), count}; }
    // Without effect when there are too many tokens.
    void store(std::string_view other, std::span<const TokenId> tokens) noexcept {
      if (tokens.size() > kMaxTokens) return;
      length = static_cast<std::uint8_t>(other.size());
      count = static_cast<std::uint8_t>(tokens.size());
      std::copy(other.begin(), other.end(), word.begin());
      std::copy(tokens.begin(), tokens.end(), ids.begin());
    }
  };
  static_assert(sizeof(Entry) == 64, "an entry fills one cache line");

  Entry& entry(std::string_view word) noexcept {
    return entries_[hash_bytes(word) & (kEntries - 1)];
  }

 private:
  std::vector<Entry> entries_;
};

}  // namespace tlite::text
