// The forward pass over sequences of one model: Evaluator is a handle to it, and the engine drives
// it as a BatchModel.
#pragma once

#include "base/parallel.hpp"
#include "model/batch_model.hpp"
#include "model/forward.hpp"
#include "model/sequences.hpp"

#include <cstdint>
#include <functional>
#include <memory>
#include <utility>

#include <tlite/batch.hpp>
#include <tlite/evaluator_options.hpp>
#include <tlite/host.hpp>
#include <tlite/model_config.hpp>

namespace tlite {

// What becomes of a batch in which the logits or the hidden state of a row are not finite.
enum class BadRows {
  fail_batch,  // advance throws corrupt, and the batch is gone
  mark_row,    // is_finite and is_hidden_finite tell
};

class ModelRunner final : public BatchModel {
 public:
  using Progress = std::function<bool(std::int64_t done, std::int64_t total)>;

  // All memory it will ever ask of the allocator. `config`, `weights` and `source` live longer.
  // Throws out_of_memory, invalid_argument for options out of range.
  ModelRunner(const ModelConfig& config, const ModelWeights& weights, const WeightSource& source,
              const EvaluatorOptions& resolved, const std::shared_ptr<Allocator>& allocator,
              BadRows bad_rows);

  const EvaluatorOptions& options() const noexcept override { return options_; }

  SequenceId create() override { return sequences_.create(); }
  SequenceId create(const KvPrefix& prefix) override { return sequences_.create(prefix); }
  void destroy(SequenceId sequence) override { sequences_.destroy(sequence); }
  void truncate(SequenceId sequence, std::int32_t length) { sequences_.truncate(sequence, length); }
  std::int32_t length(SequenceId sequence) const { return sequences_.length(sequence); }
  KvPrefix prefix(SequenceId sequence, std::int32_t length) const override {
    return sequences_.prefix(sequence, length);
  }
  std::int32_t free_positions() const noexcept { return sequences_.free_positions(); }
  std::size_t free_pages() const noexcept override { return sequences_.free_pages(); }
  std::size_t pages_needed(SequenceId sequence, std::int32_t count) const override {
    return sequences_.pages_needed(sequence, count);
  }

  void submit(std::span<const BatchRow> rows) override;
  bool advance(Clock::time_point deadline, const RunState& run) override;
  void discard() noexcept override;

  std::span<const float> logits(std::size_t i) const noexcept override {
    return forward_.logits(i);
  }
  bool is_finite(std::size_t i) const noexcept override { return forward_.is_finite(i); }
  std::int32_t logits_rows() const noexcept { return forward_.logits_rows(); }
  std::span<const float> hidden(std::size_t i) const noexcept override {
    return forward_.hidden(i);
  }
  bool is_hidden_finite(std::size_t i) const noexcept override {
    return forward_.is_hidden_finite(i);
  }
  std::int32_t hidden_rows() const noexcept { return forward_.hidden_rows(); }
  void parallel_for(std::size_t count, FunctionRef<void(std::size_t i, int worker)> body) override {
    pool_.enter([&] { pool_.parallel_for(count, body); });
  }

  // As documented on Evaluator.
  void on_progress(Progress callback) { progress_ = std::move(callback); }
  void on_matrix_input(std::function<void(const MatrixInput& input)> callback) {
    forward_.observe(std::move(callback));
  }

 private:
  void check(std::span<const BatchRow> rows) const;

  const ModelConfig& config_;
  EvaluatorOptions options_;
  Sequences sequences_;
  Forward forward_;
  ThreadPool pool_;
  BadRows bad_rows_;
  Progress progress_;
  bool in_flight_ = false;
};

}  // namespace tlite
