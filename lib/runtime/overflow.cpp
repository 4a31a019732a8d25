#include "runtime/overflow.hpp"

#include <string>
#include <utility>

#include <tlite/error.hpp>

namespace tlite {
namespace {

// After oldest turns were dropped, a quarter of the context is free where that is possible:
// dropping just enough for one token would mean a new prefill with every further one.
std::size_t room_to_make(std::size_t context, std::size_t answer_tokens) {
  const std::size_t kept = context - context / 4;
  return kept > answer_tokens ? kept - answer_tokens : 0;
}

}  // namespace

std::vector<TokenId> fit_prompt(std::vector<TokenId> prompt, std::size_t answer_tokens,
                                std::size_t context, OverflowPolicy overflow,
                                const ShortenPrompt& shorten) {
  const auto fits = [&] { return prompt.size() + answer_tokens < context; };
  if (!fits() && overflow == OverflowPolicy::drop_oldest && shorten) {
    if (auto shorter = shorten(room_to_make(context, answer_tokens))) prompt = *std::move(shorter);
  }
  if (prompt.empty()) throw Error(ErrorCode::invalid_argument, "empty prompt");
  if (!fits()) {
    throw Error(ErrorCode::context_full, "the prompt takes " +
                                             std::to_string(prompt.size() + answer_tokens) +
                                             " tokens, the context of " + std::to_string(context) +
                                             " must hold it and one more");
  }
  return prompt;
}

std::optional<std::vector<TokenId>> shorter_prompt(std::size_t answer_tokens, std::size_t context,
                                                   OverflowPolicy overflow,
                                                   const ShortenPrompt& shorten) {
  if (overflow != OverflowPolicy::drop_oldest || !shorten) return std::nullopt;
  auto shorter = shorten(room_to_make(context, answer_tokens));
  if (!shorter || shorter->empty() || shorter->size() + answer_tokens >= context) {
    return std::nullopt;
  }
  return shorter;
}

}  // namespace tlite
