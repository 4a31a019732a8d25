// The logits pipeline: how the next token of one sequence is chosen.
//
//   bias -> penalties -> min_new_tokens ban -> mask -> temperature -> top_k -> top_p -> min_p ->
//   draw
//
// The order and the meaning of each step are those of vLLM's sampler and of transformers' logits
// processors, which agree up to min_p (vLLM drops by min_p first, transformers and we last).
#pragma once

#include "base/rng.hpp"
#include "sample/candidates.hpp"
#include "sample/token_counts.hpp"

#include <cstdint>
#include <optional>
#include <span>
#include <vector>

#include <tlite/sampling.hpp>

namespace tlite {

// Scratch of one thread that samples, a few MB for a vocabulary of 150,000; any number of
// sequences take turns. Grows with the first token and not again.
struct SamplerWorkspace {
  std::vector<float> scores;
  std::vector<float> maxima;  // of chunks, see top_k.hpp
  std::vector<float> scratch;
  Candidates candidates;  // what the last draw chose from; untouched by a greedy choice
};

struct SampledToken {
  TokenId token = -1;
  std::optional<TokenLogprob> logprob;         // where asked for
  std::span<const TokenLogprob> top_logprobs;  // valid until the sampler's next token
};

class Sampler {
 public:
  // `params` are validated. `seed` stands for params.seed; `drawn` tokens of it are used already,
  // so that a continued answer goes on in the same stream of random numbers.
  explicit Sampler(const SamplingParams& params, std::uint64_t seed, std::uint64_t drawn = 0);

  void observe_prompt(std::span<const TokenId> tokens);
  void observe_output(TokenId token);

  // `banned` tokens cannot be chosen. `mask` holds one bit a token, the lowest bit of word 0 for
  // token 0; empty: all are allowed. Throws corrupt where a logit is NaN or +infinity,
  // invalid_argument where no token is left.
  SampledToken sample(std::span<const float> logits, SamplerWorkspace& workspace,
                      std::span<const TokenId> banned = {},
                      std::span<const std::uint32_t> mask = {});

 private:
  void adjust(std::span<float> scores) const;
  TokenId choose(SamplerWorkspace& workspace);
  void rank_likeliest(std::span<const float> logits, SamplerWorkspace& workspace);
  TokenLogprob logprob_of(TokenId token, std::span<const float> logits) const;

  SamplingParams params_;
  CounterRng rng_;
  TokenCounts counts_;
  double log_total_ = 0;  // logarithm of the raw distribution's sum
  std::vector<TokenLogprob> top_;
};

}  // namespace tlite
