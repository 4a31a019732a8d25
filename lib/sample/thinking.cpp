#include "sample/thinking.hpp"

#include <algorithm>
#include <string>

#include <tlite/error.hpp>

namespace tlite {

Thinking::Thinking(const SamplingParams& params, const std::optional<ThinkingTokens>& tokens)
    : tokens_(tokens), budget_(params.thinking_budget) {
  if (budget_ < 0 || tokens_) return;
  throw Error(ErrorCode::invalid_argument,
              "sampling: thinking_budget is " + std::to_string(budget_) +
                  ", and the model has no tokens <think> and </think>");
}

void Thinking::observe_prompt(std::span<const TokenId> tokens,
                              std::span<const TokenId> end_tokens) noexcept {
  if (!tokens_) return;
  for (const TokenId token : tokens) {
    observe(token);
    if (inside_ && std::find(end_tokens.begin(), end_tokens.end(), token) != end_tokens.end()) {
      inside_ = false;
    }
  }
}

// A block that is opened inside of one is not another one: it would have a budget of its own.
void Thinking::observe(TokenId token) noexcept {
  if (!tokens_) return;
  if (inside_ && token != tokens_->close) {
    ++spent_;
    return;
  }
  inside_ = token == tokens_->open;
  ending_ = false;
  spent_ = 0;
}

std::span<const TokenId> Thinking::forced() const noexcept {
  const bool over = ending_ || (budget_ >= 0 && spent_ >= budget_);
  if (!inside_ || !over) return {};
  return {&tokens_->close, 1};
}

}  // namespace tlite
