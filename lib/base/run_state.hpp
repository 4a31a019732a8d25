// Whether something runs that can be cancelled, and whether it was: one number, so that a cancel
// from another thread, or a signal handler, that finds nothing running has no effect, however close
// the race.
#pragma once

#include <atomic>

namespace tlite {

class RunState {
 public:
  void start() noexcept { state_.store(kRunning, std::memory_order_relaxed); }
  void stop() noexcept { state_.store(kIdle, std::memory_order_relaxed); }
  // Any thread. True where something ran that was not cancelled before.
  bool cancel() noexcept {
    int expected = kRunning;
    return state_.compare_exchange_strong(expected, kCancelled, std::memory_order_relaxed);
  }
  bool cancelled() const noexcept { return state_.load(std::memory_order_relaxed) == kCancelled; }

 private:
  enum { kIdle, kRunning, kCancelled };
  std::atomic<int> state_{kIdle};
  static_assert(std::atomic<int>::is_always_lock_free);
};

}  // namespace tlite
