// The forward pass of Qwen2 as a cursor over (chunk of rows, layer, phase, units of the phase).
// What a layer is made of stands in the table at the end of forward_phases.cpp.
//
// Every phase is a set of units that do not depend on each other; between phases all threads meet.
// A step runs some units of one phase, a few milliseconds of work; between steps the pass can
// rest for any time.
#pragma once

#include "base/function_ref.hpp"
#include "base/parallel.hpp"
#include "base/run_state.hpp"
#include "kernels/ops.hpp"
#include "model/attention.hpp"
#include "model/rope.hpp"
#include "model/scratch.hpp"
#include "model/weights.hpp"

#include <array>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <span>
#include <utility>
#include <vector>

#include <tlite/batch.hpp>
#include <tlite/evaluator_options.hpp>
#include <tlite/host.hpp>
#include <tlite/model_config.hpp>
#include <tlite/tokenizer.hpp>

namespace tlite {

// A checked row with the pages that hold its sequence, its own position included.
struct ForwardRow {
  TokenId token = 0;
  SequenceId sequence = 0;
  std::int32_t position = 0;
  bool wants_logits = false;
  bool wants_hidden = false;
  const KvPageRef* pages = nullptr;
};

class Forward {
 public:
  using Clock = std::chrono::steady_clock;
  // Rows done and rows in all, after each chunk; false stops.
  using Progress = std::function<bool(std::int64_t done, std::int64_t total)>;
  using Observer = std::function<void(const MatrixInput& input)>;

  // Throws Error(out_of_memory).
  Forward(const ModelConfig& config, const ModelWeights& weights, const KvLayout& layout,
          const EvaluatorOptions& resolved, std::shared_ptr<Allocator> allocator);

  // Starts with a new batch; nothing is computed yet. `pages_of` gives each row's pages.
  void start(std::span<const BatchRow> rows,
             FunctionRef<const KvPageRef*(SequenceId)> pages_of) noexcept;

  // Runs until the batch is done (true) or a step ends past the deadline (false). Throws
  // Error(cancelled) when the run was cancelled or the progress function says so.
  bool advance(Clock::time_point deadline, ThreadPool& pool, const RunState& run,
               const Progress& progress);

  // Called with what each matrix is about to read, between two phases, while no worker runs.
  void observe(Observer observer) { observer_ = std::move(observer); }

  // Of the last batch that is done.
  std::int32_t logits_rows() const noexcept { return static_cast<std::int32_t>(logits_done_); }
  std::span<const float> logits(std::size_t i) const noexcept;
  bool is_finite(std::size_t i) const noexcept { return finite_[i] != 0; }
  std::int32_t hidden_rows() const noexcept { return static_cast<std::int32_t>(hidden_done_); }
  std::span<const float> hidden(std::size_t i) const noexcept;
  bool is_hidden_finite(std::size_t i) const noexcept { return hidden_finite_[i] != 0; }
  // Throws corrupt, naming the first row whose logits or hidden state are not finite, where there
  // is one.
  void require_finite() const;

 private:
  // What a chunk of rows goes through, from prepare_qkv to next_norm once a layer; an index of the
  // table of phases.
  enum class Phase : std::size_t {
    embed,
    prepare_qkv,
    qkv,
    append,
    attend,
    merge,
    prepare_o,
    o,
    post_norm,
    prepare_gate_up,
    gate_up,
    activate,
    prepare_down,
    down,
    next_norm,
    keep_hidden,
    prepare_lm_head,
    lm_head,
    check,
  };

  static constexpr std::size_t kMostMatrices = 3;
  struct Product {
    TensorKind matrix;
    float* Scratch::*y;  // [rows][outputs]
  };
  // Matrices that are multiplied by the same rows.
  struct Products {
    float* Scratch::*x = nullptr;  // [rows][inputs]
    std::size_t count = 0;
    Product list[kMostMatrices] = {};
  };

  using Begin = void (Forward::*)() const;  // may throw
  using Units = std::size_t (Forward::*)() const noexcept;
  using Work = double (Forward::*)() const noexcept;
  using Run = void (Forward::*)(std::size_t unit, int worker) noexcept;
  using Decide = Phase (Forward::*)() noexcept;
  // A row of the table of phases.
  struct PhaseRow {
    Phase phase;
    Products products;
    Begin begin;  // before the first unit, while no worker runs; null: nothing
    Units units;
    Work work;  // floating point operations of all units; null: too few to stop between units
    Run run;
    Phase next;
    Decide decide = nullptr;  // where it is not always `next`
  };
  struct Table;

