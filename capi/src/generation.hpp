// Answers and their pieces as C sees them.
//
// An answer that is handed out owns all that its pointers lead to and shares nothing with the
// session or engine that made it, which may go before it or work on. A piece is the other way
// round: one buffer that each piece overwrites, for a token must not cost an allocation.
#pragma once

#include <span>
#include <string>
#include <vector>

#include <tlite.h>

#include <tlite/session.hpp>
#include <tlite/tokenizer.hpp>

namespace tlite::capi {

// Log probabilities with the bytes of their tokens.
// Token bytes may hold NULs and halves of characters: they go out with their size. clear() keeps
// the memory.
class LogprobList {
 public:
  void clear() noexcept;
  void add(const TokenLogprob& logprob, const Tokenizer& tokenizer);
  std::size_t size() const noexcept { return entries_.size(); }
  // Never NULL; lives until the next add. The views into the bytes are set here, for adding moves
  // what they look at.
  // NULL would say that nobody asked.
  const tlite_token_logprob* data();
  // These and no others; as data().
  const tlite_token_logprob* set(std::span<const TokenLogprob> logprobs,
                                 const Tokenizer& tokenizer);

 private:
  std::vector<tlite_token_logprob> entries_;
  std::string bytes_;  // one token's behind the other's, a NUL behind each
};

// The caller's, for tlite_generation_free alone: it is the head of a larger object.
tlite_generation* new_generation(Generation generation, const Tokenizer& tokenizer);

// Holds the latest piece. Its buffers are kept, so that a piece without logprobs allocates nothing.
// A set() that fails leaves half a piece, and the next one starts anew. It has a tokenizer of its
// own, a cheap copy, so that the piece does not depend on the model's handle.
class PieceView {
 public:
  // With room for all but the longest pieces.
  explicit PieceView(const Tokenizer& tokenizer) : tokenizer_(tokenizer) { text_.reserve(64); }
  const tlite_piece& set(const Piece& piece);

 private:
  const Tokenizer tokenizer_;
  tlite_piece view_ = {};
  std::string text_;
  LogprobList chosen_;
  LogprobList likeliest_;
};

}  // namespace tlite::capi
