// Whose turn it is to work on an engine's requests: one thread's at a time, batch by batch.
//
// Two kinds of threads want it. Those who work, for as long as a batch takes, and could as well be
// served by somebody else's work: they wait for what they are after, not for the turn. And those
// who change something in a moment, a request that is given up or goes on: they come first, or who
// works batch after batch would keep them waiting to the end, since a mutex that was just released
// is mostly taken by the thread that released it.
#pragma once

#include "base/function_ref.hpp"

#include <atomic>
#include <chrono>
#include <condition_variable>
#include <mutex>
#include <thread>

namespace tlite {

class WorkMutex {
 public:
  using Clock = std::chrono::steady_clock;

  // For a moment. With all three of this kind, bad_state for the thread that has it already: a
  // logits processor runs under it, and could only wait for itself.
  void lock();
  bool try_lock();
  void unlock() noexcept;

  // To work. No lock where the deadline has passed first, or `is_needless`, which is asked at once
  // and after each turn of another thread; it runs under a mutex of this object.
  [[nodiscard]] std::unique_lock<WorkMutex> lock_to_work(Clock::time_point deadline,
                                                         FunctionRef<bool()> is_needless);

  // Needs no lock: no other thread ever writes this thread's id, so the answer about oneself cannot
  // be out of date.
  bool is_mine() const noexcept { return owner_.load() == std::this_thread::get_id(); }

 private:
  void require_other() const;
  void take() noexcept;

  std::mutex mutex_;
  std::condition_variable released_;
  bool taken_ = false;
  int moments_ = 0;  // threads that wait in lock()
  std::atomic<std::thread::id> owner_{};
};

// For a moment, by any thread: one that works, in a logits processor, has it already.
class WorkMoment {
 public:
  explicit WorkMoment(WorkMutex& mutex) : lock_(mutex, std::defer_lock) {
    if (!mutex.is_mine()) lock_.lock();
  }

 private:
  std::unique_lock<WorkMutex> lock_;
};

}  // namespace tlite
