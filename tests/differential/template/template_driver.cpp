// Renders cases from stdin, one JSON object a line, for differential.py:
//   {"template": ..., "messages": ..., "tools": ..., "extra": ..., "now": seconds}
// where messages, tools and extra are JSON texts, so that numbers come through as they are. Prints
// a line each: {"text": ..., "literal": [[begin, end], ...]} or {"error": ..., "code": ...}.
#include <iostream>
#include <string>

#include <nlohmann/json.hpp>

#include <tlite/chat.hpp>
#include <tlite/error.hpp>

using Json = nlohmann::ordered_json;

static Json render(const Json& test_case) {
  const std::string tools = test_case.value("tools", "");
  const std::string extra = test_case.value("extra", "");
  tlite::TemplateOptions options;
  options.tools_json = tools;
  options.extra_json = extra;
  if (test_case.contains("now")) options.now = test_case["now"].get<std::int64_t>();
  try {
    const auto chat = tlite::ChatTemplate::parse(test_case["template"].get<std::string>());
    const tlite::Prompt prompt = chat.render_json(test_case.value("messages", "[]"), options);
    Json literal = Json::array();
    for (const auto& [begin, end] : prompt.literal) literal.push_back({begin, end});
    return {{"text", prompt.text}, {"literal", literal}};
  } catch (const tlite::Error& error) {
    return {{"error", error.what()}, {"code", tlite::to_string(error.code())}};
  }
}

int main() {
  std::string line;
  while (std::getline(std::cin, line)) {
    const Json result = render(Json::parse(line));
    std::cout << result.dump(-1, ' ', false, Json::error_handler_t::replace) << "\n" << std::flush;
  }
}
