// A chat template out of a model's files: of a Hugging Face directory, or of a GGUF file.
#include "base/file.hpp"
#include "format/gguf_checkpoint.hpp"
#include "format/gguf_model.hpp"
#include "format/gguf_path.hpp"
#include "jinja/json_value.hpp"
#include "text/chat_template.hpp"

#include <array>
#include <optional>

#include <tlite/error.hpp>

namespace tlite {
namespace {

using jinja::Kind;
using jinja::Value;

constexpr std::size_t kMaxFileBytes = std::size_t{64} << 20;  // tokenizer_config.json has 10 KB

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

TemplateVariables special_tokens(const jinja::Dict& config) {
  TemplateVariables out;
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
    impl.main = compile_template(field.text().bytes());
    return;
  }
  if (!field.is(Kind::list)) fail_corrupt(path, "chat_template must be a string or a list");
  for (const Value& entry : field.list().items) {
    const Value* const name = entry.is(Kind::dict) ? entry.dict().find("name") : nullptr;
    const Value* const text = entry.is(Kind::dict) ? entry.dict().find("template") : nullptr;
    if (name == nullptr || text == nullptr || !name->is_text() || !text->is_text()) {
      fail_corrupt(path, "an entry of chat_template has no name or template");
    }
    if (name->text().bytes() == "default") impl.main = compile_template(text->text().bytes());
    if (with_tools && name->text().bytes() == "tool_use")
      impl.tool_use = compile_template(text->text().bytes());
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
  const auto compiled = [&](const char* name) -> std::shared_ptr<const TemplateSource> {
    const std::string file = join_path(path, name);
    return files->exists(file) ? compile_template(read_text(*files, file, kMaxFileBytes)) : nullptr;
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

}  // namespace tlite
