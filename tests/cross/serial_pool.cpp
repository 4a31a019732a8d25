// ThreadPool without oneTBB, for cross builds that have no such library: loops run in order.
#include "base/parallel.hpp"

namespace tlite {

int physical_cores() noexcept { return 1; }

struct ThreadPool::Impl {};

ThreadPool::ThreadPool(int threads) : threads_(threads > 0 ? threads : 1) {}
ThreadPool::~ThreadPool() = default;

void ThreadPool::enter(FunctionRef<void()> body) { body(); }

void ThreadPool::parallel_for(std::size_t chunks,
                              FunctionRef<void(std::size_t chunk, int worker)> body) {
  for (std::size_t chunk = 0; chunk < chunks; ++chunk) body(chunk, 0);
}

}  // namespace tlite
