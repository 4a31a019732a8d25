// tlite detokenize MODEL ID... [--skip-special]
#include "commands.hpp"
#include "model_flags.hpp"
#include "output.hpp"

#include <memory>
#include <string>
#include <vector>

namespace cli {
namespace {

struct Flags {
  std::string model;
  std::vector<tlite::TokenId> ids;
  bool skip_special = false;
};

void run(const Flags& flags) {
  const tlite::Tokenizer tokenizer = tlite::Tokenizer::load(flags.model);
  write_text(tokenizer.decode(flags.ids, {.skip_special = flags.skip_special}));
  if (is_terminal_output()) write_text("\n");
}

}  // namespace

void add_detokenize(CLI::App& app) {
  const auto flags = std::make_shared<Flags>();
  CLI::App* const command = app.add_subcommand("detokenize", "Token ids to text");
  add_model_argument(*command, flags->model);
  command->add_option("ID", flags->ids, "token ids")->required();
  command->add_flag("--skip-special", flags->skip_special, "leave special tokens out");
  command->callback([flags] { run(*flags); });
}

}  // namespace cli
