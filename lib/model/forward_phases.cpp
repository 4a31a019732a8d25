// What the phases of the forward pass do, and at the end the table that says in which order.
//
// The order, Qwen2's: Hugging Face's modeling_qwen2.py.
#include "format/tensor_list.hpp"
#include "kernels/activations.hpp"
#include "model/forward.hpp"
#include "model/plan.hpp"
#include "tensor/dtype.hpp"

#include <algorithm>
#include <cmath>
#include <cstring>
#include <string>

namespace tlite {
namespace {

std::size_t size(std::int32_t value) noexcept { return static_cast<std::size_t>(value); }

// Elements of an activation unit.
constexpr std::size_t kPiece = 4096;

void add(std::span<const float> from, float* to) noexcept {
  for (std::size_t i = 0; i < from.size(); ++i) to[i] += from[i];
}

bool all_finite(std::span<const float> values) noexcept {
  return std::all_of(values.begin(), values.end(), [](float x) { return std::isfinite(x); });
}

}  // namespace

// Matrices: the input is shown and put into the forms that they read, then they are multiplied.

void Forward::show() const {
  if (!observer_) return;
  for (const Matrix& matrix : matrices_) {
    const bool is_output = matrix.kind == TensorKind::lm_head;
    const std::string name =
        hugging_face_name(is_output ? output_matrix(config_) : id(matrix.kind));
    const std::size_t columns = matrix.linear->in_features();
    observer_({name, {x_, active_ * columns}, columns});
  }
}

std::size_t Forward::unprepared() const noexcept {
  const bool any = std::any_of(matrices_.begin(), matrices_.end(), [](const Matrix& matrix) {
    return matrix.linear->activation_format() != ActivationFormat::f32;
  });
  return any ? active_ : 0;
}

// One row in each form that the matrices read; q, k and v mostly share one.
void Forward::prepare_row(std::size_t row, int /*worker*/) noexcept {
  bool done[kActivationFormats] = {};
  for (const Matrix& matrix : matrices_) {
    const ActivationFormat format = matrix.linear->activation_format();
    const auto index = static_cast<std::size_t>(format);
    if (format == ActivationFormat::f32 || done[index]) continue;
    done[index] = true;
    const std::size_t in = matrix.linear->in_features();
    prepare_activations(format, matrix.linear->activation_order(),
                        {.f32 = x_ + row * in, .rows = 1, .stride = in}, in, row, active_,
                        scratch_.prepared[index]);
  }
}

std::size_t Forward::chunks() const noexcept {
  std::size_t chunks = 0;
  for (const Matrix& matrix : matrices_) chunks += matrix.linear->chunks(active_);
  return chunks;
}

double Forward::multiply_work() const noexcept {
  double work = 0;
  for (const Matrix& matrix : matrices_) {
    work += 2.0 * static_cast<double>(active_) *
            static_cast<double>(matrix.linear->out_features()) *
            static_cast<double>(matrix.linear->in_features());
  }
  return work;
}

void Forward::multiply(std::size_t chunk, int worker) noexcept {
  for (const Matrix& matrix : matrices_) {
    const std::size_t chunks = matrix.linear->chunks(active_);
    if (chunk >= chunks) {
      chunk -= chunks;
      continue;
    }
    const auto format = static_cast<std::size_t>(matrix.linear->activation_format());
    const Activations x{.f32 = x_,
                        .rows = active_,
                        .stride = matrix.linear->in_features(),
                        .prepared = scratch_.prepared[format]};
    matrix.linear->run(chunk, x, matrix.y, matrix.linear->out_features(), scratch_.worker(worker));
    return;
  }
}

// Attention.

void Forward::append_row(std::size_t row, int /*worker*/) noexcept {
  const ForwardRow& to = batch_[first_ + row];
  const std::size_t half = head_dim_ / 2;
  const float* cos = scratch_.cos + row * half;
  const float* sin = scratch_.sin + row * half;
  float* q = scratch_.q + row * heads_ * head_dim_;
  float* k = scratch_.k + row * kv_heads_ * head_dim_;
  float* v = scratch_.v + row * kv_heads_ * head_dim_;
  add(vector(TensorKind::q_bias), q);
  add(vector(TensorKind::k_bias), k);
  add(vector(TensorKind::v_bias), v);
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

// In the last layer only the rows of which something is wanted attend.
void Forward::plan_attention() noexcept {
  attention_rows_.clear();
  for (std::size_t i = 0; i < count_; ++i) {
    const ForwardRow& row = batch_[first_ + i];
    if (last_layer() && !row.wants_logits && !row.wants_hidden) continue;
    attention_rows_.push_back({row.pages, row.position, i});
  }
  const bool windowed =
      config_.sliding_window.has_value() && layer_ >= size(config_.max_window_layers);
  attention_.plan(attention_rows_, windowed, threads_);
}

// Moves the residual rows that go on to the front; attention puts its results there.
void Forward::keep_wanted_rows() noexcept {
  active_ = attention_rows_.size();
  for (std::size_t i = 0; i < active_; ++i) {
    const std::size_t from = attention_rows_[i].source;
    if (from == i) continue;
    std::memcpy(scratch_.x + i * hidden_, scratch_.x + from * hidden_, hidden_ * sizeof(float));
  }
}

// Without a row of which something is wanted the last layer ends with its keys and values.
Forward::Phase Forward::after_append() noexcept {
  plan_attention();
  if (last_layer()) keep_wanted_rows();
  return active_ == 0 ? Phase::check : Phase::attend;
}

void Forward::attend_unit(std::size_t unit, int worker) noexcept {
  attention_.run(unit, layer_, scratch_, worker);
}

void Forward::merge_unit(std::size_t unit, int /*worker*/) noexcept {
  attention_.merge(unit, scratch_);
}

// The residual stream: where it begins, what is added to it, how it is read.

void Forward::embed_row(std::size_t row, int /*worker*/) noexcept {
  const ForwardRow& from = batch_[first_ + row];
  float* x = scratch_.x + row * hidden_;
  weights_.embed(from.token, x);
  const std::size_t half = head_dim_ / 2;
  rope_.fill(from.position, scratch_.cos + row * half, scratch_.sin + row * half);
  ops_.rms_norm(x, vector(TensorKind::input_norm).data(), hidden_, config_.rms_norm_eps,
                scratch_.normed + row * hidden_);
}

void Forward::add_delta(std::size_t row, std::span<const float> norm) noexcept {
  float* x = scratch_.x + row * hidden_;
  add({scratch_.delta + row * hidden_, hidden_}, x);
  ops_.rms_norm(x, norm.data(), hidden_, config_.rms_norm_eps, scratch_.normed + row * hidden_);
}

void Forward::post_norm_row(std::size_t row, int /*worker*/) noexcept {
  add_delta(row, vector(TensorKind::post_attention_norm));
}

// Of the layer that comes next, or after the last one the model's own.
void Forward::next_norm_row(std::size_t row, int /*worker*/) noexcept {
  const auto next = static_cast<std::int32_t>(layer_ + 1);
  add_delta(row, last_layer() ? vector(TensorKind::final_norm)
                              : weights_.vector({next, TensorKind::input_norm}));
}

Forward::Phase Forward::after_layer() noexcept {
  if (last_layer()) {
    for (std::size_t i = 0; i < active_; ++i) {
      if (row_behind(i).wants_hidden) hidden_from_.push_back(i);
    }
    return Phase::keep_hidden;
  }
  ++layer_;
  return Phase::prepare_qkv;
}

// Behind the last layer: hidden states are kept for who asked for them, and the head follows for
// the rows that want logits alone.

void Forward::keep_hidden_row(std::size_t index, int /*worker*/) noexcept {
  const float* from = scratch_.normed + hidden_from_[index] * hidden_;
  const std::size_t to = hidden_count_ + index;
  std::memcpy(scratch_.states + to * hidden_, from, hidden_ * sizeof(float));
  hidden_finite_[to] = all_finite(hidden(to));
}

void Forward::keep_logits_rows() noexcept {
  std::size_t kept = 0;
  for (std::size_t i = 0; i < active_; ++i) {
    if (!row_behind(i).wants_logits) continue;
    float* const normed = scratch_.normed;
    if (kept != i) {
      std::memcpy(normed + kept * hidden_, normed + i * hidden_, hidden_ * sizeof(float));
    }
    ++kept;
  }
  active_ = kept;
}

Forward::Phase Forward::after_hidden() noexcept {
  keep_logits_rows();
  return active_ == 0 ? Phase::check : Phase::prepare_lm_head;
}

// Between the matrices of the MLP, and behind the last one.

std::size_t Forward::pieces() const noexcept { return active_ * ((inner_ + kPiece - 1) / kPiece); }

void Forward::activate_piece(std::size_t piece, int /*worker*/) noexcept {
  const std::size_t pieces = (inner_ + kPiece - 1) / kPiece;
  const std::size_t first = piece % pieces * kPiece;
  const std::size_t at = piece / pieces * inner_ + first;
  ops_.silu_multiply(scratch_.gate + at, scratch_.up + at, std::min(kPiece, inner_ - first));
}

void Forward::check_row(std::size_t row, int /*worker*/) noexcept {
  const std::size_t index = logits_count_ + row;
  finite_[index] = all_finite(logits(index));
}

// The phases in the order in which a chunk goes through them. An architecture that has a norm more,
// or an adapter, adds a row.
struct Forward::Table {
  using F = Forward;
  using enum Phase;

  static constexpr Products kNone{};
  static constexpr Products kQkv{
      &Scratch::normed,
      3,
      {{TensorKind::q, &Scratch::q}, {TensorKind::k, &Scratch::k}, {TensorKind::v, &Scratch::v}}};
  static constexpr Products kO{&Scratch::attended, 1, {{TensorKind::o, &Scratch::delta}}};
  static constexpr Products kGateUp{
      &Scratch::normed, 2, {{TensorKind::gate, &Scratch::gate}, {TensorKind::up, &Scratch::up}}};
  static constexpr Products kDown{&Scratch::gate, 1, {{TensorKind::down, &Scratch::delta}}};
  static constexpr Products kHead{&Scratch::normed, 1, {{TensorKind::lm_head, &Scratch::logits}}};

  // clang-format off
  static constexpr PhaseRow kRows[] = {
      // phase           matrices  begin        units             work               run                 next
      {embed,            kNone,    nullptr,     &F::rows,         nullptr,           &F::embed_row,      prepare_qkv},

      {prepare_qkv,      kQkv,     &F::show,    &F::unprepared,   nullptr,           &F::prepare_row,    qkv},
      {qkv,              kQkv,     nullptr,     &F::chunks,       &F::multiply_work, &F::multiply,       append},
      {append,           kNone,    nullptr,     &F::rows,         nullptr,           &F::append_row,     attend, &F::after_append},
      {attend,           kNone,    nullptr,     &F::attend_units, &F::attend_work,   &F::attend_unit,    merge},
      {merge,            kNone,    nullptr,     &F::merge_units,  nullptr,           &F::merge_unit,     prepare_o},
      {prepare_o,        kO,       &F::show,    &F::unprepared,   nullptr,           &F::prepare_row,    o},
      {o,                kO,       nullptr,     &F::chunks,       &F::multiply_work, &F::multiply,       post_norm},
      {post_norm,        kNone,    nullptr,     &F::rows,         nullptr,           &F::post_norm_row,  prepare_gate_up},

      {prepare_gate_up,  kGateUp,  &F::show,    &F::unprepared,   nullptr,           &F::prepare_row,    gate_up},
      {gate_up,          kGateUp,  nullptr,     &F::chunks,       &F::multiply_work, &F::multiply,       activate},
      {activate,         kNone,    nullptr,     &F::pieces,       nullptr,           &F::activate_piece, prepare_down},
      {prepare_down,     kDown,    &F::show,    &F::unprepared,   nullptr,           &F::prepare_row,    down},
      {down,             kDown,    nullptr,     &F::chunks,       &F::multiply_work, &F::multiply,       next_norm},
      {next_norm,        kNone,    nullptr,     &F::rows,         nullptr,           &F::next_norm_row,  prepare_qkv, &F::after_layer},

      {keep_hidden,      kNone,    nullptr,     &F::hidden_units, nullptr,           &F::keep_hidden_row, prepare_lm_head, &F::after_hidden},
      {prepare_lm_head,  kHead,    &F::show,    &F::unprepared,   nullptr,           &F::prepare_row,    lm_head},
      {lm_head,          kHead,    nullptr,     &F::chunks,       &F::multiply_work, &F::multiply,       check},
      {check,            kNone,    nullptr,     &F::rows,         nullptr,           &F::check_row,      embed},  // of the next chunk
  };
  // clang-format on

  static constexpr bool rows_stand_by_phase() noexcept {
    std::size_t i = 0;
    for (const PhaseRow& row : kRows) {
      if (row.phase != static_cast<Phase>(i++)) return false;
    }
    return i == static_cast<std::size_t>(check) + 1;
  }
};

const Forward::PhaseRow& Forward::row_of(Phase phase) noexcept {
  static_assert(Table::rows_stand_by_phase());
  return Table::kRows[static_cast<std::size_t>(phase)];
}

}  // namespace tlite
