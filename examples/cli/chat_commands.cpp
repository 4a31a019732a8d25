#include "chat_commands.hpp"

#include "files.hpp"
#include "interrupt.hpp"
#include "output.hpp"
#include "progress.hpp"

#include <iostream>
#include <utility>
#include <vector>

namespace cli {
namespace {

constexpr std::string_view kHelp =
    "/reset          begin a new conversation\n"
    "/regen          answer the last message again\n"
    "/system TEXT    set the system message and begin anew; without TEXT: show it\n"
    "/save FILE      save the messages as JSON\n"
    "/load FILE      go on with saved messages\n"
    "/stats          counts and token speed of the last answer and of all\n"
    "/help           this list\n"
    "/exit           leave (or Ctrl-D)\n"
    "Ctrl-C stops an answer. A line that ends in \\ goes on in the next.\n";

// Notes about the conversation go to stderr: stdout carries the answers.
void note(const std::string& text) { std::cerr << text << "\n"; }

std::string speed(std::size_t tokens, double seconds) {
  const double rate = seconds > 0 ? static_cast<double>(tokens) / seconds : 0;
  return std::to_string(tokens) + " tokens in " + format_number(seconds, 2) + " s (" +
         format_number(rate, 1) + " tokens/s)";
}

std::size_t evaluated_tokens(const tlite::Generation& result) {
  return static_cast<std::size_t>(std::max(0, result.prompt_tokens - result.cached_tokens));
}

}  // namespace

Conversation::Conversation(tlite::Session& session, std::string system)
    : session_(session), system_(std::move(system)) {
  reset();
}

bool Conversation::handle(const std::string& line) {
  const std::size_t begin = line.find_first_not_of(" \t");
  if (begin == std::string::npos) return true;
  try {
    if (line[begin] == '/') {
      const std::size_t end = std::min(line.find_first_of(" \t", begin), line.size());
      const std::size_t rest = std::min(line.find_first_not_of(" \t", end), line.size());
      command(std::string_view(line).substr(begin + 1, end - begin - 1), line.substr(rest));
    } else {
      say(line);
    }
  } catch (const std::exception& error) {
    note("tlite: " + one_line(error.what()));
  }
  return !leave_;
}

void Conversation::command(std::string_view name, const std::string& argument) {
  if (name == "help") {
    std::cerr << kHelp;
  } else if (name == "reset") {
    reset();
    note("(a new conversation)");
  } else if (name == "regen") {
    regenerate();
  } else if (name == "system") {
    set_system(argument);
  } else if (name == "save") {
    save(argument);
  } else if (name == "load") {
    load(argument);
  } else if (name == "stats") {
    show_stats();
  } else if (name == "exit" || name == "quit") {
    leave_ = true;
  } else {
    note("tlite: there is no command /" + std::string(name) + "; /help lists them");
  }
}

void Conversation::say(const std::string& text) {
  session_.add_user(text);
  const std::size_t before = session_.messages().size() - 1;
  try {
    answer(false);
  } catch (...) {
    session_.rewind(before);  // as if it had not been said
    throw;
  }
  // Stopped before the first token: there is no answer, so the message goes, too.
  if (session_.messages().size() == before + 1) session_.rewind(before);
}

void Conversation::regenerate() {
  const std::vector<tlite::Message> before = session_.messages();
  if (before.empty() || before.back().role != "assistant") {
    note("tlite: there is no answer to give again");
    return;
  }
  try {
    answer(true);
  } catch (...) {
    session_.set_messages(before);
    throw;
  }
  // Stopped before the first token: the old answer stays.
  if (session_.messages().size() < before.size()) session_.set_messages(before);
}

void Conversation::reset() {
  session_.reset();
  if (!system_.empty()) session_.add_system(system_);
}

void Conversation::set_system(const std::string& text) {
  if (text.empty()) {
    note(system_.empty() ? "(no system message)" : system_);
    return;
  }
  system_ = text;
  reset();
  note("(a new conversation)");
}

void Conversation::save(const std::string& path) {
  if (path.empty()) {
    note("tlite: /save needs a file name");
    return;
  }
  write_file(path, tlite::messages_to_json(session_.messages()));
  note("(saved " + std::to_string(session_.messages().size()) + " messages to " + path + ")");
}

void Conversation::load(const std::string& path) {
  if (path.empty()) {
    note("tlite: /load needs a file name");
    return;
  }
  std::vector<tlite::Message> messages = tlite::parse_messages(read_json_file(path));
  const bool has_system = !messages.empty() && messages.front().role == "system";
  system_ = has_system ? messages.front().content : "";
  session_.set_messages(std::move(messages));
  note("(" + std::to_string(session_.messages().size()) + " messages)");
}

void Conversation::show_stats() const {
  note("messages: " + std::to_string(session_.messages().size()));
  note("last prompt: " + std::to_string(last_.prompt_tokens) + " tokens, of these " +
       std::to_string(last_.cached_tokens) + " from the cache; " +
       speed(evaluated_tokens(last_), last_.prefill_seconds));
  note("last answer: " + speed(last_.tokens.size(), last_.decode_seconds));
  note("all prompts: " + speed(prefilled_, prefill_seconds_));
  note("all answers: " + speed(decoded_, decode_seconds_));
}

void Conversation::answer(bool again) {
  Progress progress("reading");
  session_.on_prefill([&progress](std::int64_t done, std::int64_t total) {
    progress.show(std::to_string(done) + " of " + std::to_string(total) + " tokens");
    return true;
  });
  bool ends_line = true;
  const auto print = [&](const tlite::Piece& piece) {
    progress.clear();
    if (!piece.text.empty()) ends_line = piece.text.back() == '\n';
    write_text(piece.text);
    std::cout.flush();
    return static_cast<bool>(std::cout);
  };
  const InterruptScope interrupt([this] { session_.cancel(); });
  last_ = again ? session_.regenerate(print) : session_.reply(print);
  progress.clear();
  if (!ends_line) write_text("\n");
  std::cout.flush();
  prefill_seconds_ += last_.prefill_seconds;
  decode_seconds_ += last_.decode_seconds;
  prefilled_ += evaluated_tokens(last_);
  decoded_ += last_.tokens.size();
  if (last_.finish_reason == tlite::FinishReason::cancelled) note("(stopped)");
  if (last_.finish_reason == tlite::FinishReason::context_full) note("(the context is full)");
}

}  // namespace cli
