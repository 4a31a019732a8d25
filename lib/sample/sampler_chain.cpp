#include "sample/sampler_chain.hpp"

#include "sample/dynamic_temperature.hpp"
#include "sample/sequence_rules.hpp"
#include "sample/top_k.hpp"
#include "sample/top_n_sigma.hpp"
#include "sample/xtc.hpp"

#include <algorithm>
#include <cmath>
#include <exception>
#include <limits>
#include <new>
#include <set>
#include <string>
#include <utility>

#include <tlite/error.hpp>

namespace tlite {

namespace {

constexpr std::uint64_t kXtcStream = 0x5DEECE66D1CE4E5BULL;  // any constant
constexpr float kBanned = -std::numeric_limits<float>::infinity();

// Extreme biases and penalties may overflow; the softmax needs a finite largest score.
float below_infinity(float score) noexcept {
  return std::min(score, std::numeric_limits<float>::max());
}

void check_numbers(std::span<const float> logits, ErrorCode code, const char* cause) {
  constexpr float kLargest = std::numeric_limits<float>::max();
  unsigned bad = 0;
  for (const float logit : logits) bad |= static_cast<unsigned>(!(logit <= kLargest));
  if (bad == 0) return;
  const auto at =
      std::find_if(logits.begin(), logits.end(), [](float logit) { return !(logit <= kLargest); });
  throw Error(code, "the logit of token " + std::to_string(at - logits.begin()) + " is " +
                        (std::isnan(*at) ? "NaN" : "infinite") + ": " + cause);
}

void apply_mask(std::span<float> scores, std::span<const std::uint32_t> mask) {
  for (std::size_t begin = 0; begin < scores.size(); begin += 32) {
    const std::uint32_t word = begin / 32 < mask.size() ? mask[begin / 32] : 0;
    if (word == ~std::uint32_t{0}) continue;
    const std::size_t end = std::min(begin + 32, scores.size());
    for (std::size_t i = begin; i < end; ++i) {
      if ((word >> (i - begin) & 1U) == 0) scores[i] = kBanned;
    }
  }
}

// transformers keeps the sequences in a dictionary: of equal ones the last counts.
void keep_last(std::vector<std::pair<std::vector<TokenId>, float>>& entries) {
  std::set<std::vector<TokenId>> seen;
  const auto repeated = [&](const auto& entry) { return !seen.insert(entry.first).second; };
  entries.erase(entries.begin(), std::remove_if(entries.rbegin(), entries.rend(), repeated).base());
}

}  // namespace

SamplerChain::SamplerChain(const SamplingParams& params, std::uint64_t seed, std::uint64_t drawn,
                           std::span<const TokenId> end_tokens)
    : params_(params),
      draws_{CounterRng(seed, drawn), CounterRng(seed ^ kXtcStream, drawn)},
      end_tokens_(end_tokens.begin(), end_tokens.end()),
      keeps_tokens_(params.no_repeat_ngram_size > 0 || !params.bad_words.empty() ||
                    !params.sequence_bias.empty() || params.dry_multiplier > 0.0F) {
  keep_last(params_.sequence_bias);
  std::sort(params_.dry_sequence_breakers.begin(), params_.dry_sequence_breakers.end());
  if (params.mirostat != 0) {
    draws_.mirostat.emplace(params.mirostat, params.mirostat_tau, params.mirostat_eta);
  }
  if (params.adaptive_target >= 0.0F) {
    draws_.adaptive.emplace(params.adaptive_target, params.adaptive_decay);
  }
}

void SamplerChain::set_processor(LogitsProcessor processor, std::span<const TokenId> tokens) {
  processor_ = std::move(processor);
  if (!processor_ || keeps_tokens_) return;
  keeps_tokens_ = true;
  tokens_.assign(tokens.begin(), tokens.end());
}

void SamplerChain::process(std::span<float> scores) const {
  const auto failed = [](const std::string& what) {
    return Error(ErrorCode::invalid_argument, "the logits processor has thrown " + what);
  };
  try {
    processor_(tokens_, scores);
  } catch (const Error&) {
    throw;
  } catch (const std::bad_alloc&) {
    throw;
  } catch (const std::exception& error) {
    throw failed(error.what());
  } catch (...) {
    throw failed("what is no std::exception");
  }
  check_numbers(scores, ErrorCode::invalid_argument, "the logits processor has made it so");
}

void SamplerChain::observe_prompt(std::span<const TokenId> tokens) {
  TokenCounts counts = counts_;
  if (params_.repetition_penalty != 1.0F) {
    for (const TokenId token : tokens) counts.add_prompt(token);
  }
  if (keeps_tokens_) tokens_.insert(tokens_.end(), tokens.begin(), tokens.end());
  counts_ = std::move(counts);
  length_ += tokens.size();
}

// For one token more of the answer.
void SamplerChain::make_room() {
  if (penalises()) counts_.reserve(1);
  if (keeps_tokens_ && tokens_.size() == tokens_.capacity())
    tokens_.reserve(2 * tokens_.size() + 1);
}

void SamplerChain::observe_output(TokenId token) {
  make_room();
  ++length_;
  ++answered_;
  if (keeps_tokens_) tokens_.push_back(token);
  if (penalises()) counts_.add_output(token);
}

void SamplerChain::reserve(std::size_t tokens) {
  if (keeps_tokens_) tokens_.reserve(tokens_.size() + tokens);
  if (penalises()) counts_.reserve(tokens);
}

bool SamplerChain::penalises() const noexcept {
  return params_.repetition_penalty != 1.0F || params_.presence_penalty != 0.0F ||
         params_.frequency_penalty != 0.0F;
}

// Bias first, as in vLLM's sampler and transformers' processor list. Ids beyond the logits are
// ignored: a vocabulary may be larger than a model's output.
void SamplerChain::penalise(std::span<float> scores) const {
  for (const auto& [token, bias] : params_.logit_bias) {
    const auto i = static_cast<std::size_t>(token);
    if (i < scores.size()) scores[i] = below_infinity(scores[i] + bias);
  }
  bias_sequences(scores, tokens_, params_.sequence_bias);
  if (!penalises()) return;
  counts_.for_each([&](const TokenCounts::Entry& entry) {
    const auto i = static_cast<std::size_t>(entry.token);
    if (i >= scores.size() || scores[i] == kBanned) return;
    float score = scores[i];
    score = score < 0.0F ? score * params_.repetition_penalty : score / params_.repetition_penalty;
    if (entry.output > 0) {
      score -= params_.frequency_penalty * static_cast<float>(entry.output);
      score -= params_.presence_penalty;
    }
    scores[i] = below_infinity(score);
  });
}

// Everything between the penalties and the filters, in transformers' order.
void SamplerChain::apply_rules(std::span<float> scores, const SampleStep& step) const {
  if (params_.no_repeat_ngram_size > 0) {
    ban_repeated_ngrams(scores, tokens_, static_cast<std::size_t>(params_.no_repeat_ngram_size));
  }
  ban_sequences(scores, tokens_, params_.bad_words, end_tokens_);
  ban(scores, step.banned);
  if (params_.forced_bos_token_id && length_ == 1) {
    force(scores, {&*params_.forced_bos_token_id, 1});
  }
  if (!step.forced.empty()) force(scores, step.forced);
  if (step.is_last && !params_.forced_eos_token_ids.empty()) {
    force(scores, params_.forced_eos_token_ids);
  }
  if (params_.length_decay) {
    const auto start = static_cast<std::size_t>(params_.length_decay->start);
    if (answered_ > start) {
      decay_length(scores, end_tokens_, params_.length_decay->factor, answered_ - start);
    }
  }
  ban(scores, params_.suppress_tokens);
  // A forced first token counts as the prompt's.
  const bool forced = params_.forced_bos_token_id && length_ - answered_ == 1;
  if (answered_ == (forced ? 1U : 0U)) ban(scores, params_.begin_suppress_tokens);
  if (!step.mask.empty()) apply_mask(scores, step.mask);
}

// The candidates, narrowed to those that may be drawn.
void SamplerChain::filter(SamplerWorkspace& workspace, float largest) {
  const std::span<float> scores = workspace.scores;
  if (params_.top_n_sigma > 0.0F) {
    keep_top_n_sigma(scores, largest, params_.top_n_sigma);
    chunk_maxima(scores, workspace.maxima, *workspace.ops);
  }
  const bool dynamic = params_.dynatemp_range > 0.0F;
  const float temperature = dynamic ? 1.0F : params_.temperature;
  Candidates& candidates = workspace.candidates;
  if (params_.top_k > 0) {
    candidates.assign_top_k(scores, workspace.maxima, largest, temperature,
                            static_cast<std::size_t>(params_.top_k));
  } else {
    candidates.assign(scores, largest, temperature);
  }
  if (params_.top_p < 1.0F) candidates.top_p(params_.top_p);
  if (params_.min_p > 0.0F) candidates.min_p(params_.min_p);
  if (params_.typical_p < 1.0F) candidates.typical(params_.typical_p);
  if (params_.epsilon_cutoff > 0.0F) candidates.epsilon(params_.epsilon_cutoff);
  if (params_.eta_cutoff > 0.0F) candidates.eta(params_.eta_cutoff);
  if (params_.xtc_probability > 0.0F && params_.xtc_threshold <= 0.5F &&
      draws_.xtc_rng.next_unit() <= static_cast<double>(params_.xtc_probability)) {
    exclude_top_choices(candidates, params_.xtc_threshold);
  }
  if (dynamic) {
    apply_dynamic_temperature(candidates, params_.temperature, params_.dynatemp_range,
                              params_.dynatemp_exponent);
  }
}

TokenId SamplerChain::draw_by_mirostat(SamplerWorkspace& workspace, float largest) {
  Candidates& candidates = workspace.candidates;
  candidates.assign(workspace.scores, largest, params_.temperature);
  draws_.mirostat->truncate(candidates, workspace.scores.size());
  const TokenId token = candidates.draw(draws_.rng.next_unit());
  draws_.mirostat->observe(candidates.weights()[candidates.index_of(token)] / candidates.total());
  return token;
}

TokenId SamplerChain::draw_adapted(SamplerWorkspace& workspace) {
  Candidates& candidates = workspace.candidates;
  draws_.adaptive->apply(candidates, workspace.shares);
  const TokenId token = candidates.draw(draws_.rng.next_unit());
  draws_.adaptive->observe(workspace.shares[candidates.index_of(token)]);
  return token;
}

TokenId SamplerChain::choose(SamplerWorkspace& workspace) {
  const std::span<const float> scores = workspace.scores;
  const float largest = chunk_maxima(scores, workspace.maxima, *workspace.ops);
  if (largest == kBanned) {
    throw Error(ErrorCode::invalid_argument,
                "no token is left to choose: allowed_token_ids, logit_bias, min_new_tokens, "
                "suppressed tokens, bad words, n-grams and the mask exclude all " +
                    std::to_string(scores.size()));
  }
  if (params_.temperature == 0.0F) {
    return static_cast<TokenId>(first_largest(scores, workspace.maxima));
  }
  if (draws_.mirostat) return draw_by_mirostat(workspace, largest);
  filter(workspace, largest);
  if (draws_.adaptive) return draw_adapted(workspace);
  return workspace.candidates.draw(draws_.rng.next_unit());
}

SampledToken SamplerChain::draw(std::span<const float> logits, SamplerWorkspace& workspace,
                                const SampleStep& step) {
  check_numbers(logits, ErrorCode::corrupt, "the model's weights are damaged");
  workspace.scores.assign(logits.begin(), logits.end());
  if (processor_) process(workspace.scores);
  if (!params_.allowed_token_ids.empty()) {
    ban_others(workspace.scores, params_.allowed_token_ids, workspace.scratch);
  }
  penalise(workspace.scores);
  if (params_.dry_multiplier > 0.0F) {
    penalise_repetition(workspace.scores, tokens_, params_, workspace.dry);
  }
  apply_rules(workspace.scores, step);
  SampledToken result;
  result.token = choose(workspace);
  if (params_.logprobs >= 0) {
    logprobs_.assign(logits, static_cast<std::size_t>(params_.logprobs), workspace.logprobs);
    result.logprob = logprobs_.of(result.token, logits);
    result.top_logprobs = logprobs_.likeliest();
  }
  return result;
}

void SamplerChain::sample(std::span<const float> logits, SamplerWorkspace& workspace,
                          const SampleStep& step,
                          FunctionRef<void(const SampledToken& sampled)> take) {
  make_room();
  const Draws before = draws_;
  try {
    take(draw(logits, workspace, step));
  } catch (...) {
    draws_ = before;
    throw;
  }
}

SampledToken SamplerChain::sample(std::span<const float> logits, SamplerWorkspace& workspace,
                                  const SampleStep& step) {
  SampledToken result;
  sample(logits, workspace, step, [&](const SampledToken& sampled) { result = sampled; });
  return result;
}

}  // namespace tlite
