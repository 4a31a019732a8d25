// The logits pipeline: how the next token of one sequence is chosen.
//
//   logits processor -> allowed tokens -> bias -> sequence bias -> penalties -> DRY -> n-grams ->
//   bad words
//   -> shortest length -> forced tokens, the end of thinking among them -> length decay ->
//   suppression -> mask
//   -> top_n_sigma -> temperature -> top_k -> top_p -> min_p -> typical_p -> epsilon -> eta -> XTC
//   -> dynamic temperature -> adaptive_p -> draw
//
// The order and the meaning of each step are those of transformers' logits processors, and of
// vLLM's sampler, which knows the allowed tokens, the penalties and the filters up to min_p (it
// drops by min_p first). What neither has stands where llama.cpp's chain has it, but behind the
// temperature, which is last there: XTC behind min_p, adaptive_p in place of the plain draw.
// Dynamic temperature takes the temperature's place behind the filters as there. Mirostat takes the
// place of all behind the mask but the temperature.
#pragma once

#include "base/cpu.hpp"
#include "base/function_ref.hpp"
#include "base/rng.hpp"
#include "kernels/ops.hpp"
#include "sample/adaptive_p.hpp"
#include "sample/candidates.hpp"
#include "sample/dry.hpp"
#include "sample/logprobs.hpp"
#include "sample/mirostat.hpp"
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
  explicit SamplerWorkspace(CpuTier tier = CpuTier::scalar)
      : ops(&kernel_ops(tier)), logprobs(*ops), candidates(*ops) {}

  const KernelOps* ops;  // the bits are the same with all
  std::vector<float> scores;
  std::vector<float> maxima;  // of chunks, see top_k.hpp
  std::vector<float> scratch;
  std::vector<double> shares;  // adaptive_p
  DryScratch dry;
  LogprobScratch logprobs;
  Candidates candidates;  // what the last draw chose from; untouched by a greedy choice
};

// What the next token is to its answer.
struct SampleStep {
  std::span<const TokenId> banned = {};  // cannot be chosen: ends that would come too early
  bool is_last = false;                  // max_new_tokens allows no other behind it
  std::span<const TokenId> forced = {};  // no other can be chosen; empty: any
  // One bit a token, the lowest bit of word 0 for token 0; empty: all are allowed.
  std::span<const std::uint32_t> mask = {};
};

class SamplerChain {
 public:
  // `params` are validated. `seed` stands for params.seed; `drawn` tokens of it are used already,
  // so that a continued answer goes on in the same stream of random numbers. `end_tokens`: what
  // ends a sequence.
  explicit SamplerChain(const SamplingParams& params, std::uint64_t seed, std::uint64_t drawn = 0,
                        std::span<const TokenId> end_tokens = {});

  // `tokens`: those that were observed already.
  void set_processor(LogitsProcessor processor, std::span<const TokenId> tokens);
  bool has_processor() const noexcept { return static_cast<bool>(processor_); }

  // Where they throw, for want of memory, nothing was observed. observe_output does not behind a
  // token that was sampled: that made the room.
  void observe_prompt(std::span<const TokenId> tokens);
  void observe_output(TokenId token);
  // Room for so many more.
  void reserve(std::size_t tokens);
  // Passes over the random number of a token that is not drawn here, so that the n-th token has the
  // n-th number wherever the others came from.
  void skip_draw() noexcept {
    draws_.rng.next_u64();
    draws_.xtc_rng.next_u64();
  }

  // Throws corrupt where a logit is NaN or +infinity, invalid_argument where no token is left, and
  // what LogitsProcessor says. Then nothing was drawn.
  SampledToken sample(std::span<const float> logits, SamplerWorkspace& workspace,
                      const SampleStep& step = {});
  // The same for `take`: nothing was drawn either where that throws.
  void sample(std::span<const float> logits, SamplerWorkspace& workspace, const SampleStep& step,
              FunctionRef<void(const SampledToken& sampled)> take);

 private:
  // What changes with each token that is drawn.
  struct Draws {
    CounterRng rng;
    CounterRng xtc_rng;  // a stream of its own: the n-th token draws the n-th number of both
    std::optional<Mirostat> mirostat = {};
    std::optional<AdaptiveP> adaptive = {};
  };

  void make_room();
  bool penalises() const noexcept;
  SampledToken draw(std::span<const float> logits, SamplerWorkspace& workspace,
                    const SampleStep& step);
  void process(std::span<float> scores) const;
  void penalise(std::span<float> scores) const;
  void apply_rules(std::span<float> scores, const SampleStep& step) const;
  TokenId choose(SamplerWorkspace& workspace);
  void filter(SamplerWorkspace& workspace, float largest);
  TokenId draw_by_mirostat(SamplerWorkspace& workspace, float largest);
  TokenId draw_adapted(SamplerWorkspace& workspace);

  SamplingParams params_;
  Draws draws_;
  LogitsProcessor processor_;
  TokenCounts counts_;
  std::vector<TokenId> end_tokens_;
  bool keeps_tokens_;            // a rule looks at them
  std::vector<TokenId> tokens_;  // prompt and answer, where kept
  std::size_t length_ = 0;       // of both
  std::size_t answered_ = 0;
  Logprobs logprobs_;
};

}  // namespace tlite
