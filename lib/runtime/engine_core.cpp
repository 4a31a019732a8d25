#include "runtime/engine_core.hpp"

#include <algorithm>
#include <new>
#include <string>
#include <utility>

#include <tlite/error.hpp>

namespace tlite {
namespace {

constexpr auto by_rank = [](const std::shared_ptr<Request>& a, const std::shared_ptr<Request>& b) {
  return a->before(*b);
};

bool has_ended(const std::shared_ptr<Request>& request) noexcept {
  return request->state == RequestState::done || request->state == RequestState::full;
}

}  // namespace

EngineCore::EngineCore(BatchModel& model, const EngineCoreOptions& options)
    : model_(model), options_(options), pacer_(options.max_delay) {
  never_.start();
  rows_.reserve(static_cast<std::size_t>(model.options().max_batch_rows));
  running_.reserve(static_cast<std::size_t>(model.options().max_sequences));
  batch_.reserve(static_cast<std::size_t>(model.options().max_sequences));
}

std::shared_ptr<Request> EngineCore::make(std::int64_t id, RequestSpec spec) const {
  const auto positions = static_cast<std::size_t>(model_.options().context);
  spec.context = std::min(spec.context, positions);
  auto request = std::make_shared<Request>(id, std::move(spec));
  if (request->size() < request->spec().context) return request;
  throw Error(ErrorCode::context_full,
              "the prompt takes " + std::to_string(request->size()) + " tokens, the context of " +
                  std::to_string(request->spec().context) + " must hold it and one more");
}

void EngineCore::resume(const std::shared_ptr<Request>& request, std::vector<TokenId> prompt) {
  waiting_.push_back(request);
  request->resume(std::move(prompt));
}

// Of a batch in flight its rows are computed to the end, for nobody, unless they are most of it.
void EngineCore::abandon(Request& request) noexcept {
  if (request.rows * 2 > rows_.size()) drop_batch();
  request.abandon();
  if (request.rows == 0) leave(request);
  std::erase_if(waiting_, has_ended);
}

// ---- what hosts have said in the meantime

void EngineCore::end(Request& request, FinishReason reason) noexcept {
  if (request.rows * 2 > rows_.size()) drop_batch();
  try {
    request.finish(reason);
  } catch (...) {
    fail(request, no_memory_);
  }
  if (request.rows == 0) leave(request);
}

void EngineCore::end_overdue() {
  const Clock::time_point now = Clock::now();
  const auto look_at = [&](const std::shared_ptr<Request>& request) {
    if (has_ended(request)) return;  // its rows are in the batch in flight still
    if (request->spec().control->run.cancelled()) {
      end(*request, FinishReason::cancelled);
    } else if (request->spec().deadline <= now) {
      end(*request, FinishReason::deadline);
    }
  };
  const Requests all = running_;  // end() takes out of it
  std::for_each(all.begin(), all.end(), look_at);
  std::for_each(waiting_.begin(), waiting_.end(), look_at);
  std::erase_if(waiting_, has_ended);
}

// ---- which rows come next

void EngineCore::note_priorities() noexcept {
  for (const auto& request : waiting_) request->note_priority();
  for (const auto& request : running_) request->note_priority();
}

std::size_t EngineCore::planned_pages() const {
  std::size_t pages = 0;
  for (const auto& request : batch_) {
    pages += model_.pages_needed(request->sequence, static_cast<std::int32_t>(request->rows));
  }
  return pages;
}

// What running requests still take for the tokens that they have, and a page each to grow.
std::size_t EngineCore::promised_pages() const {
  std::size_t pages = running_.size();
  for (const auto& request : running_) {
    pages += model_.pages_needed(request->sequence, static_cast<std::int32_t>(request->missing()));
  }
  return pages;
}

// The running request that ranks last, where that is behind `request` and it is not in the plan.
// `by_priority`: age alone does not put it behind.
Request* EngineCore::last_behind(const Request& request, bool by_priority) const noexcept {
  Request* last = nullptr;
  for (const auto& candidate : running_) {
    if (candidate->rows > 0 || !request.before(*candidate)) continue;
    if (by_priority && candidate->priority() == request.priority()) continue;
    if (last == nullptr || last->before(*candidate)) last = candidate.get();
  }
  return last;
}

// One page more, or more, is free or need not be copied: out of the cache, or from a request that
// ranks behind. False where there is none to be had.
bool EngineCore::make_room(const Request& request, bool by_priority) {
  if (cache_.evict()) return true;
  Request* const last = last_behind(request, by_priority);
  if (last == nullptr) return false;
  preempt(*last);
  return true;
}

// Pages for `rows` more of a running request, beside what is planned.
bool EngineCore::secure(Request& request, std::size_t rows) {
  const auto lacks = [&] {
    return planned_pages() +
               model_.pages_needed(request.sequence, static_cast<std::int32_t>(rows)) >
           model_.free_pages();
  };
  while (lacks()) {
    if (!make_room(request, false)) return false;
  }
  return true;
}

void EngineCore::plan(const std::shared_ptr<Request>& request, std::size_t rows) {
  const bool wants_logits = rows == request->missing();
  batch_.push_back(request);
  for (std::size_t i = 0; i < rows; ++i) {
    const std::size_t position = request->cached + i;
    rows_.push_back({request->token(position), request->sequence,
                     static_cast<std::int32_t>(position), wants_logits && i + 1 == rows});
  }
  request->rows = rows;
  logits_rows_ += wants_logits ? 1 : 0;
}

void EngineCore::plan_decodes() {
  const auto most = static_cast<std::size_t>(
      std::min(model_.options().max_batch_rows, model_.options().max_logits_rows));
  const Requests ranked = running_;
  for (const auto& request : ranked) {
    if (request->state != RequestState::running || !request->decodes()) continue;
    if (rows_.size() == most) break;
    if (secure(*request, 1)) {
      plan(request, 1);
    } else {
      preempt(*request);
    }
  }
  decode_rows_ = rows_.size();
}

// Somebody who runs is about to compute a longer beginning of this than there is: worth waiting.
bool EngineCore::is_awaited(const Request& request, std::size_t shared) const {
  return std::any_of(running_.begin(), running_.end(), [&](const auto& other) {
    const std::size_t most = std::min(request.size() - 1, other->size());
    if (other->decodes() || most < shared + kPagePositions) return false;
    for (std::size_t i = 0; i < shared + kPagePositions; ++i) {
      if (request.token(i) != other->token(i)) return false;
    }
    return true;
  });
}

// Pages for all tokens of a request that has a sequence, of which `shared` are there, beside what
// those that run are promised.
bool EngineCore::find_room(const Request& request, std::size_t shared) {
  const auto missing = static_cast<std::int32_t>(request.size() - shared);
  const auto lacks = [&] {
    const std::size_t promised = running_.empty() ? 0 : promised_pages();
    return promised + model_.pages_needed(request.sequence, missing) > model_.free_pages();
  };
  while (lacks()) {
    if (!make_room(request, true)) return false;
  }
  return true;
}

// Gives a waiting request a sequence, where there is one, and pages for all tokens that it has.
EngineCore::Admission EngineCore::admit(const std::shared_ptr<Request>& request) {
  if (running_.size() == static_cast<std::size_t>(model_.options().max_sequences) &&
      last_behind(*request, true) == nullptr) {
    return Admission::no_room;
  }
  KvPrefix shared;
  if (options_.prefix_cache) {
    shared = cache_.find(request->tokens(request->size() - 1));
    if (is_awaited(*request, static_cast<std::size_t>(shared.length))) return Admission::awaits;
  }
  if (running_.size() == static_cast<std::size_t>(model_.options().max_sequences)) {
    preempt(*last_behind(*request, true));
  }
  request->sequence = model_.create(shared);
  shared.pages.clear();  // they count as shared with the sequence alone
  bool found = false;
  try {
    found = find_room(*request, static_cast<std::size_t>(shared.length));
  } catch (...) {
    model_.destroy(std::exchange(request->sequence, -1));
    throw;
  }
  if (!found) {
    model_.destroy(std::exchange(request->sequence, -1));
    return Admission::no_room;
  }
  request->begin(static_cast<std::size_t>(shared.length));
  request->state = RequestState::running;
  running_.push_back(request);
  return Admission::running;
}

// Up to `rows` of a prompt: fewer where it has no more, where its logits find no row, and none
// where it finds no pages. How many it got.
std::size_t EngineCore::feed(const std::shared_ptr<Request>& request, std::size_t rows) {
  rows = std::min(rows, request->missing());
  const bool wants_logits = rows == request->missing();
  if (wants_logits && logits_rows_ == static_cast<std::size_t>(model_.options().max_logits_rows)) {
    --rows;
  }
  if (rows == 0 || !secure(*request, rows)) return 0;
  plan(request, rows);
  return rows;
}

// Prompts of the highest priority share the rows evenly, and what they leave is for those below:
// so a short prompt does not wait for a long one that came before it. Those that miss least come
// first, for what they do not need is shared by the others; where there are fewer rows than
// prompts, the oldest have them.
void EngineCore::plan_prompts() {
  const auto most = static_cast<std::size_t>(model_.options().max_batch_rows);
  if (decode_rows_ >= most) return;
  std::size_t left = pacer_.prompt_rows(decode_rows_, most - decode_rows_);
  Requests prompts;
  for (const auto& request : running_) {
    if (request->rows == 0) prompts.push_back(request);
  }
  auto begin = prompts.begin();  // running_ is in the order of rank, and so are these
  while (begin != prompts.end() && left > 0) {
    const auto end = std::find_if(begin, prompts.end(), [&](const auto& request) {
      return request->priority() != (*begin)->priority();
    });
    auto count = static_cast<std::size_t>(end - begin);
    if (left >= count) {
      std::stable_sort(begin, end,
                       [](const auto& a, const auto& b) { return a->missing() < b->missing(); });
    }
    for (; begin != end; ++begin, --count) {
      // Making room for one that ranks before it may have taken this one's sequence.
      if ((*begin)->state != RequestState::running) continue;
      left -= feed(*begin, (left + count - 1) / count);
    }
  }
}

// Before rows are planned, so that a request of high priority finds others to give way to it.
void EngineCore::admit_waiting() {
  std::sort(waiting_.begin(), waiting_.end(), by_rank);
  const Requests queue = waiting_;
  const auto take_out_admitted = [&]() noexcept {
    std::erase_if(waiting_, [](const auto& r) { return r->state != RequestState::waiting; });
  };
  try {
    for (const auto& request : queue) {
      if (admit(request) == Admission::no_room) break;
    }
  } catch (...) {
    take_out_admitted();
    throw;
  }
  take_out_admitted();
}

// Nobody has found pages, and nobody can give any: they are held from outside, by a fork of a
// session. Who comes first is told so, or the others would wait for it for ever.
void EngineCore::refuse_first() {
  Requests& from = running_.empty() ? waiting_ : running_;
  if (from.empty()) return;
  const std::shared_ptr<Request> first = from.front();
  fail(*first,
       Error(ErrorCode::context_full, "the context is full: the KV cache has " +
                                          std::to_string(model_.free_pages()) +
                                          " free pages of 32 positions, others hold the rest"));
  leave(*first);
  std::erase(waiting_, first);
}

bool EngineCore::start_batch() {
  note_priorities();
  try {
    if (!waiting_.empty()) admit_waiting();
    std::sort(running_.begin(), running_.end(), by_rank);
    plan_decodes();
    plan_prompts();
    if (!rows_.empty()) model_.submit(rows_);
  } catch (...) {
    drop_batch();
    throw;
  }
  if (rows_.empty()) refuse_first();
  return !rows_.empty();
}

// ---- sequences and pages

// What is cached of it stays for those that begin alike, as long as nobody needs the pages.
void EngineCore::keep(const Request& request) noexcept {
  if (!options_.prefix_cache || request.cached == 0 || request.has_failed()) return;
  try {
    cache_.insert(request.tokens(request.cached),
                  model_.prefix(request.sequence, static_cast<std::int32_t>(request.cached)));
  } catch (const std::bad_alloc&) {  // then it is computed again
  }
}

// It does not run any more. Not while it has rows in a batch in flight.
void EngineCore::leave(Request& request) noexcept {
  if (request.sequence < 0) return;
  keep(request);
  model_.destroy(std::exchange(request.sequence, -1));
  request.cached = 0;
  std::erase_if(running_, [&](const auto& other) { return other.get() == &request; });
}

void EngineCore::preempt(Request& request) {
  const auto found = std::find_if(running_.begin(), running_.end(),
                                  [&](const auto& other) { return other.get() == &request; });
  waiting_.push_back(*found);
  leave(request);
  request.state = RequestState::waiting;
}

// ---- the batch in flight

void EngineCore::drop_batch() noexcept {
  model_.discard();
  const Requests batch = std::exchange(batch_, {});
  rows_.clear();
  logits_rows_ = 0;
  decode_rows_ = 0;
  batch_seconds_ = 0;
  for (const auto& request : batch) {
    request->rows = 0;
    if (has_ended(request)) leave(*request);
  }
}

// Who may end the batch by a cancel: the one that most of it is for.
const RunState& EngineCore::run_of_batch() const noexcept {
  for (const auto& request : batch_) {
    if (request->rows * 2 > rows_.size()) return request->spec().control->run;
  }
  return never_;
}

void EngineCore::take_logits(Request& request, std::size_t index) {
  if (!model_.is_finite(index)) {
    request.fail(Error(ErrorCode::corrupt,
                       "the logits at position " + std::to_string(request.size() - 1) +
                           " are not finite: a weight of the model is NaN or infinite, or the "
                           "model overflows"));
    return;
  }
  if (request.is_complete()) {
    request.finish();
  } else {
    request.choose(model_.logits(index), workspace_);
  }
}

// Where its sink does not even take this, it ends without a word.
void EngineCore::fail(Request& request, const Error& error) noexcept {
  try {
    request.fail(error);
  } catch (...) {
    request.abandon();
  }
}

// A request that has no room for a further token ends, or waits for its owner to make some.
void EngineCore::settle(Request& request) {
  if (request.state == RequestState::running && request.size() >= request.spec().context) {
    if (request.spec().waits_when_full) {
      request.fill();
    } else {
      request.finish(FinishReason::context_full);
    }
  }
}

void EngineCore::finish_batch() {
  pacer_.observe(decode_rows_, rows_.size() - decode_rows_, batch_seconds_);
  const Requests batch = std::exchange(batch_, {});
  rows_.clear();
  decode_rows_ = 0;
  logits_rows_ = 0;
  batch_seconds_ = 0;
  std::size_t index = 0;
  for (const auto& request : batch) {
    const bool wants_logits = request->rows == request->missing();
    const bool was_prompt = !request->decodes();
    request->cached += std::exchange(request->rows, 0);
    const std::size_t row = index;
    if (wants_logits) ++index;
    try {
      if (request->state == RequestState::running) {
        if (was_prompt && request->spec().wants_progress) request->report_progress();
        if (wants_logits) take_logits(*request, row);
        // For those that begin alike; one that has ended is kept by leave().
        if (wants_logits && was_prompt && request->state == RequestState::running) keep(*request);
      }
      settle(*request);
    } catch (const Error& error) {
      fail(*request, error);
    } catch (const std::bad_alloc&) {
      fail(*request, no_memory_);
    }
    if (request->state != RequestState::running) leave(*request);
  }
}

bool EngineCore::step(Clock::time_point deadline) {
  end_overdue();
  if (batch_.empty() && !start_batch()) return false;
  const Clock::time_point began = Clock::now();
  bool done = false;
  try {
    done = model_.advance(deadline, run_of_batch());
  } catch (const Error& error) {
    drop_batch();
    if (error.code() != ErrorCode::cancelled) throw;
    end_overdue();
    return true;
  } catch (...) {
    drop_batch();
    throw;
  }
  const double seconds = std::chrono::duration<double>(Clock::now() - began).count();
  batch_seconds_ += seconds;
  for (const auto& request : batch_) request->add_seconds(seconds);
  if (done) finish_batch();
  return done;
}

}  // namespace tlite
