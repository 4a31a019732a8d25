// When a budget that begins now is used up.
#pragma once

#include <chrono>

namespace tlite {

// Budgets too long for a clock last for ever: time_point::max().
inline std::chrono::steady_clock::time_point deadline_after(std::chrono::nanoseconds budget) {
  using Clock = std::chrono::steady_clock;
  const auto now = Clock::now();
  return budget < Clock::time_point::max() - now ? now + budget : Clock::time_point::max();
}

}  // namespace tlite
