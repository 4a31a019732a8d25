#include "unit/support/errors.hpp"
#include "unit/support/memory_files.hpp"

#include <string>

#include <doctest/doctest.h>

#include <tlite/chat.hpp>

namespace tlite {
namespace {

using test::error_of;

struct Folder {
  std::shared_ptr<test::MemoryFiles> files = std::make_shared<test::MemoryFiles>();
  Host host;
  Folder() { host.files = files; }
  std::string& operator[](const std::string& name) { return (*files)["m/" + name]; }
  ChatTemplate load() const { return ChatTemplate::load("m", host); }
  std::string error() const {
    return error_of([this] { load(); });
  }
};

const std::vector<Message> kHello = {{"user", "hi"}};

TEST_CASE("api/chat_template: tokenizer_config.json gives template and special tokens") {
  Folder folder;
  folder["tokenizer_config.json"] =
      R"({"bos_token": {"content": "<s>", "lstrip": false}, "eos_token": "</s>", "pad_token": null,
          "chat_template": "{{ bos_token }}{{ messages[0].content }}{{ eos_token }}{{ pad_token }}"})";
  CHECK(folder.load().render(kHello).text == "<s>hi</s>");
}

TEST_CASE("api/chat_template: chat_template.jinja goes before tokenizer_config.json") {
  Folder folder;
  folder["tokenizer_config.json"] = R"({"bos_token": "<s>", "chat_template": "config"})";
  folder["chat_template.jinja"] = "{{ bos_token }}file";
  CHECK(folder.load().render(kHello).text == "<s>file");
  CHECK(folder.load().source() == "{{ bos_token }}file");
}

TEST_CASE("api/chat_template: chat_template.json is read where there is no other") {
  Folder folder;
  folder["chat_template.json"] = R"({"chat_template": "json"})";
  CHECK(folder.load().render(kHello).text == "json");
  folder["tokenizer_config.json"] = R"({"chat_template": "config"})";
  CHECK(folder.load().render(kHello).text == "config");
}

TEST_CASE("api/chat_template: of named templates, tool_use serves conversations with tools") {
  Folder folder;
  folder["tokenizer_config.json"] = R"({"chat_template": [
      {"name": "rag", "template": "r"}, {"name": "tool_use", "template": "t"},
      {"name": "default", "template": "d"}]})";
  const ChatTemplate chat = folder.load();
  CHECK(chat.render(kHello).text == "d");
  CHECK(chat.render(kHello, {.tools_json = "[]"}).text == "t");
}

TEST_CASE("api/chat_template: files that do not fit are named") {
  Folder folder;
  folder["other"] = "";
  CHECK(folder.error() ==
        "not_found: m: no chat template (chat_template of tokenizer_config.json, or "
        "chat_template.jinja)");
  const struct {
    const char* config;
    const char* error;
  } cases[] = {
      {"{", "corrupt: m/tokenizer_config.json: not the JSON that is needed: "},
      {"[]", "corrupt: m/tokenizer_config.json: must be a JSON object"},
      {R"({"chat_template": 5})",
       "corrupt: m/tokenizer_config.json: chat_template must be a string or a list"},
      {R"({"chat_template": [{"name": "default"}]})",
       "corrupt: m/tokenizer_config.json: an entry of chat_template has no name or template"},
      {R"({"chat_template": "{{"})", "bad_template: chat template, line 1: "},
      {R"({"chat_template": []})", "not_found: m: no chat template"},
  };
  CHECK(error_of([&] { ChatTemplate::load("n", folder.host); }) ==
        "not_found: n: no such directory");
  for (const auto& one : cases) {
    // Names of their own: Clang 14 does not capture structured bindings.
    const char* const config = one.config;
    const char* const error = one.error;
    CAPTURE(config);
    folder["tokenizer_config.json"] = config;
    CHECK(folder.error().find(error) == 0);
  }
}

TEST_CASE("api/chat_template: messages become the dicts that templates expect") {
  const ChatTemplate chat = ChatTemplate::parse("{{ messages|tojson }}");
  const std::vector<Message> messages = {
      {"user", "q"},
      {"assistant", "", {{"f", R"({"b": 1, "a": [1.50, null]})", "id1"}, {"g", "", ""}}},
      {.role = "tool", .content = "r", .tool_call_id = "id1", .name = "f"}};
  CHECK(
      chat.render(messages).text ==
      R"([{"role": "user", "content": "q"}, {"role": "assistant", "content": "", "tool_calls": )"
      R"([{"type": "function", "id": "id1", "function": {"name": "f", "arguments": {"b": 1, )"
      R"("a": [1.5, null]}}}, {"type": "function", "function": {"name": "g", "arguments": {}}}]}, )"
      R"({"role": "tool", "content": "r", "tool_call_id": "id1", "name": "f"}])");
  CHECK(error_of([&] {
          chat.render({{"assistant", "", {{"f", "[]", ""}}}});
        }) == "invalid_argument: messages[0].tool_calls[0].arguments: must be a JSON object");
  CHECK(error_of([&] {
          chat.render({{"assistant", "", {{"f", "{", ""}}}});
        }).find("invalid_argument: messages[0].tool_calls[0].arguments: not the JSON") == 0);
}

TEST_CASE("api/chat_template: a template that joins arguments to its text gets them as text") {
  const std::vector<Message> messages = {
      {"assistant", "", {{"f", R"({"b": 1})", ""}, {"g", "", ""}}}};
  // DeepSeek-R1-Distill-Qwen's way.
  const std::string joins =
      "{% for t in messages[0].tool_calls %}{{ '<' + t['function']['name'] + '>' + "
      "t['function']['arguments'] }}{% endfor %}";
  const Prompt prompt = ChatTemplate::parse(joins).render(messages);
  CHECK(prompt.text == "<f>{\"b\": 1}<g>{}");
  CHECK(prompt.literal.size() >= 2);  // what a user may have typed stays text
  // What fails either way says what the usual form met.
  CHECK(error_of([&] {
          ChatTemplate::parse(joins + "{{ raise_exception('no') }}").render(messages);
        }) == error_of([&] {
          ChatTemplate::parse(joins).render_json(R"([{"tool_calls":[{"function":
            {"name":"f","arguments":{"b":1}}}]}])");
        }));
}

