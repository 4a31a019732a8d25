// Requests in OpenAI's form: /v1/chat/completions, /v1/completions, /v1/embeddings.
#pragma once

#include "json_fields.hpp"
#include "sampling_fields.hpp"

#include <algorithm>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include <tlite/tlite.hpp>

namespace openai {

// A text, or the ids that it is of.
struct Input {
  std::string text;
  std::vector<tlite::TokenId> ids;
};

enum class Kind { chat, completion, embeddings };

// What is asked of a model, whatever API it came by.
struct Call {
  Kind kind = Kind::chat;
  std::string model;                     // as the request calls it
  std::vector<tlite::Message> messages;  // of a chat
  std::vector<Input> inputs;             // prompts of a completion, texts of embeddings
  std::string tools_json;
  std::string template_json;  // further variables of the chat template
  tlite::SamplingParams sampling;
  std::int32_t n = 1;  // answers to each prompt
  bool parallel_tool_calls = true;
  std::vector<std::string> must_call;  // one of these tools; empty: none need be called
  bool names_tool = false;             // tool_choice does, so that its call is the only one
  bool base64 = false;                 // the form of the embeddings
  bool echo = false;                   // of a completion: the prompt stands before the answer
  std::optional<std::string> suffix;   // of a completion: what comes behind the answer
  // vLLM's, beside what echo with logprobs asks for; -1: not given.
  std::int32_t prompt_logprobs = -1;
  bool stream = false;
  bool include_usage = false;        // of a stream
  std::vector<std::string> ignored;  // fields that nothing here knows

  // What a request must ask for.
  std::int32_t scores() const noexcept {
    return echo ? std::max(prompt_logprobs, sampling.logprobs) : prompt_logprobs;
  }
  // Requests that it becomes, those of a prompt one after the other.
  std::size_t answers() const noexcept {
    return (kind == Kind::chat ? 1 : inputs.size()) * static_cast<std::size_t>(n);
  }
};

// What the reader of a call can do.
struct Reading {
  bool streams = false;
  // Fields that are not known go to Call::ignored, if they are not such that an answer without
  // them is another one; else they are refused.
  bool ignores_unknown = false;
  // Of a completion that does not say; OpenAI's is 16. Unset: the model's.
  std::optional<std::int32_t> completion_tokens = {};
};

// /v1/chat/completions, ...; nothing for another one.
std::optional<Kind> kind_of_url(std::string_view url);

// What is not given stays as `defaults` has it. Throws tlite::Error(invalid_argument,
// not_supported), mostly FieldError, naming the field and the value.
Call parse_call(Kind kind, const Json& body, const tlite::SamplingParams& defaults,
                SamplingFields& fields, const Reading& reading);

// A field that no reader knows: into call.ignored, or refused.
void refuse_unknown(const std::string& name, const Json& value, const Reading& reading, Call& call);

}  // namespace openai
