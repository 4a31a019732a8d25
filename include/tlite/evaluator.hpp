// The forward pass itself: batches of token rows in, logits or hidden states out. Session is built
// on it; use it directly for batched decoding, scoring, speculative verification or a loop of your
// own.
//
//   tlite::Evaluator evaluator(model, {.context = 4096});
//   tlite::SequenceId sequence = evaluator.create_sequence();
//   evaluator.append(sequence, ids);                       // prefill, logits of the last row
//   std::span<const float> logits = evaluator.logits(0);   // [vocab_size]
//
// An output row depends on its token, its sequence's prefix and the weights alone: it is the same
// bit for bit alone or batched, in chunks or at once, on one thread or many, from cache or fresh.
//
// An Evaluator belongs to one thread at a time; cancel() may be called from any.
#pragma once

#include <atomic>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <span>
#include <string_view>

#include <tlite/batch.hpp>
#include <tlite/evaluator_options.hpp>
#include <tlite/export.hpp>
#include <tlite/model.hpp>

namespace tlite {

class TLITE_API Evaluator {
 public:
  // Allocates all it will ever need: nothing is allocated per token. Throws out_of_memory,
  // invalid_argument.
  explicit Evaluator(Model model, const EvaluatorOptions& options = {});
  ~Evaluator();
  Evaluator(Evaluator&&) noexcept;
  Evaluator& operator=(Evaluator&&) noexcept;

  const Model& model() const noexcept;
  const EvaluatorOptions& options() const noexcept;  // as resolved: context, threads, kv_type, ...

  // Sequences. Throws bad_state when max_sequences exist, or for destroying or truncating a
  // sequence of the batch in flight; invalid_argument for an unknown id.
  SequenceId create_sequence();
  void destroy_sequence(SequenceId sequence);
  std::int32_t length(SequenceId sequence) const;
  // A new sequence that shares the first `length` positions (-1: all) without copying them.
  SequenceId fork(SequenceId sequence, std::int32_t length = -1);
  // The same from another evaluator of the same model and kv_type: shares its pages, copies
  // nothing. The two may then be used on different threads. Throws invalid_argument where they do
  // not match.
  SequenceId adopt(const Evaluator& other, SequenceId sequence, std::int32_t length = -1);
  // Forgets all positions from `length` on.
  void truncate(SequenceId sequence, std::int32_t length);
  // KV positions that new tokens can still take, all sequences together.
  std::int32_t free_positions() const noexcept;

  // One batch, run to the end. Throws invalid_argument (token, sequence or position), context_full,
  // cancelled, corrupt (logits or hidden states that are not finite); in all cases the sequences
  // are as they were before.
  void evaluate(std::span<const BatchRow> rows);

  // Appends ids to one sequence; logits of the last row only.
  void append(SequenceId sequence, std::span<const TokenId> ids);

  // The same in steps: submit, then advance until it returns true. Each call stops after the first
  // work unit (a part of a layer) that ends past the budget. Between the calls nothing runs.
  void submit(std::span<const BatchRow> rows);
  bool advance(std::chrono::nanoseconds budget);
  // Gives up the batch in flight, as if it had not been submitted. No effect without one.
  void discard() noexcept;

  // Logits of the i-th row of the last finished batch that asked for them: [vocab_size] floats,
  // valid until the next submit. Throws invalid_argument.
  std::span<const float> logits(std::int32_t i) const;
  std::int32_t logits_rows() const noexcept;
  // The same of the rows that asked for hidden states: [hidden_size] floats.
  std::span<const float> hidden(std::int32_t i) const;
  std::int32_t hidden_rows() const noexcept;

  // Stops the running evaluate, append or advance within one work unit; it throws cancelled. Any
  // thread. Without one running, the next is stopped: see clear_cancel.
  void cancel() noexcept;
  void clear_cancel() noexcept;

  // Called after each chunk of a batch with rows done and rows in all; return false to cancel.
  void on_progress(std::function<bool(std::int64_t done, std::int64_t total)> callback);

  // Called with the input of each matrix of each chunk, in the order of the forward pass, on the
  // thread that runs the batch; both views live during the call. It changes no result. Rows that
  // want neither logits nor their hidden state end in the last layer with its q, k and v. What it
  // throws ends the batch as an error does. For measuring activations: importance.hpp is built on
  // it.
  void on_matrix_input(std::function<void(const MatrixInput& input)> callback);

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace tlite
