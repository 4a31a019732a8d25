#include "anthropic_request.hpp"

#include "request_json.hpp"

#include <array>
#include <set>
#include <string>
#include <string_view>
#include <utility>

namespace server {
namespace {

using openai::Json;
using openai::not_supported;
using openai::refuse_field;

// Fields that say nothing about the answer.
constexpr std::array<std::string_view, 8> kNoMeaning = {
    "metadata", "service_tier", "cache_control",   "inference_geo",
    "speed",    "diagnostics",  "user_profile_id", "workspace_id"};

// Fields without which the answer would be another one, and those of OpenAI's chats that a message
// has no place for.
constexpr std::array<std::string_view, 16> kRefused = {"container",
                                                       "mcp_servers",
                                                       "context_management",
                                                       "output_format",
                                                       "n",
                                                       "logprobs",
                                                       "top_logprobs",
                                                       "prompt_logprobs",
                                                       "response_format",
                                                       "functions",
                                                       "stream_options",
                                                       "stop",
                                                       "parallel_tool_calls",
                                                       "suffix",
                                                       "max_completion_tokens",
                                                       "n_predict"};

[[noreturn]] void refuse_block(const std::string& where, const std::string& type) {
  not_supported(where, where + ", a block of type \"" + type + "\", in this place");
}

// A string, or blocks of text.
std::string text_of(const std::string& where, const Json& content) {
  if (content.is_string()) return openai::string_field(where, content);
  if (!content.is_array()) refuse_field(where, content, "a string or a list of blocks");
  std::string text;
  for (std::size_t i = 0; i < content.size(); ++i) {
    const std::string block = at(where, i);
    const std::string type = type_of(block, content[i]);
    if (type != "text") refuse_block(block, type);
    text += needed_string(block, content[i], "text");
  }
  return text;
}

// The messages, one by one. Turns of one role that follow each other are one turn, as in Anthropic's
// API, each on lines of its own.
class Conversation {
 public:
  void add_system(const std::string& where, const Json& content) {
    messages_.push_back({{"role", "system"}, {"content", text_of(where, content)}});
  }

  void add(const std::string& where, const Json& message) {
    if (!message.is_object()) refuse_field(where, message, "an object with role and content");
    const std::string role = needed_string(where, message, "role");
    const Json& content = needed(where, message, "content");
    const std::string inner = where + ".content";
    const bool goes_on = std::exchange(role_, role) == role;
    if (role == "system") return add_system(inner, content);
    if (role != "user" && role != "assistant") {
      refuse_field(where + ".role", role, "\"user\", \"assistant\" or \"system\"");
    }
    if (!content.is_string() && (!content.is_array() || content.empty())) {
      refuse_field(inner, content, "a string or a list of blocks that is not empty");
    }
    const Json blocks =
        content.is_array()
            ? content
            : Json::array({{{"type", "text"}, {"text", openai::string_field(inner, content)}}});
    role == "user" ? add_user(inner, blocks, goes_on) : add_assistant(inner, blocks, goes_on);
  }

  Json take() { return std::move(messages_); }

 private:
  // The message of a turn, which may be the last one.
  Json& message_of(const char* role, bool goes_on) {
    if (!goes_on || messages_.back()["role"] != role) {
      messages_.push_back({{"role", role}, {"content", ""}});
    }
    return messages_.back();
  }

  // Blocks of one turn are written without anything between them.
  static void add_text(Json& message, bool begins, const std::string& more) {
    std::string& text = message["content"].get_ref<std::string&>();
    if (begins && !text.empty()) text += '\n';
    text += more;
  }

  // What tools said and what the user says are messages of their own.
  void add_user(const std::string& where, const Json& blocks, bool goes_on) {
    bool in_text = false;
    for (std::size_t i = 0; i < blocks.size(); ++i) {
      const std::string inner = at(where, i);
      const std::string type = type_of(inner, blocks[i]);
      if (type == "text") {
        Json& message = in_text ? messages_.back() : message_of("user", goes_on);
        add_text(message, !in_text, needed_string(inner, blocks[i], "text"));
      } else if (type == "tool_result") {
        add_result(inner, blocks[i]);
      } else {
        refuse_block(inner, type);
      }
      in_text = type == "text";
    }
  }

