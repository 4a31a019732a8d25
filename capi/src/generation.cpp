#include "generation.hpp"

#include "arguments.hpp"

#include <memory>
#include <utility>

namespace tlite::capi {

void LogprobList::clear() noexcept {
  entries_.clear();
  bytes_.clear();
}

void LogprobList::add(const TokenLogprob& logprob, const Tokenizer& tokenizer) {
  // A model may have rows of logits that no token belongs to.
  const bool known = static_cast<std::size_t>(logprob.token) < tokenizer.vocabulary_size();
  const std::string bytes = known ? tokenizer.token_bytes(logprob.token) : std::string();
  bytes_.append(bytes).push_back('\0');
  entries_.push_back({logprob.token, logprob.logprob, logprob.rank, 0, {nullptr, bytes.size()}});
}

const tlite_token_logprob* LogprobList::data() {
  entries_.reserve(1);
  const char* bytes = bytes_.data();
  for (tlite_token_logprob& entry : entries_) {
    entry.bytes.data = bytes;
    bytes += entry.bytes.size + 1;
  }
  return entries_.data();
}

const tlite_token_logprob* LogprobList::set(std::span<const TokenLogprob> logprobs,
                                            const Tokenizer& tokenizer) {
  clear();
  for (const TokenLogprob& logprob : logprobs) add(logprob, tokenizer);
  return data();
}

namespace {

// What C gets a pointer to is the base; a C structure has no virtual destructor, so whoever frees
// one casts it back first. `value` is const, and the object stays where it is: the views of the
// base point into it.
struct OwnedGeneration : tlite_generation {
  explicit OwnedGeneration(Generation generation)
      : tlite_generation(), value(std::move(generation)) {}

  const Generation value;
  LogprobList chosen;
  LogprobList likeliest;
  std::vector<std::size_t> offsets;
  LogprobList of_prompt;
  LogprobList prompt_likeliest;
  std::vector<std::size_t> prompt_offsets;
};

// Rows behind one another: row i has the entries [offsets[i], offsets[i + 1]).
// Offsets and not pointers, since the entries move while later ones are added.
void add_rows(const std::vector<std::vector<TokenLogprob>>& rows, const Tokenizer& tokenizer,
              LogprobList& entries, std::vector<std::size_t>& offsets) {
  offsets.push_back(0);
  for (const auto& row : rows) {
    for (const TokenLogprob& logprob : row) entries.add(logprob, tokenizer);
    offsets.push_back(entries.size());
  }
}

void set_logprobs(OwnedGeneration& result, const Tokenizer& tokenizer) {
  const Generation& value = result.value;
  if (!value.logprobs.empty()) result.logprobs = result.chosen.set(value.logprobs, tokenizer);
  if (!value.top_logprobs.empty()) {
    add_rows(value.top_logprobs, tokenizer, result.likeliest, result.offsets);
    result.top_logprobs = result.likeliest.data();
    result.top_logprob_offsets = result.offsets.data();
    result.top_logprob_count = result.likeliest.size();
  }
}

// A start of 0 says that nobody asked: position 0 has no logits before it. Where somebody did, the
// lists are never NULL, even if the request ended before the first entry.
void set_prompt_logprobs(OwnedGeneration& result, const Tokenizer& tokenizer) {
  const Generation& value = result.value;
  if (value.prompt_logprobs_start == 0) return;
  result.prompt_logprobs_start = value.prompt_logprobs_start;
  result.prompt_logprobs = result.of_prompt.set(value.prompt_logprobs, tokenizer);
  result.prompt_logprob_count = result.of_prompt.size();
  add_rows(value.prompt_top_logprobs, tokenizer, result.prompt_likeliest, result.prompt_offsets);
  result.prompt_top_logprobs = result.prompt_likeliest.data();
  result.prompt_top_logprob_offsets = result.prompt_offsets.data();
}

}  // namespace

// Held by a unique_ptr until nothing can fail any more. Each list is full before a pointer into it
// is taken.
tlite_generation* new_generation(Generation generation, const Tokenizer& tokenizer) {
  auto result = std::make_unique<OwnedGeneration>(std::move(generation));
  const Generation& value = result->value;
  result->struct_size = sizeof(tlite_generation);
  result->finish_reason = static_cast<tlite_finish_reason>(value.finish_reason);
  result->text = text_out(value.text);
  result->stop_string = text_out(value.stop_string);
  result->tokens = value.tokens.data();
  result->token_count = value.tokens.size();
  set_logprobs(*result, tokenizer);
  set_prompt_logprobs(*result, tokenizer);
  result->prompt_tokens = value.prompt_tokens;
  result->cached_tokens = value.cached_tokens;
  result->dropped_messages = value.dropped_messages;
  result->prefill_seconds = value.prefill_seconds;
  result->decode_seconds = value.decode_seconds;
  if (!value.embedding.empty()) result->embedding = value.embedding.data();
  result->embedding_size = value.embedding.size();
  return result.release();
}

const tlite_piece& PieceView::set(const Piece& piece) {
  // Copied, as the C++ piece is its stream's and changes with it.
  text_ = piece.text;
  view_ = {sizeof(tlite_piece), piece.token, text_out(text_), nullptr, nullptr, 0};
  if (piece.logprob) view_.logprob = chosen_.set({&*piece.logprob, 1}, tokenizer_);
  if (!piece.top_logprobs.empty()) {
    view_.top_logprobs = likeliest_.set(piece.top_logprobs, tokenizer_);
    view_.top_logprob_count = likeliest_.size();
  }
  return view_;
}

}  // namespace tlite::capi

void tlite_generation_free(tlite_generation* generation) noexcept {
  delete static_cast<tlite::capi::OwnedGeneration*>(generation);
}
