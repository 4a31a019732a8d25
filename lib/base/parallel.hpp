// Parallel loops. With worker_lease.hpp the one place that knows oneTBB.
//
// Work is cut by the caller into chunks whose boundaries never depend on the number of threads, so
// results do not either; the pool only decides who runs which chunk.
#pragma once

#include "base/function_ref.hpp"

#include <cstddef>
#include <memory>

namespace tlite {

// Physical cores this process may run on (affinity and SMT taken into account); at least 1.
int physical_cores() noexcept;

class ThreadPool {
 public:
  // `threads` 0: physical_cores(). Clamped to [1, 256].
  explicit ThreadPool(int threads);
  ~ThreadPool();
  ThreadPool(const ThreadPool&) = delete;
  ThreadPool& operator=(const ThreadPool&) = delete;

  int threads() const noexcept { return threads_; }

  // Enters the pool once for many loops: `body` runs on the calling thread, and parallel_for inside
  // it costs a few microseconds. Between the loops the helpers spin briefly, then sleep. One thread
  // at a time; what `body` throws comes out.
  void enter(FunctionRef<void()> body);

  // Runs body(chunk, worker) for every chunk in [0, chunks), worker in [0, threads()) naming the
  // scratch space to use: two calls with the same worker never overlap. The body must not throw.
  void parallel_for(std::size_t chunks, FunctionRef<void(std::size_t chunk, int worker)> body);

 private:
  struct Impl;
  struct Helper;
  std::unique_ptr<Impl> impl_;
  int threads_;
};

}  // namespace tlite
