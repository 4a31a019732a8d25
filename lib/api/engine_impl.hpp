// An engine core with its model, for any number of threads: Engine and Session are its users.
//
// Two locks. `work_` belongs to whoever works on the requests, for as long as a step takes. A
// logits processor runs under it: what it calls may not wait for a step. `mail_` guards what comes
// in and goes out, and is held for moments, also while a step runs: so nobody who submits, polls or
// cancels waits for a batch. Taken in this order where both are.
#pragma once

#include "api/model_impl.hpp"
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
#include <thread>
#include <vector>

#include <tlite/engine.hpp>

namespace tlite {

// A mutex that throws bad_state for the thread that has it already.
class WorkMutex {
 public:
  void lock();
  bool try_lock();
  void unlock() noexcept;
  bool is_mine() const noexcept { return owner_.load() == std::this_thread::get_id(); }

 private:
  std::mutex mutex_;
  std::atomic<std::thread::id> owner_{};
};

struct Engine::Impl {
  using Clock = EngineCore::Clock;

  // `evaluator`: what evaluator_options says of them, for an engine; a session wants less.
  Impl(Model model, const EngineOptions& options, const EvaluatorOptions& evaluator);

  // A request whose events go where `spec.sink` says, on the thread that works.
  std::shared_ptr<Request> submit(RequestSpec spec);
  // Those whose events poll() and wait() give out: options.n of them, the first one's id.
  RequestId submit(std::vector<TokenId> prompt, const RequestOptions& options);

  // A batch, or what is left of one, until the deadline, unless `mail` has something already:
  // somebody else has worked. False where there is nothing to do.
  bool work_for(const Mailbox& mail, Clock::time_point deadline);
  bool step(Clock::time_point deadline);
  // Until there is an event, which `take` gets. False: there is none and nothing to do.
  bool advance(Clock::time_point deadline, FunctionRef<void(EngineEvent& event)> take);

  void resume(const std::shared_ptr<Request>& request, std::vector<TokenId> prompt);
  void finish(const std::shared_ptr<Request>& request, FinishReason reason);
  void abandon(const std::shared_ptr<Request>& request) noexcept;
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
  // Ends all requests that poll() tells of.
  void cancel_all() noexcept;

  Model model;
  EngineOptions options;
  ModelRunner runner;
  EngineCore core;
  std::atomic<RequestId> next_id{1};

  mutable WorkMutex work_;
  mutable std::mutex mail_;
  std::condition_variable arrived_;
  std::deque<std::shared_ptr<Request>> inbox_;
  std::map<RequestId, Entry> entries_;
  std::list<EngineEvent> events_;

  // As of the end of the last step, and what has come in since; waits for nobody.
  EngineStatus status() const;

 private:
  void begin(const std::vector<std::shared_ptr<Request>>& requests, bool are_polled);
  void take_inbox();
  bool has_events() const;
  void work(Clock::time_point deadline);
  void note_status() noexcept;
  std::list<EngineEvent> take_events(RequestId request);
  void give_back(std::list<EngineEvent>& events) noexcept;
  EngineStatus status_;
};

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
