// A model that says what a script tells it to, and the tiny tokenizer: id = byte, 258 ends a turn.
#pragma once

#include "runtime/cached_sequence.hpp"
#include "unit/support/tiny_checkpoint.hpp"

#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include <tlite/error.hpp>
#include <tlite/tokenizer.hpp>

namespace tlite::test {

inline constexpr TokenId kEnd = 258;
inline constexpr std::size_t kLogits = 264;

inline Tokenizer tiny_tokenizer() {
  auto files = std::make_shared<MemoryFiles>();
  (*files)["tiny/tokenizer.json"] = tiny_tokenizer_json();
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

class FakeModel final : public SequenceModel {
 public:
  // `next`: the token that follows a sequence.
  explicit FakeModel(std::function<TokenId(const std::vector<TokenId>&)> next)
      : next_(std::move(next)) {}

  void truncate(std::size_t length) override { tokens.resize(length); }
  void append(std::span<const TokenId> part, bool wants_logits) override {
    if (before_append) before_append();
    evaluated += part.size();
    tokens.insert(tokens.end(), part.begin(), part.end());
    logits_.clear();
    if (wants_logits) logits_ = logits_for(next_(tokens));
  }
  std::span<const float> logits() const override { return logits_; }
  void clear_cancel() noexcept override { ++cleared; }

  std::vector<TokenId> tokens;
  std::size_t evaluated = 0;
  int cleared = 0;
  std::function<void()> before_append;

 private:
  std::function<TokenId(const std::vector<TokenId>&)> next_;
  std::vector<float> logits_;
};

}  // namespace tlite::test
