// Embeddings: what is pooled, and the same bits however a prompt comes to be computed.
#include "runtime/engine_core.hpp"
#include "runtime/pooler.hpp"
#include "unit/runtime/fake_batch_model.hpp"
#include "unit/runtime/fake_model.hpp"
#include "unit/support/bits.hpp"
#include "unit/support/errors.hpp"

#include <algorithm>
#include <chrono>
#include <cmath>
#include <map>
#include <memory>
#include <random>
#include <string>
#include <utility>
#include <vector>

#include <doctest/doctest.h>

namespace tlite {
namespace {

using test::bytes_of;
using test::count_up;
using test::FakeBatchModel;
using test::same_bits;

constexpr auto kNever = EngineCore::Clock::time_point::max();
constexpr std::size_t kHidden = 5;

// A state that depends on every token up to its own, of numbers whose sums round.
std::vector<float> state_of(const std::vector<TokenId>& tokens) {
  std::uint32_t hash = 1;
  for (const TokenId token : tokens) hash = hash * 31 + static_cast<std::uint32_t>(token);
  std::minstd_rand random(hash);
  std::vector<float> state;
  for (std::size_t i = 0; i < kHidden; ++i) {
    state.push_back(static_cast<float>(random() % 100003) / 1e3F - 50.0F);
  }
  return state;
}

// What the definition says, of all states at once.
std::vector<float> pooled(Pooling pooling, bool normalize, const std::vector<TokenId>& prompt) {
  std::vector<double> sum(kHidden, 0.0);
  std::size_t count = 0;
  for (std::size_t length = 1; length <= prompt.size(); ++length) {
    if (pooling == Pooling::last && length != prompt.size()) continue;
    if (pooling == Pooling::cls && length != 1) continue;
    const auto state =
        state_of({prompt.begin(), prompt.begin() + static_cast<std::ptrdiff_t>(length)});
    for (std::size_t i = 0; i < kHidden; ++i) sum[i] += double{state[i]};
    ++count;
  }
  double squares = 0;
  for (double& value : sum) {
    value /= static_cast<double>(count);
    squares += value * value;
  }
  std::vector<float> result;
  for (const double value : sum) {
    result.push_back(static_cast<float>(normalize ? value / std::sqrt(squares) : value));
  }
  return result;
}

EvaluatorOptions options(std::int32_t context, std::int32_t sequences = 8, std::int32_t rows = 64) {
  EvaluatorOptions made = test::options(context, sequences, rows);
  made.max_hidden_rows = rows;
  return made;
}

struct Fixture {
  explicit Fixture(const EvaluatorOptions& of = options(1024), const EngineCoreOptions& engine = {})
      : model(of, count_up), core(model, engine) {
    model.hidden_of = state_of;
  }

  std::shared_ptr<Request> submit(const std::vector<TokenId>& prompt, Pooling pooling,
                                  bool normalize = true, std::int32_t priority = 0,
                                  std::chrono::milliseconds overdue = {}) {
    SamplingParams params = sampling_preset("greedy");
    params.max_new_tokens = pooling == Pooling::none ? 5 : 0;
    RequestSpec spec{prompt, Generator(tokenizer, params, {}, 1, prompt)};
    spec.context = static_cast<std::size_t>(model.options().context);
    if (overdue.count() > 0) spec.deadline = EngineCore::Clock::now() - overdue;
    spec.control = std::make_shared<RequestControl>();
    spec.control->run.start();
    spec.control->priority = priority;
    spec.pooling = pooling;
    spec.normalize = normalize;
    spec.sink = [this](RequestEvent&& event) {
      append(answers[event.request], event);
      if (event.error) errors.emplace(event.request, *event.error);
    };
    auto request = core.make(next_id++, std::move(spec));
    core.submit(request);
    return request;
  }
  const Generation& answer(const std::shared_ptr<Request>& request) {
    return answers[request->id()];
  }

  void run() {
    while (core.has_work()) core.step(kNever);
  }
  bool clean() const {
    return model.free_pages() + core.cache().pages() >= model.total_pages() && core.running() == 0;
  }
  std::size_t hidden_rows() const {
    std::size_t count = 0;
    for (const auto& batch : model.batches) {
      for (const BatchRow& row : batch) count += row.wants_hidden ? 1U : 0U;
    }
    return count;
  }