  void add_result(const std::string& where, const Json& block) {
    const std::string id = needed_string(where, block, "tool_use_id");
    if (!calls_.contains(id)) {
      refuse_field(where + ".tool_use_id", id, "the id of a tool_use in a message before");
    }
    const Json* const content = given(block, "content");
    messages_.push_back(
        {{"role", "tool"},
         {"tool_call_id", id},
         {"content", content ? text_of(where + ".content", *content) : std::string()}});
  }

  // Earlier thoughts are not shown to the model again, as the templates of such models have it.
  void add_assistant(const std::string& where, const Json& blocks, bool goes_on) {
    Json& message = message_of("assistant", goes_on);
    bool in_text = false;
    for (std::size_t i = 0; i < blocks.size(); ++i) {
      const std::string inner = at(where, i);
      const std::string type = type_of(inner, blocks[i]);
      if (type == "text") {
        add_text(message, !in_text, needed_string(inner, blocks[i], "text"));
        in_text = true;
      } else if (type == "tool_use") {
        message["tool_calls"].push_back(call_of(inner, blocks[i]));
      } else if (type != "thinking" && type != "redacted_thinking") {
        refuse_block(inner, type);
      }
    }
  }

  Json call_of(const std::string& where, const Json& block) {
    const std::string id = needed_string(where, block, "id");
    const std::string name = needed_string(where, block, "name");
    const Json& input = needed(where, block, "input");
    if (!input.is_object()) refuse_field(where + ".input", input, "an object");
    calls_.insert(id);
    return {{"id", id},
            {"type", "function"},
            {"function", {{"name", name}, {"arguments", openai::to_text(input)}}}};
  }

