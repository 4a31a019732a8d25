#include "runtime/engine_core.hpp"

#include "unit/runtime/fake_batch_model.hpp"
#include "unit/runtime/fake_model.hpp"
#include "unit/support/errors.hpp"

#include <algorithm>
#include <chrono>
#include <map>
#include <new>
#include <random>
#include <string>
#include <thread>
#include <vector>

#include <doctest/doctest.h>

namespace tlite {
namespace {

using test::bytes_of;
using test::FakeBatchModel;
using test::kEnd;

constexpr auto kNever = EngineCore::Clock::time_point::max();

// "...a" goes on with "bcd", for a sampler that is greedy.
std::vector<float> count_up(const std::vector<TokenId>& tokens) {
  return test::logits_for((tokens.back() + 1) % 256);
}

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

EvaluatorOptions options(std::int32_t context, std::int32_t sequences = 8, std::int32_t rows = 64) {
  EvaluatorOptions made;
  made.context = context;
  made.max_sequences = sequences;
  made.max_batch_rows = rows;
  made.max_logits_rows = sequences;
  return made;
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

TEST_CASE("runtime/engine_core: any mix of requests answers as each alone") {
  constexpr std::uint64_t kRequests = 200;
  std::minstd_rand random(7);
  Fixture alone(options(1024), scatter, {.prefix_cache = false});
  Fixture busy(options(320, 5, 24), scatter);
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
    expected.push_back(alone.submit(alone.spec(prompt, seed)));
    alone.run();
    RequestSpec spec = busy.spec(prompt, seed);
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
    ++whole;
  }
  CHECK(whole > kRequests / 2);
  CHECK(busy.clean());
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
