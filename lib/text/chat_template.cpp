#include "text/chat_template.hpp"

#include "base/float_env.hpp"
#include "jinja/interpreter.hpp"
#include "jinja/json_value.hpp"
#include "text/chat_messages.hpp"

#include <algorithm>

#include <tlite/error.hpp>

namespace tlite {

using jinja::Kind;
using jinja::Value;

namespace {

Value json_option(std::string_view json, std::string_view name, Kind kind) {
  Value value = jinja::parse_json(json, name, true);
  if (!value.is(kind)) {
    throw Error(ErrorCode::invalid_argument,
                std::string(name) + " must be a JSON " + (kind == Kind::list ? "array" : "object"));
  }
  return value;
}

void set(TemplateVariables& variables, const std::string& name, Value value) {
  for (auto& [known, old] : variables) {
    if (known == name) {
      old = std::move(value);
      return;
    }
  }
  variables.emplace_back(name, std::move(value));
}

// The caller's variables come last and take the place of those before.
TemplateVariables variables_of(const ChatTemplate::Impl& impl, Value messages,
                               const TemplateOptions& options) {
  TemplateVariables out = impl.special_tokens;
  set(out, "messages", std::move(messages));
  set(out, "tools",
      options.tools_json.empty() ? Value(jinja::None{})
                                 : json_option(options.tools_json, "tools_json", Kind::list));
  set(out, "documents", jinja::None{});
  set(out, "add_generation_prompt", options.add_generation_prompt);
  if (!options.extra_json.empty()) {
    const Value extra = json_option(options.extra_json, "extra_json", Kind::dict);
    for (const auto& [key, value] : extra.dict().entries()) {
      const std::string& name = key.text().bytes();
      // bos_token and its like stand for themselves, other strings count as typed.
      const bool token = name.ends_with("_token") && value.is_text();
      set(out, name, token ? jinja::text_value(value.text().view()) : value);
    }
  }
  return out;
}

Prompt render_values(const ChatTemplate::Impl& impl, Value messages,
                     const TemplateOptions& options) {
  const bool tools = !options.tools_json.empty() && impl.tool_use != nullptr;
  if (!tools && impl.main == nullptr) {
    throw Error(ErrorCode::bad_template,
                "the model's only chat template is for conversations with tools, and this one has "
                "none");
  }
  const TemplateSource& source = tools ? *impl.tool_use : *impl.main;
  const TemplateVariables variables = variables_of(impl, std::move(messages), options);
  jinja::Runtime runtime;
  runtime.now = options.now;
  // A runtime of its own for each call: the template is shared by any number of threads.
  const jinja::Text text = jinja::run(runtime, source.parsed, variables);
  return {text.bytes(), text.literal()};
}

}  // namespace

// The text is kept for who writes the model to another file; the parsed form needs it no more.
std::shared_ptr<const TemplateSource> compile_template(std::string text) {
  const DefaultFloatEnv arithmetic;
  auto source = std::make_shared<TemplateSource>();
  source->parsed = jinja::parse(text);
  source->text = std::move(text);
  return source;
}

ChatTemplate make_template(std::string_view source, std::string_view tool_use,
                           std::string_view bos_token, std::string_view eos_token) {
  auto impl = std::make_shared<ChatTemplate::Impl>();
  impl->main = compile_template(std::string(source));
  if (!tool_use.empty()) impl->tool_use = compile_template(std::string(tool_use));
  if (!bos_token.empty())
    impl->special_tokens.emplace_back("bos_token", jinja::text_value(bos_token));
  if (!eos_token.empty())
    impl->special_tokens.emplace_back("eos_token", jinja::text_value(eos_token));
  return ChatTemplate(std::move(impl));
}

ChatTemplate ChatTemplate::parse(std::string_view source, std::string_view bos_token,
                                 std::string_view eos_token) {
  return make_template(source, {}, bos_token, eos_token);
}

Prompt ChatTemplate::render(const std::vector<Message>& messages,
                            const TemplateOptions& options) const {
  const DefaultFloatEnv arithmetic;
  try {
    return render_values(*impl_, message_values(messages), options);
  } catch (const Error& error) {
    const bool calls = std::any_of(messages.begin(), messages.end(),
                                   [](const Message& m) { return !m.tool_calls.empty(); });
    if (error.code() != ErrorCode::bad_template || !calls) throw;
    // A template that joins the arguments to its text cannot take an object (DeepSeek's).
    try {
      return render_values(*impl_, message_values(messages, ArgumentForm::text), options);
    } catch (const Error& again) {
      if (again.code() == ErrorCode::out_of_memory) throw;
    }
    throw;  // what it said about the usual form
  }
}

Prompt ChatTemplate::render_json(std::string_view messages_json,
                                 const TemplateOptions& options) const {
  const DefaultFloatEnv arithmetic;
  return render_values(*impl_, json_option(messages_json, "messages", Kind::list), options);
}

const std::string& ChatTemplate::source() const noexcept {
  return impl_->main ? impl_->main->text : impl_->none;
}

const std::string& ChatTemplate::tool_source() const noexcept {
  return impl_->tool_use ? impl_->tool_use->text : impl_->none;
}

}  // namespace tlite
