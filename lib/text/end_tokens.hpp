// Which tokens end an answer: one rule for every kind of checkpoint.
//
// Base models, instruct models and fine-tunes of either spell it in different files, and a file
// that one program reads another one ignores: a fine-tune of a base model has <|endoftext|> in
// config.json and generation_config.json and <|im_end|> as the tokenizer's end. So every token
// counts that anybody names, and what the model was trained to write behind its own turn:
//
//   1. the ids of generation_config.json, then of config.json; of a GGUF file those of its metadata
//   2. the tokenizer's eos_token
//   3. the special token that the chat template writes behind an assistant's message
#pragma once

#include <vector>

#include <tlite/chat.hpp>
#include <tlite/tokenizer.hpp>

namespace tlite {

// `named`: those of 1, without repetitions. `chat_template` may be null. In the order above.
std::vector<TokenId> end_tokens(const std::vector<TokenId>& named, const Tokenizer& tokenizer,
                                const ChatTemplate* chat_template);

}  // namespace tlite
