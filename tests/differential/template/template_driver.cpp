// Renders cases from stdin, one JSON object a line, for differential.py:
//   {"template": ..., "messages": [...], "tools": [...], "extra": {...}, "now": seconds}
// and prints one line each: {"text": ..., "literal": [[begin, end], ...]} or {"error": ...}.
#include <iostream>
#include <string>

#include <nlohmann/json.hpp>
#include <tlite/chat.hpp>
#include <tlite/error.hpp>

using Json = nlohmann::ordered_json;

static Json render(const Json& test_case) {
  const std::string tools = test_case.contains("tools") ? test_case["tools"].dump() : "";
  const std::string extra = test_case.contains("extra") ? test_case["extra"].dump() : "";
  tlite::TemplateOptions options;
  options.tools_json = tools;
  options.extra_json = extra;
  if (test_case.contains("now")) options.now = test_case["now"].get<std::int64_t>();
  try {
    const auto chat = tlite::ChatTemplate::parse(test_case["template"].get<std::string>());
    const std::string messages = test_case.value("messages_json", test_case["messages"].dump());
    options.add_generation_prompt = test_case.value("add_generation_prompt", false);
    const tlite::Prompt prompt = chat.render_json(messages, options);
    Json literal = Json::array();
    for (const tlite::TextRange& range : prompt.literal) literal.push_back({range.begin, range.end});
    return {{"text", prompt.text}, {"literal", literal}};
  } catch (const tlite::Error& error) {
    return {{"error", error.what()}, {"code", tlite::to_string(error.code())}};
  }
}

int main() {
  std::string line;
  while (std::getline(std::cin, line)) {
    std::cout << render(Json::parse(line)).dump(-1, ' ', false, Json::error_handler_t::replace) << "\n" << std::flush;
  }
}
