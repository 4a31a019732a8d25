#include "model/attention.hpp"

#include <algorithm>
#include <cstring>
#include <limits>

namespace tlite {

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

// A part is laid out as [group][head_dim] outputs, [group] sums, [group] maxima.
PageAttention Attention::state(float* part) const noexcept {
  PageAttention state;
  state.heads = group_;
  state.head_dim = layout_.head_dim;
  state.out = part;
  state.sum = part + group_ * layout_.head_dim;
  state.max = state.sum + group_;
  return state;
}

void Attention::clear(const PageAttention& state) const noexcept {
  std::fill_n(state.out, group_ * layout_.head_dim, 0.0F);
  std::fill_n(state.sum, group_, 0.0F);
  std::fill_n(state.max, group_, -std::numeric_limits<float>::infinity());
}

// Runs the rows of a block over the pages of one split; parts[i] is the state of the block's row i.
void Attention::run_split(const Block& block, std::size_t head, std::size_t split,
                          std::size_t layer, const Scratch& scratch,
                          float* const* parts) const noexcept {
  const auto page_size = static_cast<std::int32_t>(kPagePositions);
  const auto begin = static_cast<std::int32_t>(split * kSplitPositions);
  const auto attend = ops_.attend[static_cast<int>(layout_.type)];
  const AttentionRow& last = rows_[block.first_row + block.rows - 1];
  const std::int32_t end =
      std::min(begin + static_cast<std::int32_t>(kSplitPositions), last.position + 1);
  const std::int32_t start = std::max(begin, first_position(rows_[block.first_row]));
  for (std::int32_t page = start / page_size; page * page_size < end; ++page) {
    const std::byte* data = last.pages[page].data();
    for (std::size_t i = 0; i < block.rows; ++i) {
      const AttentionRow& row = rows_[block.first_row + i];
      PageAttention task = state(parts[i]);
      task.begin = std::max(0, first_position(row) - page * page_size);
      task.end = std::min(page_size, row.position + 1 - page * page_size);
      if (task.begin >= task.end) continue;
      task.q = scratch.q + (row.source * heads_ + head * group_) * layout_.head_dim;
      task.keys = data + layout_.keys_offset(layer, head);
      task.values = data + layout_.values_offset(layer, head);
      attend(task);
    }
  }
}

void Attention::run_all_splits(const Block& block, std::size_t head, std::size_t layer,
                               const Scratch& scratch, int worker) const noexcept {
  auto* memory = reinterpret_cast<float*>(scratch.worker(worker).data());
  float* totals[kAttentionRows];
  float* parts[kAttentionRows];
  for (std::size_t i = 0; i < block.rows; ++i) {
    totals[i] = memory + 2 * i * scratch.part_floats;
    parts[i] = totals[i] + scratch.part_floats;
  }
  for (std::size_t split = block.first_split; split < block.first_split + block.splits; ++split) {
    for (std::size_t i = 0; i < block.rows; ++i) clear(state(parts[i]));
    run_split(block, head, split, layer, scratch, parts);
    for (std::size_t i = 0; i < block.rows; ++i) {
      const AttentionRow& row = rows_[block.first_row + i];
      if (!in_split(row, split)) continue;
      if (split == 0 || !in_split(row, split - 1)) {
        std::memcpy(totals[i], parts[i], scratch.part_floats * sizeof(float));
      } else {
        ops_.merge(state(totals[i]), state(parts[i]));
      }
    }
  }
  for (std::size_t i = 0; i < block.rows; ++i) {
    finish(state(totals[i]), block.first_row + i, head, scratch);
  }
}

float* Attention::slot(const Block& block, std::size_t row, std::size_t head, std::size_t split,
                       const Scratch& scratch) const noexcept {
  const std::size_t in_block =
      ((split - block.first_split) * layout_.kv_heads + head) * block.rows + row - block.first_row;
  return scratch.parts + (block.first_slot + in_block) * scratch.part_floats;
}

void Attention::run(std::size_t unit, std::size_t layer, const Scratch& scratch,
                    int worker) const noexcept {
  if (!split_units_) {
    // Late rows attend to most positions: the longest units go first.
    const std::size_t index = units_ - 1 - unit;
    const Block& block = blocks_[index / layout_.kv_heads];
    run_all_splits(block, index % layout_.kv_heads, layer, scratch, worker);
    return;
  }
  const auto after = std::upper_bound(
      blocks_.begin(), blocks_.end(), unit,
      [](std::size_t value, const Block& block) { return value < block.first_unit; });
  const Block& block = *(after - 1);
  const std::size_t split = block.first_split + (unit - block.first_unit) / layout_.kv_heads;
  const std::size_t head = (unit - block.first_unit) % layout_.kv_heads;
  float* parts[kAttentionRows];
  for (std::size_t i = 0; i < block.rows; ++i) {
    parts[i] = slot(block, block.first_row + i, head, split, scratch);
    clear(state(parts[i]));
  }
  run_split(block, head, split, layer, scratch, parts);
}

void Attention::merge(std::size_t unit, const Scratch& scratch) const noexcept {
  const std::size_t row = unit / layout_.kv_heads;
  const std::size_t head = unit % layout_.kv_heads;
  const Block& block = blocks_[block_of_row_[row]];
  const std::size_t first = static_cast<std::size_t>(first_position(rows_[row])) / kSplitPositions;
  const std::size_t last = static_cast<std::size_t>(rows_[row].position) / kSplitPositions;
  const PageAttention total = state(slot(block, row, head, first, scratch));
  for (std::size_t split = first + 1; split <= last; ++split) {
    ops_.merge(total, state(slot(block, row, head, split, scratch)));
  }
  finish(total, row, head, scratch);
}

void Attention::finish(const PageAttention& total, std::size_t row, std::size_t head,
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
