#include "stepper.hpp"

#include <algorithm>
#include <chrono>

namespace server {
namespace {

// After which the next model has its turn, where nothing has happened before. No less than a frame,
// below which the engine takes smaller steps (docs/engine.md).
constexpr std::chrono::milliseconds kTurn{20};

}  // namespace

Stepper::Stepper(Take take, Log log)
    : take_(std::move(take)), log_(std::move(log)), thread_([this] { run(); }) {}

Stepper::~Stepper() {
  {
    const std::lock_guard lock(mutex_);
    stopping_ = true;
  }
  woken_.notify_all();
  thread_.join();
}

void Stepper::wake(const LoadedModelPtr& model) {
  {
    const std::lock_guard lock(mutex_);
    if (std::ranges::find(at_work_, model) == at_work_.end()) at_work_.push_back(model);
  }
  woken_.notify_all();
}

// A step that throws leaves all requests as they were: they are tried again a little later.
bool Stepper::step(const LoadedModelPtr& model, std::vector<ModelEvent>& events) {
  bool more = true;
  try {
    more = model->engine.advance(kTurn, [&](const tlite::EngineEvent& event) {
      events.push_back({model, event});
    });
  } catch (const std::exception& error) {
    log_(model->name + ": " + error.what());
    std::this_thread::sleep_for(std::chrono::milliseconds(200));
  }
  while (auto event = model->engine.poll()) events.push_back({model, std::move(*event)});
  return more;
}

void Stepper::run() {
  for (;;) {
    std::vector<LoadedModelPtr> models;
    {
      std::unique_lock lock(mutex_);
      woken_.wait(lock, [this] { return stopping_ || !at_work_.empty(); });
      if (stopping_) return;
      models = std::exchange(at_work_, {});
    }
    for (const LoadedModelPtr& model : models) {
      std::vector<ModelEvent> events;
      const bool more = step(model, events);
      if (!events.empty()) take_(std::move(events));
      if (more) wake(model);
    }
  }
}

}  // namespace server
