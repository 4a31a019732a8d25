// An engine on a heap that fails. Whatever fails, the error is a defined one, what the call was not
// about is unharmed, and every page comes back.
#include "memory/failing_heap.hpp"

#include <algorithm>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include <doctest/doctest.h>

#include <tlite/engine.hpp>
#include <tlite/session.hpp>

namespace tlite {
namespace {

using namespace std::chrono_literals;
using test::attempt;
using test::Attempt;
using test::for_every_allocation;
using test::Heap;
using test::world;

constexpr std::int32_t kContext = 128;  // four pages: too few for all, so that some give way

EngineOptions options() {
  EngineOptions made;
  made.context = kContext;
  made.max_sequences = 3;
  made.max_batch_rows = 16;
  made.threads = 1;  // all work is on the thread whose allocations fail
  return made;
}

SamplingParams sampling(std::uint64_t seed) {
  SamplingParams params;
  params.seed = seed;
  params.max_new_tokens = 10;
  params.ignore_eos = true;
  params.logprobs = 2;
  params.stop = {"a stop string that needs the heap"};
  params.repetition_penalty = 1.1F;
  return params;
}

std::string prompt(std::uint64_t i) {
  return std::string(static_cast<std::size_t>(i % 2) * 40 + 5, 'p') + std::to_string(i);
}

RequestId submit(Engine& engine, std::uint64_t i, std::int32_t priority = 0) {
  RequestOptions made;
  made.sampling = sampling(i);
  made.priority = priority;
  if (i == 3) made.prompt_logprobs = 2;
  return engine.submit(prompt(i), made);
}

const Generation& alone(std::uint64_t i) {
  static std::map<std::uint64_t, Generation> all;
  const auto found = all.find(i);
  if (found != all.end()) return found->second;
  Engine engine(*world().model, options());
  return all[i] = engine.wait(submit(engine, i));
}

bool same(const TokenLogprob& a, const TokenLogprob& b) {
  return a.token == b.token && a.logprob == b.logprob && a.rank == b.rank;
}

// The tokens of `answer` are the first ones of the answer alone, with their log probabilities.
void check_begins_like(const Generation& answer, std::uint64_t i) {
  const Generation& expected = alone(i);
  REQUIRE(answer.tokens.size() <= expected.tokens.size());
  CHECK(std::equal(answer.tokens.begin(), answer.tokens.end(), expected.tokens.begin()));
  REQUIRE(answer.logprobs.size() == answer.tokens.size());
  CHECK(
      std::equal(answer.logprobs.begin(), answer.logprobs.end(), expected.logprobs.begin(), same));
}

void check_equal(const Generation& answer, std::uint64_t i) {
  check_begins_like(answer, i);
  CHECK(answer.tokens.size() == alone(i).tokens.size());
  CHECK(answer.text == alone(i).text);
  CHECK(answer.finish_reason == alone(i).finish_reason);
  CHECK(std::equal(answer.prompt_logprobs.begin(), answer.prompt_logprobs.end(),
                   alone(i).prompt_logprobs.begin(), alone(i).prompt_logprobs.end(), same));
}

// Every page is free or in the cache, and nobody is left.
void check_at_rest(const Engine& engine) {
  const EngineStatus status = engine.status();
  CHECK(status.running == 0);
  CHECK(status.waiting == 0);
  CHECK(status.cached_tokens + status.free_tokens == kContext);
}

}  // namespace

TEST_CASE("memory/engine: making one") {
  const std::size_t live = world().allocator->live_bytes();
  int failures = 0;
  for_every_allocation([&](long n, Heap heap) {
    const Attempt made = attempt(n, heap, [] { const Engine engine(*world().model, options()); });
    CHECK(world().allocator->live_bytes() == live);
    failures += made.failed ? 1 : 0;
    return made;
  });
  CHECK(failures > 5);
}

TEST_CASE("memory/engine: submit has no effect, or all of it") {
  int failures = 0;
  for_every_allocation([&](long n, Heap heap) {
    Engine engine(*world().model, options());
    const RequestId first = submit(engine, 1);
    engine.step(0ns);
    std::optional<RequestId> second;
    const Attempt made = attempt(n, heap, [&] { second = submit(engine, 2); });
    CHECK(made.failed != second.has_value());
    failures += made.failed ? 1 : 0;
    CHECK(engine.status().waiting + engine.status().running == (second ? 2 : 1));
    engine.run();
    check_equal(engine.wait(first), 1);
    if (second) check_equal(engine.wait(*second), 2);
    CHECK_FALSE(engine.poll());
    check_at_rest(engine);
    return made;
  });
  CHECK(failures > 10);
}

namespace {

// What becomes of requests while the heap fails once.
struct Steps {
  Steps() {
    for (std::uint64_t i = 0; i < kRequests; ++i) {
      requests[submit(engine, i, static_cast<std::int32_t>(i % 2))] = i;
    }
    RequestOptions late;
    late.sampling = sampling(90);
    late.timeout = 1ms;
    extra.push_back(engine.submit(prompt(90), late));
    extra.push_back(submit(engine, 91, 5));
    RequestOptions pooled;
    pooled.pooling = Pooling::mean;
    extra.push_back(engine.submit(prompt(92), pooled));
  }

