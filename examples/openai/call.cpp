#include "call.hpp"

#include "embeddings.hpp"

#include <array>

namespace openai {
namespace {

using tlite::ErrorCode;

// Answers to one request, all of its prompts together.
constexpr std::size_t kMostAnswers = 2048;

// Fields that have no meaning here, or are read with others.
constexpr std::array<std::string_view, 9> kNoMeaning = {
    "user",         "metadata",         "store",
    "service_tier", "logprobs",         "safety_identifier",
    "top_logprobs", "prompt_cache_key", "prompt_cache_retention"};

// Fields without which the answer would be another one: they are refused where others are ignored.
constexpr std::array<std::string_view, 16> kNeeded = {
    "functions",          "function_call", "audio",        "modalities",      "prediction",
    "web_search_options", "guided_json",   "guided_regex", "guided_choice",   "guided_grammar",
    "structured_outputs", "json_schema",   "grammar",      "use_beam_search", "logits_processors",
    "prompt_embeds"};

template <std::size_t kSize>
bool is_one_of(const std::array<std::string_view, kSize>& names, std::string_view name) {
  return std::ranges::find(names, name) != names.end();
}

// OpenAI counts alternatives apart from the chosen token; a SamplingParams counts alternatives.
void read_logprobs(const Json& body, Call& call) {
  const auto logprobs = body.find("logprobs");
  const auto top = body.find("top_logprobs");
  if (call.kind != Kind::chat) {
    if (logprobs != body.end() && !logprobs->is_null()) {
      call.sampling.logprobs = number_field<std::int32_t>("logprobs", *logprobs);
      if (call.sampling.logprobs < 0) refuse_field("logprobs", *logprobs, "0 or more");
    }
    return;
  }
  const bool wanted =
      logprobs != body.end() && !logprobs->is_null() && boolean_field("logprobs", *logprobs);
  const bool has_top = top != body.end() && !top->is_null();
  if (has_top && !wanted) refuse_field("top_logprobs", *top, "absent where logprobs is not true");
  if (!wanted) return;
  call.sampling.logprobs = has_top ? number_field<std::int32_t>("top_logprobs", *top) : 0;
  if (call.sampling.logprobs < 0) refuse_field("top_logprobs", *top, "0 or more");
}

void read_messages(const Json& value, Call& call) {
  call.messages = tlite::parse_messages(to_text(value));
  if (call.messages.empty()) refuse_field("messages", value, "a list that is not empty");
  for (tlite::Message& message : call.messages) {
    // OpenAI's newer name for it, which templates drop without a word.
    if (message.role == "developer") message.role = "system";
  }
}

void read_response_format(const Json& value) {
  const auto type = value.is_object() ? value.find("type") : value.end();
  if (!value.is_object() || type == value.end())
    refuse_field("response_format", value, "an object with a type");
  if (*type != "text") {
    not_supported("response_format",
                  "response_format " + to_text(*type) + ", as answers cannot be constrained yet");
  }
}

void read_tools(const Json& value, Call& call) {
  if (!value.is_array()) refuse_field("tools", value, "a list");
  for (std::size_t i = 0; i < value.size(); ++i) {
    const std::string where = "tools[" + std::to_string(i) + "]";
    const Json& tool = value[i];
    const auto function = tool.is_object() ? tool.find("function") : tool.end();
    const bool is_function = tool.is_object() && function != tool.end() && function->is_object() &&
                             tool.value("type", Json("function")) == "function";
    if (!is_function) refuse_field(where, tool, "an object of type \"function\" with a function");
    const auto name = function->find("name");
    if (name == function->end() || !name->is_string() ||
        name->get_ref<const std::string&>().empty())
      refuse_field(where + ".function", *function, "an object with a name");
  }
  if (!value.empty()) call.tools_json = to_text(value);
}

std::string tool_name(const Json& tool) { return tool["function"]["name"].get<std::string>(); }

// {"type": "function", "function": {"name": ...}}, of a tool that the request has.
std::string chosen_tool(const std::string& where, const Json& choice, const Json& tools) {
  const auto function = choice.is_object() ? choice.find("function") : choice.end();
  const bool has_name = choice.is_object() && function != choice.end() && function->is_object() &&
                        function->contains("name");
  if (!has_name) refuse_field(where, choice, "a function with a name");
  std::string name = string_field(where + ".function.name", (*function)["name"]);
  const bool known =
      std::ranges::any_of(tools, [&](const Json& tool) { return tool_name(tool) == name; });
  if (!known) refuse_field(where, name, "the name of one of the tools");
  return name;
}

// The model is shown no others.
Json allowed_tools(const Json& choice, const Json& tools) {
  const auto allowed = choice.find("allowed_tools");
  const bool has_list = allowed != choice.end() && allowed->is_object() &&
                        allowed->contains("tools") && (*allowed)["tools"].is_array();
  if (!has_list) refuse_field("tool_choice", choice, "an object with allowed_tools");
  std::vector<std::string> names;
  for (std::size_t i = 0; i < (*allowed)["tools"].size(); ++i) {
    names.push_back(chosen_tool("tool_choice.allowed_tools.tools[" + std::to_string(i) + "]",
                                (*allowed)["tools"][i], tools));
  }
  Json left = Json::array();
  for (const Json& tool : tools) {
    if (std::ranges::find(names, tool_name(tool)) != names.end()) left.push_back(tool);
  }
  return left;
}

// `tools` have been read already.
void read_tool_choice(const Json& value, Json tools, Call& call) {
  if (value == "none") return call.tools_json.clear();
  if (value == "auto") return;
  Json mode = value;
  const auto type = value.is_object() ? value.value("type", Json()) : Json();
  if (type == "function") {
    call.must_call = {chosen_tool("tool_choice", value, tools)};
    call.names_tool = true;
    return;
  }
  if (type == "allowed_tools") {
    tools = allowed_tools(value, tools);
    call.tools_json = tools.empty() ? std::string() : to_text(tools);
    mode = value["allowed_tools"].value("mode", Json("auto"));
    if (mode == "auto") return;
  }
  if (mode != "required") {
    refuse_field("tool_choice", value,
                 "\"auto\", \"none\", \"required\", a function or allowed_tools");
  }
  if (tools.empty()) {
    throw FieldError(ErrorCode::invalid_argument, "tool_choice",
                     "tool_choice wants a call, and there is no tool to call");
  }
  for (const Json& tool : tools) call.must_call.push_back(tool_name(tool));
}

// A key that would replace what the renderer itself says is the renderer's to refuse.
void read_template_fields(const Json& value, Call& call) {
  if (!value.is_object()) refuse_field("chat_template_kwargs", value, "an object");
  for (const char* const own : {"messages", "tools", "add_generation_prompt"}) {
    if (value.contains(own)) {
      refuse_field(std::string("chat_template_kwargs.") + own, value[own],
                   "absent, for the request itself says it");
    }
  }
  if (!value.empty()) call.template_json = to_text(value);
}

void read_stream_options(const Json& value, Call& call) {
  if (!value.is_object()) refuse_field("stream_options", value, "an object");
  const auto usage = value.find("include_usage");
  if (usage != value.end() && !usage->is_null())
    call.include_usage = boolean_field("stream_options.include_usage", *usage);
}

void read_n(const std::string& name, const Json& value, Call& call) {
  call.n = number_field<std::int32_t>(name, value);
  if (call.n < 1 || call.n > 128) refuse_field(name, value, "1 to 128");
}

bool read_chat_field(const std::string& name, const Json& value, Call& call) {
  if (name == "messages") {
    read_messages(value, call);
  } else if (name == "tools") {
    read_tools(value, call);
  } else if (name == "parallel_tool_calls") {
    call.parallel_tool_calls = boolean_field(name, value);
  } else if (name == "chat_template_kwargs") {
    read_template_fields(value, call);
  } else {
    return name == "tool_choice";  // behind the tools
  }
  return true;
}

bool read_completion_field(const std::string& name, const Json& value, Call& call) {
  if (name == "prompt") {
    call.inputs = inputs_field(name, value);
  } else if (name == "echo") {
    call.echo = boolean_field(name, value);
  } else if (name == "suffix") {
    const std::string suffix = string_field(name, value);
    if (!suffix.empty()) call.suffix = suffix;
  } else {
    return name == "best_of";  // behind n
  }
  return true;
}

// Of chats and completions.
bool read_common_field(const std::string& name, const Json& value, const Reading& reading,
                       Call& call) {
  if (name == "model") {
    call.model = string_field(name, value);
  } else if (name == "n") {
    read_n(name, value, call);
  } else if (name == "prompt_logprobs") {
    call.prompt_logprobs = number_field<std::int32_t>(name, value);
    if (call.prompt_logprobs < 0) refuse_field(name, value, "0 or more");
  } else if (name == "stream") {
    call.stream = boolean_field(name, value);
    if (call.stream && !reading.streams) not_supported(name, "stream in a batch");
  } else if (name == "stream_options") {
    read_stream_options(value, call);
  } else if (name == "response_format") {
    read_response_format(value);
  } else {
    return false;
  }
  return true;
}

void read_field(const std::string& name, const Json& value, SamplingFields& fields,
                const Reading& reading, Call& call) {
  if (is_one_of(kNoMeaning, name)) return;
  if (fields.read(name, value, call.sampling)) return;
  if (read_common_field(name, value, reading, call)) return;
  if (call.kind == Kind::chat ? read_chat_field(name, value, call)
                              : read_completion_field(name, value, call)) {
    return;
  }
  refuse_unknown(name, value, reading, call);
}

// Fields that say something about others.
void finish(const Json& body, const Reading& reading, SamplingFields& fields, Call& call) {
  const auto given = [&](const char* name) {
    const auto field = body.find(name);
    return field != body.end() && !field->is_null() ? &*field : nullptr;
  };
  if (const Json* choice = given("tool_choice"); choice != nullptr && call.kind == Kind::chat) {
    const Json* const tools = given("tools");
    read_tool_choice(*choice, tools ? *tools : Json::array(), call);
  }
  if (const Json* best = given("best_of"); best != nullptr && call.kind == Kind::completion) {
    if (number_field<std::int32_t>("best_of", *best) != call.n)
      not_supported("best_of", "the field \"best_of\" with anything but n");
  }
  const bool says_length = given("max_tokens") != nullptr ||
                           given("max_completion_tokens") != nullptr ||
                           given("n_predict") != nullptr;
  if (call.kind == Kind::completion && !says_length && reading.completion_tokens)
    call.sampling.max_new_tokens = *reading.completion_tokens;
  if (call.answers() > kMostAnswers) {
    throw FieldError(ErrorCode::invalid_argument, "n",
                     "n is " + std::to_string(call.n) + " for " +
                         std::to_string(call.inputs.size()) + " prompts: that makes more than " +
                         std::to_string(kMostAnswers) + " answers");
  }
  if (call.suffix && call.echo) not_supported("echo", "echo beside a suffix");
  fields.finish(body, call.sampling);
  read_logprobs(body, call);
}

}  // namespace

std::optional<Kind> kind_of_url(std::string_view url) {
  if (url == "/v1/chat/completions") return Kind::chat;
  if (url == "/v1/completions") return Kind::completion;
  if (url == "/v1/embeddings") return Kind::embeddings;
  return std::nullopt;
}

void refuse_unknown(const std::string& name, const Json& value, const Reading& reading,
                    Call& call) {
  if (reading.ignores_unknown && !is_one_of(kNeeded, name)) {
    call.ignored.push_back(name);
    return;
  }
  not_supported(name, "the field " + to_text(name) + " with " + to_text(value).substr(0, 200));
}

Call parse_call(Kind kind, const Json& body, const tlite::SamplingParams& defaults,
                SamplingFields& fields, const Reading& reading) {
  if (!body.is_object()) refuse_field("body", body, "an object");
  if (kind == Kind::embeddings) return parse_embeddings(body, reading);
  Call call;
  call.kind = kind;
  call.sampling = defaults;
  const char* const input = kind == Kind::chat ? "messages" : "prompt";
  const auto given = body.find(input);
  if (given == body.end() || given->is_null()) {
    throw FieldError(ErrorCode::invalid_argument, input, std::string("body has no ") + input);
  }
  for (const auto& [name, value] : body.items()) {
    if (!value.is_null()) read_field(name, value, fields, reading, call);
  }
  finish(body, reading, fields, call);
  return call;
}

}  // namespace openai
