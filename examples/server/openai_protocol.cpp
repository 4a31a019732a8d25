#include "openai_protocol.hpp"

#include <string_view>
#include <utility>

namespace server {
namespace {

using openai::AnswerPart;
using openai::Json;
using openai::Kind;

constexpr std::int32_t kCompletionTokens = 16;  // where max_tokens is not given

std::string sse(const Json& data) { return "data: " + openai::to_text(data) + "\n\n"; }

const char* code_of(FailureKind kind) {
  switch (kind) {
    case FailureKind::invalid:
      return "invalid_value";
    case FailureKind::not_supported:
      return "not_supported";
    case FailureKind::too_long:
      return "context_length_exceeded";
    case FailureKind::unauthorized:
      return "invalid_api_key";
    case FailureKind::forbidden:
      return "forbidden";
    case FailureKind::no_route:
      return "not_found";
    case FailureKind::no_model:
      return "model_not_found";
    case FailureKind::no_method:
      return "method_not_allowed";
    case FailureKind::too_slow:
      return "request_timeout";
    case FailureKind::too_large:
      return "request_too_large";
    case FailureKind::busy:
      return "rate_limit_exceeded";
    case FailureKind::head_too_large:
      return "headers_too_large";
    case FailureKind::unavailable:
      return "unavailable";
    case FailureKind::timed_out:
      return "timeout";
    case FailureKind::internal:
      break;
  }
  return "internal_error";
}

const char* type_of(FailureKind kind) {
  if (kind == FailureKind::unauthorized) return "authentication_error";
  if (kind == FailureKind::forbidden) return "permission_error";
  if (kind == FailureKind::busy) return "rate_limit_error";
  return status_of(kind) < 500 ? "invalid_request_error" : "server_error";
}

Json failure_json(const Failure& failure) {
  return {{"error",
           {{"message", failure.message},
            {"type", type_of(failure.kind)},
            {"param", failure.field.empty() ? Json(nullptr) : Json(failure.field)},
            {"code", code_of(failure.kind)}}}};
}

// What all three have in common.
class OpenAiProtocol : public Protocol {
 public:
  explicit OpenAiProtocol(Kind kind) : kind_(kind) {}

  openai::Call read(const Json& body, const tlite::SamplingParams& defaults,
                    openai::SamplingFields& fields, bool strict) override {
    openai::Call call = openai::parse_call(
        kind_, body, defaults, fields,
        {.streams = true, .ignores_unknown = !strict, .completion_tokens = kCompletionTokens});
    // They are known with the last event of a request alone.
    if (call.stream && call.scores() >= 0) {
      openai::not_supported(call.echo ? "echo" : "prompt_logprobs",
                            "log probabilities of the prompt in a stream");
    }
    return call;
  }

  std::string begin(const Asked& asked) override {
    asked_ = &asked;
    return {};
  }

  std::string body(const std::vector<tlite::Generation>& answers) override {
    return openai::to_text(openai::response_body(asked_->call, asked_->id, asked_->created, answers,
                                                 asked_->form, asked_->tokenizer));
  }

  std::string event(std::size_t, const tlite::EngineEvent&) override { return {}; }

  std::string end(const std::vector<tlite::Generation>& answers) override {
    std::string out;
    if (asked_->call.include_usage) {
      Json json = chunk(Json::array());
      json["usage"] = openai::usage(asked_->call, answers, asked_->form, asked_->tokenizer);
      out += sse(json);
    }
    return out + "data: [DONE]\n\n";
  }

  std::string failure_body(const Failure& failure) const override {
    return openai_failure(failure);
  }
  std::string failure_event(const Failure& failure) const override {
    return sse(failure_json(failure)) + "data: [DONE]\n\n";
  }

 protected:
  const Asked& asked() const { return *asked_; }

  Json chunk(Json choices) const {
    Json json = {{"id", openai::answer_id(asked_->call, asked_->id)},
                 {"object", kind_ == Kind::chat ? "chat.completion.chunk" : "text_completion"},
                 {"created", asked_->created},
                 {"model", asked_->call.model},
                 {"choices", std::move(choices)}};
    if (asked_->call.include_usage) json["usage"] = nullptr;
    return json;
  }

 private:
  Kind kind_;
  const Asked* asked_ = nullptr;
};

class ChatProtocol final : public OpenAiProtocol {
 public:
  ChatProtocol() : OpenAiProtocol(Kind::chat) {}

  std::string begin(const Asked& asked) override {
    for (std::size_t i = 0; i < asked.call.answers(); ++i) choices_.emplace_back(asked.form);
    return OpenAiProtocol::begin(asked);
  }