  // To the end of all; one is cancelled on the way.
  void run() {
    for (int i = 0; engine.step(0ns); ++i) {
      if (i == 40) engine.cancel(extra[1]);
    }
  }

  void check() {
    run();
    while (const auto event = engine.poll()) {
      if (event->result) ends[event->request].push_back(*event);
    }
    for (const auto& request : requests) {
      const std::uint64_t i = request.second;
      CAPTURE(i);
      REQUIRE(ends[request.first].size() == 1);
      const EngineEvent& end = ends[request.first].front();
      if (!end.error) {
        check_equal(*end.result, i);
        continue;
      }
      ++lost;
      CHECK(end.error->code() == ErrorCode::out_of_memory);
      CHECK(end.finish_reason == FinishReason::failed);
      check_begins_like(*end.result, i);
    }
    for (const RequestId request : extra) CHECK(ends[request].size() == 1);
    check_at_rest(engine);
  }

  static constexpr std::uint64_t kRequests = 5;
  Engine engine{*world().model, options()};
  std::map<RequestId, std::uint64_t> requests;
  std::vector<RequestId> extra;
  std::map<RequestId, std::vector<EngineEvent>> ends;
  std::size_t lost = 0;
};

}  // namespace

TEST_CASE(
    "memory/engine: a step that fails leaves all as they were, or ends the one it was about") {
  int failures = 0;
  std::size_t lost = 0;
  std::size_t whole = 0;
  for_every_allocation([&](long n, Heap heap) {
    Steps steps;
    const Attempt made = attempt(n, heap, [&] { steps.run(); });
    steps.check();
    failures += made.failed ? 1 : 0;
    lost += steps.lost;
    whole += Steps::kRequests - steps.lost;
    if (heap == Heap::fails_once) CHECK(steps.lost <= 1);
    return made;
  });
  CHECK(failures > 10);
  CHECK(lost > 10);
  CHECK(whole > 100);
}

TEST_CASE("memory/engine: an event that could not be copied, and an answer, come again") {
  int failures = 0;
  for_every_allocation([&](long n, Heap heap) {
    Engine engine(*world().model, options());
    submit(engine, 1);
    const RequestId waited = submit(engine, 2);
    engine.run();
    std::vector<EngineEvent> events;
    std::optional<Generation> answer;
    const auto read = [&] {
      if (!answer) answer = engine.wait(waited);
      while (engine.poll([&](const EngineEvent& event) { events.push_back(event); })) continue;
    };
    const Attempt made = attempt(n, heap, read);
    failures += made.failed ? 1 : 0;
    if (made.failed) read();
    REQUIRE(answer);
    check_equal(*answer, 2);
    std::string text;
    std::vector<TokenId> tokens;
    for (const EngineEvent& event : events) {
      text += event.text;
      if (event.token >= 0) tokens.push_back(event.token);
    }
    CHECK(text == alone(1).text);
    CHECK(tokens == alone(1).tokens);
    CHECK_FALSE(engine.poll());
    return made;
  });
  CHECK(failures > 10);
}

TEST_CASE("memory/engine: a session on it asks again, and others are unharmed") {
  const auto talk = [](Session& session) {
    session.set_sampling(sampling(7));
    session.add_user("hello");
  };
  Session own(*world().model, {.context = kContext, .threads = 1});
  talk(own);
  const Generation expected = own.reply();
  int failures = 0;
  for_every_allocation([&](long n, Heap heap) {
    Engine engine(*world().model, options());
    Session session(engine, {.context = kContext});
    talk(session);
    const RequestId other = submit(engine, 3);
    Generation answer;
    const Attempt made = attempt(n, heap, [&] { answer = session.reply(); });
    failures += made.failed ? 1 : 0;
    if (made.failed) answer = session.reply();
    CHECK(answer.text == expected.text);
    CHECK(answer.tokens == expected.tokens);
    CHECK(session.messages().size() == 2);
    engine.run();
    std::optional<EngineEvent> end;
    while (auto event = engine.poll()) end = std::move(event);
    REQUIRE((end && end->result && end->request == other));
    if (end->error) {
      CHECK(end->error->code() == ErrorCode::out_of_memory);
      check_begins_like(*end->result, 3);
    } else {
      check_equal(*end->result, 3);
    }
    check_at_rest(engine);
    return made;
  });
  CHECK(failures > 10);
}

}  // namespace tlite
