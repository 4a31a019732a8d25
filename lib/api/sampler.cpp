// The body of Sampler: SamplerChain, Thinking and LengthRules put together as Generator does it, so
// that both choose the same tokens. Text and stop strings are the caller's.
#include "api/engine_impl.hpp"
#include "base/float_env.hpp"
#include "runtime/length_rules.hpp"
#include "sample/sampler_chain.hpp"
#include "sample/thinking.hpp"

#include <functional>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include <tlite/error.hpp>
#include <tlite/sampler.hpp>

namespace tlite {

// The members are in the order in which they are made of each other. `no_thoughts` is what reset()
// goes back to.
struct Sampler::Impl {
  Impl(const SamplingParams& asked, std::size_t vocabulary, std::span<const TokenId> ends,
       const std::optional<ThinkingTokens>& thinks)
      : params(asked),
        vocabulary_size(vocabulary),
        end_tokens(ends.begin(), ends.end()),
        seed(seed_of(asked)),
        chain(new_chain()),
        no_thoughts(asked, thinks),
        thinking(no_thoughts),
        workspace(cpu_tier_from_environment()) {}

  // With ignore_eos there are no ends, see LengthRules::end_tokens.
  SamplerChain new_chain() const {
    return SamplerChain(params, seed, 0,
                        params.ignore_eos ? std::span<const TokenId>() : end_tokens);
  }

  void check_token(TokenId token) const {
    if (token >= 0 && static_cast<std::size_t>(token) < vocabulary_size) return;
    throw Error(ErrorCode::invalid_argument,
                "the token is " + std::to_string(token) +
                    ", it must be a token id below the vocabulary size " +
                    std::to_string(vocabulary_size));
  }

  // The prompt is complete with the first token of the answer.
  const LengthRules& lengths() {
    if (!rules) rules.emplace(params, end_tokens, prompt_tokens);
    return *rules;
  }

  void observe(TokenId token) {
    chain.observe_output(token);
    thinking.observe(token);
    ++new_tokens;
  }

  const SamplingParams params;
  const std::size_t vocabulary_size;
  const std::vector<TokenId> end_tokens;
  const std::uint64_t seed;
  SamplerChain chain;
  const Thinking no_thoughts;
  Thinking thinking;
  LogitsProcessor processor;
  SamplerWorkspace workspace;
  std::optional<LengthRules> rules;
  std::size_t prompt_tokens = 0;
  std::int32_t new_tokens = 0;
};

Sampler::Sampler(const SamplingParams& params, std::size_t vocabulary_size,
                 std::span<const TokenId> end_tokens,
                 const std::optional<ThinkingTokens>& thinking) {
  validate(params, vocabulary_size);
  impl_ = std::make_unique<Impl>(params, vocabulary_size, end_tokens, thinking);
  for (const TokenId token : end_tokens) impl_->check_token(token);
}

Sampler::~Sampler() = default;
Sampler::Sampler(Sampler&&) noexcept = default;
Sampler& Sampler::operator=(Sampler&&) noexcept = default;

void Sampler::observe_prompt(std::span<const TokenId> tokens) {
  if (impl_->new_tokens > 0) {
    throw Error(ErrorCode::bad_state, "the answer has begun: a prompt comes before it");
  }
  for (const TokenId token : tokens) impl_->check_token(token);
  impl_->chain.observe_prompt(tokens);
  impl_->rules.reset();
  impl_->thinking.observe_prompt(tokens, impl_->end_tokens);
  impl_->prompt_tokens += tokens.size();
}

// It is observed when nothing can fail any more.
void Sampler::sample(std::span<const float> logits, std::span<const std::uint32_t> mask,
                     const std::function<void(const SampledToken& sampled)>& take) {
  Impl& self = *impl_;
  if (logits.size() != self.vocabulary_size) {
    throw Error(ErrorCode::invalid_argument, "there are " + std::to_string(logits.size()) +
                                                 " logits, the vocabulary size is " +
                                                 std::to_string(self.vocabulary_size));
  }
  SampleStep step = self.lengths().step(self.new_tokens, mask);
  step.forced = self.thinking.forced();
  const DefaultFloatEnv arithmetic;
  TokenId token = -1;
  self.chain.sample(logits, self.workspace, step, [&](const SampledToken& sampled) {
    take(sampled);
    token = sampled.token;
  });
  self.observe(token);
}

SampledToken Sampler::sample(std::span<const float> logits, std::span<const std::uint32_t> mask) {
  SampledToken result;
  sample(logits, mask, [&](const SampledToken& sampled) { result = sampled; });
  return result;
}

void Sampler::set_logits_processor(LogitsProcessor processor) {
  if (impl_->prompt_tokens > 0 || impl_->new_tokens > 0) {
    throw Error(ErrorCode::bad_state, "tokens were observed: a logits processor comes before them");
  }
  impl_->chain.set_processor(processor, {});
  impl_->processor = std::move(processor);
}

void Sampler::end_thinking() noexcept { impl_->thinking.end(); }

void Sampler::accept(TokenId token) {
  impl_->check_token(token);
  impl_->observe(token);
  // The n-th token has the n-th random number, wherever the others came from.
  impl_->chain.skip_draw();
}

void Sampler::reset() {
  SamplerChain chain = impl_->new_chain();
  chain.set_processor(impl_->processor, {});
  impl_->chain = std::move(chain);
  impl_->thinking = impl_->no_thoughts;
  impl_->rules.reset();
  impl_->prompt_tokens = 0;
  impl_->new_tokens = 0;
}

std::uint64_t Sampler::seed() const noexcept { return impl_->seed; }

}  // namespace tlite
