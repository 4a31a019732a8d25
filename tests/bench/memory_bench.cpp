// What a host sees its process grow by, beside what Model::plan has told. A row of JSON.
//
//   memory_bench MODEL [--read] [--characters N] [--context N] [--threads N] [--rows N]
//
// A model is loaded, and an engine made with N characters on it (default 3). They talk: contexts of
// so many tokens (default 1024) are filled by words from the first fifth of the vocabulary, where
// the frequent ones are, and answers. Then all is looked at: each word, and every row of logits, by
// texts that are scored. Resident memory is the kernel's sum over all mappings (smaps_rollup; that of
// /proc/self/status is rounded by tens of pages a processor), `own` what is of no file, and `malloc`
// what that has given out. In megabytes; Linux alone.
#include <chrono>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <fstream>
#include <map>
#include <string>
#include <vector>

#include <malloc.h>

#include <tlite/tlite.hpp>

namespace {

struct Resident {
  double all = 0;
  double own = 0;   // not of files
  double heap = 0;  // what malloc has given out
};

constexpr double kMegabyte = 1e6;

// The kilobytes that such a file tells by name, as megabytes of 1,000,000 bytes.
std::map<std::string, double> sizes_of(const char* path) {
  std::map<std::string, double> sizes;
  std::ifstream file(path);
  std::string line;
  while (std::getline(file, line)) {
    const std::size_t colon = line.find(':');
    if (colon == std::string::npos) continue;
    sizes[line.substr(0, colon)] = std::atof(&line[colon + 1]) * 1024 / kMegabyte;
  }
  return sizes;
}

Resident resident() {
  std::map<std::string, double> sizes = sizes_of("/proc/self/smaps_rollup");
  const struct mallinfo2 heap = ::mallinfo2();
  return {sizes["Rss"], sizes["Anonymous"],
          static_cast<double>(heap.uordblks + heap.hblkhd) / kMegabyte};
}

void print(const char* name, const Resident& now, const Resident& before) {
  std::printf("\"%s\": {\"resident\": %.2f, \"own\": %.2f, \"malloc\": %.2f}, ", name,
              now.all - before.all, now.own - before.own, now.heap - before.heap);
}

struct Arguments {
  std::string model;
  bool read = false;
  std::int32_t characters = 3;
  std::int32_t context = 1024;
  std::int32_t threads = 0;
  std::int32_t rows = tlite::EngineOptions().max_batch_rows;
};

bool parse(int count, char** words, Arguments& to) {
  const std::map<std::string, std::int32_t*> numbers = {{"--characters", &to.characters},
                                                        {"--context", &to.context},
                                                        {"--threads", &to.threads},
                                                        {"--rows", &to.rows}};
  for (int i = 1; i < count; ++i) {
    const std::string word = words[i];
    const auto number = numbers.find(word);
    if (word == "--read") {
      to.read = true;
    } else if (number != numbers.end() && i + 1 < count) {
      *number->second = std::atoi(words[++i]);
    } else if (to.model.empty() && word[0] != '-') {
      to.model = word;
    } else {
      return false;
    }
  }
  return !to.model.empty();
}

constexpr std::int32_t kAnswer = 32;

// So many words, one of each `step` from the `first` on.
std::vector<tlite::TokenId> words(std::int32_t count, std::int64_t first, std::int64_t step,
                                  std::int64_t of) {
  std::vector<tlite::TokenId> ids;
  for (std::int64_t i = 0; i < count; ++i) {
    ids.push_back(static_cast<tlite::TokenId>((first + i * step) % of));
  }
  return ids;
}

// Fills a session's context; no two begin alike.
void talk(tlite::Session& session, std::int32_t context, std::int32_t first) {
  const std::int32_t frequent = session.model().info().config.vocab_size / 5;
  const std::vector<tlite::TokenId> ids = words(context - kAnswer, first, 31, frequent);
  tlite::SamplingParams params;
  params.max_new_tokens = kAnswer;
  params.ignore_eos = true;
  params.seed = 1;
  session.set_sampling(params);
  tlite::Stream stream = session.stream_complete(ids);
  while (stream.next()) continue;
}

// Every page of the table of embeddings: of a file that is cached Linux maps 16 with each that is
// touched, 64 KB, which is more than 32 rows of most tables. Every row of logits: by the first text.
void look_at_all(tlite::Engine& engine, std::int32_t context) {
  const std::int32_t vocabulary = engine.model().info().config.vocab_size;
  constexpr std::int32_t kStep = 32;
  for (std::int32_t first = 0; first < vocabulary; first += kStep * context) {
    tlite::RequestOptions options;
    options.sampling.emplace().max_new_tokens = 0;
    if (first == 0) options.prompt_logprobs = 0;
    engine.submit(words(context - 1, first, kStep, vocabulary), options);
    engine.run();
    while (engine.poll()) continue;
  }
}

void measure(const Arguments& given) {
  tlite::LoadOptions load;
  load.read_into_memory = given.read;
  tlite::EngineOptions options;
  options.context = given.context * given.characters;
  options.threads = given.threads;
  options.max_batch_rows = given.rows;
  options.embeddings = false;
  options.max_delay = std::chrono::hours(1);  // full batches, however slow the machine is

  const Resident before = resident();
  const tlite::Model model = tlite::Model::load(given.model, load);
  const Resident loaded = resident();
  const double peak = sizes_of("/proc/self/status")["VmHWM"];
  tlite::Engine engine(model, options);
  std::vector<tlite::Session> sessions;
  for (std::int32_t i = 0; i < given.characters; ++i) {
    sessions.emplace_back(engine, tlite::SessionOptions{.context = given.context});
  }
  const Resident made = resident();
  for (std::int32_t i = 0; i < given.characters; ++i) {
    talk(sessions[static_cast<std::size_t>(i)], given.context, 100 + i);
  }
  const Resident talked = resident();
  look_at_all(engine, given.context);
  const Resident all = resident();

  // Last, for the memory that it has had for a moment stays with the process.
  const tlite::MemoryPlan plan =
      tlite::Model::plan(given.model, tlite::evaluator_options(options), load);
  std::printf("{\"model\": \"%s\", \"read\": %s, \"characters\": %d, ", model.info().name.c_str(),
              given.read ? "true" : "false", given.characters);
  print("loaded", loaded, before);
  print("made", made, before);
  print("talked", talked, before);
  print("all", all, before);
  std::printf("\"plan\": {\"weights\": %.2f, \"weights_resident\": %.2f, \"kv_cache\": %.2f, ",
              static_cast<double>(plan.weights) / kMegabyte,
              static_cast<double>(plan.weights_resident) / kMegabyte,
              static_cast<double>(plan.kv_cache) / kMegabyte);
  const double total = static_cast<double>(plan.total()) / kMegabyte;
  std::printf("\"scratch\": %.2f, \"total\": %.2f}, \"peak_of_load\": %.2f, ",
              static_cast<double>(plan.scratch) / kMegabyte, total, peak - before.all);
  std::printf("\"talked_by_plan\": %.3f, \"all_by_plan\": %.3f}\n",
              (talked.all - before.all) / total, (all.all - before.all) / total);
}

}  // namespace

int main(int count, char** words) {
  Arguments given;
  if (!parse(count, words, given)) {
    std::fprintf(stderr,
                 "memory_bench MODEL [--read] [--characters N] [--context N] [--threads N] "
                 "[--rows N]\n");
    return 2;
  }
  try {
    measure(given);
  } catch (const tlite::Error& error) {
    std::fprintf(stderr, "%s\n", error.what());
    return 1;
  }
  return 0;
}
