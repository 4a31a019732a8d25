#include "runtime/engine_core.hpp"

#include <algorithm>
#include <new>
#include <string>
#include <utility>

#include <tlite/error.hpp>

namespace tlite {
namespace {

// Threads that choose tokens at the same time at most: each has a workspace of up to 6 MB.
constexpr std::size_t kMostChoosers = 8;

constexpr auto by_rank = [](const std::shared_ptr<Request>& a, const std::shared_ptr<Request>& b) {
  return a->before(*b);
};

}  // namespace

EngineCore::EngineCore(BatchModel& model, const EngineCoreOptions& options)
    : model_(model), options_(options), pacer_(options.max_delay) {
  never_.start();
  rows_.reserve(static_cast<std::size_t>(model.options().max_batch_rows));
  running_.reserve(static_cast<std::size_t>(model.options().max_sequences));
  const auto sequences = static_cast<std::size_t>(model.options().max_sequences);
  batch_.reserve(sequences);
  shares_.reserve(sequences);
  scores_.reserve(static_cast<std::size_t>(model.options().max_logits_rows));
  const auto threads = static_cast<std::size_t>(std::max(model.options().threads, 1));
  workspaces_.assign(std::min({threads, sequences, kMostChoosers}), SamplerWorkspace(options.tier));
  spaces_.assign(threads, ScoreSpace(options.tier));
}

std::shared_ptr<Request> EngineCore::make(std::int64_t id, RequestSpec spec) const {
  const auto positions = static_cast<std::size_t>(model_.options().context);
  spec.context = std::min(spec.context, positions);
  auto request = std::make_shared<Request>(id, std::move(spec));
  const auto tokens = static_cast<std::size_t>(request->prompt_tokens());
  if (tokens + (request->answers() ? 1 : 0) <= request->spec().context) return request;
  throw Error(ErrorCode::context_full,
              "the prompt takes " + std::to_string(tokens) + " tokens, the context of " +
                  std::to_string(request->spec().context) + " must hold it" +
                  (request->answers() ? " and one more" : ""));
}

void EngineCore::resume(const std::shared_ptr<Request>& request, std::vector<TokenId> prompt) {
  waiting_.push_back(request);
  request->resume(std::move(prompt));
}

// Of a batch in flight its rows are computed to the end, for nobody, unless they are most of it.
void EngineCore::abandon(Request& request) noexcept {
  if (may_drop_for(request)) drop_batch();
  request.abandon();
  if (request.rows == 0) leave(request);
  drop_ended();
}

// ---- what hosts have said in the meantime

void EngineCore::end(Request& request, FinishReason reason) noexcept {
  if (may_drop_for(request)) drop_batch();
  try {
    request.finish(reason);
  } catch (...) {
    fail(request, no_memory_);
  }
  if (request.rows == 0) leave(request);
}

// One by one, each out of the list before it goes: with a request goes its logits processor, and with
// that what the host had in it, which may be a stream that now gives up another request of this
// list. Thousands may end at once, so they are brought to its end first.
void EngineCore::drop_ended() noexcept {
  std::stable_partition(waiting_.begin(), waiting_.end(),
                        [](const auto& request) { return !request->has_ended(); });
  while (!waiting_.empty() && waiting_.back()->has_ended()) {
    const std::shared_ptr<Request> request = std::move(waiting_.back());
    waiting_.pop_back();
  }
}

void EngineCore::end_overdue() {
  const Clock::time_point now = Clock::now();
  const auto reason = [&](const Request& request) {
    if (request.has_ended()) return FinishReason::none;  // its rows are in the batch still
    if (request.spec().control->run.cancelled()) return FinishReason::cancelled;
    return request.spec().deadline <= now ? FinishReason::deadline : FinishReason::none;
  };
  for (const Requests* const list : {&running_, &waiting_}) {
    for (std::size_t i = 0; i < list->size();) {
      const FinishReason why = reason(*(*list)[i]);
      if (why == FinishReason::none) {
        ++i;
        continue;
      }
      // A share of its own, since end() takes it out of the list, of those that run more than one:
      // then from the beginning again. Those that wait stay until all have ended.
      const auto request = std::shared_ptr<Request>((*list)[i]);
      const std::size_t before = list->size();
      end(*request, why);
      if (list->size() != before) i = 0;
    }
  }
  drop_ended();
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
  batch_.push_back(request);
  for (std::size_t row = request->cached; row < request->cached + rows; ++row) {
    const bool wants_logits = row >= request->first_logits_row();
    rows_.push_back({request->token(row), request->sequence, static_cast<std::int32_t>(row),
                     wants_logits, request->wants_hidden(row)});
    if (wants_logits && request->scores().has_row(row)) {
      scores_.push_back({request.get(), row, logits_rows_, Score::Outcome::none});
    }
    logits_rows_ += wants_logits ? 1 : 0;
  }
  request->rows = rows;
}

void EngineCore::plan_decodes() {
  const auto most = static_cast<std::size_t>(
      std::min(model_.options().max_batch_rows, model_.options().max_logits_rows));
  // Preempted, and taken out of the list, are this one and those behind it.
  for (std::size_t i = 0; i < running_.size() && rows_.size() < most;) {
    const std::shared_ptr<Request> request = running_[i];
    const bool decodes = request->state == RequestState::running && request->decodes();
    if (decodes && !secure(*request, 1)) {
      preempt(*request);
      continue;
    }
    if (decodes) plan(request, 1);
    ++i;
  }
  decode_rows_ = rows_.size();
}

// Somebody who runs is about to compute a longer beginning of this than there is: worth waiting.
// Longer by a page, since prompts are kept page by page; or by a token, where less than a page is
// missing of that prompt, whose end is kept to the token.
bool EngineCore::is_awaited(const Request& request, std::size_t shared) const {
  return std::any_of(running_.begin(), running_.end(), [&](const auto& other) {
    const std::size_t longer = other->missing() <= kPagePositions ? 1 : kPagePositions;
    const std::size_t most = std::min(request.reusable(), other->goal());
    if (other->decodes() || most < shared + longer) return false;
    for (std::size_t i = 0; i < shared + longer; ++i) {
      if (request.token(i) != other->token(i)) return false;
    }
    return true;
  });
}

// Pages for all tokens of a request that has a sequence, of which `shared` are there, beside what
// those that run are promised.
bool EngineCore::find_room(const Request& request, std::size_t shared) {
  const auto missing = static_cast<std::int32_t>(request.goal() - shared);
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
    shared = cache_.find(request->tokens(request->reusable()));
    if (is_awaited(*request, static_cast<std::size_t>(shared.length))) return Admission::awaits;
  }
  if (running_.size() == static_cast<std::size_t>(model_.options().max_sequences)) {
    preempt(*last_behind(*request, true));
  }
  request->reserve();
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

// Up to `rows` of a prompt: fewer where it has no more, where its logits find no row beside one and
// `scores` others, and none where it finds no pages. How many it got.
std::size_t EngineCore::feed(const std::shared_ptr<Request>& request, std::size_t rows,
                             std::size_t scores) {
  const auto most = static_cast<std::size_t>(model_.options().max_logits_rows);
  const std::size_t before_logits = request->first_logits_row() - request->cached;
  rows = std::min(
      {rows, request->missing(), before_logits + std::min(most - logits_rows_, 1 + scores)});
  if (rows == 0 || !secure(*request, rows)) return 0;
  plan(request, rows);
  return rows;
}

// Prompts of the highest priority share the rows evenly, and what they leave is for those below:
// so a short prompt does not wait for a long one that came before it. Those that miss least come
// first, for what they do not need is shared by the others; where there are fewer rows than
// prompts, the oldest have them. Those that are scored share the rows of logits in the same way,
// but for one that every prompt has for its next token.
void EngineCore::plan_prompts() {
  const auto most = static_cast<std::size_t>(model_.options().max_batch_rows);
  if (decode_rows_ >= most) return;
  std::size_t left = pacer_.prompt_rows(decode_rows_, most - decode_rows_);
  Requests prompts;
  for (const auto& request : running_) {
    if (request->rows == 0) prompts.push_back(request);
  }
  const std::size_t taken = logits_rows_ + prompts.size();
  const auto logits = static_cast<std::size_t>(model_.options().max_logits_rows);
  std::size_t scores_left = logits - std::min(logits, taken);
  const auto share = [](std::size_t of, std::size_t among) { return (of + among - 1) / among; };
  auto begin = prompts.begin();  // running_ is in the order of rank, and so are these
  while (begin != prompts.end() && left > 0) {
    const auto end = std::find_if(begin, prompts.end(), [&](const auto& request) {
      return request->priority() != (*begin)->priority();
    });
    auto count = static_cast<std::size_t>(end - begin);
    auto scored = static_cast<std::size_t>(
        std::count_if(begin, end, [](const auto& request) { return request->is_scored(); }));
    if (left >= count) {
      std::stable_sort(begin, end,
                       [](const auto& a, const auto& b) { return a->missing() < b->missing(); });
    }
    for (; begin != end; ++begin, --count) {
      Request& request = **begin;
      const std::size_t scores = request.is_scored() ? share(scores_left, scored--) : 0;
      // Making room for one that ranks before it may have taken this one's sequence.
      if (request.state != RequestState::running) continue;
      const std::size_t before = logits_rows_;
      left -= feed(*begin, share(left, count), scores);
      scores_left -= std::max(logits_rows_ - before, std::size_t{1}) - 1;
    }
  }
}

// Before rows are planned, so that a request of high priority finds others to give way to it.
void EngineCore::admit_waiting() {
  std::sort(waiting_.begin(), waiting_.end(), by_rank);
  const std::size_t count = waiting_.size();  // behind them come those who are preempted
  const auto take_out_admitted = [&]() noexcept {
    std::erase_if(waiting_, [](const auto& r) { return r->state != RequestState::waiting; });
  };
  try {
    for (std::size_t i = 0; i < count; ++i) {
      const std::shared_ptr<Request> request = waiting_[i];
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

// The first `count` tokens that are cached of it stay for those that begin alike, as long as nobody
// needs the pages.
void EngineCore::keep(const Request& request, std::size_t count) noexcept {
  if (!options_.prefix_cache || count == 0 || request.has_failed()) return;
  try {
    cache_.insert(request.tokens(count),
                  model_.prefix(request.sequence, static_cast<std::int32_t>(count)));
  } catch (const std::bad_alloc&) {  // then it is computed again
  }
}

// It does not run any more. Not while it has rows in a batch in flight.
void EngineCore::leave(Request& request) noexcept {
  if (request.sequence < 0) return;
  keep(request, request.cached);
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

}  // namespace tlite
