#include "runtime/engine_core.hpp"

#include "unit/runtime/fake_batch_model.hpp"
#include "unit/runtime/fake_model.hpp"
#include "unit/support/errors.hpp"

#include <algorithm>
#include <chrono>
#include <cmath>
#include <functional>
#include <limits>
#include <map>
#include <new>
#include <random>
#include <stdexcept>
#include <string>
#include <thread>
#include <vector>

#include <doctest/doctest.h>

namespace tlite {
namespace {

using test::bytes_of;
using test::count_up;
using test::FakeBatchModel;
using test::kEnd;
using test::options;

constexpr auto kNever = EngineCore::Clock::time_point::max();

// Logits that depend on every token of the sequence, for one that draws.
std::vector<float> scatter(const std::vector<TokenId>& tokens) {
  std::uint32_t hash = 1;
  for (const TokenId token : tokens) hash = hash * 31 + static_cast<std::uint32_t>(token);
  std::minstd_rand random(hash);
  std::vector<float> logits;
  for (int i = 0; i < FakeBatchModel::kLogits; ++i) {
    logits.push_back(static_cast<float>(random() % 1000) / 100.0F);
  }
  return logits;
}

// What requests have said, by their control.
std::map<const RequestControl*, Generation>& answers() {
  static std::map<const RequestControl*, Generation> all;
  return all;
}
const Generation& answer_of(const std::shared_ptr<Request>& request) {
  return answers()[request->spec().control.get()];
}

struct Fixture {
  explicit Fixture(const EvaluatorOptions& of = options(1024), FakeBatchModel::Next next = count_up,
                   const EngineCoreOptions& engine = {})
      : model(of, std::move(next)), core(model, engine) {
    params.max_new_tokens = 5;
  }

  RequestSpec spec(const std::vector<TokenId>& prompt, std::uint64_t seed = 1) {
    const std::vector<TokenId> ends = {kEnd};
    RequestSpec made{prompt, Generator(tokenizer, params, ends, seed, prompt)};
    made.context = static_cast<std::size_t>(model.options().context);
    made.control = std::make_shared<RequestControl>();
    made.control->run.start();
    made.sink = [this, control = made.control.get()](RequestEvent&& event) {
      append(answers()[control], event);
      events.push_back(std::move(event));
    };
    kept.push_back(made.control);
    answers()[made.control.get()] = {};
    return made;
  }
  // Of the prompt's tokens from `start` on, with the two likeliest.
  RequestSpec scored(const std::vector<TokenId>& prompt, std::size_t start = 1) {
    RequestSpec made = spec(prompt);
    made.scores = PromptScores(start, prompt.size(), 2);
    return made;
  }
  std::shared_ptr<Request> submit(std::string_view prompt) {
    return submit(spec(bytes_of(prompt)));
  }

  std::shared_ptr<Request> submit(RequestSpec of) {
    auto request = core.make(next_id++, std::move(of));
    core.submit(request);
    return request;
  }

  void run() {
    while (core.has_work()) core.step(kNever);
  }
  // Every page is free or in the prefix cache, and no sequence is left.
  bool clean() const {
    return model.free_pages() + core.cache().pages() >= model.total_pages() && core.running() == 0;
  }

