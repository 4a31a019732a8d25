// A thread that does one thing after the other, which neither the clients of other requests nor the
// engine shall wait for. One reads requests: JSON, templates and tokens of a long prompt take
// milliseconds; another reads and writes files.
#pragma once

#include <condition_variable>
#include <deque>
#include <functional>
#include <mutex>
#include <thread>

namespace server {

class Worker {
 public:
  Worker() : thread_([this] { run(); }) {}
  ~Worker() { stop(); }
  Worker(const Worker&) = delete;
  Worker& operator=(const Worker&) = delete;

  // From any thread; in the order of coming. `work` must not throw.
  void post(std::function<void()> work);
  // Waits for what has begun; what has not is left out.
  void stop();

 private:
  void run();

  std::mutex mutex_;
  std::condition_variable arrived_;
  std::deque<std::function<void()>> works_;  // guarded by mutex_
  bool stopping_ = false;                    // likewise
  std::thread thread_;
};

}  // namespace server
