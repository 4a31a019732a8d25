#include "openai.hpp"

#include "openai_embeddings.hpp"
#include "openai_fields.hpp"

#include <algorithm>
#include <array>
#include <string_view>

namespace cli::openai {
namespace {

using tlite::Error;
using tlite::ErrorCode;

std::vector<std::string> strings(const std::string& field, const Json& value) {
  if (value.is_string()) return {value.get<std::string>()};
  std::vector<std::string> all;
  if (!value.is_array()) refuse(field, value, "a string or a list of strings");
  for (const Json& entry : value) {
    if (!entry.is_string()) refuse(field, value, "a string or a list of strings");
    all.push_back(entry.get<std::string>());
  }
  return all;
}

void read_logit_bias(const Json& value, tlite::SamplingParams& sampling) {
  if (!value.is_object()) refuse("logit_bias", value, "an object of token ids and numbers");
  for (const auto& [key, bias] : value.items()) {
    const bool digits =
        !key.empty() && key.size() < 10 &&
        std::all_of(key.begin(), key.end(), [](char c) { return c >= '0' && c <= '9'; });
    if (!digits) refuse("logit_bias", key, "a token id");
    sampling.logit_bias.emplace_back(std::stoi(key), number<float>("logit_bias", bias));
  }
}

// OpenAI counts alternatives apart from the chosen token; a SamplingParams counts alternatives.
void read_logprobs(const Json& body, Call& call) {
  const auto logprobs = body.find("logprobs");
  const auto top = body.find("top_logprobs");
  if (!call.chat) {
    if (logprobs != body.end() && !logprobs->is_null()) {
      call.sampling.logprobs = number<std::int32_t>("logprobs", *logprobs);
    }
    return;
  }
  const bool wanted =
      logprobs != body.end() && !logprobs->is_null() && boolean("logprobs", *logprobs);
  const bool has_top = top != body.end() && !top->is_null();
  if (has_top && !wanted) refuse("top_logprobs", *top, "absent where logprobs is not true");
  if (wanted) call.sampling.logprobs = has_top ? number<std::int32_t>("top_logprobs", *top) : 0;
}

void read_prompt(const Json& value, Call& call) {
  if (value.is_string()) {
    call.text = value.get<std::string>();
  } else if (value.is_array() && !value.empty() && value[0].is_number()) {
    call.ids = token_ids("prompt", value);
  } else if (value.is_array() && value.size() == 1 && value[0].is_string()) {
    call.text = value[0].get<std::string>();
  } else if (value.is_array() && value.size() > 1) {
    not_supported("several prompts in one request");
  } else {
    refuse("prompt", value, "a string or a list of token ids");
  }
}

void read_response_format(const Json& value) {
  const auto type = value.is_object() ? value.find("type") : value.end();
  if (!value.is_object() || type == value.end()) refuse("response_format", value, "an object");
  if (*type != "text") not_supported("response_format " + type->dump());
}

// The fields of sampling, by their names. False for another one.
bool read_sampling(const std::string& name, const Json& value, tlite::SamplingParams& sampling) {
  if (name == "max_tokens" || name == "max_completion_tokens") {
    sampling.max_new_tokens = number<std::int32_t>(name, value);
    if (sampling.max_new_tokens < 0) refuse(name, value, "0 or more");
  } else if (name == "temperature") {
    sampling.temperature = number<float>(name, value);
  } else if (name == "top_p") {
    sampling.top_p = number<float>(name, value);
  } else if (name == "top_k") {
    sampling.top_k = std::max(number<std::int32_t>(name, value), 0);  // vLLM: -1 is all
  } else if (name == "min_p") {
    sampling.min_p = number<float>(name, value);
  } else if (name == "presence_penalty") {
    sampling.presence_penalty = number<float>(name, value);
  } else if (name == "frequency_penalty") {
    sampling.frequency_penalty = number<float>(name, value);
  } else if (name == "repetition_penalty") {
    sampling.repetition_penalty = number<float>(name, value);
  } else if (name == "seed") {
    if (!value.is_number_integer()) refuse(name, value, "an integer");
    sampling.seed = value.is_number_unsigned()
                        ? value.get<std::uint64_t>()
                        : static_cast<std::uint64_t>(value.get<std::int64_t>());
  } else if (name == "stop") {
    sampling.stop = strings(name, value);
  } else if (name == "stop_token_ids") {
    sampling.stop_token_ids = token_ids(name, value);
  } else if (name == "logit_bias") {
    read_logit_bias(value, sampling);
  } else if (name == "min_tokens") {
    sampling.min_new_tokens = number<std::int32_t>(name, value);
  } else if (name == "ignore_eos") {
    sampling.ignore_eos = boolean(name, value);
  } else {
    return false;
  }
  return true;
}

void read_field(const std::string& name, const Json& value, Call& call) {
  constexpr std::array<std::string_view, 8> kNoMeaning = {
      "user",     "metadata",     "store",          "service_tier",
      "logprobs", "top_logprobs", "stream_options", "parallel_tool_calls"};
  if (std::ranges::find(kNoMeaning, name) != kNoMeaning.end()) return;
  if (read_sampling(name, value, call.sampling)) return;
  if (name == "model") {
    if (!value.is_string()) refuse(name, value, "a string");
    call.model = value.get<std::string>();
  } else if (name == "messages" && call.chat) {
    call.messages = tlite::parse_messages(value.dump());
  } else if (name == "prompt" && !call.chat) {
    read_prompt(value, call);
  } else if (name == "tools" && call.chat) {
    if (!value.is_array()) refuse(name, value, "a list");
    if (!value.empty()) call.tools_json = value.dump();
  } else if (name == "tool_choice" && call.chat) {
    if (value != "auto" && value != "none") not_supported("tool_choice " + value.dump());
    if (value == "none") call.tools_json.clear();
  } else if (name == "n") {
    call.n = number<std::int32_t>(name, value);
    if (call.n < 1 || call.n > 128) refuse(name, value, "1 to 128");
  } else if (name == "stream") {
    if (boolean(name, value)) not_supported("stream in a batch");
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

Call parse_call(const std::string& url, const Json& body, const tlite::SamplingParams& defaults) {
  if (url == kEmbeddingsUrl) return parse_embeddings(body);
  Call call;
  call.sampling = defaults;
  call.chat = url == "/v1/chat/completions";
  if (!call.chat && url != "/v1/completions") {
    not_supported("url \"" + url +
                  "\"; there are /v1/chat/completions, /v1/completions and /v1/embeddings");
  }
  if (!body.is_object()) refuse("body", body, "an object");
  const char* const input = call.chat ? "messages" : "prompt";
  if (!body.contains(input)) {
    throw Error(ErrorCode::invalid_argument, std::string("body has no ") + input);
  }
  for (const auto& [name, value] : body.items()) {
    if (!value.is_null()) read_field(name, value, call);
  }
  read_logprobs(body, call);
  return call;
}

Json response_body(const Call& call, const std::string& id, std::int64_t created,
                   const std::vector<tlite::Generation>& choices,
                   const tlite::Tokenizer& tokenizer) {
  if (!call.inputs.empty()) return embeddings_body(call, choices);
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
