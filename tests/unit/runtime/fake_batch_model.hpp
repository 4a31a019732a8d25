// A BatchModel whose pages hold the tokens themselves: what it says next is a function of what it
// reads back from them, so a page that is lost, mixed up or written to while shared shows.
#pragma once

#include "base/parallel.hpp"
#include "model/batch_model.hpp"
#include "model/sequences.hpp"
#include "unit/runtime/fake_model.hpp"

#include <algorithm>
#include <cmath>
#include <cstring>
#include <functional>
#include <limits>
#include <utility>
#include <vector>

#include <tlite/error.hpp>

namespace tlite::test {

// "...a" goes on with "bcd", for a sampler that is greedy.
inline std::vector<float> count_up(const std::vector<TokenId>& tokens) {
  return logits_for((tokens.back() + 1) % 256);
}

inline EvaluatorOptions options(std::int32_t context, std::int32_t sequences = 8,
                                std::int32_t rows = 64) {
  EvaluatorOptions made;
  made.context = context;
  made.max_sequences = sequences;
  made.max_batch_rows = rows;
  made.max_logits_rows = sequences;
  return made;
}

class FakeBatchModel final : public BatchModel {
 public:
  static constexpr std::int32_t kLogits = 264;
  // The logits behind a sequence, by its tokens; empty: they are not finite.
  using Next = std::function<std::vector<float>(const std::vector<TokenId>&)>;

  FakeBatchModel(EvaluatorOptions options, Next next)
      : options_(options),
        next_(std::move(next)),
        sequences_(layout(), options_, nullptr),
        pool_(std::max(options.threads, 1)) {}

  const EvaluatorOptions& options() const noexcept override { return options_; }
  SequenceId create() override { return sequences_.create(); }
  SequenceId create(const KvPrefix& prefix) override { return sequences_.create(prefix); }
  void destroy(SequenceId sequence) override { sequences_.destroy(sequence); }
  KvPrefix prefix(SequenceId sequence, std::int32_t length) const override {
    return sequences_.prefix(sequence, length);
  }
  std::size_t free_pages() const noexcept override { return sequences_.free_pages(); }
  std::size_t pages_needed(SequenceId sequence, std::int32_t count) const override {
    return sequences_.pages_needed(sequence, count);
  }

  void submit(std::span<const BatchRow> rows) override {
    if (before_submit) before_submit();
    const auto hidden = std::count_if(rows.begin(), rows.end(),
                                      [](const BatchRow& row) { return row.wants_hidden; });
    if (hidden > options_.max_hidden_rows) {
      throw Error(ErrorCode::invalid_argument, "too many rows want hidden states");
    }
    sequences_.reserve(rows);
    rows_.assign(rows.begin(), rows.end());
    batches.emplace_back(rows.begin(), rows.end());
  }

  bool advance(Clock::time_point, const RunState& run) override {
    try {
      if (before_advance) before_advance();
      if (run.cancelled()) throw Error(ErrorCode::cancelled, "cancelled");
    } catch (...) {
      discard();
      throw;
    }
    if (rests > 0) {
      --rests;
      return false;
    }
    logits_.clear();
    hidden_.clear();
    for (const BatchRow& row : rows_) {
      const auto token = static_cast<float>(row.token);
      std::memcpy(slot(row.sequence, row.position), &token, sizeof token);
      if (row.wants_logits) logits_.push_back(next_(read(row)));
      if (row.wants_hidden) hidden_.push_back(hidden_of(read(row)));
    }
    sequences_.commit();
    evaluated += rows_.size();
    rows_.clear();
    return true;
  }

  void discard() noexcept override {
    if (rows_.empty()) return;
    sequences_.roll_back();
    rows_.clear();
  }

  std::span<const float> logits(std::size_t i) const noexcept override { return logits_[i]; }
  bool is_finite(std::size_t i) const noexcept override { return !logits_[i].empty(); }
  std::span<const float> hidden(std::size_t i) const noexcept override { return hidden_[i]; }
  bool is_hidden_finite(std::size_t i) const noexcept override { return !hidden_[i].empty(); }

  void parallel_for(std::size_t count, FunctionRef<void(std::size_t, int)> body) override {
    if (before_parallel) before_parallel();
    pool_.parallel_for(count, body);
  }

  std::size_t total_pages() const { return pages_for(static_cast<std::size_t>(options_.context)); }

  std::vector<std::vector<BatchRow>> batches;  // what was submitted
  std::size_t evaluated = 0;                   // rows
  int rests = 0;                               // calls of advance that end before the batch does
  Next hidden_of;                              // the hidden state behind a sequence, likewise
  std::function<void()> before_submit;
  std::function<void()> before_advance;
  std::function<void()> before_parallel;

 private:
  struct NoWeights final : WeightSource {
    const StoredTensor* find(std::string_view) const noexcept override { return nullptr; }
    std::span<const StoredTensor> tensors() const noexcept override { return {}; }
    const UnsupportedTensor* find_unsupported(std::string_view) const noexcept override {
      return nullptr;
    }
  };

  static KvLayout layout() {
    ModelConfig config;
    config.num_hidden_layers = 1;
    config.num_key_value_heads = 1;
    config.head_dim = 1;
    return {config, DataType::f32, NoWeights()};
  }

  std::byte* slot(SequenceId sequence, std::int32_t position) const {
    const auto at = static_cast<std::size_t>(position);
    return sequences_.pages(sequence)[at / kPagePositions].data() +
           at % kPagePositions * sizeof(float);
  }

  std::vector<TokenId> read(const BatchRow& row) const {
    std::vector<TokenId> tokens;
    for (std::int32_t i = 0; i <= row.position; ++i) {
      float token = 0;
      std::memcpy(&token, slot(row.sequence, i), sizeof token);
      tokens.push_back(static_cast<TokenId>(token));
    }
    return tokens;
  }

  EvaluatorOptions options_;
  Next next_;
  Sequences sequences_;
  ThreadPool pool_;
  std::vector<BatchRow> rows_;
  std::vector<std::vector<float>> logits_;
  std::vector<std::vector<float>> hidden_;
};

}  // namespace tlite::test
