// Rendering of conversations. Templates and JSON are read by the C++ API; here a prompt becomes an
// object whose text and ranges the caller can look at for as long as it keeps it.
#include "chat_template.hpp"

#include "arguments.hpp"
#include "host.hpp"
#include "messages.hpp"
#include "strings.hpp"
#include "structs.hpp"

#include <string>
#include <utility>
#include <vector>

// The ranges are copied into C's structure: the C++ one is not part of the ABI and may change.
struct tlite_prompt {
  std::string text;
  std::vector<tlite_text_range> literal;
};

namespace tlite::capi {
namespace {

constexpr tlite_template_options kDefaults = {};

// The result looks at the caller's texts: it must not outlive the call.
TemplateOptions options_in(const tlite_template_options* options) {
  const tlite_template_options given = read_struct(options, kDefaults);
  require_zero(given.reserved, "template_options.reserved");
  TemplateOptions result;
  result.add_generation_prompt = given.add_generation_prompt != 0;
  result.tools_json = text_in(given.tools_json, "tools_json");
  result.extra_json = text_in(given.extra_json, "extra_json");
  if (given.has_now != 0) result.now = given.now;
  return result;
}

tlite_prompt* new_prompt(Prompt prompt) {
  std::vector<tlite_text_range> literal;
  literal.reserve(prompt.literal.size());
  for (const TextRange& range : prompt.literal) literal.push_back({range.begin, range.end});
  return new tlite_prompt{std::move(prompt.text), std::move(literal)};
}

}  // namespace
}  // namespace tlite::capi

using namespace tlite::capi;

tlite_status tlite_template_options_init(tlite_template_options* options,
                                         size_t struct_size) noexcept {
  return init_struct(options, struct_size, kDefaults);
}

tlite_status tlite_chat_template_load(const tlite_host* host, const char* path, size_t path_size,
                                      tlite_chat_template** out, tlite_error** error) noexcept {
  return guard(error, [&] {
    required(out, "out");
    *out =
        new tlite_chat_template{tlite::ChatTemplate::load(path_in(path, path_size), host_of(host))};
  });
}

tlite_status tlite_chat_template_parse(const char* source, size_t source_size,
                                       const char* bos_token, size_t bos_token_size,
                                       const char* eos_token, size_t eos_token_size,
                                       tlite_chat_template** out, tlite_error** error) noexcept {
  return guard(error, [&] {
    required(out, "out");
    *out = new tlite_chat_template{tlite::ChatTemplate::parse(
        text_in(source, source_size, "source"), text_in(bos_token, bos_token_size, "bos_token"),
        text_in(eos_token, eos_token_size, "eos_token"))};
  });
}

void tlite_chat_template_free(tlite_chat_template* chat_template) noexcept { delete chat_template; }

const char* tlite_chat_template_source(const tlite_chat_template* chat_template,
                                       size_t* size) noexcept {
  return return_text(chat_template == nullptr ? nullptr : &chat_template->value.source(), size);
}

tlite_status tlite_chat_template_render(const tlite_chat_template* chat_template,
                                        const tlite_messages* messages,
                                        const tlite_template_options* options, tlite_prompt** out,
                                        tlite_error** error) noexcept {
  return guard(error, [&] {
    required(out, "out");
    const tlite::ChatTemplate& self = required(chat_template, "chat_template").value;
    *out = new_prompt(self.render(required(messages, "messages").values(), options_in(options)));
  });
}

tlite_status tlite_chat_template_render_json(const tlite_chat_template* chat_template,
                                             const char* messages_json, size_t messages_json_size,
                                             const tlite_template_options* options,
                                             tlite_prompt** out, tlite_error** error) noexcept {
  return guard(error, [&] {
    required(out, "out");
    const tlite::ChatTemplate& self = required(chat_template, "chat_template").value;
    *out = new_prompt(self.render_json(text_in(messages_json, messages_json_size, "messages_json"),
                                       options_in(options)));
  });
}

const char* tlite_prompt_text(const tlite_prompt* prompt, size_t* size) noexcept {
  return return_text(prompt == nullptr ? nullptr : &prompt->text, size);
}

const tlite_text_range* tlite_prompt_literal_ranges(const tlite_prompt* prompt,
                                                    size_t* count) noexcept {
  if (count != nullptr) *count = prompt == nullptr ? 0 : prompt->literal.size();
  return prompt == nullptr ? nullptr : prompt->literal.data();
}

void tlite_prompt_free(tlite_prompt* prompt) noexcept { delete prompt; }
