#include "runtime/request.hpp"

#include <utility>

namespace tlite {

Request::Request(std::int64_t id, RequestSpec spec) : id_(id), spec_(std::move(spec)) {
  result_.prompt_tokens = static_cast<std::int32_t>(size());
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

void Request::begin(std::size_t shared) noexcept {
  cached = shared;
  if (!std::exchange(begun_, true)) result_.cached_tokens = static_cast<std::int32_t>(shared);
}

void Request::emit(RequestEvent&& event, const Piece& piece) {
  event.request = id_;
  event.text = piece.text;
  event.token = piece.token;
  event.logprob = piece.logprob;
  event.top_logprobs.assign(piece.top_logprobs.begin(), piece.top_logprobs.end());
  result_.text += piece.text;
  if (piece.token >= 0) result_.tokens.push_back(piece.token);
  if (piece.logprob) {
    result_.logprobs.push_back(*piece.logprob);
    result_.top_logprobs.push_back(event.top_logprobs);
  }
  result_.finish_reason = event.finish_reason;
  if (event.finish_reason == FinishReason::stop_string) {
    result_.stop_string = spec_.generator.stop_string();
  }
  if (event.finish_reason != FinishReason::none) {
    state = RequestState::done;
    spec_.control->run.stop();
  }
  spec_.sink(std::move(event));
}

void Request::choose(std::span<const float> logits, SamplerWorkspace& workspace) {
  const Piece piece = spec_.generator.step(logits, workspace);
  answered_ = true;
  RequestEvent event;
  event.finish_reason = spec_.generator.finish_reason();
  emit(std::move(event), piece);
}

void Request::finish() {
  RequestEvent event;
  event.finish_reason = spec_.generator.finish_reason();
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
  error_ = error;
  spec_.generator.abandon();
  RequestEvent event;
  event.finish_reason = FinishReason::failed;
  emit(std::move(event), {});
}

void Request::abandon() noexcept {
  if (state == RequestState::done) return;
  state = RequestState::done;
  spec_.control->run.stop();
  if (is_complete()) return;
  spec_.generator.abandon();
  result_.finish_reason = FinishReason::cancelled;
}

void Request::resume(std::vector<TokenId> prompt) {
  spec_.prompt = std::move(prompt);
  state = RequestState::waiting;
}

// Of a batch that it was part of.
void Request::add_seconds(double seconds) noexcept {
  (answered_ ? result_.decode_seconds : result_.prefill_seconds) += seconds;
}

}  // namespace tlite
