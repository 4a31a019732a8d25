// Templates against jinja2 as transformers sets it up: tests/golden/chat_template.py.
#include "base/file.hpp"
#include "jinja/interpreter.hpp"
#include "jinja/json_value.hpp"
#include "jinja/parser.hpp"

#include <cstdlib>
#include <ctime>
#include <string>

#include <doctest/doctest.h>

#include <tlite/error.hpp>

namespace tlite::jinja {
namespace {

Value read_golden(const std::string& name) {
  const std::string path =
      std::string(TLITE_SOURCE_DIR) + "/tests/golden/data/template/" + name + ".json";
  return parse_json(read_text(*system_files(), path, 1 << 24), name, false);
}

const std::string& text_of(const Value& object, const char* field) {
  return object.dict().find(field)->text().bytes();
}

using Variables = std::vector<std::pair<std::string, Value>>;

void add(Variables& variables, const Value& object) {
  for (const auto& [key, value] : object.dict().entries()) {
    variables.emplace_back(key.text().bytes(), value);
  }
}

// The clock of the cases was read in UTC.
struct UtcZone {
  UtcZone() {
    ::setenv("TZ", "UTC", 1);
    ::tzset();
  }
  ~UtcZone() {
    ::unsetenv("TZ");
    ::tzset();
  }
};

void check_case(const Value& expected, const std::string& source, const Variables& variables,
                std::int64_t now) {
  Runtime runtime;
  runtime.now = now;
  std::string text;
  std::string error;
  try {
    text = run(runtime, parse(source), variables).bytes();
  } catch (const Error& caught) {
    CHECK(caught.code() == ErrorCode::bad_template);
    error = caught.what();
  }
  if (expected.dict().find("text") != nullptr) {
    CHECK(error == "");
    CHECK(text == text_of(expected, "text"));
  } else {
    CHECK(error.find("chat template, line ") == 0);
    CHECK(error.find(text_of(expected, "error")) != std::string::npos);
  }
}

TEST_CASE("jinja: every construct renders as jinja2 renders it, or fails where it fails") {
  const UtcZone zone;
  const Value golden = read_golden("snippets");
  // What apply_chat_template always gives.
  Variables variables = {{"messages", None{}}, {"tools", None{}}};
  add(variables, *golden.dict().find("variables"));
  const auto& cases = golden.dict().find("cases")->list().items;
  REQUIRE(cases.size() > 500);
  for (const Value& one : cases) {
    const std::string& source = text_of(one, "template");
    CAPTURE(source);
    check_case(one, source, variables, golden.dict().find("now")->integer());
  }
}

TEST_CASE("jinja: conversations through the families' templates render as by jinja2") {
  const UtcZone zone;
  const Value golden = read_golden("chats");
  const Dict& head = golden.dict();
  const auto& cases = head.find("cases")->list().items;
  REQUIRE(cases.size() > 300);
  for (const Value& one : cases) {
    const std::string& name = text_of(one, "template");
    const std::string& chat = text_of(one, "chat");
    CAPTURE(name);
    CAPTURE(chat);
    Variables variables;
    add(variables, *head.find("variables"));
    variables.emplace_back("messages", *head.find("chats")->dict().find(chat));
    const bool tools = one.dict().find("tools")->boolean();
    variables.emplace_back("tools", tools ? *head.find("tools") : Value(None{}));
    variables.emplace_back("add_generation_prompt", *one.dict().find("prompt"));
    check_case(one, text_of(*head.find("templates"), name.c_str()), variables,
               head.find("now")->integer());
  }
}

}  // namespace
}  // namespace tlite::jinja
