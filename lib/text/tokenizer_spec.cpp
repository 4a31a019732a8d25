#include "text/tokenizer_spec.hpp"

#include <algorithm>
#include <utility>

#include <tlite/error.hpp>

namespace tlite::text {

const std::string_view kGpt2Pattern =
    R"('s|'t|'re|'ve|'m|'ll|'d| ?\p{L}+| ?\p{N}+| ?[^\s\p{L}\p{N}]+|\s+(?!\S)|\s+)";

const std::string_view kQwen2Pattern =
    R"((?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\r\n\p{L}\p{N}]?\p{L}+|\p{N}| ?[^\s\p{L}\p{N}]+[\r\n]*|)"
    R"(\s*[\r\n]+|\s+(?!\S)|\s+)";

std::optional<std::string> TokenizerSpec::add_merge(std::string_view left, std::string_view right) {
  std::string both(left);
  both.append(right);
  // Trained vocabularies list what merges make in the order of the merges: the next id is a guess
  // that saves a third of the look-ups.
  const TokenId guess = merges.empty() ? 0 : merges.back().merged + 1;
  const bool is_next = vocabulary.token(guess) == both && !both.empty();
  const std::optional<TokenId> first = vocabulary.find(left);
  if (!first) return std::string(left);
  const std::optional<TokenId> second = vocabulary.find(right);
  if (!second) return std::string(right);
  const std::optional<TokenId> merged = is_next ? guess : vocabulary.find(both);
  if (!merged) return both;
  merges.push_back({*first, *second, *merged});
  return std::nullopt;
}

// Valid until the next add_token().
const AddedToken* TokenizerSpec::find_added(std::string_view content) const {
  const auto found = added_index_.find(std::string(content));
  return found == added_index_.end() ? nullptr : &added_tokens[found->second];
}

std::optional<TokenId> TokenizerSpec::find(std::string_view token) const {
  if (const AddedToken* added = find_added(token)) return added->id;
  return vocabulary.find(token);
}

std::size_t TokenizerSpec::id_bound() const noexcept {
  return std::max(vocabulary.id_bound(), static_cast<std::size_t>(next_added_));
}

// Where it throws, the spec is of no further use: the index has the content already.
void TokenizerSpec::add_token(AddedToken token) {
  if (token.content.empty()) return;
  const auto [known, is_new] = added_index_.try_emplace(token.content, added_tokens.size());
  if (!is_new) {
    AddedToken& old = added_tokens[known->second];
    token.id = old.id;
    token.special = token.special || old.special;
    old = std::move(token);
    return;
  }
  if (const std::optional<TokenId> id = vocabulary.find(token.content)) {
    token.id = *id;
  } else {
    // The reference counts on from the number of tokens, not from the largest id.
    token.id = std::max(static_cast<TokenId>(vocabulary.size()), next_added_);
    if (token.id > Vocabulary::kMaxId) {
      throw Error(ErrorCode::corrupt,
                  name + ": no id is left for the added token \"" + token.content + "\"");
    }
  }
  next_added_ = std::max(next_added_, token.id + 1);
  added_tokens.push_back(std::move(token));
}

}  // namespace tlite::text
