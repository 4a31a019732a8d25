// The forward pass of Qwen2 as a cursor over (chunk of rows, layer, phase, units of the phase).
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
#include <string>
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
  // Throws corrupt, naming the first row whose logits are not finite, where there is one.
  void require_finite() const;

 private:
  enum class Phase {
    embed,      // rows: token row, rope angles, first norm
    qkv,        // chunks of three matrices
    append,     // rows: biases, rotation, keys and values into their page
    attend,     // units of Attention
    merge,      // likewise
    output,     // chunks of o
    post_norm,  // rows: residual, norm
    gate_up,    // chunks of two matrices
    activate,   // pieces of rows
    down,       // chunks of down
    next_norm,  // rows: residual, norm of the next layer or the last one
    lm_head,    // chunks
    check,      // logits rows: all finite
  };

  struct Matrix {
    TensorKind kind = {};
    const Linear* linear = nullptr;
    float* y = nullptr;
  };
  struct Matrices {
    const float* x = nullptr;
    Matrix list[3];
  };

  void begin_chunk() noexcept;
  void next_phase();
  void observe_inputs() const;
  void plan_attention() noexcept;
  void keep_logits_rows() noexcept;
  bool finish_chunk(const Progress& progress);
  bool step(ThreadPool& pool, const RunState& run, const Progress& progress);
  bool last_layer() const noexcept { return layer_ + 1 == layers_; }
  // In this layer, or outside the layers.
  TensorId id(TensorKind kind) const noexcept {
    return {in_layer(kind) ? static_cast<std::int32_t>(layer_) : 0, kind};
  }

  std::size_t units() const noexcept;
  std::size_t units_a_step(int threads) const noexcept;
  double work() const noexcept;
  void run_unit(std::size_t unit, int worker) noexcept;
  Matrices matrices() const noexcept;
  void enter_phase(Phase phase) noexcept;
  bool needs_preparation() const noexcept;
  void prepare_row(std::size_t row) noexcept;
  void run_linear(std::size_t unit, int worker) noexcept;
  void embed_row(std::size_t row) noexcept;
  void append_row(std::size_t row) noexcept;
  void norm_row(std::size_t row, std::span<const float> weight) noexcept;
  std::span<const float> next_norm() const noexcept;
  void activate_piece(std::size_t unit) noexcept;
  void check_row(std::size_t row) noexcept;

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
  std::size_t first_ = 0;   // of the chunk's rows in the batch
  std::size_t count_ = 0;   // rows of the chunk
  std::size_t active_ = 0;  // rows that go on: all, or in the last layer those that want logits
  std::size_t layer_ = 0;
  Phase phase_ = Phase::embed;
  bool preparing_ = false;  // the phase's matrices wait for their input in a form of its own
  std::size_t unit_ = 0;
  std::size_t logits_count_ = 0;  // rows of earlier chunks that wanted logits
  std::size_t logits_done_ = 0;
  std::vector<std::uint8_t>
      finite_;  // by logits row; bytes, so that threads may write side by side
};

}  // namespace tlite
