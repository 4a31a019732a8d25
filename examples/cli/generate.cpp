// tlite generate MODEL (--prompt P | --file F | --messages F.json) [--raw] [--json] ...
//
// A prompt goes through the chat template as a user's message, unless --raw or the model has none.
#include "commands.hpp"
#include "files.hpp"
#include "interrupt.hpp"
#include "model_flags.hpp"
#include "output.hpp"
#include "progress.hpp"
#include "sampling_flags.hpp"

#include <iostream>
#include <memory>
#include <optional>
#include <string>

namespace cli {
namespace {

struct Flags {
  ModelFlags model;
  SamplingFlags sampling;
  std::optional<std::string> prompt, file, messages, system, tools;
  bool raw = false;
  bool json = false;
};

Json to_json(const tlite::TokenLogprob& entry) {
  return {{"token", entry.token}, {"logprob", entry.logprob}, {"rank", entry.rank}};
}

Json to_json(const tlite::Generation& result) {
  Json out = {{"text", result.text},
              {"token_ids", result.tokens},
              {"finish_reason", tlite::to_string(result.finish_reason)},
              {"stop_string", result.stop_string},
              {"prompt_tokens", result.prompt_tokens},
              {"cached_tokens", result.cached_tokens},
              {"generated_tokens", result.tokens.size()},
              {"prefill_seconds", result.prefill_seconds},
              {"decode_seconds", result.decode_seconds}};
  if (result.logprobs.empty()) return out;
  Json chosen = Json::array();
  for (const tlite::TokenLogprob& entry : result.logprobs) chosen.push_back(to_json(entry));
  out["logprobs"] = std::move(chosen);
  Json top = Json::array();
  for (const auto& entries : result.top_logprobs) {
    Json row = Json::array();
    for (const tlite::TokenLogprob& entry : entries) row.push_back(to_json(entry));
    top.push_back(std::move(row));
  }
  out["top_logprobs"] = std::move(top);
  return out;
}

tlite::Generation answer(tlite::Session& session, const Flags& flags, const std::string& prompt,
                         const tlite::PieceCallback& callback) {
  const bool chat = session.model().info().has_chat_template && !flags.raw;
  if (!flags.messages && !chat) {
    if (flags.system || flags.tools) {
      throw tlite::Error(tlite::ErrorCode::invalid_argument,
                         "--system and --tools need a chat template, and the model has none");
    }
    return session.complete(prompt, callback);
  }
  if (flags.messages) {
    session.set_messages(tlite::parse_messages(read_json_file(*flags.messages)));
  } else {
    if (flags.system) session.add_system(*flags.system);
    session.add_user(prompt);
  }
  return session.reply(callback);
}

tlite::Generation generate(tlite::Session& session, const Flags& flags, const std::string& prompt) {
  Progress progress("reading the prompt");
  session.on_prefill([&progress](std::int64_t done, std::int64_t total) {
    progress.show(std::to_string(done) + " of " + std::to_string(total) + " tokens");
    return true;
  });
  const InterruptScope interrupt([&session] { session.cancel(); });
  tlite::Generation result = answer(session, flags, prompt, [&](const tlite::Piece& piece) {
    progress.clear();
    if (!flags.json) {
      write_text(piece.text);
      std::cout.flush();
    }
    return static_cast<bool>(std::cout);
  });
  if (interrupt.interrupted() && result.tokens.empty()) throw Interrupted();
  return result;
}

void run(const Flags& flags) {
  // What the user gave is looked at before a model is loaded.
  std::string prompt;
  if (flags.prompt) prompt = *flags.prompt;
  if (flags.file) prompt = read_file(*flags.file);
  const tlite::Model model = load_model(flags.model);
  tlite::SessionOptions options = session_options(flags.model, model.info());
  if (flags.tools) options.tools_json = read_json_file(*flags.tools);
  tlite::Session session(model, options);
  session.set_sampling(sampling_params(flags.sampling, model));
  const tlite::Generation result = generate(session, flags, prompt);
  if (flags.json) return write_json(to_json(result));
  write_text("\n");
}

}  // namespace

void add_generate(CLI::App& app) {
  const auto flags = std::make_shared<Flags>();
  CLI::App* const command = app.add_subcommand("generate", "Answers a prompt");
  add_model_flags(*command, flags->model);
  CLI::Option_group* const input = command->add_option_group("Input", "one of these");
  input->add_option("--prompt", flags->prompt, "the text itself");
  input->add_option("--file", flags->file, "a file with the text; -: stdin");
  CLI::Option* const messages =
      input->add_option("--messages", flags->messages, "a conversation as a JSON array; -: stdin");
  input->require_option(1);
  CLI::Option* const system =
      command->add_option("--system", flags->system, "a system message before the prompt")
          ->excludes(messages);
  CLI::Option* const tools =
      command->add_option("--tools", flags->tools, "tool definitions as a JSON array");
  command->add_flag("--raw", flags->raw, "continue the prompt as it is, without chat template")
      ->excludes(messages)
      ->excludes(system)
      ->excludes(tools);
  command->add_flag("--json", flags->json, "text, ids, reason, counts and seconds as JSON");
  add_sampling_flags(*command, flags->sampling);
  command->callback([flags] { run(*flags); });
}

}  // namespace cli
