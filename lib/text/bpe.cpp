// The two merges give the same tokens: a heap that orders by rank, then by position, finds what a
// search from the left for the lowest rank finds.
#include "text/bpe.hpp"

#include "base/hash.hpp"
#include "base/utf8.hpp"
#include "text/byte_level.hpp"

#include <algorithm>
#include <functional>

namespace tlite::text {
namespace {

constexpr std::uint64_t kFree = UINT64_MAX;  // no pair: ids are not negative
constexpr std::uint32_t kEnd = UINT32_MAX;   // no neighbour

std::uint64_t pair_of(TokenId left, TokenId right) noexcept {
  return static_cast<std::uint64_t>(static_cast<std::uint32_t>(left)) << 32 |
         static_cast<std::uint32_t>(right);
}

}  // namespace

Bpe::Bpe(const TokenizerSpec& spec)
    : byte_ids_{}, unknown_(spec.unknown), fuse_unknown_(spec.fuse_unknown) {
  for (std::size_t byte = 0; byte < 256; ++byte) {
    std::string written;
    append_utf8(written, byte_character(static_cast<std::uint8_t>(byte)));
    byte_ids_[byte] = spec.vocabulary.find(written).value_or(-1);
  }
  std::size_t slots = 64;
  while (slots < spec.merges.size() * 2) slots *= 2;
  slots_.assign(slots, Slot{kFree, {kNoMerge, 0}});
  for (std::size_t rank = 0; rank < spec.merges.size(); ++rank) {
    insert(spec.merges[rank], static_cast<std::uint32_t>(rank));
  }
}

// Ends in any case: the table is half empty. For a pair without a rule it is a free slot, whose
// rule is kNoMerge.
std::size_t Bpe::slot_of(std::uint64_t pair) const noexcept {
  const std::size_t mask = slots_.size() - 1;
  std::size_t slot = mix(pair, 0x9E3779B97F4A7C15) & mask;
  while (slots_[slot].pair != pair && slots_[slot].pair != kFree) slot = (slot + 1) & mask;
  return slot;
}

// A pair that is listed twice has the rank of the last, as in the reference.
void Bpe::insert(const Merge& merge, std::uint32_t rank) {
  const std::uint64_t pair = pair_of(merge.left, merge.right);
  slots_[slot_of(pair)] = {pair, {rank, merge.merged}};
}

Bpe::Rule Bpe::find(TokenId left, TokenId right) const noexcept {
  return slots_[slot_of(pair_of(left, right))].rule;
}

// A byte that the vocabulary lacks becomes the unknown token or, as in the reference, nothing.
void Bpe::byte_tokens(std::string_view word, std::vector<TokenId>& ids) const {
  ids.clear();
  bool after_unknown = false;
  for (const char byte : word) {
    const TokenId id = byte_ids_[static_cast<unsigned char>(byte)];
    if (id >= 0) {
      ids.push_back(id);
    } else if (unknown_ && !(fuse_unknown_ && after_unknown)) {
      ids.push_back(*unknown_);
    }
    after_unknown = id < 0;
  }
}

// Quadratic, but within one small array and without a queue. After a merge two pairs have changed:
// those of the new token with its neighbours.
void Bpe::merge_short(std::vector<TokenId>& ids) const {
  Rule rules[kShortWord];
  std::size_t pairs = ids.size() - 1;
  for (std::size_t i = 0; i < pairs; ++i) rules[i] = find(ids[i], ids[i + 1]);
  while (pairs > 0) {
    const Rule* best = std::min_element(
        rules, rules + pairs, [](const Rule& a, const Rule& b) { return a.rank < b.rank; });
    if (best->rank == kNoMerge) break;
    const auto at = static_cast<std::size_t>(best - rules);
    ids[at] = best->merged;
    ids.erase(ids.begin() + static_cast<std::ptrdiff_t>(at) + 1);
    std::copy(rules + at + 1, rules + pairs, rules + at);
    --pairs;
    if (at < pairs) rules[at] = find(ids[at], ids[at + 1]);
    if (at > 0) rules[at - 1] = find(ids[at - 1], ids[at]);
  }
}

// O(n log n), so that a word of a megabyte, which an attacker may send, takes no hours.
void Bpe::merge_long(std::vector<TokenId>& ids, Scratch& scratch) const {
  // A linked list of symbols and a heap of (rank, position). An entry is stale when the rank at its
  // position has changed since; a rank belongs to one pair, so comparing ranks is enough.
  auto& symbols = scratch.symbols;
  auto& queue = scratch.queue;
  symbols.clear();
  queue.clear();
  const auto count = static_cast<std::uint32_t>(ids.size());
  const auto update = [&](std::uint32_t at) {
    Scratch::Symbol& symbol = symbols[at];
    symbol.rank = kNoMerge;
    if (symbol.next == kEnd) return false;
    const Rule rule = find(symbol.id, symbols[symbol.next].id);
    symbol.rank = rule.rank;
    symbol.merged = rule.merged;
    if (rule.rank == kNoMerge) return false;
    queue.push_back(static_cast<std::uint64_t>(rule.rank) << 32 | at);
    return true;
  };
  const auto push = [&](std::uint32_t at) {
    if (update(at)) std::push_heap(queue.begin(), queue.end(), std::greater<>());
  };
  for (std::uint32_t i = 0; i < count; ++i) {
    symbols.push_back({ids[i], 0, kNoMerge, i == 0 ? kEnd : i - 1, i + 1 == count ? kEnd : i + 1});
  }
  for (std::uint32_t i = 0; i < count; ++i) update(i);
  std::make_heap(queue.begin(), queue.end(), std::greater<>());
  while (!queue.empty()) {
    std::pop_heap(queue.begin(), queue.end(), std::greater<>());
    const std::uint64_t entry = queue.back();
    queue.pop_back();
    const auto at = static_cast<std::uint32_t>(entry);
    Scratch::Symbol& symbol = symbols[at];
    if (symbol.rank != static_cast<std::uint32_t>(entry >> 32)) continue;
    Scratch::Symbol& right = symbols[symbol.next];
    symbol.id = symbol.merged;
    // So that its entries in the queue are stale: none has this rank.
    right.rank = kNoMerge;
    symbol.next = right.next;
    if (symbol.next != kEnd) symbols[symbol.next].previous = at;
    push(at);
    if (symbols[at].previous != kEnd) push(symbols[at].previous);
  }
  ids.clear();
  for (std::uint32_t at = 0; at != kEnd; at = symbols[at].next) ids.push_back(symbols[at].id);
}

void Bpe::encode(std::string_view word, std::vector<TokenId>& out, Scratch& scratch) const {
  byte_tokens(word, scratch.ids);
  if (scratch.ids.size() > kShortWord) {
    merge_long(scratch.ids, scratch);
  } else if (scratch.ids.size() > 1) {
    merge_short(scratch.ids);
  }
  out.insert(out.end(), scratch.ids.begin(), scratch.ids.end());
}

}  // namespace tlite::text
