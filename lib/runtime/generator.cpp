#include "runtime/generator.hpp"

#include "sample/room.hpp"

#include <algorithm>
#include <utility>

namespace tlite {

namespace {

bool contains(const std::vector<TokenId>& tokens, TokenId token) noexcept {
  return std::find(tokens.begin(), tokens.end(), token) != tokens.end();
}

}  // namespace

Generator::Generator(const Tokenizer& tokenizer, const SamplingParams& params,
                     std::span<const TokenId> end_tokens, std::uint64_t seed,
                     std::span<const TokenId> prompt, const PartialAnswer& answer)
    : params_(params),
      lengths_(params, end_tokens, prompt.size() + answer.tokens.size()),
      thinking_(params, tokenizer.thinking_tokens()),
      vocabulary_size_(static_cast<TokenId>(tokenizer.vocabulary_size())),
      sampler_(params, seed, answer.tokens.size(), lengths_.end_tokens()),
      decoder_(tokenizer, {.skip_special = true}),
      matcher_(params.stop, params.include_stop_in_output),
      tokens_(answer.tokens) {
  sampler_.observe_prompt(prompt);
  thinking_.observe_prompt(prompt, end_tokens);
  for (const TokenId token : tokens_) {
    sampler_.observe_output(token);
    thinking_.observe(token);
    push_text(token);  // a stop string in what was there before does not end the answer
  }
  std::string held = text_;
  StopScanner(matcher_).flush(held);
  shown_ = std::min(answer.shown, held.size());
  if (lengths_.max_new_tokens() == 0) reason_ = FinishReason::length;
}

void Generator::set_processor(LogitsProcessor processor, std::span<const TokenId> prompt) {
  std::vector<TokenId> all(prompt.begin(), prompt.end());
  all.insert(all.end(), tokens_.begin(), tokens_.end());
  sampler_.set_processor(std::move(processor), all);
}

std::size_t Generator::expected(std::size_t left) const noexcept {
  left = std::min(left, kAnswerRoom);
  if (lengths_.max_new_tokens() < 0) return left;
  const auto wanted =
      static_cast<std::size_t>(std::max(lengths_.max_new_tokens() - new_tokens_, 0));
  return std::min(left, wanted);
}

void Generator::reserve(std::size_t tokens) {
  tokens_.reserve(tokens_.size() + tokens);
  text_.reserve(text_.size() + kTokenRoom * tokens);
  sampler_.reserve(tokens);
}

// Ids beyond the vocabulary are rows of padding in the embedding table: they have no text.
bool Generator::push_text(TokenId token) {
  return token < vocabulary_size_ && matcher_.push(decoder_.push(token), text_);
}

std::string_view Generator::show() noexcept {
  const std::size_t from = std::min(shown_, text_.size());
  shown_ = std::max(shown_, text_.size());
  return std::string_view(text_).substr(from);
}

Piece Generator::step(std::span<const float> logits, SamplerWorkspace& workspace,
                      std::span<const std::uint32_t> mask) {
  SampleStep next = lengths_.step(new_tokens_, mask);
  next.forced = thinking_.forced();
  const SampledToken sampled = sampler_.sample(logits, workspace, next);
  tokens_.push_back(sampled.token);
  ++new_tokens_;
  sampler_.observe_output(sampled.token);
  thinking_.observe(sampled.token);

  const bool end = contains(lengths_.end_tokens(), sampled.token);
  const bool stop = contains(params_.stop_token_ids, sampled.token);
  const bool has_text = (!end && !stop) || params_.include_stop_in_output;
  Piece piece;
  piece.token = sampled.token;
  piece.logprob = sampled.logprob;
  piece.top_logprobs = sampled.top_logprobs;
  if (has_text && push_text(sampled.token)) {
    reason_ = FinishReason::stop_string;
  } else if (end) {
    end_with(FinishReason::end_of_text);
  } else if (stop) {
    end_with(FinishReason::stop_token);
  } else if (new_tokens_ == lengths_.max_new_tokens()) {
    end_with(FinishReason::length);
  }
  piece.text = show();
  return piece;
}

void Generator::end_with(FinishReason reason) {
  reason_ = reason;
  matcher_.flush(text_);
  const std::string_view tail = decoder_.finish();
  text_ += tail;
  tail_ = tail.size();
}

std::string_view Generator::finish(FinishReason reason) {
  end_with(reason);
  return show();
}

void Generator::abandon() noexcept { reason_ = FinishReason::cancelled; }

PartialAnswer Generator::partial() const { return {tokens_, shown_ - tail_}; }

}  // namespace tlite
