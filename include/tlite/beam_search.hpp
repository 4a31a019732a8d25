// Beam search: the likeliest whole answers, where sampling asks for one token after the other.
//
//   for (const tlite::Beam& beam : engine.beam_search(prompt, {.beam_width = 4}))
//     std::cout << beam.score << ' ' << beam.text << '\n';
//
// Two ways of keeping and comparing beams, each its reference's to the letter: transformers'
// generate(num_beams=...) and vLLM's LLM.beam_search. Log probabilities are those of the raw
// distribution; penalties and filters of SamplingParams have no part in it.
#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <vector>

#include <tlite/generation.hpp>
#include <tlite/tokenizer.hpp>

namespace tlite {

enum class BeamScoring : std::int32_t {
  // The logprob by the length of the answer, its end token counted, to the power of length_penalty.
  huggingface = 0,
  // By the length of prompt and answer, an end token not counted. Only the tokenizer's own end
  // token ends a beam, and the search goes on to max_new_tokens.
  vllm = 1,
};

// When transformers' search ends, once there are beam_width whole answers; no meaning for vllm.
enum class BeamStopping : std::int32_t {
  heuristic = 0,  // False: as soon as the best running beam scores less, were it to end here
  at_once = 1,    // True
  never = 2,      // "never": when none can get better (length_penalty > 0: at their longest)
};

struct BeamOptions {
  std::int32_t beam_width = 4;      // 1 to 256
  std::int32_t max_new_tokens = 0;  // of the answers; >= 1, and must be set
  BeamScoring scoring = BeamScoring::huggingface;
  BeamStopping early_stopping = BeamStopping::heuristic;
  float length_penalty = 1.0F;  // above 0 favours long answers, for logprobs are negative
  bool ignore_eos = false;      // no token ends a beam
  std::int32_t num_return = 0;  // the best so many, to beam_width; 0: all
  // vllm's: where it is above 0 each beam also goes on with a token drawn at this temperature, if
  // that is not among the 2 * beam_width likeliest. huggingface takes 0.
  float temperature = 0.0F;
  std::optional<std::uint64_t> seed = std::nullopt;  // of what is drawn
  std::int32_t priority = 0;                         // of its requests
  // First of all, after each token of the beams, and every 10 ms or so while one is worked on, the
  // prompt's too: with how many they have of max_new_tokens. False ends the search within a work
  // unit: beams that run count as they are, and where they have no token yet there is none.
  std::function<bool(std::int64_t done, std::int64_t total)> on_progress = {};
};

struct Beam {
  std::vector<TokenId> tokens;                      // of the answer, the ending one included
  std::string text;                                 // without it
  double score = 0;                                 // by BeamOptions::scoring; the best comes first
  double logprob = 0;                               // of all its tokens
  FinishReason finish_reason = FinishReason::none;  // end_of_text, length or cancelled
};

}  // namespace tlite