  Tokenizer tokenizer = test::tiny_tokenizer();
  FakeBatchModel model;
  EngineCore core;
  SamplingParams params = sampling_preset("greedy");
  std::vector<RequestEvent> events;
  std::vector<std::shared_ptr<RequestControl>> kept;  // answers() goes by their addresses
  std::int64_t next_id = 1;
};

// The number of rows of each batch.
std::vector<std::size_t> sizes(const FakeBatchModel& model) {
  std::vector<std::size_t> result;
  for (const auto& batch : model.batches) result.push_back(batch.size());
  return result;
}

}  // namespace

TEST_CASE("runtime/engine_core: a request is a prompt in chunks and then a row a token") {
  Fixture fixture(options(1024, 8, 4));
  const auto request = fixture.submit("0123456789a");
  fixture.run();
  CHECK(answer_of(request).text == "bcdef");
  CHECK(answer_of(request).finish_reason == FinishReason::length);
  CHECK(answer_of(request).prompt_tokens == 11);
  CHECK(sizes(fixture.model) == std::vector<std::size_t>{4, 4, 3, 1, 1, 1, 1});
  REQUIRE(fixture.events.size() == 5);
  CHECK(fixture.events[0].text == "b");
  CHECK(fixture.events[3].finish_reason == FinishReason::none);
  CHECK(fixture.events[4].finish_reason == FinishReason::length);
  CHECK(fixture.clean());
}

TEST_CASE("runtime/engine_core: requests share batches, tokens before prompts") {
  Fixture fixture(options(1024, 8, 16));
  fixture.params.max_new_tokens = 3;
  fixture.submit("one");
  fixture.submit("second");
  fixture.core.step(kNever);
  fixture.submit(std::string(30, 'x'));
  fixture.run();
  REQUIRE(fixture.model.batches.size() >= 3);
  CHECK(fixture.model.batches[0].size() == 3 + 6);
  CHECK(fixture.model.batches[1].size() > 2);
  CHECK(fixture.model.batches[1][0].wants_logits);
  CHECK(fixture.model.batches[1][1].wants_logits);
  CHECK_FALSE(fixture.model.batches[1][2].wants_logits);
}

TEST_CASE("runtime/engine_core: a short prompt does not wait for a long one that came before") {
  Fixture fixture(options(2048, 8, 16));
  fixture.params.max_new_tokens = 1;
  fixture.submit(std::string(1000, 'l'));
  fixture.core.step(kNever);
  const auto second = fixture.submit(std::string(500, 'm'));
  const auto brief = fixture.submit("short a");
  int steps = 0;
  while (answer_of(brief).text.empty()) {
    fixture.core.step(kNever);
    ++steps;
  }
  CHECK(steps <= 2);  // 5 of 16 rows, and then the rest
  CHECK(answer_of(brief).text == "b");
  CHECK(second->cached >= 5);
  fixture.run();
  CHECK(fixture.clean());
}

TEST_CASE("runtime/engine_core: what others have computed is not computed again") {
  Fixture fixture;
  const std::string shared(100, 's');
  fixture.submit(shared + "a");
  fixture.run();
  fixture.model.evaluated = 0;
  const auto again = fixture.submit(shared + "k");
  fixture.run();
  CHECK(answer_of(again).cached_tokens == 100);
  CHECK(answer_of(again).text == "lmnop");
  CHECK(fixture.model.evaluated == 1 + 4);

  SUBCASE("nor where all of them begin at once") {
    fixture.model.evaluated = 0;
    std::vector<std::shared_ptr<Request>> requests;
    for (const char last : std::string("aeiou")) {
      requests.push_back(fixture.submit(std::string(64, 'n') + last));
    }
    fixture.run();
    CHECK(fixture.model.evaluated == 64 + 5 + 5 * 4);
    CHECK(answer_of(requests[4]).cached_tokens == 64);
    CHECK(answer_of(requests[4]).text == "vwxyz");
  }
  SUBCASE("unless it is not kept") {
    Fixture without(options(1024), count_up, {.prefix_cache = false});
    without.submit(shared + "a");
    without.run();
    const auto second = without.submit(shared + "a");
    without.run();
    CHECK(answer_of(second).cached_tokens == 0);
    CHECK(without.model.free_pages() == without.model.total_pages());
  }
}

TEST_CASE("runtime/engine_core: priority before age") {
  Fixture fixture(options(1024, 1));
  const auto first = fixture.submit("first a");
  RequestSpec urgent = fixture.spec(bytes_of("urgent k"));
  urgent.control->priority = 1;
  fixture.core.step(kNever);
  fixture.core.step(kNever);
  const auto second = fixture.submit(std::move(urgent));
  fixture.run();
  CHECK(answer_of(first).text == "bcdef");
  CHECK(answer_of(second).text == "lmnop");
  std::vector<std::int64_t> order;
  for (const RequestEvent& event : fixture.events) order.push_back(event.request);
  CHECK(order == std::vector<std::int64_t>{1, 1, 2, 2, 2, 2, 2, 1, 1, 1});
  CHECK(fixture.clean());
}

TEST_CASE("runtime/engine_core: a priority that a host changes counts from the next batch on") {
  Fixture fixture(options(1024, 1));
  const auto first = fixture.submit("first a");
  const auto second = fixture.submit("second k");
  // While requests are put in order it must not change: the order would contradict itself.
  second->spec().control->priority = 1;
  CHECK(second->priority() == 0);
  CHECK(first->before(*second));
  fixture.core.step(kNever);
  CHECK(second->priority() == 1);
  CHECK(answer_of(second).tokens.size() == 1);
  CHECK(answer_of(first).tokens.empty());
  fixture.run();
  CHECK(fixture.clean());
}

TEST_CASE("runtime/engine_core: too few pages: the last in rank waits, and loses nothing") {
  Fixture alone(options(1024), scatter);
  alone.params = SamplingParams();
  alone.params.max_new_tokens = 60;
  alone.params.ignore_eos = true;
  Fixture tight(options(4 * 32), scatter);
  tight.params = alone.params;
  std::map<std::uint64_t, std::string> expected;
  std::vector<std::shared_ptr<Request>> requests;
  for (std::uint64_t seed = 1; seed <= 5; ++seed) {
    const std::vector<TokenId> prompt(20 + seed * 7, static_cast<TokenId>('a' + seed % 2));
    const auto request = alone.submit(alone.spec(prompt, seed));
    alone.run();
    expected[seed] = answer_of(request).text;
    requests.push_back(tight.submit(tight.spec(prompt, seed)));
  }
  tight.run();
  for (std::uint64_t seed = 1; seed <= 5; ++seed) {
    CHECK(answer_of(requests[seed - 1]).text == expected[seed]);
    CHECK(answer_of(requests[seed - 1]).tokens.size() == 60);
  }
  CHECK(tight.clean());
}

TEST_CASE("runtime/engine_core: a cancel drops a batch that is mostly its own, and no other") {
  Fixture fixture(options(1024, 8, 64));
  fixture.params.max_new_tokens = 50;
  const auto prompt = fixture.submit(std::string(200, 'p'));
  fixture.model.before_advance = [&] {
    if (fixture.model.batches.size() == 2) prompt->spec().control->run.cancel();
  };
  fixture.run();
  CHECK(answer_of(prompt).finish_reason == FinishReason::cancelled);
  CHECK(answer_of(prompt).tokens.empty());
  CHECK(fixture.model.evaluated == 64);
  fixture.model.before_advance = nullptr;
  CHECK(fixture.clean());

  const auto one = fixture.submit("a");
  const auto two = fixture.submit("k");
  const auto three = fixture.submit("p");
  for (int i = 0; i < 3; ++i) fixture.core.step(kNever);
  fixture.model.rests = 1;
  CHECK_FALSE(fixture.core.step(kNever));
  two->spec().control->run.cancel();
  const std::size_t batches = fixture.model.batches.size();
  CHECK(fixture.core.step(kNever));
  CHECK(fixture.model.batches.size() == batches);  // the one in flight went on
  CHECK(answer_of(two).finish_reason == FinishReason::cancelled);
  CHECK(answer_of(two).text == "lmn");
  CHECK(answer_of(one).text == "bcde");
  fixture.run();
  CHECK(answer_of(three).tokens.size() == 50);
  CHECK(fixture.clean());
}

TEST_CASE("runtime/engine_core: a deadline ends a request, waiting or running") {
  Fixture fixture(options(1024, 1));
  RequestSpec late = fixture.spec(bytes_of("late"));
  late.deadline = EngineCore::Clock::now() - std::chrono::seconds(1);
  const auto on_time = fixture.submit("a");
  const auto request = fixture.submit(std::move(late));
  fixture.run();
  CHECK(answer_of(request).finish_reason == FinishReason::deadline);
  CHECK(answer_of(on_time).text == "bcdef");
}

TEST_CASE("runtime/engine_core: a deadline in a batch of others ends a request once") {
  Fixture fixture;
  fixture.params.max_new_tokens = 50;
  fixture.submit("a");
  fixture.submit("k");
  RequestSpec spec = fixture.spec(bytes_of("p"));
  spec.deadline = EngineCore::Clock::now() + std::chrono::milliseconds(20);
  const auto late = fixture.submit(std::move(spec));
  for (int i = 0; i < 3; ++i) fixture.core.step(kNever);
  fixture.model.rests = 3;
  fixture.core.step(kNever);
  std::this_thread::sleep_for(std::chrono::milliseconds(25));
  fixture.run();
  std::size_t ends = 0;
  for (const RequestEvent& event : fixture.events) {
    ends += event.request == late->id() && event.finish_reason != FinishReason::none ? 1U : 0U;
  }
  CHECK(ends == 1);
  CHECK(answer_of(late).finish_reason == FinishReason::deadline);
  CHECK(fixture.clean());
}

TEST_CASE(
    "runtime/engine_core: pages that are held from outside are an error, and no endless wait") {
  Fixture fixture(options(96));
  PrefixCache fork;
  fixture.submit(std::string(70, 'x'));
  fixture.run();
  fork.copy_from(fixture.core.cache());
  const auto request = fixture.submit(std::string(80, 'y'));
  fixture.run();
  CHECK(answer_of(request).finish_reason == FinishReason::failed);
  REQUIRE(fixture.events.back().error);
  CHECK(fixture.events.back().error->code() == ErrorCode::context_full);
  fork.clear();
  CHECK(fixture.clean());
}

TEST_CASE("runtime/engine_core: an error ends the request that it is of") {
  const auto next = [](const std::vector<TokenId>& tokens) {
    return tokens.back() == 'd' ? std::vector<float>() : count_up(tokens);
  };
  Fixture fixture(options(1024), next);
  const auto bad = fixture.submit("a");
  const auto good = fixture.submit("k");
  fixture.params.logit_bias.clear();
  for (TokenId token = 0; token < FakeBatchModel::kLogits; ++token) {
    fixture.params.logit_bias.emplace_back(token, -std::numeric_limits<float>::infinity());
  }
  const auto banned = fixture.submit("x");
  fixture.run();
  CHECK(answer_of(bad).finish_reason == FinishReason::failed);
  CHECK(answer_of(bad).text == "bcd");
  CHECK(bad->has_failed());
  CHECK(answer_of(good).text == "lmnop");
  CHECK(banned->has_failed());
  std::vector<ErrorCode> codes;
  for (const RequestEvent& event : fixture.events) {
    if (event.error) codes.push_back(event.error->code());
  }
  CHECK(codes == std::vector<ErrorCode>{ErrorCode::invalid_argument, ErrorCode::corrupt});
  CHECK(fixture.clean());
}

TEST_CASE("runtime/engine_core: a step that throws leaves all as it was") {
  Fixture fixture;
  const auto one = fixture.submit("a");
  const auto two = fixture.submit("k");
  int calls = 0;
  const auto fail = [&] {
    if (++calls % 2 == 1) throw Error(ErrorCode::out_of_memory, "no memory");
  };
  SUBCASE("when a batch begins") { fixture.model.before_submit = fail; }
  SUBCASE("in the middle of one") { fixture.model.before_advance = fail; }
  int thrown = 0;
  while (fixture.core.has_work()) {
    try {
      fixture.core.step(kNever);
    } catch (const Error& error) {
      CHECK(error.code() == ErrorCode::out_of_memory);
      ++thrown;
    }
  }
  CHECK(thrown == 5);
  CHECK(answer_of(one).text == "bcdef");
  CHECK(answer_of(two).text == "lmnop");
  CHECK(fixture.clean());
}

TEST_CASE("runtime/engine_core: the context ends an answer, or waits for a shorter prompt") {
  Fixture fixture(options(96));
  fixture.params.max_new_tokens = -1;
  RequestSpec spec = fixture.spec(bytes_of("Hello a"));
  spec.context = 10;
  const auto request = fixture.submit(std::move(spec));
  fixture.run();
  CHECK(answer_of(request).text == "bcd");
  CHECK(answer_of(request).finish_reason == FinishReason::context_full);

  spec = fixture.spec(bytes_of("older old a"));
  spec.context = 16;
  spec.waits_when_full = true;
  const auto waiting = fixture.submit(std::move(spec));
  fixture.run();
  CHECK(waiting->state == RequestState::full);
  CHECK(answer_of(waiting).text == "bcdef");
  fixture.core.resume(waiting, bytes_of("a"));
  fixture.run();
  CHECK(waiting->state == RequestState::full);
  CHECK(answer_of(waiting).text == "bcdefghijklmnop");
  CHECK(test::error_of([&] { fixture.submit(std::string(96, 'x')); }) ==
        "context_full: the prompt takes 96 tokens, the context of 96 must hold it and one more");
  CHECK(fixture.clean());
}

namespace {

bool same(const TokenLogprob& a, const TokenLogprob& b) {
  return a.token == b.token && a.logprob == b.logprob && a.rank == b.rank;
}

bool alike_scores(const Generation& a, const Generation& b) {
  const auto rows = [](const auto& x, const auto& y) {
    return std::equal(x.begin(), x.end(), y.begin(), y.end(), same);
  };
  return rows(a.prompt_logprobs, b.prompt_logprobs) &&
         std::equal(a.prompt_top_logprobs.begin(), a.prompt_top_logprobs.end(),
                    b.prompt_top_logprobs.begin(), b.prompt_top_logprobs.end(), rows);
}

}  // namespace

TEST_CASE("runtime/engine_core: who begins like a long prompt waits for what they share alone") {
  Fixture fixture(options(2048, 4, 64), scatter);
  std::vector<TokenId> prompt;
  for (int i = 0; i < 1000; ++i) prompt.push_back(static_cast<TokenId>('a' + i * i % 23));
  const auto whole = fixture.submit(fixture.spec(prompt));
  prompt.resize(100);
  prompt.push_back('z');
  fixture.params.max_new_tokens = 1;
  const auto brief = fixture.submit(fixture.spec(prompt));
  while (brief->state != RequestState::done) fixture.core.step(kNever);
  CHECK(whole->cached < 300);
  CHECK(answer_of(brief).cached_tokens >= 96);
  // What has come by then is there for a third, who is computed beside the first.
  prompt.back() = 'y';
  const auto third = fixture.submit(fixture.spec(prompt));
  while (third->state != RequestState::done) fixture.core.step(kNever);
  CHECK(answer_of(third).cached_tokens == 100);
  CHECK(whole->state == RequestState::running);
  fixture.run();
  // Once each, but for rows that two of them have computed at the same time.
  CHECK(fixture.model.evaluated <= 1000 + 5 + 5 + 2);
  CHECK(fixture.clean());
}

TEST_CASE("runtime/engine_core: any mix of requests answers as each alone") {
  constexpr std::uint64_t kRequests = 200;
  std::minstd_rand random(7);
  Fixture alone(options(1024), scatter, {.prefix_cache = false});
  EvaluatorOptions threaded = options(320, 5, 24);
  threaded.threads = 3;  // tokens of one batch are chosen on all of them
  Fixture busy(threaded, scatter);
  const auto pick = [&](unsigned most) { return static_cast<int>(random() % (most + 1)); };
  std::vector<std::shared_ptr<Request>> expected;
  std::vector<std::shared_ptr<Request>> requests;
  for (std::uint64_t seed = 0; seed < kRequests; ++seed) {
    alone.params = SamplingParams();
    alone.params.max_new_tokens = pick(40);
    alone.params.top_k = pick(50);
    alone.params.repetition_penalty = pick(1) == 0 ? 1.0F : 1.2F;
    busy.params = alone.params;
    std::vector<TokenId> prompt(static_cast<std::size_t>(1 + pick(3) * 30),
                                static_cast<TokenId>('a' + pick(2)));
    for (int i = pick(20); i > 0; --i) prompt.push_back(pick(255));
    PromptScores scores;
    if (pick(2) == 0) {
      const int start = 1 + pick(static_cast<unsigned>(prompt.size()) - 1);
      scores = PromptScores(static_cast<std::size_t>(start), prompt.size(),
                            static_cast<std::size_t>(pick(3)));
    }
    RequestSpec quiet = alone.spec(prompt, seed);
    quiet.scores = scores;
    expected.push_back(alone.submit(std::move(quiet)));
    alone.run();
    RequestSpec spec = busy.spec(prompt, seed);
    spec.scores = scores;
    spec.control->priority = pick(2);
    requests.push_back(busy.submit(std::move(spec)));
    for (int i = pick(6); i > 0; --i) {
      busy.model.rests = pick(1);
      busy.core.step(kNever);
    }
    if (pick(9) == 0)
      requests[static_cast<std::size_t>(pick(static_cast<unsigned>(seed)))]
          ->spec()
          .control->run.cancel();
    if (pick(9) == 0) {
      requests[static_cast<std::size_t>(pick(static_cast<unsigned>(seed)))]
          ->spec()
          .control->priority = pick(3);
    }
  }
  busy.run();
  std::size_t whole = 0;
  for (std::size_t i = 0; i < kRequests; ++i) {
    const Generation& result = answer_of(requests[i]);
    const Generation& alike = answer_of(expected[i]);
    CHECK(requests[i]->state == RequestState::done);
    if (result.finish_reason == FinishReason::cancelled) {
      CHECK(alike.text.starts_with(result.text));
      continue;
    }
    CHECK(result.tokens == alike.tokens);
    CHECK(result.text == alike.text);
    CHECK(result.finish_reason == alike.finish_reason);
    CHECK(alike_scores(result, alike));
    ++whole;
  }
  CHECK(whole > kRequests / 2);
  CHECK(busy.clean());
}

namespace {

// What the fake model says of each token of a prompt, by the definition.
void check_scores(const Generation& result, const std::vector<TokenId>& prompt, std::size_t start,
                  const FakeBatchModel::Next& next = scatter) {
  CHECK(result.prompt_logprobs_start == static_cast<std::int32_t>(start));
  REQUIRE(result.prompt_logprobs.size() == prompt.size() - start);
  REQUIRE(result.prompt_top_logprobs.size() == prompt.size() - start);
  for (std::size_t i = 0; i < result.prompt_logprobs.size(); ++i) {
    const auto at = static_cast<std::ptrdiff_t>(start + i);
    const std::vector<float> logits = next({prompt.begin(), prompt.begin() + at});
    const auto token = static_cast<std::size_t>(prompt[start + i]);
    double total = 0;
    std::int32_t above = 0;
    for (std::size_t other = 0; other < logits.size(); ++other) {
      total += std::exp(static_cast<double>(logits[other]));
      if (logits[other] > logits[token]) ++above;
      if (logits[other] == logits[token] && other < token) ++above;
    }
    const TokenLogprob& entry = result.prompt_logprobs[i];
    CHECK(entry.token == prompt[start + i]);
    CHECK(entry.rank == above + 1);
    // Half a unit in the last place of a float near 10, and the sum's own rounding in double.
    CHECK(std::abs(entry.logprob - (static_cast<double>(logits[token]) - std::log(total))) < 1e-6);
    const auto best = std::max_element(logits.begin(), logits.end()) - logits.begin();
    REQUIRE(result.prompt_top_logprobs[i].size() == 2);
    CHECK(result.prompt_top_logprobs[i][0].token == best);
    CHECK(result.prompt_top_logprobs[i][0].rank == 1);
    CHECK(result.prompt_top_logprobs[i][1].rank == 2);
  }
}

std::vector<TokenId> random_prompt(std::uint32_t seed, std::size_t size) {
  std::minstd_rand random(seed);
  std::vector<TokenId> prompt;
  while (prompt.size() < size) prompt.push_back(static_cast<TokenId>(random() % 256));
  return prompt;
}

}  // namespace

TEST_CASE("runtime/engine_core: a prompt's tokens are scored, and the answer is the same") {
  Fixture plain(options(1024, 8, 64), scatter);
  Fixture fixture(options(1024, 8, 64), scatter);
  const std::vector<TokenId> prompt = random_prompt(1, 100);
  const auto expected = plain.submit(plain.spec(prompt));
  plain.run();
  for (const std::size_t start : {1U, 2U, 40U, 99U, 100U}) {
    CAPTURE(start);
    const auto request = fixture.submit(fixture.scored(prompt, start));
    fixture.run();
    CHECK(answer_of(request).tokens == answer_of(expected).tokens);
    if (start == 100) {
      CHECK(answer_of(request).prompt_logprobs.empty());
    } else {
      check_scores(answer_of(request), prompt, start);
    }
    CHECK(fixture.clean());
  }
}

TEST_CASE("runtime/engine_core: scores alone cost the prompt, and what was shared costs nothing") {
  Fixture fixture(options(1024, 8, 64), scatter);
  fixture.params.max_new_tokens = 0;
  const std::vector<TokenId> prompt = random_prompt(2, 90);
  const auto request = fixture.submit(fixture.scored(prompt));
  fixture.run();
  check_scores(answer_of(request), prompt, 1);
  CHECK(answer_of(request).finish_reason == FinishReason::length);
  CHECK(answer_of(request).tokens.empty());
  CHECK(fixture.model.evaluated == 89);  // nothing is chosen by the last one

  SUBCASE("a prefix that is scored too is computed again") {
    const auto again = fixture.submit(fixture.scored(prompt));
    fixture.run();
    check_scores(answer_of(again), prompt, 1);
    CHECK(answer_of(again).cached_tokens == 0);
  }
  SUBCASE("many endings of one text") {
    fixture.model.evaluated = 0;
    std::vector<std::vector<TokenId>> prompts;
    std::vector<std::shared_ptr<Request>> requests;
    for (std::uint32_t i = 0; i < 4; ++i) {
      prompts.push_back(random_prompt(3, 200));
      for (const TokenId token : random_prompt(4 + i, 3)) prompts.back().push_back(token);
      requests.push_back(fixture.submit(fixture.scored(prompts.back(), 200)));
    }
    fixture.run();
    for (std::size_t i = 0; i < 4; ++i) check_scores(answer_of(requests[i]), prompts[i], 200);
    // The row before the first scored token is needed by each; the last row by none.
    CHECK(fixture.model.evaluated == 199 + 4 * 3);
    CHECK(answer_of(requests[3]).cached_tokens == 199);
  }
  SUBCASE("in all of the context") {
    const std::vector<TokenId> longest = random_prompt(8, 1024);
    const auto full = fixture.submit(fixture.scored(longest, 1000));
    fixture.run();
    check_scores(answer_of(full), longest, 1000);
    CHECK(answer_of(full).finish_reason == FinishReason::length);
    CHECK(test::error_of([&] { fixture.submit(fixture.scored(random_prompt(9, 1025), 1000)); }) ==
          "context_full: the prompt takes 1025 tokens, the context of 1024 must hold it");
  }
  CHECK(fixture.clean());
}

TEST_CASE("runtime/engine_core: scores take no more rows of logits than others leave") {
  EvaluatorOptions of = options(2048, 8, 64);
  of.max_logits_rows = 12;
  Fixture fixture(of, scatter);
  fixture.params.max_new_tokens = 40;
  for (std::uint32_t i = 0; i < 3; ++i) {
    fixture.submit(fixture.spec(random_prompt(10 + i, 20)));
  }
  for (int i = 0; i < 3; ++i) fixture.core.step(kNever);
  fixture.params.max_new_tokens = 2;
  const std::vector<TokenId> first = random_prompt(20, 60);
  const std::vector<TokenId> second = random_prompt(21, 90);
  const auto one = fixture.submit(fixture.scored(first));
  const auto two = fixture.submit(fixture.scored(second, 30));
  const auto brief = fixture.submit(fixture.spec(random_prompt(22, 5)));
  const std::size_t before = fixture.model.batches.size();
  fixture.run();
  check_scores(answer_of(one), first, 1);
  check_scores(answer_of(two), second, 30);
  for (std::size_t i = 0; i < fixture.model.batches.size(); ++i) {
    const auto& batch = fixture.model.batches[i];
    CHECK(std::count_if(batch.begin(), batch.end(),
                        [](const BatchRow& row) { return row.wants_logits; }) <= 12);
  }
  // Who decodes has a row in each of them, and a short prompt its first token at once.
  for (std::size_t i = before; i < before + 4; ++i) {
    for (SequenceId sequence = 0; sequence < 3; ++sequence) {
      CHECK(fixture.model.batches[i][static_cast<std::size_t>(sequence)].wants_logits);
    }
  }
  CHECK(answer_of(brief).tokens.size() == 2);
  // Six rows are left beyond one for each of six: three for each that is scored.
  std::map<SequenceId, int> wanted;
  for (const BatchRow& row : fixture.model.batches[before]) {
    wanted[row.sequence] += row.wants_logits ? 1 : 0;
  }
  std::vector<int> counts;
  for (const auto& [sequence, count] : wanted) counts.push_back(count);
  std::sort(counts.begin(), counts.end());
  CHECK(counts == std::vector<int>{1, 1, 1, 1, 4, 4});
  CHECK(fixture.clean());
}

TEST_CASE("runtime/engine_core: scores that are interrupted are neither lost nor there twice") {
  Fixture tight(options(5 * 32, 4, 16), scatter);
  tight.params.max_new_tokens = 3;
  std::vector<std::vector<TokenId>> prompts;
  std::vector<std::shared_ptr<Request>> requests;
  int throws = 0;
  const auto fail = [&] {
    if (++throws % 3 == 0) throw Error(ErrorCode::out_of_memory, "no memory");
  };
  SUBCASE("by those that come first") {}
  SUBCASE("by steps that throw as they begin") { tight.model.before_submit = fail; }
  SUBCASE("in the middle") { tight.model.before_advance = fail; }
  SUBCASE("while rows are scored") { tight.model.before_parallel = fail; }
  for (std::uint32_t i = 0; i < 4; ++i) {
    prompts.push_back(random_prompt(30 + i, 40 + 20 * i));
    RequestSpec spec = tight.scored(prompts.back(), 1 + 8 * i);
    spec.control->priority = static_cast<std::int32_t>(i);  // who comes later comes first
    requests.push_back(tight.submit(std::move(spec)));
    for (int k = 0; k < 3; ++k) {
      try {
        tight.core.step(kNever);
      } catch (const Error& error) {
        CHECK(error.code() == ErrorCode::out_of_memory);
      }
    }
  }
  while (tight.core.has_work()) {
    try {
      tight.core.step(EngineCore::Clock::now());  // a row between two looks at the clock
    } catch (const Error& error) {
      CHECK(error.code() == ErrorCode::out_of_memory);
    }
  }
  for (std::size_t i = 0; i < 4; ++i) {
    CAPTURE(i);
    check_scores(answer_of(requests[i]), prompts[i], 1 + 8 * i);
    CHECK(answer_of(requests[i]).tokens.size() == 3);
  }
  CHECK(tight.clean());
}

TEST_CASE("runtime/engine_core: a row that is not finite ends its own prompt's scores") {
  const auto next = [](const std::vector<TokenId>& tokens) {
    return tokens.back() == 'd' ? std::vector<float>() : scatter(tokens);
  };
  Fixture fixture(options(1024), next);
  fixture.params.max_new_tokens = 0;
  const auto bad = fixture.submit(fixture.scored(bytes_of("abcdef")));
  const auto good = fixture.submit(fixture.scored(bytes_of("uvwxyz")));
  fixture.run();
  CHECK(answer_of(bad).finish_reason == FinishReason::failed);
  CHECK(answer_of(bad).prompt_logprobs.size() == 3);
  check_scores(answer_of(good), bytes_of("uvwxyz"), 1);
  REQUIRE(fixture.events[0].error);
  CHECK(std::string(fixture.events[0].error->what()).find("the logits at position 3 are not") !=
        std::string::npos);
  CHECK(fixture.clean());
}

TEST_CASE("runtime/engine_core: a cancel while rows are scored ends that request alone") {
  Fixture fixture(options(1024), scatter);
  fixture.params.max_new_tokens = 0;
  const std::vector<TokenId> prompt = random_prompt(40, 8);
  const auto gone = fixture.submit(fixture.scored(random_prompt(41, 50)));
  const auto stays = fixture.submit(fixture.scored(prompt));
  fixture.core.step(EngineCore::Clock::now());  // the batch, and a first row
  gone->spec().control->run.cancel();
  fixture.run();
  CHECK(answer_of(gone).finish_reason == FinishReason::cancelled);
  CHECK(answer_of(gone).prompt_logprobs.size() < 49);
  check_scores(answer_of(stays), prompt, 1);
  CHECK(fixture.clean());
}

TEST_CASE("runtime/engine_core: tokens are chosen on several threads, and told of in order") {
  const auto outcome = [](std::int32_t threads, const std::function<void()>& before_parallel) {
    EvaluatorOptions made = options(1024);
    made.threads = threads;
    Fixture fixture(made, scatter);
    fixture.model.before_parallel = before_parallel;
    for (std::uint64_t seed = 0; seed < 6; ++seed) {
      fixture.params = SamplingParams();
      fixture.params.logprobs = 2;
      fixture.params.max_new_tokens = static_cast<std::int32_t>(10 + seed);
      fixture.params.top_p = seed % 2 == 0 ? 1.0F : 0.9F;
      // Of one no token is left, in the middle of the others.
      if (seed == 3) fixture.params.allowed_token_ids = {7};
      if (seed == 3) fixture.params.suppress_tokens = {7};
      RequestSpec spec = fixture.spec({static_cast<TokenId>(seed)}, seed);
      spec.wants_progress = seed % 2 == 0;
      fixture.submit(std::move(spec));
    }
    fixture.run();
    CHECK(fixture.clean());
    std::string all;
    for (const RequestEvent& event : fixture.events) {
      all += std::to_string(event.request) + ":" + std::to_string(event.token) + event.text + "/" +
             std::to_string(event.total) +
             (event.logprob ? std::to_string(event.logprob->rank) : "") +
             (event.error ? std::string(event.error->what()).substr(0, 28) : "") + " ";
    }
    return all;
  };
  const std::string serial = outcome(1, {});
  CHECK(serial.find("4:-1/0no token is left to choose: ") != std::string::npos);
  int loops = 0;
  CHECK(outcome(3, [&] { ++loops; }) == serial);
  CHECK(loops >= 14);
  // Helpers that find no memory are not missed.
  CHECK(outcome(3, [] { throw std::bad_alloc(); }) == serial);
}

TEST_CASE("runtime/engine_core: logits processors run in order on the calling thread") {
  EvaluatorOptions made = options(1024);
  made.threads = 3;
  Fixture fixture(made);
  fixture.params.max_new_tokens = 2;
  std::vector<std::string> calls;
  const auto submit = [&](std::string_view prompt, const LogitsProcessor& then) {
    RequestSpec spec = fixture.spec(bytes_of(prompt));
    spec.generator.set_processor(
        [&, then, caller = std::this_thread::get_id()](auto tokens, auto logits) {
          CHECK(std::this_thread::get_id() == caller);
          calls.emplace_back(tokens.begin(), tokens.end());
          then(tokens, logits);
        },
        spec.prompt);
    return fixture.submit(std::move(spec));
  };
  const auto first = submit("a", [](auto, auto logits) { logits['z'] = 11.0F; });
  const auto plain = fixture.submit("p");
  const auto wrong =
      submit("w", [](auto, auto logits) { logits[3] = std::numeric_limits<float>::quiet_NaN(); });
  const auto throws = submit("t", [](auto tokens, auto) {
    if (tokens.size() == 2) throw std::runtime_error("no more");
  });
  const auto stops = submit("s", [](auto tokens, auto) {
    if (tokens.size() == 2) throw Error(ErrorCode::cancelled, "enough");
  });
  const auto own = submit("o", [](auto, auto) { throw Error(ErrorCode::io, "the disk is gone"); });
  fixture.run();
  CHECK(calls == std::vector<std::string>{"a", "w", "t", "s", "o", "az", "tu", "st"});
  CHECK(answer_of(first).text == "zz");
  CHECK(answer_of(plain).text == "qr");
  CHECK(answer_of(throws).text == "u");
  CHECK(answer_of(stops).text == "t");
  CHECK(answer_of(stops).finish_reason == FinishReason::cancelled);
  std::map<std::int64_t, std::string> errors;
  for (const RequestEvent& event : fixture.events) {
    if (event.error) errors[event.request] = event.error->what();
  }
  CHECK(errors.size() == 3);
  CHECK(errors[wrong->id()] == "the logit of token 3 is NaN: the logits processor has made it so");
  CHECK(errors[throws->id()] == "the logits processor has thrown no more");
  CHECK(errors[own->id()] == "the disk is gone");
  CHECK(fixture.clean());
}

TEST_CASE("runtime/engine_core: an event that finds no memory ends its request alone") {
  for (int fails = 0; fails < 7; ++fails) {
    Fixture fixture;
    RequestSpec spec = fixture.spec(bytes_of("a"));
    spec.wants_progress = true;
    int calls = 0;
    spec.sink = [&calls, fails](RequestEvent&&) {
      if (calls++ >= fails) throw std::bad_alloc();
    };
    const auto bad = fixture.submit(std::move(spec));
    const auto good = fixture.submit("k");
    fixture.run();
    CHECK(bad->state == RequestState::done);
    CHECK(answer_of(good).text == "lmnop");
    CHECK(fixture.clean());
  }
}

}  // namespace tlite
