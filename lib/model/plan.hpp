// How much memory the forward pass takes: what Model::plan tells and what Evaluator allocates are
// the same functions.
#pragma once

#include "model/kv_cache.hpp"

#include <cstdint>

#include <tlite/data_type.hpp>
#include <tlite/evaluator_options.hpp>
#include <tlite/model_config.hpp>

namespace tlite {

// f32 weights: f32; else f16.
DataType default_kv_type(DataType weight_type) noexcept;

// `options` with threads, context (rounded up to whole pages) and kv_type filled in. Throws
// Error(invalid_argument) naming the field that is out of range.
EvaluatorOptions resolve(const EvaluatorOptions& options, DataType weight_type);

// Bytes of the KV pages for `context` positions. Throws Error(out_of_memory) on overflow.
std::uint64_t kv_cache_bytes(const KvLayout& layout, std::int32_t context);

// Bytes of activations, attention scratch, logits and hidden states, for resolved options.
// `prepares_activations`: some matrix is quantized. Throws like the above.
std::uint64_t scratch_bytes(const ModelConfig& config, const EvaluatorOptions& resolved,
                            bool prepares_activations);

}  // namespace tlite
