#include "anthropic_protocol.hpp"

#include "answer_blocks.hpp"
#include "anthropic_request.hpp"

#include <utility>

#include <openai/prompts.hpp>

namespace server {
namespace {

using openai::AnswerPart;
using openai::Json;

std::string sse(const Json& data) {
  return "event: " + data["type"].get<std::string>() + "\ndata: " + openai::to_text(data) + "\n\n";
}

const char* type_of(FailureKind kind) {
  switch (kind) {
    case FailureKind::unauthorized:
      return "authentication_error";
    case FailureKind::forbidden:
      return "permission_error";
    case FailureKind::no_route:
    case FailureKind::no_model:
      return "not_found_error";
    case FailureKind::too_large:
      return "request_too_large";
    case FailureKind::busy:
      return "rate_limit_error";
    case FailureKind::unavailable:
      return "overloaded_error";
    case FailureKind::timed_out:
      return "timeout_error";
    default:
      return status_of(kind) < 500 ? "invalid_request_error" : "api_error";
  }
}

Json failure_json(const Failure& failure) {
  return {{"type", "error"},
          {"error", {{"type", type_of(failure.kind)}, {"message", failure.message}}}};
}

// What was in the cache is counted apart from the rest of the prompt.
Json usage(std::int64_t prompt, std::int64_t cached, std::int64_t output) {
  return {{"input_tokens", prompt - cached},
          {"cache_creation_input_tokens", 0},
          {"cache_read_input_tokens", cached},
          {"output_tokens", output}};
}

Json usage_of(const Asked& asked, const tlite::Generation& answer) {
  Json all = usage(answer.prompt_tokens, answer.cached_tokens,
                   static_cast<std::int64_t>(answer.tokens.size()));
  all["output_tokens_details"] = {
      {"thinking_tokens", openai::reasoning_tokens(answer, asked.form, asked.tokenizer)}};
  return all;
}

// Why it ended, and at which of the sequences.
Json ending(const tlite::Generation& answer, bool calls) {
  const auto because = [](const char* reason) -> Json {
    return {{"stop_reason", reason}, {"stop_sequence", nullptr}};
  };
  switch (answer.finish_reason) {
    case tlite::FinishReason::length:
      return because("max_tokens");
    case tlite::FinishReason::context_full:
      return because("model_context_window_exceeded");
    case tlite::FinishReason::stop_string:
      return {{"stop_reason", "stop_sequence"}, {"stop_sequence", answer.stop_string}};
    default:
      return because(calls ? "tool_use" : "end_turn");
  }
}

class MessagesProtocol final : public Protocol {
 public:
  openai::Call read(const Json& body, const tlite::SamplingParams& defaults,
                    openai::SamplingFields& fields, bool strict) override {
    return openai::parse_call(openai::Kind::chat, chat_of_messages(body, fields.tokenizer(), false),
                              defaults, fields, {.streams = true, .ignores_unknown = !strict});
  }

  std::string begin(const Asked& asked) override {
    asked_ = &asked;
    parts_.emplace(asked.form);
    if (!asked.call.stream) return {};
    Json start = message(Json::array());
    start["stop_reason"] = nullptr;
    start["stop_sequence"] = nullptr;
    start["usage"] = usage(static_cast<std::int64_t>(asked.prompt_tokens), 0, 0);
    return sse({{"type", "message_start"}, {"message", std::move(start)}}) + heartbeat();
  }

  std::string body(const std::vector<tlite::Generation>& answers) override {
    const tlite::Generation& answer = answers.front();
    Json content = Json::array();
    bool calls = false;
    for (const Block& block : blocks_of(answer, asked_->form)) {
      Json json = begun(block, content.size());
      if (block.kind == Block::Kind::call) {
        json["input"] = openai::parse_json(block.text);
        calls = true;
      } else {
        json[block.kind == Block::Kind::text ? "text" : "thinking"] = block.text;
      }
      content.push_back(std::move(json));
    }
    Json out = message(std::move(content));
    out.update(ending(answer, calls));
    out["usage"] = usage_of(*asked_, answer);
    return openai::to_text(out);
  }