  Json messages_ = Json::array();
  std::string role_;             // of the last turn
  std::set<std::string> calls_;  // the ids of those so far
};

Json messages_of(const Json& body) {
  Conversation conversation;
  if (const Json* const system = given(body, "system")) conversation.add_system("system", *system);
  const Json* const messages = given(body, "messages");
  if (messages == nullptr) {
    throw openai::FieldError(tlite::ErrorCode::invalid_argument, "messages",
                             "body has no messages");
  }
  if (!messages->is_array() || messages->empty()) {
    refuse_field("messages", *messages, "a list that is not empty");
  }
  for (std::size_t i = 0; i < messages->size(); ++i) {
    conversation.add(at("messages", i), (*messages)[i]);
  }
  // There it is the beginning of the answer, which would begin anew here.
  if (messages->back()["role"] == "assistant") {
    not_supported("messages", at("messages", messages->size() - 1) +
                                  " of the assistant as the last one, to be continued");
  }
  return conversation.take();
}

Json tools_of(const Json& value) {
  if (!value.is_array()) refuse_field("tools", value, "a list");
  Json tools = Json::array();
  for (std::size_t i = 0; i < value.size(); ++i) {
    const std::string where = at("tools", i);
    const Json& tool = value[i];
    if (!tool.is_object()) refuse_field(where, tool, "an object with name and input_schema");
    const Json* const type = given(tool, "type");
    if (type != nullptr && *type != "custom") {
      not_supported(where, where + " of type " + openai::to_text(*type));
    }
    const std::string name = needed_string(where, tool, "name");
    if (name.empty()) refuse_field(where + ".name", name, "a string that is not empty");
    const Json& schema = needed(where, tool, "input_schema");
    if (!schema.is_object()) refuse_field(where + ".input_schema", schema, "an object");
    Json function = {{"name", name}};
    if (const Json* const description = given(tool, "description")) {
      function["description"] = openai::string_field(where + ".description", *description);
    }
    function["parameters"] = schema;
    tools.push_back({{"type", "function"}, {"function", std::move(function)}});
  }
  return tools;
}

void read_tool_choice(const Json& value, Json& chat) {
  const std::string type = type_of("tool_choice", value);
  if (type == "auto" || type == "none") {
    chat["tool_choice"] = type;
  } else if (type == "any") {
    chat["tool_choice"] = "required";
  } else if (type == "tool") {
    chat["tool_choice"] = {{"type", "function"},
                           {"function", {{"name", needed_string("tool_choice", value, "name")}}}};
  } else {
    refuse_field("tool_choice.type", type, "\"auto\", \"any\", \"tool\" or \"none\"");
  }
  if (const Json* const one = given(value, "disable_parallel_tool_use")) {
    chat["parallel_tool_calls"] =
        !openai::boolean_field("tool_choice.disable_parallel_tool_use", *one);
  }
}

void read_thinking(const Json& value, const tlite::Tokenizer& tokenizer, Json& chat) {
  const std::string type = type_of("thinking", value);
  if (type != "enabled" && type != "disabled" && type != "adaptive") {
    refuse_field("thinking.type", type, "\"enabled\", \"disabled\" or \"adaptive\"");
  }
  if (type == "adaptive") return;
  if (type == "enabled") {
    if (!tokenizer.thinking_tokens()) {
      not_supported("thinking", "thinking, as the model has no tokens for it");
    }
    const auto budget = openai::number_field<std::int32_t>(
        "thinking.budget_tokens", needed("thinking", value, "budget_tokens"));
    if (budget < 0) refuse_field("thinking.budget_tokens", budget, "0 or more");
    chat["thinking_token_budget"] = budget;
  }
  // Qwen3's name for it, which others have taken over.
  Json& variables = chat["chat_template_kwargs"];
  if (variables.is_null()) variables = Json::object();
  if (variables.is_object() && !variables.contains("enable_thinking")) {
    variables["enable_thinking"] = type == "enabled";
  }
}

void read_output_config(const Json& value) {
  if (!value.is_object()) refuse_field("output_config", value, "an object");
  if (given(value, "format") != nullptr) {
    not_supported("output_config.format",
                  "output_config.format, as answers cannot be constrained yet");
  }
}

// Those that stand for others, behind them.
void read_others(const Json& body, const tlite::Tokenizer& tokenizer, Json& chat) {
  if (const Json* const tools = given(body, "tools")) chat["tools"] = tools_of(*tools);
  if (const Json* const choice = given(body, "tool_choice")) read_tool_choice(*choice, chat);
  if (const Json* const config = given(body, "output_config")) read_output_config(*config);
  if (const Json* const thinking = given(body, "thinking")) {
    read_thinking(*thinking, tokenizer, chat);
  }
  if (const Json* const stop = given(body, "stop_sequences")) {
    if (!stop->is_array()) refuse_field("stop_sequences", *stop, "a list of strings");
    chat["stop"] = openai::strings_field("stop_sequences", *stop);
  }
}

}  // namespace

Json chat_of_messages(const Json& body, const tlite::Tokenizer& tokenizer, bool counts) {
  constexpr std::array<std::string_view, 7> kRead = {
      "messages", "system", "tools", "tool_choice", "thinking", "stop_sequences", "output_config"};
  if (!body.is_object()) refuse_field("body", body, "an object");
  if (!counts && given(body, "max_tokens") == nullptr) {
    throw openai::FieldError(tlite::ErrorCode::invalid_argument, "max_tokens",
                             "body has no max_tokens");
  }
  Json chat = {{"messages", messages_of(body)}};
  for (const auto& [name, value] : body.items()) {
    if (value.is_null() || is_one_of(kRead, name) || is_one_of(kNoMeaning, name)) continue;
    if (is_one_of(kRefused, name)) not_supported(name, "the field \"" + name + "\" here");
    chat[name] = value;
  }
  read_others(body, tokenizer, chat);
  return chat;
}

}  // namespace server
