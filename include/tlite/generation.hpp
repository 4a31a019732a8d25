// An answer, as it comes and when it is complete.
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include <tlite/export.hpp>
#include <tlite/sampling.hpp>
#include <tlite/tokenizer.hpp>

namespace tlite {

// What happens when prompt and answer do not fit in the context.
enum class OverflowPolicy : std::int32_t {
  stop = 0,         // the answer ends with FinishReason::context_full; a prompt too long throws
  error = 1,        // throws context_full, the conversation is as before
  drop_oldest = 2,  // the oldest turns are forgotten, system messages stay
};

enum class FinishReason : std::int32_t {
  none = 0,         // not finished
  end_of_text = 1,  // the model ended its turn
  stop_token = 2,   // one of stop_token_ids
  stop_string = 3,  // one of stop
  length = 4,       // max_new_tokens
  context_full = 5,
  cancelled = 6,
  deadline = 7,  // its time was over
  failed = 8,    // an error ended it
};

TLITE_API std::string_view to_string(FinishReason reason) noexcept;  // "end_of_text", ...

// One generated token with the text that became visible through it.
struct Piece {
  std::string_view text;  // whole code points, possibly empty; valid until the next piece
  TokenId token = -1;
  std::optional<TokenLogprob> logprob;         // of the chosen token, where asked for
  std::span<const TokenLogprob> top_logprobs;  // of the likeliest, where asked for
};

struct Generation {
  std::string text;                    // the whole answer, stop string cut off or kept as asked
  std::vector<TokenId> tokens;         // every sampled id, the ending one included
  std::vector<TokenLogprob> logprobs;  // parallel to tokens, where asked for
  std::vector<std::vector<TokenLogprob>> top_logprobs;  // likewise
  FinishReason finish_reason = FinishReason::none;
  std::string stop_string;            // the one that ended it
  std::int32_t prompt_tokens = 0;     // of the whole prompt
  std::int32_t cached_tokens = 0;     // of these, taken from the KV cache
  std::int32_t dropped_messages = 0;  // by OverflowPolicy::drop_oldest
  double prefill_seconds = 0;
  double decode_seconds = 0;
  // Of the prompt's own tokens, where asked for: entry i is of position prompt_logprobs_start + i,
  // and prompt_top_logprobs[i] has the likeliest that could have stood there. Fewer than asked for
  // where the request ended before its prompt was computed.
  std::vector<TokenLogprob> prompt_logprobs;
  std::vector<std::vector<TokenLogprob>> prompt_top_logprobs;
  std::int32_t prompt_logprobs_start = 0;  // 0: none were asked for
  std::vector<float> embedding;  // [hidden_size], of a request with RequestOptions::pooling
};

}  // namespace tlite
