// DRY, don't repeat yourself: a token that would go on with a repetition gets the less likely the
// longer that is, by multiplier * base^(length - allowed_length). By p-e-w,
// https://github.com/oobabooga/text-generation-webui/pull/5677; details are llama.cpp's.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <utility>
#include <vector>

#include <tlite/sampling.hpp>
#include <tlite/tokenizer.hpp>

namespace tlite {

struct DryScratch {
  std::vector<std::size_t> repeats;
  std::vector<std::pair<TokenId, std::size_t>> next;
};

// `tokens`: the whole sequence, prompt and answer. The breakers of `params` are in ascending order.
// Bans nothing.
void penalise_repetition(std::span<float> scores, std::span<const TokenId> tokens,
                         const SamplingParams& params, DryScratch& scratch);

}  // namespace tlite
