// The measurements of `tlite bench`.
#pragma once

#include "model_flags.hpp"

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include <tlite/tlite.hpp>

namespace cli {

// Either a prompt is read by one sequence, or all sequences generate, one token each a step.
struct BenchTest {
  std::int32_t threads = 0;  // 0: physical cores
  std::int32_t depth = 0;    // tokens that each sequence has in the cache before
  std::int32_t prompt = 0;
  std::int32_t generated = 0;  // of each sequence
  std::int32_t sequences = 1;
};

// Tokens that a test computes, all sequences together.
std::int64_t tokens_of(const BenchTest& test) noexcept;

struct BenchResult {
  BenchTest test;
  tlite::EvaluatorOptions options;  // as resolved
  std::vector<double> seconds;      // of each repetition
  std::uint64_t resident = 0;       // bytes of memory of the process, at the end
  // Of tests that generate:
  double bytes_per_step = 0;  // weights and KV cache that one step reads, on average
  double bandwidth = 0;       // bytes a second that the machine reads, measured before and after
};

BenchResult run_bench(const tlite::Model& model, const BenchTest& test,
                      std::optional<tlite::DataType> kv_type, std::int32_t repetitions);

// Seconds from the call of Model::load.
struct LoadTime {
  double ready = 0;        // model and an evaluator for 512 tokens are there
  double first_token = 0;  // it has given logits: what was only mapped has been read
};

struct LoadTimes {
  LoadTime first;                // of the model that is returned; warm where there is a cold one
  std::optional<LoadTime> cold;  // with the files dropped from the page cache before
};

tlite::Model timed_load(const ModelFlags& flags, std::int32_t threads, bool cold_too,
                        LoadTimes& times);

}  // namespace cli
