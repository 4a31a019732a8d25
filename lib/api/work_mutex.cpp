#include "api/work_mutex.hpp"

#include <tlite/error.hpp>

namespace tlite {

void WorkMutex::require_other() const {
  if (!is_mine()) return;
  throw Error(ErrorCode::bad_state,
              "the engine is at work: a logits processor may not ask it for more");
}

void WorkMutex::take() noexcept {
  taken_ = true;
  owner_.store(std::this_thread::get_id());
}

void WorkMutex::lock() {
  require_other();
  std::unique_lock lock(mutex_);
  ++moments_;
  released_.wait(lock, [&] { return !taken_; });
  --moments_;
  take();
}

bool WorkMutex::try_lock() {
  const std::lock_guard lock(mutex_);
  if (taken_) return false;
  take();
  return true;
}

// All are told: each waits for something else.
void WorkMutex::unlock() noexcept {
  {
    const std::lock_guard lock(mutex_);
    taken_ = false;
    owner_.store(std::thread::id());
  }
  released_.notify_all();
}

std::unique_lock<WorkMutex> WorkMutex::lock_to_work(Clock::time_point deadline,
                                                    FunctionRef<bool()> is_needless) {
  require_other();
  std::unique_lock lock(mutex_);
  bool needless = false;
  const auto is_over = [&] {
    needless = is_needless();
    return needless || (!taken_ && moments_ == 0);
  };
  if (deadline == Clock::time_point::max()) {
    released_.wait(lock, is_over);
  } else if (!released_.wait_until(lock, deadline, is_over)) {
    return {};
  }
  if (needless) return {};
  take();
  return {*this, std::adopt_lock};
}

}  // namespace tlite
