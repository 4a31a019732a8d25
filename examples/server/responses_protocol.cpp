#include "responses_protocol.hpp"

#include "answer_blocks.hpp"
#include "openai_protocol.hpp"
#include "request_json.hpp"
#include "responses_request.hpp"

#include <utility>

#include <openai/answer.hpp>

namespace server {
namespace {

using openai::AnswerPart;
using openai::Json;

// What of a request its response repeats.
Json echo_of(const Json& body, const openai::Call& call) {
  const auto value = [&](const char* name, const Json& fallback) {
    const Json* const found = given(body, name);
    return found == nullptr ? fallback : *found;
  };
  return {{"instructions", value("instructions", nullptr)},
          {"max_output_tokens", value("max_output_tokens", nullptr)},
          {"metadata", value("metadata", Json::object())},
          {"parallel_tool_calls", call.parallel_tool_calls},
          {"previous_response_id", nullptr},
          {"reasoning", value("reasoning", nullptr)},
          {"store", false},
          {"temperature", call.sampling.temperature},
          {"text", {{"format", {{"type", "text"}}}}},
          {"tool_choice", value("tool_choice", "auto")},
          {"tools", value("tools", Json::array())},
          {"top_p", call.sampling.top_p},
          {"truncation", "disabled"}};
}

bool is_cut(const tlite::Generation& answer) {
  return answer.finish_reason == tlite::FinishReason::length ||
         answer.finish_reason == tlite::FinishReason::context_full;
}

Json usage_of(const Asked& asked, const std::vector<tlite::Generation>& answers) {
  const Json usage = openai::usage(asked.call, answers, asked.form, asked.tokenizer);
  Json input = usage["prompt_tokens_details"];
  input["cache_write_tokens"] = 0;  // clients need the field; writing costs nothing here
  return {{"input_tokens", usage["prompt_tokens"]},
          {"input_tokens_details", std::move(input)},
          {"output_tokens", usage["completion_tokens"]},
          {"output_tokens_details", usage["completion_tokens_details"]},
          {"total_tokens", usage["total_tokens"]}};
}

Json output_text(const std::string& text) {
  return {{"type", "output_text"},
          {"text", text},
          {"annotations", Json::array()},
          {"logprobs", Json::array()}};
}

Json reasoning_text(const std::string& text) {
  return {{"type", "reasoning_text"}, {"text", text}};
}

class ResponsesProtocol final : public Protocol {
 public:
  openai::Call read(const Json& body, const tlite::SamplingParams& defaults,
                    openai::SamplingFields& fields, bool strict) override {
    openai::Call call = openai::parse_call(openai::Kind::chat, chat_of_response(body), defaults,
                                           fields, {.streams = true, .ignores_unknown = !strict});
    echo_ = echo_of(body, call);
    return call;
  }

  std::string begin(const Asked& asked) override {
    asked_ = &asked;
    parts_.emplace(asked.form);
    if (!asked.call.stream) return {};
    const Json begun = response("in_progress");
    std::string out = sse("response.created", {{"response", begun}});
    out += sse("response.in_progress", {{"response", begun}});
    return out;
  }

  std::string body(const std::vector<tlite::Generation>& answers) override {
    return openai::to_text(ended(answers, blocks_of(answers.front(), asked_->form)));
  }

  std::string event(std::size_t, const tlite::EngineEvent& event) override {
    std::string out;
    for (const AnswerPart& part : parts_->push(event.text)) out += write(part);
    if (event.finish_reason == tlite::FinishReason::none) return out;
    for (const AnswerPart& part : parts_->finish()) out += write(part);
    const bool cut = event.result != nullptr && is_cut(*event.result);
    return out + stop_item(cut ? "incomplete" : "completed");
  }

  std::string end(const std::vector<tlite::Generation>& answers) override {
    const char* const name = is_cut(answers.front()) ? "response.incomplete" : "response.completed";
    return sse(name, {{"response", ended(answers, blocks_.all())}});
  }

  std::string failure_body(const Failure& failure) const override {
    return openai_failure(failure);
  }
  std::string failure_event(const Failure& failure) const override {
    Json out = response("failed");
    const bool busy = failure.kind == FailureKind::busy;
    out["error"] = {{"code", busy ? "rate_limit_exceeded" : "server_error"},
                    {"message", failure.message}};
    return sse_of("response.failed", sequence_, {{"response", std::move(out)}});
  }

 private:
  static std::string sse_of(const char* name, std::size_t sequence, const Json& fields) {
    Json data = {{"type", name}, {"sequence_number", sequence}};
    data.update(fields);
    return "event: " + std::string(name) + "\ndata: " + openai::to_text(data) + "\n\n";
  }
  // Numbered: two of them in one expression would come in either order.
  std::string sse(const char* name, const Json& fields) {
    return sse_of(name, sequence_++, fields);
  }

