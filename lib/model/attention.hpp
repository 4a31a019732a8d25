// Attention of a chunk of rows to the pages of their sequences, cut into units for threads.
//
// Each row attends to its positions in splits of 256 at fixed places. A split starts from nothing
// and goes page by page; the splits are merged in rising order. Whether the splits of a row run
// side by side (few rows, long contexts) or one after the other does not change a bit.
//
// Rows of one sequence that follow each other form a block: a page is widened to f32 once for all
// of them, and those that see the same positions of it, which is all but where the causal diagonal
// or the edge of a window cuts through the page, go over it as one matrix of rows x heads. Pages of
// bf16 are multiplied as they are, by queries rounded to bf16.
#pragma once

#include "kernels/ops.hpp"
#include "model/kv_cache.hpp"
#include "model/scratch.hpp"

#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

#include <tlite/data_type.hpp>
#include <tlite/evaluator_options.hpp>
#include <tlite/model_config.hpp>

namespace tlite {

// One row as attention sees it.
struct AttentionRow {
  const KvPageRef* pages = nullptr;
  std::int32_t position = 0;
  std::size_t source = 0;  // row of q in the scratch; the result's row is the index in the list
};

class Attention {
 public:
  Attention(const ModelConfig& config, const KvLayout& layout, const KernelOps& ops,
            const EvaluatorOptions& resolved, std::size_t part_slots);

  // Lays out the work of `rows` (kept until the next call) for layers with or without a window.
  void plan(std::span<const AttentionRow> rows, bool windowed, int threads);

  std::size_t units() const noexcept { return units_; }
  // 0 when the units finish their rows themselves.
  std::size_t merge_units() const noexcept;
  // Multiplications and additions of all units together.
  double work() const noexcept { return work_; }

  void run(std::size_t unit, std::size_t layer, const Scratch& scratch, int worker) const noexcept;
  void merge(std::size_t unit, const Scratch& scratch) const noexcept;

 private:
  struct Block {
    std::size_t first_row = 0;
    std::size_t rows = 0;
    std::size_t first_split = 0;
    std::size_t splits = 0;
    std::size_t first_unit = 0;
    std::size_t first_slot = 0;
  };

  // Positions of one page.
  struct Range {
    int begin = 0;
    int end = 0;
    bool operator==(const Range&) const = default;
  };
  // Of a worker, for one block and head.
  struct Workspace {
    float* keys = nullptr;            // [head_dim][32]
    float* values = nullptr;          // [32][head_dim]
    float* q = nullptr;               // [rows][group][head_dim]
    float* totals = nullptr;          // states
    float* parts = nullptr;           // states
    std::uint16_t* q_bf16 = nullptr;  // [rows][group][head_dim]
  };

  std::int32_t first_position(const AttentionRow& row) const noexcept;
  Range visible(const AttentionRow& row, std::int32_t page) const noexcept;
  bool in_split(const AttentionRow& row, std::size_t split) const noexcept;
  Workspace workspace(const Scratch& scratch, int worker) const noexcept;
  AttentionState states(float* memory, std::size_t all, std::size_t first,
                        std::size_t count) const noexcept;
  float* slot(const Block& block, std::size_t head, std::size_t split,
              const Scratch& scratch) const noexcept;
  void gather_queries(const Block& block, std::size_t head, std::size_t layer,
                      const Scratch& scratch, const Workspace& space) const noexcept;
  const float* as_floats(DataType type, KernelOps::WidenBlock q8, const std::byte* block,
                         float* space) const noexcept;
  PageOperands operands(const std::byte* page, std::size_t layer, std::size_t head,
                        const Workspace& space) const noexcept;
  void attend(const PageAttention& task) const noexcept;
  void run_split(const Block& block, std::size_t head, std::size_t split, std::size_t layer,
                 const Workspace& space, float* parts) const noexcept;
  void run_all_splits(const Block& block, std::size_t head, std::size_t layer,
                      const Scratch& scratch, const Workspace& space) const noexcept;
  void finish(const AttentionState& total, std::size_t row, std::size_t head,
              const Scratch& scratch) const noexcept;

  KvLayout layout_;
  const KernelOps& ops_;
  std::size_t heads_;
  std::size_t group_;    // query heads of a key-value head
  std::int32_t window_;  // positions; 0: all
  std::size_t part_slots_;

  std::vector<AttentionRow> rows_;
  std::vector<Block> blocks_;
  std::vector<std::uint32_t> block_of_row_;
  bool windowed_ = false;
  bool split_units_ = false;  // a unit is one split, else all splits of a block and head
  std::size_t units_ = 0;
  double work_ = 0;
};

}  // namespace tlite
