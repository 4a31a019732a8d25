#include "runtime/answer.hpp"

#include <chrono>
#include <string>
#include <utility>

#include <tlite/error.hpp>

namespace tlite {

namespace {

// Adds the time until it goes out of scope.
class Timer {
 public:
  explicit Timer(double& seconds) : seconds_(seconds) {}
  ~Timer() {
    seconds_ += std::chrono::duration<double>(std::chrono::steady_clock::now() - start_).count();
  }
  Timer(const Timer&) = delete;
  Timer& operator=(const Timer&) = delete;

 private:
  double& seconds_;
  std::chrono::steady_clock::time_point start_ = std::chrono::steady_clock::now();
};

// After oldest turns were dropped, a quarter of the context is free where that is possible:
// dropping just enough for one token would mean a new prefill with every further one.
std::size_t room_to_make(std::size_t context, std::size_t answer_tokens) {
  const std::size_t kept = context - context / 4;
  return kept > answer_tokens ? kept - answer_tokens : 0;
}

}  // namespace

std::vector<TokenId> fit_prompt(std::vector<TokenId> prompt, std::size_t answer_tokens,
                                std::size_t context, OverflowPolicy overflow,
                                const ShortenPrompt& shorten) {
  const auto fits = [&] { return prompt.size() + answer_tokens < context; };
  if (!fits() && overflow == OverflowPolicy::drop_oldest && shorten) {
    if (auto shorter = shorten(room_to_make(context, answer_tokens))) prompt = *std::move(shorter);
  }
  if (prompt.empty()) throw Error(ErrorCode::invalid_argument, "empty prompt");
  if (!fits()) {
    throw Error(ErrorCode::context_full, "the prompt takes " +
                                             std::to_string(prompt.size() + answer_tokens) +
                                             " tokens, the context of " + std::to_string(context) +
                                             " must hold it and one more");
  }
  return prompt;
}

Answer::Answer(CachedSequence& cache, SamplerWorkspace& workspace, const RunState& run,
               std::vector<TokenId> prompt, Generator generator, OverflowPolicy overflow,
               ShortenPrompt shorten, PrefillProgress progress)
    : cache_(cache),
      workspace_(workspace),
      run_(run),
      prompt_(std::move(prompt)),
      generator_(std::move(generator)),
      overflow_(overflow),
      shorten_(std::move(shorten)),
      progress_(std::move(progress)) {
  sequence_.reserve(cache.context());
  sequence_ = prompt_;
  sequence_.insert(sequence_.end(), generator_.tokens().begin(), generator_.tokens().end());
  result_.prompt_tokens = static_cast<std::int32_t>(sequence_.size());
}

// Brings the cache up to the sequence. False where it was cancelled.
bool Answer::evaluate() {
  const bool prefilling = !prefilled_ || sequence_.size() > cache_.tokens().size() + 1;
  while (!run_.cancelled()) {
    try {
      return cache_.extend(sequence_, prefilling ? progress_ : PrefillProgress());
    } catch (const Error& error) {
      if (error.code() != ErrorCode::cancelled) throw;
      // Meant for an answer that had ended when the cancel arrived: go on.
      if (!run_.cancelled()) cache_.model().clear_cancel();
    }
  }
  return false;
}

bool Answer::prefill() {
  const Timer timer(result_.prefill_seconds);
  result_.cached_tokens = static_cast<std::int32_t>(cache_.keep_prefix(sequence_));
  const bool done = evaluate();
  prefilled_ = true;
  return done;
}

// Room for the token that was chosen last and the next one. False where there is none to be had.
bool Answer::make_room() {
  const std::size_t context = cache_.context();
  if (sequence_.size() < context) return true;
  if (overflow_ == OverflowPolicy::error) {
    throw Error(ErrorCode::context_full,
                "prompt and answer fill the context of " + std::to_string(context) + " tokens");
  }
  if (overflow_ != OverflowPolicy::drop_oldest || !shorten_) return false;
  const std::vector<TokenId>& answer = generator_.tokens();
  auto shorter = shorten_(room_to_make(context, answer.size()));
  if (!shorter || shorter->empty() || shorter->size() + answer.size() >= context) return false;
  prompt_ = *std::move(shorter);
  sequence_ = prompt_;
  sequence_.insert(sequence_.end(), answer.begin(), answer.end());
  cache_.keep_prefix(sequence_);
  return true;
}

void Answer::record(const Piece& piece) {
  result_.text += piece.text;
  if (piece.token >= 0) result_.tokens.push_back(piece.token);
  if (!piece.logprob) return;
  result_.logprobs.push_back(*piece.logprob);
  result_.top_logprobs.emplace_back(piece.top_logprobs.begin(), piece.top_logprobs.end());
}

void Answer::record_end() {
  result_.finish_reason = generator_.finish_reason();
  if (result_.finish_reason == FinishReason::stop_string) {
    result_.stop_string = generator_.stop_string();
  }
}

std::optional<Piece> Answer::finish(FinishReason reason) {
  Piece piece;
  piece.text = generator_.finish(reason);
  record(piece);
  record_end();
  if (piece.text.empty()) return std::nullopt;
  return piece;
}

std::optional<Piece> Answer::choose() {
  const Piece piece = generator_.step(cache_.logits(), workspace_);
  sequence_.push_back(piece.token);
  record(piece);
  record_end();
  return piece;
}

std::optional<Piece> Answer::next() {
  if (!prefilled_) {
    if (!prefill()) return finish(FinishReason::cancelled);
    record_end();
    if (generator_.finish_reason() != FinishReason::none) return std::nullopt;
    const Timer timer(result_.decode_seconds);
    return choose();
  }
  if (generator_.finish_reason() != FinishReason::none) return std::nullopt;
  const Timer timer(result_.decode_seconds);
  if (!make_room()) return finish(FinishReason::context_full);
  if (!evaluate()) return finish(FinishReason::cancelled);
  return choose();
}

void Answer::abandon() noexcept {
  if (generator_.finish_reason() != FinishReason::none) return;
  generator_.abandon();
  result_.finish_reason = FinishReason::cancelled;
}

}  // namespace tlite
