#include "runtime/beam_search.hpp"

#include <algorithm>
#include <cmath>
#include <string>
#include <type_traits>
#include <utility>

#include <tlite/error.hpp>

namespace tlite {
namespace {

template <class Number>
std::string text_of(Number value) {
  std::string text = std::to_string(value);
  if constexpr (std::is_floating_point_v<Number>) {
    text.erase(text.find_last_not_of('0') + 1);
    if (text.back() == '.') text.pop_back();
  }
  return text;
}

template <class Number>
void require(bool holds, const char* field, Number value, const std::string& rule) {
  if (holds) return;
  throw Error(ErrorCode::invalid_argument,
              std::string("BeamOptions::") + field + " is " + text_of(value) + "; " + rule);
}

constexpr std::int32_t kWidest = 256;

// The best first; of equal ones those that came first, as Python's sort leaves them.
constexpr auto by_score = [](const auto& a, const auto& b) { return a.score > b.score; };
constexpr auto by_logprob = [](const auto& a, const auto& b) { return a.logprob > b.logprob; };

template <class Beams, class Order>
void keep_best(Beams& beams, std::size_t count, Order order) {
  std::stable_sort(beams.begin(), beams.end(), order);
  if (beams.size() > count)
    beams.erase(beams.begin() + static_cast<std::ptrdiff_t>(count), beams.end());
}

}  // namespace

void validate(const BeamOptions& options) {
  const auto scoring = static_cast<std::int32_t>(options.scoring);
  const auto stopping = static_cast<std::int32_t>(options.early_stopping);
  require(options.beam_width >= 1 && options.beam_width <= kWidest, "beam_width",
          options.beam_width, "it takes 1 to " + std::to_string(kWidest));
  require(options.max_new_tokens >= 1, "max_new_tokens", options.max_new_tokens,
          "it takes 1 or more");
  require(scoring >= 0 && scoring <= 1, "scoring", scoring, "it takes 0 or 1");
  require(stopping >= 0 && stopping <= 2, "early_stopping", stopping, "it takes 0 to 2");
  require(std::isfinite(options.length_penalty), "length_penalty", options.length_penalty,
          "it must be finite");
  require(options.num_return >= 0 && options.num_return <= options.beam_width, "num_return",
          options.num_return, "it takes 0 to beam_width, " + std::to_string(options.beam_width));
  const bool huggingface = options.scoring == BeamScoring::huggingface;
  require(std::isfinite(options.temperature) && options.temperature >= 0.0F, "temperature",
          options.temperature, "it takes 0 or more");
  require(!huggingface || options.temperature == 0.0F, "temperature", options.temperature,
          "with BeamScoring::huggingface it takes 0");
  require(huggingface || options.early_stopping == BeamStopping::heuristic, "early_stopping",
          stopping, "with BeamScoring::vllm it takes 0");
}

BeamSearch::BeamSearch(const BeamOptions& options, std::size_t prompt_tokens,
                       std::span<const TokenId> end_tokens)
    : options_(options),
      prompt_tokens_(prompt_tokens),
      width_(static_cast<std::size_t>(options.beam_width)),
      end_tokens_(end_tokens.begin(), end_tokens.end()),
      running_(1) {
  const bool many = options.scoring == BeamScoring::huggingface && !options.ignore_eos;
  candidates_ = std::max<std::size_t>(2, many ? 1 + end_tokens_.size() : 0) * width_;
}

bool BeamSearch::is_end(TokenId token) const noexcept {
  return std::find(end_tokens_.begin(), end_tokens_.end(), token) != end_tokens_.end();
}

// Of an answer of length_ tokens.
double BeamSearch::score_of(double logprob, TokenId last) const {
  std::size_t length = length_;
  if (options_.scoring == BeamScoring::vllm) {
    length += prompt_tokens_ - (is_end(last) ? 1 : 0);  // not counted, also where it ends nothing
  }
  return logprob /
         std::pow(static_cast<double>(length), static_cast<double>(options_.length_penalty));
}

BeamSearch::Hypothesis BeamSearch::grown(const Candidate& candidate) const {
  Hypothesis beam{{}, candidate.logprob, candidate.score, candidate.ended};
  const std::vector<TokenId>& before = running_[candidate.beam].tokens;
  beam.tokens.reserve(before.size() + 1);
  beam.tokens = before;
  beam.tokens.push_back(candidate.token);
  return beam;
}

// Whether a running beam may yet score more than the worst of the answers.
bool BeamSearch::can_improve() const {
  if (finished_.size() < width_) return true;
  if (running_.empty()) return false;
  const bool longest =
      options_.early_stopping == BeamStopping::never && options_.length_penalty > 0.0F;
  const auto length =
      static_cast<double>(longest ? static_cast<std::size_t>(options_.max_new_tokens) : length_);
  const double best =
      running_.front().logprob / std::pow(length, static_cast<double>(options_.length_penalty));
  return best > finished_.back().score;
}

void BeamSearch::advance_huggingface(std::vector<Candidate>& candidates) {
  const bool last = length_ == static_cast<std::size_t>(options_.max_new_tokens);
  keep_best(candidates, candidates_, by_logprob);
  std::vector<Hypothesis> next;
  for (std::size_t i = 0; i < candidates.size(); ++i) {
    const bool ends = last || candidates[i].ended;
    if (ends && i < width_) finished_.push_back(grown(candidates[i]));
    if (!ends && next.size() < width_) next.push_back(grown(candidates[i]));
  }
  running_ = std::move(next);
  keep_best(finished_, width_, by_score);
  const bool full = finished_.size() == width_;
  done_ = last || (full && options_.early_stopping == BeamStopping::at_once) || !can_improve();
}

void BeamSearch::advance_vllm(std::vector<Candidate>& candidates) {
  for (const Candidate& candidate : candidates) {
    if (candidate.ended) finished_.push_back(grown(candidate));
  }
  keep_best(finished_, width_, by_score);
  std::erase_if(candidates, [](const Candidate& candidate) { return candidate.ended; });
  keep_best(candidates, width_, by_score);
  std::vector<Hypothesis> next;
  next.reserve(candidates.size());
  for (const Candidate& candidate : candidates) next.push_back(grown(candidate));
  running_ = std::move(next);
  if (running_.empty() || length_ == static_cast<std::size_t>(options_.max_new_tokens)) stop();
}

void BeamSearch::advance(std::span<const std::vector<TokenLogprob>> continuations) {
  std::vector<Candidate> candidates;
  ++length_;
  for (std::size_t i = 0; i < running_.size(); ++i) {
    for (const TokenLogprob& next : continuations[i]) {
      const double logprob = running_[i].logprob + static_cast<double>(next.logprob);
      candidates.push_back({i, next.token, logprob, score_of(logprob, next.token),
                            !options_.ignore_eos && is_end(next.token)});
    }
  }
  if (options_.scoring == BeamScoring::huggingface) {
    advance_huggingface(candidates);
  } else {
    advance_vllm(candidates);
  }
}

void BeamSearch::stop() {
  if (done_) return;
  done_ = true;
  if (length_ > 0) finished_.insert(finished_.end(), running_.begin(), running_.end());
  running_.clear();
}

std::vector<BeamSearch::Hypothesis> BeamSearch::best() const {
  std::vector<Hypothesis> all = finished_;
  const auto wanted = static_cast<std::size_t>(options_.num_return);
  keep_best(all, wanted > 0 ? wanted : width_, by_score);
  return all;
}

}  // namespace tlite
