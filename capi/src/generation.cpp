#include "generation.hpp"

#include "arguments.hpp"
#include "sampling.hpp"

#include <memory>
#include <utility>

namespace tlite::capi {
namespace {

struct OwnedGeneration : tlite_generation {
  explicit OwnedGeneration(Generation generation)
      : tlite_generation(), value(std::move(generation)) {}

  const Generation value;
  std::vector<tlite_token_logprob> chosen;
  std::vector<tlite_token_logprob> likeliest;
  std::vector<std::size_t> offsets;
};

void set_logprobs(OwnedGeneration& result) {
  const Generation& value = result.value;
  if (!value.logprobs.empty()) {
    for (const TokenLogprob& logprob : value.logprobs) {
      result.chosen.push_back(logprob_out(logprob));
    }
    result.logprobs = result.chosen.data();
  }
  if (!value.top_logprobs.empty()) {
    result.offsets.push_back(0);
    for (const auto& row : value.top_logprobs) {
      for (const TokenLogprob& logprob : row) result.likeliest.push_back(logprob_out(logprob));
      result.offsets.push_back(result.likeliest.size());
    }
    result.likeliest.reserve(1);  // not NULL, even where each row is empty
    result.top_logprobs = result.likeliest.data();
    result.top_logprob_offsets = result.offsets.data();
  }
}

}  // namespace

tlite_generation* new_generation(Generation generation) {
  auto result = std::make_unique<OwnedGeneration>(std::move(generation));
  const Generation& value = result->value;
  result->struct_size = sizeof(tlite_generation);
  result->finish_reason = static_cast<tlite_finish_reason>(value.finish_reason);
  result->text = text_out(value.text);
  result->stop_string = text_out(value.stop_string);
  result->tokens = value.tokens.data();
  result->token_count = value.tokens.size();
  set_logprobs(*result);
  result->prompt_tokens = value.prompt_tokens;
  result->cached_tokens = value.cached_tokens;
  result->dropped_messages = value.dropped_messages;
  result->prefill_seconds = value.prefill_seconds;
  result->decode_seconds = value.decode_seconds;
  return result.release();
}

const tlite_piece& PieceView::set(const Piece& piece) {
  text_ = piece.text;
  top_.clear();
  for (const TokenLogprob& logprob : piece.top_logprobs) top_.push_back(logprob_out(logprob));
  if (piece.logprob) logprob_ = logprob_out(*piece.logprob);
  view_ = {sizeof(tlite_piece),
           piece.token,
           text_out(text_),
           piece.logprob ? &logprob_ : nullptr,
           top_.empty() ? nullptr : top_.data(),
           top_.size()};
  return view_;
}

}  // namespace tlite::capi

void tlite_generation_free(tlite_generation* generation) noexcept {
  delete static_cast<tlite::capi::OwnedGeneration*>(generation);
}
