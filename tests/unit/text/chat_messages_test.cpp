#include "unit/support/errors.hpp"

#include <string>

#include <doctest/doctest.h>

#include <tlite/chat.hpp>

namespace tlite {
namespace {

using test::error_of;

TEST_CASE("text/chat_messages: OpenAI's forms are read") {
  const std::vector<Message> messages = parse_messages(R"([
      {"role": "system", "content": "s"},
      {"role": "user", "content": [{"type": "text", "text": "a"}, {"type": "text", "text": "b"}]},
      {"role": "assistant", "content": null, "tool_calls": [
        {"type": "function", "id": "c1", "function": {"name": "f", "arguments": "{\"x\": 1}"}},
        {"name": "g", "arguments": {"y": [true, 2.0]}},
        {"function": {"name": "h"}}]},
      {"role": "tool", "tool_call_id": "c1", "name": "f", "content": "ok", "unknown": 5}])");
  REQUIRE(messages.size() == 4);
  CHECK(messages[1].content == "ab");
  CHECK(messages[2].content == "");
  REQUIRE(messages[2].tool_calls.size() == 3);
  CHECK(messages[2].tool_calls[0].id == "c1");
  CHECK(messages[2].tool_calls[0].arguments_json == "{\"x\": 1}");
  CHECK(messages[2].tool_calls[1].name == "g");
  CHECK(messages[2].tool_calls[1].arguments_json == "{\"y\": [true, 2.0]}");
  CHECK(messages[2].tool_calls[2].arguments_json == "{}");
  CHECK(messages[3].tool_call_id == "c1");
  CHECK(messages[3].name == "f");
}

TEST_CASE("text/chat_messages: what was written is read back") {
  const std::vector<Message> messages = {
      {"user", "строка\n\"quoted\" \\ \t\x01"},
      {"assistant", "", {{"f", R"({"a": "é"})", "id"}, {"g", "{}", ""}}},
      {.role = "tool", .content = "", .tool_call_id = "id", .name = "f"},
      {"assistant", "", {}}};
  const std::string json = messages_to_json(messages);
  const std::vector<Message> back = parse_messages(json);
  REQUIRE(back.size() == messages.size());
  for (std::size_t i = 0; i < back.size(); ++i) {
    CHECK(back[i].role == messages[i].role);
    CHECK(back[i].content == messages[i].content);
    CHECK(back[i].tool_call_id == messages[i].tool_call_id);
    CHECK(back[i].name == messages[i].name);
    REQUIRE(back[i].tool_calls.size() == messages[i].tool_calls.size());
    for (std::size_t j = 0; j < back[i].tool_calls.size(); ++j) {
      CHECK(back[i].tool_calls[j].name == messages[i].tool_calls[j].name);
      CHECK(back[i].tool_calls[j].arguments_json == messages[i].tool_calls[j].arguments_json);
      CHECK(back[i].tool_calls[j].id == messages[i].tool_calls[j].id);
    }
  }
  CHECK(messages_to_json(back) == json);
  CHECK(parse_messages(messages_to_json({})).empty());
}

TEST_CASE("text/chat_messages: arguments of a call that is made by hand are checked") {
  Message message{"assistant", ""};
  message.tool_calls = {{"f", "", ""}, {"g", "{\"a\": 1}", ""}};
  CHECK_NOTHROW(validate(message));
  for (const char* bad : {"[1]", "nonsense", "{\"a\": }", "7"}) {
    message.tool_calls[1].arguments_json = bad;
    CHECK(test::error_of([&] {
            validate(message);
          }).find("invalid_argument: tool_calls[1].arguments: ") == 0);
  }
}

TEST_CASE("text/chat_messages: errors name the message and the field") {
  const struct {
    const char* json;
    const char* error;
  } cases[] = {
      {"{}", "messages: must be a JSON array of objects"},
      {"[5]", "messages[0]: must be an object"},
      {R"([{"content": ""}])", "messages[0]: has no field 'role'"},
      {R"([{"role": 5}])", "messages[0].role: must be a string"},
      {R"([{"role": "user"}])", "messages[0]: has no field 'content'"},
      {R"([{"role": "user", "content": null}])", "messages[0]: has no field 'content'"},
      {R"([{"role": "u", "content": ""}, {"role": "u", "content": 5}])",
       "messages[1].content: must be a string or a list of text parts"},
      {R"([{"role": "u", "content": [5]}])", "messages[0].content[0]: must be an object"},
      {R"([{"role": "u", "content": [{"type": "image"}]}])",
       "messages[0].content[0].type: only parts of type 'text' are supported"},
      {R"([{"role": "u", "content": [{"type": "text"}]}])",
       "messages[0].content[0]: has no field 'text'"},
      {R"([{"role": "a", "tool_calls": 1}])", "messages[0].tool_calls: must be a list"},
      {R"([{"role": "a", "tool_calls": [1]}])", "messages[0].tool_calls[0]: must be an object"},
      {R"([{"role": "a", "tool_calls": [{"function": 1}]}])",
       "messages[0].tool_calls[0].function: must be an object"},
      {R"([{"role": "a", "tool_calls": [{"function": {}}]}])",
       "messages[0].tool_calls[0].function: has no field 'name'"},
      {R"([{"role": "a", "tool_calls": [{"name": "f", "arguments": 1}]}])",
       "messages[0].tool_calls[0].arguments: must be an object or a string that holds one"},
      {R"([{"role": "a", "tool_calls": [{"name": "f", "arguments": "[]"}]}])",
       "messages[0].tool_calls[0].arguments: must hold a JSON object"},
      {R"([{"role": "u", "content": "", "name": 1}])", "messages[0].name: must be a string"},
  };
  for (const auto& one : cases) {
    // Names of their own: Clang 14 does not capture structured bindings.
    const char* const json = one.json;
    const char* const error = one.error;
    CAPTURE(json);
    CHECK(error_of([&] { parse_messages(json); }) == std::string("invalid_argument: ") + error);
  }
}

}  // namespace
}  // namespace tlite
