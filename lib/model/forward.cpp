#include "model/forward.hpp"

#include <algorithm>
#include <string>
#include <utility>

#include <tlite/error.hpp>

namespace tlite {
namespace {

std::size_t size(std::int32_t value) noexcept { return static_cast<std::size_t>(value); }

// Floating point operations of a step and thread: about two milliseconds of a slow core.
constexpr double kStepWork = 64e6;
// Who wants the thread back within a frame gets shorter steps: half a millisecond for one row, which
// takes as long as its bytes of weights take through memory; and, since no unit is smaller than some
// columns of a matrix for all rows of a chunk, chunks of fewer rows. 128 are as fast as 512 are.
constexpr auto kFrame = std::chrono::milliseconds(17);
constexpr double kFrameStepWork = 32e6;
constexpr std::size_t kFrameRows = 128;

[[noreturn]] void throw_not_finite(const std::string& what, const ForwardRow& row) {
  throw Error(ErrorCode::corrupt,
              "the " + what + " of sequence " + std::to_string(row.sequence) + " at position " +
                  std::to_string(row.position) +
                  " are not finite: a weight of the model is NaN or infinite, or the model "
                  "overflows");
}

}  // namespace

Forward::Forward(const ModelConfig& config, const ModelWeights& weights, const KvLayout& layout,
                 const EvaluatorOptions& resolved, std::shared_ptr<Allocator> allocator)
    : config_(config),
      weights_(weights),
      ops_(kernel_ops(weights.tier())),
      layout_(layout),
      layers_(size(config.num_hidden_layers)),
      hidden_(size(config.hidden_size)),
      inner_(size(config.intermediate_size)),
      heads_(size(config.num_attention_heads)),
      kv_heads_(size(config.num_key_value_heads)),
      head_dim_(size(config.head_dim)),
      vocab_(size(config.vocab_size)),
      max_rows_(size(resolved.max_batch_rows)),
      threads_(resolved.threads),
      rope_(config),
      scratch_(config, resolved, weights.prepares_activations(), std::move(allocator)),
      attention_(config, layout_, ops_, resolved, scratch_.part_slots) {
  batch_.reserve(size(resolved.context));
  attention_rows_.reserve(max_rows_);
  hidden_from_.reserve(max_rows_);
  finite_.resize(size(resolved.max_logits_rows));
  hidden_finite_.resize(size(resolved.max_hidden_rows));
}

void Forward::start(std::span<const BatchRow> rows,
                    FunctionRef<const KvPageRef*(SequenceId)> pages_of) noexcept {
  batch_.clear();
  for (const BatchRow& row : rows) {
    batch_.push_back({row.token, row.sequence, row.position, row.wants_logits, row.wants_hidden,
                      pages_of(row.sequence)});
  }
  first_ = 0;
  logits_count_ = 0;
  logits_done_ = 0;
  hidden_count_ = 0;
  hidden_done_ = 0;
  count_ = 0;
}

std::span<const float> Forward::logits(std::size_t i) const noexcept {
  return {scratch_.logits + i * vocab_, vocab_};
}

std::span<const float> Forward::hidden(std::size_t i) const noexcept {
  return {scratch_.states + i * hidden_, hidden_};
}

void Forward::begin_chunk() noexcept {
  const std::size_t most = in_frame_ ? std::min(max_rows_, kFrameRows) : max_rows_;
  count_ = std::min(most, batch_.size() - first_);
  active_ = count_;
  hidden_from_.clear();
  layer_ = 0;
  enter_phase(Phase::embed);
}

void Forward::enter_phase(Phase phase) noexcept {
  phase_ = phase;
  const PhaseRow& row = row_of(phase);
  const Products& products = row.products;
  for (std::size_t i = 0; i < products.count; ++i) {
    const Product& product = products.list[i];
    // The logits of earlier chunks stay.
    const std::size_t before = product.matrix == TensorKind::lm_head ? logits_count_ * vocab_ : 0;
    matrix_space_[i] = {product.matrix, &weights_.matrix(id(product.matrix)),
                        scratch_.*product.y + before};
  }
  matrices_ = {matrix_space_.data(), products.count};
  x_ = products.count > 0 ? scratch_.*products.x : nullptr;
  units_ = (this->*row.units)();
  unit_ = 0;
}

void Forward::next_phase() {
  const PhaseRow& done = row_of(phase_);
  enter_phase(done.decide != nullptr ? (this->*done.decide)() : done.next);
  const PhaseRow& row = row_of(phase_);
  if (row.begin != nullptr) (this->*row.begin)();
}

bool Forward::finish_chunk(const Progress& progress) {
  logits_count_ += active_;
  hidden_count_ += hidden_from_.size();
  first_ += std::exchange(count_, 0);
  if (progress &&
      !progress(static_cast<std::int64_t>(first_), static_cast<std::int64_t>(batch_.size()))) {
    throw Error(ErrorCode::cancelled, "cancelled by the progress callback");
  }
  if (first_ < batch_.size()) return false;
  logits_done_ = logits_count_;
  hidden_done_ = hidden_count_;
  return true;
}

void Forward::require_finite() const {
  std::size_t logits = 0;
  std::size_t hidden = 0;
  for (const ForwardRow& row : batch_) {
    if (row.wants_logits && !is_finite(logits++)) throw_not_finite("logits", row);
    if (row.wants_hidden && !is_hidden_finite(hidden++)) throw_not_finite("hidden states", row);
  }
}

std::size_t Forward::units_a_step(int threads) const noexcept {
  const auto work = row_of(phase_).work;
  if (work == nullptr) return units_;
  const double share =
      (in_frame_ ? kFrameStepWork : kStepWork) * threads / std::max((this->*work)(), 1.0);
  if (share >= 1.0) return units_;
  const auto some = static_cast<std::size_t>(share * static_cast<double>(units_));
  // Whole rounds: every thread has a unit in each of them.
  const auto round = static_cast<std::size_t>(threads);
  return std::max((some + round - 1) / round, std::size_t{1}) * round;
}

bool Forward::step(ThreadPool& pool, const RunState& run, const Progress& progress) {
  if (count_ == 0) begin_chunk();
  const auto run_unit = row_of(phase_).run;
  const std::size_t begin = unit_;
  const std::size_t end = std::min(units_, begin + units_a_step(pool.threads()));
  pool.parallel_for(end - begin, [&](std::size_t unit, int worker) {
    if (!run.cancelled()) (this->*run_unit)(begin + unit, worker);
  });
  if (run.cancelled()) throw Error(ErrorCode::cancelled, "cancelled");
  unit_ = end;
  if (end < units_) return false;
  if (phase_ == Phase::check) return finish_chunk(progress);
  // A phase without units takes no step: nothing to prepare, or nothing to merge.
  do {
    next_phase();
  } while (units_ == 0 && phase_ != Phase::check);
  return false;
}

bool Forward::advance(Clock::time_point deadline, ThreadPool& pool, const RunState& run,
                      const Progress& progress) {
  in_frame_ = deadline < Clock::now() + kFrame;
  while (!step(pool, run, progress)) {
    if (deadline != Clock::time_point::max() && Clock::now() > deadline) return false;
  }
  return true;
}

}  // namespace tlite
