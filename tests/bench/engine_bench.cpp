// What an engine gives to many requests, and what it costs a game's frame. Rows of JSON.
//
//   engine_bench MODEL throughput [PARALLEL] [REQUESTS]
//       requests of mixed lengths, tokens a second
//   engine_bench MODEL long [PROMPT]
//       others' tokens and first tokens while a long prompt runs
//   engine_bench MODEL prefix [PROMPT]
//       first token of a prompt, and of the same prompt again
//   engine_bench MODEL scores [PROMPT]
//       tokens a second of a prompt with log probabilities, and without
//   engine_bench MODEL budget [SEQUENCES]
//       how far step(1, 3, 8 ms) goes over, prompts and tokens
//   engine_bench MODEL cost [SEQUENCES] [THREADS]
//       what a step of decoding costs beside the forward pass: scheduling, sampling, events
//
// Prompts are random ids and answers go on to a length of their own, so the same MODEL, seed and
// numbers give the same work to every engine: requests() is what a peer has to be fed with.
#include "timing.hpp"

#include <algorithm>
#include <chrono>
#include <cmath>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <ctime>
#include <map>
#include <random>
#include <string>
#include <vector>

#include <tlite/tlite.hpp>

namespace {

using Clock = std::chrono::steady_clock;

double seconds_since(Clock::time_point start) {
  return std::chrono::duration<double>(Clock::now() - start).count();
}

double quantile(const std::vector<double>& values, double share) {
  return values.empty() ? 0 : tlite::at_share(values, share);
}

struct Work {
  std::vector<tlite::TokenId> prompt;
  std::int32_t answer = 0;
};

std::vector<tlite::TokenId> random_ids(std::mt19937& random, std::size_t count) {
  std::vector<tlite::TokenId> ids;
  for (std::size_t i = 0; i < count; ++i) ids.push_back(static_cast<int>(1000 + random() % 100000));
  return ids;
}

// Conversations as people have them: most prompts and answers are short, some are ten times as
// long. The lengths are log-normal with ShareGPT's medians, cut at both ends.
std::vector<Work> requests(std::size_t count) {
  std::mt19937 random(1);
  const auto length = [&](double median, double spread, double most) {
    const double u1 = (static_cast<double>(random()) + 1) / 4294967297.0;
    const double u2 = static_cast<double>(random()) / 4294967296.0;
    const double normal = std::sqrt(-2 * std::log(u1)) * std::cos(6.283185307179586 * u2);
    return static_cast<std::size_t>(std::clamp(median * std::exp(spread * normal), 4.0, most));
  };
  std::vector<Work> all;
  for (std::size_t i = 0; i < count; ++i) {
    const std::size_t prompt = length(80, 1.0, 800);
    all.push_back({random_ids(random, prompt), static_cast<std::int32_t>(length(60, 0.8, 300))});
  }
  return all;
}

tlite::RequestOptions with(std::int32_t answer) {
  tlite::SamplingParams sampling;
  sampling.temperature = 0;
  sampling.ignore_eos = true;
  sampling.max_new_tokens = answer;
  tlite::RequestOptions options;
  options.sampling = sampling;
  return options;
}

void throughput(const tlite::Model& model, std::int32_t parallel, std::size_t count) {
  tlite::EngineOptions options;
  options.max_sequences = parallel;
  options.context = std::max(4096, parallel * 1100);
  tlite::Engine engine(model, options);
  const std::vector<Work> work = requests(count);
  std::size_t prompt = 0;
  std::size_t answer = 0;
  const Clock::time_point start = Clock::now();
  const std::clock_t spent = std::clock();
  for (const Work& one : work) {
    engine.submit(one.prompt, with(one.answer));
    prompt += one.prompt.size();
    answer += static_cast<std::size_t>(one.answer);
  }
  engine.run();
  const double seconds = seconds_since(start);
  const double processor = static_cast<double>(std::clock() - spent) / CLOCKS_PER_SEC;
  std::printf(
      "{\"test\": \"throughput\", \"parallel\": %d, \"requests\": %zu, \"prompt_tokens\": %zu, "
      "\"answer_tokens\": %zu, \"seconds\": %.3f, \"processor_seconds\": %.3f, "
      "\"tokens_per_second\": %.1f}\n",
      parallel, count, prompt, answer, seconds, processor,
      static_cast<double>(prompt + answer) / seconds);
}

void print_requests(std::size_t count) {
  for (const Work& one : requests(count)) {
    std::printf("{\"answer\": %d, \"prompt\": [", one.answer);
    for (std::size_t i = 0; i < one.prompt.size(); ++i) {
      std::printf("%s%d", i == 0 ? "" : ", ", one.prompt[i]);
    }
    std::printf("]}\n");
  }
}

void long_prompt(const tlite::Model& model, std::size_t length) {
  tlite::EngineOptions options;
  options.context = static_cast<std::int32_t>(length) + 4096;
  tlite::Engine engine(model, options);
  std::mt19937 random(2);
  const tlite::RequestId running = engine.submit(random_ids(random, 32), with(100000 / 64));
  while (!engine.poll()) engine.step(std::chrono::milliseconds(5));
  Clock::time_point last = Clock::now();
  std::vector<double> steps;  // its tokens alone
  while (steps.size() < 16) {
    engine.step(std::chrono::milliseconds(5));
    while (engine.poll()) {
      steps.push_back(seconds_since(last));
      last = Clock::now();
    }
  }
  const Clock::time_point start = Clock::now();
  const tlite::RequestId prompt = engine.submit(random_ids(random, length), with(1));
  std::vector<double> gaps;
  std::vector<double> firsts;
  std::map<tlite::RequestId, Clock::time_point> shorts;
  last = Clock::now();
  Clock::time_point next_short = start;
  bool done = false;
  while (!done && engine.step(std::chrono::milliseconds(5))) {
    while (const auto event = engine.poll()) {
      if (event->request == running) {
        gaps.push_back(seconds_since(last));
        last = Clock::now();
      }
      if (const auto found = shorts.find(event->request); found != shorts.end()) {
        firsts.push_back(seconds_since(found->second));
        shorts.erase(found);
      }
      done |= event->request == prompt;
    }
    if (Clock::now() < next_short) continue;
    shorts[engine.submit(random_ids(random, 24), with(1))] = Clock::now();
    next_short = Clock::now() + std::chrono::milliseconds(1500);
  }
  std::printf(
      "{\"test\": \"long\", \"prompt\": %zu, \"seconds\": %.2f, \"step_p50\": %.4f, \"gap_p50\": "
      "%.4f, "
      "\"gap_p99\": %.4f, \"first_p50\": %.4f, \"first_p95\": %.4f, \"shorts\": %zu}\n",
      length, seconds_since(start), quantile(steps, 0.5), quantile(gaps, 0.5), quantile(gaps, 0.99),
      quantile(firsts, 0.5), quantile(firsts, 0.95), firsts.size());
}

void prefix(const tlite::Model& model, std::size_t length) {
  tlite::EngineOptions options;
  options.context = static_cast<std::int32_t>(length) * 2 + 1024;
  tlite::Engine engine(model, options);
  std::mt19937 random(3);
  std::vector<tlite::TokenId> ids = random_ids(random, length);
  std::vector<double> times;
  for (int i = 0; i < 6; ++i) {
    ids.resize(length);
    for (const tlite::TokenId id : random_ids(random, 16)) ids.push_back(id);
    const Clock::time_point start = Clock::now();
    engine.wait(engine.submit(ids, with(1)));
    times.push_back(seconds_since(start));
  }
  const double again = quantile({times.begin() + 1, times.end()}, 0.5);
  std::printf(
      "{\"test\": \"prefix\", \"prompt\": %zu, \"first\": %.4f, \"again\": %.4f, \"ratio\": "
      "%.1f}\n",
      length, times[0], again, times[0] / again);
}

void scores(const tlite::Model& model, std::size_t length) {
  tlite::EngineOptions options;
  options.context = static_cast<std::int32_t>(length) * 2 + 1024;
  options.prefix_cache = false;
  tlite::Engine engine(model, options);
  std::mt19937 random(5);
  std::vector<double> plain;
  std::vector<double> scored;
  for (int i = 0; i < 10; ++i) {
    tlite::RequestOptions request = with(0);
    if (i % 2 == 1) request.prompt_logprobs = 5;
    const std::vector<tlite::TokenId> ids = random_ids(random, length);
    const Clock::time_point start = Clock::now();
    engine.wait(engine.submit(ids, request));
    (i % 2 == 1 ? scored : plain).push_back(seconds_since(start));
  }
  const auto rate = [&](const std::vector<double>& times) {
    return static_cast<double>(length) / quantile(times, 0.5);
  };
  std::printf(
      "{\"test\": \"scores\", \"prompt\": %zu, \"plain_per_second\": %.1f, "
      "\"scored_per_second\": %.1f}\n",
      length, rate(plain), rate(scored));
}

void budget_of(tlite::Engine& engine, const char* kind, int sequences, double milliseconds) {
  std::vector<double> over;
  const auto budget = std::chrono::nanoseconds(static_cast<std::int64_t>(milliseconds * 1e6));
  const Clock::time_point start = Clock::now();
  while (seconds_since(start) < 4) {
    const Clock::time_point begin = Clock::now();
    if (!engine.step(budget)) break;
    over.push_back(std::max(seconds_since(begin) * 1e3 - milliseconds, 0.0));
    while (engine.poll()) continue;
  }
  std::printf(
      "{\"test\": \"budget\", \"kind\": \"%s\", \"sequences\": %d, \"budget_ms\": %.0f, "
      "\"over_p50_ms\": %.3f, \"over_p99_ms\": %.3f, \"over_max_ms\": %.3f, \"steps\": %zu}\n",
      kind, sequences, milliseconds, quantile(over, 0.5), quantile(over, 0.99), quantile(over, 1.0),
      over.size());
}

void budget(const tlite::Model& model, int sequences) {
  std::mt19937 random(4);
  for (const double milliseconds : {1.0, 3.0, 8.0}) {
    for (const bool prompts : {true, false}) {
      tlite::EngineOptions options;
      options.context = 20000;
      tlite::Engine engine(model, options);
      for (int i = 0; i < sequences; ++i) {
        engine.submit(random_ids(random, prompts ? 4000 : 16), with(prompts ? 1 : 3000));
      }
      // Tokens: past the prompts.
      for (int left = prompts ? 0 : sequences; left > 0;) {
        engine.step(std::chrono::milliseconds(1));
        while (engine.poll()) --left;
      }
      budget_of(engine, prompts ? "prompt" : "tokens", sequences, milliseconds);
    }
  }
}

// A step's time less what the model took of it, which the results tell.
void cost_of(const tlite::Model& model, const char* name, const tlite::SamplingParams& params,
             int sequences, int threads) {
  constexpr int kTokens = 64;
  tlite::EngineOptions options;
  options.threads = threads;
  options.max_sequences = sequences;
  options.context = sequences * 256;
  tlite::Engine engine(model, options);
  std::mt19937 random(5);
  tlite::RequestOptions request = with(kTokens);
  request.sampling = params;
  request.sampling->max_new_tokens = kTokens;
  request.sampling->ignore_eos = true;
  tlite::RequestId first = 0;
  for (int i = 0; i < sequences; ++i) {
    request.sampling->seed = static_cast<std::uint64_t>(i);
    const tlite::RequestId id = engine.submit(random_ids(random, 16), request);
    if (i == 0) first = id;
  }
  // Past the prompts: all decode from here on.
  for (int left = sequences; left > 0;) {
    engine.step(std::chrono::nanoseconds(0));
    while (engine.poll()) --left;
  }
  const Clock::time_point start = Clock::now();
  engine.run();
  const double all = seconds_since(start);
  double in_model = 0;
  int steps = 0;
  while (const auto event = engine.poll()) {
    if (event->request == first) ++steps;
    if (event->result) in_model = event->result->decode_seconds;
  }
  std::printf(
      "{\"test\": \"cost\", \"sampling\": \"%s\", \"sequences\": %d, \"step_ms\": %.2f, "
      "\"own_ms\": %.3f, \"own_share\": %.4f}\n",
      name, sequences, all / steps * 1e3, (all - in_model) / steps * 1e3, (all - in_model) / all);
}

void cost(const tlite::Model& model, int sequences, int threads) {
  tlite::SamplingParams greedy;
  greedy.temperature = 0;
  tlite::SamplingParams card;
  card.temperature = 0.7F;
  card.top_p = 0.8F;
  card.top_k = 70;
  tlite::SamplingParams penalised = card;
  penalised.repetition_penalty = 1.05F;
  tlite::SamplingParams top_p;
  top_p.top_p = 0.9F;
  cost_of(model, "greedy", greedy, sequences, threads);
  cost_of(model, "temperature 0.7, top_k 70, top_p 0.8", card, sequences, threads);
  cost_of(model, "the same, repetition_penalty 1.05", penalised, sequences, threads);
  cost_of(model, "top_p 0.9", top_p, sequences, threads);
}

}  // namespace

