// The body of Engine: a handle. All state and all locks are in Engine::Impl, which sessions hold
// too.
#include "api/engine_impl.hpp"
#include "base/deadline.hpp"

#include <algorithm>
#include <utility>

namespace tlite {

namespace {

// Rows of logits beyond one a sequence, for prompts whose tokens are scored. With 16 sequences 64
// rows, 39 MB at Qwen's vocabulary. Batches of so few rows are what a scored prompt goes through
// the model in; 0.5B Q4_K_M on two threads, tokens a second as a share of the same prompt's without
// scores: 32 rows 0.48, 64 rows 0.57, 128 rows 0.60, 256 rows 0.60.
constexpr std::int32_t kScoreRows = 48;

}  // namespace

EvaluatorOptions evaluator_options(const EngineOptions& options) noexcept {
  EvaluatorOptions result;
  result.context = options.context;
  result.max_sequences = options.max_sequences;
  result.max_batch_rows = options.max_batch_rows;
  result.max_logits_rows = std::clamp(options.max_sequences, 0, 1 << 16) + kScoreRows;
  result.threads = options.threads;
  result.kv_type = options.kv_type;
  result.max_hidden_rows = options.embeddings ? options.max_batch_rows : 0;
  return result;
}

Engine::Engine(Model model, const EngineOptions& options)
    : impl_(std::make_shared<Impl>(std::move(model), options, evaluator_options(options))) {}
// Sessions may go on with it: they do not work for nobody.
Engine::~Engine() {
  if (impl_) impl_->cancel_all();
}
Engine::Engine(Engine&&) noexcept = default;
// By a third one, so that the requests of the engine that is replaced end as they do with its
// destructor, and an engine may be assigned to itself.
Engine& Engine::operator=(Engine&& other) noexcept {
  Engine old(std::move(other));
  impl_.swap(old.impl_);
  return *this;
}

const Model& Engine::model() const noexcept { return impl_->model; }
const EngineOptions& Engine::options() const noexcept { return impl_->options; }

RequestId Engine::submit(std::span<const TokenId> prompt, const RequestOptions& options) {
  return impl_->submit({prompt.begin(), prompt.end()}, options);
}

RequestId Engine::submit(std::string_view prompt, const RequestOptions& options) {
  return impl_->submit(encode_text(model().tokenizer(), prompt), options);
}

RequestId Engine::submit(const std::vector<Message>& messages, const RequestOptions& options) {
  if (messages.empty()) {
    throw Error(ErrorCode::invalid_argument, "the conversation has no message to answer");
  }
  return impl_->submit(encode_messages(model(), messages, options.tools_json, options.template_json,
                                       options.parse_special_in_messages),
                       options);
}

// What works holds the implementation: a logits processor may be where the host lets go of its
// engine. So do advance, run, wait and beam_search.
bool Engine::step(std::chrono::nanoseconds budget) {
  const std::shared_ptr<Impl> self = impl_;
  return self->step(deadline_after(budget));
}

void Engine::run() {
  const std::shared_ptr<Impl> self = impl_;
  self->step(Impl::Clock::time_point::max());
}

bool Engine::wait_for_work(std::chrono::nanoseconds timeout) {
  return impl_->wait_for_work(deadline_after(timeout));
}

std::optional<EngineEvent> Engine::poll() {
  std::optional<EngineEvent> event;
  impl_->poll([&](EngineEvent& next) { event = std::move(next); });
  return event;
}

bool Engine::poll(const std::function<void(const EngineEvent& event)>& take) {
  return impl_->poll([&](const EngineEvent& event) { take(event); });
}

bool Engine::advance(std::chrono::nanoseconds budget,
                     const std::function<void(const EngineEvent& event)>& take) {
  const std::shared_ptr<Impl> self = impl_;
  return self->advance(deadline_after(budget), [&](const EngineEvent& event) { take(event); });
}

Generation Engine::wait(RequestId request) {
  Generation answer;
  wait(request, [&](const Generation& result) { answer = result; });
  return answer;
}

void Engine::wait(RequestId request, const std::function<void(const Generation& answer)>& take) {
  const std::shared_ptr<Impl> self = impl_;
  self->wait(request, take);
}

// The entry is looked for under `mail_` alone: nobody waits for a step to cancel.
void Engine::cancel(RequestId request) noexcept {
  const std::lock_guard lock(impl_->mail_);
  const auto entry = impl_->entries_.find(request);
  if (entry != impl_->entries_.end()) entry->second.control->run.cancel();
}

void Engine::end_thinking(RequestId request) noexcept {
  const std::lock_guard lock(impl_->mail_);
  const auto entry = impl_->entries_.find(request);
  if (entry != impl_->entries_.end()) entry->second.control->end_thinking = true;
}

void Engine::set_priority(RequestId request, std::int32_t priority) noexcept {
  const std::lock_guard lock(impl_->mail_);
  const auto entry = impl_->entries_.find(request);
  if (entry != impl_->entries_.end()) entry->second.control->priority = priority;
}

EngineStatus Engine::status() const { return impl_->status(); }

}  // namespace tlite
