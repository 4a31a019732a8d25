#include "service.hpp"

#include "draw_id.hpp"

#include <algorithm>
#include <atomic>
#include <ctime>
#include <memory>
#include <optional>
#include <utility>

#include <openai/prompts.hpp>

namespace server {
namespace {

using Clock = std::chrono::steady_clock;
using openai::Json;

// How many fields a warning names.
constexpr std::size_t kMostNamed = 8;

double seconds(Clock::duration time) { return std::chrono::duration<double>(time).count(); }

// The names in ASCII, for a header.
std::string warning(const std::vector<std::string>& ignored) {
  std::string text = "299 - \"ignored, as unknown:";
  for (std::size_t i = 0; i < std::min(ignored.size(), kMostNamed); ++i) {
    std::string name = Json(ignored[i]).dump(-1, ' ', true, Json::error_handler_t::replace);
    std::erase_if(name, [](char c) { return c == '"' || c == '\\'; });
    text += " " + name.substr(0, 64);
  }
  return text + (ignored.size() > kMostNamed ? " ...\"" : "\"");
}

http::Headers json_headers(const std::vector<std::string>& ignored) {
  http::Headers headers = {{"Content-Type", "application/json"}};
  if (!ignored.empty()) headers.emplace_back("Warning", warning(ignored));
  return headers;
}

std::string model_name(const Json& body) {
  if (!body.is_object()) openai::refuse_field("body", body, "an object");
  const auto model = body.find("model");
  if (model == body.end() || model->is_null()) return {};
  return openai::string_field("model", *model);
}

}  // namespace

// Made on the connections' thread, read on the intake's, then told about on the former again: one
// of the two has it at a time, but for `gone`.
struct Service::Job {
  std::shared_ptr<http::Exchange> exchange;
  std::unique_ptr<Protocol> protocol;  // or:
  Tell tell;
  FailureBody failure_body = nullptr;  // without a protocol
  Rank rank = Rank::live;
  std::size_t unread = 0;          // what it has of Service::unread_
  std::atomic<bool> gone = false;  // nobody waits for the answer