  std::string event(std::size_t index, const tlite::EngineEvent& event) override {
    Choice& choice = choices_[index];
    std::string out;
    if (!std::exchange(choice.begun, true)) {
      out += delta(index, {{"role", "assistant"}, {"content", ""}}, nullptr, nullptr);
    }
    if (event.logprob) {
      choice.logprobs.push_back(
          openai::chat_logprob(*event.logprob, event.top_logprobs, asked().tokenizer));
    }
    for (const AnswerPart& part : choice.parts.push(event.text)) out += write(index, part);
    if (event.finish_reason == tlite::FinishReason::none) {
      if (!choice.logprobs.empty())
        out += delta(index, {{"content", ""}}, logprobs(choice), nullptr);
      return out;
    }
    for (const AnswerPart& part : choice.parts.finish()) out += write(index, part);
    const Json reason =
        openai::finish_reason(asked().call, event.finish_reason, choice.parts.calls());
    return out + delta(index, Json::object(), logprobs(choice), reason);
  }

 private:
  struct Choice {
    explicit Choice(const openai::AnswerForm& form) : parts(form) {}
    openai::AnswerParts parts;
    Json logprobs = Json::array();  // that no chunk has taken yet
    bool begun = false;
  };

  static Json logprobs(Choice& choice) {
    if (choice.logprobs.empty()) return nullptr;
    return {{"content", std::exchange(choice.logprobs, Json::array())}, {"refusal", nullptr}};
  }

  std::string delta(std::size_t index, Json content, Json logprobs, Json reason) const {
    Json choice = {{"index", index},
                   {"delta", std::move(content)},
                   {"logprobs", std::move(logprobs)},
                   {"finish_reason", std::move(reason)}};
    return sse(chunk(Json::array({std::move(choice)})));
  }

  std::string write(std::size_t index, const AnswerPart& part) {
    return delta(index, content(index, part), logprobs(choices_[index]), nullptr);
  }

  Json content(std::size_t index, const AnswerPart& part) const {
    Json call = {{"index", part.call}};
    switch (part.kind) {
      case AnswerPart::Kind::reasoning:
        return {{"reasoning_content", part.text}};
      case AnswerPart::Kind::call:
        call["id"] = openai::tool_call_id(asked().id, index, part.call);
        call["type"] = "function";
        call["function"] = {{"name", part.text}, {"arguments", ""}};
        break;
      case AnswerPart::Kind::arguments:
        call["function"] = {{"arguments", part.text}};
        break;
      case AnswerPart::Kind::content:
        return {{"content", part.text}};
    }
    return {{"tool_calls", Json::array({std::move(call)})}};
  }

  std::vector<Choice> choices_;
};

class CompletionProtocol final : public OpenAiProtocol {
 public:
  CompletionProtocol() : OpenAiProtocol(Kind::completion) {}

  std::string begin(const Asked& asked) override {
    columns_.resize(asked.call.answers(), openai::CompletionLogprobs(asked.tokenizer));
    begun_.resize(asked.call.answers());
    return OpenAiProtocol::begin(asked);
  }

  std::string event(std::size_t index, const tlite::EngineEvent& event) override {
    const bool ends = event.finish_reason != tlite::FinishReason::none;
    std::string text;
    if (!begun_[index] && asked().call.echo) {
      const auto n = static_cast<std::size_t>(asked().call.n);
      text = openai::prompt_text(asked().call.inputs[index / n], asked().tokenizer);
    }
    begun_[index] = true;
    text += event.text;
    if (text.empty() && !event.logprob && !ends) return {};
    Json logprobs = nullptr;
    if (event.logprob) {
      columns_[index].add(*event.logprob, event.top_logprobs);
      logprobs = columns_[index].take();
    }
    Json choice = {
        {"index", index},
        {"text", std::move(text)},
        {"logprobs", std::move(logprobs)},
        {"finish_reason",
         ends ? Json(openai::finish_reason(asked().call, event.finish_reason, 0)) : Json(nullptr)}};
    return sse(chunk(Json::array({std::move(choice)})));
  }

 private:
  std::vector<openai::CompletionLogprobs> columns_;
  std::vector<bool> begun_;
};

}  // namespace

std::unique_ptr<Protocol> openai_protocol(Kind kind) {
  if (kind == Kind::chat) return std::make_unique<ChatProtocol>();
  if (kind == Kind::completion) return std::make_unique<CompletionProtocol>();
  return std::make_unique<OpenAiProtocol>(kind);
}

std::string openai_failure(const Failure& failure) {
  return openai::to_text(failure_json(failure));
}

}  // namespace server
