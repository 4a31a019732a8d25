// What an Evaluator is made with, and what Model::plan tells the memory of.
#pragma once

#include <cstdint>
#include <optional>

#include <tlite/data_type.hpp>

namespace tlite {

struct EvaluatorOptions {
  std::int32_t context = 4096;  // tokens kept in the KV cache, all sequences together; rounded up
                                // to whole pages of 32, a sequence's last page may be part empty
  std::int32_t max_sequences = 64;
  std::int32_t max_batch_rows = 512;  // rows worked on at once; longer batches run in chunks
  std::int32_t max_logits_rows = 64;  // rows of one batch that may want logits
  std::int32_t threads = 0;           // 0: physical cores
  // Storage of keys and values. f32, f16: attention multiplies in f32. bf16: it multiplies bf16
  // numbers, for which queries and attention weights are rounded too, and adds in f32; long prompts
  // are faster by AVX-512's bf16 products. q8_0: half of f16's memory; head_dim must be a multiple
  // of 32. In layers with huge key biases bf16's keys and values and q8_0's keys are f16. Unset:
  // f32 for f32 weights, else f16.
  std::optional<DataType> kv_type = {};
  std::int32_t max_hidden_rows = 0;  // rows of one batch that may want hidden states
};

}  // namespace tlite