  Json response(const char* status) const {
    Json out = {{"id", "resp_" + asked_->id},
                {"object", "response"},
                {"created_at", asked_->created},
                {"status", status},
                {"error", nullptr},
                {"incomplete_details", nullptr},
                {"model", asked_->call.model},
                {"output", Json::array()},
                {"usage", nullptr}};
    out.update(echo_);
    return out;
  }

  Json ended(const std::vector<tlite::Generation>& answers,
             const std::vector<Block>& blocks) const {
    const bool cut = is_cut(answers.front());
    Json out = response(cut ? "incomplete" : "completed");
    if (cut) out["incomplete_details"] = {{"reason", "max_output_tokens"}};
    for (std::size_t i = 0; i < blocks.size(); ++i) {
      const bool last = i + 1 == blocks.size();
      out["output"].push_back(item(blocks[i], i, cut && last ? "incomplete" : "completed"));
    }
    out["usage"] = usage_of(*asked_, answers);
    return out;
  }

  std::string item_id(const Block& block, std::size_t index) const {
    const char* const prefix = block.kind == Block::Kind::call   ? "fc_"
                               : block.kind == Block::Kind::text ? "msg_"
                                                                 : "rs_";
    return prefix + asked_->id + "_" + std::to_string(index);
  }

  // With what is in it.
  Json item(const Block& block, std::size_t index, const char* status) const {
    Json out = {{"id", item_id(block, index)}, {"status", status}};
    switch (block.kind) {
      case Block::Kind::thinking:
        out.update({{"type", "reasoning"},
                    {"summary", Json::array()},
                    {"content", Json::array({reasoning_text(block.text)})}});
        break;
      case Block::Kind::text:
        out.update({{"type", "message"},
                    {"role", "assistant"},
                    {"content", Json::array({output_text(block.text)})}});
        break;
      case Block::Kind::call:
        out.update({{"type", "function_call"},
                    {"call_id", openai::tool_call_id(asked_->id, 0, index)},
                    {"name", block.name},
                    {"arguments", block.text}});
        break;
    }
    return out;
  }

  std::size_t last_index() const { return blocks_.all().size() - 1; }
  // The place of the last item's events.
  Json place() const {
    return {{"item_id", item_id(blocks_.all().back(), last_index())},
            {"output_index", last_index()}};
  }
  // And of its only part.
  Json content_place() const {
    Json out = place();
    out["content_index"] = 0;
    return out;
  }

  static Json with(Json fields, const Json& more) {
    fields.update(more);
    return fields;
  }

  std::string start_item() {
    const Block& block = blocks_.all().back();
    Json begun = item({block.kind, {}, block.name}, last_index(), "in_progress");
    if (block.kind != Block::Kind::call) begun["content"] = Json::array();
    std::string out = sse("response.output_item.added",
                          {{"output_index", last_index()}, {"item", std::move(begun)}});
    if (block.kind == Block::Kind::text) {
      out += sse("response.content_part.added", with(content_place(), {{"part", output_text("")}}));
    }
    return out;
  }

  std::string stop_item(const char* status) {
    if (blocks_.all().empty()) return {};
    const Block& block = blocks_.all().back();
    std::string out;
    switch (block.kind) {
      case Block::Kind::thinking:
        out = sse("response.reasoning_text.done", with(content_place(), {{"text", block.text}}));
        break;
      case Block::Kind::text:
        out = sse("response.output_text.done",
                  with(content_place(), {{"text", block.text}, {"logprobs", Json::array()}}));
        out += sse("response.content_part.done",
                   with(content_place(), {{"part", output_text(block.text)}}));
        break;
      case Block::Kind::call:
        out = sse("response.function_call_arguments.done",
                  with(place(), {{"name", block.name}, {"arguments", block.text}}));
        break;
    }
    return out + sse("response.output_item.done",
                     {{"output_index", last_index()}, {"item", item(block, last_index(), status)}});
  }

  std::string write(const AnswerPart& part) {
    const bool begins = blocks_.begins(part);
    std::string out = begins ? stop_item("completed") : std::string();
    blocks_.add(part);
    if (begins) out += start_item();
    if (part.kind == AnswerPart::Kind::call || part.text.empty()) return out;
    switch (part.kind) {
      case AnswerPart::Kind::reasoning:
        return out +
               sse("response.reasoning_text.delta", with(content_place(), {{"delta", part.text}}));
      case AnswerPart::Kind::content:
        return out +
               sse("response.output_text.delta",
                   with(content_place(), {{"delta", part.text}, {"logprobs", Json::array()}}));
      default:
        return out +
               sse("response.function_call_arguments.delta", with(place(), {{"delta", part.text}}));
    }
  }

  Json echo_;
  const Asked* asked_ = nullptr;
  std::optional<openai::AnswerParts> parts_;  // of a stream
  AnswerBlocks blocks_;
  std::size_t sequence_ = 0;
};

}  // namespace

std::unique_ptr<Protocol> responses_protocol() { return std::make_unique<ResponsesProtocol>(); }

}  // namespace server