  Tokenizer tokenizer = test::tiny_tokenizer();
  FakeBatchModel model;
  EngineCore core;
  std::map<std::int64_t, Generation> answers;
  std::map<std::int64_t, Error> errors;
  std::int64_t next_id = 1;
};

constexpr Pooling kAll[] = {Pooling::last, Pooling::mean, Pooling::cls};

}  // namespace

TEST_CASE("runtime/pooler: zeros stay zeros, and one state is itself") {
  Pooler zeros(Pooling::mean, true, 2);
  zeros.add(std::vector<float>(3, 0.0F));
  zeros.add(std::vector<float>(3, 0.0F));
  CHECK(zeros.embedding() == std::vector<float>(3, 0.0F));
  Pooler one(Pooling::last, false, 7);
  CHECK_FALSE(one.wants(5));
  CHECK(one.wants(6));
  const std::vector<float> state = {0.1F, -3e-39F, 1e30F};
  one.add(state);
  CHECK(same_bits(one.embedding(), state));
  CHECK_FALSE(one.wants(6));
}

TEST_CASE("runtime/pooling: the definitions, in batches of any size") {
  const std::vector<TokenId> prompt = bytes_of("what is embedded, once and for all");
  for (const std::int32_t rows : {1, 3, 16, 64}) {
    for (const Pooling pooling : kAll) {
      for (const bool normalize : {false, true}) {
        Fixture fixture(options(1024, 8, rows));
        const auto request = fixture.submit(prompt, pooling, normalize);
        fixture.run();
        const Generation& answer = fixture.answer(request);
        CHECK(same_bits(answer.embedding, pooled(pooling, normalize, prompt)));
        CHECK(answer.finish_reason == FinishReason::length);
        CHECK(answer.tokens.empty());
        CHECK(answer.text.empty());
        CHECK(answer.prompt_tokens == 34);
        CHECK(answer.cached_tokens == 0);
        CHECK(fixture.hidden_rows() == (pooling == Pooling::mean ? 34U : 1U));
        CHECK(fixture.model.evaluated == (pooling == Pooling::cls ? 1U : 34U));
        for (const auto& batch : fixture.model.batches) {
          for (const BatchRow& row : batch) CHECK_FALSE(row.wants_logits);
        }
        CHECK(fixture.clean());
      }
    }
  }
}

TEST_CASE("runtime/pooling: the cache serves what no state is wanted of") {
  const std::vector<TokenId> prompt = bytes_of(std::string(99, 'x') + "y");
  Fixture fixture;
  fixture.submit(prompt, Pooling::mean);
  fixture.run();
  fixture.model.evaluated = 0;
  const auto last = fixture.submit(prompt, Pooling::last);
  fixture.run();
  CHECK(fixture.model.evaluated == 1);
  CHECK(fixture.answer(last).cached_tokens == 99);
  CHECK(same_bits(fixture.answer(last).embedding, pooled(Pooling::last, true, prompt)));
  const auto mean = fixture.submit(prompt, Pooling::mean);
  fixture.run();
  CHECK(fixture.model.evaluated == 101);
  CHECK(fixture.answer(mean).cached_tokens == 0);
  CHECK(same_bits(fixture.answer(mean).embedding, pooled(Pooling::mean, true, prompt)));
  // And an answer goes on from what was embedded.
  const auto answered = fixture.submit(prompt, Pooling::none);
  fixture.run();
  CHECK(fixture.answer(answered).cached_tokens == 99);
  CHECK(fixture.answer(answered).text == "z{|}~");
  CHECK(fixture.answer(answered).embedding.empty());
  CHECK(fixture.clean());
}

TEST_CASE("runtime/pooling: a mean does not wait for pages that it cannot use, a last one does") {
  const std::vector<TokenId> prompt = bytes_of(std::string(80, 'x'));
  for (const Pooling pooling : kAll) {
    Fixture fixture(options(1024, 8, 16));
    fixture.submit(prompt, Pooling::none);
    fixture.core.step(kNever);
    const auto request = fixture.submit(prompt, pooling);
    fixture.core.step(kNever);
    CHECK((request->state == RequestState::waiting) == (pooling == Pooling::last));
    fixture.run();
    CHECK(same_bits(fixture.answer(request).embedding, pooled(pooling, true, prompt)));
    CHECK(fixture.answer(request).cached_tokens == (pooling == Pooling::last ? 79 : 0));
  }
}

TEST_CASE("runtime/pooling: who gives way goes on where it was, and adds no state twice") {
  for (const bool cached : {true, false}) {
    CAPTURE(cached);
    // Three pages: the urgent request takes two of the four that the first one needs.
    Fixture fixture(options(4 * 32, 8, 16), {.prefix_cache = cached});
    const std::vector<TokenId> prompt = bytes_of(std::string(60, 'p') + std::string(50, 'q'));
    const auto first = fixture.submit(prompt, Pooling::mean);
    for (int i = 0; i < 5; ++i) fixture.core.step(kNever);
    REQUIRE(first->cached == 80);
    const std::vector<TokenId> urgent = bytes_of(std::string(50, 'u'));
    const auto second = fixture.submit(urgent, Pooling::mean, true, 1);
    fixture.core.step(kNever);
    CHECK(first->state == RequestState::waiting);
    fixture.run();
    CHECK(same_bits(fixture.answer(first).embedding, pooled(Pooling::mean, true, prompt)));
    CHECK(same_bits(fixture.answer(second).embedding, pooled(Pooling::mean, true, urgent)));
    CHECK(fixture.hidden_rows() == prompt.size() + urgent.size());
    CHECK(fixture.answer(first).cached_tokens == 0);
    CHECK(fixture.clean());
  }
}

TEST_CASE("runtime/pooling: a state that is not finite ends its request alone") {
  Fixture fixture(options(1024, 8, 16));
  fixture.model.hidden_of = [](const std::vector<TokenId>& tokens) {
    return tokens.back() == 'n' ? std::vector<float>() : state_of(tokens);
  };
  const std::vector<TokenId> bad = bytes_of("aaaaaaaanaaaaaaaaaaaaaaaaaaaa");
  const std::vector<TokenId> good = bytes_of(std::string(50, 'g'));
  const auto failed = fixture.submit(bad, Pooling::mean);
  const auto last = fixture.submit(bad, Pooling::last);  // its last state is as it should
  const auto mean = fixture.submit(good, Pooling::mean);
  const auto answered = fixture.submit(bytes_of("k"), Pooling::none);
  fixture.run();
  CHECK(fixture.answer(failed).finish_reason == FinishReason::failed);
  CHECK(fixture.answer(failed).embedding.empty());
  REQUIRE(fixture.errors.size() == 1);
  const Error& error = fixture.errors.at(failed->id());
  CHECK(error.code() == ErrorCode::corrupt);
  CHECK(std::string(error.what()).starts_with("the hidden states at position 8 are not finite"));
  CHECK(same_bits(fixture.answer(last).embedding, pooled(Pooling::last, true, bad)));
  CHECK(same_bits(fixture.answer(mean).embedding, pooled(Pooling::mean, true, good)));
  CHECK(fixture.answer(answered).text == "lmnop");
  CHECK(fixture.clean());
}

TEST_CASE("runtime/pooling: a prompt may fill the context, and no more") {
  for (const Pooling pooling : kAll) {
    Fixture fixture(options(96, 2, 16));
    const std::vector<TokenId> full(96, 'f');
    const auto request = fixture.submit(full, pooling);
    fixture.run();
    CHECK(fixture.answer(request).finish_reason == FinishReason::length);
    CHECK(same_bits(fixture.answer(request).embedding, pooled(pooling, true, full)));
    CHECK(test::error_of([&] { fixture.submit(std::vector<TokenId>(97, 'f'), pooling); }) ==
          "context_full: the prompt takes 97 tokens, the context of 96 must hold it");
    CHECK(fixture.clean());
  }
}

TEST_CASE("runtime/pooling: who is cancelled or late has no embedding") {
  Fixture fixture(options(1024, 8, 16));
  const auto cancelled = fixture.submit(std::vector<TokenId>(100, 'c'), Pooling::mean);
  fixture.core.step(kNever);
  cancelled->spec().control->run.cancel();
  const auto late =
      fixture.submit(bytes_of("late"), Pooling::last, true, 0, std::chrono::milliseconds(5));
  fixture.run();
  CHECK(fixture.answer(cancelled).finish_reason == FinishReason::cancelled);
  CHECK(fixture.answer(cancelled).embedding.empty());
  CHECK(fixture.answer(late).finish_reason == FinishReason::deadline);
  CHECK(fixture.answer(late).embedding.empty());
  CHECK(fixture.clean());
}

TEST_CASE("runtime/pooling: any mix of requests, and steps that fail, leave each as it is alone") {
  std::minstd_rand random(11);
  const auto pick = [&](unsigned most) { return random() % (most + 1); };
  Fixture fixture(options(320, 5, 24));
  int calls = 0;
  fixture.model.before_advance = [&] {
    if (++calls % 5 == 0) throw Error(ErrorCode::out_of_memory, "no memory");
  };
  struct Sent {
    std::vector<TokenId> prompt;
    Pooling pooling;
    bool normalize;
    std::shared_ptr<Request> request;
  };
  std::vector<Sent> all;
  for (int i = 0; i < 200; ++i) {
    Sent sent{std::vector<TokenId>(1 + pick(3) * 30, static_cast<TokenId>('a' + pick(2))),
              static_cast<Pooling>(pick(3)), pick(1) == 0, nullptr};
    for (auto extra = pick(20); extra > 0; --extra) {
      sent.prompt.push_back(static_cast<TokenId>(pick(255)));
    }
    sent.request = fixture.submit(sent.prompt, sent.pooling, sent.normalize,
                                  static_cast<std::int32_t>(pick(2)));
    all.push_back(std::move(sent));
    for (auto steps = pick(2); steps > 0; --steps) {
      try {
        fixture.core.step(kNever);
      } catch (const Error&) {
      }
    }
  }
  while (fixture.core.has_work()) {
    try {
      fixture.core.step(kNever);
    } catch (const Error& error) {
      CHECK(error.code() == ErrorCode::out_of_memory);
    }
  }
  for (const Sent& sent : all) {
    const Generation& answer = fixture.answer(sent.request);
    if (sent.pooling == Pooling::none) {
      CHECK(answer.embedding.empty());
      CHECK(answer.tokens.size() == 5);
    } else {
      CHECK(same_bits(answer.embedding, pooled(sent.pooling, sent.normalize, sent.prompt)));
    }
  }
  CHECK(fixture.clean());
}

}  // namespace tlite
