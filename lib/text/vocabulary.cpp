#include "text/vocabulary.hpp"

#include "text/hash.hpp"

namespace tlite::text {

void Vocabulary::reserve(std::size_t tokens) {
  spans_.reserve(tokens);
  std::size_t slots = 64;
  while (slots < tokens * 2) slots *= 2;
  if (slots > slots_.size()) grow(slots);
}

Vocabulary::Added Vocabulary::add(std::int64_t id, std::string_view token) {
  if (id < 0 || id > kMaxId) return Added::id_out_of_range;
  const auto index = static_cast<std::size_t>(id);
  if (index < spans_.size() && spans_[index].length != kAbsent) return Added::duplicate_id;
  if ((size_ + 1) * 2 > slots_.size()) grow(slots_.empty() ? 64 : slots_.size() * 2);
  const std::size_t slot = slot_of(token);
  if (slots_[slot] >= 0) return Added::duplicate_token;
  if (index >= spans_.size()) spans_.resize(index + 1);
  spans_[index] = {static_cast<std::uint32_t>(arena_.size()),
                   static_cast<std::uint32_t>(token.size())};
  arena_.append(token);
  slots_[slot] = static_cast<TokenId>(id);
  ++size_;
  return Added::yes;
}

std::optional<TokenId> Vocabulary::find(std::string_view token) const noexcept {
  if (slots_.empty()) return std::nullopt;
  const TokenId id = slots_[slot_of(token)];
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
std::size_t Vocabulary::slot_of(std::string_view token) const noexcept {
  const std::size_t mask = slots_.size() - 1;
  std::size_t slot = hash_bytes(token) & mask;
  while (slots_[slot] >= 0 && this->token(slots_[slot]) != token) slot = (slot + 1) & mask;
  return slot;
}

void Vocabulary::grow(std::size_t slots) {
  slots_.assign(slots, -1);
  for (std::size_t id = 0; id < spans_.size(); ++id) {
    const auto token_id = static_cast<TokenId>(id);
    if (contains(token_id)) slots_[slot_of(token(token_id))] = token_id;
  }
}

}  // namespace tlite::text
