#include "soak/round.hpp"

#include "capi/failing_new.h"
#include "soak/alone.hpp"
#include "soak/plan.hpp"
#include "soak/talk.hpp"

#include <algorithm>
#include <atomic>
#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <functional>
#include <mutex>
#include <new>
#include <optional>
#include <thread>
#include <utility>

#include <tlite/session.hpp>

namespace tlite::soak {
namespace {

using namespace std::chrono_literals;

constexpr int kSubmitters = 2;
constexpr int kWorkers = 2;
constexpr int kTalkers = 2;
constexpr std::size_t kMostOpen = 40;  // requests at once

// True where `body` threw for want of memory. Now and then its n-th allocation fails, or all from
// there on.
bool lacks_memory(Random& random, int one_in, const std::function<void()>& body) {
  const bool fails = random.one_in(one_in);
  const long n = random.from(0L, 60L);
  const bool all_after = random.one_in(3);
  bool lacked = false;
  std::optional<Error> other;
  if (fails) (all_after ? failing_new_from : failing_new_at)(n);
  try {
    body();
  } catch (const std::bad_alloc&) {
    lacked = true;
  } catch (const Error& error) {
    if (error.code() == ErrorCode::out_of_memory) {
      lacked = true;
    } else {
      other = error;
    }
  }
  failing_new_at(-1);
  if (other) throw Error(*other);
  return lacked;
}

// What came of one request.
struct Record {
  RequestId id = -1;
  std::optional<Outcome> waited;  // what Engine::wait gave
  std::string refused;            // what Engine::submit said, if it did
};

// What came of it by Engine::poll.
struct Polled {
  std::string text;
  std::size_t tokens = 0;
  std::optional<Outcome> end;
};

class Round {
 public:
  Round(const Model& model, std::uint64_t seed, std::size_t requests, Report& report)
      : model_(model),
        random_(seed),
        seed_(seed),
        vocabulary_(static_cast<TokenId>(model.info().config.vocab_size)),
        options_(random_engine(random_)),
        engine_(model, options_),
        records_(requests),
        report_(report) {
    const auto beginnings = random_beginnings(random_, vocabulary_);
    for (std::size_t i = 0; i < requests; ++i) {
      plans_.push_back(random_plan(random_, vocabulary_, options_.embeddings, beginnings));
    }
  }

  void run() {
    std::vector<std::thread> threads;
    for (int t = 0; t < kSubmitters; ++t) threads.emplace_back([this, t] { submit_some(t); });
    for (int t = 0; t < kWorkers; ++t) threads.emplace_back([this, t] { work(t); });
    for (int t = 0; t < kTalkers; ++t) threads.emplace_back([this, t] { talk_on(t); });
    threads.emplace_back([this] { disturb(); });
    poll_all();
    for (std::thread& thread : threads) thread.join();
    check_rest();
    for (std::size_t i = 0; i < plans_.size(); ++i) check(i);
  }

 private:
  Random random_of(int kind, int t) const {
    return Random(seed_ * 1000 + static_cast<std::uint64_t>(kind * 100 + t));
  }

  void count(const std::string& what) {
    const std::lock_guard lock(report_mutex_);
    ++report_.counts[what];
  }
  void fail(const std::string& what) {
    const std::lock_guard lock(report_mutex_);
    report_.failures.push_back("round " + std::to_string(seed_) + ": " + what);
  }

  // ---- threads

  void submit_some(int t) {
    Random random = random_of(1, t);
    for (auto i = static_cast<std::size_t>(t); i < plans_.size(); i += kSubmitters) {
      while (submitted_ - ended_ >= kMostOpen) std::this_thread::sleep_for(100us);
      RequestId id = -1;
      ++submitted_;
      try {
        while (lacks_memory(random, 4, [&] { id = submit(engine_, plans_[i]); })) {
          count("submit without memory");
        }
      } catch (const Error& error) {
        records_[i].refused = error.what();
        ++ended_;
        continue;
      }
      {
        const std::lock_guard lock(mutex_);
        records_[i].id = id;
        by_id_[id] = i;
      }
      if (plans_[i].cancel_after == 0) engine_.cancel(id);
      if (plans_[i].waits) wait_for(records_[i]);
    }
  }

