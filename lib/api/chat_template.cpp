#include "api/chat_messages.hpp"
#include "base/file.hpp"
#include "format/gguf_checkpoint.hpp"
#include "format/gguf_model.hpp"
#include "format/gguf_path.hpp"
#include "text/jinja/interpreter.hpp"
#include "text/jinja/json_value.hpp"
#include "text/jinja/parser.hpp"

#include <algorithm>
#include <array>
#include <utility>

#include <tlite/chat.hpp>
#include <tlite/error.hpp>

namespace tlite {
namespace {

using jinja::Kind;
using jinja::Value;

constexpr std::size_t kMaxFileBytes = std::size_t{64} << 20;  // tokenizer_config.json has 10 KB

struct Source {
  std::string text;
  jinja::Template parsed;
};

using Variables = std::vector<std::pair<std::string, Value>>;

std::shared_ptr<const Source> compile(std::string text) {
  auto source = std::make_shared<Source>();
  source->parsed = jinja::parse(text);
  source->text = std::move(text);
  return source;
}

}  // namespace

struct ChatTemplate::Impl {
  std::shared_ptr<const Source> main;      // null where there is only tool_use
  std::shared_ptr<const Source> tool_use;  // for conversations with tools; null: main is
  std::string none;                        // the text of a template that there is not
  Variables special_tokens;                // bos_token, eos_token, ...
};

namespace {

// ---- files

[[noreturn]] void fail_corrupt(const std::string& path, const std::string& message) {
  throw Error(ErrorCode::corrupt, path + ": " + message);
}

Value read_json(const FileSystem& files, const std::string& path) {
  try {
    return jinja::parse_json(read_text(files, path, kMaxFileBytes), path, false);
  } catch (const Error& error) {
    if (error.code() != ErrorCode::invalid_argument) throw;
    throw Error(ErrorCode::corrupt, error.what());
  }
}

// A special token is written as a string or as an object with its content.
const Value* token_text(const Value& value) {
  if (value.is_text()) return &value;
  if (!value.is(Kind::dict)) return nullptr;
  const Value* const content = value.dict().find("content");
  return content != nullptr && content->is_text() ? content : nullptr;
}

Variables special_tokens(const jinja::Dict& config) {
  Variables out;
  for (const std::string_view name : {"bos_token", "eos_token", "unk_token", "sep_token",
                                      "pad_token", "cls_token", "mask_token"}) {
    const Value* const found = config.find(name);
    const Value* const text = found != nullptr ? token_text(*found) : nullptr;
    if (text != nullptr) out.emplace_back(name, *text);
  }
  return out;
}

// chat_template: a string, or a list of {"name": ..., "template": ...}; of equal names the last.
void read_template_field(ChatTemplate::Impl& impl, const Value& field, const std::string& path,
                         bool with_tools) {
  if (field.is_text()) {
    impl.main = compile(field.text().bytes());
    return;
  }
  if (!field.is(Kind::list)) fail_corrupt(path, "chat_template must be a string or a list");
  for (const Value& entry : field.list().items) {
    const Value* const name = entry.is(Kind::dict) ? entry.dict().find("name") : nullptr;
    const Value* const text = entry.is(Kind::dict) ? entry.dict().find("template") : nullptr;
    if (name == nullptr || text == nullptr || !name->is_text() || !text->is_text()) {
      fail_corrupt(path, "an entry of chat_template has no name or template");
    }
    if (name->text().bytes() == "default") impl.main = compile(text->text().bytes());
    if (with_tools && name->text().bytes() == "tool_use")
      impl.tool_use = compile(text->text().bytes());
  }
}

// The field of one JSON file, where file and field are there. `with_tools`: no file has said yet
// what conversations with tools get.
void read_template_file(ChatTemplate::Impl& impl, const FileSystem& files, const std::string& path,
                        bool with_tools) {
  if (!files.exists(path)) return;
  const Value json = read_json(files, path);
  if (!json.is(Kind::dict)) fail_corrupt(path, "must be a JSON object");
  if (impl.special_tokens.empty()) impl.special_tokens = special_tokens(json.dict());
  const Value* const field = json.dict().find("chat_template");
  const bool there = field != nullptr && !field->is_none();
  if (there && !impl.main) read_template_field(impl, *field, path, with_tools);
}

// ---- rendering

Value json_option(std::string_view json, std::string_view name, Kind kind) {
  Value value = jinja::parse_json(json, name, true);
  if (!value.is(kind)) {
    throw Error(ErrorCode::invalid_argument,
                std::string(name) + " must be a JSON " + (kind == Kind::list ? "array" : "object"));
  }
  return value;
}

void set(Variables& variables, const std::string& name, Value value) {
  for (auto& [known, old] : variables) {
    if (known == name) {
      old = std::move(value);
      return;
    }
  }
  variables.emplace_back(name, std::move(value));
}

Variables variables_of(const ChatTemplate::Impl& impl, Value messages,
                       const TemplateOptions& options) {
  Variables out = impl.special_tokens;
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
  const Source& source = tools ? *impl.tool_use : *impl.main;
  const Variables variables = variables_of(impl, std::move(messages), options);
  jinja::Runtime runtime;
  runtime.now = options.now;
  const jinja::Text text = jinja::run(runtime, source.parsed, variables);
  return {text.bytes(), text.literal()};
}

ChatTemplate make_template(std::string_view source, std::string_view tool_use,
                           std::string_view bos_token, std::string_view eos_token) {
  auto impl = std::make_shared<ChatTemplate::Impl>();
  impl->main = compile(std::string(source));
  if (!tool_use.empty()) impl->tool_use = compile(std::string(tool_use));
  if (!bos_token.empty())
    impl->special_tokens.emplace_back("bos_token", jinja::text_value(bos_token));
  if (!eos_token.empty())
    impl->special_tokens.emplace_back("eos_token", jinja::text_value(eos_token));
  return ChatTemplate(std::move(impl));
}

ChatTemplate load_gguf(std::string_view path, const FileSystem& files) {
  const GgufContent gguf = open_gguf_file(path, files);
  const std::optional<GgufChatTemplate> found = read_gguf_chat_template(gguf.file);
  if (!found) {
    throw Error(ErrorCode::not_found,
                std::string(path) + ": no chat template (tokenizer.chat_template)");
  }
  return make_template(found->source, found->tool_use, found->bos_token, found->eos_token);
}

}  // namespace

ChatTemplate ChatTemplate::load(std::string_view path, const Host& host) {
  const std::shared_ptr<const FileSystem> files = files_of(host);
  if (const auto file = find_gguf(
          path, *files, {"chat_template.jinja", "tokenizer_config.json", "chat_template.json"})) {
    return load_gguf(*file, *files);
  }
  if (!files->is_directory(path)) {
    throw Error(ErrorCode::not_found, quoted_if_empty(path) + ": no such directory");
  }
  auto impl = std::make_shared<Impl>();
  const auto compiled = [&](const char* name) -> std::shared_ptr<const Source> {
    const std::string file = join_path(path, name);
    return files->exists(file) ? compile(read_text(*files, file, kMaxFileBytes)) : nullptr;
  };
  impl->main = compiled("chat_template.jinja");
  if (!impl->main) impl->main = compiled("additional_chat_templates/default.jinja");
  impl->tool_use = compiled("additional_chat_templates/tool_use.jinja");
  const bool with_tools = !impl->tool_use;
  read_template_file(*impl, *files, join_path(path, "tokenizer_config.json"), with_tools);
  read_template_file(*impl, *files, join_path(path, "chat_template.json"), with_tools);
  if (!impl->main && !impl->tool_use) {
    throw Error(ErrorCode::not_found,
                std::string(path) + ": no chat template (chat_template of tokenizer_config.json, " +
                    "or chat_template.jinja)");
  }
  return ChatTemplate(std::move(impl));
}

ChatTemplate ChatTemplate::parse(std::string_view source, std::string_view bos_token,
                                 std::string_view eos_token) {
  return make_template(source, {}, bos_token, eos_token);
}

Prompt ChatTemplate::render(const std::vector<Message>& messages,
                            const TemplateOptions& options) const {
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
  return render_values(*impl_, json_option(messages_json, "messages", Kind::list), options);
}

const std::string& ChatTemplate::source() const noexcept {
  return impl_->main ? impl_->main->text : impl_->none;
}

const std::string& ChatTemplate::tool_source() const noexcept {
  return impl_->tool_use ? impl_->tool_use->text : impl_->none;
}

}  // namespace tlite
