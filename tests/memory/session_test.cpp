// Conversations and samplers on a heap that fails: what fails has changed nothing, and what goes
// well is what it is elsewhere.
#include "memory/failing_heap.hpp"

#include <cstddef>
#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <vector>

#include <doctest/doctest.h>

#include <tlite/sampler.hpp>
#include <tlite/session.hpp>

namespace tlite {
namespace {

using test::attempt;
using test::Attempt;
using test::for_every_allocation;
using test::Heap;
using test::world;

// Too long for a string without the heap, as all texts here are.
constexpr const char* kQuestion = "a question that is long enough to need the heap";
constexpr const char* kOldAnswer = "an older answer that is long enough to need the heap";

SamplingParams sampling(std::int32_t max_new_tokens) {
  SamplingParams params;
  params.seed = 11;
  params.max_new_tokens = max_new_tokens;
  params.ignore_eos = true;
  params.logprobs = 1;
  return params;
}

Session new_session() {
  Session session(*world().model, {.context = 256, .threads = 1});
  session.set_sampling(sampling(24));
  session.set_messages({{"user", kQuestion}, {"assistant", kOldAnswer}});
  return session;
}

std::vector<std::string> contents(const Session& session) {
  std::vector<std::string> result;
  for (const Message& message : session.messages()) result.push_back(message.content);
  return result;
}

PieceCallback stop_at(int count) {
  return [count](const Piece&) mutable { return --count > 0; };
}

// `change` on a heap that fails: all of it, or none. Some of the allocations do fail it.
void check_whole_or_not(const std::function<void(Session&)>& change) {
  Session once = new_session();
  const std::vector<std::string> before = contents(once);
  change(once);
  const std::vector<std::string> after = contents(once);
  REQUIRE(before != after);
  int failures = 0;
  for_every_allocation([&](long n, Heap heap) {
    CAPTURE(n);
    Session session = new_session();
    const Attempt made = attempt(n, heap, [&] { change(session); });
    failures += made.failed ? 1 : 0;
    CHECK(contents(session) == (made.failed ? before : after));
    session.set_messages({{"user", kQuestion}});  // it is idle
    return made;
  });
  CHECK(failures > 10);
}

}  // namespace

TEST_CASE("memory/session: an answer changes the conversation as a whole, or not at all") {
  SUBCASE("to its end") {
    check_whole_or_not([](Session& session) { session.regenerate(); });
  }
  SUBCASE("stopped by a callback") {
    check_whole_or_not([](Session& session) { session.regenerate(stop_at(3)); });
  }
  SUBCASE("continued") {
    check_whole_or_not([](Session& session) { session.continue_reply(); });
  }
  SUBCASE("continued and stopped by a callback") {
    check_whole_or_not([](Session& session) { session.continue_reply(stop_at(3)); });
  }
  SUBCASE("pulled and stopped") {
    check_whole_or_not([](Session& session) {
      Stream stream = session.stream_regenerate();
      for (int i = 0; i < 3; ++i) stream.next();
      stream.stop();
    });
  }
}

TEST_CASE("memory/session: a stream that was not pulled from leaves the answer that it is for") {
  for_every_allocation([&](long n, Heap heap) {
    Session session = new_session();
    const std::vector<std::string> before = contents(session);
    const Attempt made =
        attempt(n, heap, [&] { const Stream stream = session.stream_regenerate(); });
    CHECK(contents(session) == before);
    return made;
  });
}

TEST_CASE("memory/session: a continuation that fails can be made again, to the token") {
  const auto begin = [] {
    Session session = new_session();
    session.set_messages({{"user", kQuestion}});
    session.reply();
    return session;
  };
  Session once = begin();
  once.continue_reply();
  const std::vector<std::string> expected = contents(once);
  for (const std::int32_t tokens : {24, 0}) {
    int failures = 0;
    for_every_allocation([&](long n, Heap heap) {
      CAPTURE(n);
      Session session = begin();
      session.set_sampling(sampling(tokens));
      const Attempt made = attempt(n, heap, [&] { session.continue_reply(); });
      failures += made.failed ? 1 : 0;
      session.set_sampling(sampling(24));
      if (made.failed || tokens == 0) session.continue_reply();
      CHECK(contents(session) == expected);
      return made;
    });
    CHECK(failures > 10);
  }
}

namespace {

// Lists and texts in many fields, each a chance to fail.
SamplingParams many_fields(TokenId first) {
  SamplingParams params = sampling(first);
  params.stop = {std::string(40, 'a'), std::string(50, 'b')};
  params.stop_token_ids = {first, first + 1};
  params.logit_bias = {{first, 1.0F}};
  params.bad_words = {{first, first + 1}, {first + 2}};
  params.sequence_bias = {{{first, first + 3}, 1.0F}};
  params.suppress_tokens = {first + 4};
  params.allowed_token_ids = {first, first + 5};
  params.dry_sequence_breakers = {{first + 6}};
  return params;
}

bool same(const SamplingParams& a, const SamplingParams& b) {
  return a.max_new_tokens == b.max_new_tokens && a.stop == b.stop &&
         a.stop_token_ids == b.stop_token_ids && a.logit_bias == b.logit_bias &&
         a.bad_words == b.bad_words && a.sequence_bias == b.sequence_bias &&
         a.suppress_tokens == b.suppress_tokens && a.allowed_token_ids == b.allowed_token_ids &&
         a.dry_sequence_breakers == b.dry_sequence_breakers;
}

}  // namespace

TEST_CASE("memory/session: sampling is set as a whole or not at all") {
  const SamplingParams before = many_fields(10);
  SamplingParams after = many_fields(100);
  after.bad_words.resize(7, {1, 2, 3});
  int failures = 0;
  for_every_allocation([&](long n, Heap heap) {
    Session session = new_session();
    session.set_sampling(before);
    const Attempt made = attempt(n, heap, [&] { session.set_sampling(after); });
    failures += made.failed ? 1 : 0;
    CHECK(same(session.sampling(), made.failed ? before : after));
    return made;
  });
  CHECK(failures > 10);
}

namespace {

constexpr std::size_t kVocabulary = 2000;

std::vector<float> logits_at(int step) {
  std::vector<float> logits(kVocabulary);
  std::uint32_t state = static_cast<std::uint32_t>(step) + 1;
  for (float& logit : logits) {
    state = state * 1664525U + 1013904223U;
    logit = static_cast<float>(state >> 16) / 16384.0F;
  }
  return logits;
}

SamplingParams drawing() {
  SamplingParams params = sampling(-1);
  params.temperature = 0.9F;
  params.repetition_penalty = 1.1F;
  params.no_repeat_ngram_size = 2;
  params.top_k = 50;
  params.xtc_probability = 0.5F;
  params.xtc_threshold = 0.1F;
  return params;
}

std::vector<SamplingParams> ways_to_draw() {
  SamplingParams mirostat = drawing();
  mirostat.top_k = 0;
  mirostat.xtc_probability = 0;
  mirostat.mirostat = 2;
  SamplingParams adaptive = drawing();
  adaptive.adaptive_target = 0.5F;
  return {drawing(), mirostat, adaptive};
}

// Tokens of a prompt and an answer: drawn, accepted, and drawn from the start again. What fails is
// tried once more.
std::vector<TokenId> draw(const SamplingParams& params, long n, Heap heap, Attempt& made) {
  Sampler sampler(params, kVocabulary);
  std::vector<TokenId> prompt;
  for (TokenId token = 0; token < 300; ++token) prompt.push_back(token);
  std::vector<TokenId> tokens;
  tokens.reserve(1000);
  bool has_prompt = false;
  bool is_reset = false;
  int step = 0;
  std::vector<float> logits = logits_at(0);
  const auto go_on = [&] {
    while (tokens.size() < 16) {
      if (tokens.size() == 8 && !is_reset) {
        sampler.reset();
        is_reset = true;
        has_prompt = false;
      }
      if (!has_prompt) sampler.observe_prompt(prompt);
      has_prompt = true;
      if (step % 3 == 2) {
        sampler.accept(static_cast<TokenId>(400 + step));
      } else {
        tokens.push_back(sampler.sample(logits).token);
      }
      ++step;
      for (float& logit : logits) logit = -logit;
    }
  };
  made = attempt(n, heap, go_on);
  if (made.failed) go_on();
  return tokens;
}

}  // namespace

TEST_CASE("memory/sampler: what fails is as if it had not been asked for") {
  for (const SamplingParams& params : ways_to_draw()) {
    Attempt made;
    const std::vector<TokenId> expected = draw(params, -1, Heap::fails_once, made);
    CHECK(expected.size() == 16);
    int failures = 0;
    for_every_allocation([&](long n, Heap heap) {
      CAPTURE(n);
      Attempt attempt;
      CHECK(draw(params, n, heap, attempt) == expected);
      failures += attempt.failed ? 1 : 0;
      return attempt;
    });
    CHECK(failures > 10);
  }
}

}  // namespace tlite
