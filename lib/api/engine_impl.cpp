#include "api/engine_impl.hpp"

#include "base/deadline.hpp"
#include "model/plan.hpp"

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
  return std::min<std::chrono::milliseconds>(checked(options).max_delay, std::chrono::hours(24));
}

EngineOptions resolved(EngineOptions options, const EvaluatorOptions& evaluator) {
  options.context = evaluator.context;
  options.max_batch_rows = evaluator.max_batch_rows;
  options.threads = evaluator.threads;
  options.kv_type = evaluator.kv_type;
  return options;
}

}  // namespace

Engine::Impl::Impl(Model of, const EngineOptions& asked)
    : model(std::move(of)),
      options(asked),
      runner(model.info().config, *model.impl().weights, *model.impl().source,
             resolve(evaluator_options(asked), model.info().weight_type),
             model.impl().host.allocator, BadLogits::mark_row),
      core(runner, {.max_delay = bound_of(asked), .prefix_cache = asked.prefix_cache}) {
  options = resolved(asked, runner.options());
  status_.free_tokens = options.context;
}

// ---- what comes in

// It counts as running before anybody can work on it: whoever ends it stops that.
std::shared_ptr<Request> Engine::Impl::submit(RequestSpec spec, bool is_polled) {
  const std::shared_ptr<RequestControl> control = spec.control;
  std::shared_ptr<Request> request = core.make(next_id.fetch_add(1), std::move(spec));
  control->run.start();
  {
    const std::lock_guard lock(mail_);
    inbox_.push_back(request);
    try {
      if (is_polled) entries_[request->id()].control = control;
    } catch (...) {
      inbox_.pop_back();
      throw;
    }
  }
  arrived_.notify_all();
  return request;
}

RequestId Engine::Impl::submit(std::vector<TokenId> prompt, const RequestOptions& asked) {
  const ModelConfig& config = model.info().config;
  check_prompt(prompt, config.vocab_size);
  const SamplingParams& params = asked.sampling ? *asked.sampling : model.default_sampling();
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
  Generator generator(model.tokenizer(), params, model.info().eos_token_ids, seed_of(params),
                      prompt);
  RequestSpec spec{std::move(prompt), std::move(generator)};
  spec.context = static_cast<std::size_t>(asked.context > 0 ? asked.context : options.context);
  if (asked.timeout.count() > 0) spec.deadline = deadline_after(asked.timeout);
  spec.control = std::make_shared<RequestControl>();
  spec.control->priority = asked.priority;
  spec.sink = [this](RequestEvent&& event) { deliver(std::move(event)); };
  return submit(std::move(spec), true)->id();
}

void Engine::Impl::take_inbox() {
  const std::lock_guard lock(mail_);
  for (; !inbox_.empty(); inbox_.pop_front()) core.submit(inbox_.front());
}

// ---- the work

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
  const std::lock_guard lock(work_);
  if (!mail.is_empty()) return true;
  take_inbox();
  if (!core.has_work()) return false;
  work(deadline);
  return true;
}

bool Engine::Impl::step(Clock::time_point deadline) {
  const std::lock_guard lock(work_);
  do {
    take_inbox();
    if (!core.has_work()) return false;
    work(deadline);
  } while (deadline == Clock::time_point::max() || Clock::now() < deadline);
  return core.has_work();
}

EngineStatus Engine::Impl::status() const {
  const std::lock_guard lock(mail_);
  EngineStatus status = status_;
  status.waiting += static_cast<std::int32_t>(inbox_.size());
  return status;
}

void Engine::Impl::resume(const std::shared_ptr<Request>& request, std::vector<TokenId> prompt) {
  const std::lock_guard lock(work_);
  core.resume(request, std::move(prompt));
}

void Engine::Impl::finish(const std::shared_ptr<Request>& request, FinishReason reason) {
  const std::lock_guard lock(work_);
  request->finish(reason);
}

void Engine::Impl::abandon(const std::shared_ptr<Request>& request) noexcept {
  request->spec().control->run.cancel();  // so that a batch of it alone ends at once
  const std::lock_guard lock(work_);
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

void Engine::Impl::deliver(RequestEvent&& event) {
  if (event.kind != RequestEvent::Kind::piece) return;
  const std::lock_guard lock(mail_);
  Entry& entry = entries_.at(event.request);
  const bool is_last = event.finish_reason != FinishReason::none;
  std::list<EngineEvent> made(is_last ? 0 : 1);
  append(*entry.answer, event);
  // From here on nothing throws.
  if (is_last) made.swap(entry.last);
  EngineEvent& out = made.front();
  out.request = event.request;
  out.text = std::move(event.text);
  out.token = event.token;
  out.logprob = event.logprob;
  out.top_logprobs = std::move(event.top_logprobs);
  out.finish_reason = event.finish_reason;
  out.error = event.error;
  if (is_last) out.result = std::move(entry.answer);
  events_.splice(events_.end(), made);
}

void Engine::Impl::give_back(std::list<EngineEvent>& events) noexcept {
  const std::lock_guard lock(mail_);
  events_.splice(events_.begin(), events);
}

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

void Engine::Impl::wait(RequestId request, FunctionRef<void(const Generation& answer)> take) {
  const auto is_done = [&] {
    const std::lock_guard lock(mail_);
    const auto entry = entries_.find(request);
    if (entry == entries_.end()) throw_no_request(request);
    return entry->second.last.empty();
  };
  while (!is_done()) {
    const std::lock_guard lock(work_);
    if (is_done()) break;
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
