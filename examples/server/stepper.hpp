// The thread that works: it steps the engines of all models that have something to do, in turn.
#pragma once

#include "models.hpp"

#include <condition_variable>
#include <functional>
#include <mutex>
#include <thread>
#include <utility>
#include <vector>

#include <tlite/tlite.hpp>

namespace server {

struct ModelEvent {
  LoadedModelPtr model;
  tlite::EngineEvent event;
};

class Stepper {
 public:
  // `take` is called on the stepper's thread, with what happened, in order.
  using Take = std::function<void(std::vector<ModelEvent> events)>;
  using Log = std::function<void(const std::string& line)>;

  Stepper(Take take, Log log);
  ~Stepper();
  Stepper(const Stepper&) = delete;
  Stepper& operator=(const Stepper&) = delete;

  // Its engine has work. From any thread.
  void wake(const LoadedModelPtr& model);

 private:
  void run();
  bool step(const LoadedModelPtr& model, std::vector<ModelEvent>& events);

  Take take_;
  Log log_;
  std::mutex mutex_;
  std::condition_variable woken_;
  std::vector<LoadedModelPtr> at_work_;  // guarded by mutex_
  bool stopping_ = false;                // likewise
  std::thread thread_;
};

}  // namespace server
