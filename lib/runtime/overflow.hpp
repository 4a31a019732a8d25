// Prompts that have to fit in a context, and what is dropped of a conversation where they do not.
#pragma once

#include <cstddef>
#include <functional>
#include <optional>
#include <vector>

#include <tlite/generation.hpp>
#include <tlite/tokenizer.hpp>

namespace tlite {

// Makes room: forgets at least one of the oldest turns, and more until the prompt takes no more
// than `tokens`. The new prompt, or nothing where no turn can be forgotten.
using ShortenPrompt = std::function<std::optional<std::vector<TokenId>>(std::size_t tokens)>;

// A prompt that leaves room for `answer_tokens` and one more in the context: as it is, or made
// shorter where the policy is drop_oldest. Throws context_full, invalid_argument for an empty one.
std::vector<TokenId> fit_prompt(std::vector<TokenId> prompt, std::size_t answer_tokens,
                                std::size_t context, OverflowPolicy overflow,
                                const ShortenPrompt& shorten);

// The prompt that an answer which has filled the context goes on behind; nothing where there is no
// room to be had.
std::optional<std::vector<TokenId>> shorter_prompt(std::size_t answer_tokens, std::size_t context,
                                                   OverflowPolicy overflow,
                                                   const ShortenPrompt& shorten);

}  // namespace tlite
