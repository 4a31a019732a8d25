// Answers and their pieces as C sees them.
#pragma once

#include <string>
#include <vector>

#include <tlite.h>

#include <tlite/session.hpp>

namespace tlite::capi {

tlite_generation* new_generation(Generation generation);

// Holds the latest piece. Its buffers are kept, so that a piece allocates nothing.
class PieceView {
 public:
  const tlite_piece& set(const Piece& piece);

 private:
  tlite_piece view_ = {};
  std::string text_;
  tlite_token_logprob logprob_ = {};
  std::vector<tlite_token_logprob> top_;
};

}  // namespace tlite::capi
