#include "batch_jobs.hpp"

#include "batch_record.hpp"
#include "url.hpp"

#include <algorithm>
#include <chrono>
#include <ctime>
#include <optional>
#include <set>
#include <utility>

namespace server {

using openai::Json;

namespace {

using Clock = std::chrono::steady_clock;

constexpr std::size_t kMostBatches = 10000;
constexpr std::size_t kMostListed = 100;
// Of a line that the server is too busy for, or has no room to load the model of.
constexpr int kTries = 10;
constexpr std::chrono::seconds kPause{1};

// What the model's handlers get for a line. Throws openai::FieldError.
std::string body_of(const Json& request, const std::string& endpoint) {
  const std::string url = batch::url_of(request);
  if (url != endpoint) openai::refuse_field("url", url, "that of the batch, " + endpoint);
  const auto body = request.find("body");
  if (body == request.end() || !body->is_object()) {
    openai::refuse_field("body", body == request.end() ? Json() : *body, "an object");
  }
  const auto stream = body->find("stream");
  if (stream != body->end() && *stream == true)
    openai::not_supported("stream", "stream in a batch");
  return openai::to_text(*body);
}

}  // namespace

struct BatchJobs::Run {
  // A request that is being answered, or is to be asked again.
  struct Line {
    Json request;
    int tries = 0;
    std::optional<Clock::time_point> again;
    LineAnswering::Cancel cancel;
  };

  Run(Json& record, batch::Requests reads, const std::filesystem::path& output,
      const std::filesystem::path& errors)
      : id(record["id"]),
        endpoint(record["endpoint"]),
        requests(std::move(reads)),
        answers(output.string()),
        failures(errors.string()) {}

