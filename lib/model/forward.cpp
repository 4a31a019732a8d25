#include "model/forward.hpp"

#include "format/tensor_list.hpp"
#include "kernels/activations.hpp"
#include "model/plan.hpp"
#include "tensor/dtype.hpp"

#include <algorithm>
#include <array>
#include <cmath>
#include <cstring>
#include <string>

#include <tlite/error.hpp>

namespace tlite {
namespace {

std::size_t size(std::int32_t value) noexcept { return static_cast<std::size_t>(value); }

// Floating point operations of a step and thread: about two milliseconds of a slow core.
constexpr double kStepWork = 64e6;

// Elements of an activation unit.
constexpr std::size_t kPiece = 4096;

void add(std::span<const float> from, float* to) noexcept {
  for (std::size_t i = 0; i < from.size(); ++i) to[i] += from[i];
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
  finite_.resize(size(resolved.max_logits_rows));
}

void Forward::start(std::span<const BatchRow> rows,
                    FunctionRef<const KvPageRef*(SequenceId)> pages_of) noexcept {
  batch_.clear();
  for (const BatchRow& row : rows) {
    batch_.push_back(
        {row.token, row.sequence, row.position, row.wants_logits, pages_of(row.sequence)});
  }
  first_ = 0;
  logits_count_ = 0;
  logits_done_ = 0;
  begin_chunk();
}

std::span<const float> Forward::logits(std::size_t i) const noexcept {
  return {scratch_.logits + i * vocab_, vocab_};
}

void Forward::begin_chunk() noexcept {
  count_ = std::min(max_rows_, batch_.size() - first_);
  active_ = count_;
  layer_ = 0;
  enter_phase(Phase::embed);
}

void Forward::enter_phase(Phase phase) noexcept {
  phase_ = phase;
  unit_ = 0;
  preparing_ = needs_preparation();
}

bool Forward::needs_preparation() const noexcept {
  for (const Matrix& matrix : matrices().list) {
    if (matrix.linear != nullptr && matrix.linear->activation_format() != ActivationFormat::f32) {
      return true;
    }
  }
  return false;
}

// In the last layer only the rows that want logits attend.
void Forward::plan_attention() noexcept {
  attention_rows_.clear();
  for (std::size_t i = 0; i < count_; ++i) {
    const ForwardRow& row = batch_[first_ + i];
    if (last_layer() && !row.wants_logits) continue;
    attention_rows_.push_back({row.pages, row.position, i});
  }
  const bool windowed =
      config_.sliding_window.has_value() && layer_ >= size(config_.max_window_layers);
  attention_.plan(attention_rows_, windowed, threads_);
}

// Moves the residual rows that want logits to the front; attention has put its results there.
void Forward::keep_logits_rows() noexcept {
  active_ = attention_rows_.size();
  for (std::size_t i = 0; i < active_; ++i) {
    const std::size_t from = attention_rows_[i].source;
    if (from == i) continue;
    std::memcpy(scratch_.x + i * hidden_, scratch_.x + from * hidden_, hidden_ * sizeof(float));
  }
}

bool Forward::finish_chunk(const Progress& progress) {
  logits_count_ += active_;
  first_ += count_;
  if (progress &&
      !progress(static_cast<std::int64_t>(first_), static_cast<std::int64_t>(batch_.size()))) {
    throw Error(ErrorCode::cancelled, "cancelled by the progress callback");
  }
  if (first_ < batch_.size()) {
    begin_chunk();
    return false;
  }
  logits_done_ = logits_count_;
  return true;
}

void Forward::next_phase() {
  switch (phase_) {
    case Phase::append:
      plan_attention();
      if (last_layer()) keep_logits_rows();
      // Without a row that wants logits the last layer ends with its keys and values.
      return enter_phase(active_ == 0 ? Phase::check : Phase::attend);
    case Phase::next_norm:
      if (last_layer()) return enter_phase(Phase::lm_head);
      ++layer_;
      return enter_phase(Phase::qkv);
    default:
      return enter_phase(static_cast<Phase>(static_cast<int>(phase_) + 1));
  }
}

// The matrices of a phase and the rows they read.
Forward::Matrices Forward::matrices() const noexcept {
  const auto matrix = [this](TensorKind kind, float* y) {
    return Matrix{kind, &weights_.matrix(id(kind)), y};
  };
  switch (phase_) {
    case Phase::qkv:
      return {scratch_.normed,
              {matrix(TensorKind::q, scratch_.q), matrix(TensorKind::k, scratch_.k),
               matrix(TensorKind::v, scratch_.v)}};
    case Phase::output:
      return {scratch_.attended, {matrix(TensorKind::o, scratch_.delta)}};
    case Phase::gate_up:
      return {scratch_.normed,
              {matrix(TensorKind::gate, scratch_.gate), matrix(TensorKind::up, scratch_.up)}};
    case Phase::down:
      return {scratch_.gate, {matrix(TensorKind::down, scratch_.delta)}};
    case Phase::lm_head:
      return {scratch_.normed,
              {matrix(TensorKind::lm_head, scratch_.logits + logits_count_ * vocab_)}};
    default:
      return {};
  }
}

void Forward::observe_inputs() const {
  const Matrices phase = matrices();
  if (phase.x == nullptr) return;
  for (const Matrix& matrix : phase.list) {
    if (matrix.linear == nullptr) continue;
    const TensorId read =
        matrix.kind == TensorKind::lm_head ? output_matrix(config_) : id(matrix.kind);
    const std::string name = hugging_face_name(read);
    const std::size_t columns = matrix.linear->in_features();
    observer_({name, {phase.x, active_ * columns}, columns});
  }
}

std::size_t Forward::units() const noexcept {
  if (preparing_) return active_;
  switch (phase_) {
    case Phase::attend:
      return attention_.units();
    case Phase::merge:
      return attention_.merge_units();
    case Phase::activate:
      return active_ * ((inner_ + kPiece - 1) / kPiece);
    case Phase::embed:
    case Phase::append:
    case Phase::post_norm:
    case Phase::next_norm:
    case Phase::check:
      return active_;
    default:
      break;
  }
  std::size_t chunks = 0;
  for (const Matrix& matrix : matrices().list) {
    if (matrix.linear != nullptr) chunks += matrix.linear->chunks(active_);
  }
  return chunks;
}

// Floating point operations of the whole phase, where they count.
double Forward::work() const noexcept {
  if (preparing_) return 0;
  if (phase_ == Phase::attend) return attention_.work();
  double work = 0;
  for (const Matrix& matrix : matrices().list) {
    if (matrix.linear == nullptr) continue;
    work += 2.0 * static_cast<double>(active_) *
            static_cast<double>(matrix.linear->out_features()) *
            static_cast<double>(matrix.linear->in_features());
  }
  return work;
}

std::size_t Forward::units_a_step(int threads) const noexcept {
  const std::size_t all = units();
  const double share = kStepWork * threads / std::max(work(), 1.0);
  if (share >= 1.0) return all;
  const auto some = static_cast<std::size_t>(share * static_cast<double>(all));
  // Whole rounds: every thread has a unit in each of them.
  const auto round = static_cast<std::size_t>(threads);
  return std::max((some + round - 1) / round, std::size_t{1}) * round;
}

// One row in each form that the phase's matrices read; q, k and v mostly share one.
void Forward::prepare_row(std::size_t row) noexcept {
  const Matrices phase = matrices();
  bool done[kActivationFormats] = {};
  for (const Matrix& matrix : phase.list) {
    if (matrix.linear == nullptr) continue;
    const ActivationFormat format = matrix.linear->activation_format();
    const auto index = static_cast<std::size_t>(format);
    if (format == ActivationFormat::f32 || done[index]) continue;
    done[index] = true;
    const std::size_t in = matrix.linear->in_features();
    prepare_activations(format, matrix.linear->activation_order(),
                        {.f32 = phase.x + row * in, .rows = 1, .stride = in}, in, row, active_,
                        scratch_.prepared[index]);
  }
}

void Forward::run_linear(std::size_t unit, int worker) noexcept {
  const Matrices phase = matrices();
  for (const Matrix& matrix : phase.list) {
    if (matrix.linear == nullptr) continue;
    const std::size_t chunks = matrix.linear->chunks(active_);
    if (unit >= chunks) {
      unit -= chunks;
      continue;
    }
    const auto format = static_cast<std::size_t>(matrix.linear->activation_format());
    const Activations x{.f32 = phase.x,
                        .rows = active_,
                        .stride = matrix.linear->in_features(),
                        .prepared = scratch_.prepared[format]};
    matrix.linear->run(unit, x, matrix.y, matrix.linear->out_features(), scratch_.worker(worker));
    return;
  }
}

void Forward::embed_row(std::size_t row) noexcept {
  const ForwardRow& from = batch_[first_ + row];
  float* x = scratch_.x + row * hidden_;
  weights_.embed(from.token, x);
  const std::size_t half = head_dim_ / 2;
  rope_.fill(from.position, scratch_.cos + row * half, scratch_.sin + row * half);
  ops_.rms_norm(x, weights_.vector({0, TensorKind::input_norm}).data(), hidden_,
                config_.rms_norm_eps, scratch_.normed + row * hidden_);
}

void Forward::append_row(std::size_t row) noexcept {
  const ForwardRow& to = batch_[first_ + row];
  const std::size_t half = head_dim_ / 2;
  const float* cos = scratch_.cos + row * half;
  const float* sin = scratch_.sin + row * half;
  float* q = scratch_.q + row * heads_ * head_dim_;
  float* k = scratch_.k + row * kv_heads_ * head_dim_;
  float* v = scratch_.v + row * kv_heads_ * head_dim_;
  add(weights_.vector(id(TensorKind::q_bias)), q);
  add(weights_.vector(id(TensorKind::k_bias)), k);
  add(weights_.vector(id(TensorKind::v_bias)), v);
  for (std::size_t head = 0; head < heads_; ++head) rotate(q + head * head_dim_, cos, sin, half);
  for (std::size_t head = 0; head < kv_heads_; ++head) rotate(k + head * head_dim_, cos, sin, half);
  const float scale = 1.0F / std::sqrt(static_cast<float>(head_dim_));
  for (std::size_t i = 0; i < heads_ * head_dim_; ++i) q[i] *= scale;

  std::byte* page = to.pages[size(to.position) / kPagePositions].data();
  const std::size_t slot = size(to.position) % kPagePositions;
  for (std::size_t head = 0; head < kv_heads_; ++head) {
    store_keys(layout_.key_type(layer_), k + head * head_dim_, head_dim_, slot,
               page + layout_.keys_offset(layer_, head));
    store_values(layout_.value_type(layer_), v + head * head_dim_, head_dim_, slot,
                 page + layout_.values_offset(layer_, head));
  }
}

void Forward::norm_row(std::size_t row, std::span<const float> weight) noexcept {
  float* x = scratch_.x + row * hidden_;
  const float* delta = scratch_.delta + row * hidden_;
  for (std::size_t i = 0; i < hidden_; ++i) x[i] += delta[i];
  ops_.rms_norm(x, weight.data(), hidden_, config_.rms_norm_eps, scratch_.normed + row * hidden_);
}

// Of the layer that comes next, or after the last one the model's own.
std::span<const float> Forward::next_norm() const noexcept {
  if (last_layer()) return weights_.vector({.kind = TensorKind::final_norm});
  return weights_.vector({static_cast<std::int32_t>(layer_ + 1), TensorKind::input_norm});
}

void Forward::activate_piece(std::size_t unit) noexcept {
  const std::size_t pieces = (inner_ + kPiece - 1) / kPiece;
  const std::size_t first = unit % pieces * kPiece;
  const std::size_t at = unit / pieces * inner_ + first;
  ops_.silu_multiply(scratch_.gate + at, scratch_.up + at, std::min(kPiece, inner_ - first));
}

void Forward::check_row(std::size_t row) noexcept {
  const std::size_t index = logits_count_ + row;
  const std::span<const float> values = logits(index);
  finite_[index] =
      std::all_of(values.begin(), values.end(), [](float x) { return std::isfinite(x); });
}

void Forward::run_unit(std::size_t unit, int worker) noexcept {
  if (preparing_) return prepare_row(unit);
  switch (phase_) {
    case Phase::embed:
      return embed_row(unit);
    case Phase::append:
      return append_row(unit);
    case Phase::attend:
      return attention_.run(unit, layer_, scratch_, worker);
    case Phase::merge:
      return attention_.merge(unit, scratch_);
    case Phase::post_norm:
      return norm_row(unit, weights_.vector(id(TensorKind::post_attention_norm)));
    case Phase::activate:
      return activate_piece(unit);
    case Phase::next_norm:
      return norm_row(unit, next_norm());
    case Phase::check:
      return check_row(unit);
    default:
      return run_linear(unit, worker);
  }
}

void Forward::require_finite() const {
  std::size_t index = 0;
  for (const ForwardRow& row : batch_) {
    if (!row.wants_logits || is_finite(index++)) continue;
    throw Error(ErrorCode::corrupt,
                "the logits of sequence " + std::to_string(row.sequence) + " at position " +
                    std::to_string(row.position) +
                    " are not finite: a weight of the model is NaN or infinite, or the model "
                    "overflows");
  }
}

bool Forward::step(ThreadPool& pool, const RunState& run, const Progress& progress) {
  const std::size_t all = units();
  const std::size_t begin = unit_;
  const std::size_t end = std::min(all, begin + units_a_step(pool.threads()));
  pool.parallel_for(end - begin, [&](std::size_t unit, int worker) {
    if (!run.cancelled()) run_unit(begin + unit, worker);
  });
  if (run.cancelled()) throw Error(ErrorCode::cancelled, "cancelled");
  unit_ = end;
  if (end < all) return false;
  if (preparing_) {
    preparing_ = false;
    unit_ = 0;
    return false;
  }
  if (phase_ != Phase::check) {
    next_phase();
    if (observer_) observe_inputs();
    return false;
  }
  return finish_chunk(progress);
}

bool Forward::advance(Clock::time_point deadline, ThreadPool& pool, const RunState& run,
                      const Progress& progress) {
  while (!step(pool, run, progress)) {
    if (deadline != Clock::time_point::max() && Clock::now() > deadline) return false;
  }
  return true;
}

}  // namespace tlite
