#include "model/model_runner.hpp"

#include "base/float_env.hpp"

#include <string>

#include <tlite/error.hpp>

namespace tlite {

namespace {

void check_wanted(const char* what, const char* option, std::int64_t wanted, std::int32_t most) {
  if (wanted <= most) return;
  throw Error(ErrorCode::invalid_argument, std::to_string(wanted) + " rows want " + what + "; " +
                                               option + " is " + std::to_string(most));
}

}  // namespace

ModelRunner::ModelRunner(const ModelConfig& config, const ModelWeights& weights,
                         const WeightSource& source, const EvaluatorOptions& resolved,
                         const std::shared_ptr<Allocator>& allocator, BadRows bad_rows)
    : config_(config),
      options_(resolved),
      sequences_(KvLayout(config, *resolved.kv_type, source), resolved, allocator),
      forward_(config, weights, sequences_.layout(), resolved, allocator),
      pool_(resolved.threads),
      bad_rows_(bad_rows) {}

void ModelRunner::check(std::span<const BatchRow> rows) const {
  if (rows.empty()) throw Error(ErrorCode::invalid_argument, "the batch has no rows");
  std::int64_t logits = 0;
  std::int64_t hidden = 0;
  for (std::size_t i = 0; i < rows.size(); ++i) {
    logits += rows[i].wants_logits ? 1 : 0;
    hidden += rows[i].wants_hidden ? 1 : 0;
    if (rows[i].token >= 0 && rows[i].token < config_.vocab_size) continue;
    throw Error(ErrorCode::invalid_argument,
                "row " + std::to_string(i) + " has the token " + std::to_string(rows[i].token) +
                    "; the vocabulary has " + std::to_string(config_.vocab_size));
  }
  check_wanted("logits", "max_logits_rows", logits, options_.max_logits_rows);
  check_wanted("hidden states", "max_hidden_rows", hidden, options_.max_hidden_rows);
}

void ModelRunner::submit(std::span<const BatchRow> rows) {
  if (in_flight_) {
    throw Error(ErrorCode::bad_state, "a batch is in flight: advance it to its end or discard it");
  }
  check(rows);
  sequences_.reserve(rows);
  forward_.start(rows, [&](SequenceId id) { return sequences_.pages(id); });
  in_flight_ = true;
}

bool ModelRunner::advance(Clock::time_point deadline, const RunState& run) {
  if (!in_flight_) throw Error(ErrorCode::bad_state, "no batch is in flight: submit one");
  const DefaultFloatEnv arithmetic;
  try {
    bool done = false;
    pool_.enter([&] { done = forward_.advance(deadline, pool_, run, progress_); });
    if (!done) return false;
    if (bad_rows_ == BadRows::fail_batch) forward_.require_finite();
  } catch (...) {
    discard();
    throw;
  }
  sequences_.commit();
  in_flight_ = false;
  return true;
}

void ModelRunner::discard() noexcept {
  if (std::exchange(in_flight_, false)) sequences_.roll_back();
}

}  // namespace tlite
