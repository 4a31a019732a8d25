// What lengths and ends mean for the next token of an answer, whoever samples it.
#pragma once

#include "sample/sampler_chain.hpp"

#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

#include <tlite/sampling.hpp>
#include <tlite/tokenizer.hpp>

namespace tlite {

class LengthRules {
 public:
  // `before`: tokens of the prompt and of the answer that are there already. Throws
  // invalid_argument where max_length leaves none.
  LengthRules(const SamplingParams& params, std::span<const TokenId> end_tokens,
              std::size_t before);

  // For the token behind `new_tokens` new ones. The views live as long as this.
  SampleStep step(std::int32_t new_tokens, std::span<const std::uint32_t> mask) const noexcept;

  // The model's; none with ignore_eos. transformers knows them the same way: without an
  // eos_token_id there is none that a bad word may not ban, and none that gets likelier.
  const std::vector<TokenId>& end_tokens() const noexcept { return end_tokens_; }
  std::int32_t max_new_tokens() const noexcept { return max_new_tokens_; }  // -1: no bound

 private:
  void resolve(const SamplingParams& params, std::size_t before);

  std::vector<TokenId> end_tokens_;
  std::vector<TokenId> banned_;  // before min_new_tokens
  std::int32_t max_new_tokens_;
  std::int32_t min_new_tokens_;
};

}  // namespace tlite
