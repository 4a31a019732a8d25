// The memory that the forward pass works in: one allocation, cut into named arrays. Shapes are for
// the largest chunk of rows; a smaller one uses the first rows.
#pragma once

#include "base/buffer.hpp"
#include "kernels/linear.hpp"

#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>

#include <tlite/evaluator_options.hpp>
#include <tlite/host.hpp>
#include <tlite/model_config.hpp>

namespace tlite {

// Attention is cut at multiples of this many positions; each part is summed for itself and the
// parts are merged in rising order, so that the parts of one long context can run in parallel.
inline constexpr std::size_t kSplitPositions = 256;

// Rows of one sequence that go over a page together: enough that widening the page costs a few
// percent of the products with it, and that long contexts are not read from memory too often, few
// enough that a unit of work stays short. 7B, Q4_0, bf16 cache, pp512 @ d4096 on Zen 5 with 8, 16,
// 32: 82.6, 84.6, 85.2.
inline constexpr std::size_t kAttentionRows = 16;

struct Scratch {
  // `prepares`: some matrix reads its input in a form of its own. Throws Error(out_of_memory).
  Scratch(const ModelConfig& config, const EvaluatorOptions& resolved, bool prepares,
          std::shared_ptr<Allocator> allocator);
  static std::uint64_t bytes(const ModelConfig& config, const EvaluatorOptions& resolved,
                             bool prepares);

  float* x = nullptr;         // [rows][hidden]: the residual stream
  float* delta = nullptr;     // [rows][hidden]: what a block adds to it
  float* normed = nullptr;    // [rows][hidden]
  float* q = nullptr;         // [rows][heads][head_dim]
  float* k = nullptr;         // [rows][kv_heads][head_dim]
  float* v = nullptr;         // [rows][kv_heads][head_dim]
  float* attended = nullptr;  // [rows][heads][head_dim]
  float* gate = nullptr;      // [rows][intermediate]
  float* up = nullptr;        // [rows][intermediate]
  float* cos = nullptr;       // [rows][head_dim / 2]
  float* sin = nullptr;       // [rows][head_dim / 2]
  float* logits = nullptr;    // [max_logits_rows][vocab]
  float* states = nullptr;    // [max_hidden_rows][hidden]: what rows asked for
  // Partial attention of one (row, kv head, split): group x (head_dim + 2) floats a slot.
  float* parts = nullptr;
  // By ActivationFormat: the rows that a phase's matrices read. Null for f32, or where !prepares.
  std::byte* prepared[kActivationFormats] = {};
  std::size_t part_floats = 0;
  std::size_t part_slots = 0;

  std::span<std::byte> worker(int index) const noexcept {
    return {worker_ + static_cast<std::size_t>(index) * worker_bytes_, worker_bytes_};
  }

 private:
  template <class Take>
  void lay_out(const ModelConfig& config, const EvaluatorOptions& resolved, bool prepares,
               Take take);
  Scratch() = default;

  std::byte* worker_ = nullptr;
  std::size_t worker_bytes_ = 0;
  Buffer memory_;
};

}  // namespace tlite
