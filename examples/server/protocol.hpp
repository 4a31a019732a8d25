// An API that requests come by: it reads a request's JSON into what is asked of a model, and writes
// what the model says as this API's JSON and server-sent events. It knows nothing of HTTP, and one
// object is of one request.
#pragma once

#include "failure.hpp"

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include <openai/answer.hpp>
#include <openai/call.hpp>

#include <tlite/tlite.hpp>

namespace server {

// A request that is being answered.
struct Asked {
  openai::Call call;
  openai::AnswerForm form;
  std::string id;            // drawn, without a prefix
  std::int64_t created = 0;  // seconds since the epoch
  tlite::Tokenizer tokenizer;
  std::size_t prompt_tokens = 0;  // of all its prompts
};

class Protocol {
 public:
  virtual ~Protocol() = default;

  // Throws tlite::Error, mostly openai::FieldError.
  virtual openai::Call read(const openai::Json& body, const tlite::SamplingParams& defaults,
                            openai::SamplingFields& fields, bool strict) = 0;
  // Comes before what follows; `asked` lives as long as the protocol is used. What a stream begins
  // with, possibly nothing.
  virtual std::string begin(const Asked& asked) = 0;

  // The body of an answer as a whole.
  virtual std::string body(const std::vector<tlite::Generation>& answers) = 0;
  // Server-sent events of a stream, possibly none: for one thing that happened to one of the
  // answers, and behind the last of all. The former is not called for failed answers.
  virtual std::string event(std::size_t answer, const tlite::EngineEvent& event) = 0;
  virtual std::string end(const std::vector<tlite::Generation>& answers) = 0;

  // Of a stream that has been silent: says that it lives.
  virtual std::string heartbeat() const { return ": still at work\n\n"; }

  virtual std::string failure_body(const Failure& failure) const = 0;
  // The last event of a stream that fails.
  virtual std::string failure_event(const Failure& failure) const = 0;
};

}  // namespace server
