// An answer being made: prefill, then token by token, through overflow and cancel, over one cached
// sequence. It knows no messages; what to do with the answer is its owner's business.
#pragma once

#include "base/run_state.hpp"
#include "runtime/cached_sequence.hpp"
#include "runtime/generator.hpp"
#include "sample/sampler.hpp"

#include <cstddef>
#include <functional>
#include <optional>
#include <vector>

#include <tlite/generation.hpp>
#include <tlite/tokenizer.hpp>

namespace tlite {

// Makes room: forgets at least one of the oldest turns, and more until the prompt takes no more
// than `tokens`. The new prompt, or nothing where no turn can be forgotten.
using ShortenPrompt = std::function<std::optional<std::vector<TokenId>>(std::size_t tokens)>;

// A prompt that leaves room for `answer_tokens` and one more in the context: as it is, or made
// shorter where the policy is drop_oldest. Throws context_full, invalid_argument for an empty one.
std::vector<TokenId> fit_prompt(std::vector<TokenId> prompt, std::size_t answer_tokens,
                                std::size_t context, OverflowPolicy overflow,
                                const ShortenPrompt& shorten);

class Answer {
 public:
  // `prompt` fits; the answer goes on behind it and what the generator has replayed.
  Answer(CachedSequence& cache, SamplerWorkspace& workspace, const RunState& run,
         std::vector<TokenId> prompt, Generator generator, OverflowPolicy overflow,
         ShortenPrompt shorten, PrefillProgress progress);

  // The next piece, or nothing at the end. Text that was held back and becomes visible by an end
  // from outside comes in a last piece of its own, with token -1.
  std::optional<Piece> next();
  void abandon() noexcept;

  const Generator& generator() const noexcept { return generator_; }
  const Generation& result() const noexcept { return result_; }
  void set_dropped_messages(std::int32_t count) noexcept { result_.dropped_messages = count; }

 private:
  bool prefill();
  bool make_room();
  bool evaluate();
  std::optional<Piece> choose();
  std::optional<Piece> finish(FinishReason reason);
  void record(const Piece& piece);
  void record_end();

  CachedSequence& cache_;
  SamplerWorkspace& workspace_;
  const RunState& run_;
  std::vector<TokenId> prompt_;
  std::vector<TokenId> sequence_;  // prompt_ and the answer: what the cache is to hold
  Generator generator_;
  OverflowPolicy overflow_;
  ShortenPrompt shorten_;
  PrefillProgress progress_;
  bool prefilled_ = false;
  Generation result_;
};

}  // namespace tlite
