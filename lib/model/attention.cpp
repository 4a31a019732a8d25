#include "model/attention.hpp"

#include <algorithm>
#include <limits>

namespace tlite {
namespace {

void clear(const AttentionState& state) noexcept {
  std::fill_n(state.out, state.queries * state.head_dim, 0.0F);
  std::fill_n(state.sum, state.queries, 0.0F);
  std::fill_n(state.max, state.queries, -std::numeric_limits<float>::infinity());
}

void copy(const AttentionState& to, const AttentionState& from) noexcept {
  std::copy_n(from.out, from.queries * from.head_dim, to.out);
  std::copy_n(from.sum, from.queries, to.sum);
  std::copy_n(from.max, from.queries, to.max);
}

// The operands of the queries from element `at` on.
PageOperands from_query(PageOperands operands, std::size_t at) noexcept {
  if (operands.q_bf16 != nullptr) {
    operands.q_bf16 += at;
  } else {
    operands.q += at;
  }
  return operands;
}

}  // namespace

Attention::Attention(const ModelConfig& config, const KvLayout& layout, const KernelOps& ops,
                     const EvaluatorOptions& resolved, std::size_t part_slots)
    : layout_(layout),
      ops_(ops),
      heads_(static_cast<std::size_t>(config.num_attention_heads)),
      group_(heads_ / layout.kv_heads),
      window_(config.sliding_window.value_or(0)),
      part_slots_(part_slots) {
  const auto rows = static_cast<std::size_t>(resolved.max_batch_rows);
  rows_.reserve(rows);
  blocks_.reserve(rows);
  block_of_row_.reserve(rows);
}

std::int32_t Attention::first_position(const AttentionRow& row) const noexcept {
  return windowed_ ? std::max(0, row.position - window_ + 1) : 0;
}

// Positions of a page that a row attends to; none where begin >= end.
Attention::Range Attention::visible(const AttentionRow& row, std::int32_t page) const noexcept {
  const auto page_size = static_cast<std::int32_t>(kPagePositions);
  return {std::max(0, first_position(row) - page * page_size),
          std::min(page_size, row.position + 1 - page * page_size)};
}

bool Attention::in_split(const AttentionRow& row, std::size_t split) const noexcept {
  return static_cast<std::size_t>(first_position(row)) / kSplitPositions <= split &&
         split <= static_cast<std::size_t>(row.position) / kSplitPositions;
}

void Attention::plan(std::span<const AttentionRow> rows, bool windowed, int threads) {
  windowed_ = windowed;
  rows_.assign(rows.begin(), rows.end());
  blocks_.clear();
  block_of_row_.clear();
  work_ = 0;
  for (std::size_t i = 0; i < rows.size(); ++i) {
    const bool joins = !blocks_.empty() && blocks_.back().rows < kAttentionRows &&
                       rows[i].pages == rows[i - 1].pages;
    if (!joins) blocks_.push_back({.first_row = i});
    ++blocks_.back().rows;
    block_of_row_.push_back(static_cast<std::uint32_t>(blocks_.size() - 1));
    work_ += 4.0 * static_cast<double>(rows[i].position - first_position(rows[i]) + 1) *
             static_cast<double>(heads_ * layout_.head_dim);
  }
  std::size_t slots = 0;
  std::size_t split_units = 0;
  for (Block& block : blocks_) {
    const AttentionRow& first = rows[block.first_row];
    const AttentionRow& last = rows[block.first_row + block.rows - 1];
    block.first_split = static_cast<std::size_t>(first_position(first)) / kSplitPositions;
    block.splits =
        static_cast<std::size_t>(last.position) / kSplitPositions + 1 - block.first_split;
    block.first_unit = split_units;
    block.first_slot = slots;
    split_units += block.splits * layout_.kv_heads;
    slots += block.splits * layout_.kv_heads * block.rows;
  }
  const std::size_t whole_units = blocks_.size() * layout_.kv_heads;
  split_units_ = split_units > whole_units && slots <= part_slots_ &&
                 whole_units < 4 * static_cast<std::size_t>(threads);
  units_ = split_units_ ? split_units : whole_units;
}

std::size_t Attention::merge_units() const noexcept {
  return split_units_ ? rows_.size() * layout_.kv_heads : 0;
}

Attention::Workspace Attention::workspace(const Scratch& scratch, int worker) const noexcept {
  Workspace space;
  space.keys = reinterpret_cast<float*>(scratch.worker(worker).data());
  space.values = space.keys + kPagePositions * layout_.head_dim;
  space.q = space.values + kPagePositions * layout_.head_dim;
  space.totals = space.q + kAttentionRows * group_ * layout_.head_dim;
  space.parts = space.totals + kAttentionRows * scratch.part_floats;
  space.q_bf16 =
      reinterpret_cast<std::uint16_t*>(space.parts + kAttentionRows * scratch.part_floats);
  return space;
}

// The states of `count` rows, from `first` on, out of those of `all` rows of a block, which lie as
// [all][group][head_dim] outputs, [all][group] sums, [all][group] maxima.
AttentionState Attention::states(float* memory, std::size_t all, std::size_t first,
                                 std::size_t count) const noexcept {
  AttentionState state;
  state.queries = count * group_;
  state.head_dim = layout_.head_dim;
  state.out = memory + first * group_ * layout_.head_dim;
  state.sum = memory + all * group_ * layout_.head_dim + first * group_;
  state.max = state.sum + all * group_;
  return state;
}

void Attention::gather_queries(const Block& block, std::size_t head, std::size_t layer,
                               const Scratch& scratch, const Workspace& space) const noexcept {
  const std::size_t size = group_ * layout_.head_dim;
  for (std::size_t i = 0; i < block.rows; ++i) {
    const std::size_t source = rows_[block.first_row + i].source;
    const float* q = scratch.q + source * heads_ * layout_.head_dim + head * size;
    if (layout_.key_type(layer) == DataType::bf16) {
      std::transform(q, q + size, space.q_bf16 + i * size,
                     [](float value) { return f32_to_bf16(value); });
    } else {
      std::copy_n(q, size, space.q + i * size);
    }
  }
}

// A block of keys or values; `q8` takes one of q8_0.
const float* Attention::as_floats(DataType type, KernelOps::WidenBlock q8, const std::byte* block,
                                  float* space) const noexcept {
  if (type == DataType::f32) return reinterpret_cast<const float*>(block);
  if (type == DataType::q8_0) {
    q8(block, layout_.head_dim, space);
  } else {
    ops_.widen_f16(block, kPagePositions * layout_.head_dim, space);
  }
  return space;
}

// The queries of a block, and its keys and values in this page.
PageOperands Attention::operands(const std::byte* page, std::size_t layer, std::size_t head,
                                 const Workspace& space) const noexcept {
  const std::byte* keys = page + layout_.keys_offset(layer, head);
  const std::byte* values = page + layout_.values_offset(layer, head);
  PageOperands all;
  if (layout_.key_type(layer) == DataType::bf16) {
    all.keys_bf16 = reinterpret_cast<const std::uint16_t*>(keys);
    all.values_bf16 = reinterpret_cast<const std::uint16_t*>(values);
    all.q_bf16 = space.q_bf16;
    all.space = space.keys;
  } else {
    all.keys = as_floats(layout_.key_type(layer), ops_.widen_q8_keys, keys, space.keys);
    all.values = as_floats(layout_.value_type(layer), ops_.widen_q8_values, values, space.values);
    all.q = space.q;
  }
  return all;
}

void Attention::attend(const PageAttention& task) const noexcept {
  if (task.operands.q_bf16 != nullptr) {
    ops_.attend_bf16(task);
  } else {
    ops_.attend(task);
  }
}

// Runs the rows of a block, whose queries are gathered, over the pages of one split.
void Attention::run_split(const Block& block, std::size_t head, std::size_t split,
                          std::size_t layer, const Workspace& space, float* parts) const noexcept {
  clear(states(parts, block.rows, 0, block.rows));
  const auto page_size = static_cast<std::int32_t>(kPagePositions);
  const auto begin = static_cast<std::int32_t>(split * kSplitPositions);
  const AttentionRow* rows = &rows_[block.first_row];
  const std::int32_t end = std::min(begin + static_cast<std::int32_t>(kSplitPositions),
                                    rows[block.rows - 1].position + 1);
  const std::int32_t start = std::max(begin, first_position(rows[0]));
  for (std::int32_t page = start / page_size; page * page_size < end; ++page) {
    const PageOperands shared = operands(rows[0].pages[page].data(), layer, head, space);
    for (std::size_t i = 0, next = 0; i < block.rows; i = next) {
      const Range range = visible(rows[i], page);
      for (next = i + 1; next < block.rows && visible(rows[next], page) == range;) ++next;
      if (range.begin >= range.end) continue;
      PageAttention task{.state = states(parts, block.rows, i, next - i),
                         .operands = from_query(shared, i * group_ * layout_.head_dim),
                         .begin = range.begin,
                         .end = range.end};
      if (next == block.rows && (page + 1) * page_size <= rows[block.rows - 1].position) {
        task.next = rows[0].pages[page + 1].data() + layout_.keys_offset(layer, head);
        task.next_bytes = layout_.head_bytes(layer);
      }
      attend(task);
    }
  }
}

void Attention::run_all_splits(const Block& block, std::size_t head, std::size_t layer,
                               const Scratch& scratch, const Workspace& space) const noexcept {
  for (std::size_t split = block.first_split; split < block.first_split + block.splits; ++split) {
    run_split(block, head, split, layer, space, space.parts);
    for (std::size_t i = 0; i < block.rows; ++i) {
      const AttentionRow& row = rows_[block.first_row + i];
      if (!in_split(row, split)) continue;
      const AttentionState total = states(space.totals, block.rows, i, 1);
      const AttentionState part = states(space.parts, block.rows, i, 1);
      if (split == 0 || !in_split(row, split - 1)) {
        copy(total, part);
      } else {
        ops_.merge(total, part);
      }
    }
  }
  for (std::size_t i = 0; i < block.rows; ++i) {
    finish(states(space.totals, block.rows, i, 1), block.first_row + i, head, scratch);
  }
}

// The states of a block's rows for one split.
float* Attention::slot(const Block& block, std::size_t head, std::size_t split,
                       const Scratch& scratch) const noexcept {
  const std::size_t in_block = ((split - block.first_split) * layout_.kv_heads + head) * block.rows;
  return scratch.parts + (block.first_slot + in_block) * scratch.part_floats;
}

void Attention::run(std::size_t unit, std::size_t layer, const Scratch& scratch,
                    int worker) const noexcept {
  const Workspace space = workspace(scratch, worker);
  if (!split_units_) {
    // Late rows attend to most positions: the longest units go first.
    const std::size_t index = units_ - 1 - unit;
    const Block& block = blocks_[index / layout_.kv_heads];
    const std::size_t head = index % layout_.kv_heads;
    gather_queries(block, head, layer, scratch, space);
    run_all_splits(block, head, layer, scratch, space);
    return;
  }
  const auto after = std::upper_bound(
      blocks_.begin(), blocks_.end(), unit,
      [](std::size_t value, const Block& block) { return value < block.first_unit; });
  const Block& block = *(after - 1);
  const std::size_t split = block.first_split + (unit - block.first_unit) / layout_.kv_heads;
  const std::size_t head = (unit - block.first_unit) % layout_.kv_heads;
  gather_queries(block, head, layer, scratch, space);
  run_split(block, head, split, layer, space, slot(block, head, split, scratch));
}

void Attention::merge(std::size_t unit, const Scratch& scratch) const noexcept {
  const std::size_t row = unit / layout_.kv_heads;
  const std::size_t head = unit % layout_.kv_heads;
  const Block& block = blocks_[block_of_row_[row]];
  const std::size_t first = static_cast<std::size_t>(first_position(rows_[row])) / kSplitPositions;
  const std::size_t last = static_cast<std::size_t>(rows_[row].position) / kSplitPositions;
  const auto part = [&](std::size_t split) {
    return states(slot(block, head, split, scratch), block.rows, row - block.first_row, 1);
  };
  const AttentionState total = part(first);
  for (std::size_t split = first + 1; split <= last; ++split) ops_.merge(total, part(split));
  finish(total, row, head, scratch);
}

void Attention::finish(const AttentionState& total, std::size_t row, std::size_t head,
                       const Scratch& scratch) const noexcept {
  float* out = scratch.attended + (row * heads_ + head * group_) * layout_.head_dim;
  for (std::size_t h = 0; h < group_; ++h) {
    for (std::size_t d = 0; d < layout_.head_dim; ++d) {
      const std::size_t i = h * layout_.head_dim + d;
      out[i] = total.out[i] / total.sum[h];
    }
  }
}

}  // namespace tlite
