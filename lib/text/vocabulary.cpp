#include "text/vocabulary.hpp"

#include "base/hash.hpp"

namespace tlite::text {
namespace {

std::uint32_t tag_of(std::uint64_t hash) noexcept { return static_cast<std::uint32_t>(hash >> 32); }

}  // namespace

// A hint: add() grows by itself.
void Vocabulary::reserve(std::size_t tokens) {
  spans_.reserve(tokens);
  std::size_t slots = 64;
  while (slots * 3 < tokens * 4) slots *= 2;
  if (slots > slots_.size()) grow(slots);
}

// Refuses before it adds anything, so that a reader can say which entry was wrong. The table
// grows first, for a slot is held by reference behind that.
Vocabulary::Added Vocabulary::add(std::int64_t id, std::string_view token) {
  if (id < 0 || id > kMaxId) return Added::id_out_of_range;
  const auto index = static_cast<std::size_t>(id);
  if (index < spans_.size() && spans_[index].length != kAbsent) return Added::duplicate_id;
  if ((size_ + 1) * 4 > slots_.size() * 3) grow(slots_.empty() ? 64 : slots_.size() * 2);
  const std::uint64_t hash = hash_bytes(token);
  Slot& slot = slots_[slot_of(token, hash)];
  if (slot.id >= 0) return Added::duplicate_token;
  if (index >= spans_.size()) spans_.resize(index + 1);
  spans_[index] = {static_cast<std::uint32_t>(arena_.size()),
                   static_cast<std::uint32_t>(token.size())};
  arena_.append(token);
  slot = {tag_of(hash), static_cast<TokenId>(id)};
  ++size_;
  return Added::yes;
}

std::optional<TokenId> Vocabulary::find(std::string_view token) const noexcept {
  if (slots_.empty()) return std::nullopt;
  const TokenId id = slots_[slot_of(token, hash_bytes(token))].id;
  return id < 0 ? std::nullopt : std::optional(id);
}

std::string_view Vocabulary::token(TokenId id) const noexcept {
  if (!contains(id)) return {};
  const Span span = spans_[static_cast<std::size_t>(id)];
  return std::string_view(arena_).substr(span.offset, span.length);
}

bool Vocabulary::contains(TokenId id) const noexcept {
  return id >= 0 && static_cast<std::size_t>(id) < spans_.size() &&
         spans_[static_cast<std::size_t>(id)].length != kAbsent;
}

// The slot that holds the token, or the free one where it belongs.
// Ends in any case: a quarter of the slots is free.
std::size_t Vocabulary::slot_of(std::string_view token, std::uint64_t hash) const noexcept {
  const std::size_t mask = slots_.size() - 1;
  std::size_t at = hash & mask;
  while (slots_[at].id >= 0 &&
         (slots_[at].tag != tag_of(hash) || this->token(slots_[at].id) != token)) {
    at = (at + 1) & mask;
  }
  return at;
}

// Tokens are hashed anew: a slot keeps a part of the hash only.
void Vocabulary::grow(std::size_t slots) {
  slots_.assign(slots, Slot());
  for (std::size_t i = 0; i < spans_.size(); ++i) {
    const auto id = static_cast<TokenId>(i);
    if (!contains(id)) continue;
    const std::uint64_t hash = hash_bytes(token(id));
    slots_[slot_of(token(id), hash)] = {tag_of(hash), id};
  }
}

}  // namespace tlite::text
