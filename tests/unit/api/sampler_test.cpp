#include "unit/support/errors.hpp"
#include "unit/support/tiny_checkpoint.hpp"

#include <algorithm>
#include <cmath>
#include <string>
#include <vector>

#include <doctest/doctest.h>

#include <tlite/evaluator.hpp>
#include <tlite/sampler.hpp>
#include <tlite/session.hpp>
#include <tlite/stop_matcher.hpp>

namespace tlite {

namespace {

using test::check_error;

Model tiny_model() {
  LoadOptions options;
  options.host.files = test::tiny_checkpoint("tiny");
  return Model::load("tiny", options);
}

Sampler sampler_of(const Model& model, const SamplingParams& params) {
  return Sampler(params, static_cast<std::size_t>(model.info().config.vocab_size),
                 model.info().eos_token_ids);
}

// `count` tokens behind a prompt; those of `given` come from elsewhere.
std::vector<TokenId> own_loop(const Model& model, Sampler& sampler,
                              const std::vector<TokenId>& prompt, std::size_t count,
                              const std::vector<TokenId>& given = {}) {
  Evaluator evaluator(model, {.context = 256, .threads = 1});
  const SequenceId sequence = evaluator.create_sequence();
  sampler.observe_prompt(prompt);
  evaluator.append(sequence, prompt);
  std::vector<TokenId> tokens;
  while (tokens.size() < count) {
    if (tokens.size() < given.size()) {
      tokens.push_back(given[tokens.size()]);
      sampler.accept(tokens.back());
    } else {
      tokens.push_back(sampler.sample(evaluator.logits(0)).token);
    }
    evaluator.append(sequence, {&tokens.back(), 1});
  }
  return tokens;
}

SamplingParams many_rules() {
  SamplingParams params;
  params.seed = 7;
  params.temperature = 1.3F;
  params.top_p = 0.95F;
  params.repetition_penalty = 1.2F;
  params.frequency_penalty = 0.3F;
  params.no_repeat_ngram_size = 2;
  params.min_new_tokens = 20;
  params.max_new_tokens = 24;
  params.forced_eos_token_ids = {70};
  params.length_decay = SamplingParams::LengthDecay{2, 1.5F};
  params.bad_words = {{65}, {66, 67}, {258}};
  return params;
}

}  // namespace

TEST_CASE("api/sampler: a loop of one's own has the tokens that a session has") {
  const Model model = tiny_model();
  const std::vector<TokenId> prompt = model.tokenizer().encode("a prompt for two");
  SamplingParams ignoring = many_rules();
  ignoring.ignore_eos = true;
  SamplingParams lengths = many_rules();
  lengths.min_new_tokens = 0;
  lengths.max_new_tokens = -1;
  lengths.max_length = 40;
  lengths.min_length = 38;
  for (const SamplingParams& params : {many_rules(), ignoring, lengths}) {
    Session session(model, {.context = 256, .threads = 1});
    session.set_sampling(params);
    Stream stream = session.stream_complete(prompt);
    while (stream.next()) {
    }
    const std::vector<TokenId> expected = stream.result().tokens;
    REQUIRE(expected.size() >= 20);
    Sampler sampler = sampler_of(model, params);
    CHECK(sampler.seed() == 7);
    CHECK(own_loop(model, sampler, prompt, expected.size()) == expected);
    sampler.reset();
    CHECK(own_loop(model, sampler, prompt, expected.size()) == expected);
    // A draft that happens to be right changes nothing behind it.
    sampler.reset();
    const std::vector<TokenId> draft(expected.begin(), expected.begin() + 9);
    CHECK(own_loop(model, sampler, prompt, expected.size(), draft) == expected);
  }
}

TEST_CASE("api/sampler: a mask and log probabilities") {
  SamplingParams params = sampling_preset("greedy");
  params.logprobs = 2;
  Sampler sampler(params, 40);
  std::vector<float> logits(40, 0.0F);
  logits[5] = 3.0F;
  const std::vector<std::uint32_t> mask = {1U << 7, 1U << 1};
  const SampledToken sampled = sampler.sample(logits, mask);
  CHECK(sampled.token == 7);
  REQUIRE(sampled.logprob.has_value());
  CHECK(sampled.logprob->rank == 8);
  CHECK(sampled.top_logprobs.size() == 2);
  CHECK(sampled.top_logprobs[0].token == 5);
}

TEST_CASE("api/sampler: what is out of place is refused, and the sampler stays as it was") {
  constexpr ErrorCode kInvalid = ErrorCode::invalid_argument;
  SamplingParams params;
  params.temperature = -1.0F;
  check_error(kInvalid, "temperature", [&] { Sampler(params, 10); });
  params.temperature = 1.0F;
  params.seed = 3;
  params.max_length = 4;
  const std::vector<TokenId> beyond = {10};
  const std::string text = "the token is 10, it must be a token id below the vocabulary size 10";
  check_error(kInvalid, text, [&] { Sampler(params, 10, beyond); });
  Sampler sampler(params, 10);
  Sampler other(params, 10);
  std::vector<float> logits(10, 0.5F);
  check_error(kInvalid, text, [&] { sampler.observe_prompt(beyond); });
  check_error(kInvalid, "the token is -1", [&] { sampler.accept(-1); });
  check_error(kInvalid, "there are 9 logits, the vocabulary size is 10",
              [&] { sampler.sample(std::span<const float>(logits).first(9)); });
  logits[3] = std::nanf("");
  check_error(ErrorCode::corrupt, "token 3 is NaN", [&] { sampler.sample(logits); });
  logits[3] = 0.5F;
  const std::vector<std::uint32_t> nothing = {0};
  check_error(kInvalid, "no token is left", [&] { sampler.sample(logits, nothing); });
  CHECK(sampler.sample(logits).token == other.sample(logits).token);
  const std::vector<TokenId> late = {1};
  check_error(ErrorCode::bad_state, "begun", [&] { sampler.observe_prompt(late); });
  Sampler full(params, 10);
  full.observe_prompt(std::vector<TokenId>{1, 2, 3, 4});
  check_error(kInvalid, "max_length is 4", [&] { full.sample(logits); });
}

TEST_CASE("api/stop_matcher: holds back, finds the first, starts anew") {
  StopMatcher matcher({"stop", "stopping", "\n\n"});
  CHECK(matcher.push("a st") == "a ");
  CHECK(matcher.push("ay\n") == "stay");
  CHECK(matcher.found().empty());
  CHECK(matcher.push("\nlost") == "");
  CHECK(matcher.found() == "\n\n");
  CHECK(matcher.push("sto") == "");
  CHECK(matcher.found().empty());
  CHECK(matcher.flush() == "sto");
  CHECK(matcher.push("p") == "p");
  StopMatcher keeping({"end"}, true);
  CHECK(keeping.push("the end.") == "the end");
  CHECK(keeping.found() == "end");
  check_error(ErrorCode::invalid_argument, "stop[1] is empty, it must be a text", [] {
    StopMatcher({"a", ""});
  });
}

}  // namespace tlite
