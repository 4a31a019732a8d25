#include "base/worker_lease.hpp"

#include "base/parallel.hpp"

#include <atomic>
#include <chrono>
#include <cstddef>
#include <filesystem>
#include <iterator>
#include <memory>
#include <thread>
#include <vector>

#include <doctest/doctest.h>
#include <oneapi/tbb/task_arena.h>
#include <oneapi/tbb/task_group.h>

namespace tlite {
namespace {

std::ptrdiff_t threads_of_process() {
  const std::filesystem::directory_iterator tasks("/proc/self/task");
  return std::distance(begin(tasks), end(tasks));
}

// A thread that was joined is in the list for some microseconds more.
bool threads_come_to(std::ptrdiff_t count) {
  for (int i = 0; i < 1000 && threads_of_process() != count; ++i) {
    std::this_thread::sleep_for(std::chrono::milliseconds(1));
  }
  return threads_of_process() == count;
}

void compute(ThreadPool& pool) {
  std::atomic<int> sum{0};
  pool.parallel_for(100, [&](std::size_t, int) { ++sum; });
  CHECK(sum == 100);
}

// The loop of a pool, for as long as it takes until a helper came.
void compute_with_helper(ThreadPool& pool) {
  std::atomic<int> helped{0};
  if (ThreadPool(0).threads() < 2) return;
  while (helped == 0) {
    pool.parallel_for(100, [&](std::size_t, int worker) {
      if (worker != 0) ++helped;
      std::this_thread::yield();
    });
  }
}

}  // namespace

#if defined(__linux__)
TEST_CASE("base/worker_lease: threads stay from pool to pool, and end with the last lease") {
  const std::ptrdiff_t before = threads_of_process();
  auto lease = std::make_unique<WorkerLease>();
  for (int round = 0; round < 3; ++round) {
    ThreadPool pool(2);
    compute_with_helper(pool);
  }
  if (ThreadPool(0).threads() > 1) CHECK(threads_of_process() > before);
  lease.reset();
  CHECK(threads_come_to(before));
}

TEST_CASE("base/worker_lease: a thread that computed and lives on does not keep the workers") {
  const std::ptrdiff_t before = threads_of_process();
  auto pool = std::make_unique<ThreadPool>(2);
  std::atomic<int> step{0};
  std::thread host([&] {
    compute_with_helper(*pool);
    step = 1;
    step.notify_all();
    step.wait(1);  // lives on
  });
  step.wait(0);
  pool.reset();
  CHECK(threads_come_to(before + 1));
  step = 2;
  step.notify_all();
  host.join();
}
#endif

TEST_CASE("base/worker_lease: leases of many threads come and go at once") {
  std::vector<std::thread> hosts;
  for (int host = 0; host < 4; ++host) {
    hosts.emplace_back([] {
      for (int round = 0; round < 200; ++round) {
        ThreadPool pool(1 + round % 3);
        compute(pool);
      }
    });
  }
  for (std::thread& host : hosts) host.join();
}

// ThreadSanitizer does not see how oneTBB hands the host's tasks over.
#if !defined(__SANITIZE_THREAD__)
// oneTBB must not be told to forget a thread that is in the middle of the host's work, nor be
// waited for where the wait is for the caller itself.
TEST_CASE("base/worker_lease: the last lease may end wherever the host itself uses oneTBB") {
  for (int round = 0; round < 20; ++round) {
    CAPTURE(round);
    tbb::task_arena arena(2);
    std::atomic<int> ran{0};
    auto pool = std::make_unique<ThreadPool>(2);
    compute(*pool);
    arena.execute([&] {
      pool.reset();
      tbb::task_group group;
      for (int i = 0; i < 4; ++i) group.run([&ran] { ++ran; });
      group.wait();
    });
    CHECK(ran == 4);
    arena.execute([&] {
      tbb::task_group group;
      for (int i = 0; i < 4; ++i) {
        group.run([&ran] {
          ThreadPool inner(2);
          compute(inner);
          ++ran;
        });
      }
      group.wait();
    });
    CHECK(ran == 8);
    pool = std::make_unique<ThreadPool>(2);
    pool->enter([&] { ThreadPool inner(2); });
    compute(*pool);
  }
}

// Nobody but the worker holds on to oneTBB there.
TEST_CASE("base/worker_lease: the last lease may end in a task of which nobody else knows") {
  std::atomic<bool> done{false};
  std::thread([&] {
    tbb::task_arena arena(1, 0);  // one slot, for a worker
    arena.enqueue([&] {
      std::this_thread::sleep_for(std::chrono::milliseconds(20));
      {
        ThreadPool pool(2);
        compute(pool);
      }
      done = true;
      done.notify_all();
    });
  }).join();
  done.wait(false);
}
#endif

}  // namespace tlite
