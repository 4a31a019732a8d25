#include "responses_request.hpp"

#include "request_json.hpp"

#include <array>
#include <string>
#include <string_view>
#include <utility>

namespace server {
namespace {

using openai::Json;
using openai::not_supported;
using openai::refuse_field;

// Fields that say nothing about the answer. Nothing is stored, whatever `store` says: there is no
// route by which it could be read again.
constexpr std::array<std::string_view, 12> kNoMeaning = {
    "metadata",         "store",          "user",
    "service_tier",     "stream_options", "safety_identifier",
    "prompt_cache_key", "max_tool_calls", "prompt_cache_retention",
    "include",          "truncation",     "prompt_cache_options"};

// Fields without which the answer would be another one, and those of chats that a response has no
// place for.
constexpr std::array<std::string_view, 18> kRefused = {"previous_response_id",
                                                       "conversation",
                                                       "prompt",
                                                       "context_management",
                                                       "moderation",
                                                       "top_logprobs",
                                                       "n",
                                                       "logprobs",
                                                       "prompt_logprobs",
                                                       "response_format",
                                                       "functions",
                                                       "messages",
                                                       "suffix",
                                                       "max_tokens",
                                                       "n_predict",
                                                       "max_completion_tokens",
                                                       "access_programs",
                                                       "image"};

// A string, or parts of text.
std::string text_of(const std::string& where, const Json& content) {
  if (content.is_string()) return openai::string_field(where, content);
  if (!content.is_array()) refuse_field(where, content, "a string or a list of parts");
  std::string text;
  for (std::size_t i = 0; i < content.size(); ++i) {
    const std::string part = at(where, i);
    const std::string type = type_of(part, content[i]);
    if (type != "input_text" && type != "output_text" && type != "text") {
      not_supported(part, part + ", a part of type \"" + type + "\"");
    }
    text += needed_string(part, content[i], "text");
  }
  return text;
}

// Calls belong to the assistant's message before them, or are one without a text.
void add_call(const std::string& where, const Json& item, Json& messages) {
  Json call = {{"id", needed_string(where, item, "call_id")},
               {"type", "function"},
               {"function",
                {{"name", needed_string(where, item, "name")},
                 {"arguments", needed_string(where, item, "arguments")}}}};
  const std::string arguments = call["function"]["arguments"];
  if (!arguments.empty() && !Json::parse(arguments, nullptr, false).is_object()) {
    refuse_field(where + ".arguments", arguments, "the text of a JSON object");
  }
  if (messages.empty() || messages.back()["role"] != "assistant") {
    messages.push_back({{"role", "assistant"}, {"content", ""}});
  }
  messages.back()["tool_calls"].push_back(std::move(call));
}

// Earlier thoughts are not shown to the model again, as the templates of such models have it.
void add_item(const std::string& where, const Json& item, Json& messages) {
  const std::string type = type_of(where, item, "message");
  if (type == "message") {
    const std::string role = needed_string(where, item, "role");
    if (role != "user" && role != "assistant" && role != "system" && role != "developer") {
      refuse_field(where + ".role", role, "\"user\", \"assistant\", \"system\" or \"developer\"");
    }
    messages.push_back(
        {{"role", role}, {"content", text_of(where + ".content", needed(where, item, "content"))}});
  } else if (type == "function_call") {
    add_call(where, item, messages);
  } else if (type == "function_call_output") {
    messages.push_back({{"role", "tool"},
                        {"tool_call_id", needed_string(where, item, "call_id")},
                        {"content", text_of(where + ".output", needed(where, item, "output"))}});
  } else if (type != "reasoning") {
    not_supported(where, where + ", an item of type \"" + type + "\"");
  }
}

Json messages_of(const Json& body) {
  Json messages = Json::array();
  if (const Json* const instructions = given(body, "instructions")) {
    messages.push_back(
        {{"role", "system"}, {"content", openai::string_field("instructions", *instructions)}});
  }
  const Json* const input = given(body, "input");
  if (input == nullptr) {
    throw openai::FieldError(tlite::ErrorCode::invalid_argument, "input", "body has no input");
  }
  if (input->is_string()) {
    messages.push_back({{"role", "user"}, {"content", openai::string_field("input", *input)}});
    return messages;
  }
  if (!input->is_array() || input->empty()) {
    refuse_field("input", *input, "a string or a list of items that is not empty");
  }
  for (std::size_t i = 0; i < input->size(); ++i) add_item(at("input", i), (*input)[i], messages);
  if (messages.empty()) refuse_field("input", *input, "a list with a message");
  return messages;
}

Json tools_of(const Json& value) {
  if (!value.is_array()) refuse_field("tools", value, "a list");
  Json tools = Json::array();
  for (std::size_t i = 0; i < value.size(); ++i) {
    const std::string where = at("tools", i);
    const std::string type = type_of(where, value[i]);
    if (type != "function") {
      not_supported(where, where + " of type \"" + type + "\"");
    }
    const std::string name = needed_string(where, value[i], "name");
    if (name.empty()) refuse_field(where + ".name", name, "a string that is not empty");
    Json function = {{"name", name}};
    for (const char* const field : {"description", "parameters"}) {
      if (const Json* const found = given(value[i], field)) function[field] = *found;
    }
    tools.push_back({{"type", "function"}, {"function", std::move(function)}});
  }
  return tools;
}

// Functions stand in an object of their own in chats.
Json chat_choice_of(const std::string& where, const Json& choice) {
  return {{"type", "function"}, {"function", {{"name", needed_string(where, choice, "name")}}}};
}

Json tool_choice_of(const Json& value) {
  if (!value.is_object()) return value;
  const std::string type = type_of("tool_choice", value);
  if (type == "function") return chat_choice_of("tool_choice", value);
  if (type != "allowed_tools") {
    not_supported("tool_choice", "tool_choice of type \"" + type + "\"");
  }
  const Json& tools = needed("tool_choice", value, "tools");
  if (!tools.is_array()) refuse_field("tool_choice.tools", tools, "a list");
  Json list = Json::array();
  for (std::size_t i = 0; i < tools.size(); ++i) {
    const std::string where = at("tool_choice.tools", i);
    if (const std::string of = type_of(where, tools[i]); of != "function") {
      not_supported(where, where + " of type \"" + of + "\"");
    }
    list.push_back(chat_choice_of(where, tools[i]));
  }
  Json allowed = {{"tools", std::move(list)}};
  if (const Json* const mode = given(value, "mode")) allowed["mode"] = *mode;
  return {{"type", "allowed_tools"}, {"allowed_tools", std::move(allowed)}};
}

void read_text(const Json& value) {
  if (!value.is_object()) refuse_field("text", value, "an object");
  const Json* const format = given(value, "format");
  if (format == nullptr) return;
  const std::string type = type_of("text.format", *format);
  if (type != "text") {
    not_supported("text.format",
                  "text.format of type \"" + type + "\", as answers cannot be constrained yet");
  }
}

// Of the efforts "none" alone has a meaning here: Qwen3's template has a variable for it.
void read_reasoning(const Json& value, Json& chat) {
  if (!value.is_object()) refuse_field("reasoning", value, "an object");
  const Json* const effort = given(value, "effort");
  if (effort == nullptr || openai::string_field("reasoning.effort", *effort) != "none") return;
  Json& variables = chat["chat_template_kwargs"];
  if (variables.is_null()) variables = Json::object();
  if (variables.is_object() && !variables.contains("enable_thinking")) {
    variables["enable_thinking"] = false;
  }
}

// What would change the answer, but for one of their values.
void check_others(const Json& body) {
  if (const Json* const value = given(body, "truncation"); value && *value != "disabled") {
    not_supported("truncation", "truncation " + openai::to_text(*value));
  }
  if (const Json* const value = given(body, "background");
      value && openai::boolean_field("background", *value)) {
    not_supported("background", "background, as no response is stored");
  }
  const Json* const include = given(body, "include");
  if (include == nullptr) return;
  for (const std::string& name : openai::strings_field("include", *include)) {
    if (name == "message.output_text.logprobs") not_supported("include", "include of " + name);
  }
}

}  // namespace

Json chat_of_response(const Json& body) {
  constexpr std::array<std::string_view, 8> kRead = {
      "input",     "instructions",      "tools",     "tool_choice", "text",
      "reasoning", "max_output_tokens", "background"};
  if (!body.is_object()) refuse_field("body", body, "an object");
  Json chat = {{"messages", messages_of(body)}};
  for (const auto& [name, value] : body.items()) {
    if (value.is_null() || is_one_of(kRead, name) || is_one_of(kNoMeaning, name)) continue;
    if (is_one_of(kRefused, name)) not_supported(name, "the field \"" + name + "\" here");
    chat[name] = value;
  }
  check_others(body);
  if (const Json* const tools = given(body, "tools")) chat["tools"] = tools_of(*tools);
  if (const Json* const choice = given(body, "tool_choice")) {
    chat["tool_choice"] = tool_choice_of(*choice);
  }
  if (const Json* const text = given(body, "text")) read_text(*text);
  if (const Json* const reasoning = given(body, "reasoning")) read_reasoning(*reasoning, chat);
  if (const Json* const most = given(body, "max_output_tokens")) {
    const auto count = openai::number_field<std::int32_t>("max_output_tokens", *most);
    if (count < 1) refuse_field("max_output_tokens", *most, "1 or more");
    chat["max_tokens"] = count;
  }
  return chat;
}

}  // namespace server