  std::string event(std::size_t, const tlite::EngineEvent& event) override {
    std::string out;
    for (const AnswerPart& part : parts_->push(event.text)) out += write(part);
    if (event.finish_reason == tlite::FinishReason::none) return out;
    for (const AnswerPart& part : parts_->finish()) out += write(part);
    return out + stop_block();
  }

  std::string end(const std::vector<tlite::Generation>& answers) override {
    const tlite::Generation& answer = answers.front();
    return sse({{"type", "message_delta"},
                {"delta", ending(answer, parts_->calls() > 0)},
                {"usage", usage_of(*asked_, answer)}}) +
           sse({{"type", "message_stop"}});
  }

  std::string heartbeat() const override { return sse({{"type", "ping"}}); }

  std::string failure_body(const Failure& failure) const override {
    return anthropic_failure(failure);
  }
  std::string failure_event(const Failure& failure) const override {
    return sse(failure_json(failure));
  }

 private:
  Json message(Json content) const {
    return {{"id", "msg_" + asked_->id},
            {"type", "message"},
            {"role", "assistant"},
            {"model", asked_->call.model},
            {"content", std::move(content)}};
  }

  // A block before anything is in it. Nobody signs thoughts here, but clients need the field.
  Json begun(const Block& block, std::size_t index) const {
    switch (block.kind) {
      case Block::Kind::thinking:
        return {{"type", "thinking"}, {"thinking", ""}, {"signature", ""}};
      case Block::Kind::call:
        return {{"type", "tool_use"},
                {"id", "toolu_" + asked_->id + "_" + std::to_string(index)},
                {"name", block.name},
                {"input", Json::object()}};
      case Block::Kind::text:
        break;
    }
    return {{"type", "text"}, {"text", ""}};
  }

  std::size_t last_index() const { return blocks_.all().size() - 1; }

  std::string stop_block() const {
    if (blocks_.all().empty()) return {};
    return sse({{"type", "content_block_stop"}, {"index", last_index()}});
  }

  std::string write(const AnswerPart& part) {
    const bool begins = blocks_.begins(part);
    std::string out = begins ? stop_block() : std::string();
    blocks_.add(part);
    if (begins) {
      out += sse({{"type", "content_block_start"},
                  {"index", last_index()},
                  {"content_block", begun(blocks_.all().back(), last_index())}});
    }
    if (part.kind == AnswerPart::Kind::call || part.text.empty()) return out;
    return out +
           sse({{"type", "content_block_delta"}, {"index", last_index()}, {"delta", delta(part)}});
  }

  static Json delta(const AnswerPart& part) {
    switch (part.kind) {
      case AnswerPart::Kind::reasoning:
        return {{"type", "thinking_delta"}, {"thinking", part.text}};
      case AnswerPart::Kind::content:
        return {{"type", "text_delta"}, {"text", part.text}};
      default:
        return {{"type", "input_json_delta"}, {"partial_json", part.text}};
    }
  }

  const Asked* asked_ = nullptr;
  std::optional<openai::AnswerParts> parts_;  // of a stream
  AnswerBlocks blocks_;
};

}  // namespace

std::unique_ptr<Protocol> anthropic_protocol() { return std::make_unique<MessagesProtocol>(); }

Told count_tokens(const Json& body, const LoadedModel& model, bool strict) {
  openai::SamplingFields fields(model.model.tokenizer());
  openai::Call call =
      openai::parse_call(openai::Kind::chat, chat_of_messages(body, fields.tokenizer(), true),
                         model.model.default_sampling(), fields, {.ignores_unknown = !strict});
  Json count = {{"input_tokens", openai::prompts_of(call, model.model).ids.front().size()}};
  return {std::move(count), std::move(call.ignored)};
}

std::string anthropic_failure(const Failure& failure) {
  return openai::to_text(failure_json(failure));
}

}  // namespace server
