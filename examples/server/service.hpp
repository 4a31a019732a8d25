// What happens between a request's body and its answer: reading, waiting for a model, the engine's
// requests, what they say, and the client that may go at any time. All of it on the thread that
// runs the connections, but for what is said otherwise.
#pragma once

#include "failure.hpp"
#include "http.hpp"
#include "metrics.hpp"
#include "model_calls.hpp"
#include "models.hpp"
#include "protocol.hpp"
#include "stepper.hpp"
#include "worker.hpp"

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <utility>
#include <vector>

namespace server {

// Whose request it is: a client's that waits, or a batch's, which has the engine when no client wants
// it, does not count among those that are too many, and has all the time that its batch has.
enum class Rank : std::int8_t { live, background };

struct ServiceOptions {
  ModelsOptions models;
  std::size_t most_jobs = 80;  // running and waiting; further ones are told to come again
  // Of the bodies of clients' requests that are being read or wait for a model; one alone may have
  // more. Further ones are told to come again.
  std::size_t most_unread = std::size_t{64} << 20U;
  std::chrono::milliseconds heartbeat{10000};  // a stream that says nothing says that it lives
  std::chrono::milliseconds request_time{0};   // the most an answer may take; 0: any
  tlite::Pooling pooling = tlite::Pooling::last;
  bool strict = false;  // fields that nobody knows are refused, not ignored with a warning
};

class Service {
 public:
  // Something that a model can say at once, as a tokenizer can: a body from a body. Called on the
  // thread that reads requests; throws like Protocol::read.
  using Tell = std::function<Told(const openai::Json& body, const LoadedModel& model, bool strict)>;
  using FailureBody = std::string (*)(const Failure&);
  using Post = std::function<void(std::function<void()>)>;  // to the connections' thread
  using Log = std::function<void(const std::string& line)>;

  Service(const ServiceOptions& options, Post post, Log log);
  ~Service();
  Service(const Service&) = delete;
  Service& operator=(const Service&) = delete;

  void ask(std::shared_ptr<http::Exchange> exchange, std::unique_ptr<Protocol> protocol,
           std::string body, Rank rank);
  void tell(std::shared_ptr<http::Exchange> exchange, Tell tell, FailureBody failure_body,
            std::string body, Rank rank);

  // Loads the model of requests that name none, so that the first one need not wait. `done` is
  // called with what went wrong.
  void warm_up(std::function<void(std::optional<tlite::Error>)> done);

  void tick();
  // No request is taken any more.
  void drain() { draining_ = true; }
  bool draining() const noexcept { return draining_; }
  // Ends those that there are.
  void cancel_all();
  bool idle() const noexcept { return jobs_.empty(); }

  std::vector<Models::Entry> models() const { return models_.list(); }
  std::string metrics(std::size_t connections) const;

 private:
  struct Job;
  using JobPtr = std::shared_ptr<Job>;
  using Key = std::pair<const LoadedModel*, tlite::RequestId>;

  bool is_full(std::size_t body) const;
  bool take(const JobPtr& job, std::size_t body);
  void has_read(Job& job);
  void read(const JobPtr& job, std::string text);                    // intake
  void submit(const JobPtr& job, const openai::Json& body);          // intake
  void answer_at_once(const JobPtr& job, const openai::Json& body);  // intake
  void fail_later(const JobPtr& job, const Failure& failure);        // any thread
  void submitted(const JobPtr& job);
  void take_events(const std::vector<ModelEvent>& events);
  void take_event(const Key& key, const tlite::EngineEvent& event);
  void happened(Job& job, std::size_t answer, const tlite::EngineEvent& event);
  void finish(Job& job);
  void fail(Job& job, const Failure& failure);
  void cancel(Job& job);
  void write(Job& job, const std::string& text);

  ServiceOptions options_;
  Post post_;
  std::set<JobPtr> jobs_;
  std::size_t unread_ = 0;                                 // bytes of bodies
  std::map<Key, std::pair<JobPtr, std::size_t>> answers_;  // which job's, and which of its answers
  // Events of requests that the intake's thread has not told of yet.
  std::map<Key, std::vector<tlite::EngineEvent>> early_;
  Metrics metrics_;
  bool draining_ = false;
  Stepper stepper_;
  Worker intake_;  // reads requests
  Models models_;
};

}  // namespace server
