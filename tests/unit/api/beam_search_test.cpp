// Beam search against transformers and vLLM's rule (tests/golden/scores.py), and in company.
#include "unit/model/synthetic.hpp"
#include "unit/support/errors.hpp"

#include <algorithm>
#include <cmath>
#include <fstream>
#include <sstream>
#include <string>
#include <utility>
#include <vector>

#include <doctest/doctest.h>

#include <tlite/engine.hpp>

namespace tlite {
namespace {

struct Expected {
  std::string checkpoint;
  std::size_t prompt = 0;
  float largest = 0;  // |logit|
  std::string line;
  BeamOptions options;
  std::vector<TokenId> ends;
  std::vector<std::pair<double, std::vector<TokenId>>> beams;
};

BeamStopping stopping_of(const std::string& name) {
  if (name == "never") return BeamStopping::never;
  return name == "at_once" ? BeamStopping::at_once : BeamStopping::heuristic;
}

std::vector<Expected> read_expected() {
  std::ifstream file(TLITE_SOURCE_DIR "/tests/golden/data/scores.txt");
  REQUIRE(file.good());
  std::vector<Expected> all;
  Expected of;
  bool in_beams = false;
  for (std::string line; std::getline(file, line);) {
    std::istringstream words(line);
    std::string word;
    if (line.starts_with("prompt ")) {
      in_beams = false;
      words >> word >> of.checkpoint >> of.prompt >> of.largest;
    } else if (line.starts_with("beams ")) {
      in_beams = true;
      Expected& next = all.emplace_back(of);
      next.line = line;
      BeamOptions& options = next.options;
      words >> word >> word;
      options.scoring = word == "vllm" ? BeamScoring::vllm : BeamScoring::huggingface;
      words >> options.beam_width >> options.max_new_tokens >> options.length_penalty >> word;
      options.early_stopping = stopping_of(word);
      words >> options.ignore_eos;
      for (TokenId end = 0; words >> end;) next.ends.push_back(end);
    } else if (in_beams) {
      auto& [score, tokens] = all.back().beams.emplace_back();
      words >> score;
      for (TokenId token = 0; words >> token;) tokens.push_back(token);
    }
  }
  return all;
}

EngineOptions small() {
  EngineOptions options;
  options.context = 1024;
  options.max_sequences = 4;
  options.threads = 2;
  options.kv_type = DataType::f32;
  return options;
}

void check_beams(const std::vector<Beam>& beams, const Expected& expected) {
  REQUIRE(beams.size() == expected.beams.size());
  for (std::size_t i = 0; i < beams.size(); ++i) {
    const auto& [score, tokens] = expected.beams[i];
    REQUIRE(beams[i].tokens == tokens);
    // Each logprob may be off by 2e-4 of the largest logit (api/engine's prompt logprobs), so their
    // sum by so many times that, and the score is of the sum.
    const double error = 2e-4 * static_cast<double>(expected.largest) *
                         static_cast<double>(tokens.size()) * score / beams[i].logprob;
    CHECK(std::abs(beams[i].score - score) <= error);
    const bool ended =
        !expected.options.ignore_eos &&
        std::find(expected.ends.begin(), expected.ends.end(), tokens.back()) != expected.ends.end();
    CHECK(beams[i].finish_reason == (ended ? FinishReason::end_of_text : FinishReason::length));
  }
}

const Expected& example() {
  static const std::vector<Expected> all = read_expected();
  return all.front();
}

Model model_of(const Expected& expected) {
  return testing::make_model(testing::spec_named(expected.checkpoint), nullptr, expected.ends);
}

std::vector<TokenId> prompt_of(const Expected& expected) {
  return testing::token_ids(testing::spec_named(expected.checkpoint), expected.prompt);
}

}  // namespace

TEST_CASE("api/beam_search: beams and scores are those of transformers and of vLLM") {
  const std::vector<Expected> all = read_expected();
  REQUIRE(all.size() == 134);
  for (const Expected& expected : all) {
    CAPTURE(expected.checkpoint);
    CAPTURE(expected.line);
    Engine engine(model_of(expected), small());
    check_beams(engine.beam_search(prompt_of(expected), expected.options), expected);
    CHECK_FALSE(engine.poll().has_value());
    CHECK(engine.status().running == 0);
  }
}

TEST_CASE("api/beam_search: others run meanwhile and get what they get alone") {
  const Expected& expected = example();
  const Model model = model_of(expected);
  const std::vector<TokenId> prompt = prompt_of(expected);
  RequestOptions options;
  options.sampling = SamplingParams();
  options.sampling->seed = 3;
  options.sampling->max_new_tokens = 20;
  options.sampling->ignore_eos = true;
  Engine alone(model, small());
  const Generation quiet = alone.wait(alone.submit(prompt, options));

  EngineOptions cacheless = small();
  cacheless.prefix_cache = false;
  for (const EngineOptions& with : {small(), cacheless}) {
    Engine engine(model, with);
    const RequestId request = engine.submit(prompt, options);
    check_beams(engine.beam_search(prompt, expected.options), expected);
    std::size_t tokens = 0;
    while (const auto event = engine.poll()) tokens += event->token >= 0 ? 1U : 0U;
    CHECK(tokens > 0);
    const RequestId again = engine.submit(prompt, options);
    CHECK(engine.wait(again).tokens == quiet.tokens);
    engine.run();
    (void)request;
  }
}

TEST_CASE("api/beam_search: each token of a beam costs a row") {
  const Expected& expected = example();
  Engine engine(model_of(expected), small());
  BeamOptions options = expected.options;
  options.beam_width = 3;
  options.ignore_eos = true;
  options.max_new_tokens = 6;
  const std::vector<TokenId> prompt = prompt_of(expected);
  const std::vector<Beam> beams = engine.beam_search(prompt, options);
  // What the best one is made of is in the cache but for its last token.
  std::vector<TokenId> whole = prompt;
  whole.insert(whole.end(), beams[0].tokens.begin(), beams[0].tokens.end());
  RequestOptions request;
  request.sampling = sampling_preset("greedy");
  request.sampling->max_new_tokens = 1;
  const Generation result = engine.wait(engine.submit(whole, request));
  CHECK(result.cached_tokens == result.prompt_tokens - 1);
}

TEST_CASE("api/beam_search: progress, and an end from outside") {
  const Expected& expected = example();
  Engine engine(model_of(expected), small());
  BeamOptions options = expected.options;
  options.ignore_eos = true;
  options.num_return = 1;
  std::vector<std::int64_t> seen;
  options.on_progress = [&](std::int64_t done, std::int64_t total) {
    CHECK(total == options.max_new_tokens);
    if (seen.empty() || seen.back() != done) seen.push_back(done);  // again while it works
    return done < 3;
  };
  const std::vector<Beam> beams = engine.beam_search(prompt_of(expected), options);
  CHECK(seen == std::vector<std::int64_t>{0, 1, 2, 3});
  REQUIRE(beams.size() == 1);
  CHECK(beams[0].tokens.size() == 3);
  CHECK(beams[0].finish_reason == FinishReason::cancelled);
  CHECK(std::abs(beams[0].score - beams[0].logprob / 3) < 1e-12);
}

TEST_CASE("api/beam_search: where it ends before the first token there is no beam") {
  const Expected& expected = example();
  Engine engine(model_of(expected), small());
  BeamOptions options = expected.options;
  options.on_progress = [](std::int64_t, std::int64_t) { return false; };
  CHECK(engine.beam_search(prompt_of(expected), options).empty());
  CHECK(engine.status().cached_tokens == 0);
  // In the middle of a prompt that takes longer than it waits before it asks.
  EngineOptions large = small();
  large.context = 1 << 14;
  Engine other(model_of(expected), large);
  int asked = 0;
  options.on_progress = [&](std::int64_t done, std::int64_t) { return done == 0 && ++asked < 2; };
  const std::vector<TokenId> prompt((1 << 14) - 64, prompt_of(expected)[0]);
  CHECK(other.beam_search(prompt, options).empty());
  CHECK(other.status().running == 0);
  CHECK(other.status().cached_tokens < static_cast<std::int32_t>(prompt.size()));
  options.on_progress = {};
  check_beams(other.beam_search(prompt_of(expected), expected.options), expected);
}

TEST_CASE("api/beam_search: at a temperature vLLM's beams may end by what is drawn") {
  const Expected& expected = example();
  const testing::Spec spec = testing::spec_named(expected.checkpoint);
  Engine engine(testing::make_model(spec, nullptr, {7}), small());
  BeamOptions options;
  options.scoring = BeamScoring::vllm;
  options.beam_width = 2;
  options.max_new_tokens = 100;
  options.length_penalty = 0;  // short answers are likelier
  const std::vector<TokenId> prompt = prompt_of(expected);
  const std::vector<Beam> cold = engine.beam_search(prompt, options);
  CHECK(cold[0].finish_reason == FinishReason::length);
  options.temperature = 50;  // nearly uniform: the end comes once in 96 draws
  options.seed = 1;
  const std::vector<Beam> hot = engine.beam_search(prompt, options);
  CHECK(hot[0].finish_reason == FinishReason::end_of_text);
  CHECK(hot[0].tokens.back() == 7);
  const std::vector<Beam> again = engine.beam_search(prompt, options);
  CHECK(again[0].tokens == hot[0].tokens);
  CHECK(again[0].logprob == hot[0].logprob);
}

TEST_CASE("api/beam_search: what is wrong is refused by name") {
  const Expected& expected = example();
  Engine engine(model_of(expected), small());
  const std::vector<TokenId> prompt = prompt_of(expected);
  const auto error_of = [&](void (*change)(BeamOptions&)) {
    BeamOptions options;
    options.max_new_tokens = 4;
    change(options);
    return test::error_of([&] { engine.beam_search(prompt, options); });
  };
  using Change = void (*)(BeamOptions&);
  const std::pair<Change, const char*> cases[] = {
      {[](BeamOptions& o) { o.beam_width = 0; }, "beam_width is 0; it takes 1 to 256"},
      {[](BeamOptions& o) { o.beam_width = 257; }, "beam_width is 257; it takes 1 to 256"},
      {[](BeamOptions& o) { o.max_new_tokens = 0; }, "max_new_tokens is 0; it takes 1 or more"},
      {[](BeamOptions& o) { o.scoring = static_cast<BeamScoring>(2); },
       "scoring is 2; it takes 0 or 1"},
      {[](BeamOptions& o) { o.early_stopping = static_cast<BeamStopping>(3); },
       "early_stopping is 3; it takes 0 to 2"},
      {[](BeamOptions& o) { o.length_penalty = INFINITY; },
       "length_penalty is inf; it must be finite"},
      {[](BeamOptions& o) { o.num_return = 5; }, "num_return is 5; it takes 0 to beam_width, 4"},
      {[](BeamOptions& o) { o.temperature = -1; }, "temperature is -1; it takes 0 or more"},
      {[](BeamOptions& o) { o.temperature = 0.5F; },
       "temperature is 0.5; with BeamScoring::huggingface it takes 0"},
      {[](BeamOptions& o) {
         o.scoring = BeamScoring::vllm;
         o.early_stopping = BeamStopping::never;
       },
       "early_stopping is 2; with BeamScoring::vllm it takes 0"},
  };
  for (const auto& [change, what] : cases) {
    CHECK(error_of(change) == std::string("invalid_argument: BeamOptions::") + what);
  }
  CHECK(error_of([](BeamOptions& o) { o.max_new_tokens = 1000; }) ==
        "context_full: the prompt takes 70 tokens and max_new_tokens is 1000, the context of 1024 "
        "must hold both");
  BeamOptions options;
  options.max_new_tokens = 4;
  CHECK(test::error_of([&] { engine.beam_search(std::vector<TokenId>{}, options); }) ==
        "invalid_argument: empty prompt");
}

}  // namespace tlite
