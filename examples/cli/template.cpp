// tlite template MODEL --messages F.json [--tools F.json] [--add-generation-prompt]
#include "commands.hpp"
#include "files.hpp"
#include "model_flags.hpp"
#include "output.hpp"

#include <memory>
#include <optional>
#include <string>

namespace cli {
namespace {

struct Flags {
  std::string model;
  std::string messages;
  std::optional<std::string> tools, variables;
  bool add_generation_prompt = false;
  bool json = false;
};

void run(const Flags& flags) {
  const tlite::ChatTemplate chat = tlite::ChatTemplate::load(flags.model);
  const std::string messages = read_json_file(flags.messages);
  const std::string tools = flags.tools ? read_json_file(*flags.tools) : "";
  const std::string variables = flags.variables ? read_json_file(*flags.variables) : "";
  tlite::TemplateOptions options;
  options.add_generation_prompt = flags.add_generation_prompt;
  options.tools_json = tools;
  options.extra_json = variables;
  const tlite::Prompt prompt = chat.render_json(messages, options);
  if (!flags.json) return write_text(prompt.text);
  Json literal = Json::array();
  for (const auto& [begin, end] : prompt.literal) literal.push_back({begin, end});
  write_json({{"text", prompt.text}, {"literal", literal}});
}

}  // namespace

void add_template(CLI::App& app) {
  const auto flags = std::make_shared<Flags>();
  CLI::App* const command = app.add_subcommand("template", "Messages to the model's prompt");
  add_model_argument(*command, flags->model);
  command->add_option("--messages", flags->messages, "messages as a JSON array; -: stdin")
      ->required();
  command->add_option("--tools", flags->tools, "tool definitions as a JSON array");
  command->add_option("--variables", flags->variables, "further variables as a JSON object");
  command->add_flag("--add-generation-prompt", flags->add_generation_prompt,
                    "end with the header of the assistant's turn");
  command->add_flag("--json", flags->json, "with the byte ranges that came out of the messages");
  command->callback([flags] { run(*flags); });
}

}  // namespace cli