  void wait_for(Record& record) {
    Outcome outcome;
    try {
      outcome.answer = engine_.wait(record.id);
    } catch (const Error& error) {
      // Its end was polled, or it is the error that it failed with.
      if (std::string(error.what()).starts_with("there is no request")) return;
      outcome.answer.finish_reason = FinishReason::failed;
      outcome.error = error;
    }
    record.waited = std::move(outcome);
    ++ended_;
  }

  void work(int t) {
    Random random = random_of(2, t);
    static constexpr std::chrono::nanoseconds kBudgets[] = {-1s, 0ns, 20us, 200us, 3ms};
    while (!done_) {
      const auto budget = kBudgets[random.from<std::size_t>(0, 4)];
      if (lacks_memory(random, 3, [&] { engine_.step(budget); })) count("step without memory");
      engine_.wait_for_work(random.one_in(2) ? 0ns : 500us);
    }
  }

  void talk_on(int t) {
    Random random = random_of(3, t);
    for (int i = 0; i < 3; ++i) {
      const std::uint64_t seed = random.next();
      const SessionOptions options = random_session(seed, engine_.options());
      const auto heard = talk(Session(engine_, options), seed, [&](const auto& body) {
        while (lacks_memory(random, 4, body)) count("session call without memory");
      });
      const auto expected = talk(Session(model_, options), seed, [](const auto& body) { body(); });
      count("sessions");
      const auto [one, other] =
          std::mismatch(heard.begin(), heard.end(), expected.begin(), expected.end());
      if (heard == expected) continue;
      fail("the session of seed " + std::to_string(seed) + " says '" +
           (one == heard.end() ? "" : *one) + "', alone '" +
           (other == expected.end() ? "" : *other) + "'");
    }
    --talkers_;
  }

  // Changes priorities, cancels, asks; now and then somebody who does not exist.
  void disturb() {
    Random random = random_of(4, 0);
    while (!done_) {
      const auto id = static_cast<RequestId>(random.from<std::size_t>(0, plans_.size() * 2));
      engine_.set_priority(id, random.from(-2, 3));
      if (random.one_in(40)) engine_.cancel(id);
      const EngineStatus status = engine_.status();
      if (status.free_tokens < 0 || status.free_tokens > options_.context) fail("free tokens");
      std::this_thread::sleep_for(200us);
    }
  }

  void poll_all() {
    Random random = random_of(5, 0);
    auto since = std::chrono::steady_clock::now();
    while (ended_ < plans_.size() || talkers_ > 0) {
      bool polled = false;
      const auto poll = [&] {
        polled = engine_.poll([&](const EngineEvent& event) { take(event); });
      };
      if (lacks_memory(random, 6, poll)) count("poll without memory");
      if (polled) since = std::chrono::steady_clock::now();
      if (!polled) std::this_thread::sleep_for(50us);
      if (std::chrono::steady_clock::now() - since > 300s) {
        std::fprintf(stderr, "round %llu: nothing happens any more\n",
                     static_cast<unsigned long long>(seed_));
        std::exit(1);
      }
    }
    done_ = true;
  }

  // Throws bad_alloc and has changed nothing then.
  void take(const EngineEvent& event) {
    Polled& polled = polled_[event.request];
    std::optional<Outcome> end;
    if (event.result) end = Outcome{*event.result, event.error};
    polled.text += event.text;
    polled.tokens += event.token >= 0 ? 1U : 0U;
    if (end) {
      polled.end = std::move(end);
      ++ended_;
    }
    const std::lock_guard lock(mutex_);
    const auto found = by_id_.find(event.request);
    if (found == by_id_.end()) return;  // its number is not known yet
    const std::int32_t most = plans_[found->second].cancel_after;
    if (most >= 0 && polled.tokens >= static_cast<std::size_t>(most)) engine_.cancel(event.request);
  }

  // ---- what has to be true then

