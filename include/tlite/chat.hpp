// Conversations and the templates that turn them into prompts.
//
//   tlite::ChatTemplate chat = tlite::ChatTemplate::load("model-dir");
//   tlite::Prompt prompt = chat.render({{{"user", "Привет!"}}}, {.add_generation_prompt = true});
//
// The interpreter runs the Jinja subset that Hugging Face chat templates use; its output equals
// transformers' apply_chat_template byte for byte. Depth, steps and output are limited, so a
// hostile template ends in an error. A ChatTemplate is immutable and shared, like a Tokenizer.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include <tlite/export.hpp>
#include <tlite/host.hpp>
#include <tlite/tokenizer.hpp>

namespace tlite {

struct ToolCall {
  std::string name;
  std::string arguments_json;  // a JSON object, kept in its order; empty: {}
  std::string id;              // empty: none
};

struct Message {
  std::string role;     // "system", "user", "assistant", "tool", or what the template knows
  std::string content;  // UTF-8
  std::vector<ToolCall> tool_calls = {};
  std::string tool_call_id = {};  // for role "tool"; empty: none
  std::string name = {};          // empty: none
};

// Throws invalid_argument where arguments_json of a tool call is neither empty nor a JSON object,
// naming the call. Session::add asks it; a template asks it of all messages.
TLITE_API void validate(const Message& message);

struct TemplateOptions {
  bool add_generation_prompt = false;  // end with the header of the assistant's turn
  std::string_view tools_json = {};    // a JSON array of tool definitions; empty: no tools
  std::string_view extra_json = {};    // a JSON object of further template variables
  // Seconds since the epoch for strftime_now; unset: the system clock. Local time zone.
  std::optional<std::int64_t> now = std::nullopt;
};

// A rendered conversation. `literal` lists the byte ranges of `text` that came out of the messages
// (their contents, names, arguments), not out of the template: give it to
// EncodeOptions::literal_ranges so that a user cannot type special tokens.
struct Prompt {
  std::string text;
  std::vector<TextRange> literal;
};

class TLITE_API ChatTemplate {
 public:
  // `path`: a Hugging Face directory (chat_template.jinja, or chat_template of
  // tokenizer_config.json; see docs/format-chat-template.md) or a GGUF file. Throws not_found where
  // the model has none, bad_template on a syntax error.
  static ChatTemplate load(std::string_view path, const Host& host = {});

  // From template source. `bos_token` and `eos_token` are given to the template as variables.
  static ChatTemplate parse(std::string_view source, std::string_view bos_token = {},
                            std::string_view eos_token = {});

  // Throws bad_template (the template raised, a type does not fit, a limit was reached) or
  // invalid_argument (tools_json is not JSON, ...).
  Prompt render(const std::vector<Message>& messages, const TemplateOptions& options = {}) const;

  // The same for messages as a JSON array of objects, with any fields the template understands.
  Prompt render_json(std::string_view messages_json, const TemplateOptions& options = {}) const;

  // The template's text, and that of the one for conversations with tools where the model has one
  // of its own; empty for one that there is not. They live as long as the object.
  const std::string& source() const noexcept;
  const std::string& tool_source() const noexcept;

  struct Impl;  // internal
  explicit ChatTemplate(std::shared_ptr<const Impl> impl) : impl_(std::move(impl)) {}

 private:
  std::shared_ptr<const Impl> impl_;
};

// Messages from and to the JSON form that Hugging Face and OpenAI use ({"role": ..., "content":
// ...}). parse_messages throws invalid_argument, naming the message and field.
TLITE_API std::vector<Message> parse_messages(std::string_view json);
TLITE_API std::string messages_to_json(const std::vector<Message>& messages);

}  // namespace tlite
