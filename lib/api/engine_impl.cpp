// Engine::Impl: requests in, work, events out, for any number of threads. Which rows come next and
// what their logits lead to is the core's (runtime/engine_core.hpp); here are the two locks, and
// what must not be lost when something throws.
#include "api/engine_impl.hpp"

#include "base/deadline.hpp"
#include "model/plan.hpp"
#include "sample/room.hpp"

#include <algorithm>
#include <random>
#include <string>
#include <utility>

#include <tlite/error.hpp>

namespace tlite {

std::uint64_t seed_of(const SamplingParams& params) {
  if (params.seed) return *params.seed;
  std::random_device device;
  return std::uint64_t{device()} << 32 | device();
}

std::vector<TokenId> encode_text(const Tokenizer& tokenizer, std::string_view text) {
  std::vector<TokenId> ids = tokenizer.encode(text);
  // A model must have something to go on from, and this is how its texts begin.
  if (ids.empty() && tokenizer.bos_token()) ids.push_back(*tokenizer.bos_token());
  return ids;
}

void check_prompt(std::span<const TokenId> prompt, TokenId vocab_size) {
  if (prompt.empty()) throw Error(ErrorCode::invalid_argument, "empty prompt");
  for (std::size_t i = 0; i < prompt.size(); ++i) {
    if (prompt[i] >= 0 && prompt[i] < vocab_size) continue;
    throw Error(ErrorCode::invalid_argument,
                "prompt[" + std::to_string(i) + "] is " + std::to_string(prompt[i]) +
                    ", it must be a token id below the vocabulary size " +
                    std::to_string(vocab_size));
  }
}

std::vector<TokenId> encode_messages(const Model& model, const std::vector<Message>& messages,
                                     std::string_view tools_json, std::string_view template_json,
                                     bool parse_special) {
  const Prompt prompt = model.chat_template().render(
      messages,
      {.add_generation_prompt = true, .tools_json = tools_json, .extra_json = template_json});
  EncodeOptions encoding;
  encoding.add_special = false;  // the template wrote them out
  if (!parse_special) encoding.literal_ranges = prompt.literal;
  return model.tokenizer().encode(prompt.text, encoding);
}

namespace {

const EngineOptions& checked(const EngineOptions& options) {
  if (options.max_delay.count() >= 0) return options;
  throw Error(ErrorCode::invalid_argument, "EngineOptions::max_delay is " +
                                               std::to_string(options.max_delay.count()) +
                                               " ms; it takes 0 or more");
}

// Nobody waits that long, and nanoseconds can count no more than 292 years.
std::chrono::nanoseconds bound_of(const EngineOptions& options) {
  return std::min<std::chrono::milliseconds>(options.max_delay, std::chrono::hours(24));
}

void check_pooling(const RequestOptions& asked, const EngineOptions& options) {
  if (asked.pooling == Pooling::none) return;
  const auto refuse = [](const std::string& why) {
    throw Error(ErrorCode::invalid_argument, "RequestOptions::pooling is " + why);
  };
  const auto value = static_cast<std::int32_t>(asked.pooling);
  if (value < 0 || value > static_cast<std::int32_t>(Pooling::cls)) {
    refuse(std::to_string(value) + "; it takes none, last, mean or cls");
  }
  if (!options.embeddings) refuse("set, where EngineOptions::embeddings is false");
  if (asked.sampling) refuse("set, and sampling too: an embedding has no tokens to choose");
  if (asked.n != 1) refuse("set, and n too: a prompt has one embedding");
  if (asked.logits_processor) refuse("set, and logits_processor too: there are no logits");
  if (asked.prompt_logprobs >= 0) refuse("set, and prompt_logprobs too: they take two requests");
}

// Of a request that ends before its first token.
SamplingParams no_answer() {
  SamplingParams params;
  params.max_new_tokens = 0;
  params.seed = 0;
  return params;
}

EngineOptions resolved(EngineOptions options, const EvaluatorOptions& evaluator) {
  options.context = evaluator.context;
  options.max_batch_rows = evaluator.max_batch_rows;
  options.threads = evaluator.threads;
  options.kv_type = evaluator.kv_type;
  return options;
}

}  // namespace

Engine::Impl::Impl(Model of, const EngineOptions& asked, const EvaluatorOptions& evaluator)
    : model(std::move(of)),
      options(checked(asked)),  // before the runner takes its memory
      runner(model.info().config, *model.impl().weights, *model.impl().source,
             resolve(evaluator, model.info().weight_type), model.impl().host.allocator,
             BadRows::mark_row),
      core(runner, {.max_delay = bound_of(asked),
                    .prefix_cache = asked.prefix_cache,
                    .tier = model.impl().weights->tier()}) {
  options = resolved(asked, runner.options());
  status_.free_tokens = options.context;
}

// ---- what comes in

// They count as running before anybody can work on them: whoever ends one stops that. All of them
// or none come in.
void Engine::Impl::begin(const std::vector<std::shared_ptr<Request>>& requests, bool are_polled) {
  // Made before the lock: what can fail for lack of memory fails while nothing has come in.
  std::map<RequestId, Entry> entries;
  for (const auto& request : requests) {
    request->spec().control->end_thinking = false;
    request->spec().control->run.start();
    if (are_polled) entries[request->id()].control = request->spec().control;
  }
  {
    const std::lock_guard lock(mail_);
    inbox_.insert(inbox_.end(), requests.begin(), requests.end());
    entries_.merge(entries);
  }
  arrived_.notify_all();
}

std::shared_ptr<Request> Engine::Impl::submit(RequestSpec spec) {
  std::shared_ptr<Request> request = core.make(next_id.fetch_add(1), std::move(spec));
  begin({request}, false);
  return request;
}

namespace {

// `value` of a field, which takes `lowest` to `highest`; `why` explains the highest.
void check_range(const char* field, std::int32_t value, std::int32_t lowest, std::size_t highest,
                 const char* why = "") {
  if (value >= lowest && (value < 0 || static_cast<std::size_t>(value) <= highest)) return;
  throw Error(ErrorCode::invalid_argument,
              std::string("RequestOptions::") + field + " is " + std::to_string(value) +
                  "; it takes " + std::to_string(lowest) + " to " + std::to_string(highest) + why);
}

// More are no request, but a mistake: each is a sequence's worth of text.
constexpr std::size_t kMostAnswers = 1024;

PromptScores scores_of(const RequestOptions& asked, std::size_t prompt_size) {
  check_range("prompt_logprobs", asked.prompt_logprobs, -1, 64);
  if (asked.prompt_logprobs < 0) return {};
  check_range("prompt_logprobs_start", asked.prompt_logprobs_start, 1, prompt_size,
              ", the prompt's tokens");
  return {static_cast<std::size_t>(asked.prompt_logprobs_start), prompt_size,
          static_cast<std::size_t>(asked.prompt_logprobs)};
}

}  // namespace

RequestId Engine::Impl::submit(std::vector<TokenId> prompt, const RequestOptions& asked) {
  const ModelConfig& config = model.info().config;
  check_prompt(prompt, config.vocab_size);
  check_pooling(asked, options);
  std::optional<SamplingParams> none;
  if (asked.pooling != Pooling::none) none = no_answer();
  const std::optional<SamplingParams>& given = none ? none : asked.sampling;
  const SamplingParams& params = given ? *given : model.default_sampling();
  validate(params, static_cast<std::size_t>(config.vocab_size));
  if (asked.context < 0) {
    throw Error(
        ErrorCode::invalid_argument,
        "RequestOptions::context is " + std::to_string(asked.context) + "; it takes 0 or more");
  }
  if (asked.timeout.count() < 0) {
    throw Error(ErrorCode::invalid_argument, "RequestOptions::timeout is " +
                                                 std::to_string(asked.timeout.count()) +
                                                 " ms; it takes 0 or more");
  }
  check_range("n", asked.n, 1, kMostAnswers);
  const PromptScores scores = scores_of(asked, prompt.size());
  // All at once, so that the ids of one call are neighbours whoever submits at the same time. Ids
  // of a call that throws are left out.
  const RequestId first = next_id.fetch_add(asked.n);
  std::vector<std::shared_ptr<Request>> requests;
  for (std::int32_t i = 0; i < asked.n; ++i) {
    const std::uint64_t seed = seed_of(params) + (params.seed ? static_cast<std::uint64_t>(i) : 0);
    RequestSpec spec{
        prompt, Generator(model.tokenizer(), params, model.info().eos_token_ids, seed, prompt)};
    if (asked.logits_processor) spec.generator.set_processor(asked.logits_processor, prompt);
    if (i == 0) spec.scores = scores;
    spec.context = static_cast<std::size_t>(asked.context > 0 ? asked.context : options.context);
    if (asked.timeout.count() > 0) spec.deadline = deadline_after(asked.timeout);
    spec.control = std::make_shared<RequestControl>();
    spec.control->priority = asked.priority;
    // A plain pointer: the requests live in this engine's inbox and core, and owning it they would
    // keep it for ever.
    spec.sink = [this](RequestEvent&& event) { deliver(std::move(event)); };
    spec.pooling = asked.pooling;
    spec.normalize = asked.normalize;
    requests.push_back(core.make(first + i, std::move(spec)));
  }
  begin(requests, true);
  return first;
}

// A request leaves the inbox when the core has it: where that throws, none is lost or there twice.
void Engine::Impl::take_inbox() {
  const std::lock_guard lock(mail_);
  for (; !inbox_.empty(); inbox_.pop_front()) {
    core.submit(inbox_.front());
    ++status_.waiting;
  }
}

// ---- the work

// Where a step throws, too, requests may have ended before.
void Engine::Impl::work(Clock::time_point deadline) {
  try {
    core.step(deadline);
  } catch (...) {
    note_status();
    throw;
  }
  note_status();
}

void Engine::Impl::note_status() noexcept {
  const auto page = static_cast<std::int32_t>(kPagePositions);
  const std::lock_guard lock(mail_);
  status_.running = static_cast<std::int32_t>(core.running());
  status_.waiting = static_cast<std::int32_t>(core.waiting());
  status_.cached_tokens = static_cast<std::int32_t>(core.cache().pages()) * page;
  status_.free_tokens = static_cast<std::int32_t>(runner.free_pages()) * page;
}

bool Engine::Impl::work_for(const Mailbox& mail, Clock::time_point deadline) {
  const auto turn = work_.lock_to_work(deadline, [&] { return !mail.is_empty(); });
  if (!turn) return true;
  take_inbox();
  if (!core.has_work()) return false;
  work(deadline);
  return true;
}

// A turn a batch: whoever else works, or has something to change, need not wait for the end of all.
bool Engine::Impl::step(Clock::time_point deadline) {
  do {
    const auto turn = work_.lock_to_work(deadline, [] { return false; });
    if (!turn) return true;  // somebody is at work
    take_inbox();
    if (!core.has_work()) return false;
    work(deadline);
  } while (deadline == Clock::time_point::max() || Clock::now() < deadline);
  const EngineStatus now = status();
  return now.running + now.waiting > 0;
}

bool Engine::Impl::has_events() const {
  const std::lock_guard lock(mail_);
  return !events_.empty();
}

// Works once at least, or a budget of nothing would never come to an end. `take` runs without a
// lock, so that it may call the engine.
bool Engine::Impl::advance(Clock::time_point deadline, FunctionRef<void(EngineEvent& event)> take) {
  const auto is_over = [&] {
    return deadline != Clock::time_point::max() && Clock::now() >= deadline;
  };
  for (bool has_worked = false; !poll(take);) {
    const auto turn = work_.lock_to_work(deadline, [&] { return has_events(); });
    if (!turn && !has_events() && is_over()) break;
    if (!turn) continue;
    take_inbox();
    if (!core.has_work()) return false;
    if (has_worked && is_over()) break;
    work(deadline);
    has_worked = true;
  }
  return true;
}

bool Engine::Impl::has_work() const noexcept {
  return status_.running + status_.waiting > 0 || !inbox_.empty();
}

bool Engine::Impl::wait_for_work(Clock::time_point deadline) {
  const auto there_is = [&] { return has_work(); };
  std::unique_lock lock(mail_);
  if (deadline != Clock::time_point::max()) return arrived_.wait_until(lock, deadline, there_is);
  arrived_.wait(lock, there_is);
  return true;
}

EngineStatus Engine::Impl::status() const {
  const std::lock_guard lock(mail_);
  EngineStatus status = status_;
  status.waiting += static_cast<std::int32_t>(inbox_.size());
  return status;
}

void Engine::Impl::resume(const std::shared_ptr<Request>& request, std::vector<TokenId> prompt) {
  {
    const WorkMoment moment(work_);
    core.resume(request, std::move(prompt));
    note_status();
  }
  arrived_.notify_all();
}

void Engine::Impl::finish(const std::shared_ptr<Request>& request, FinishReason reason) {
  const WorkMoment moment(work_);
  request->finish(reason);
}

// Waits for the batch under way, since the core is one thread's at a time. The inbox is looked at
// too: it may be given up before the engine has ever seen it.
void Engine::Impl::abandon(const std::shared_ptr<Request>& request) noexcept {
  request->spec().control->run.cancel();  // so that a batch of it alone ends at once
  const WorkMoment moment(work_);
  {
    const std::lock_guard mail(mail_);
    std::erase(inbox_, request);
  }
  core.abandon(*request);
  note_status();
}

void Engine::Impl::adopt_cache(Impl& other) {
  const std::scoped_lock lock(work_, other.work_);
  core.adopt_cache(other.core);
}

// ---- what goes out

// Called on the thread that works, under `work_`. Keeps the promise of RequestSpec::sink: it throws
// before anything is kept, and not for a last event without text, whose place in the list was made
// with the entry. An entry is there as long as its last event was not taken.
void Engine::Impl::deliver(RequestEvent&& event) {
  if (event.kind != RequestEvent::Kind::piece) return;
  const std::lock_guard lock(mail_);
  Entry& entry = entries_.at(event.request);
  const bool is_last = event.finish_reason != FinishReason::none;
  std::list<EngineEvent>& places = is_last ? entry.last : unused_;
  if (places.empty()) places.emplace_back().text.reserve(kPieceRoom);
  append(*entry.answer, event);
  // From here on nothing throws.
  EngineEvent& out = places.front();
  out.request = event.request;
  out.text.swap(event.text);
  out.token = event.token;
  out.logprob = event.logprob;
  out.top_logprobs.swap(event.top_logprobs);
  out.finish_reason = event.finish_reason;
  out.error = event.error;
  if (is_last) out.result = std::move(entry.answer);
  events_.splice(events_.end(), places, places.begin());
}

void Engine::Impl::give_back(std::list<EngineEvent>& events) noexcept {
  const std::lock_guard lock(mail_);
  events_.splice(events_.begin(), events);
}

// The event is out of the list while `take` runs, so that nobody else gets it, and no lock is held.
// The entry goes last: where `take` throws the request is still known.
bool Engine::Impl::poll(FunctionRef<void(EngineEvent& event)> take) {
  std::list<EngineEvent> taken;
  {
    const std::lock_guard lock(mail_);
    if (events_.empty()) return false;
    taken.splice(taken.end(), events_, events_.begin());
  }
  const RequestId request = taken.front().request;
  const bool is_last = taken.front().finish_reason != FinishReason::none;
  try {
    take(taken.front());
  } catch (...) {
    give_back(taken);
    throw;
  }
  const std::lock_guard lock(mail_);
  if (is_last) entries_.erase(request);
  const bool is_kept = !is_last && unused_.size() < static_cast<std::size_t>(options.max_sequences);
  if (is_kept) unused_.splice(unused_.begin(), taken);
  return true;
}

namespace {

[[noreturn]] void throw_no_request(RequestId request) {
  throw Error(ErrorCode::invalid_argument,
              "there is no request " + std::to_string(request) + ", or its end was polled");
}

}  // namespace

// What is left to be polled of a request that has ended, its last event last.
std::list<EngineEvent> Engine::Impl::take_events(RequestId request) {
  std::list<EngineEvent> taken;
  const std::lock_guard lock(mail_);
  for (auto next = events_.begin(); next != events_.end();) {
    const auto event = next++;
    if (event->request == request) taken.splice(taken.end(), events_, event);
  }
  // Somebody else has polled its end in the meantime, or waits for it as well.
  if (taken.empty() || !taken.back().result) {
    events_.splice(events_.begin(), taken);
    throw_no_request(request);
  }
  return taken;
}

// Whoever has the turn may end it. Work that is none cannot go round for ever: an entry without an
// end is in the inbox or in the core.
void Engine::Impl::wait(RequestId request, FunctionRef<void(const Generation& answer)> take) {
  const auto is_done = [&] {
    const std::lock_guard lock(mail_);
    const auto entry = entries_.find(request);
    if (entry == entries_.end()) throw_no_request(request);
    return entry->second.last.empty();
  };
  while (!is_done()) {
    const auto turn = work_.lock_to_work(Clock::time_point::max(), is_done);
    if (!turn) break;
    take_inbox();
    work(Clock::time_point::max());
  }
  std::list<EngineEvent> events = take_events(request);
  const std::optional<Error> error = events.back().error;
  try {
    if (!error) take(*events.back().result);
  } catch (...) {
    give_back(events);
    throw;
  }
  {
    const std::lock_guard lock(mail_);
    entries_.erase(request);
  }
  if (error) throw Error(*error);
}

void Engine::Impl::cancel_all() noexcept {
  const std::lock_guard lock(mail_);
  for (const auto& [id, entry] : entries_) entry.control->run.cancel();
}

}  // namespace tlite
