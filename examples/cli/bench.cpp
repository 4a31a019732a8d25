// tlite bench MODEL: speed by llama-bench's definitions and in its rows, beside the limit of the
// machine. docs/bench.md says what each number means.
#include "bench_run.hpp"
#include "commands.hpp"
#include "machine.hpp"
#include "model_flags.hpp"
#include "output.hpp"
#include "progress.hpp"

#include <cmath>
#include <ctime>
#include <memory>
#include <numeric>
#include <optional>
#include <stdexcept>
#include <string>
#include <vector>

namespace cli {
namespace {

struct Flags {
  ModelFlags model;
  std::vector<std::int32_t> prompts = {512};
  std::vector<std::int32_t> generated = {128};
  std::vector<std::int32_t> depths = {0};
  std::vector<std::int32_t> batches = {1};
  std::vector<std::int32_t> threads = {0};
  std::optional<std::string> kv_type;
  std::int32_t repetitions = 5;
  bool load = false;
  bool json = false;
};

struct Moments {
  double mean = 0;
  double deviation = 0;  // of the sample: 0 for a single value
};

Moments moments_of(const std::vector<double>& values) {
  const auto count = static_cast<double>(values.size());
  Moments result;
  result.mean = std::accumulate(values.begin(), values.end(), 0.0) / count;
  double squares = 0;
  for (const double value : values) squares += (value - result.mean) * (value - result.mean);
  if (values.size() > 1) result.deviation = std::sqrt(squares / (count - 1));
  return result;
}

// Tokens a second of each repetition.
std::vector<double> speeds_of(const BenchResult& result) {
  std::vector<double> speeds;
  for (const double seconds : result.seconds) {
    speeds.push_back(static_cast<double>(tokens_of(result.test)) / seconds);
  }
  return speeds;
}

std::string time_now() {
  const std::time_t now = std::time(nullptr);
  std::tm utc = {};
  ::gmtime_r(&now, &utc);
  char text[32];
  return {text, std::strftime(text, sizeof text, "%Y-%m-%dT%H:%M:%SZ", &utc)};
}

// Bytes a second that decoding had to read, as a share of what the machine can: nothing for a
// prompt, whose limit is arithmetic.
std::optional<double> bandwidth_share(const BenchResult& result) {
  if (result.test.generated == 0) return std::nullopt;
  const double steps = moments_of(speeds_of(result)).mean / result.test.sequences;
  return steps * result.bytes_per_step / result.bandwidth;
}

// "pp512", "tg128", "tg128 x4 @ d4096".
std::string name_of(const BenchTest& test) {
  std::string name =
      test.prompt > 0 ? "pp" + std::to_string(test.prompt) : "tg" + std::to_string(test.generated);
  if (test.sequences > 1) name += " x" + std::to_string(test.sequences);
  if (test.depth > 0) name += " @ d" + std::to_string(test.depth);
  return name;
}

Json load_json(const LoadTime& time) {
  return {{"ready_ns", std::llround(time.ready * 1e9)},
          {"first_token_ns", std::llround(time.first_token * 1e9)}};
}

// llama-bench's keys where it has one for the matter, then ours.
Json row_json(const tlite::Model& model, const LoadTimes& loads, const BenchResult& result) {
  const tlite::ModelInfo& info = model.info();
  std::vector<std::int64_t> nanoseconds;
  for (const double seconds : result.seconds) nanoseconds.push_back(std::llround(seconds * 1e9));
  const std::vector<double> speeds = speeds_of(result);
  const Moments time = moments_of(result.seconds);
  const Moments speed = moments_of(speeds);
  Json row = {
      {"build_commit", "libtlite " + std::string(tlite::version())},
      {"cpu_info", processor_name()},
      {"backends", "CPU"},
      {"model_filename", info.path},
      {"model_type", info.config.architecture + " " + std::string(to_string(info.weight_type))},
      {"model_size", info.weight_bytes},
      {"model_n_params", info.parameter_count},
      {"n_batch", result.options.max_batch_rows},
      {"n_ubatch", result.options.max_batch_rows},
      {"n_threads", result.options.threads},
      {"type_k", to_string(*result.options.kv_type)},
      {"type_v", to_string(*result.options.kv_type)},
      {"n_prompt", result.test.prompt},
      {"n_gen", result.test.generated},
      {"n_depth", result.test.depth},
      {"test_time", time_now()},
      {"avg_ns", std::llround(time.mean * 1e9)},
      {"stddev_ns", std::llround(time.deviation * 1e9)},
      {"avg_ts", speed.mean},
      {"stddev_ts", speed.deviation},
      {"samples_ns", nanoseconds},
      {"samples_ts", speeds},
      {"n_parallel", result.test.sequences},
      {"cpu_tier", tlite::cpu_tier(model)},
      {"resident_bytes", result.resident},
      {"load", load_json(loads.first)},
  };
  if (loads.cold) row["load_cold"] = load_json(*loads.cold);
  if (const auto share = bandwidth_share(result)) {
    row["bytes_per_step"] = std::llround(result.bytes_per_step);
    row["bandwidth"] = std::llround(result.bandwidth);
    row["bandwidth_share"] = *share;
  }
  return row;
}

std::string count_text(std::uint64_t count) {
  const auto value = static_cast<double>(count);
  return value < 1e9 ? format_number(value / 1e6, 2) + " M" : format_number(value / 1e9, 2) + " B";
}

std::string speed_text(const BenchResult& result) {
  const Moments speed = moments_of(speeds_of(result));
  return format_number(speed.mean, 2) + " ± " + format_number(speed.deviation, 2);
}

void write_head() {
  write_text(
      "| model | size | params | backend | threads | test | t/s | of bandwidth | memory |\n"
      "| --- | ---: | ---: | --- | ---: | ---: | ---: | ---: | ---: |\n");
}

void write_row(const tlite::Model& model, const BenchResult& result) {
  const tlite::ModelInfo& info = model.info();
  const auto share = bandwidth_share(result);
  const std::string of_bandwidth =
      share ? format_number(*share * 100, 0) + " % of " + format_bytes(result.bandwidth) + "/s"
            : "";
  write_text("| " + info.config.architecture + " " + std::string(to_string(info.weight_type)) +
             " | " + format_bytes(static_cast<double>(info.weight_bytes)) + " | " +
             count_text(info.parameter_count) + " | CPU " + std::string(tlite::cpu_tier(model)) +
             " | " + std::to_string(result.options.threads) + " | " + name_of(result.test) + " | " +
             speed_text(result) + " | " + of_bandwidth + " | " +
             format_bytes(static_cast<double>(result.resident)) + " |\n");
}

void write_load(const std::string& label, const LoadTime& time) {
  write_text(label + format_number(time.ready, 2) + " s, first token after " +
             format_number(time.first_token, 2) + " s\n");
}

std::vector<BenchTest> tests_of(const Flags& flags) {
  std::vector<BenchTest> tests;
  for (const std::int32_t threads : flags.threads) {
    for (const std::int32_t depth : flags.depths) {
      for (const std::int32_t prompt : flags.prompts) {
        if (prompt > 0) tests.push_back({threads, depth, prompt, 0, 1});
      }
      for (const std::int32_t generated : flags.generated) {
        for (const std::int32_t sequences : flags.batches) {
          if (generated > 0) tests.push_back({threads, depth, 0, generated, sequences});
        }
      }
    }
  }
  if (tests.empty() && !flags.load) {
    throw std::runtime_error("nothing to measure: -p and -n are 0, and no --load");
  }
  return tests;
}

void run(const Flags& flags) {
  const std::vector<BenchTest> tests = tests_of(flags);
  Progress progress("bench");
  LoadTimes loads;
  const tlite::Model model = timed_load(flags.model, flags.threads.front(), flags.load, loads);
  Json rows = Json::array();
  if (!flags.json) write_head();
  for (const BenchTest& test : tests) {
    progress.show(name_of(test));
    const BenchResult result =
        run_bench(model, test, parse_kv_type(flags.kv_type), flags.repetitions);
    progress.clear();
    if (flags.json) {
      rows.push_back(row_json(model, loads, result));
    } else {
      write_row(model, result);
    }
  }
  if (flags.json) return write_json(rows);
  write_text("\n" + processor_name() + "\n");
  if (loads.cold) write_load("load, cold: ", *loads.cold);
  write_load(loads.cold ? "load, warm: " : "load: ", loads.first);
}

}  // namespace

void add_bench(CLI::App& app) {
  const auto flags = std::make_shared<Flags>();
  CLI::App* const command = app.add_subcommand("bench", "Speed, in llama-bench's terms");
  add_model_argument(*command, flags->model.path);
  const auto list = [&](const char* name, std::vector<std::int32_t>& values, int least, int most,
                        const char* help) {
    command->add_option(name, values, help)
        ->delimiter(',')
        ->allow_extra_args(false)
        ->take_all()
        ->check(CLI::Range(least, most))
        ->capture_default_str();
  };
  constexpr int kMostTokens = 1 << 20;
  list("-p,--n-prompt", flags->prompts, 0, kMostTokens, "tokens of a prompt; 0: no such test");
  list("-n,--n-gen", flags->generated, 0, kMostTokens, "tokens generated; 0: no such test");
  list("-d,--n-depth", flags->depths, 0, kMostTokens, "tokens in the cache before");
  list("-b,--batch", flags->batches, 1, 512, "sequences generated together");
  list("-t,--threads", flags->threads, 0, kMostThreads, "threads; 0: one per physical core");
  command->add_option("-r,--repetitions", flags->repetitions, "times that a test is repeated")
      ->check(CLI::Range(1, 1000))
      ->capture_default_str();
  add_kv_type_option(*command, flags->kv_type);
  add_load_options(*command, flags->model);
  command->add_flag("--load", flags->load, "also time a cold load, from the disk");
  command->add_flag("--json", flags->json, "llama-bench's JSON: an array of rows");
  command->callback([flags] { run(*flags); });
}

}  // namespace cli
