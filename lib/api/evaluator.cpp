// The body of Evaluator: a handle to a ModelRunner for who drives batches himself. One thread at a
// time but for cancel(); what a batch may be is checked by the runner.
#include "api/model_impl.hpp"
#include "base/deadline.hpp"
#include "model/model_runner.hpp"
#include "model/plan.hpp"

#include <string>
#include <utility>
#include <vector>

#include <tlite/error.hpp>
#include <tlite/evaluator.hpp>

namespace tlite {

using Clock = BatchModel::Clock;

struct Evaluator::Impl {
  Impl(Model the_model, const EvaluatorOptions& asked)
      : model(std::move(the_model)),
        runner(model.info().config, *model.impl().weights, *model.impl().source,
               resolve(asked, model.info().weight_type), model.impl().host.allocator,
               BadRows::fail_batch) {
    run.start();
    // The longest append there can be: after this none allocates.
    append_rows.reserve(static_cast<std::size_t>(runner.options().context));
  }

  bool advance(Clock::time_point deadline) {
    try {
      return runner.advance(deadline, run);
    } catch (const Error& error) {
      // A cancel is used up by what it stopped.
      if (error.code() == ErrorCode::cancelled) run.start();
      throw;
    }
  }

  Model model;
  ModelRunner runner;
  RunState run;  // always running: a cancel without work waits for the next
  std::vector<BatchRow> append_rows;
};

Evaluator::Evaluator(Model model, const EvaluatorOptions& options)
    : impl_(std::make_unique<Impl>(std::move(model), options)) {}
Evaluator::~Evaluator() = default;
Evaluator::Evaluator(Evaluator&&) noexcept = default;
Evaluator& Evaluator::operator=(Evaluator&&) noexcept = default;

const Model& Evaluator::model() const noexcept { return impl_->model; }
const EvaluatorOptions& Evaluator::options() const noexcept { return impl_->runner.options(); }

SequenceId Evaluator::create_sequence() { return impl_->runner.create(); }
void Evaluator::destroy_sequence(SequenceId sequence) { impl_->runner.destroy(sequence); }
std::int32_t Evaluator::length(SequenceId sequence) const { return impl_->runner.length(sequence); }

SequenceId Evaluator::fork(SequenceId sequence, std::int32_t length) {
  return impl_->runner.create(impl_->runner.prefix(sequence, length));
}

// Pages are of one layout only where model and kv_type are the same: the very same model, not one
// that was loaded from the same files.
SequenceId Evaluator::adopt(const Evaluator& other, SequenceId sequence, std::int32_t length) {
  if (&other.impl_->model.impl() != &impl_->model.impl()) {
    throw Error(ErrorCode::invalid_argument, "the other evaluator runs another model");
  }
  const auto kv_type = [](const Evaluator& evaluator) { return *evaluator.options().kv_type; };
  if (kv_type(other) != kv_type(*this)) {
    throw Error(ErrorCode::invalid_argument,
                "the other evaluator's kv_type is " + std::string(to_string(kv_type(other))) +
                    ", this one's " + std::string(to_string(kv_type(*this))));
  }
  return impl_->runner.create(other.impl_->runner.prefix(sequence, length));
}

void Evaluator::truncate(SequenceId sequence, std::int32_t length) {
  impl_->runner.truncate(sequence, length);
}

std::int32_t Evaluator::free_positions() const noexcept { return impl_->runner.free_positions(); }

void Evaluator::evaluate(std::span<const BatchRow> rows) {
  impl_->runner.submit(rows);
  impl_->advance(Clock::time_point::max());
}

void Evaluator::append(SequenceId sequence, std::span<const TokenId> ids) {
  std::int32_t position = length(sequence);
  if (ids.size() > static_cast<std::size_t>(options().context)) {
    throw Error(ErrorCode::context_full, "the context is full: " + std::to_string(ids.size()) +
                                             " tokens do not fit in " +
                                             std::to_string(options().context));
  }
  std::vector<BatchRow>& rows = impl_->append_rows;
  rows.clear();
  for (const TokenId id : ids) {
    rows.push_back({.token = id, .sequence = sequence, .position = position++});
  }
  if (!rows.empty()) rows.back().wants_logits = true;
  evaluate(rows);
}

void Evaluator::submit(std::span<const BatchRow> rows) { impl_->runner.submit(rows); }

bool Evaluator::advance(std::chrono::nanoseconds budget) {
  return impl_->advance(deadline_after(budget));
}

void Evaluator::discard() noexcept { impl_->runner.discard(); }

std::span<const float> Evaluator::logits(std::int32_t i) const {
  if (i < 0 || i >= logits_rows()) {
    throw Error(ErrorCode::invalid_argument, "there are no logits " + std::to_string(i) +
                                                 ": the last batch has " +
                                                 std::to_string(logits_rows()));
  }
  return impl_->runner.logits(static_cast<std::size_t>(i));
}

std::int32_t Evaluator::logits_rows() const noexcept { return impl_->runner.logits_rows(); }

std::span<const float> Evaluator::hidden(std::int32_t i) const {
  if (i < 0 || i >= hidden_rows()) {
    throw Error(ErrorCode::invalid_argument, "there is no hidden state " + std::to_string(i) +
                                                 ": the last batch has " +
                                                 std::to_string(hidden_rows()));
  }
  return impl_->runner.hidden(static_cast<std::size_t>(i));
}

std::int32_t Evaluator::hidden_rows() const noexcept { return impl_->runner.hidden_rows(); }

void Evaluator::cancel() noexcept { impl_->run.cancel(); }
void Evaluator::clear_cancel() noexcept { impl_->run.start(); }

void Evaluator::on_progress(std::function<bool(std::int64_t done, std::int64_t total)> callback) {
  impl_->runner.on_progress(std::move(callback));
}

void Evaluator::on_matrix_input(std::function<void(const MatrixInput& input)> callback) {
  impl_->runner.on_matrix_input(std::move(callback));
}

}  // namespace tlite
