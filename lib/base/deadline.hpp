// When a budget that begins now is used up.
#pragma once

#include <chrono>

namespace tlite {

// Budgets too long for a clock last for ever: time_point::max().
template <class Rep, class Period>
std::chrono::steady_clock::time_point deadline_after(std::chrono::duration<Rep, Period> budget) {
  using Clock = std::chrono::steady_clock;
  const auto now = Clock::now();
  // In the budget's own unit: a long one of a coarse unit has no number in the clock's.
  const auto most = std::chrono::duration_cast<std::chrono::duration<Rep, Period>>(
      Clock::time_point::max() - now);
  return budget < most ? now + budget : Clock::time_point::max();
}

}  // namespace tlite
