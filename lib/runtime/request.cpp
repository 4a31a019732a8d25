#include "runtime/request.hpp"

#include "sample/room.hpp"

#include <algorithm>
#include <utility>

namespace tlite {

namespace {

template <class T>
void make_room_for_one(std::vector<T>& list) {
  if (list.size() == list.capacity()) list.reserve(2 * list.size() + 1);
}

}  // namespace

void RequestEvent::clear() noexcept {
  RequestEvent fresh;
  fresh.text.swap(text);
  fresh.text.clear();
  fresh.top_logprobs.swap(top_logprobs);
  fresh.top_logprobs.clear();
  *this = std::move(fresh);
}

void reserve(Generation& answer, std::size_t tokens, bool has_logprobs) {
  answer.text.reserve(answer.text.size() + kTokenRoom * tokens);
  answer.tokens.reserve(answer.tokens.size() + tokens);
  if (!has_logprobs) return;
  answer.logprobs.reserve(answer.logprobs.size() + tokens);
  answer.top_logprobs.reserve(answer.top_logprobs.size() + tokens);
}

void append(Generation& answer, RequestEvent& event) {
  std::vector<TokenLogprob> top_logprobs = event.top_logprobs;
  std::string stop_string = event.stop_string;
  if (event.token >= 0) make_room_for_one(answer.tokens);
  if (event.logprob) make_room_for_one(answer.logprobs);
  if (event.logprob) make_room_for_one(answer.top_logprobs);
  answer.text += event.text;
  // From here on nothing throws.
  if (event.token >= 0) answer.tokens.push_back(event.token);
  if (event.logprob) {
    answer.logprobs.push_back(*event.logprob);
    answer.top_logprobs.push_back(std::move(top_logprobs));
  }
  answer.finish_reason = event.finish_reason;
  answer.stop_string = std::move(stop_string);
  answer.prompt_tokens = event.counts.prompt_tokens;
  answer.cached_tokens = event.counts.cached_tokens;
  answer.prefill_seconds = event.counts.prefill_seconds;
  answer.decode_seconds = event.counts.decode_seconds;
  answer.prompt_logprobs_start = event.prompt_logprobs_start;
  answer.prompt_logprobs = std::move(event.prompt_logprobs);
  answer.prompt_top_logprobs = std::move(event.prompt_top_logprobs);
  if (!event.embedding.empty()) answer.embedding = std::move(event.embedding);
}

Request::Request(std::int64_t id, RequestSpec spec)
    : id_(id), spec_(std::move(spec)), only_scores_(spec_.scores.wanted() && is_complete()) {
  note_priority();
  counts_.prompt_tokens = static_cast<std::int32_t>(size());
  if (spec_.pooling == Pooling::none) return;
  // No other token has an influence on the first one's state: the others are not computed.
  if (spec_.pooling == Pooling::cls) spec_.prompt.resize(1);
  pooler_.emplace(spec_.pooling, spec_.normalize, size());
}

TokenId Request::token(std::size_t position) const noexcept {
  const std::vector<TokenId>& prompt = spec_.prompt;
  return position < prompt.size() ? prompt[position]
                                  : spec_.generator.tokens()[position - prompt.size()];
}

std::vector<TokenId> Request::tokens(std::size_t count) const {
  std::vector<TokenId> all;
  all.reserve(count);
  for (std::size_t i = 0; i < count; ++i) all.push_back(token(i));
  return all;
}

void Request::reserve() {
  if (!answers()) return;
  const std::size_t left = spec_.context - std::min(spec_.context, size());
  spec_.generator.reserve(spec_.generator.expected(left));
  event_.text.reserve(kPieceRoom);
}

void Request::begin(std::size_t shared) noexcept {
  cached = shared;
  if (!answered_) shared_ = shared;
  if (!std::exchange(begun_, true)) counts_.cached_tokens = static_cast<std::int32_t>(shared);
}

void Request::emit(RequestEvent&& event, const Piece& piece) {
  event.request = id_;
  event.text = piece.text;
  event.token = piece.token;
  event.logprob = piece.logprob;
  event.top_logprobs.assign(piece.top_logprobs.begin(), piece.top_logprobs.end());
  if (event.finish_reason == FinishReason::stop_string) {
    event.stop_string = spec_.generator.stop_string();
  }
  event.counts = counts_;
  if (event.finish_reason != FinishReason::none) {
    state = RequestState::done;
    spec_.control->run.stop();
    if (spec_.scores.wanted()) {
      event.prompt_logprobs_start = spec_.scores.start();
      event.prompt_logprobs = spec_.scores.take_chosen();
      event.prompt_top_logprobs = spec_.scores.take_top();
    }
  }
  spec_.sink(std::move(event));
}

Piece Request::choose(std::span<const float> logits, SamplerWorkspace& workspace) {
  if (spec_.control->end_thinking.exchange(false, std::memory_order_relaxed)) {
    spec_.generator.end_thinking();
  }
  const Piece piece = spec_.generator.step(logits, workspace);
  answered_ = true;
  return piece;
}

void Request::tell(const Piece& piece) {
  event_.clear();
  event_.finish_reason = spec_.generator.finish_reason();
  emit(std::move(event_), piece);
}

void Request::finish() {
  RequestEvent event;
  event.finish_reason = spec_.generator.finish_reason();
  if (pooler_) event.embedding = pooler_->embedding();
  emit(std::move(event), {});
}

void Request::finish(FinishReason reason) {
  Piece piece;
  piece.text = spec_.generator.finish(reason);
  RequestEvent event;
  event.finish_reason = reason;
  emit(std::move(event), piece);
}

void Request::fail(const Error& error) {
  spec_.generator.abandon();
  RequestEvent event;
  event.error = error;
  failed_ = true;
  event.finish_reason = FinishReason::failed;
  emit(std::move(event), {});
}

void Request::abandon() noexcept {
  if (state == RequestState::done) return;
  state = RequestState::done;
  spec_.control->run.stop();
  if (!is_complete()) spec_.generator.abandon();
}

void Request::report_progress(std::size_t goal) {
  RequestEvent event;
  event.kind = RequestEvent::Kind::progress;
  event.request = id_;
  event.done = static_cast<std::int64_t>(cached - shared_);
  event.total = static_cast<std::int64_t>(goal - shared_);
  event.counts = counts_;
  spec_.sink(std::move(event));
}

void Request::fill() {
  state = RequestState::full;
  RequestEvent event;
  event.kind = RequestEvent::Kind::full;
  event.request = id_;
  event.counts = counts_;
  spec_.sink(std::move(event));
}

void Request::resume(std::vector<TokenId> prompt) {
  spec_.prompt = std::move(prompt);
  state = RequestState::waiting;
  answered_ = false;
}

// Of a batch that it was part of.
void Request::add_seconds(double seconds) noexcept {
  (answered_ ? counts_.decode_seconds : counts_.prefill_seconds) += seconds;
}

}  // namespace tlite
