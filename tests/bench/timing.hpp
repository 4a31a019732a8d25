// What the benchmarks of kernels share: CPU time of the thread, so that other programs disturb a
// measurement less, and quantiles of many.
#pragma once

#include <algorithm>
#include <cstddef>
#include <ctime>
#include <vector>

namespace tlite {

inline double cpu_seconds() {
  timespec now{};
  clock_gettime(CLOCK_THREAD_CPUTIME_ID, &now);
  return static_cast<double>(now.tv_sec) + 1e-9 * static_cast<double>(now.tv_nsec);
}

inline double at_share(std::vector<double> values, double share) {
  std::sort(values.begin(), values.end());
  return values[static_cast<std::size_t>(share * static_cast<double>(values.size() - 1))];
}

}  // namespace tlite
