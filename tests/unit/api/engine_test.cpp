#include "api/engine_impl.hpp"
#include "unit/support/counting_allocator.hpp"
#include "unit/support/errors.hpp"
#include "unit/support/tiny_checkpoint.hpp"

#include <algorithm>
#include <atomic>
#include <chrono>
#include <functional>
#include <map>
#include <optional>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include <doctest/doctest.h>

#include <tlite/engine.hpp>
#include <tlite/evaluator.hpp>
#include <tlite/sampler.hpp>
#include <tlite/session.hpp>

namespace tlite {
namespace {

using namespace std::chrono_literals;
using test::error_of;

Model tiny_model(const std::shared_ptr<Allocator>& allocator = {}) {
  LoadOptions options;
  options.host.files = test::tiny_checkpoint("tiny");
  options.host.allocator = allocator;
  return Model::load("tiny", options);
}

SamplingParams seeded(std::uint64_t seed, std::int32_t max_new_tokens = 12) {
  SamplingParams params;
  params.seed = seed;
  params.max_new_tokens = max_new_tokens;
  params.logprobs = 2;
  return params;
}

EngineOptions small(std::int32_t sequences = 4) {
  EngineOptions options;
  options.context = 512;
  options.max_sequences = sequences;
  options.max_batch_rows = 32;
  options.threads = 2;
  return options;
}

RequestOptions with(const SamplingParams& params) {
  RequestOptions options;
  options.sampling = params;
  return options;
}

std::string text_of(std::uint64_t i) {
  return std::string(static_cast<std::size_t>(i % 3) * 40, 'c') + "text " + std::to_string(i);
}

Generation alone(const Model& model, std::uint64_t i) {
  Session session(model, {.context = 512, .threads = 1});
  session.set_sampling(seeded(i));
  return session.complete(text_of(i));
}

void check_same(const Generation& a, const Generation& b) {
  CHECK(a.text == b.text);
  CHECK(a.tokens == b.tokens);
  CHECK(a.finish_reason == b.finish_reason);
  CHECK(a.prompt_tokens == b.prompt_tokens);
  REQUIRE(a.logprobs.size() == b.logprobs.size());
  for (std::size_t i = 0; i < a.logprobs.size(); ++i) {
    CHECK(a.logprobs[i].logprob == b.logprobs[i].logprob);
    CHECK(a.top_logprobs[i].size() == b.top_logprobs[i].size());
  }
}

}  // namespace

TEST_CASE("api/engine: many requests at once answer as each alone") {
  const Model model = tiny_model();
  Engine engine(model, small());
  std::vector<RequestId> requests;
  for (std::uint64_t i = 0; i < 20; ++i) {
    requests.push_back(engine.submit(text_of(i), with(seeded(i))));
  }
  std::map<RequestId, Generation> pieces;
  std::map<RequestId, Generation> results;
  while (true) {
    const bool more = engine.step(1ms);
    while (const auto event = engine.poll()) {
      pieces[event->request].text += event->text;
      if (event->result) results[event->request] = *event->result;
    }
    if (!more) break;
  }
  REQUIRE(results.size() == 20);
  for (std::uint64_t i = 0; i < 20; ++i) {
    check_same(results[requests[i]], alone(model, i));
    CHECK(pieces[requests[i]].text == results[requests[i]].text);
  }
  const EngineStatus status = engine.status();
  CHECK(status.running == 0);
  CHECK(status.waiting == 0);
  CHECK(status.cached_tokens + status.free_tokens == 512);
}

TEST_CASE("api/engine: advance hands on each thing when it happens, and ends with the last") {
  const Model model = tiny_model();
  Engine engine(model, small());
  const auto nothing = [](const EngineEvent&) { FAIL("an event of nobody"); };
  CHECK_FALSE(engine.advance(std::chrono::nanoseconds::max(), nothing));
  for (const std::chrono::nanoseconds budget : {std::chrono::nanoseconds::max(), 0ns, 1000000ns}) {
    std::map<RequestId, std::size_t> tokens;
    std::map<RequestId, Generation> answers;
    for (std::uint64_t i = 0; i < 3; ++i) engine.submit(text_of(i), with(seeded(i)));
    std::size_t events = 0;
    std::size_t before = 0;
    const auto take = [&](const EngineEvent& event) {
      ++events;
      tokens[event.request] += event.token >= 0 ? 1U : 0U;
      if (event.result) answers[event.request] = *event.result;
    };
    for (; engine.advance(budget, take); before = events) {
      if (budget == std::chrono::nanoseconds::max()) REQUIRE(events == before + 1);
      const EngineStatus status = engine.status();
      if (budget != 0ns && events == 1) CHECK(status.running + status.waiting == 3);
    }
    CHECK_FALSE(engine.advance(budget, take));
    REQUIRE(answers.size() == 3);
    std::uint64_t i = 0;
    for (const auto& [request, answer] : answers) {
      CHECK(answer.tokens.size() == tokens[request]);
      Engine alone(model, small());
      CHECK(alone.wait(alone.submit(text_of(i), with(seeded(i)))).tokens == answer.tokens);
      ++i;
    }
  }
}

TEST_CASE("api/engine: ids, text and messages; what begins alike is computed once") {
  const Model model = tiny_model();
  Engine engine(model, small());
  const std::vector<TokenId> ids = model.tokenizer().encode(text_of(7));
  check_same(engine.wait(engine.submit(ids, with(seeded(7)))), alone(model, 7));
  const Generation again = engine.wait(engine.submit(text_of(7), with(seeded(7))));
  CHECK(again.cached_tokens == again.prompt_tokens - 1);

  const std::vector<Message> messages = {{"user", "hello"}};
  Session session(model, {.context = 512, .threads = 1});
  session.set_sampling(seeded(3));
  session.set_messages(messages);
  check_same(engine.wait(engine.submit(messages, with(seeded(3)))), session.reply());
}

TEST_CASE("api/engine: submit, cancel and poll from threads while another works") {
  const Model model = tiny_model();
  Engine engine(model, small());
  constexpr std::uint64_t kThreads = 3;
  constexpr std::uint64_t kEach = 8;
  std::atomic<std::uint64_t> left{kThreads};
  std::vector<std::thread> threads;
  std::vector<std::vector<RequestId>> ids(kThreads);
  for (std::uint64_t t = 0; t < kThreads; ++t) {
    threads.emplace_back([&, t] {
      for (std::uint64_t i = 0; i < kEach; ++i) {
        const std::uint64_t n = t * kEach + i;
        ids[t].push_back(engine.submit(text_of(n), with(seeded(n))));
        engine.set_priority(ids[t].back(), static_cast<std::int32_t>(i % 2));
        if (i == 5) engine.cancel(ids[t].back());
        engine.status();
      }
      --left;
    });
  }
  while (left > 0 || engine.wait_for_work(0ns)) engine.step(500us);
  for (std::thread& thread : threads) thread.join();
  for (std::uint64_t t = 0; t < kThreads; ++t) {
    for (std::uint64_t i = 0; i < kEach; ++i) {
      const Generation result = engine.wait(ids[t][i]);
      const Generation expected = alone(model, t * kEach + i);
      if (result.finish_reason == FinishReason::cancelled) {
        CHECK(i == 5);
        CHECK(expected.text.starts_with(result.text));
      } else {
        check_same(result, expected);
      }
    }
  }
  CHECK_FALSE(engine.poll());
}

TEST_CASE("api/engine: threads that wait take turns") {
  const Model model = tiny_model();
  Engine engine(model, small(2));
  std::vector<std::thread> threads;
  std::vector<Generation> results(6);
  for (std::uint64_t i = 0; i < results.size(); ++i) {
    threads.emplace_back(
        [&, i] { results[i] = engine.wait(engine.submit(text_of(i), with(seeded(i)))); });
  }
  for (std::thread& thread : threads) thread.join();
  for (std::uint64_t i = 0; i < results.size(); ++i) check_same(results[i], alone(model, i));
}

TEST_CASE("api/engine: sessions share one, from several threads, and answer as with their own") {
  const Model model = tiny_model();
  const auto talk = [](Session session, std::uint64_t seed) {
    std::vector<std::string> said;
    session.add_system("system");
    for (std::uint64_t turn = 0; turn < 3; ++turn) {
      session.set_sampling(seeded(seed * 10 + turn));
      session.add_user("turn " + std::to_string(turn));
      said.push_back(session.reply().text);
    }
    said.push_back(session.fork().regenerate().text);
    return said;
  };
  constexpr std::uint64_t kSessions = 6;
  std::vector<std::vector<std::string>> shared(kSessions);
  {
    const Engine engine(model, small(3));
    std::vector<std::thread> threads;
    for (std::uint64_t i = 0; i < kSessions; ++i) {
      threads.emplace_back([&, i] { shared[i] = talk(Session(engine, {.context = 256}), i); });
    }
    for (std::thread& thread : threads) thread.join();
  }
  for (std::uint64_t i = 0; i < kSessions; ++i) {
    CHECK(shared[i] == talk(Session(model, {.context = 256, .threads = 1}), i));
  }
}

TEST_CASE("api/engine: a session outlives its engine, and a stream its session") {
  auto engine = std::make_unique<Engine>(tiny_model(), small());
  auto session = std::make_unique<Session>(*engine, SessionOptions{.context = 256});
  session->set_sampling(seeded(1));
  engine.reset();
  Stream stream = session->stream_complete("text");
  session.reset();
  std::string text;
  for (const std::string_view piece : stream) text += piece;
  CHECK(text == stream.result().text);
  CHECK(stream.result().tokens.size() == 12);
}

TEST_CASE("api/engine: an answer that its session stops is kept as far as it was given out") {
  const Model model = tiny_model();
  const Engine shared(model, small());
  for (const bool on_shared : {false, true}) {
    CAPTURE(on_shared);
    Session session = on_shared ? Session(shared, {.context = 256})
                                : Session(model, {.context = 256, .threads = 1});
    session.set_sampling(seeded(6, 30));
    session.add_user("hello");
    std::string said;
    {
      Stream stream = session.stream();
      for (int i = 0; i < 5; ++i) said += stream.next().value().text;
      if (on_shared) shared.impl()->step(Engine::Impl::Clock::time_point::max());
    }
    REQUIRE(session.messages().size() == 2);
    CHECK(session.messages().back().content == said);
    // It goes on as if it had never been stopped.
    said += session.continue_reply().text;
    Session whole(model, {.context = 256, .threads = 1});
    whole.set_sampling(seeded(6, 35));
    whole.add_user("hello");
    CHECK(said == whole.reply().text);
    CHECK(shared.status().running + shared.status().waiting == 0);
  }
}

TEST_CASE("api/engine: who has nothing to do sleeps, after an answer was stopped too") {
  Engine engine(tiny_model(), small());
  {
    Session session(engine, {.context = 256});
    session.set_sampling(seeded(6, 30));
    Stream stream = session.stream_complete("text");
    stream.next();
    CHECK(engine.status().running == 1);
  }
  CHECK(engine.status().running == 0);
  CHECK_FALSE(engine.wait_for_work(0ns));
  CHECK(engine.status().cached_tokens + engine.status().free_tokens == 512);
}

TEST_CASE(
    "api/engine: a session's context is a number of tokens; what is above the engine's is that") {
  Engine engine(tiny_model(), small());
  for (const std::int32_t context : {0, -1, -5}) {
    CHECK(error_of([&] { Session(engine, {.context = context}); }) ==
          "invalid_argument: SessionOptions::context is " + std::to_string(context) +
              "; it takes 1 or more");
  }
  std::string said[2];
  for (const int big : {0, 1}) {
    Session session(engine, {.context = big == 0 ? 512 : 1 << 30});
    session.set_sampling(seeded(6, 30));
    said[big] = session.complete("text").text;
  }
  CHECK(said[0] == said[1]);
}

TEST_CASE("api/engine: streams that are polled work on nothing and give what a step has made") {
  const Model model = tiny_model();
  Engine engine(model, small());
  std::vector<Session> sessions;
  std::vector<Stream> streams;
  for (std::uint64_t i = 0; i < 3; ++i) {
    sessions.emplace_back(engine, SessionOptions{.context = 256});
    sessions.back().set_sampling(seeded(i, 20));
    streams.push_back(sessions.back().stream_complete(text_of(i)));
  }
  for (int i = 0; i < 100; ++i) CHECK_FALSE(streams[0].poll());
  CHECK(engine.status().waiting == 3);
  CHECK(engine.status().free_tokens == 512);
  std::vector<std::string> texts(3);
  int frames = 0;
  for (; frames < 10000; ++frames) {
    const bool more = engine.step(0ns);
    std::size_t ended = 0;
    for (std::size_t i = 0; i < 3; ++i) {
      while (const auto piece = streams[i].poll()) texts[i] += piece->text;
      ended += streams[i].finished() ? 1U : 0U;
    }
    if (ended == 3) break;
    REQUIRE(more);
  }
  CHECK(frames > 20);
  for (std::size_t i = 0; i < 3; ++i) {
    Session alone(model, {.context = 256});
    alone.set_sampling(seeded(i, 20));
    CHECK(texts[i] == alone.complete(text_of(i)).text);
    CHECK_FALSE(streams[i].poll());
  }
  Stream stopped = sessions[0].stream_complete("text");
  sessions[0].cancel();
  CHECK_FALSE(stopped.poll());
  CHECK_FALSE(stopped.finished());  // the engine has not heard of it yet
  while (engine.step(0ns)) continue;
  CHECK_FALSE(stopped.poll());
  CHECK(stopped.result().finish_reason == FinishReason::cancelled);
}

TEST_CASE("api/engine: with an engine its requests end, and its sessions do not work on them") {
  auto engine = std::make_unique<Engine>(tiny_model(), small());
  const std::shared_ptr<Engine::Impl> impl = engine->impl();
  SamplingParams endless = seeded(1, -1);
  endless.ignore_eos = true;
  engine->submit("endless", with(endless));
  engine->submit("endless too", with(endless));
  Session session(*engine, {.context = 256});
  session.set_sampling(seeded(3));
  engine->step(0ns);
  SUBCASE("destroyed") { engine.reset(); }
  SUBCASE("replaced") { *engine = Engine(tiny_model(), small()); }
  CHECK(session.complete("text").tokens.size() == 12);
  CHECK(impl->status().running + impl->status().waiting == 0);
}

TEST_CASE("api/engine: the host may let go of it while it works, in a beam search too") {
  const Model model = tiny_model();
  const std::vector<TokenId> prompt = {'t', 'e', 'x', 't'};
  const BeamOptions search{.beam_width = 2, .max_new_tokens = 8};
  const std::vector<Beam> expected = Engine(model, small()).beam_search(prompt, search);
  auto engine = std::make_unique<Engine>(model, small());
  RequestOptions options = with(seeded(1, 4));
  options.logits_processor = [&](auto, auto) { engine.reset(); };
  engine->submit("abc", options);
  SUBCASE("step") { CHECK_NOTHROW(engine->step(1s)); }
  SUBCASE("run") { CHECK_NOTHROW(engine->run()); }
  SUBCASE("beam_search") {
    const std::vector<Beam> beams = engine->beam_search(prompt, search);
    REQUIRE(beams.size() == expected.size());
    for (std::size_t i = 0; i < beams.size(); ++i) {
      CHECK(beams[i].tokens == expected[i].tokens);
      CHECK(beams[i].score == expected[i].score);
    }
  }
  CHECK(engine == nullptr);
}

TEST_CASE("api/engine: an option that is refused is refused before memory is taken") {
  EngineOptions options = small();
  options.context = 1 << 30;
  options.max_delay = -1ms;
  CHECK(error_of([&] { Engine(tiny_model(), options); }) ==
        "invalid_argument: EngineOptions::max_delay is -1 ms; it takes 0 or more");
}

TEST_CASE("api/engine: two threads that wait for one request: one gets it, one is told") {
  const Model model = tiny_model();
  Engine engine(model, small());
  for (std::uint64_t i = 0; i < 50; ++i) {
    const RequestId request = engine.submit(text_of(i % 3), with(seeded(i % 3)));
    std::atomic<int> got{0};
    std::atomic<int> told{0};
    const auto wait = [&] {
      const std::string error = error_of([&] { engine.wait(request); });
      if (error == "nothing") ++got;
      if (error.starts_with("invalid_argument: there is no request")) ++told;
    };
    std::thread other(wait);
    wait();
    other.join();
    CHECK(got == 1);
    CHECK(told == 1);
  }
}

TEST_CASE("api/engine: what its taker throws at stays the next event, and the answer") {
  const Model model = tiny_model();
  Engine engine(model, small());
  const RequestId polled = engine.submit(text_of(1), with(seeded(1)));
  engine.run();
  struct Refused {};
  int refused = 0;
  std::string text;
  bool take = false;
  while (true) {
    take = !take;
    try {
      const bool any = engine.poll([&](const EngineEvent& event) {
        if (!take) throw Refused();
        CHECK(event.request == polled);
        text += event.text;
      });
      if (!any) break;
    } catch (const Refused&) {
      ++refused;
    }
  }
  CHECK(refused >= 5);
  CHECK(text == alone(model, 1).text);

  const RequestId waited = engine.submit(text_of(2), with(seeded(2)));
  CHECK_THROWS_AS(engine.wait(waited, [](const Generation&) { throw Refused(); }), Refused);
  check_same(engine.wait(waited), alone(model, 2));
}

TEST_CASE("api/engine: budgets, timeouts and delays of every size") {
  const Model model = tiny_model();
  EngineOptions options = small();
  options.max_delay = std::chrono::milliseconds::max();
  Engine engine(model, options);
  RequestOptions patient = with(seeded(1));
  patient.timeout = std::chrono::milliseconds::max();
  const RequestId first = engine.submit(text_of(1), patient);
  while (engine.step(0ns)) continue;
  const RequestId second = engine.submit(text_of(2), with(seeded(2)));
  while (engine.step(-1s)) continue;
  const RequestId third = engine.submit(text_of(3), with(seeded(3)));
  CHECK_FALSE(engine.step(std::chrono::nanoseconds::max()));
  check_same(engine.wait(first), alone(model, 1));
  check_same(engine.wait(second), alone(model, 2));
  check_same(engine.wait(third), alone(model, 3));
  CHECK_FALSE(engine.wait_for_work(-1s));
  std::thread later([&] {
    std::this_thread::sleep_for(2ms);
    engine.submit(text_of(4), with(seeded(4)));
  });
  CHECK(engine.wait_for_work(std::chrono::nanoseconds::max()));
  later.join();
}

TEST_CASE("api/engine: a timeout and a cancel end a request, and others go on") {
  const Model model = tiny_model();
  Engine engine(model, small());
  SamplingParams endless = seeded(1, -1);
  endless.ignore_eos = true;
  RequestOptions late = with(endless);
  late.timeout = 1ms;
  const RequestId timed = engine.submit("timed", late);
  const RequestId cancelled = engine.submit("cancelled", with(endless));
  const RequestId other = engine.submit(text_of(2), with(seeded(2)));
  engine.step(0ns);
  engine.cancel(cancelled);
  std::this_thread::sleep_for(2ms);
  CHECK(engine.wait(timed).finish_reason == FinishReason::deadline);
  CHECK(engine.wait(cancelled).finish_reason == FinishReason::cancelled);
  check_same(engine.wait(other), alone(model, 2));
  engine.cancel(other);  // has ended: no effect
  engine.set_priority(12345, 1);
}

TEST_CASE("api/engine: an error ends its request, and wait throws it") {
  const Model model = tiny_model();
  Engine engine(model, small());
  SamplingParams none = seeded(1);
  const auto vocabulary = static_cast<TokenId>(model.info().config.vocab_size);
  for (TokenId token = 0; token < vocabulary; ++token) {
    none.logit_bias.emplace_back(token, -std::numeric_limits<float>::infinity());
  }
  const RequestId bad = engine.submit("bad", with(none));
  const RequestId good = engine.submit(text_of(4), with(seeded(4)));
  CHECK(error_of([&] { engine.wait(bad); }).starts_with("invalid_argument: "));
  check_same(engine.wait(good), alone(model, 4));
  CHECK(error_of([&] { engine.wait(good); }) ==
        "invalid_argument: there is no request 2, or its end was polled");
}

TEST_CASE("api/engine: bad input is refused where it comes in, by name and value") {
  Engine engine(tiny_model(), small());
  const auto submit = [&](const auto& prompt, const RequestOptions& options = {}) {
    return error_of([&] { engine.submit(prompt, options); });
  };
  CHECK(submit(std::vector<TokenId>{}) == "invalid_argument: empty prompt");
  CHECK(submit(std::vector<TokenId>{1, -5}).starts_with("invalid_argument: prompt[1] is -5, "));
  CHECK(submit(std::vector<Message>{}) ==
        "invalid_argument: the conversation has no message to answer");
  RequestOptions options;
  options.context = -1;
  CHECK(submit(std::string_view("a"), options) ==
        "invalid_argument: RequestOptions::context is -1; it takes 0 or more");
  options.context = 8;
  CHECK(submit(std::string_view("12345678"), options) ==
        "context_full: the prompt takes 8 tokens, the context of 8 must hold it and one more");
  options = {};
  options.timeout = -3ms;
  CHECK(submit(std::string_view("a"), options) ==
        "invalid_argument: RequestOptions::timeout is -3 ms; it takes 0 or more");
  options = {};
  options.sampling = seeded(1);
  options.sampling->top_p = 2;
  CHECK(submit(std::string_view("a"), options).starts_with("invalid_argument: sampling: top_p"));
  options = {};
  options.sampling = seeded(1);
  options.sampling->min_new_tokens = 13;
  CHECK(submit(std::string_view("a"), options) ==
        "invalid_argument: sampling: min_new_tokens is 13, it must be at most max_new_tokens, 12");
  options.sampling = seeded(1, -1);
  options.sampling->max_length = 3;
  CHECK(submit(std::string_view("abc"), options) ==
        "invalid_argument: sampling: max_length is 3, and the prompt has 3 tokens already; set "
        "max_new_tokens");
  CHECK(submit(std::string_view(std::string(600, 'x'))) ==
        "context_full: the prompt takes 600 tokens, the context of 512 must hold it and one more");
  CHECK(submit(std::string_view("")) == "invalid_argument: empty prompt");
  const auto refuse = [&](std::int32_t EngineOptions::*field, std::int32_t value) {
    EngineOptions bad = small();
    bad.*field = value;
    return error_of([&] { Engine(tiny_model(), bad); });
  };
  CHECK(refuse(&EngineOptions::context, 0) ==
        "invalid_argument: EvaluatorOptions::context is 0; it takes 1 to 16777216");
  CHECK(refuse(&EngineOptions::context, -3) ==
        "invalid_argument: EvaluatorOptions::context is -3; it takes 1 to 16777216");
  CHECK(refuse(&EngineOptions::max_sequences, 0) ==
        "invalid_argument: EvaluatorOptions::max_sequences is 0; it takes 1 to 65536");
  CHECK(refuse(&EngineOptions::max_batch_rows, 0) ==
        "invalid_argument: EvaluatorOptions::max_batch_rows is 0; it takes 1 to 16777216");
  CHECK(refuse(&EngineOptions::threads, -1) ==
        "invalid_argument: EvaluatorOptions::threads is -1; it takes 0 to 256");
  CHECK(refuse(&EngineOptions::context, std::numeric_limits<std::int32_t>::max()) ==
        "invalid_argument: EvaluatorOptions::context is 2147483647; it takes 1 to 16777216");
  EngineOptions bad = small();
  bad.max_delay = -5ms;
  CHECK(error_of([&] { Engine(tiny_model(), bad); }) ==
        "invalid_argument: EngineOptions::max_delay is -5 ms; it takes 0 or more");
  CHECK_FALSE(engine.step(1s));
  CHECK_FALSE(engine.wait_for_work(1ms));
  CHECK_FALSE(engine.poll());
}

TEST_CASE("api/engine: the plan tells its memory to the byte") {
  const auto allocator = std::make_shared<test::CountingAllocator>();
  const Model model = tiny_model(allocator);
  const std::size_t before = allocator->live_bytes();
  LoadOptions load;
  load.host.files = test::tiny_checkpoint("tiny");
  const MemoryPlan plan = Model::plan("tiny", evaluator_options(small()), load);
  Engine engine(model, small());
  CHECK(allocator->live_bytes() - before == plan.kv_cache + plan.scratch);
  const std::size_t calls = allocator->calls();
  engine.wait(engine.submit("text"));
  CHECK(allocator->calls() == calls);
}

TEST_CASE("api/engine: memory that runs out at any allocation is an error, and nothing stays") {
  const auto allocator = std::make_shared<test::CountingAllocator>();
  const Model model = tiny_model(allocator);
  const std::size_t live = allocator->live_bytes();
  int failures = 0;
  for (std::size_t n = 0;; ++n) {
    allocator->fail_at = allocator->calls() + n;
    const std::string error = error_of([&] { Engine(model, small()); });
    allocator->fail_at = std::numeric_limits<std::size_t>::max();
    CHECK(allocator->live_bytes() == live);
    if (error == "nothing") break;
    CHECK(error.starts_with("out_of_memory: "));
    ++failures;
  }
  CHECK(failures >= 2);
  Engine engine(model, small());
  check_same(engine.wait(engine.submit(text_of(1), with(seeded(1)))), alone(model, 1));
}

namespace {

Model thinking_model() {
  LoadOptions options;
  const auto files = test::tiny_checkpoint("tiny");
  (*files)["tiny/tokenizer.json"] = test::tiny_tokenizer_json(true);
  options.host.files = files;
  return Model::load("tiny", options);
}

constexpr TokenId kThink = 259;
constexpr TokenId kEndOfThink = 260;

}  // namespace

TEST_CASE("api/engine: end thinking now, from another thread and for one request alone") {
  const Model model = thinking_model();
  REQUIRE(model.tokenizer().thinking_tokens());
  CHECK(model.tokenizer().thinking_tokens()->close == kEndOfThink);
  Engine engine(model, small());
  SamplingParams params = seeded(4, 12);
  params.suppress_tokens = {kThink, kEndOfThink};
  params.ignore_eos = true;
  const RequestId other = engine.submit("<think>other", with(params));
  params.suppress_tokens.clear();
  params.logit_bias = {{kThink, -1e9F}, {kEndOfThink, -1e9F}};
  const RequestId request = engine.submit("<think>some", with(params));
  std::size_t before = 0;
  while (before < 3) {
    engine.step(0ms);
    while (const auto event = engine.poll()) before += event->request == request ? 1U : 0U;
  }
  std::thread([&] { engine.end_thinking(request); }).join();
  const Generation ended = engine.wait(request);
  CHECK(ended.tokens.size() == 12);
  CHECK(ended.tokens[before] == kEndOfThink);
  CHECK(std::count(ended.tokens.begin(), ended.tokens.end(), kEndOfThink) == 1);
  CHECK(engine.wait(other).tokens.size() == 12);

  // A budget that ends it there gives the same text, whoever counts.
  params.thinking_budget = static_cast<std::int32_t>(4 + before);  // "some" is 4 bytes
  Engine again(model, small());
  CHECK(again.wait(again.submit("<think>some", with(params))).tokens == ended.tokens);
  Session session(model, {.context = 256, .threads = 1});
  session.set_sampling(params);
  CHECK(session.complete("<think>some").tokens == ended.tokens);
  Sampler sampler(params, static_cast<std::size_t>(model.info().config.vocab_size),
                  model.info().eos_token_ids, model.tokenizer().thinking_tokens());
  Evaluator evaluator(model, {.context = 256, .threads = 1});
  const std::vector<TokenId> prompt = model.tokenizer().encode("<think>some");
  sampler.observe_prompt(prompt);
  const SequenceId sequence = evaluator.create_sequence();
  evaluator.append(sequence, prompt);
  for (const TokenId expected : ended.tokens) {
    const TokenId token = sampler.sample(evaluator.logits(0)).token;
    CHECK(token == expected);
    evaluator.append(sequence, {&token, 1});
  }

  SUBCASE("a session's answer") {
    params.thinking_budget = -1;
    session.set_sampling(params);
    session.end_thinking();  // nothing runs
    Stream stream = session.stream_complete("<think>some");
    for (std::size_t i = 0; i < before; ++i) stream.next();
    session.end_thinking();
    while (stream.next()) continue;
    CHECK(stream.result().tokens == ended.tokens);
  }
  SUBCASE("a model that does not think") {
    const Model plain = tiny_model();
    CHECK_FALSE(plain.tokenizer().thinking_tokens());
    const std::string refusal =
        "invalid_argument: sampling: thinking_budget is 7, and the model has no tokens <think> and "
        "</think>";
    CHECK(params.thinking_budget == 7);
    Engine on(plain, small());
    CHECK(error_of([&] { on.submit("some", with(params)); }) == refusal);
    CHECK(error_of([&] { Session(plain, {.context = 64}).set_sampling(params); }) == refusal);
    CHECK(error_of([&] { Sampler(params, 264); }) == refusal);
  }
}

TEST_CASE("api/engine: a logits processor, in an engine, a session and a sampler") {
  const Model model = tiny_model();
  Engine engine(model, small());
  SamplingParams params = seeded(9, 6);
  RequestOptions options = with(params);
  RequestId later = 0;
  std::vector<std::size_t> sizes;
  options.logits_processor = [&](std::span<const TokenId> tokens, std::span<float> logits) {
    sizes.push_back(tokens.size());
    // An 'e' behind an 'o', else an 'o'; repetition_penalty and the like come behind it.
    for (float& logit : logits) logit = -50.0F;
    logits[tokens.back() == 'o' ? 'e' : 'o'] = 50.0F;
    if (later != 0) return;
    later = engine.submit("another", with(params));
    engine.set_priority(later, 1);
    CHECK(engine.status().waiting >= 1);
    CHECK(error_of([&] { engine.step(1ms); }) ==
          "bad_state: the engine is at work: a logits processor may not ask it for more");
    CHECK(error_of([&] { engine.wait(later); }).starts_with("bad_state"));
    Session on(engine, {.context = 64});
    CHECK(error_of([&] { on.complete("x"); }).starts_with("bad_state"));
  };
  const Generation answer = engine.wait(engine.submit("abc", options));
  CHECK(answer.text == "oeoeoe");
  CHECK(sizes == std::vector<std::size_t>{3, 4, 5, 6, 7, 8});
  REQUIRE(answer.logprobs.size() == 6);
  CHECK(answer.logprobs[0].logprob < -1.0F);  // the model's own
  Engine fresh(model, small());
  check_same(engine.wait(later), fresh.wait(fresh.submit("another", with(params))));

  Session session(model, {.context = 128, .threads = 1});
  session.set_sampling(params);
  session.set_logits_processor(options.logits_processor);
  check_same(session.complete("abc"), answer);
  Session forked = session.fork();
  check_same(forked.complete("abc"), answer);
  session.set_logits_processor({});
  CHECK(session.complete("abc").text != answer.text);
  forked.set_logits_processor([](auto, auto) { throw Error(ErrorCode::io, "gone"); });
  CHECK(error_of([&] { forked.complete("abc"); }) == "io: gone");

  Sampler sampler(params, 264);
  sampler.set_logits_processor(options.logits_processor);
  sampler.observe_prompt(std::vector<TokenId>{'a'});
  const std::vector<float> logits(264, 0.0F);
  for (int i = 0; i < 2; ++i) {
    CHECK(sampler.sample(logits).token == 'o');
    CHECK(sampler.sample(logits).token == 'e');
    sampler.reset();
    sampler.observe_prompt(std::vector<TokenId>{'a'});
  }
  CHECK(error_of([&] { sampler.set_logits_processor({}); }) ==
        "bad_state: tokens were observed: a logits processor comes before them");
}

namespace {

// A request that goes on until `stop`, and `first` within its first token, on the thread that works.
RequestOptions endless(const std::atomic<bool>& stop, std::function<void()> first) {
  SamplingParams params = seeded(5, -1);
  params.ignore_eos = true;
  RequestOptions options = with(params);
  options.logits_processor = [&stop, first = std::move(first), begun = false](auto, auto) mutable {
    if (!std::exchange(begun, true)) first();
    if (stop) throw Error(ErrorCode::cancelled, "enough");
  };
  return options;
}

constexpr SessionOptions kDropping{
    .context = 120, .threads = 1, .overflow = OverflowPolicy::drop_oldest};

// Its next answer fills the context and goes on without the oldest turn.
void fill(Session& session) {
  SamplingParams params = seeded(4, 60);
  params.ignore_eos = true;
  session.set_sampling(params);
  session.set_messages({{"user", "an old question"}, {"assistant", "yes"}, {"user", "a new one"}});
}

}  // namespace

TEST_CASE("api/engine: a stream that is dropped by a logits processor ends there, and alone") {
  const Model model = tiny_model();
  Engine engine(model, small());
  Session session(engine, {.context = 256});
  SamplingParams params = seeded(6, -1);
  params.ignore_eos = true;
  session.set_sampling(params);
  std::optional<Stream> dropped = session.stream_complete("dropped");
  dropped->next();
  std::optional<Stream> after;
  const std::atomic<bool> stop = true;
  const RequestId by = engine.submit("abc", endless(stop, [&] {
                                       dropped.reset();
                                       CHECK(engine.status().running == 1);
                                       after = session.stream_complete("after");
                                     }));
  engine.wait(by);
  CHECK(engine.status().running + engine.status().waiting == 1);
  // The next answer is its own to stop, whatever became of the one before.
  REQUIRE(after);
  for (int i = 0; i < 5; ++i) CHECK(after->next());
  session.cancel();
  while (after->next()) continue;
  CHECK(after->result().finish_reason == FinishReason::cancelled);
  CHECK(engine.status().running + engine.status().waiting == 0);
  CHECK(engine.status().cached_tokens + engine.status().free_tokens == 512);
}

TEST_CASE("api/engine: a stream that only a request keeps goes with it, also in a step") {
  Engine engine(tiny_model(), small(1));
  Session session(engine, {.context = 256});
  const RequestId first = engine.submit("first", with(seeded(1)));
  engine.step(0ns);
  RequestOptions keeps = with(seeded(2));
  keeps.logits_processor = [kept = std::make_shared<Stream>(session.stream_complete("kept"))](
                               auto, auto) { CHECK(kept); };
  const RequestId waits = engine.submit("waits", keeps);
  keeps.logits_processor = {};
  engine.step(0ns);
  CHECK(engine.status().waiting == 2);
  engine.cancel(waits);
  CHECK(engine.wait(waits).finish_reason == FinishReason::cancelled);
  CHECK(engine.wait(first).tokens.size() == 12);
  CHECK(engine.status().running + engine.status().waiting == 0);
  CHECK_FALSE(session.stream_complete("its own again").finished());
}

TEST_CASE("api/engine: a full session that a logits processor polls goes on like any other") {
  const Model model = tiny_model();
  Session own(model, kDropping);
  fill(own);
  const Generation expected = own.reply();
  REQUIRE(expected.dropped_messages == 2);
  Engine engine(model, small());
  Session session(engine, kDropping);
  fill(session);
  Stream stream = session.stream();
  engine.run();  // to where its context is full
  CHECK(engine.status().running + engine.status().waiting == 0);
  const std::atomic<bool> stop = true;
  engine.wait(engine.submit("abc", endless(stop, [&] {
                              while (stream.poll()) continue;
                              CHECK(engine.status().waiting == 1);
                              CHECK(engine.wait_for_work(0ns));
                            })));
  while (stream.next()) continue;
  CHECK(stream.result().text == expected.text);
  CHECK(stream.result().dropped_messages == 2);
}

TEST_CASE(
    "api/engine: what there is to do is known while a step is under way, and wakes who waits") {
  const Model model = tiny_model();
  Engine engine(model, small());
  const std::atomic<bool> stop = true;
  bool asked = false;
  engine.submit("abc", endless(stop, [&] {
                  // In its first step: out of the inbox and not yet counted at the end of one.
                  CHECK(engine.status().running + engine.status().waiting == 1);
                  CHECK(engine.wait_for_work(0ns));
                  asked = true;
                }));
  engine.run();
  CHECK(asked);
  CHECK_FALSE(engine.wait_for_work(0ns));

  Session session(engine, kDropping);
  fill(session);
  Stream stream = session.stream();
  engine.run();
  CHECK_FALSE(engine.wait_for_work(0ns));  // it is full, and its owner's turn
  std::thread sleeper([&] { CHECK(engine.wait_for_work(1h)); });
  while (stream.poll()) continue;
  CHECK(engine.status().waiting == 1);
  CHECK(engine.wait_for_work(0ns));
  sleeper.join();
}

TEST_CASE("api/engine: who runs it to the end keeps nobody waiting to the end") {
  const Model model = tiny_model();
  EngineOptions options = small();
  options.context = 8192;
  Engine engine(model, options);
  std::atomic<bool> stop = false;
  std::atomic<bool> begun = false;
  // A millisecond a token: far from its end when all below is done.
  RequestOptions slow = endless(stop, [&] { begun = true; });
  slow.logits_processor = [process = slow.logits_processor](auto tokens, auto logits) {
    std::this_thread::sleep_for(1ms);
    process(tokens, logits);
  };
  engine.submit("endless", slow);
  std::thread runner([&] { engine.run(); });
  while (!begun) std::this_thread::yield();

  // A session that answers, goes on without its oldest turn and is stopped; and a beam search.
  Session session(engine, kDropping);
  fill(session);
  CHECK(session.reply().dropped_messages == 2);
  { const Stream stopped = session.stream_complete("stopped"); }
  BeamOptions beams;
  beams.beam_width = 2;
  beams.max_new_tokens = 3;
  CHECK(engine.beam_search("abc", beams).size() == 2);
  // Within a budget, though others work for longer.
  Stream stream = session.stream_complete("within budgets");
  for (int i = 0; i < 5;) i += stream.next(0ns) ? 1 : 0;
  CHECK(engine.step(0ns));
  CHECK(engine.wait(engine.submit("waits", with(seeded(3)))).tokens.size() == 12);
  CHECK(engine.status().running >= 1);
  stop = true;
  runner.join();
}

}  // namespace tlite
