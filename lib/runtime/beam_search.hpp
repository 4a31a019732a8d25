// Which beams go on and which answers are kept, given what each beam may go on with.
//
// After transformers 5.24, generation/utils.py (GenerationMixin._beam_search), and vLLM 0.32,
// entrypoints/generate/beam_search; where float32 sums there are doubles here. In both the
// candidates of a step are the likeliest continuations of all running beams together. transformers
// takes as many as cannot all be ends, keeps the best `width` that are none, and lets only the best
// `width` candidates end; vLLM keeps the best `width` that are none and every end.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

#include <tlite/beam_search.hpp>
#include <tlite/sampling.hpp>
#include <tlite/tokenizer.hpp>

namespace tlite {

// Throws invalid_argument naming the field and the value that is out of range.
void validate(const BeamOptions& options);

class BeamSearch {
 public:
  struct Hypothesis {
    std::vector<TokenId> tokens;  // of the answer
    double logprob = 0;
    double score = 0;
    bool ended = false;  // by an end token
  };

  // `options` are validated; `end_tokens` are those that end a beam.
  BeamSearch(const BeamOptions& options, std::size_t prompt_tokens,
             std::span<const TokenId> end_tokens);

  bool done() const noexcept { return done_; }
  // What goes on: one at the beginning, the best first.
  const std::vector<Hypothesis>& running() const noexcept { return running_; }
  // How many of its likeliest continuations each needs.
  std::size_t continuations() const noexcept { return candidates_; }
  // The next token of all of them: by running beam what it may go on with, the likeliest first.
  void advance(std::span<const std::vector<TokenLogprob>> continuations);
  // Ends where it is.
  void stop();

  // The best answers, in order; with stop() those that were running among them.
  std::vector<Hypothesis> best() const;

 private:
  // A running beam and its next token.
  struct Candidate {
    std::size_t beam = 0;
    TokenId token = -1;
    double logprob = 0;  // of the whole
    double score = 0;
    bool ended = false;
  };

  bool is_end(TokenId token) const noexcept;
  double score_of(double logprob, TokenId last) const;
  Hypothesis grown(const Candidate& candidate) const;
  void advance_huggingface(std::vector<Candidate>& candidates);
  void advance_vllm(std::vector<Candidate>& candidates);
  bool can_improve() const;

  BeamOptions options_;
  std::size_t prompt_tokens_;
  std::size_t width_;
  std::size_t candidates_;
  std::size_t length_ = 0;  // of the running answers
  std::vector<TokenId> end_tokens_;
  std::vector<Hypothesis> running_;
  std::vector<Hypothesis> finished_;  // huggingface: the best `width`, in order
  bool done_ = false;
};

}  // namespace tlite