TEST_CASE(
    "api/chat_template: what the conversation brings is literal, what the template brings not") {
  const ChatTemplate chat = ChatTemplate::parse(
      "{{ bos_token }}{% for m in messages %}<{{ m.role }}>{{ m.content }}{% endfor %}{{ tools }}"
      "{{ extra }}{{ x_token }}",
      "BOS");
  const Prompt prompt =
      chat.render({{"user", "a<|im_end|>"}},
                  {.tools_json = R"(["t"])", .extra_json = R"({"extra": "e", "x_token": "X"})"});
  CHECK(prompt.text == "BOS<user>a<|im_end|>['t']eX");
  std::string literal;
  for (const auto& [begin, end] : prompt.literal) {
    literal += prompt.text.substr(begin, end - begin) + "|";
  }
  CHECK(literal == "user|a<|im_end|>|t|e|");
}

TEST_CASE("api/chat_template: JSON messages keep every field and number") {
  const ChatTemplate chat = ChatTemplate::parse("{{ messages[0] }}{{ messages|tojson }}");
  CHECK(chat.render_json(R"([{"role":"x","n":123456789012345678901234567890,"f":1e2,"z":-0.0,
                             "u":"\u00e9\ud83d\ude42","a":{"b":[]}, "a": 1}])")
            .text ==
        "{'role': 'x', 'n': 123456789012345678901234567890, 'f': 100.0, 'z': -0.0, 'u': 'é🙂', "
        "'a': 1}[{\"role\": \"x\", \"n\": 123456789012345678901234567890, \"f\": 100.0, \"z\": "
        "-0.0, \"u\": \"é🙂\", \"a\": 1}]");
}

TEST_CASE("api/chat_template: options that are not the JSON they must be are named") {
  const ChatTemplate chat = ChatTemplate::parse("x");
  const auto error = [&](std::string_view messages, std::string_view tools,
                         std::string_view extra) {
    return error_of(
        [&] { chat.render_json(messages, {.tools_json = tools, .extra_json = extra}); });
  };
  CHECK(error("[]", "", "") == "nothing");
  CHECK(error("{}", "", "") == "invalid_argument: messages must be a JSON array");
  CHECK(error("[]", "{}", "") == "invalid_argument: tools_json must be a JSON array");
  CHECK(error("[]", "", "[]") == "invalid_argument: extra_json must be a JSON object");
  for (const char* json :
       {"",     " ",     "[",       "[1,]",          "[01]",       "[1.]", "[.5]",  "[1e]",
        "[-]",  "[nul]", "[tru]",   "[\"\\x\"]",     "[\"\xff\"]", "[]]",  "[] []", "[1 2]",
        "[+1]", "[--1]", "[1e+-1]", "[\"\\ud800\"]", "[\"a\nb\"]", "5",    "[NaN]"}) {
    CAPTURE(json);
    CHECK(error(json, "", "").find("invalid_argument: messages: not the JSON that is needed: ") ==
          0);
  }
  const std::string bomb(100000, '[');
  CHECK(error(bomb, "", "").find("invalid_argument: messages: ") == 0);
  CHECK(error(std::string(130, '[') + std::string(130, ']'), "", "") ==
        "invalid_argument: messages: not the JSON that is needed: it nests deeper than 120");
}

TEST_CASE("api/chat_template: one template renders on many threads as on one") {
  const ChatTemplate chat = ChatTemplate::parse(
      "{% macro f(x) %}{{ x|upper }}{% endmacro %}{% for m in messages %}{{ f(m.content) }}"
      "{% endfor %}");
  const ChatTemplate copy = chat;
  CHECK(copy.render({{"user", "a"}, {"user", "b"}}).text == "AB");
  CHECK(chat.render({{"user", "c"}}).text == "C");
}

}  // namespace
}  // namespace tlite
