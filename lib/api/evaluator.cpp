#include "api/model_impl.hpp"
#include "base/parallel.hpp"
#include "model/forward.hpp"
#include "model/plan.hpp"
#include "model/sequences.hpp"

#include <algorithm>
#include <string>
#include <utility>
#include <vector>

#include <tlite/error.hpp>
#include <tlite/evaluator.hpp>

namespace tlite {

struct Evaluator::Impl {
  Impl(Model the_model, const EvaluatorOptions& asked)
      : model(std::move(the_model)),
        options(resolve(asked, model.info().weight_type)),
        sequences(KvLayout(model.info().config, *options.kv_type, *model.impl().source), options,
                  allocator()),
        forward(model.info().config, *model.impl().weights, sequences.layout(), options,
                allocator()),
        pool(options.threads) {
    append_rows.reserve(static_cast<std::size_t>(options.context));
  }

  std::shared_ptr<Allocator> allocator() const { return model.impl().host.allocator; }

  void check(std::span<const BatchRow> rows) const {
    if (rows.empty()) throw Error(ErrorCode::invalid_argument, "the batch has no rows");
    const std::int32_t vocabulary = model.info().config.vocab_size;
    std::int64_t wanted = 0;
    for (std::size_t i = 0; i < rows.size(); ++i) {
      wanted += rows[i].wants_logits ? 1 : 0;
      if (rows[i].token >= 0 && rows[i].token < vocabulary) continue;
      throw Error(ErrorCode::invalid_argument,
                  "row " + std::to_string(i) + " has the token " + std::to_string(rows[i].token) +
                      "; the vocabulary has " + std::to_string(vocabulary));
    }
    if (wanted <= options.max_logits_rows) return;
    throw Error(ErrorCode::invalid_argument, std::to_string(wanted) +
                                                 " rows want logits; max_logits_rows is " +
                                                 std::to_string(options.max_logits_rows));
  }

  void submit(std::span<const BatchRow> rows) {
    if (in_flight) {
      throw Error(ErrorCode::bad_state,
                  "a batch is in flight: advance it to its end or discard it");
    }
    check(rows);
    sequences.reserve(rows);
    forward.start(rows, [&](SequenceId id) { return sequences.pages(id); });
    in_flight = true;
  }

  bool advance(Forward::Clock::time_point deadline) {
    if (!in_flight) throw Error(ErrorCode::bad_state, "no batch is in flight: submit one");
    try {
      bool done = false;
      pool.enter([&] { done = forward.advance(deadline, pool, cancel, progress); });
      if (!done) return false;
    } catch (const Error& error) {
      // A cancel is used up by what it stopped.
      if (error.code() == ErrorCode::cancelled) cancel.store(false, std::memory_order_relaxed);
      discard();
      throw;
    } catch (...) {
      discard();
      throw;
    }
    sequences.commit();
    in_flight = false;
    return true;
  }

  void discard() noexcept {
    if (!std::exchange(in_flight, false)) return;
    sequences.roll_back();
  }

  Model model;
  EvaluatorOptions options;
  Sequences sequences;
  Forward forward;
  ThreadPool pool;
  bool in_flight = false;
  std::atomic<bool> cancel{false};
  std::function<bool(std::int64_t, std::int64_t)> progress;
  std::vector<BatchRow> append_rows;
};

Evaluator::Evaluator(Model model, const EvaluatorOptions& options)
    : impl_(std::make_unique<Impl>(std::move(model), options)) {}
Evaluator::~Evaluator() = default;
Evaluator::Evaluator(Evaluator&&) noexcept = default;
Evaluator& Evaluator::operator=(Evaluator&&) noexcept = default;

const Model& Evaluator::model() const noexcept { return impl_->model; }
const EvaluatorOptions& Evaluator::options() const noexcept { return impl_->options; }

SequenceId Evaluator::create_sequence() { return impl_->sequences.create(); }
void Evaluator::destroy_sequence(SequenceId sequence) { impl_->sequences.destroy(sequence); }
std::int32_t Evaluator::length(SequenceId sequence) const {
  return impl_->sequences.length(sequence);
}

SequenceId Evaluator::fork(SequenceId sequence, std::int32_t length) {
  return impl_->sequences.adopt(impl_->sequences, sequence, length);
}

SequenceId Evaluator::adopt(const Evaluator& other, SequenceId sequence, std::int32_t length) {
  if (&other.impl_->model.impl() != &impl_->model.impl()) {
    throw Error(ErrorCode::invalid_argument, "the other evaluator runs another model");
  }
  if (other.impl_->options.kv_type != impl_->options.kv_type) {
    throw Error(ErrorCode::invalid_argument,
                "the other evaluator's kv_type is " +
                    std::string(to_string(*other.impl_->options.kv_type)) + ", this one's " +
                    std::string(to_string(*impl_->options.kv_type)));
  }
  return impl_->sequences.adopt(other.impl_->sequences, sequence, length);
}

void Evaluator::truncate(SequenceId sequence, std::int32_t length) {
  impl_->sequences.truncate(sequence, length);
}

std::int32_t Evaluator::free_positions() const noexcept {
  return impl_->sequences.free_positions();
}

void Evaluator::evaluate(std::span<const BatchRow> rows) {
  impl_->submit(rows);
  impl_->advance(Forward::Clock::time_point::max());
}

void Evaluator::append(SequenceId sequence, std::span<const TokenId> ids) {
  std::int32_t position = length(sequence);
  if (ids.size() > static_cast<std::size_t>(impl_->options.context)) {
    throw Error(ErrorCode::context_full, "the context is full: " + std::to_string(ids.size()) +
                                             " tokens do not fit in " +
                                             std::to_string(impl_->options.context));
  }
  std::vector<BatchRow>& rows = impl_->append_rows;
  rows.clear();
  for (const TokenId id : ids) rows.push_back({id, sequence, position++, false});
  if (!rows.empty()) rows.back().wants_logits = true;
  evaluate(rows);
}

void Evaluator::submit(std::span<const BatchRow> rows) { impl_->submit(rows); }

bool Evaluator::advance(std::chrono::nanoseconds budget) {
  const auto now = Forward::Clock::now();
  const auto longest = Forward::Clock::time_point::max() - now;
  return impl_->advance(budget < longest ? now + budget : Forward::Clock::time_point::max());
}

void Evaluator::discard() noexcept { impl_->discard(); }

std::span<const float> Evaluator::logits(std::int32_t i) const {
  if (i < 0 || i >= logits_rows()) {
    throw Error(ErrorCode::invalid_argument, "there are no logits " + std::to_string(i) +
                                                 ": the last batch has " +
                                                 std::to_string(logits_rows()));
  }
  return impl_->forward.logits(static_cast<std::size_t>(i));
}

std::int32_t Evaluator::logits_rows() const noexcept { return impl_->forward.logits_rows(); }

void Evaluator::cancel() noexcept { impl_->cancel.store(true, std::memory_order_relaxed); }
void Evaluator::clear_cancel() noexcept { impl_->cancel.store(false, std::memory_order_relaxed); }

void Evaluator::on_progress(std::function<bool(std::int64_t done, std::int64_t total)> callback) {
  impl_->progress = std::move(callback);
}

void Evaluator::on_matrix_input(std::function<void(const MatrixInput& input)> callback) {
  impl_->forward.observe(std::move(callback));
}

}  // namespace tlite