  std::string id, endpoint;
  batch::Requests requests;
  batch::Results answers, failures;
  std::map<std::size_t, Line> lines;
  bool all_read = false;
};

BatchJobs::BatchJobs(std::filesystem::path folder, Files& files, std::size_t most,
                     LineAnswering answering, Log log)
    : folder_(std::move(folder)),
      files_(files),
      most_(most),
      answering_(std::move(answering)),
      log_(std::move(log)) {
  std::filesystem::create_directories(folder_);
  batches_ = read_objects(
      folder_, {"endpoint", "expires_at", "input_file_id", "request_counts", "status", kOwn});
  std::vector<std::string> kept;
  for (const Json& batch : batches_) {
    if (!is_at_work(batch)) continue;
    for (const char* const name : {"output", "errors"}) kept.push_back(batch[kOwn][name]);
  }
  files_.remove_strays(kept);
}

// ---- calls

Json& BatchJobs::known(const std::string& id) {
  const auto found = std::ranges::find(
      batches_, id, [](const Json& batch) { return batch["id"].get<std::string>(); });
  if (found == batches_.end()) {
    throw Refusal({FailureKind::no_route, "there is no batch " + openai::to_text(id), "batch_id"});
  }
  return *found;
}

http::Response BatchJobs::create(const StoredCall& call) {
  const Json batch = new_batch(openai::parse_json(call.request.body), files_, answering_.knows);
  if (batches_.size() >= kMostBatches) {
    throw Refusal({FailureKind::busy, "there are " + std::to_string(batches_.size()) + " batches"});
  }
  const std::string id = batch["id"];
  write_whole(folder_ / (id + ".json"), openai::to_text(batch));
  batches_.push_back(batch);
  return json_response(shown(batch));
}

http::Response BatchJobs::list(const StoredCall& call) {
  const Query query = parse_query(call.request.query, {"after", "limit"});
  std::vector<Json> all;
  for (const Json& batch : batches_) all.push_back(shown(batch));
  return json_response(page_of(all, query, kMostListed));
}

http::Response BatchJobs::get(const StoredCall& call) {
  return json_response(shown(known(call.id)));
}

// What is there of it is its output, once go_on() has come to it.
http::Response BatchJobs::cancel(const StoredCall& call) {
  Json& batch = known(call.id);
  const std::string status = batch["status"];
  if (!is_at_work(batch)) {
    openai::refuse_field("status", status, "that of a batch which has not ended");
  }
  if (status != "cancelling") set(batch, "cancelling");
  return json_response(shown(batch));
}

bool BatchJobs::uses(const std::string& file) const {
  return std::ranges::any_of(batches_, [&](const Json& batch) {
    return is_at_work(batch) && batch["input_file_id"] == file;
  });
}

// ---- records

// A record that cannot be written stays as it was on the disk: that batch is worked on again by the
// next server.
void BatchJobs::save(const Json& batch) {
  try {
    write_whole(folder_ / (batch["id"].get<std::string>() + ".json"), openai::to_text(batch));
  } catch (const std::exception& error) {
    log_(error.what());
  }
}

void BatchJobs::set(Json& batch, const std::string& status) {
  batch["status"] = status;
  batch[status + "_at"] = std::time(nullptr);
  save(batch);
}

void BatchJobs::fail(Json& batch, const std::exception& error) {
  const auto* const line = dynamic_cast<const batch::LineError*>(&error);
  const Json one = {{"code", line ? "invalid_line" : "internal_error"},
                    {"message", error.what()},
                    {"param", nullptr},
                    {"line", line ? Json(line->line()) : Json(nullptr)}};
  batch["errors"] = {{"object", "list"}, {"data", Json::array({one})}};
  finish(batch, "failed");
}

void BatchJobs::stop_run() {
  for (auto& [number, line] : run_->lines) {
    if (line.cancel) line.cancel();
  }
  run_.reset();
}

// Its results, as far as there are any, become files; of one that failed as the disk was full, by
// whole lines. A server that ends in between does it again.
void BatchJobs::finish(Json& batch, const std::string& status) {
  if (run_ && run_->id == batch["id"]) stop_run();
  const Json own = batch[kOwn];
  FileFacts facts{{}, "batch_output"};
  if (own.contains("lifetime")) facts.lifetime = own["lifetime"];
  const auto keep = [&](const char* name, const char* shown_as) {
    const std::string id = own[name];
    std::error_code error;
    const auto size = std::filesystem::file_size(files_.path_of(id), error);
    if (error) return;  // there is none
    if (size == 0) {
      files_.remove(id);
      return;
    }
    batch::read_done(files_.path_of(id).string());
    facts.filename = batch["id"].get<std::string>() + "_" + name + ".jsonl";
    files_.adopt(id, facts);
    batch[shown_as] = id;
  };
  try {
    keep("output", "output_file_id");
    keep("errors", "error_file_id");
  } catch (const std::exception& error) {
    log_(error.what());
  }
  set(batch, status);
}

void BatchJobs::forget_old() {
  const std::int64_t now = std::time(nullptr);
  std::erase_if(batches_, [&](const Json& batch) {
    if (is_at_work(batch) || batch["created_at"].get<std::int64_t>() > now - kLongestBatch)
      return false;
    std::error_code ignored;
    std::filesystem::remove(folder_ / (batch["id"].get<std::string>() + ".json"), ignored);
    return true;
  });
}

// ---- work

void BatchJobs::validate(Json& batch) {
  try {
    const std::string input = batch["input_file_id"];
    const Json* const file = files_.find(input);
    if (file == nullptr) throw Refusal({FailureKind::invalid, "the file " + input + " is gone"});
    const batch::Requests requests(files_.path_of(input).string(), (*file)["filename"], {});
    batch["request_counts"]["total"] = requests.total();
    set(batch, "in_progress");
  } catch (const std::exception& error) {
    fail(batch, error);
  }
}

std::shared_ptr<BatchJobs::Run> BatchJobs::make_run(Json& batch) {
  const auto path = [&](const char* name) {
    return files_.path_of(batch[kOwn][name].get<std::string>());
  };
  std::set<std::string> done = batch::read_done(path("output").string());
  batch["request_counts"]["completed"] = done.size();
  const std::set<std::string> failed = batch::read_done(path("errors").string());
  batch["request_counts"]["failed"] = failed.size();
  done.insert(failed.begin(), failed.end());
  const std::string input = batch["input_file_id"];
  batch::Requests requests(files_.path_of(input).string(), input, std::move(done));
  return std::make_shared<Run>(batch, std::move(requests), path("output"), path("errors"));
}

bool BatchJobs::begin_next() {
  for (Json& batch : batches_) {
    if (batch["status"] != "in_progress") continue;
    try {
      run_ = make_run(batch);
      return true;
    } catch (const std::exception& error) {
      fail(batch, error);
    }
  }
  return false;
}

void BatchJobs::write(Run& run, std::size_t line, const std::string& custom_id, int status,
                      Json body) {
  const bool is_answer = status == 200;
  (is_answer ? run.answers : run.failures)
      .write(line, custom_id, batch::response_of(line, status, std::move(body)), nullptr);
  Json& counts = known(run.id)["request_counts"];
  Json& count = counts[is_answer ? "completed" : "failed"];
  count = count.get<std::int64_t>() + 1;
}

void BatchJobs::ask(std::size_t number) {
  Run::Line& line = run_->lines.at(number);
  line.again.reset();
  ++line.tries;
  try {
    line.cancel = answering_.ask(
        run_->endpoint, body_of(line.request, run_->endpoint),
        [this, weak = std::weak_ptr(run_), number](int status, const std::string& body) {
          const std::shared_ptr<Run> run = weak.lock();
          if (run && run == run_) answered(*run, number, status, body);
        });
  } catch (const tlite::Error& error) {  // of this line: the others are asked
    const Failure what = failure_of(error);
    const std::string body = answering_.failure_body(what);
    const std::string custom_id = line.request["custom_id"];
    run_->lines.erase(number);
    write(*run_, number, custom_id, status_of(what.kind), Json::parse(body));
  }
}

void BatchJobs::answered(Run& run, std::size_t number, int status, const std::string& body) {
  Run::Line& line = run.lines.at(number);
  line.cancel = nullptr;
  const bool may_come = status == 429 || status == 503;
  if (may_come && line.tries < kTries) {
    line.again = Clock::now() + kPause;
    return;
  }
  try {
    const std::string custom_id = line.request["custom_id"];
    run.lines.erase(number);
    write(run, number, custom_id, status, Json::parse(body));
  } catch (const std::exception& error) {  // the disk is full
    return fail(known(run.id), error);
  }
  go_on();
}

void BatchJobs::feed() {
  const Clock::time_point now = Clock::now();
  std::vector<std::size_t> again;
  for (const auto& [number, line] : run_->lines) {
    if (line.again && *line.again <= now) again.push_back(number);
  }
  for (const std::size_t number : again) ask(number);
  while (!run_->all_read && run_->lines.size() < most_) {
    std::optional<Json> request = run_->requests.next();
    run_->all_read = !request;
    if (!request) break;
    const std::size_t number = run_->requests.line();
    run_->lines[number].request = std::move(*request);
    ask(number);
  }
}

// Those that were not answered, in the file of errors.
void BatchJobs::leave_out_rest(Run& run) {
  Json& count = known(run.id)["request_counts"]["failed"];
  const Json error = {{"code", "batch_expired"},
                      {"message", "the request was not answered before the batch expired"}};
  const auto write = [&](std::size_t number, const Json& request) {
    run.failures.write(number, request["custom_id"], nullptr, error);
    count = count.get<std::int64_t>() + 1;
  };
  for (const auto& [number, line] : run.lines) write(number, line.request);
  while (const std::optional<Json> request = run.requests.next())
    write(run.requests.line(), *request);
}

void BatchJobs::end_overdue() {
  const std::int64_t now = std::time(nullptr);
  for (Json& batch : batches_) {
    if (batch["status"] == "cancelling") finish(batch, "cancelled");
    if (batch["status"] != "in_progress" || batch["expires_at"].get<std::int64_t>() > now) continue;
    try {
      const bool is_running = run_ && run_->id == batch["id"];
      leave_out_rest(is_running ? *run_ : *make_run(batch));
      finish(batch, "expired");
    } catch (const std::exception& error) {
      fail(batch, error);
    }
  }
}

void BatchJobs::drain() {
  draining_ = true;
  if (run_) stop_run();
}

void BatchJobs::go_on() {
  for (Json& batch : batches_) {
    if (batch["status"] == "validating") validate(batch);
  }
  end_overdue();
  forget_old();
  while (!draining_ && (run_ || begin_next())) {
    Json& batch = known(run_->id);
    try {
      feed();
    } catch (const std::exception& error) {
      fail(batch, error);
      continue;
    }
    if (!run_->lines.empty()) return;
    batch["finalizing_at"] = std::time(nullptr);
    finish(batch, "completed");
  }
}

}  // namespace server
