// The log probabilities of a prompt's own tokens, as the rows of the prompt are evaluated.
//
// The row of a position has the logits that the token behind it is scored by. Rows come in rising
// order, as many at a time as there is room for, and none comes twice: a request that gives way and
// is computed again goes on where it was.
#pragma once

#include "base/cpu.hpp"
#include "sample/logprobs.hpp"

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <span>
#include <utility>
#include <vector>

#include <tlite/sampling.hpp>
#include <tlite/tokenizer.hpp>

namespace tlite {

// Of one thread that scores; any number of prompts take turns.
struct ScoreSpace {
  explicit ScoreSpace(CpuTier tier) : scratch(kernel_ops(tier)) {}

  LogprobScratch scratch;
  Logprobs logprobs;
};

class PromptScores {
 public:
  PromptScores() = default;  // none are wanted
  // Of the tokens at `start` and behind it, 1 <= start <= prompt_size, each with the `likeliest` in
  // its place.
  PromptScores(std::size_t start, std::size_t prompt_size, std::size_t likeliest)
      : start_(start),
        likeliest_(likeliest),
        count_(prompt_size - start),
        chosen_(count_),
        top_(count_) {}

  bool wanted() const noexcept { return count_ > 0; }
  bool complete() const noexcept { return done_ == count_; }
  // The row that comes next, where it is not complete.
  std::size_t next_row() const noexcept { return start_ + done_ - 1; }
  // Of a row, whether a token is scored by it, done or not.
  bool has_row(std::size_t row) const noexcept {
    return row + 1 >= start_ && row + 1 - start_ < count_;
  }

  // Scores the token behind `row`, which has_row. Any number of threads, each with rows and a space
  // of its own. Throws std::bad_alloc.
  void score(std::size_t row, TokenId token, std::span<const float> logits, ScoreSpace& space) {
    const std::size_t at = row + 1 - start_;
    space.logprobs.assign(logits, likeliest_, space.scratch);
    chosen_[at] = space.logprobs.of(token, logits);
    const std::span<const TokenLogprob> top = space.logprobs.likeliest();
    top_[at].assign(top.begin(), top.end());
  }
  // The next `rows` have been scored.
  void advance(std::size_t rows) noexcept { done_ += rows; }

  std::int32_t start() const noexcept { return static_cast<std::int32_t>(start_); }
  // What has been scored so far; nothing is scored any more, and there is nothing a second time.
  std::vector<TokenLogprob> take_chosen() {
    chosen_.resize(std::min(done_, chosen_.size()));
    return std::move(chosen_);
  }
  std::vector<std::vector<TokenLogprob>> take_top() {
    top_.resize(std::min(done_, top_.size()));
    return std::move(top_);
  }

 private:
  std::size_t start_ = 0;
  std::size_t likeliest_ = 0;
  std::size_t count_ = 0;
  std::size_t done_ = 0;
  std::vector<TokenLogprob> chosen_;
  std::vector<std::vector<TokenLogprob>> top_;
};

}  // namespace tlite
