// Requests and answers in OpenAI's form: /v1/chat/completions, /v1/completions, /v1/embeddings.
#pragma once

#include "output.hpp"

#include <cstdint>
#include <string>
#include <vector>

#include <tlite/tlite.hpp>

namespace cli::openai {

// A text, or the ids that it is of.
struct Input {
  std::string text;
  std::vector<tlite::TokenId> ids;
};

struct Call {
  bool chat = false;
  std::string model;                     // as the request calls it
  std::vector<tlite::Message> messages;  // of a chat
  std::string text;                      // of a completion, unless it came as ids
  std::vector<tlite::TokenId> ids;
  std::string tools_json;
  tlite::SamplingParams sampling;
  std::int32_t n = 1;
  std::vector<Input> inputs;  // of embeddings, and of nothing else
  bool base64 = false;        // the form of the embeddings
};

// `url` tells the kind. What is not given stays as `defaults` has it. Throws
// tlite::Error(invalid_argument, not_supported), naming the field and the value; no field is
// ignored but those that have no meaning here (user, metadata, store, service_tier,
// stream_options, parallel_tool_calls).
Call parse_call(const std::string& url, const Json& body, const tlite::SamplingParams& defaults);

// The body of the response; `choices` are the answers of the call's n requests, of embeddings those
// of its inputs.
Json response_body(const Call& call, const std::string& id, std::int64_t created,
                   const std::vector<tlite::Generation>& choices,
                   const tlite::Tokenizer& tokenizer);

}  // namespace cli::openai