  LoadedModelPtr model;
  Asked asked{{}, {}, {}, 0, tlite::Tokenizer(nullptr)};
  std::vector<tlite::RequestId> requests;
  std::vector<tlite::Generation> answers;
  std::size_t ended = 0;
  std::optional<Failure> failure;
  Clock::time_point begun = Clock::now();
  Clock::time_point last_written = Clock::now();
  std::vector<Clock::time_point> last_token;  // of each answer
  bool streams = false;                       // its head is sent
};

Service::Service(const ServiceOptions& options, Post post, Log log)
    : options_(options),
      post_(std::move(post)),
      stepper_(
          [this](std::vector<ModelEvent> events) {
            post_([this, held = std::make_shared<std::vector<ModelEvent>>(std::move(events))] {
              take_events(std::move(*held));
            });
          },
          std::move(log)),
      models_(options.models,
              [this](std::function<void()> work) { intake_.post(std::move(work)); }) {}

// What the intake's thread uses goes behind it.
Service::~Service() { intake_.stop(); }

// ---- from the connection to the intake

bool Service::is_full(std::size_t body) const {
  const auto live =
      std::ranges::count(jobs_, Rank::live, [](const JobPtr& job) { return job->rank; });
  return static_cast<std::size_t>(live) >= options_.most_jobs ||
         (unread_ > 0 && unread_ + body > options_.most_unread);
}

bool Service::take(const JobPtr& job, std::size_t body) {
  if (draining_) {
    fail(*job, {FailureKind::unavailable, "the server is going down"});
  } else if (job->rank == Rank::live && is_full(body)) {
    fail(*job, {FailureKind::busy, "too many requests at once; please try again"});
  } else {
    jobs_.insert(job);
    if (job->rank == Rank::live) unread_ += job->unread = body;
    job->exchange->on_gone([this, weak = std::weak_ptr(job)] {
      if (const JobPtr held = weak.lock()) cancel(*held);
    });
    return true;
  }
  return false;
}

void Service::has_read(Job& job) { unread_ -= std::exchange(job.unread, 0); }

void Service::ask(std::shared_ptr<http::Exchange> exchange, std::unique_ptr<Protocol> protocol,
                  std::string body, Rank rank) {
  const auto job = std::make_shared<Job>();
  job->exchange = std::move(exchange);
  job->rank = rank;
  job->protocol = std::move(protocol);
  if (!take(job, body.size())) return;
  intake_.post([this, job, held = std::move(body)]() mutable { read(job, std::move(held)); });
}

void Service::tell(std::shared_ptr<http::Exchange> exchange, Tell tell, FailureBody failure_body,
                   std::string body, Rank rank) {
  const auto job = std::make_shared<Job>();
  job->exchange = std::move(exchange);
  job->rank = rank;
  job->tell = std::move(tell);
  job->failure_body = failure_body;
  if (!take(job, body.size())) return;
  intake_.post([this, job, held = body.empty() ? "{}" : std::move(body)]() mutable {
    read(job, std::move(held));
  });
}

void Service::warm_up(std::function<void(std::optional<tlite::Error>)> done) {
  intake_.post([this, done = std::move(done)] {
    models_.get({}, [this, done](const LoadedModelPtr&, const std::optional<tlite::Error>& error) {
      post_([done, error] { done(error); });
    });
  });
}

// ---- on the intake's thread

void Service::fail_later(const JobPtr& job, const Failure& failure) {
  post_([this, job, failure] {
    has_read(*job);
    fail(*job, failure);
    jobs_.erase(job);
  });
}

// A request that waits for its model waits as text, which is some ten times smaller than what it is
// read into, and is read again.
void Service::read(const JobPtr& job, std::string text) {
  try {
    const auto body = std::make_shared<std::optional<Json>>(openai::parse_json(text));
    const std::string name = model_name(**body);
    models_.get(name, [this, job, body, name, text = std::move(text)](
                          LoadedModelPtr model, const std::optional<tlite::Error>& error) {
      if (error) {
        Failure failure = failure_of(*error);
        if (error->code() == tlite::ErrorCode::not_found && !name.empty()) {
          failure = {FailureKind::no_model, error->what(), "model"};
        }
        return fail_later(job, failure);
      }
      job->model = std::move(model);
      try {
        const Json json = *body ? *std::move(*body) : openai::parse_json(text);
        job->tell ? answer_at_once(job, json) : submit(job, json);
      } catch (const std::exception& what) {
        fail_later(job, failure_of(what));
      }
    });
    body->reset();
  } catch (const std::exception& error) {
    fail_later(job, failure_of(error));
  }
}

void Service::answer_at_once(const JobPtr& job, const Json& body) {
  const Told told = job->tell(body, *job->model, options_.strict);
  post_([this, job, headers = json_headers(told.ignored), text = openai::to_text(told.body)] {
    has_read(*job);
    job->exchange->send({200, headers, text});
    jobs_.erase(job);
  });
}

void Service::submit(const JobPtr& job, const Json& body) {
  LoadedModel& loaded = *job->model;
  Asked& asked = job->asked;
  asked.tokenizer = loaded.model.tokenizer();
  asked.id = draw_id();
  asked.created = std::time(nullptr);
  asked.call =
      job->protocol->read(body, loaded.model.default_sampling(), loaded.fields, options_.strict);
  if (asked.call.model.empty()) asked.call.model = loaded.name;
  const openai::Prompts prompts = openai::prompts_of(asked.call, loaded.model);
  for (const auto& ids : prompts.ids) asked.prompt_tokens += ids.size();
  asked.form = openai::answer_form(asked.call, asked.tokenizer, prompts.text);
  tlite::RequestOptions request =
      openai::request_options(asked.call, asked.form, prompts, loaded.model, options_.pooling);
  if (job->rank == Rank::live) request.timeout = options_.request_time;
  request.priority = job->rank == Rank::live ? 0 : -1;
  request.context = loaded.context;
  std::optional<Failure> failure;
  try {
    for (const auto& ids : prompts.ids) {
      if (job->gone) break;
      const tlite::RequestId first = loaded.engine.submit(ids, request);
      for (std::int32_t i = 0; i < asked.call.n; ++i) job->requests.push_back(first + i);
    }
  } catch (const std::exception& error) {  // of this prompt; those before it are for nobody
    failure = failure_of(error);
    for (const tlite::RequestId id : job->requests) loaded.engine.cancel(id);
  }
  stepper_.wake(job->model);
  post_([this, job, failure] {
    if (failure) fail(*job, *failure);
    submitted(job);
  });
}

// ---- back on the connections' thread

void Service::submitted(const JobPtr& job) {
  has_read(*job);
  const std::size_t count = job->requests.size();
  job->answers.resize(count);
  job->last_token.resize(count, job->begun);
  if (job->gone) {
    for (const tlite::RequestId id : job->requests) job->model->engine.cancel(id);
  } else {
    const std::string beginning = job->protocol->begin(job->asked);
    if (job->asked.call.stream) {
      http::Headers headers = {{"Content-Type", "text/event-stream"},
                               {"Cache-Control", "no-cache"}};
      if (!job->asked.call.ignored.empty()) {
        headers.emplace_back("Warning", warning(job->asked.call.ignored));
      }
      job->exchange->start(200, headers);
      job->streams = true;
      write(*job, beginning);
    }
  }
  for (std::size_t i = 0; i < count; ++i) {
    answers_[{job->model.get(), job->requests[i]}] = {job, i};
  }
  for (const tlite::RequestId id : job->requests) {
    const Key key(job->model.get(), id);
    auto early = early_.extract(key);
    if (early.empty()) continue;
    for (const tlite::EngineEvent& event : early.mapped()) take_event(key, event);
  }
  if (count == 0) jobs_.erase(job);
}

void Service::take_events(const std::vector<ModelEvent>& events) {
  for (const ModelEvent& each : events) {
    take_event({each.model.get(), each.event.request}, each.event);
  }
}

void Service::take_event(const Key& key, const tlite::EngineEvent& event) {
  const auto found = answers_.find(key);
  if (found == answers_.end()) {
    early_[key].push_back(event);
    return;
  }
  const auto [job, answer] = found->second;
  if (event.finish_reason != tlite::FinishReason::none) answers_.erase(found);
  happened(*job, answer, event);
  if (job->ended < job->requests.size()) return;
  if (!job->gone) finish(*job);
  jobs_.erase(job);
}

void Service::happened(Job& job, std::size_t answer, const tlite::EngineEvent& event) {
  const Clock::time_point now = Clock::now();
  if (event.token >= 0) {
    const bool first = job.last_token[answer] == job.begun;
    (first ? metrics_.first_token : metrics_.between_tokens)
        .add(seconds(now - job.last_token[answer]));
    job.last_token[answer] = now;
    ++metrics_.generation_tokens;
  }
  const bool ends = event.finish_reason != tlite::FinishReason::none;
  if (ends) {
    ++job.ended;
    job.answers[answer] = *event.result;
    metrics_.prompt_tokens += static_cast<std::uint64_t>(event.result->prompt_tokens);
    metrics_.cached_tokens += static_cast<std::uint64_t>(event.result->cached_tokens);
    ++metrics_.successes[std::string(tlite::to_string(event.finish_reason))];
  }
  if (job.gone) return;
  if (event.error) return fail(job, failure_of(*event.error));
  if (event.finish_reason == tlite::FinishReason::deadline) {
    return fail(job, {FailureKind::timed_out, "the answer was not ready in time"});
  }
  if (job.streams) write(job, job.protocol->event(answer, event));
}

void Service::write(Job& job, const std::string& text) {
  if (text.empty()) return;
  job.last_written = Clock::now();
  job.exchange->write(text);
}

void Service::finish(Job& job) {
  metrics_.whole.add(seconds(Clock::now() - job.begun));
  if (job.streams) {
    write(job, job.protocol->end(job.answers));
    job.exchange->finish();
    return;
  }
  job.exchange->send({200, json_headers(job.asked.call.ignored), job.protocol->body(job.answers)});
}

// The answer is a failure; what is still computed for it is for nobody.
void Service::fail(Job& job, const Failure& failure) {
  if (job.gone) return;
  const int status = status_of(failure.kind);
  ++metrics_.failures[status];
  if (job.streams) {
    write(job, job.protocol->failure_event(failure));
    job.exchange->finish();
  } else {
    http::Headers headers = {{"Content-Type", "application/json"}};
    if (status == 429 || status == 503) headers.emplace_back("Retry-After", "1");
    const std::string body =
        job.protocol ? job.protocol->failure_body(failure) : job.failure_body(failure);
    job.exchange->send({status, std::move(headers), body});
  }
  cancel(job);
}

void Service::cancel(Job& job) {
  if (job.gone.exchange(true)) return;
  // Those that the intake is about to submit see `gone`, there or in submitted().
  if (!job.answers.empty()) {
    for (const tlite::RequestId id : job.requests) job.model->engine.cancel(id);
  }
}

void Service::cancel_all() {
  for (const JobPtr& job : std::set<JobPtr>(jobs_)) {
    fail(*job, {FailureKind::unavailable, "the server is going down"});
  }
}

void Service::tick() {
  const Clock::time_point now = Clock::now();
  for (const JobPtr& job : jobs_) {
    if (job->streams && !job->gone && now - job->last_written >= options_.heartbeat) {
      write(*job, job->protocol->heartbeat());
    }
  }
  intake_.post([this] { models_.tick(); });
}

std::string Service::metrics(std::size_t connections) const {
  Metrics::Now now;
  now.connections = connections;
  for (const Models::Entry& model : models_.list()) {
    if (!model.engine) continue;
    now.running += static_cast<std::size_t>(model.engine->running);
    now.waiting += static_cast<std::size_t>(model.engine->waiting);
    const double kept = model.engine->free_tokens + model.engine->cached_tokens;
    now.cache_usage = std::max(now.cache_usage, 1.0 - kept / model.room);
  }
  return metrics_.text(now);
}

}  // namespace server
