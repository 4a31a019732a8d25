// tlite batch MODEL --in requests.jsonl --out results.jsonl [--parallel N] [-c CONTEXT] ...
//
// OpenAI's batch form: a line a request, a line a result, in the order of finishing. A run that was
// stopped goes on with what is not in the results (batch/results.hpp).
#include "commands.hpp"
#include "files.hpp"
#include "interrupt.hpp"
#include "model_flags.hpp"
#include "output.hpp"
#include "pooling_flag.hpp"
#include "progress.hpp"

#include <atomic>
#include <chrono>
#include <cstdint>
#include <ctime>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include <batch/requests.hpp>
#include <batch/results.hpp>
#include <openai/answer.hpp>
#include <openai/call.hpp>
#include <openai/length.hpp>
#include <openai/prompts.hpp>

namespace cli {
namespace {

struct Flags {
  ModelFlags model;
  std::string in, out;
  std::int32_t parallel = 16;
  std::string pooling = "last";
};

// A request that is being answered; `ids` are those of its n answers, or of its inputs' embeddings,
// in order.
struct Job {
  std::size_t line = 0;
  std::string custom_id;
  openai::Call call;
  openai::AnswerForm form;
  std::vector<tlite::RequestId> ids;
  std::map<tlite::RequestId, tlite::Generation> answers;
  std::optional<tlite::Error> error;
};

void write(batch::Results& results, const Job& job, const tlite::Tokenizer& tokenizer) {
  if (job.error) {
    const Json error = {{"code", tlite::to_string(job.error->code())},
                        {"message", job.error->what()}};
    return results.write(job.line, job.custom_id, nullptr, error);
  }
  std::vector<tlite::Generation> choices;
  for (const tlite::RequestId request : job.ids) choices.push_back(job.answers.at(request));
  const Json body = openai::response_body(job.call, std::to_string(job.line), std::time(nullptr),
                                          choices, job.form, tokenizer);
  results.write(job.line, job.custom_id, batch::response_of(job.line, 200, body), nullptr);
}

class Batch {
 public:
  Batch(const Flags& flags, const tlite::Model& model, batch::Requests& requests,
        batch::Results& results)
      : model_(model),
        requests_(requests),
        results_(results),
        engine_(model, options(flags)),
        pooling_(parse_pooling(flags.pooling)),
        fields_(model.tokenizer()) {
    // Twice as many as run at once: the engine always has one to admit.
    most_ = static_cast<std::size_t>(flags.parallel) * 2;
  }

  // Until all is done or `stopped`. The number of requests that failed.
  std::size_t run(const std::atomic<bool>& stopped, Progress& progress) {
    const std::size_t left = requests_.total() - requests_.skipped();
    std::size_t done = 0;
    while (!stopped) {
      while (waiting_.size() < most_ && submit_next()) {
      }
      if (waiting_.empty() && finished_.empty()) break;
      engine_.step(std::chrono::milliseconds(200));
      while (auto event = engine_.poll()) take(*event);
      for (const std::shared_ptr<Job>& job : std::exchange(finished_, {})) {
        write(results_, *job, model_.tokenizer());
        if (job->error) ++failed_;
        ++done;
      }
      progress.show(std::to_string(done) + " of " + std::to_string(left) + " requests, " +
                    std::to_string(tokens_) + " tokens");
    }
    return failed_;
  }

 private:
  static tlite::EngineOptions options(const Flags& flags) {
    tlite::EngineOptions options;
    if (flags.model.context) options.context = *flags.model.context;
    options.threads = flags.model.threads;
    options.kv_type = parse_kv_type(flags.model.kv_type);
    options.max_sequences = flags.parallel;
    return options;
  }

  bool submit_next() {
    const std::optional<Json> json = requests_.next();
    if (!json) return false;
    const auto job = std::make_shared<Job>();
    job->line = requests_.line();
    job->custom_id = json->at("custom_id").get<std::string>();
    try {
      submit(*job, *json);
    } catch (const tlite::Error& error) {  // of this request: the others are answered
      job->error = error;
      finished_.push_back(job);
      return true;
    }
    for (const tlite::RequestId id : job->ids) waiting_[id] = job;
    return true;
  }

