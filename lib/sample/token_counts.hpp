// How often each token was seen: the state behind the penalties. Open addressing, so that a pass
// over the seen tokens touches kilobytes where an array over the vocabulary would be 600 KB a
// sequence.
#pragma once

#include <cstddef>
#include <cstdint>
#include <vector>

#include <tlite/tokenizer.hpp>

namespace tlite {

class TokenCounts {
 public:
  struct Entry {
    TokenId token = -1;        // -1: a free slot
    std::uint32_t output = 0;  // occurrences in the output; 0: in the prompt only
  };

  explicit TokenCounts(std::size_t expected = 256) {
    std::size_t slots = 16;
    while (slots < 2 * expected) slots *= 2;
    slots_.resize(slots);
  }

  // Room for so many more.
  void reserve(std::size_t tokens) {
    while (2 * (used_ + tokens) > slots_.size()) grow();
  }
  // Where they throw, for want of memory, nothing is added.
  void add_prompt(TokenId token) { slot(token); }
  void add_output(TokenId token) { ++slot(token).output; }

  template <class Visit>
  void for_each(Visit&& visit) const {
    for (const Entry& entry : slots_) {
      if (entry.token >= 0) visit(entry);
    }
  }

 private:
  static std::size_t probe(const std::vector<Entry>& slots, TokenId token) noexcept {
    const std::size_t mask = slots.size() - 1;
    std::size_t i = static_cast<std::uint32_t>(token) * std::size_t{0x9E3779B1U} & mask;
    while (slots[i].token >= 0 && slots[i].token != token) i = (i + 1) & mask;
    return i;
  }

  Entry& slot(TokenId token) {
    std::size_t i = probe(slots_, token);
    if (slots_[i].token < 0) {
      reserve(1);
      i = probe(slots_, token);
      slots_[i].token = token;
      ++used_;
    }
    return slots_[i];
  }

  void grow() {
    std::vector<Entry> larger(2 * slots_.size());
    for_each([&](const Entry& entry) { larger[probe(larger, entry.token)] = entry; });
    slots_.swap(larger);
  }

  std::vector<Entry> slots_;  // a power of two, at most half full
  std::size_t used_ = 0;
};

}  // namespace tlite
