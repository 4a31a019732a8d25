// Answers in OpenAI's form: whole bodies and their parts, which a stream sends one by one.
#pragma once

#include "answer_parts.hpp"
#include "call.hpp"

#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

#include <tlite/tlite.hpp>

namespace openai {

// The body of the response; `answers` are those of the call's requests, as Call::answers() counts
// them, the first of each prompt with its scores; of embeddings those of its inputs. `form` says
// how a chat's answers are taken apart.
Json response_body(const Call& call, const std::string& id, std::int64_t created,
                   const std::vector<tlite::Generation>& answers, const AnswerForm& form,
                   const tlite::Tokenizer& tokenizer);

// What the answers' texts may hold.
AnswerForm answer_form(const Call& call, const tlite::Tokenizer& tokenizer,
                       std::string_view prompt);

// "chatcmpl-..." or "cmpl-...".
std::string answer_id(const Call& call, const std::string& id);
// "stop", "length", or "tool_calls" where there are some.
const char* finish_reason(const Call& call, tlite::FinishReason reason, std::size_t calls);
// Of all answers, each prompt counted once; `form` as above.
Json usage(const Call& call, const std::vector<tlite::Generation>& answers, const AnswerForm& form,
           const tlite::Tokenizer& tokenizer);
// Of the answer's tokens those of its thoughts, <think> and </think> among them.
std::int64_t reasoning_tokens(const tlite::Generation& answer, const AnswerForm& form,
                              const tlite::Tokenizer& tokenizer);
// One entry of the tool_calls of an answer; `call` counts within it, `answer` is its id.
std::string tool_call_id(const std::string& answer, std::size_t choice, std::size_t call);

// {"token", "logprob", "bytes", "top_logprobs"}: of a chat's logprobs.content.
Json chat_logprob(const tlite::TokenLogprob& chosen,
                  const std::vector<tlite::TokenLogprob>& likeliest,
                  const tlite::Tokenizer& tokenizer);

// The columns that OpenAI's completions have, filled in token by token.
class CompletionLogprobs {
 public:
  explicit CompletionLogprobs(const tlite::Tokenizer& tokenizer) : tokenizer_(tokenizer) {}

  // The tokens of the prompt, with the scores that `scored` has.
  void add_prompt(const Call& call, const Input& prompt, const tlite::Generation& scored);
  void add(const tlite::TokenLogprob& chosen, const std::vector<tlite::TokenLogprob>& likeliest);
  // What was added since the last call.
  Json take();

 private:
  void add(const tlite::TokenLogprob& chosen, Json logprob, Json top);

  tlite::Tokenizer tokenizer_;
  Json tokens_ = Json::array();
  Json logprobs_ = Json::array();
  Json tops_ = Json::array();
  Json offsets_ = Json::array();
  std::size_t offset_ = 0;  // in code points, as Python's strings and vLLM count
};

// vLLM's field: null for the first token, then by token id the token itself and the likeliest.
Json prompt_logprobs(const Call& call, const tlite::Generation& scored,
                     const tlite::Tokenizer& tokenizer);
// Of a completion that echoes it; ids in the padding of the vocabulary have no text.
std::string prompt_text(const Input& prompt, const tlite::Tokenizer& tokenizer);

}  // namespace openai