  void check_rest() {
    if (engine_.step(0ns)) fail("work is left");
    if (engine_.poll()) fail("events are left");
    const EngineStatus status = engine_.status();
    if (status.running + status.waiting != 0) fail("requests are left");
    if (status.free_tokens + status.cached_tokens != options_.context) fail("pages are lost");
    if (!options_.prefix_cache && status.cached_tokens != 0) fail("pages are kept");
    // One that needs all pages gets them, out of the cache.
    RequestOptions all;
    all.sampling = sampling_preset("greedy");
    all.sampling->max_new_tokens = 1;
    const std::vector<TokenId> prompt(static_cast<std::size_t>(options_.context) - 1, 'f');
    engine_.wait(engine_.submit(prompt, all));
    const EngineStatus after = engine_.status();
    if (after.free_tokens + after.cached_tokens != options_.context) fail("pages are lost at last");
  }

  // What submit says to a request where there is nobody else.
  std::string refusal(std::size_t i) const {
    try {
      alone(model_, options_, plans_[i]);
    } catch (const Error& error) {
      return error.what();
    }
    return {};
  }

  void check(std::size_t i) {
    const Record& record = records_[i];
    const std::string name = "request " + std::to_string(i);
    if (!record.refused.empty()) {
      count("refused");
      if (record.refused != refusal(i)) fail(name + " was refused: " + record.refused);
      return;
    }
    const Polled& polled = polled_[record.id];
    if (polled.end.has_value() == record.waited.has_value()) {
      return fail(name + " ended not once");
    }
    const Outcome& outcome = polled.end ? *polled.end : *record.waited;
    count("ended by " + std::string(to_string(outcome.answer.finish_reason)) +
          (outcome.error ? ", " + std::string(to_string(outcome.error->code())) : ""));
    if (polled.end && !plans_[i].waits) {
      if (polled.text != outcome.answer.text) fail(name + ": events of another text");
      if (polled.tokens != outcome.answer.tokens.size()) fail(name + ": events are missing");
    }
    if (record.waited && outcome.error) {  // which is all that is known
      if (outcome.error->code() == ErrorCode::out_of_memory) return;
      const Outcome wanted = alone(model_, options_, plans_[i]);
      if (!wanted.error || wanted.error->what() != std::string(outcome.error->what())) {
        fail(name + " failed: " + outcome.error->what());
      }
      return;
    }
    const std::string wrong = compare(model_, options_, plans_[i], outcome);
    if (!wrong.empty()) fail(name + ": " + wrong);
  }

  const Model& model_;
  Random random_;
  std::uint64_t seed_;
  TokenId vocabulary_;
  EngineOptions options_;
  Engine engine_;
  std::vector<Plan> plans_;
  std::vector<Record> records_;
  std::map<RequestId, Polled> polled_;  // the polling thread's
  std::mutex mutex_;
  std::map<RequestId, std::size_t> by_id_;
  std::atomic<std::size_t> submitted_{0};
  std::atomic<std::size_t> ended_{0};
  std::atomic<int> talkers_{kTalkers};
  std::atomic<bool> done_{false};
  std::mutex report_mutex_;
  Report& report_;
};

}  // namespace

void run_round(const Model& model, std::uint64_t seed, std::size_t requests, Report& report) {
  Round(model, seed, requests, report).run();
}

void run_abandoned(const Model& model, std::uint64_t seed, Report& report) {
  Random random(seed);
  const auto vocabulary = static_cast<TokenId>(model.info().config.vocab_size);
  const EngineOptions options = random_engine(random);
  const auto beginnings = random_beginnings(random, vocabulary);
  auto engine = std::make_unique<Engine>(model, options);
  SamplingParams params = sampling_preset("greedy");
  params.max_new_tokens = 8;
  params.suppress_tokens = {kPoison};
  Session own(model, {.context = 200, .threads = 1, .kv_type = options.kv_type});
  Session session(*engine, {.context = 200});
  own.set_sampling(params);
  session.set_sampling(params);
  for (int i = 0; i < 8; ++i)
    submit(*engine, random_plan(random, vocabulary, options.embeddings, beginnings));
  Stream stream = session.stream_complete("an answer that goes on");
  for (int i = random.from(0, 20); i > 0; --i) engine->step(std::chrono::microseconds(50));
  engine.reset();
  while (stream.next()) continue;
  ++report.counts["engines abandoned"];
  if (stream.result().tokens == own.complete("an answer that goes on").tokens) return;
  report.failures.push_back("abandoned engine " + std::to_string(seed) + ": the session's answer");
}

}  // namespace tlite::soak
