// A thinking block, <think> to </think>, and when it has to end: vLLM's thinking_token_budget, and
// a host that has heard enough.
//
// Inside a block the closing token comes next, whatever the logits say, once as many tokens are
// behind the opening one as the budget allows, or it was asked for. What the prompt has behind its
// last open block counts too, as in vLLM: a template that writes "<think>\n" has used one.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>

#include <tlite/sampling.hpp>
#include <tlite/tokenizer.hpp>

namespace tlite {

class Thinking {
 public:
  // `tokens`: none where the model knows no such blocks. Throws invalid_argument where it does not
  // and the parameters have a budget.
  Thinking(const SamplingParams& params, const std::optional<ThinkingTokens>& tokens);

  // `end_tokens`: what ends a turn ends its block, closed or not.
  void observe_prompt(std::span<const TokenId> tokens,
                      std::span<const TokenId> end_tokens) noexcept;
  void observe(TokenId token) noexcept;

  // Ends the block that is open now, if one is.
  void end() noexcept { ending_ = inside_; }

  // The token that has to come next; empty: any may.
  std::span<const TokenId> forced() const noexcept;

 private:
  std::optional<ThinkingTokens> tokens_;
  std::int32_t budget_;  // -1: none
  std::int32_t spent_ = 0;
  bool inside_ = false;
  bool ending_ = false;
};

}  // namespace tlite
