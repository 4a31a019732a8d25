// One answer of one sequence: logits in, pieces of text out, and the reason why it ended. It knows
// nothing of where the logits come from, so that any number of them can be driven by one loop.
#pragma once

#include "runtime/length_rules.hpp"
#include "runtime/stop_scanner.hpp"
#include "sample/sampler_chain.hpp"
#include "sample/thinking.hpp"

#include <cstddef>
#include <cstdint>
#include <limits>
#include <span>
#include <string>
#include <vector>

#include <tlite/generation.hpp>
#include <tlite/sampling.hpp>
#include <tlite/tokenizer.hpp>

namespace tlite {

// An answer that is to be continued.
struct PartialAnswer {
  static constexpr std::size_t kAll = std::numeric_limits<std::size_t>::max();
  std::vector<TokenId> tokens;
  std::size_t shown = kAll;  // bytes of its text that were given out
};

class Generator {
 public:
  // `params` are validated; `seed` stands for params.seed. `prompt` is what the repetition penalty
  // looks at beside the answer. `answer` is replayed: the new pieces are what an uninterrupted
  // answer would have gone on with. min_ and max_new_tokens count the new tokens alone.
  Generator(const Tokenizer& tokenizer, const SamplingParams& params,
            std::span<const TokenId> end_tokens, std::uint64_t seed,
            std::span<const TokenId> prompt, const PartialAnswer& answer = {});

  // `prompt`: as it was given to the constructor.
  void set_processor(LogitsProcessor processor, std::span<const TokenId> prompt);
  bool has_processor() const noexcept { return sampler_.has_processor(); }
  // The thinking block that is open now, if one is, ends with the next token.
  void end_thinking() noexcept { thinking_.end(); }

  // Chooses the next token. Requires finish_reason() none. `mask` as in SamplerChain::sample. The
  // piece's views are valid until the next call. Throws like SamplerChain::sample.
  Piece step(std::span<const float> logits, SamplerWorkspace& workspace,
             std::span<const std::uint32_t> mask = {});

  // Tokens to make room for at the start, where the context takes `left` more (room.hpp).
  std::size_t expected(std::size_t left) const noexcept;
  void reserve(std::size_t tokens);

  // Ends the answer from outside (context_full, cancelled); the text that was held back.
  std::string_view finish(FinishReason reason);
  // The same, and the text that was held back is lost.
  void abandon() noexcept;

  FinishReason finish_reason() const noexcept { return reason_; }
  const std::string& stop_string() const noexcept { return matcher_.found(); }
  // The whole answer, what was replayed included.
  const std::vector<TokenId>& tokens() const noexcept { return tokens_; }
  const std::string& text() const noexcept { return text_; }
  // What a continuation of this answer starts from.
  PartialAnswer partial() const;

 private:
  bool push_text(TokenId token);
  void end_with(FinishReason reason);
  std::string_view show() noexcept;

  SamplingParams params_;
  LengthRules lengths_;
  Thinking thinking_;
  TokenId vocabulary_size_;
  SamplerChain sampler_;
  StreamDecoder decoder_;
  StopScanner matcher_;
  std::vector<TokenId> tokens_;
  std::string text_;       // visible text
  std::size_t shown_ = 0;  // bytes of it that were given out, now or before the continuation
  std::size_t tail_ = 0;   // bytes of it that stand for a character cut off at the end
  std::int32_t new_tokens_ = 0;
  FinishReason reason_ = FinishReason::none;
};

}  // namespace tlite
