// What went wrong first in a parallel loop, whose body must not throw.
#pragma once

#include <atomic>
#include <exception>
#include <mutex>

namespace tlite {

class FirstError {
 public:
  // Runs `call` and keeps what it throws, unless another call has thrown before.
  template <class Call>
  void guard(Call&& call) noexcept {
    try {
      call();
    } catch (...) {
      const std::lock_guard lock(mutex_);
      if (!error_) error_ = std::current_exception();
      occurred_.store(true, std::memory_order_relaxed);
    }
  }

  // Any thread: the rest of the work is in vain.
  bool occurred() const noexcept { return occurred_.load(std::memory_order_relaxed); }

  // After the loop.
  void rethrow() const {
    if (error_) std::rethrow_exception(error_);
  }

 private:
  std::mutex mutex_;
  std::exception_ptr error_;
  std::atomic<bool> occurred_{false};
};

}  // namespace tlite
