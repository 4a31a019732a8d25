// Logits that say what a script tells them to, and the tiny tokenizer: id = byte, 258 ends a turn.
#pragma once

#include "unit/support/tiny_checkpoint.hpp"

#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include <tlite/tokenizer.hpp>

namespace tlite::test {

inline constexpr TokenId kEnd = 258;
inline constexpr std::size_t kLogits = 264;

inline Tokenizer tiny_tokenizer(bool thinks = false) {
  auto files = std::make_shared<MemoryFiles>();
  (*files)["tiny/tokenizer.json"] = tiny_tokenizer_json(thinks);
  Host host;
  host.files = files;
  return Tokenizer::load("tiny", host);
}

inline std::vector<TokenId> bytes_of(std::string_view text) {
  std::vector<TokenId> tokens;
  for (const char byte : text) tokens.push_back(static_cast<unsigned char>(byte));
  return tokens;
}

// Logits that leave a greedy sampler no choice.
inline std::vector<float> logits_for(TokenId token) {
  std::vector<float> logits(kLogits, 0.0F);
  logits[static_cast<std::size_t>(token)] = 10.0F;
  return logits;
}

}  // namespace tlite::test
