#include "runtime/length_rules.hpp"

#include <string>

#include <tlite/error.hpp>

namespace tlite {

LengthRules::LengthRules(const SamplingParams& params, std::span<const TokenId> end_tokens,
                         std::size_t before)
    : max_new_tokens_(params.max_new_tokens), min_new_tokens_(params.min_new_tokens) {
  if (!params.ignore_eos) end_tokens_.assign(end_tokens.begin(), end_tokens.end());
  banned_ = end_tokens_;
  banned_.insert(banned_.end(), params.stop_token_ids.begin(), params.stop_token_ids.end());
  resolve(params, before);
}

// max_length and min_length count the prompt too; as in transformers the numbers of new tokens
// count more where they are set.
void LengthRules::resolve(const SamplingParams& params, std::size_t before) {
  const auto length = static_cast<std::int64_t>(before);
  if (max_new_tokens_ < 0 && params.max_length >= 0) {
    if (params.max_length <= length) {
      throw Error(ErrorCode::invalid_argument,
                  "sampling: max_length is " + std::to_string(params.max_length) +
                      ", and the prompt has " + std::to_string(length) +
                      " tokens already; set max_new_tokens");
    }
    max_new_tokens_ = static_cast<std::int32_t>(params.max_length - length);
  }
  const std::int64_t shortest = params.min_length - length;
  if (min_new_tokens_ == 0 && shortest > 0) min_new_tokens_ = static_cast<std::int32_t>(shortest);
}

SampleStep LengthRules::step(std::int32_t new_tokens,
                             std::span<const std::uint32_t> mask) const noexcept {
  const bool too_early = new_tokens < min_new_tokens_;
  return {.banned = too_early ? std::span<const TokenId>(banned_) : std::span<const TokenId>(),
          .is_last = new_tokens + 1 == max_new_tokens_,
          .mask = mask};
}

}  // namespace tlite
