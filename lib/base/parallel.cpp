#include "base/parallel.hpp"

#include "base/float_env.hpp"
#include "base/worker_lease.hpp"

#include <algorithm>
#include <atomic>
#include <cstdint>
#include <fstream>
#include <set>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include <oneapi/tbb/global_control.h>
#include <oneapi/tbb/info.h>
#include <oneapi/tbb/task_arena.h>
#include <oneapi/tbb/task_group.h>

#if defined(__linux__)
#include <sched.h>
#endif

// ThreadSanitizer does not see how the uninstrumented oneTBB hands a task to a thread: told here.
#if defined(__SANITIZE_THREAD__)
#include <sanitizer/tsan_interface.h>
#define TLITE_HANDED_OVER __attribute__((no_sanitize("thread")))
#define TLITE_HAND_OVER(address) __tsan_release(address)
#define TLITE_TAKE_OVER(address) __tsan_acquire(address)
#else
#define TLITE_HANDED_OVER
#define TLITE_HAND_OVER(address)
#define TLITE_TAKE_OVER(address)
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

// Rounds of waiting before a thread sleeps: some 20 microseconds, about what a futex costs. A
// barrier that only spins is ruinous on a machine with more threads than cores.
constexpr int kSpins = 1000;

void pause() noexcept {
#if defined(__x86_64__)
  __builtin_ia32_pause();
#else
  std::this_thread::yield();
#endif
}

// Waits until `value` is no longer `old`.
template <class T>
void wait_while(const std::atomic<T>& value, T old) noexcept {
  for (int i = 0; i < kSpins; ++i) {
    if (value.load(std::memory_order_acquire) != old) return;
    pause();
  }
  value.wait(old, std::memory_order_acquire);
}

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

// Inside enter(), helpers run as long tasks that take part in one loop after the other. A loop is
// open while there are chunks to claim; who claims is counted in `inside`, so that the caller
// waits for those helpers only that came, never for one that oneTBB has not started yet.
// NOLINTNEXTLINE(clang-analyzer-optin.performance.Padding): counters keep to lines of their own
struct ThreadPool::Impl {
  explicit Impl(int threads)
      : concurrency(allowed(threads)),
        arena(concurrency, 1),
        parts(static_cast<std::size_t>(concurrency)) {}

  // oneTBB never gives more threads than the machine or the host program allows, and it warns on
  // stderr about an arena that asks for more.
  static int allowed(int threads) {
    const auto most =
        tbb::global_control::active_value(tbb::global_control::max_allowed_parallelism);
    return static_cast<int>(std::min(static_cast<std::size_t>(threads), most));
  }

  // The worker's own part first, then what the others have left.
  void claim(int worker) noexcept {
    for (std::size_t n = 0; n < parts.size(); ++n) {
      Part& part = parts[(static_cast<std::size_t>(worker) + n) % parts.size()];
      for (std::size_t i; (i = part.next.fetch_add(1, std::memory_order_relaxed)) < part.end;) {
        (*body)(i, worker);
      }
    }
  }

  void help(int worker) noexcept {
    for (std::uint32_t seen = 0;;) {
      wait_while(loop, seen);
      seen = loop.load(std::memory_order_acquire);
      if (leave.load(std::memory_order_acquire)) return;
      // Sequentially consistent, as is the caller's side: either the helper sees that the loop is
      // closed, or the caller sees the helper inside.
      inside.fetch_add(1);
      if (open.load()) claim(worker);
      inside.fetch_sub(1);
      inside.notify_one();
    }
  }

  void run(std::size_t count, FunctionRef<void(std::size_t, int)>& what) noexcept {
    body = &what;
    for (std::size_t n = 0; n < parts.size(); ++n) {
      parts[n].next.store(count * n / parts.size(), std::memory_order_relaxed);
      parts[n].end = count * (n + 1) / parts.size();
    }
    open.store(true);
    loop.fetch_add(1, std::memory_order_release);
    loop.notify_all();
    claim(0);
    open.store(false);
    for (int helpers; (helpers = inside.load()) != 0;) wait_while(inside, helpers);
  }

  void dismiss() noexcept {
    leave.store(true, std::memory_order_release);
    loop.fetch_add(1, std::memory_order_release);
    loop.notify_all();
  }

  // Chunks that follow each other, for one worker as far as it gets: what a kernel asks of the
  // memory behind its chunk is then its own next one.
  struct alignas(64) Part {
    std::atomic<std::size_t> next{0};
    std::size_t end = 0;
  };

  WorkerLease lease;  // goes after the arena
  int concurrency;
  tbb::task_arena arena;
  bool entered = false;

  // The loop that runs: written by the caller while nobody is inside.
  FunctionRef<void(std::size_t, int)>* body = nullptr;
  std::vector<Part> parts;
  std::atomic<bool> open{false};
  std::atomic<bool> leave{false};
  alignas(64) std::atomic<std::uint32_t> loop{0};  // counts loops; helpers sleep on it
  alignas(64) std::atomic<std::int32_t> inside{0};
};

// The task of one helper.
struct ThreadPool::Helper {
  TLITE_HANDED_OVER void operator()() const {
    TLITE_TAKE_OVER(impl);
    const DefaultFloatEnv arithmetic;
    impl->help(worker);
  }
  Impl* impl;
  int worker;
};

ThreadPool::ThreadPool(int threads)
    : threads_(std::clamp(threads > 0 ? threads : physical_cores(), 1, 256)) {
  impl_ = std::make_unique<Impl>(threads_);
}

ThreadPool::~ThreadPool() = default;

void ThreadPool::enter(FunctionRef<void()> body) {
  Impl& impl = *impl_;
  if (threads_ == 1 || impl.entered) return body();
  const WorkerVisit visit;
  impl.arena.execute([&] {
    const DefaultFloatEnv arithmetic;  // in here: oneTBB sets what it was when the arena was made
    tbb::task_group helpers;
    impl.entered = true;
    impl.leave.store(false, std::memory_order_relaxed);
    impl.loop.store(0, std::memory_order_relaxed);
    const auto finish = [&] {
      impl.dismiss();
      helpers.wait();
      impl.entered = false;
    };
    try {
      for (int worker = 1; worker < impl.concurrency; ++worker) {
        TLITE_HAND_OVER(&impl);
        helpers.run(Helper{&impl, worker});
      }
      body();
    } catch (...) {
      finish();
      throw;
    }
    finish();
  });
}

void ThreadPool::parallel_for(std::size_t chunks,
                              FunctionRef<void(std::size_t chunk, int worker)> body) {
  if (threads_ == 1 || chunks <= 1) {
    for (std::size_t chunk = 0; chunk < chunks; ++chunk) body(chunk, 0);
    return;
  }
  enter([&] { impl_->run(chunks, body); });
}

}  // namespace tlite
