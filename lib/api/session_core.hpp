// What a Session is made of. Streams share it, so that one may outlive its session.
#pragma once

#include "runtime/answer.hpp"
#include "runtime/cached_sequence.hpp"
#include "base/run_state.hpp"
#include "sample/sampler.hpp"

#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <vector>

#include <tlite/session.hpp>

namespace tlite {

// One sequence of an evaluator.
class EvaluatorSequence final : public SequenceModel {
 public:
  EvaluatorSequence(Evaluator& evaluator, SequenceId sequence)
      : evaluator_(evaluator), sequence_(sequence) {}
  SequenceId id() const noexcept { return sequence_; }
  void truncate(std::size_t length) override;
  void append(std::span<const TokenId> tokens, bool wants_logits) override;
  std::span<const float> logits() const override { return evaluator_.logits(0); }
  void clear_cancel() noexcept override { evaluator_.clear_cancel(); }

 private:
  Evaluator& evaluator_;
  SequenceId sequence_;
  std::vector<BatchRow> rows_;
};

// How the last message came about, where it is an answer of ours: a continuation starts from its
// very tokens and goes on in the same stream of random numbers.
struct AnswerRecord {
  std::size_t message = 0;  // its index
  PartialAnswer answer;
  std::uint64_t seed = 0;
};

struct SessionCore {
  SessionCore(Model model, const SessionOptions& options);
  // A twin that shares the cache of `other`.
  explicit SessionCore(const SessionCore& other);
  SessionCore& operator=(const SessionCore&) = delete;

  // Throws bad_state while an answer is being made.
  void require_idle() const;
  std::vector<TokenId> encode(const std::vector<Message>& conversation) const;
  ShortenPrompt shortener(std::vector<Message>& conversation, std::int32_t& dropped) const;

  Model model;
  SessionOptions options;
  SamplingParams sampling;
  Evaluator evaluator;
  EvaluatorSequence sequence;
  CachedSequence cache;
  SamplerWorkspace workspace;
  std::vector<Message> messages;
  std::optional<AnswerRecord> record;
  PrefillProgress on_prefill;
  RunState run;
  bool busy = false;
};

}  // namespace tlite
