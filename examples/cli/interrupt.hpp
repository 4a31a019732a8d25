// Ctrl-C as a wish to stop: the first one calls what is registered, on a thread of its own.
#pragma once

#include <functional>

namespace cli {

inline constexpr int kInterruptedStatus = 130;

// Thrown by a command that was stopped before it had a result.
struct Interrupted {};

// While it lives, Ctrl-C calls `stop` instead of ending the program. One at a time.
class InterruptScope {
 public:
  explicit InterruptScope(std::function<void()> stop);
  ~InterruptScope();
  InterruptScope(const InterruptScope&) = delete;
  InterruptScope& operator=(const InterruptScope&) = delete;

  bool interrupted() const noexcept;
};

}  // namespace cli
