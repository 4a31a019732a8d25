// Answers and their pieces as C sees them.
#pragma once

#include <string>
#include <vector>

#include <tlite.h>

#include <tlite/session.hpp>
#include <tlite/tokenizer.hpp>

namespace tlite::capi {

// Log probabilities with the bytes of their tokens.
class LogprobList {
 public:
  void clear() noexcept;
  void add(const TokenLogprob& logprob, const Tokenizer& tokenizer);
  std::size_t size() const noexcept { return entries_.size(); }
  // Never NULL; lives until the next add. The views into the bytes are set here, for adding moves
  // what they look at.
  const tlite_token_logprob* data();

 private:
  std::vector<tlite_token_logprob> entries_;
  std::string bytes_;  // one token's behind the other's, a NUL behind each
};

tlite_generation* new_generation(Generation generation, const Tokenizer& tokenizer);

// Holds the latest piece. Its buffers are kept, so that a piece without logprobs allocates nothing.
class PieceView {
 public:
  explicit PieceView(const Tokenizer& tokenizer) : tokenizer_(tokenizer) {}
  const tlite_piece& set(const Piece& piece);

 private:
  const Tokenizer tokenizer_;
  tlite_piece view_ = {};
  std::string text_;
  LogprobList chosen_;
  LogprobList likeliest_;
};

}  // namespace tlite::capi
