#include "openai.hpp"

#include "json_fields.hpp"

#include <algorithm>
#include <array>
#include <string_view>

namespace cli::openai {
namespace {

using tlite::Error;
using tlite::ErrorCode;

[[noreturn]] void not_supported(const std::string& what) {
  throw Error(ErrorCode::not_supported, "not supported: " + what);
}

// OpenAI counts alternatives apart from the chosen token; a SamplingParams counts alternatives.
void read_logprobs(const Json& body, Call& call) {
  const auto logprobs = body.find("logprobs");
  const auto top = body.find("top_logprobs");
  if (!call.chat) {
    if (logprobs != body.end() && !logprobs->is_null()) {
      call.sampling.logprobs = number_field<std::int32_t>("logprobs", *logprobs);
    }
    return;
  }
  const bool wanted =
      logprobs != body.end() && !logprobs->is_null() && boolean_field("logprobs", *logprobs);
  const bool has_top = top != body.end() && !top->is_null();
  if (has_top && !wanted) refuse_field("top_logprobs", *top, "absent where logprobs is not true");
  if (wanted)
    call.sampling.logprobs = has_top ? number_field<std::int32_t>("top_logprobs", *top) : 0;
}

void read_prompt(const Json& value, Call& call) {
  if (value.is_string()) {
    call.text = value.get<std::string>();
  } else if (value.is_array() && !value.empty() && value[0].is_number()) {
    call.ids = token_ids_field("prompt", value);
  } else if (value.is_array() && value.size() == 1 && value[0].is_string()) {
    call.text = value[0].get<std::string>();
  } else if (value.is_array() && value.size() > 1) {
    not_supported("several prompts in one request");
  } else {
    refuse_field("prompt", value, "a string or a list of token ids");
  }
}

void read_response_format(const Json& value) {
  const auto type = value.is_object() ? value.find("type") : value.end();
  if (!value.is_object() || type == value.end())
    refuse_field("response_format", value, "an object");
  if (*type != "text") not_supported("response_format " + type->dump());
}

void read_field(const std::string& name, const Json& value, SamplingFields& fields, Call& call) {
  constexpr std::array<std::string_view, 8> kNoMeaning = {
      "user",     "metadata",     "store",          "service_tier",
      "logprobs", "top_logprobs", "stream_options", "parallel_tool_calls"};
  if (std::ranges::find(kNoMeaning, name) != kNoMeaning.end()) return;
  if (fields.read(name, value, call.sampling)) return;
  if (name == "model") {
    if (!value.is_string()) refuse_field(name, value, "a string");
    call.model = value.get<std::string>();
  } else if (name == "messages" && call.chat) {
    call.messages = tlite::parse_messages(value.dump());
  } else if (name == "prompt" && !call.chat) {
    read_prompt(value, call);
  } else if (name == "tools" && call.chat) {
    if (!value.is_array()) refuse_field(name, value, "a list");
    if (!value.empty()) call.tools_json = value.dump();
  } else if (name == "tool_choice" && call.chat) {
    if (value != "auto" && value != "none") not_supported("tool_choice " + value.dump());
    if (value == "none") call.tools_json.clear();
  } else if (name == "n") {
    call.n = number_field<std::int32_t>(name, value);
    if (call.n < 1 || call.n > 128) refuse_field(name, value, "1 to 128");
  } else if (name == "stream") {
    if (boolean_field(name, value)) not_supported("stream in a batch");
  } else if (name == "response_format") {
    read_response_format(value);
  } else {
    not_supported("the field \"" + name + "\" with " + value.dump());
  }
}

// ---- answers

const char* finish_reason(tlite::FinishReason reason) {
  return reason == tlite::FinishReason::length || reason == tlite::FinishReason::context_full
             ? "length"
             : "stop";
}

Json token_entry(const tlite::TokenLogprob& entry, const tlite::Tokenizer& tokenizer) {
  const std::string bytes = static_cast<std::size_t>(entry.token) < tokenizer.vocabulary_size()
                                ? tokenizer.token_bytes(entry.token)
                                : std::string();
  Json numbers = Json::array();
  for (const char byte : bytes) numbers.push_back(static_cast<unsigned char>(byte));
  return {{"token", bytes}, {"logprob", entry.logprob}, {"bytes", std::move(numbers)}};
}

Json chat_logprobs(const tlite::Generation& answer, const tlite::Tokenizer& tokenizer) {
  Json content = Json::array();
  for (std::size_t i = 0; i < answer.logprobs.size(); ++i) {
    Json entry = token_entry(answer.logprobs[i], tokenizer);
    Json top = Json::array();
    for (const tlite::TokenLogprob& other : answer.top_logprobs[i]) {
      top.push_back(token_entry(other, tokenizer));
    }
    entry["top_logprobs"] = std::move(top);
    content.push_back(std::move(entry));
  }
  return {{"content", std::move(content)}, {"refusal", nullptr}};
}

Json completion_logprobs(const tlite::Generation& answer, const tlite::Tokenizer& tokenizer) {
  Json tokens = Json::array();
  Json logprobs = Json::array();
  Json tops = Json::array();
  Json offsets = Json::array();
  std::size_t offset = 0;
  for (std::size_t i = 0; i < answer.logprobs.size(); ++i) {
    const Json entry = token_entry(answer.logprobs[i], tokenizer);
    Json top = Json::object();
    for (const tlite::TokenLogprob& other : answer.top_logprobs[i]) {
      const Json alternative = token_entry(other, tokenizer);
      top[alternative["token"].get<std::string>()] = other.logprob;
    }
    offsets.push_back(offset);
    offset += entry["token"].get_ref<const std::string&>().size();
    tokens.push_back(entry["token"]);
    logprobs.push_back(entry["logprob"]);
    tops.push_back(std::move(top));
  }
  return {{"tokens", std::move(tokens)},
          {"token_logprobs", std::move(logprobs)},
          {"top_logprobs", std::move(tops)},
          {"text_offset", std::move(offsets)}};
}

Json choice(const Call& call, std::size_t index, const tlite::Generation& answer,
            const tlite::Tokenizer& tokenizer) {
  Json out = {{"index", index}};
  const bool logprobs = call.sampling.logprobs >= 0;
  if (call.chat) {
    out["message"] = {{"role", "assistant"}, {"content", answer.text}, {"refusal", nullptr}};
    out["logprobs"] = logprobs ? chat_logprobs(answer, tokenizer) : Json(nullptr);
  } else {
    out["text"] = answer.text;
    out["logprobs"] = logprobs ? completion_logprobs(answer, tokenizer) : Json(nullptr);
  }
  out["finish_reason"] = finish_reason(answer.finish_reason);
  return out;
}

}  // namespace

Call parse_call(const std::string& url, const Json& body, const tlite::SamplingParams& defaults,
                SamplingFields& fields) {
  Call call;
  call.sampling = defaults;
  call.chat = url == "/v1/chat/completions";
  if (!call.chat && url != "/v1/completions") {
    not_supported("url \"" + url + "\"; there are /v1/chat/completions and /v1/completions");
  }
  if (!body.is_object()) refuse_field("body", body, "an object");
  const char* const input = call.chat ? "messages" : "prompt";
  if (!body.contains(input)) {
    throw Error(ErrorCode::invalid_argument, std::string("body has no ") + input);
  }
  for (const auto& [name, value] : body.items()) {
    if (!value.is_null()) read_field(name, value, fields, call);
  }
  fields.finish(body, call.sampling);
  read_logprobs(body, call);
  return call;
}

Json response_body(const Call& call, const std::string& id, std::int64_t created,
                   const std::vector<tlite::Generation>& choices,
                   const tlite::Tokenizer& tokenizer) {
  Json list = Json::array();
  std::int64_t completion = 0;
  for (std::size_t i = 0; i < choices.size(); ++i) {
    list.push_back(choice(call, i, choices[i], tokenizer));
    completion += static_cast<std::int64_t>(choices[i].tokens.size());
  }
  const std::int64_t prompt = choices.front().prompt_tokens;
  return {{"id", (call.chat ? "chatcmpl-" : "cmpl-") + id},
          {"object", call.chat ? "chat.completion" : "text_completion"},
          {"created", created},
          {"model", call.model},
          {"choices", std::move(list)},
          {"usage",
           {{"prompt_tokens", prompt},
            {"completion_tokens", completion},
            {"total_tokens", prompt + completion},
            {"prompt_tokens_details", {{"cached_tokens", choices.front().cached_tokens}}}}}};
}

}  // namespace cli::openai
