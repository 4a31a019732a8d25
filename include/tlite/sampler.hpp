// The sampler of one sequence, for whoever drives an Evaluator. Session and Engine have their own.
//
//   tlite::Sampler sampler(params, info.config.vocab_size, info.eos_token_ids);
//   sampler.observe_prompt(prompt);
//   const tlite::TokenId next = sampler.sample(evaluator.logits(0)).token;
//
// It chooses what a Session with these parameters and this seed chooses, token for token:
// min_new_tokens, forced ends, length_decay and thinking_budget included. When to stop is the
// caller's decision: at one of the end tokens, at stop_token_ids, after max_new_tokens, at a stop
// string (stop_matcher.hpp).
//
// A Sampler belongs to one thread at a time.
#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <span>

#include <tlite/export.hpp>
#include <tlite/sampling.hpp>
#include <tlite/tokenizer.hpp>

namespace tlite {

class TLITE_API Sampler {
 public:
  // `vocabulary_size`: logits a token, the model's vocab_size. `end_tokens`: what ends a sequence,
  // ModelInfo::eos_token_ids. `thinking`: Tokenizer::thinking_tokens. Throws invalid_argument like
  // validate(params), and for a thinking_budget without such tokens.
  Sampler(const SamplingParams& params, std::size_t vocabulary_size,
          std::span<const TokenId> end_tokens = {},
          const std::optional<ThinkingTokens>& thinking = {});
  ~Sampler();
  Sampler(Sampler&&) noexcept;
  Sampler& operator=(Sampler&&) noexcept;

  // Throws bad_state once a token was observed. reset() keeps it.
  void set_logits_processor(LogitsProcessor processor);

  // The tokens in front of the answer, all at once or in parts. Throws invalid_argument for a token
  // out of range, bad_state once a token was chosen.
  void observe_prompt(std::span<const TokenId> tokens);

  // Chooses the next token and remembers it. `logits`: [vocabulary_size], left as they are. `mask`:
  // the tokens a grammar allows, one bit each, the lowest bit of word 0 for token 0; empty: all.
  // Throws corrupt where a logit is NaN or +infinity, invalid_argument for another number of
  // logits, where no token is left and where the prompt has max_length tokens; whatever it throws,
  // the sampler is then as before.
  SampledToken sample(std::span<const float> logits, std::span<const std::uint32_t> mask = {});
  // The same for those who copy what they are given: where `take` throws, nothing was chosen.
  void sample(std::span<const float> logits, std::span<const std::uint32_t> mask,
              const std::function<void(const SampledToken& sampled)>& take);

  // Inside <think> the next token is </think>.
  void end_thinking() noexcept;

  // The next token was chosen elsewhere: by a user, or a draft that was accepted. It uses up one
  // random number, as a token that is drawn does. Throws invalid_argument for one out of range.
  void accept(TokenId token);

  // Forgets the prompt and the answer; the same seed begins anew.
  void reset();

  std::uint64_t seed() const noexcept;  // params.seed, or what was drawn in its place

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace tlite
