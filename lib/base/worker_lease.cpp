// How oneTBB counts (2021.8, src/tbb/market.cpp and governor.cpp): the threads belong to a
// "market", which lives while it has references: one for each arena and each thread that used it.
// Threads are joined only where a task_scheduler_handle gives back the last reference; where
// anything else does, they are let go and end on their own some time later.
//
// So the market is held from the first lease to the last, by an arena. A handle would do as well
// but for two things: oneTBB keeps handles in a set that its static destructors free, while a host
// that loads us late may free a model later still; and making the first handle takes two locks in
// the opposite order of a market that is being made, by the host's own use of oneTBB.
#include "base/worker_lease.hpp"

#include <atomic>
#include <cstddef>
#include <memory>
#include <mutex>
#include <new>
#include <type_traits>
#include <utility>

#include <oneapi/tbb/global_control.h>
#include <oneapi/tbb/task_arena.h>
#include <oneapi/tbb/version.h>

#if defined(__unix__) || defined(__APPLE__)
#include <dlfcn.h>
#include <unistd.h>
#endif

namespace tlite {
namespace {

#if defined(__unix__) || defined(__APPLE__)
using ProcessId = pid_t;
ProcessId this_process() noexcept { return getpid(); }

// One more reference to the library that oneTBB's code is in; nullptr where it is not a library.
void* pin_code() noexcept {
  Dl_info info;
  if (dladdr(reinterpret_cast<void*>(&TBB_runtime_interface_version), &info) == 0) return nullptr;
  return dlopen(info.dli_fname, RTLD_NOW | RTLD_NOLOAD);
}

void unpin_code(void* library) noexcept {
  if (library != nullptr) dlclose(library);
}
#else
using ProcessId = int;
ProcessId this_process() noexcept { return 0; }
void* pin_code() noexcept { return nullptr; }
void unpin_code(void*) noexcept {}
#endif

// What the leases of this process share. Nothing here is destroyed at exit.
struct Workers {
  std::mutex mutex;
  std::size_t leases = 0;
  tbb::task_arena* arena = nullptr;  // holds the market
  ProcessId process = 0;             // that the threads were started in
  void* pin = nullptr;
  // What oneTBB made for the first thread because of us; nullptr: nothing.
  std::atomic<const void*> first_thread_arena{nullptr};
};
constinit Workers workers;
static_assert(std::is_trivially_destructible_v<Workers>);

// To make itself known to oneTBB a thread asks for its stack, and for that of the first thread
// glibc reads /proc/self/maps: fifty microseconds, which a token of a small model would show.
bool is_first_thread() noexcept {
#if defined(__linux__)
  return gettid() == getpid();
#else
  return false;
#endif
}

bool in_tbb() noexcept {
  return tbb::this_task_arena::current_thread_index() != tbb::task_arena::not_initialized;
}

// The arena that the calling thread, which oneTBB knows, is in.
const void* current_arena() noexcept {
  struct Current : tbb::task_arena {
    Current() : task_arena(attach{}) {}
    const void* address() const { return my_arena.load(std::memory_order_relaxed); }
  };
  return Current().address();
}

// Finalizing makes oneTBB forget the calling thread, and does no more while a lease holds the
// market. Not under task_arena::execute: oneTBB spares a thread inside a task, but not one there.
void forget_thread() noexcept {
  try {
    tbb::task_scheduler_handle handle{tbb::attach{}};
    tbb::finalize(handle, std::nothrow);
  } catch (...) {  // no memory for the handle: oneTBB forgets the thread when it ends
  }
}

// Where the lease ends under execute, of a pool of ours or of the host's, the arena is another.
void forget_first_thread() noexcept {
  if (!is_first_thread() || !in_tbb()) return;
  const void* arena = workers.first_thread_arena.load(std::memory_order_relaxed);
  if (arena == nullptr || arena != current_arena()) return;
  workers.first_thread_arena.store(nullptr, std::memory_order_relaxed);
  forget_thread();
}

// Ends the threads, unless somebody else uses them. Whether they have ended.
//
// A child of fork() has none of the threads: waiting for them would never end. Neither would it on
// a thread that itself is at work for oneTBB.
bool join_workers() noexcept {
  if (workers.process != this_process()) return false;
  try {
    if (in_tbb()) {
      delete std::exchange(workers.arena, nullptr);
      return false;
    }
    tbb::task_scheduler_handle handle{tbb::attach{}};  // before the arena goes, or nobody joins
    delete std::exchange(workers.arena, nullptr);
    return tbb::finalize(handle, std::nothrow);
  } catch (...) {  // no memory for the handle: the arena stays, and the next lease finds it
    return false;
  }
}

}  // namespace

// The dynamic linker's lock is never asked for under ours: a host's library may make a lease while
// it is loaded, under that lock.
WorkerLease::WorkerLease() {
  void* pin = pin_code();
  {
    const std::lock_guard lock(workers.mutex);
    if (workers.arena == nullptr) {
      auto arena = std::make_unique<tbb::task_arena>(1);
      const WorkerVisit visit;
      arena->initialize();
      workers.arena = arena.release();
      workers.process = this_process();
    }
    ++workers.leases;
    if (workers.pin == nullptr) workers.pin = std::exchange(pin, nullptr);
  }
  unpin_code(pin);
}

WorkerLease::~WorkerLease() {
  forget_first_thread();
  void* pin = nullptr;
  {
    const std::lock_guard lock(workers.mutex);
    if (--workers.leases == 0 && join_workers()) pin = std::exchange(workers.pin, nullptr);
  }
  unpin_code(pin);
}

WorkerVisit::WorkerVisit() noexcept : known_(in_tbb()) {}

WorkerVisit::~WorkerVisit() {
  if (known_) return;
  if (is_first_thread()) {
    if (in_tbb()) workers.first_thread_arena.store(current_arena(), std::memory_order_relaxed);
  } else {
    forget_thread();
  }
}

}  // namespace tlite