  // A Product of the layer and chunk that the cursor is at.
  struct Matrix {
    TensorKind kind;
    const Linear* linear;
    float* y;
  };

  static const PhaseRow& row_of(Phase phase) noexcept;

  // The cursor.
  void begin_chunk() noexcept;
  void enter_phase(Phase phase) noexcept;
  void next_phase();
  bool finish_chunk(const Progress& progress);
  std::size_t units_a_step(int threads) const noexcept;
  bool step(ThreadPool& pool, const RunState& run, const Progress& progress);
  bool last_layer() const noexcept { return layer_ + 1 == layers_; }
  // In this layer, or outside the layers.
  TensorId id(TensorKind kind) const noexcept {
    return {in_layer(kind) ? static_cast<std::int32_t>(layer_) : 0, kind};
  }
  std::span<const float> vector(TensorKind kind) const noexcept {
    return weights_.vector(id(kind));
  }

  // What stands in the table: `begin`,
  void show() const;  // to the observer
  // `units`,
  std::size_t rows() const noexcept { return active_; }
  std::size_t hidden_units() const noexcept { return hidden_from_.size(); }
  std::size_t unprepared() const noexcept;
  std::size_t chunks() const noexcept;
  std::size_t attend_units() const noexcept { return attention_.units(); }
  std::size_t merge_units() const noexcept { return attention_.merge_units(); }
  std::size_t pieces() const noexcept;
  // `work`,
  double multiply_work() const noexcept;
  double attend_work() const noexcept { return attention_.work(); }
  // `run`,
  void embed_row(std::size_t row, int worker) noexcept;
  void prepare_row(std::size_t row, int worker) noexcept;
  void multiply(std::size_t chunk, int worker) noexcept;
  void append_row(std::size_t row, int worker) noexcept;
  void attend_unit(std::size_t unit, int worker) noexcept;
  void merge_unit(std::size_t unit, int worker) noexcept;
  void post_norm_row(std::size_t row, int worker) noexcept;
  void activate_piece(std::size_t piece, int worker) noexcept;
  void next_norm_row(std::size_t row, int worker) noexcept;
  void keep_hidden_row(std::size_t index, int worker) noexcept;
  void check_row(std::size_t row, int worker) noexcept;
  // and `decide`.
  Phase after_append() noexcept;
  Phase after_layer() noexcept;
  Phase after_hidden() noexcept;

  void add_delta(std::size_t row, std::span<const float> norm) noexcept;
  void plan_attention() noexcept;
  void keep_wanted_rows() noexcept;
  void keep_logits_rows() noexcept;
  const ForwardRow& row_behind(std::size_t row) const noexcept {
    return batch_[first_ + attention_rows_[row].source];
  }

  const ModelConfig& config_;
  const ModelWeights& weights_;
  const KernelOps& ops_;
  KvLayout layout_;
  std::size_t layers_, hidden_, inner_, heads_, kv_heads_, head_dim_, vocab_;
  std::size_t max_rows_;
  int threads_;
  Rope rope_;
  Scratch scratch_;
  Attention attention_;
  Observer observer_;  // empty: none

  std::vector<ForwardRow> batch_;
  std::vector<AttentionRow> attention_rows_;

  // The cursor.
  std::size_t first_ = 0;  // of the chunk's rows in the batch
  std::size_t count_ = 0;  // rows of the chunk; 0: it has not begun
  bool in_frame_ = false;  // whose caller wants it back soon
  // Rows that go on: all; in the last layer those that want logits or hidden states, and behind the
  // final norm those that want logits.
  std::size_t active_ = 0;
  std::size_t layer_ = 0;
  Phase phase_ = Phase::embed;
  // Of the phase: its matrices with the rows that they read, its units, and how many are done.
  const float* x_ = nullptr;
  std::array<Matrix, kMostMatrices> matrix_space_ = {};
  std::span<const Matrix> matrices_;
  std::size_t units_ = 0;
  std::size_t unit_ = 0;
  std::size_t logits_count_ = 0;  // rows of earlier chunks that wanted logits
  std::size_t logits_done_ = 0;
  std::vector<std::size_t>
      hidden_from_;               // of the chunk's active rows those that want hidden states
  std::size_t hidden_count_ = 0;  // likewise of earlier chunks
  std::size_t hidden_done_ = 0;
  // By logits row, by hidden row; bytes, so that threads may write side by side.
  std::vector<std::uint8_t> finite_;
  std::vector<std::uint8_t> hidden_finite_;
};

}  // namespace tlite
