// tlite chat MODEL [--system S]: a conversation line by line.
#include "chat_commands.hpp"
#include "commands.hpp"
#include "interrupt.hpp"
#include "line_editor.hpp"
#include "model_flags.hpp"
#include "output.hpp"
#include "sampling_flags.hpp"

#include <iostream>
#include <memory>
#include <string>

namespace cli {
namespace {

struct Flags {
  ModelFlags model;
  SamplingFlags sampling;
  std::string system;
};

// A line, with those that follow a backslash at its end.
LineResult read_lines(LineEditor& editor, std::string& text) {
  LineResult result = editor.read("> ", text);
  while (result == LineResult::line && text.ends_with('\\')) {
    text.back() = '\n';
    std::string more;
    result = editor.read(". ", more);
    text += more;
  }
  return result;
}

void run(const Flags& flags) {
  const tlite::Model model = load_model(flags.model);
  if (!model.info().has_chat_template) {
    throw tlite::Error(tlite::ErrorCode::not_found,
                       flags.model.path +
                           ": no chat template; `tlite generate --raw` runs "
                           "a model without");
  }
  tlite::SessionOptions options = session_options(flags.model, model.info());
  options.overflow = tlite::OverflowPolicy::drop_oldest;
  tlite::Session session(model, options);
  session.set_sampling(sampling_params(flags.sampling, model));
  Conversation conversation(session, flags.system);
  const std::unique_ptr<LineEditor> editor = make_line_editor();
  if (is_terminal_input()) std::cerr << model.info().name << ". /help lists the commands.\n";
  std::string text;
  while (true) {
    const LineResult result = read_lines(*editor, text);
    if (result == LineResult::end) return;
    if (result == LineResult::line && !conversation.handle(text)) return;
  }
}

}  // namespace

void add_chat(CLI::App& app) {
  const auto flags = std::make_shared<Flags>();
  CLI::App* const command = app.add_subcommand("chat", "Talks with a model");
  add_model_flags(*command, flags->model);
  command->add_option("--system", flags->system, "the system message");
  add_sampling_flags(*command, flags->sampling);
  command->callback([flags] { run(*flags); });
}

}  // namespace cli
