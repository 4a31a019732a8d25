// Answers taken apart: however the text comes, the parts are the same.
#define DOCTEST_CONFIG_IMPLEMENT_WITH_MAIN
#include <string>
#include <string_view>
#include <vector>

#include <doctest/doctest.h>
#include <nlohmann/json.hpp>
#include <openai/answer_parts.hpp>
#include <openai/json_prefix.hpp>

namespace {

using openai::AnswerForm;
using openai::AnswerPart;
using openai::AnswerParts;
using openai::JsonPrefix;

// "reasoning|content|name(arguments)...", parts of a kind that follow each other joined.
struct Taken {
  std::string reasoning, content;
  std::vector<std::string> calls;
  bool operator==(const Taken&) const = default;
};

void add(Taken& taken, const std::vector<AnswerPart>& parts) {
  for (const AnswerPart& part : parts) {
    switch (part.kind) {
      case AnswerPart::Kind::reasoning:
        taken.reasoning += part.text;
        break;
      case AnswerPart::Kind::content:
        taken.content += part.text;
        break;
      case AnswerPart::Kind::call:
        REQUIRE(part.call == taken.calls.size());
        taken.calls.push_back(part.text + " ");
        break;
      case AnswerPart::Kind::arguments:
        REQUIRE(part.call + 1 == taken.calls.size());
        taken.calls.back() += part.text;
        break;
    }
  }
}

// In pieces of `size` bytes.
Taken take(std::string_view text, const AnswerForm& form, std::size_t size) {
  AnswerParts parts(form);
  Taken taken;
  for (std::size_t i = 0; i < text.size(); i += size) add(taken, parts.push(text.substr(i, size)));
  add(taken, parts.finish());
  CHECK(parts.calls() == taken.calls.size());
  return taken;
}

void check(std::string_view text, AnswerForm form, const Taken& expected) {
  for (const bool stream : {false, true}) {
    form.stream_arguments = stream;
    for (const std::size_t size : {1U, 2U, 3U, 5U, 7U, 11U, 1000U}) {
      const Taken taken = take(text, form, size);
      INFO("text " << std::string(text) << ", stream " << stream << ", pieces of " << size);
      CHECK(taken.reasoning == expected.reasoning);
      CHECK(taken.content == expected.content);
      CHECK(taken.calls == expected.calls);
    }
  }
}

constexpr AnswerForm kTools = {.tools = true};
constexpr AnswerForm kThinking = {.thinking = true, .tools = true};

}  // namespace

TEST_CASE("openai/answer_parts: text, thoughts and calls") {
  const std::string call =
      "<tool_call>\n{\"name\": \"f\", \"arguments\": {\"a\": \"я}\\\"\"}}\n</tool_call>";
  const std::string taken = "f {\"a\": \"я}\\\"\"}";
  check("Привет, <b>!\n", kTools, {"", "Привет, <b>!\n", {}});
  check(call, kTools, {"", "", {taken}});
  check("Сейчас.\n" + call + "\n" + call + "\n", kTools, {"", "Сейчас.", {taken, taken}});
  check(call + "\nГотово  дело.", kTools, {"", "Готово  дело.", {taken}});
  check(call + call, {.tools = true, .many_calls = false}, {"", "", {taken}});
  check(call, {}, {"", call, {}});
  // A turn may end behind the JSON.
  check(call.substr(0, call.size() - 13), kTools, {"", "", {taken}});
  // Other orders, names and absences.
  check("<tool_call>{\"arguments\":{\"a\":1},\"name\":\"f\"}</tool_call>", kTools,
        {"", "", {"f {\"a\":1}"}});
  check("<tool_call>{\"name\":\"f\",\"parameters\":{}}</tool_call>", kTools, {"", "", {"f {}"}});
  check("<tool_call>{\"name\":\"f\"}</tool_call>", kTools, {"", "", {"f {}"}});
  check("<think>\nТак.\nИли.\n</think>\n\nДа.", kThinking, {"Так.\nИли.", "Да.", {}});
  check("Так.\n</think>\n\n" + call, {.thinking = true, .inside_thinking = true, .tools = true},
        {"Так.", "", {taken}});
  check("<think>\nбез конца\n", kThinking, {"без конца", "", {}});
  check("а <think>б</think>", kThinking, {"", "а <think>б</think>", {}});
  check("<think>", {.tools = true}, {"", "<think>", {}});
}

TEST_CASE("openai/answer_parts: what is no call stays text") {
  for (const std::string inside :
       {"", "{", "нет", "{\"name\": 5}", "[1]", "{\"name\": \"f\", \"arguments\": [1]}",
        "{\"name\": \"f\" \"arguments\": {}}", "{\"name\": \"\", \"arguments\": {}"}) {
    const std::string text = "а <tool_call>" + inside + "</tool_call> б";
    check(text, kTools, {"", text, {}});
  }
  check("а <tool_call>{\"name\": \"f\"", kTools, {"", "а <tool_call>{\"name\": \"f\"", {}});
  check("а <tool_", kTools, {"", "а <tool_", {}});
}

TEST_CASE("openai/answer_parts: a call that breaks off while it is streamed") {
  const std::string text = "<tool_call>{\"name\": \"f\", \"arguments\": {\"a\": нет}}</tool_call>";
  const AnswerForm whole = kTools;
  AnswerForm stream = kTools;
  stream.stream_arguments = true;
  CHECK(take(text, whole, 3) == Taken{"", text, {}});
  CHECK(take(text, stream, 3) == Taken{"", "нет}}</tool_call>", {"f {\"a\": "}});
}

TEST_CASE("openai/json_prefix: takes what nlohmann's parser takes, at once") {
  for (const std::string text : {"{}",
                                 "[]",
                                 "[1, -2.5e+3, 0]",
                                 "{\"a\": [true, false, null, \"\\u00e9\\n\"]}",
                                 "\"я\"",
                                 "  {\"a\" : {\"b\":[]}} ",
                                 "[01]",
                                 "[1.]",
                                 "[-]",
                                 "[1e]",
                                 "{\"a\"}",
                                 "{a: 1}",
                                 "[1,]",
                                 "{,}",
                                 "[tru]",
                                 "[\"\\x\"]",
                                 "[\"\\u12g4\"]",
                                 "{}}",
                                 "[}",
                                 "nul",
                                 "\"a\nb\"",
                                 "[+1]",
                                 "[.5]",
                                 "{\"a\":1,}",
                                 "[1 2]",
                                 "[\"a\" \"b\"]"}) {
    JsonPrefix json;
    for (const char c : text) json.push(c);
    INFO(text);
    CHECK((json.state() == JsonPrefix::State::whole) == nlohmann::json::accept(text));
  }
}
