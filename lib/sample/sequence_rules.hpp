// Rules about which token may follow the tokens so far: transformers' logits processors of
// generation/logits_process.py, one function each, over the scores of the next token.
//
// `tokens` is the whole sequence, prompt and answer. Ids beyond the scores are ignored.
#pragma once

#include <cstdint>
#include <span>
#include <utility>
#include <vector>

#include <tlite/sampling.hpp>
#include <tlite/tokenizer.hpp>

namespace tlite {

// -infinity: a token that cannot be chosen.
void ban(std::span<float> scores, std::span<const TokenId> tokens) noexcept;

// The same for all but these, in any order. `scratch` is overwritten.
void ban_others(std::span<float> scores, std::span<const TokenId> allowed,
                std::vector<float>& scratch);

// A sequence acts on its last token where what is before that ends `tokens`: one of a single token
// always does.
void bias_sequences(std::span<float> scores, std::span<const TokenId> tokens,
                    std::span<const std::pair<std::vector<TokenId>, float>> sequences);

// What would make a sequence complete; a single token of `end_tokens` is no bad word.
void ban_sequences(std::span<float> scores, std::span<const TokenId> tokens,
                   std::span<const std::vector<TokenId>> sequences,
                   std::span<const TokenId> end_tokens);

// What would repeat `size` tokens that follow each other.
void ban_repeated_ngrams(std::span<float> scores, std::span<const TokenId> tokens,
                         std::size_t size);

// Nothing but these; their scores are equal.
void force(std::span<float> scores, std::span<const TokenId> tokens) noexcept;

// Adds |score| * (factor^steps - 1) to what is not banned.
void decay_length(std::span<float> scores, std::span<const TokenId> end_tokens, float factor,
                  std::size_t steps);

}  // namespace tlite
