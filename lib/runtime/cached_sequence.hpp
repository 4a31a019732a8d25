// One sequence whose KV cache is re-used for as long a prefix as a new prompt shares with it.
#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <span>
#include <vector>

#include <tlite/tokenizer.hpp>

namespace tlite {

// What a conversation needs of a forward pass: one sequence of tokens that grows and shrinks.
class SequenceModel {
 public:
  virtual ~SequenceModel() = default;
  virtual void truncate(std::size_t length) = 0;
  // Throws cancelled (among others) and then leaves the sequence as it was. Logits are those of
  // the last token, and only where they are asked for.
  virtual void append(std::span<const TokenId> tokens, bool wants_logits) = 0;
  virtual std::span<const float> logits() const = 0;
  // A cancel that came too late for what it was meant for.
  virtual void clear_cancel() noexcept = 0;
};

// Tokens done, tokens in all; false to cancel.
using PrefillProgress = std::function<bool(std::int64_t done, std::int64_t total)>;

class CachedSequence {
 public:
  // `cached`: what the model's sequence holds already. `context`: the most it will ever hold.
  // Prompts are evaluated in chunks of `chunk` tokens; what was done stays when one is cancelled.
  CachedSequence(SequenceModel& model, std::size_t context, std::size_t chunk,
                 std::vector<TokenId> cached = {});

  // Keeps the common prefix with `prompt`, but at most all of it except the last token, whose
  // logits are needed. Returns its length.
  std::size_t keep_prefix(std::span<const TokenId> prompt);

  // Evaluates what `prompt` has beyond the tokens in the cache, which must be a prefix of it.
  // False where `progress` said so.
  bool extend(std::span<const TokenId> prompt, const PrefillProgress& progress = {});

  std::span<const float> logits() const { return model_.logits(); }
  std::span<const TokenId> tokens() const noexcept { return tokens_; }
  std::size_t context() const noexcept { return context_; }
  SequenceModel& model() noexcept { return model_; }

 private:
  SequenceModel& model_;
  std::size_t context_;
  std::size_t chunk_;
  std::vector<TokenId> tokens_;  // reserved for the whole context: never out of step with the model
};

}  // namespace tlite
