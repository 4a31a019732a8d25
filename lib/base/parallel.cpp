#include "base/parallel.hpp"

#include <algorithm>
#include <fstream>
#include <set>
#include <string>
#include <thread>
#include <utility>

#include <oneapi/tbb/blocked_range.h>
#include <oneapi/tbb/info.h>
#include <oneapi/tbb/parallel_for.h>
#include <oneapi/tbb/partitioner.h>
#include <oneapi/tbb/task_arena.h>

#if defined(__linux__)
#include <sched.h>
#endif

namespace tlite {
namespace {

#if defined(__linux__)
// Counts distinct (package, core) pairs among the CPUs of the affinity mask; 0 where sysfs has
// none.
int cores_from_sysfs() {
  cpu_set_t mask;
  CPU_ZERO(&mask);
  if (sched_getaffinity(0, sizeof mask, &mask) != 0) return 0;
  std::set<std::pair<int, int>> cores;
  for (unsigned cpu = 0; cpu < CPU_SETSIZE; ++cpu) {
    if (!CPU_ISSET(cpu, &mask)) continue;
    const std::string topology = "/sys/devices/system/cpu/cpu" + std::to_string(cpu) + "/topology/";
    int package = -1;
    int core = -1;
    if (!(std::ifstream(topology + "physical_package_id") >> package)) return 0;
    if (!(std::ifstream(topology + "core_id") >> core)) return 0;
    cores.emplace(package, core);
  }
  return static_cast<int>(cores.size());
}
#endif

}  // namespace

int physical_cores() noexcept {
  try {
#if defined(__linux__)
    if (const int cores = cores_from_sysfs(); cores > 0) return cores;
#endif
    return std::max(1, tbb::info::default_concurrency());
  } catch (...) {
    return 1;
  }
}

struct ThreadPool::Impl {
  explicit Impl(int threads) : arena(threads, 1) {}
  tbb::task_arena arena;
};

ThreadPool::ThreadPool(int threads)
    : threads_(std::clamp(threads > 0 ? threads : physical_cores(), 1, 256)) {
  impl_ = std::make_unique<Impl>(threads_);
}

ThreadPool::~ThreadPool() = default;

void ThreadPool::enter(FunctionRef<void()> body) {
  impl_->arena.execute([&] { body(); });
}

void ThreadPool::parallel_for(std::size_t chunks,
                              FunctionRef<void(std::size_t chunk, int worker)> body) {
  if (threads_ == 1 || chunks <= 1) {
    for (std::size_t chunk = 0; chunk < chunks; ++chunk) body(chunk, 0);
    return;
  }
  impl_->arena.execute([&] {
    tbb::parallel_for(
        tbb::blocked_range<std::size_t>(0, chunks, 1),
        [&](const tbb::blocked_range<std::size_t>& range) {
          const int worker = tbb::this_task_arena::current_thread_index();
          for (std::size_t chunk = range.begin(); chunk != range.end(); ++chunk)
            body(chunk, worker);
        },
        tbb::simple_partitioner{});
  });
}

}  // namespace tlite