  // The requests of a call, those of a prompt one after the other. Where one is refused the job
  // fails, and the others are for nobody.
  void submit_all(Job& job) {
    const openai::Prompts prompts = openai::prompts_of(job.call, model_);
    job.form = openai::answer_form(job.call, model_.tokenizer(), prompts.text);
    tlite::RequestOptions options =
        openai::request_options(job.call, job.form, prompts, model_, pooling_);
    options.context = openai::longest_request(model_.info().config, engine_.options());
    try {
      for (const std::vector<tlite::TokenId>& ids : prompts.ids) {
        openai::check_length(job.call, ids.size(), model_.info().config);
        const tlite::RequestId first = engine_.submit(ids, options);
        for (std::int32_t i = 0; i < job.call.n; ++i) job.ids.push_back(first + i);
      }
    } catch (...) {
      for (const tlite::RequestId id : job.ids) engine_.cancel(id);
      throw;
    }
  }

  void submit(Job& job, const Json& json) {
    const std::string url = batch::url_of(json);
    const std::optional<openai::Kind> kind = openai::kind_of_url(url);
    if (!kind) {
      openai::not_supported("url", "url " + Json(url).dump() +
                                       "; there are /v1/chat/completions, " +
                                       "/v1/completions and /v1/embeddings");
    }
    const auto body = json.find("body");
    job.call = openai::parse_call(*kind, body == json.end() ? Json() : *body,
                                  model_.default_sampling(), fields_, {});
    submit_all(job);
  }

  void take(const tlite::EngineEvent& event) {
    if (event.token >= 0) ++tokens_;
    if (event.finish_reason == tlite::FinishReason::none) return;
    auto waiting = waiting_.extract(event.request);
    if (waiting.empty()) return;
    const std::shared_ptr<Job> job = std::move(waiting.mapped());
    job->answers[event.request] = *event.result;
    if (event.error) job->error = event.error;
    if (job->answers.size() == job->ids.size()) finished_.push_back(job);
  }

  const tlite::Model& model_;
  batch::Requests& requests_;
  batch::Results& results_;
  tlite::Engine engine_;
  tlite::Pooling pooling_;
  openai::SamplingFields fields_;
  std::size_t most_;
  std::map<tlite::RequestId, std::shared_ptr<Job>> waiting_;
  std::vector<std::shared_ptr<Job>> finished_;
  std::size_t failed_ = 0;
  std::size_t tokens_ = 0;
};

void run(const Flags& flags) {
  batch::Requests requests(flags.in, flags.in, batch::read_done(flags.out));
  batch::Results results(flags.out);
  const tlite::Model model = load_model(flags.model);
  Batch batch(flags, model, requests, results);
  std::atomic<bool> stopped = false;
  const InterruptScope interrupt([&stopped] { stopped = true; });
  Progress progress("answering");
  const std::size_t failed = batch.run(stopped, progress);
  progress.clear();
  if (stopped) throw Interrupted();
  const std::string before = requests.skipped() == 0
                                 ? std::string()
                                 : std::to_string(requests.skipped()) + " of them before, ";
  write_text(flags.out + ": " + std::to_string(requests.total()) + " requests, " + before +
             std::to_string(failed) + " with an error\n");
}

}  // namespace

void add_batch(CLI::App& app) {
  const auto flags = std::make_shared<Flags>();
  CLI::App* const command = app.add_subcommand(
      "batch", "Answers the requests of a file in OpenAI's batch form, many at once");
  add_model_argument(*command, flags->model.path);
  command->add_option("--in", flags->in, "the requests, a JSON object a line")
      ->required()
      ->check(needs_real_file);
  command
      ->add_option(
          "--out", flags->out,
          "the results; what is there is not computed again, so a run that was stopped goes on")
      ->required()
      ->check(needs_real_file);
  command->add_option("--parallel", flags->parallel, "requests answered at once")
      ->check(CLI::Range(1, 256))
      ->capture_default_str();
  command
      ->add_option("-c,--context", flags->model.context,
                   "tokens in the KV cache, all requests together; default 16384")
      ->check(CLI::Range(32, 1 << 20));
  add_pooling_option(*command, flags->pooling);
  add_threads_option(*command, flags->model.threads);
  add_kv_type_option(*command, flags->model.kv_type);
  add_load_options(*command, flags->model);
  command->callback([flags] { run(*flags); });
}

}  // namespace cli
