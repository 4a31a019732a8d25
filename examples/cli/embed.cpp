// tlite embed MODEL [--in texts.txt] [--pooling last|mean|cls] [--no-normalize]: a text a line in,
// a JSON object a line out, in the order of the texts.
#include "commands.hpp"
#include "files.hpp"
#include "interrupt.hpp"
#include "model_flags.hpp"
#include "output.hpp"
#include "pooling_flag.hpp"
#include "progress.hpp"

#include <atomic>
#include <chrono>
#include <deque>
#include <fstream>
#include <iostream>
#include <map>
#include <memory>
#include <optional>
#include <string>

#include <openai/embedding_json.hpp>
#include <openai/length.hpp>

namespace cli {
namespace {

struct Flags {
  ModelFlags model;
  std::string in = "-";
  std::string pooling = "last";
  bool no_normalize = false;
  std::int32_t parallel = 16;
};

tlite::EngineOptions engine_options(const Flags& flags) {
  tlite::EngineOptions options;
  if (flags.model.context) options.context = *flags.model.context;
  options.threads = flags.model.threads;
  options.kv_type = parse_kv_type(flags.model.kv_type);
  options.max_sequences = flags.parallel;
  return options;
}

// The texts of a stream, embedded as they come: some are on their way at once.
class Embedder {
 public:
  Embedder(const Flags& flags, const tlite::Model& model)
      : flags_(flags), engine_(model, engine_options(flags)) {
    request_.pooling = parse_pooling(flags.pooling);
    request_.normalize = !flags.no_normalize;
    request_.context = openai::longest_request(model.info().config, engine_.options());
  }

  // A text that is refused ends the work, behind the embeddings of those before it.
  void run(std::istream& in, const std::atomic<bool>& stopped, Progress& progress) {
    // Twice as many as run at once: the engine always has one to admit.
    const auto most = static_cast<std::size_t>(flags_.parallel) * 2;
    std::optional<tlite::Error> refused;
    for (std::string text; !stopped && !refused && std::getline(in, text);) {
      try {
        waiting_.push_back(engine_.submit(text, request_));
        ++line_;
      } catch (const tlite::Error& error) {
        refused = error;
      }
      if (waiting_.size() == most) write_next(stopped, progress);
    }
    if (in.bad()) fail_file(flags_.in, "read");
    while (!stopped && !waiting_.empty()) write_next(stopped, progress);
    if (refused) fail_line(line_ + 1, *refused);
  }

 private:
  [[noreturn]] void fail_line(std::size_t line, const tlite::Error& error) const {
    throw tlite::Error(error.code(), flags_.in + ":" + std::to_string(line) + ": " + error.what());
  }

  // Of the oldest text.
  void write_next(const std::atomic<bool>& stopped, Progress& progress) {
    const std::size_t line = line_ - waiting_.size() + 1;
    while (!results_.contains(waiting_.front())) {
      if (stopped) return;
      engine_.step(std::chrono::milliseconds(100));
      while (auto event = engine_.poll()) results_.insert_or_assign(event->request, *event);
    }
    const tlite::EngineEvent event = results_.at(waiting_.front());
    results_.erase(waiting_.front());
    waiting_.pop_front();
    if (event.error) fail_line(line, *event.error);
    write_json({{"index", line - 1},
                {"prompt_tokens", event.result->prompt_tokens},
                {"embedding", openai::embedding_json(event.result->embedding)}});
    progress.show(std::to_string(line) + " texts");
  }

  const Flags& flags_;
  tlite::Engine engine_;
  tlite::RequestOptions request_;
  std::deque<tlite::RequestId> waiting_;
  std::map<tlite::RequestId, tlite::EngineEvent> results_;  // that came before older ones
  std::size_t line_ = 0;
};

void run(const Flags& flags) {
  std::ifstream file;
  if (flags.in != "-") {
    file.open(flags.in, std::ios::binary);
    if (!file) fail_file(flags.in, "open");
  }
  const tlite::Model model = load_model(flags.model);
  Embedder embedder(flags, model);
  std::atomic<bool> stopped = false;
  const InterruptScope interrupt([&stopped] { stopped = true; });
  Progress progress("embedding");
  embedder.run(flags.in == "-" ? std::cin : file, stopped, progress);
  progress.clear();
  if (stopped) throw Interrupted();
}

}  // namespace

void add_embed(CLI::App& app) {
  const auto flags = std::make_shared<Flags>();
  CLI::App* const command =
      app.add_subcommand("embed", "Embeddings of texts, one a line, as JSON lines");
  add_model_argument(*command, flags->model.path);
  command->add_option("--in", flags->in, "the texts; -: stdin")->capture_default_str();
  add_pooling_option(*command, flags->pooling);
  command->add_flag("--no-normalize", flags->no_normalize, "do not scale embeddings to length 1");
  command->add_option("--parallel", flags->parallel, "texts worked on at once")
      ->check(CLI::Range(1, 256))
      ->capture_default_str();
  command
      ->add_option("-c,--context", flags->model.context,
                   "tokens in the KV cache, all texts together; default 16384")
      ->check(CLI::Range(32, 1 << 20));
  add_threads_option(*command, flags->model.threads);
  add_kv_type_option(*command, flags->model.kv_type);
  add_load_options(*command, flags->model);
  command->callback([flags] { run(*flags); });
}

}  // namespace cli
