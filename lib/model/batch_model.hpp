// What runs sequences needs of a model: sequences of cached positions, and batches of rows over
// them that are worked on in steps. ModelRunner is the one; tests drive the runtime with a fake.
#pragma once

#include "base/function_ref.hpp"
#include "base/run_state.hpp"
#include "model/kv_prefix.hpp"

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <span>

#include <tlite/batch.hpp>
#include <tlite/evaluator_options.hpp>

namespace tlite {

class BatchModel {
 public:
  using Clock = std::chrono::steady_clock;
  virtual ~BatchModel() = default;

  // As resolved: the most of everything below.
  virtual const EvaluatorOptions& options() const noexcept = 0;

  // Sequences, as documented on Evaluator. A sequence of the batch in flight cannot be
  // destroyed (bad_state).
  virtual SequenceId create() = 0;
  virtual SequenceId create(const KvPrefix& prefix) = 0;
  virtual void destroy(SequenceId sequence) = 0;
  // The first `length` positions, shared.
  virtual KvPrefix prefix(SequenceId sequence, std::int32_t length) const = 0;

  virtual std::size_t free_pages() const noexcept = 0;
  // Pages that `count` more positions of a sequence take out of the free ones: new ones, and one
  // for the copy of a shared page that is part empty.
  virtual std::size_t pages_needed(SequenceId sequence, std::int32_t count) const = 0;

  // One batch at a time. submit throws and changes nothing, or takes the pages. advance works until
  // the batch is done (true) or a step ends past the deadline (false); where it throws, `run`
  // was cancelled (cancelled) or the work failed, and the batch is gone as if it had not been
  // submitted.
  virtual void submit(std::span<const BatchRow> rows) = 0;
  virtual bool advance(Clock::time_point deadline, const RunState& run) = 0;
  virtual void discard() noexcept = 0;

  // Of the i-th row of the last finished batch that asked for them; [vocab_size], until the next
  // submit. A row that is not finite is its sequence's fault alone: the others are as they should.
  virtual std::span<const float> logits(std::size_t i) const noexcept = 0;
  virtual bool is_finite(std::size_t i) const noexcept = 0;
  // The same of the rows that asked for hidden states; [hidden_size].
  virtual std::span<const float> hidden(std::size_t i) const noexcept = 0;
  virtual bool is_hidden_finite(std::size_t i) const noexcept = 0;

  // body(i, worker) for every i below `count` on the model's own threads, worker below
  // options().threads: two calls with one worker never overlap. Not while a batch is worked on.
  virtual void parallel_for(std::size_t count,
                            FunctionRef<void(std::size_t i, int worker)> body) = 0;
};

}  // namespace tlite
