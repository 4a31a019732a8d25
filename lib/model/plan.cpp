#include "model/plan.hpp"

#include "base/buffer.hpp"
#include "base/parallel.hpp"
#include "model/scratch.hpp"

#include <algorithm>
#include <string>

#include <tlite/error.hpp>

namespace tlite {
namespace {

// Contexts and batches that a sane program never asks for; what they cost is found out by the
// allocations.
constexpr std::int32_t kMost = 1 << 24;

void check(const char* field, std::int32_t value, std::int32_t lowest, std::int32_t highest) {
  if (value >= lowest && value <= highest) return;
  throw Error(ErrorCode::invalid_argument,
              std::string("EvaluatorOptions::") + field + " is " + std::to_string(value) +
                  "; it takes " + std::to_string(lowest) + " to " + std::to_string(highest));
}

void check_kv_type(DataType type) {
  if (type == DataType::f32 || type == DataType::f16 || type == DataType::bf16) return;
  if (type == DataType::q8_0) return;
  const std::string name(to_string(type));
  if (name == "unknown") {
    throw Error(ErrorCode::invalid_argument, "EvaluatorOptions::kv_type is " +
                                                 std::to_string(static_cast<int>(type)) +
                                                 ", no data type; it takes f32, f16, bf16 or q8_0");
  }
  throw Error(ErrorCode::not_supported,
              "not supported: a KV cache of type " + name + "; it takes f32, f16, bf16 or q8_0");
}

}  // namespace

DataType default_kv_type(DataType weight_type) noexcept {
  return weight_type == DataType::f32 ? DataType::f32 : DataType::f16;
}

EvaluatorOptions resolve(const EvaluatorOptions& options, DataType weight_type) {
  check("context", options.context, 1, kMost);
  check("max_sequences", options.max_sequences, 1, 1 << 16);
  check("max_batch_rows", options.max_batch_rows, 1, kMost);
  check("max_logits_rows", options.max_logits_rows, 1, kMost);
  check("threads", options.threads, 0, 256);
  check("max_hidden_rows", options.max_hidden_rows, 0, kMost);
  EvaluatorOptions resolved = options;
  const auto pages =
      static_cast<std::int32_t>(pages_for(static_cast<std::size_t>(options.context)));
  resolved.context = pages * static_cast<std::int32_t>(kPagePositions);
  resolved.max_batch_rows = std::min(options.max_batch_rows, resolved.context);
  resolved.max_logits_rows = std::min(options.max_logits_rows, resolved.context);
  resolved.max_hidden_rows = std::min(options.max_hidden_rows, resolved.context);
  if (options.threads == 0) resolved.threads = std::min(physical_cores(), 256);
  if (!options.kv_type) resolved.kv_type = default_kv_type(weight_type);
  check_kv_type(*resolved.kv_type);
  return resolved;
}

std::uint64_t kv_cache_bytes(const KvLayout& layout, std::int32_t context) {
  return checked_product(pages_for(static_cast<std::size_t>(context)), layout.page_bytes());
}

std::uint64_t scratch_bytes(const ModelConfig& config, const EvaluatorOptions& resolved,
                            bool prepares_activations) {
  return Scratch::bytes(config, resolved, prepares_activations);
}

}  // namespace tlite
