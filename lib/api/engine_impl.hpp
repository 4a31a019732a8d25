// An engine core with its model, for any number of threads: Engine and Session are its users.
//
// Everything of the core and the runner is under `work_`; inbox, entries, events and status are
// under `mail_`. What a request is told from outside, cancel, priority and the end of thinking,
// goes through the atomics of its RequestControl, for which nobody needs a lock.
//
// A request is in the inbox, then in the core, then gone; one of poll() and wait() has an entry
// from the moment it is in the inbox until its last event was taken. So who has an entry without an
// end can wait for it by working.
//
// Two locks. `work_` belongs to whoever works on the requests, for a batch at most. A logits
// processor runs under it: what it calls may not wait for a step, but may do what others do in a
// moment of their own (see EngineCore). `mail_` guards what comes in and goes out, and is held for
// moments, also while a step runs: so nobody who submits, polls or cancels waits for a batch. Taken
// in this order where both are.
#pragma once

#include "api/model_impl.hpp"
#include "api/work_mutex.hpp"
#include "base/function_ref.hpp"
#include "model/model_runner.hpp"
#include "runtime/engine_core.hpp"
#include "runtime/mailbox.hpp"

#include <atomic>
#include <condition_variable>
#include <deque>
#include <list>
#include <map>
#include <memory>
#include <mutex>
#include <vector>

#include <tlite/engine.hpp>

namespace tlite {

struct Engine::Impl {
  using Clock = EngineCore::Clock;

  // `evaluator`: what evaluator_options says of them, for an engine; a session wants less.
  Impl(Model model, const EngineOptions& options, const EvaluatorOptions& evaluator);

  // A request whose events go where `spec.sink` says, on the thread that works.
  std::shared_ptr<Request> submit(RequestSpec spec);
  // Those whose events poll() and wait() give out: options.n of them, the first one's id.
  RequestId submit(std::vector<TokenId> prompt, const RequestOptions& options);

  // Until there is something in `mail`, a batch was worked on or the deadline is there. False where
  // there is nothing to do.
  bool work_for(const Mailbox& mail, Clock::time_point deadline);
  bool step(Clock::time_point deadline);
  // Until there is an event, which `take` gets. False: there is none and nothing to do.
  bool advance(Clock::time_point deadline, FunctionRef<void(EngineEvent& event)> take);

  void resume(const std::shared_ptr<Request>& request, std::vector<TokenId> prompt);
  void finish(const std::shared_ptr<Request>& request, FinishReason reason);
  void abandon(const std::shared_ptr<Request>& request) noexcept;
  // Of an engine of the same model and kv_type; takes both engines' `work_` without an order of its
  // own.
  void adopt_cache(Impl& other);

  // Of a request that was submitted for poll(). What its last event needs is there from the start,
  // so that nobody waits for an end that there was no memory to tell of.
  struct Entry {
    std::shared_ptr<RequestControl> control;
    std::shared_ptr<Generation> answer = std::make_shared<Generation>();
    std::list<EngineEvent> last = std::list<EngineEvent>(1);  // none: it is among the events
  };
  void deliver(RequestEvent&& event);
  // Where `take` throws, what it was given stays where it was.
  bool poll(FunctionRef<void(EngineEvent& event)> take);
  void wait(RequestId request, FunctionRef<void(const Generation& answer)> take);
  // Sleeps until there is something to do (true) or the deadline is there.
  bool wait_for_work(Clock::time_point deadline);
  // Ends all requests that poll() tells of.
  void cancel_all() noexcept;

  // The order matters: the core works on the runner, the runner on the model's weights.
  Model model;
  EngineOptions options;
  ModelRunner runner;
  EngineCore core;
  std::atomic<RequestId> next_id{1};

  mutable WorkMutex work_;
  mutable std::mutex mail_;
  std::condition_variable arrived_;  // there is something to do again
  std::deque<std::shared_ptr<Request>> inbox_;
  // By id. A request of a session is not among them: its events go to the stream's mailbox.
  std::map<RequestId, Entry> entries_;
  // In the order of happening; a list, because its nodes go from place to place without an
  // allocation that could fail.
  std::list<EngineEvent> events_;
  // Places of events that were polled, as many as requests may run: where somebody polls along, a
  // token costs no allocation.
  std::list<EngineEvent> unused_;

  // As of the end of the last batch, and what has come in since; waits for nobody.
  EngineStatus status() const;

 private:
  void begin(const std::vector<std::shared_ptr<Request>>& requests, bool are_polled);
  void take_inbox();
  bool has_events() const;
  void work(Clock::time_point deadline);
  bool has_work() const noexcept;
  void note_status() noexcept;
  std::list<EngineEvent> take_events(RequestId request);
  void give_back(std::list<EngineEvent>& events) noexcept;
  // A copy, under `mail_`, of what lies under `work_`: who asks does not wait for a batch. Of
  // requests it has all but those in the inbox, at any time.
  EngineStatus status_;
};

// The functions from here on are what Engine, Session, Sampler and beam search share.

// The prompt that a conversation makes, by the model's template.
std::vector<TokenId> encode_messages(const Model& model, const std::vector<Message>& messages,
                                     std::string_view tools_json, std::string_view template_json,
                                     bool parse_special);

// The prompt that a text is, special tokens parsed.
std::vector<TokenId> encode_text(const Tokenizer& tokenizer, std::string_view text);

// Throws invalid_argument, naming the place, for an id that is none, and for an empty prompt.
void check_prompt(std::span<const TokenId> prompt, TokenId vocab_size);

// The parameters' seed, or one drawn from the operating system.
std::uint64_t seed_of(const SamplingParams& params);

}  // namespace tlite
