// What a chat template is made of: the sources that a model brings, parsed, and the special tokens
// that they see as variables. Files are read in format/chat_template_files.cpp.
#pragma once

#include "jinja/parser.hpp"
#include "jinja/value.hpp"

#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include <tlite/chat.hpp>

namespace tlite {

struct TemplateSource {
  std::string text;
  jinja::Template parsed;
};

using TemplateVariables = std::vector<std::pair<std::string, jinja::Value>>;

// Throws bad_template for a syntax error.
std::shared_ptr<const TemplateSource> compile_template(std::string text);

// Immutable once it is in a ChatTemplate, and shared by all copies of it.
struct ChatTemplate::Impl {
  std::shared_ptr<const TemplateSource> main;      // null where there is only tool_use
  std::shared_ptr<const TemplateSource> tool_use;  // for conversations with tools; null: main is
  std::string none;                                // the text of a template that there is not
  TemplateVariables special_tokens;                // bos_token, eos_token, ...
};

// Of sources that are texts in memory; an empty `tool_use`, bos or eos is none.
ChatTemplate make_template(std::string_view source, std::string_view tool_use,
                           std::string_view bos_token, std::string_view eos_token);

}  // namespace tlite
