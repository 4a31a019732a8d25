// The hand-written kernels of one instruction set tier.
//
// Each algorithm is written once, in generic/, over a vector of 16 virtual lanes; a tier folder
// holds the vector's primitives. Multiplications that are followed by an addition are fused in
// every tier and sums run in a fixed order, so all tiers give the same bits.
#pragma once

#include "base/cpu.hpp"
#include "tensor/dtype.hpp"

#include <cstddef>
#include <cstdint>

namespace tlite {

// y[row * y_stride + out] = sum over i of w[out * in_features + i] * x[row * x_stride + i], for
// `outs` rows of w as stored. Lane j of 16 sums i = j mod 16 in rising order, then the lanes are
// added in a tree: halves, quarters, ...
struct LinearTask {
  const std::byte* w = nullptr;
  std::size_t in_features = 0;
  std::size_t outs = 0;
  const float* x = nullptr;
  std::size_t x_stride = 0;
  std::size_t rows = 0;
  float* y = nullptr;
  std::size_t y_stride = 0;
  std::byte* scratch = nullptr;  // kLinearScratchBytes
};

// Sums of 48 outputs and 64 rows between pieces of k, 16 lanes each.
inline constexpr std::size_t kLinearScratchBytes = 48UL * 64 * 16 * sizeof(float);

// What attention to some positions has come to, for queries that share a key-value head (online
// softmax: Milakov and Gimelshein, arXiv:1805.02867). Views: the memory is the caller's.
struct AttentionState {
  std::size_t queries = 0;
  std::size_t head_dim = 0;
  float* sum = nullptr;  // [queries]: of the exponentials
  float* max = nullptr;  // [queries]: largest score so far, -infinity at the start
  float* out = nullptr;  // [queries][head_dim]: weighted values, 0 at the start
};

// What is multiplied: the queries, and the keys and values of a page.
struct PageOperands {
  // By attend().
  const float* q = nullptr;       // [queries][head_dim], already scaled
  const float* keys = nullptr;    // [head_dim][32]
  const float* values = nullptr;  // [32][head_dim]
  // By attend_bf16().
  const std::uint16_t* q_bf16 = nullptr;       // [queries][head_dim]
  const std::uint16_t* keys_bf16 = nullptr;    // [head_dim / 2][32][2]
  const std::uint16_t* values_bf16 = nullptr;  // [16][head_dim][2]
  float* space = nullptr;                      // of bf16_attention_space()
};

// Attention to positions [begin, end) of one page, continued from the state that earlier pages
// left. What comes out for a query does not depend on the queries beside it.
struct PageAttention {
  AttentionState state;
  PageOperands operands;
  int begin = 0;
  int end = 0;
  // Memory that is needed next, asked for meanwhile; may be none.
  const std::byte* next = nullptr;
  std::size_t next_bytes = 0;
};

// Floats of `space`, into which attend_bf16() may take its operands apart.
constexpr std::size_t bf16_attention_space(std::size_t queries, std::size_t head_dim) noexcept {
  return (queries + 64) * head_dim;  // 32 keys and 32 values
}

// Scores that chunk_maxima takes together.
inline constexpr std::size_t kScoreChunk = 64;

struct KernelOps {
  using Linear = void (*)(const LinearTask& task) noexcept;
  using Widen = void (*)(const std::byte* from, std::size_t count, float* to) noexcept;

  using WidenBlock = void (*)(const std::byte* block, std::size_t head_dim, float* to) noexcept;

  Linear linear[3];  // by DataType of w

  void (*attend)(const PageAttention& task) noexcept;

  // Both products in bf16 with sums in f32: the exponentials are rounded too, to 8 bits by
  // Veltkamp's splitting, and it is the rounded ones that are summed. Dimensions and positions go
  // in pairs, each added in two fused steps, the odd one first, as AVX-512's vdpbf16ps does it
  // (numbers below 2^-126: kernels/packed/ bf16_kernel.hpp). head_dim is even.
  void (*attend_bf16)(const PageAttention& task) noexcept;

  // Stored keys or values in f16 as floats; `count` is a multiple of 16. Pages are widened once for
  // all queries that attend to them.
  Widen widen_f16;
  // The same of a block in q8_0: 32 positions of head_dim, a multiple of 32. Keys: signed bytes
  // [head_dim][32], then f16 scales [head_dim / 32][32]; values: [32][head_dim], [32][head_dim /
  // 32].
  WidenBlock widen_q8_keys;
  WidenBlock widen_q8_values;

  // Adds the state of later pages to that of earlier ones; both of as many queries.
  void (*merge)(const AttentionState& into, const AttentionState& later) noexcept;

  // out = weight * (x / sqrt(mean(x^2) + eps)); out may be x.
  void (*rms_norm)(const float* x, const float* weight, std::size_t size, float eps,
                   float* out) noexcept;

  // gate = gate / (1 + exp(-gate)) * up.
  void (*silu_multiply)(float* gate, const float* up, std::size_t size) noexcept;

  // x = exp(x), relative error below 2^-23 over [-87.3, 88.3]; 0 below, exp(88.3) above.
  void (*exp)(float* x, std::size_t size) noexcept;

  // Of samplers: generic/scores.hpp. No score is NaN or above `top`, which is finite.
  // maxima[i] = the largest of scores[64 i, 64 i + 64).
  void (*chunk_maxima)(const float* scores, std::size_t size, float* maxima) noexcept;
  // weights[i] = exp((scores[i] - top) * inverse), relative error below 1e-14.
  void (*weigh)(const float* scores, std::size_t size, float top, double inverse,
                double* weights) noexcept;
  // The sum of exp(scores[i] - top).
  double (*sum_exp)(const float* scores, std::size_t size, float top) noexcept;
  // The sum of weights[i] * ln(weights[i]); weights in [0, 1].
  double (*sum_weight_log)(const double* weights, std::size_t size) noexcept;
  // weights[i] to the power of 1 / temperature, over that of the largest, whose ln is log_top.
  void (*temper)(double* weights, std::size_t size, double log_top, double temperature) noexcept;
};

// Requires cpu_has(tier).
const KernelOps& kernel_ops(CpuTier tier) noexcept;

}  // namespace tlite
