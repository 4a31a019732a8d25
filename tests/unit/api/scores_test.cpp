// Log probabilities of prompts: against transformers (tests/golden/scores.py), and the same bits
// whatever else runs; several answers to one prompt.
#include "unit/model/synthetic.hpp"
#include "unit/support/errors.hpp"
#include "unit/support/tiny_checkpoint.hpp"

#include <cmath>
#include <fstream>
#include <sstream>
#include <string>
#include <vector>

#include <doctest/doctest.h>

#include <tlite/engine.hpp>

namespace tlite {
namespace {

struct Expected {
  std::string name;
  std::size_t prompt = 0;
  float largest = 0;  // |logit|
  struct Token {
    std::int32_t position;
    float logprob;
    std::int32_t rank;
  };
  std::vector<Token> tokens;
};

std::vector<Expected> read_expected() {
  std::ifstream file(TLITE_SOURCE_DIR "/tests/golden/data/scores.txt");
  REQUIRE(file.good());
  std::vector<Expected> all;
  bool of_prompt = false;
  for (std::string line; std::getline(file, line);) {
    std::istringstream words(line);
    if (line.starts_with("prompt ")) {
      std::string skipped;
      Expected& next = all.emplace_back();
      words >> skipped >> next.name >> next.prompt >> next.largest;
      of_prompt = true;
    } else if (line.starts_with("beams ")) {
      of_prompt = false;  // for beam_search_test.cpp
    } else if (of_prompt) {
      Expected::Token token{};
      words >> token.position >> token.logprob >> token.rank;
      all.back().tokens.push_back(token);
    }
  }
  return all;
}

EngineOptions small(std::int32_t rows = 32) {
  EngineOptions options;
  options.context = 1024;
  options.max_sequences = 4;
  options.max_batch_rows = rows;
  options.threads = 2;
  options.kv_type = DataType::f32;
  return options;
}

RequestOptions scored(std::int32_t max_new_tokens = 0, std::int32_t start = 1) {
  RequestOptions options;
  options.sampling = sampling_preset("greedy");
  options.sampling->max_new_tokens = max_new_tokens;
  options.prompt_logprobs = 3;
  options.prompt_logprobs_start = start;
  return options;
}

Model tiny_model() {
  LoadOptions options;
  options.host.files = test::tiny_checkpoint("tiny");
  return Model::load("tiny", options);
}

bool same(const std::vector<TokenLogprob>& a, const std::vector<TokenLogprob>& b) {
  return std::equal(a.begin(), a.end(), b.begin(), b.end(), [](const auto& x, const auto& y) {
    return x.token == y.token && x.logprob == y.logprob && x.rank == y.rank;
  });
}

}  // namespace

TEST_CASE("api/engine: prompt logprobs are those of transformers' log_softmax") {
  const std::vector<Expected> all = read_expected();
  REQUIRE(all.size() == 2);
  for (const Expected& expected : all) {
    CAPTURE(expected.name);
    const testing::Spec spec = testing::spec_named(expected.name);
    const std::vector<TokenId> prompt = testing::token_ids(spec, expected.prompt);
    Engine engine(testing::make_model(spec), small());
    const Generation result = engine.wait(engine.submit(prompt, scored()));
    CHECK(result.finish_reason == FinishReason::length);
    CHECK(result.tokens.empty());
    REQUIRE(result.prompt_logprobs.size() == expected.tokens.size());
    for (const Expected::Token& token : expected.tokens) {
      const auto i = static_cast<std::size_t>(token.position - 1);
      const TokenLogprob& entry = result.prompt_logprobs[i];
      CHECK(entry.token == prompt[i + 1]);
      // A logit may be off by 1e-4 of the largest (model/forward), and their log of the sum of
      // exponentials by no more than they are.
      CHECK(std::abs(entry.logprob - token.logprob) <= 2e-4F * expected.largest);
      if (token.rank > 0) CHECK(entry.rank == token.rank);
      REQUIRE(result.prompt_top_logprobs[i].size() == 3);
      if (entry.rank <= 3) {
        const auto rank = static_cast<std::size_t>(entry.rank - 1);
        CHECK(result.prompt_top_logprobs[i][rank].token == entry.token);
        CHECK(result.prompt_top_logprobs[i][rank].logprob == entry.logprob);
      }
    }
  }
}

TEST_CASE("api/engine: prompt logprobs are the same bits in any company") {
  const Model model = tiny_model();
  const std::string text(200, 'q');
  std::vector<Generation> alone;
  for (std::int32_t i = 0; i < 6; ++i) {
    Engine engine(model, small(512));
    alone.push_back(engine.wait(engine.submit(text + std::to_string(i), scored(4, 1 + 30 * i))));
  }
  Engine engine(model, small(16));
  std::vector<RequestId> requests;
  for (std::int32_t i = 0; i < 6; ++i) {
    requests.push_back(engine.submit(text + std::to_string(i), scored(4, 1 + 30 * i)));
    engine.step(std::chrono::microseconds(100));
  }
  for (std::size_t i = 0; i < 6; ++i) {
    const Generation result = engine.wait(requests[i]);
    CHECK(result.text == alone[i].text);
    CHECK(result.prompt_logprobs_start == static_cast<std::int32_t>(1 + 30 * i));
    CHECK(same(result.prompt_logprobs, alone[i].prompt_logprobs));
    REQUIRE(result.prompt_top_logprobs.size() == alone[i].prompt_top_logprobs.size());
    for (std::size_t j = 0; j < result.prompt_top_logprobs.size(); ++j) {
      CHECK(same(result.prompt_top_logprobs[j], alone[i].prompt_top_logprobs[j]));
    }
  }
}

TEST_CASE("api/engine: endings of one text cost the text once") {
  Engine engine(tiny_model(), small());
  const std::string context(100, 'x');
  std::vector<RequestId> requests;
  for (const char* ending : {"one", "two", "three"}) {
    requests.push_back(engine.submit(context + ending, scored(0, 100)));
  }
  std::int32_t computed = 0;
  for (const RequestId request : requests) {
    const Generation result = engine.wait(request);
    CHECK(result.prompt_logprobs.size() == static_cast<std::size_t>(result.prompt_tokens - 100));
    computed += result.prompt_tokens - result.cached_tokens;
  }
  // All of the first; of the others the row before the ending, and the ending.
  CHECK(computed == 103 + 1 + 3 + 1 + 5);
}

TEST_CASE("api/engine: n answers are n requests, of seeds that follow each other") {
  const Model model = tiny_model();
  Engine engine(model, small());
  RequestOptions options;
  options.sampling = SamplingParams();
  options.sampling->max_new_tokens = 10;
  options.sampling->seed = 7;
  options.n = 6;  // more than run at once
  options.prompt_logprobs = 0;
  const std::string text(90, 'n');
  const RequestId first = engine.submit(text, options);
  std::int32_t cached = 0;
  for (std::int32_t i = 0; i < 6; ++i) {
    const Generation answer = engine.wait(first + i);
    RequestOptions single = options;
    single.n = 1;
    single.sampling->seed = 7 + i;
    Engine other(model, small());
    const Generation expected = other.wait(other.submit(text, single));
    CHECK(answer.tokens == expected.tokens);
    CHECK(answer.prompt_logprobs.size() == (i == 0 ? 89U : 0U));
    cached += answer.cached_tokens;
  }
  CHECK(cached == 5 * 89);
  CHECK(engine.submit("x", {}) == first + 6);

  options.sampling->seed.reset();
  const RequestId drawn = engine.submit(text, options);
  CHECK(engine.wait(drawn).tokens != engine.wait(drawn + 1).tokens);  // 264^10 to 1
}

TEST_CASE("api/engine: scores and numbers of answers out of range are refused by name") {
  Engine engine(tiny_model(), small());
  struct Case {
    std::int32_t n, prompt_logprobs, start;
    const char* what;
  };
  for (const Case& bad : {
           Case{0, -1, 1, "RequestOptions::n is 0; it takes 1 to 1024"},
           Case{1025, -1, 1, "RequestOptions::n is 1025; it takes 1 to 1024"},
           Case{1, -2, 1, "RequestOptions::prompt_logprobs is -2; it takes -1 to 64"},
           Case{1, 65, 1, "RequestOptions::prompt_logprobs is 65; it takes -1 to 64"},
           Case{1, 0, 0,
                "RequestOptions::prompt_logprobs_start is 0; it takes 1 to 5, the prompt's tokens"},
           Case{1, 0, 6,
                "RequestOptions::prompt_logprobs_start is 6; it takes 1 to 5, the prompt's tokens"},
       }) {
    RequestOptions options;
    options.n = bad.n;
    options.prompt_logprobs = bad.prompt_logprobs;
    options.prompt_logprobs_start = bad.start;
    CHECK(test::error_of([&] { engine.submit("hello", options); }) ==
          std::string("invalid_argument: ") + bad.what);
  }
  CHECK_FALSE(engine.step(std::chrono::milliseconds(1)));
}

}  // namespace tlite
