// The batch in flight: worked on, given up, and what its rows bring to each request. (Which rows come
// next: engine_core.cpp.)
#include "base/float_env.hpp"
#include "runtime/engine_core.hpp"

#include <algorithm>
#include <atomic>
#include <new>
#include <string>
#include <utility>

#include <tlite/error.hpp>

namespace tlite {

void EngineCore::drop_batch() noexcept {
  model_.discard();
  Requests batch;
  batch.swap(batch_);
  forget_batch();
  for (const auto& request : batch) {
    request->rows = 0;
    if (request->has_ended()) leave(*request);
  }
  batch.clear();
  batch.swap(batch_);  // its room
}

void EngineCore::forget_batch() noexcept {
  rows_.clear();
  scores_.clear();
  scored_ = 0;
  evaluated_ = false;
  decode_rows_ = 0;
  logits_rows_ = 0;
  batch_seconds_ = 0;
}

// It ends, and most of the batch is for it alone. One that the model has finished is no work saved.
bool EngineCore::may_drop_for(const Request& request) const noexcept {
  return !evaluated_ && request.rows * 2 > rows_.size();
}

// Who may end the batch by a cancel: the one that most of it is for.
const RunState& EngineCore::run_of_batch() const noexcept {
  for (const auto& request : batch_) {
    if (request->rows * 2 > rows_.size()) return request->spec().control->run;
  }
  return never_;
}

// On any of the model's threads, at the same time as other rows.
void EngineCore::score(Score& score, ScoreSpace& space) const noexcept {
  Request& request = *score.request;
  if (request.state != RequestState::running) return;  // has ended meanwhile
  if (!model_.is_finite(score.logits)) {
    score.outcome = Score::Outcome::not_finite;
    return;
  }
  try {
    request.scores().score(score.row, request.token(score.row + 1), model_.logits(score.logits),
                           space);
    score.outcome = Score::Outcome::done;
  } catch (const std::bad_alloc&) {
    score.outcome = Score::Outcome::no_memory;
  }
}

// Half a millisecond a row at a vocabulary of 152,064, as long as 0.5B's own work on it: so on all
// threads, and a row a thread between two looks at the clock. True when all are done.
bool EngineCore::score_batch(Clock::time_point deadline) {
  while (scored_ < scores_.size()) {
    const std::size_t left = scores_.size() - scored_;
    const bool hurried = deadline != Clock::time_point::max();
    const std::size_t count = hurried ? std::min(left, spaces_.size()) : left;
    model_.parallel_for(count, [&](std::size_t i, int worker) {
      score(scores_[scored_ + i], spaces_[static_cast<std::size_t>(worker)]);
    });
    scored_ += count;
    if (hurried && Clock::now() > deadline) break;
  }
  return scored_ == scores_.size();
}

void EngineCore::fail_not_finite(Request& request, std::string_view what, std::size_t position) {
  request.fail(Error(ErrorCode::corrupt,
                     "the " + std::string(what) + " at position " + std::to_string(position) +
                         " are not finite: a weight of the model is NaN or infinite, or the "
                         "model overflows"));
}

// Those of one request, up to the first that went wrong.
void EngineCore::take_scores(Request& request, std::span<const Score> scores) {
  for (const Score& score : scores) {
    if (score.outcome == Score::Outcome::not_finite) {
      fail_not_finite(request, "logits", score.row);
      return;
    }
    if (score.outcome == Score::Outcome::no_memory) throw std::bad_alloc();
    request.scores().advance(1);
  }
}

// Of its positions from `first` on those that wanted hidden states have them from the index-th on.
void EngineCore::take_hidden(Request& request, std::size_t first, std::size_t index) {
  for (std::size_t position = first; position < request.cached; ++position) {
    if (!request.wants_hidden(position)) continue;
    if (!model_.is_hidden_finite(index)) {
      fail_not_finite(request, "hidden states", position);
      return;
    }
    request.pool(model_.hidden(index++));
  }
}

// Where its sink does not even take this, it ends without a word. `cancelled` is a logits
// processor's.
void EngineCore::fail(Request& request, const Error& error) noexcept {
  try {
    if (error.code() == ErrorCode::cancelled) {
      request.finish(FinishReason::cancelled);
    } else {
      request.fail(error);
    }
  } catch (...) {
    request.abandon();
  }
}

// A request that has no room for a further token ends, or waits for its owner to make some.
void EngineCore::settle(Request& request) {
  if (!request.answers()) return;  // it needs none
  if (request.state == RequestState::running && request.size() >= request.spec().context) {
    if (request.spec().waits_when_full) {
      request.fill();
    } else {
      request.finish(FinishReason::context_full);
    }
  }
}

// Numbers the rows of logits and of hidden states as the model does, and counts the requests' rows as
// cached.
void EngineCore::share_out(const Requests& batch, std::span<const Score> scores) {
  shares_.clear();
  std::size_t logits = 0;
  std::size_t hidden = 0;
  for (const auto& request : batch) {
    const auto other = std::find_if(scores.begin(), scores.end(), [&](const Score& score) {
      return score.request != request.get();
    });
    logits += request->logits_rows();
    Share share;
    share.request = request.get();
    share.was_prompt = !request->decodes();
    share.is_whole = request->rows == request->missing();
    share.first = request->cached;
    share.goal = request->goal();
    share.scores = scores.first(static_cast<std::size_t>(other - scores.begin()));
    share.logits_end = logits;
    share.hidden = hidden;
    scores = scores.subspan(share.scores.size());
    hidden += request->hidden_rows();
    request->cached += std::exchange(request->rows, 0);
    shares_.push_back(std::move(share));
  }
}

bool EngineCore::chooses(const Share& share) const noexcept {
  const Request& request = *share.request;
  return share.is_whole && request.answers() && request.state == RequestState::running &&
         model_.is_finite(share.logits_end - 1) && !request.is_complete();
}

void EngineCore::choose(Share& share, SamplerWorkspace& workspace) noexcept {
  try {
    share.piece = share.request->choose(model_.logits(share.logits_end - 1), workspace);
  } catch (...) {
    share.error = std::current_exception();
  }
}

// Who is free takes the next one: a request of many rules costs ten times a greedy one. A logits
// processor is a function of the host's, which need not be one for other threads.
void EngineCore::choose_tokens() noexcept {
  const auto is_shared = [&](const Share& share) {
    return chooses(share) && !share.request->generator().has_processor();
  };
  std::atomic<std::size_t> next{0};
  const auto take = [&](std::size_t worker) {
    for (std::size_t i; (i = next.fetch_add(1, std::memory_order_relaxed)) < shares_.size();) {
      if (is_shared(shares_[i])) choose(shares_[i], workspaces_[worker]);
    }
  };
  const auto count =
      static_cast<std::size_t>(std::count_if(shares_.begin(), shares_.end(), is_shared));
  if (count > 1 && workspaces_.size() > 1) {
    try {
      model_.parallel_for(std::min(count, workspaces_.size()),
                          [&](std::size_t i, int) { take(i); });
    } catch (...) {  // no memory for helpers
    }
  }
  take(0);
  for (Share& share : shares_) {
    if (chooses(share) && share.request->generator().has_processor()) choose(share, workspaces_[0]);
  }
}

// Throws what it was that kept the request from a token.
void EngineCore::tell(Share& share) {
  Request& request = *share.request;
  if (!model_.is_finite(share.logits_end - 1)) {
    fail_not_finite(request, "logits", share.goal - 1);
    return;
  }
  if (share.error) std::rethrow_exception(std::exchange(share.error, nullptr));
  if (share.piece.token < 0) {  // it wanted no token
    request.finish();
  } else {
    request.tell(share.piece);
  }
}

// For those that begin alike, who need not wait until all of a long prompt is there: its whole pages
// as they are filled, and in the end the rest. (One that has ended is kept by leave().)
void EngineCore::keep_prompt(const Share& share) noexcept {
  const Request& request = *share.request;
  if (!share.was_prompt || request.state != RequestState::running) return;
  if (share.is_whole) {
    keep(request, request.cached);
  } else if (share.first / kPagePositions != request.cached / kPagePositions) {
    keep(request, request.cached - request.cached % kPagePositions);
  }
}

// Scores come before the token: where one of them is not finite, there is no answer.
void EngineCore::take(Share& share) {
  Request& request = *share.request;
  if (request.state != RequestState::running) return;
  if (share.was_prompt && request.spec().wants_progress) request.report_progress(share.goal);
  if (request.pools()) take_hidden(request, share.first, share.hidden);
  take_scores(request, share.scores);
  if (share.is_whole && request.state == RequestState::running) {
    if (request.answers()) {
      tell(share);
    } else {
      request.finish();
    }
  }
  keep_prompt(share);
  settle(request);
}

void EngineCore::finish_batch() {
  pacer_.observe(decode_rows_, rows_.size() - decode_rows_, batch_seconds_);
  Requests batch;
  batch.swap(batch_);
  std::vector<Score> scores;
  scores.swap(scores_);
  forget_batch();
  share_out(batch, scores);
  choose_tokens();
  for (Share& share : shares_) {
    Request& request = *share.request;
    try {
      take(share);
    } catch (const Error& error) {
      fail(request, error);
    } catch (const std::bad_alloc&) {
      fail(request, no_memory_);
    }
    if (request.state != RequestState::running) leave(request);
  }
  shares_.clear();
  batch.clear();
  batch.swap(batch_);  // its room, and that of the other
  scores.clear();
  scores.swap(scores_);
}

bool EngineCore::step(Clock::time_point deadline) {
  const DefaultFloatEnv arithmetic;
  end_overdue();
  if (batch_.empty() && !start_batch()) return false;
  const Clock::time_point began = Clock::now();
  try {
    evaluated_ = evaluated_ || model_.advance(deadline, run_of_batch());
  } catch (const Error& error) {
    drop_batch();
    if (error.code() != ErrorCode::cancelled) throw;
    end_overdue();
    return true;
  } catch (...) {
    drop_batch();
    throw;
  }
  const bool done = evaluated_ && score_batch(deadline);  // where it throws, it goes on next time
  const double seconds = std::chrono::duration<double>(Clock::now() - began).count();
  batch_seconds_ += seconds;
  for (const auto& request : batch_) request->add_seconds(seconds);
  if (done) finish_batch();
  return done;
}

}  // namespace tlite
