// A template of any bytes, over messages of any bytes: rendered or refused, within the limits.
// Input: the template, a zero byte, messages as JSON. Without one: fixed messages.
#include "jinja/interpreter.hpp"
#include "jinja/json_value.hpp"
#include "jinja/parser.hpp"

#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <string_view>

#include <tlite/chat.hpp>
#include <tlite/error.hpp>

namespace {

using namespace tlite;

constexpr std::string_view kMessages =
    R"([{"role": "system", "content": " Ты — ассистент "}, {"role": "user", "content": "a<b>\n"},
        {"role": "assistant", "content": null, "tool_calls": [{"type": "function", "function":
          {"name": "f", "arguments": {"x": 1, "y": [1.5, null, true]}}}]},
        {"role": "tool", "content": "ok"}])";

void require(bool condition) {
  if (!condition) std::abort();
}

// Less than a render may take otherwise, so that the fuzzer gets on.
jinja::Limits small_limits() {
  jinja::Limits limits;
  limits.steps = 200'000;
  limits.text_bytes = std::size_t{1} << 20;
  limits.allocated_bytes = std::size_t{64} << 20;
  return limits;
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view input(reinterpret_cast<const char*>(data), size);
  const std::size_t zero = input.find('\0');
  const std::string_view source = input.substr(0, zero);
  try {
    const jinja::Value messages = jinja::parse_json(
        zero == std::string_view::npos ? kMessages : input.substr(zero + 1), "messages", true);
    const jinja::Template parsed = jinja::parse(source);
    jinja::Runtime runtime(small_limits());
    runtime.now = 1'720'188'189;
    const jinja::Text text =
        jinja::run(runtime, parsed,
                   {{"messages", messages}, {"tools", messages}, {"add_generation_prompt", true}});
    std::size_t at = 0;
    for (const TextRange& range : text.literal()) {
      require(range.begin >= at && range.begin < range.end && range.end <= text.size());
      at = range.end;
    }
  } catch (const Error& error) {
    require(error.code() == ErrorCode::bad_template || error.code() == ErrorCode::invalid_argument);
  }
  return 0;
}
