#include "bench_run.hpp"

#include "machine.hpp"
#include "model_flags.hpp"

#include <algorithm>
#include <chrono>
#include <random>
#include <span>

namespace cli {
namespace {

class Stopwatch {
 public:
  double seconds() const {
    return std::chrono::duration<double>(std::chrono::steady_clock::now() - begin_).count();
  }

 private:
  std::chrono::steady_clock::time_point begin_ = std::chrono::steady_clock::now();
};

// Room for each sequence's pages of 32 positions, the last part empty.
std::int32_t context_of(const BenchTest& test) {
  constexpr std::int32_t kPage = 32;
  const std::int32_t positions = test.depth + std::max(test.prompt, test.generated);
  return (positions + kPage - 1) / kPage * kPage * test.sequences;
}

tlite::EvaluatorOptions options_of(const BenchTest& test, std::optional<tlite::DataType> kv_type) {
  tlite::EvaluatorOptions options;
  options.context = context_of(test);
  options.max_sequences = test.sequences;
  options.max_logits_rows = test.sequences;
  options.threads = test.threads;
  options.kv_type = kv_type;
  return options;
}

// One test's sequences, at its depth between two runs.
class Bench {
 public:
  Bench(const tlite::Model& model, const BenchTest& test, std::optional<tlite::DataType> kv_type)
      : test_(test),
        evaluator_(model, options_of(test, kv_type)),
        random_ids_(0, static_cast<std::int32_t>(model.tokenizer().vocabulary_size()) - 1) {
    for (std::int32_t i = 0; i < test.sequences; ++i) {
      sequences_.push_back(evaluator_.create_sequence());
      if (test.depth > 0) evaluator_.append(sequences_.back(), ids(test.depth));
    }
  }

  const tlite::EvaluatorOptions& options() const { return evaluator_.options(); }

  // As llama-bench does: the prompt once, or one step.
  void warm_up() {
    if (test_.prompt > 0) {
      evaluator_.append(sequences_.front(), ids(test_.prompt));
    } else {
      step();
    }
    rewind();
  }

  double run() {
    const std::vector<tlite::TokenId> prompt = ids(test_.prompt);
    const Stopwatch watch;
    if (test_.prompt > 0) evaluator_.append(sequences_.front(), prompt);
    for (std::int32_t i = 0; i < test_.generated; ++i) step();
    const double seconds = watch.seconds();
    rewind();
    return seconds;
  }

 private:
  std::vector<tlite::TokenId> ids(std::int32_t count) {
    std::vector<tlite::TokenId> result(static_cast<std::size_t>(count));
    for (tlite::TokenId& id : result) id = random_ids_(random_);
    return result;
  }

  void step() {
    rows_.clear();
    for (const tlite::SequenceId sequence : sequences_) {
      rows_.push_back({random_ids_(random_), sequence, evaluator_.length(sequence), true});
    }
    evaluator_.evaluate(rows_);
  }

  void rewind() {
    for (const tlite::SequenceId sequence : sequences_) evaluator_.truncate(sequence, test_.depth);
  }

  BenchTest test_;
  tlite::Evaluator evaluator_;
  std::mt19937 random_{1};
  std::uniform_int_distribution<tlite::TokenId> random_ids_;
  std::vector<tlite::SequenceId> sequences_;
  std::vector<tlite::BatchRow> rows_;
};

// What generating must read: the weights once a step, each sequence's positions so far.
double bytes_per_step(const tlite::Model& model, const BenchTest& test,
                      const tlite::EvaluatorOptions& options) {
  const tlite::MemoryPlan plan = tlite::Model::plan(model.info().path, options);
  const double position = static_cast<double>(plan.kv_cache) / options.context;
  const double positions = test.depth + (test.generated + 1) / 2.0;
  return static_cast<double>(tlite::decode_bytes(model)) + test.sequences * positions * position;
}

tlite::Model load_once(const ModelFlags& flags, std::int32_t threads, LoadTime& time) {
  const Stopwatch watch;
  tlite::Model model = load_model(flags);
  tlite::EvaluatorOptions options;
  options.context = 512;
  options.threads = threads;
  tlite::Evaluator evaluator(model, options);
  time.ready = watch.seconds();
  evaluator.append(evaluator.create_sequence(), std::vector<tlite::TokenId>{0});
  time.first_token = watch.seconds();
  return model;
}

}  // namespace

std::int64_t tokens_of(const BenchTest& test) noexcept {
  return test.prompt + std::int64_t{test.generated} * test.sequences;
}

BenchResult run_bench(const tlite::Model& model, const BenchTest& test,
                      std::optional<tlite::DataType> kv_type, std::int32_t repetitions) {
  Bench bench(model, test, kv_type);
  BenchResult result;
  result.test = test;
  result.options = bench.options();
  const bool generates = test.generated > 0;
  // The limit moves with the neighbours on a shared machine: it is taken close to the test.
  const double bandwidth = generates ? read_bandwidth(result.options.threads) : 0;
  bench.warm_up();
  for (std::int32_t i = 0; i < repetitions; ++i) result.seconds.push_back(bench.run());
  result.resident = resident_bytes();
  if (!generates) return result;
  result.bandwidth = (bandwidth + read_bandwidth(result.options.threads)) / 2;
  result.bytes_per_step = bytes_per_step(model, test, result.options);
  return result;
}

tlite::Model timed_load(const ModelFlags& flags, std::int32_t threads, bool cold_too,
                        LoadTimes& times) {
  if (cold_too) {
    drop_from_page_cache(flags.path);
    load_once(flags, threads, times.cold.emplace());
  }
  return load_once(flags, threads, times.first);
}

}  // namespace cli
