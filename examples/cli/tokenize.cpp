// tlite tokenize MODEL [TEXT | --file F | --lines F] [--special none|all] [--json]
#include "commands.hpp"
#include "files.hpp"
#include "model_flags.hpp"
#include "output.hpp"

#include <memory>
#include <optional>
#include <stdexcept>
#include <string>
#include <string_view>
#include <vector>

namespace cli {
namespace {

struct Flags {
  std::string model;
  std::optional<std::string> text, file, lines;
  std::string special = "all";
  bool json = false;
};

// Ids as a JSON array, or as "id  token" lines.
void write_ids(const tlite::Tokenizer& tokenizer, const std::vector<tlite::TokenId>& ids,
               bool json) {
  if (json) return write_json(Json(ids));
  for (const tlite::TokenId id : ids) {
    write_text(
        std::to_string(id) + "\t" +
        Json(tokenizer.token_bytes(id)).dump(-1, ' ', false, Json::error_handler_t::replace) +
        "\n");
  }
}

std::string parse_line(std::string_view line, std::size_t number, const std::string& path) {
  const Json value = Json::parse(line, nullptr, false);
  if (!value.is_string()) {
    throw std::runtime_error(path + ", line " + std::to_string(number) +
                             ": each line must be a JSON string");
  }
  return value.get<std::string>();
}

void tokenize_lines(const tlite::Tokenizer& tokenizer, const std::string& path,
                    const tlite::EncodeOptions& options) {
  const std::string text = read_file(path);
  std::string_view rest = text;
  for (std::size_t number = 1; !rest.empty(); ++number) {
    const std::size_t end = std::min(rest.find('\n'), rest.size());
    const std::string line = parse_line(rest.substr(0, end), number, path);
    write_json(Json(tokenizer.encode(line, options)));
    rest.remove_prefix(std::min(end + 1, rest.size()));
  }
}

void run(const Flags& flags) {
  const tlite::Tokenizer tokenizer = tlite::Tokenizer::load(flags.model);
  const tlite::EncodeOptions options{.parse_special = flags.special == "all"};
  if (flags.lines) return tokenize_lines(tokenizer, *flags.lines, options);
  const std::string text = flags.text ? *flags.text : read_file(flags.file.value_or("-"));
  write_ids(tokenizer, tokenizer.encode(text, options), flags.json);
}

}  // namespace

void add_tokenize(CLI::App& app) {
  const auto flags = std::make_shared<Flags>();
  CLI::App* const command = app.add_subcommand("tokenize", "Text to token ids");
  add_model_argument(*command, flags->model);
  CLI::Option* const text = command->add_option("TEXT", flags->text, "the text; none: stdin");
  CLI::Option* const file =
      command->add_option("--file", flags->file, "the text of a file; -: stdin")->excludes(text);
  command->add_option("--lines", flags->lines, "a JSON string a line; an array of ids each")
      ->excludes(text)
      ->excludes(file);
  command->add_option("--special", flags->special, "special tokens recognised in the text")
      ->check(CLI::IsMember({"none", "all"}));
  command->add_flag("--json", flags->json, "ids as a JSON array");
  command->callback([flags] { run(*flags); });
}

}  // namespace cli