int main(int argc, char** argv) {
  if (argc < 3) {
    std::fprintf(stderr,
                 "usage: engine_bench MODEL throughput|requests|long|prefix|scores|budget|cost "
                 "[NUMBER...]\n");
    return 2;
  }
  const std::string test = argv[2];
  const auto number = [&](int i, int fallback) { return argc > i ? std::atoi(argv[i]) : fallback; };
  const tlite::Model model = tlite::Model::load(argv[1]);
  if (test == "throughput") {
    throughput(model, number(3, 16), static_cast<std::size_t>(number(4, 64)));
  } else if (test == "requests") {
    print_requests(static_cast<std::size_t>(number(3, 64)));
  } else if (test == "long") {
    long_prompt(model, static_cast<std::size_t>(number(3, 8192)));
  } else if (test == "prefix") {
    prefix(model, static_cast<std::size_t>(number(3, 2048)));
  } else if (test == "scores") {
    scores(model, static_cast<std::size_t>(number(3, 1024)));
  } else if (test == "budget") {
    budget(model, number(3, 1));
  } else if (test == "cost") {
    cost(model, number(3, 16), number(4, 0));
  } else {
    std::fprintf(stderr, "engine_bench: no test %s\n", test.c_str());
    return 2;
  }
  return 0;
}
