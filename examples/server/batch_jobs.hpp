// /v1/batches: files of requests that are answered when there is time, one batch after the other.
//
// What a batch is and how far it has come lies in its folder: the batch as `ID.json`, and the results
// so far as what will be its two files, which are also the record of what is done
// (batch/results.hpp). So a server that is started again, after whatever end, goes on where the last
// one was, and no line is lost or answered into the files twice. One thread's.
#pragma once

#include "files.hpp"
#include "stored_calls.hpp"

#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <functional>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include <batch/requests.hpp>
#include <batch/results.hpp>

namespace server {

// How the server answers a line's request.
struct LineAnswering {
  using Answered = std::function<void(int status, std::string body)>;
  using Cancel = std::function<void()>;

  // Whether POST at this path is a question to a model.
  std::function<bool(const std::string& path)> knows;
  // `answered` is called once and later, on the thread of the batches; not behind a cancel.
  std::function<Cancel(std::string path, std::string body, Answered answered)> ask;
  // The body of a failure.
  std::string (*failure_body)(const Failure&) = nullptr;
};

class BatchJobs {
 public:
  using Log = std::function<void(const std::string& line)>;

  // Reads what lies in the folder, and cleans away what ended by halves. `most`: lines at once.
  // Throws.
  BatchJobs(std::filesystem::path folder, Files& files, std::size_t most, LineAnswering answering,
            Log log);
  BatchJobs(const BatchJobs&) = delete;
  BatchJobs& operator=(const BatchJobs&) = delete;

  // They throw Refusal or openai::FieldError.
  http::Response create(const StoredCall& call);
  http::Response list(const StoredCall& call);
  http::Response get(const StoredCall& call);
  http::Response cancel(const StoredCall& call);
  // Whether an unfinished batch reads it.
  bool uses(const std::string& file) const;

  // Goes on with what there is to do; where nothing comes back from a model for long, too.
  void go_on();
  // No line is asked for any more, and nobody waits for those that are: the next server asks again.
  void drain();

 private:
  struct Run;

  openai::Json& known(const std::string& id);
  void set(openai::Json& batch, const std::string& status);
  void save(const openai::Json& batch);
  void validate(openai::Json& batch);
  std::shared_ptr<Run> make_run(openai::Json& batch);
  bool begin_next();
  void feed();
  void ask(std::size_t line);
  void answered(Run& run, std::size_t line, int status, const std::string& body);
  void write(Run& run, std::size_t line, const std::string& custom_id, int status,
             openai::Json body);
  void leave_out_rest(Run& run);
  void end_overdue();
  void finish(openai::Json& batch, const std::string& status);
  void fail(openai::Json& batch, const std::exception& error);
  void forget_old();
  void stop_run();

  std::filesystem::path folder_;
  Files& files_;
  std::size_t most_;
  LineAnswering answering_;
  Log log_;
  std::vector<openai::Json> batches_;  // in the order of creation
  std::shared_ptr<Run> run_;           // of the one that is at work
  bool draining_ = false;
};

}  // namespace server
