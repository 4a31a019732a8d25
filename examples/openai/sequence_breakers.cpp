#include "sequence_breakers.hpp"

#include <algorithm>
#include <cstddef>
#include <set>
#include <string_view>

namespace openai {
namespace {

using tlite::TokenId;

// Longer ones are cut, as there.
constexpr std::size_t kMostBytes = 40;
constexpr std::size_t kMostTail = 20;
// Texts whose tokens are remembered: requests come with new ones for as long as a server runs.
constexpr std::size_t kMostKept = 256;

// How many bytes of `text` stand at the end of `token` from `at` on; 0: it is another text.
std::size_t overlap(std::string_view token, std::size_t at, std::string_view text) {
  const std::string_view rest = token.substr(at);
  return text.starts_with(rest) ? rest.size() : 0;
}

}  // namespace

const std::vector<std::string>& SequenceBreakers::defaults() {
  static const std::vector<std::string> texts = {"\n", ":", "\"", "*"};
  return texts;
}

std::vector<std::vector<TokenId>> SequenceBreakers::find(const std::string& text) const {
  std::set<std::vector<TokenId>> all;
  for (TokenId id = 0; id < static_cast<TokenId>(tokenizer_.vocabulary_size()); ++id) {
    const std::string token = tokenizer_.token_bytes(id);
    if (token.find(text) != std::string::npos) {
      all.insert({id});
      continue;
    }
    for (std::size_t at = token.find(text[0]); at != std::string::npos;
         at = token.find(text[0], at + 1)) {
      const std::size_t shared = overlap(token, at, text);
      if (shared == 0) continue;
      std::vector<TokenId> tail = tokenizer_.encode(std::string_view(text).substr(shared),
                                                    {.parse_special = false, .add_special = false});
      tail.resize(std::min(tail.size(), kMostTail));
      tail.insert(tail.begin(), id);
      all.insert(std::move(tail));
    }
  }
  return {all.begin(), all.end()};
}

const std::vector<std::vector<TokenId>>& SequenceBreakers::of(const std::string& text) {
  const std::string cut = text.substr(0, kMostBytes);
  const auto known = found_.find(cut);
  if (known != found_.end()) return known->second;
  if (cut.empty()) {
    throw tlite::Error(tlite::ErrorCode::invalid_argument, "a sequence breaker is empty");
  }
  if (found_.size() >= kMostKept) found_.clear();
  return found_[cut] = find(cut);
}

std::vector<std::vector<TokenId>> SequenceBreakers::of(const std::vector<std::string>& texts) {
  std::vector<std::vector<TokenId>> all;
  for (const std::string& text : texts) {
    const auto& found = of(text);
    all.insert(all.end(), found.begin(), found.end());
  }
  return all;
}

}  // namespace openai
