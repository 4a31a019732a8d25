#include "model/scratch.hpp"

#include "kernels/activations.hpp"
#include "kernels/linear.hpp"
#include "kernels/ops.hpp"
#include "model/kv_cache.hpp"

#include <algorithm>
#include <utility>

namespace tlite {
namespace {

std::size_t size(std::int32_t value) noexcept { return static_cast<std::size_t>(value); }

// Room for this many splits of each key-value head, if one sequence does not need more.
constexpr std::size_t kPartSplits = 128;

}  // namespace

// The one description of the memory: `take` gives `count` floats, or only counts them.
template <class Take>
void Scratch::lay_out(const ModelConfig& config, const EvaluatorOptions& resolved, bool prepares,
                      Take take) {
  const std::size_t rows = size(resolved.max_batch_rows);
  const std::size_t hidden = size(config.hidden_size);
  const std::size_t inner = size(config.intermediate_size);
  const std::size_t head_dim = size(config.head_dim);
  const std::size_t kv_heads = size(config.num_key_value_heads);
  const std::size_t q_size = size(config.num_attention_heads) * head_dim;
  const std::size_t group = size(config.num_attention_heads) / kv_heads;
  x = take(rows, hidden);
  delta = take(rows, hidden);
  normed = take(rows, hidden);
  q = take(rows, q_size);
  k = take(rows, kv_heads * head_dim);
  v = take(rows, kv_heads * head_dim);
  attended = take(rows, q_size);
  gate = take(rows, inner);
  up = take(rows, inner);
  cos = take(rows, head_dim / 2);
  sin = take(rows, head_dim / 2);
  logits = take(size(resolved.max_logits_rows), size(config.vocab_size));
  states = take(size(resolved.max_hidden_rows), hidden);
  const std::size_t splits = size(resolved.context) / kSplitPositions + 1;
  part_floats = group * (head_dim + 2);
  part_slots = std::max(splits, kPartSplits) * kv_heads;
  parts = take(part_slots, part_floats);
  const std::size_t widest = std::max({hidden, q_size, inner});
  for (std::size_t i = 0; prepares && i < kActivationFormats; ++i) {
    const std::size_t bytes = activation_row_bytes(static_cast<ActivationFormat>(i), widest);
    if (bytes == 0) continue;
    prepared[i] = reinterpret_cast<std::byte*>(take(rows, (bytes + 3) / 4));
  }
  const std::size_t linear = linear_scratch_bytes(widest);
  // A page's keys and values and the queries of a block as f32, two states of each row, the queries
  // as bf16.
  const std::size_t attention = (bf16_attention_space(kAttentionRows * group, head_dim) +
                                 kAttentionRows * (2 * part_floats + group * head_dim / 2)) *
                                sizeof(float);
  worker_bytes_ = (std::max(linear, attention) + kAlignment - 1) / kAlignment * kAlignment;
  worker_ =
      reinterpret_cast<std::byte*>(take(size(resolved.threads), worker_bytes_ / sizeof(float)));
}

std::uint64_t Scratch::bytes(const ModelConfig& config, const EvaluatorOptions& resolved,
                             bool prepares) {
  std::size_t total = 0;
  Scratch unused;
  unused.lay_out(config, resolved, prepares, [&](std::size_t a, std::size_t b) -> float* {
    const std::size_t bytes = checked_product(checked_product(a, b), sizeof(float));
    total += checked_product((bytes + kAlignment - 1) / kAlignment, kAlignment);
    return nullptr;
  });
  return total;
}

Scratch::Scratch(const ModelConfig& config, const EvaluatorOptions& resolved, bool prepares,
                 std::shared_ptr<Allocator> allocator)
    : memory_(bytes(config, resolved, prepares), "the scratch of the forward pass",
              std::move(allocator)) {
  std::byte* next = memory_.data();
  lay_out(config, resolved, prepares, [&](std::size_t a, std::size_t b) {
    auto* taken = reinterpret_cast<float*>(next);
    next += (a * b * sizeof(float) + kAlignment - 1) / kAlignment * kAlignment;
    return taken;
  });
}

}  // namespace tlite
