#include "base/parallel.hpp"

#include <atomic>
#include <stdexcept>
#include <thread>
#include <vector>

#include <doctest/doctest.h>

namespace tlite {
namespace {

// Runs loops of 0 to 40 chunks in a pool and counts what ran.
void count_chunks(int threads, int loops) {
  ThreadPool pool(threads);
  std::vector<std::atomic<int>> busy(static_cast<std::size_t>(threads));
  std::atomic<bool> overlapped{false};
  pool.enter([&] {
    for (int loop = 0; loop < loops; ++loop) {
      std::vector<int> ran(static_cast<std::size_t>(loop % 41));
      pool.parallel_for(ran.size(), [&](std::size_t chunk, int worker) {
        std::atomic<int>& mine = busy[static_cast<std::size_t>(worker)];
        if (mine.fetch_add(1) != 0) overlapped = true;
        ++ran[chunk];
        mine.fetch_sub(1);
      });
      for (const int times : ran) REQUIRE(times == 1);
    }
  });
  CHECK_FALSE(overlapped);
}

}  // namespace

TEST_CASE("base/parallel: every chunk runs once, and no two with the same worker at once") {
  for (const int threads : {1, 2, 3, 16}) {
    CAPTURE(threads);
    count_chunks(threads, 2000);
  }
}

TEST_CASE("base/parallel: loops run without entering, and again after it") {
  ThreadPool pool(3);
  for (int round = 0; round < 20; ++round) {
    std::atomic<int> sum{0};
    const auto add = [&](std::size_t chunk, int) { sum += static_cast<int>(chunk); };
    pool.parallel_for(10, add);
    pool.enter([&] { pool.parallel_for(10, add); });
    CHECK(sum == 90);
  }
}

TEST_CASE("base/parallel: what the body throws comes out, and the pool lives on") {
  ThreadPool pool(2);
  CHECK_THROWS_AS(pool.enter([] { throw std::runtime_error("no"); }), std::runtime_error);
  int ran = 0;
  pool.enter([&] { ++ran; });
  CHECK(ran == 1);
}

TEST_CASE("base/parallel: pools of several host threads do not disturb each other") {
  std::vector<std::thread> hosts;
  for (int host = 0; host < 4; ++host) hosts.emplace_back([] { count_chunks(4, 500); });
  for (std::thread& host : hosts) host.join();
}

TEST_CASE("base/parallel: the number of threads is at least one and what was asked for") {
  CHECK(physical_cores() >= 1);
  CHECK(ThreadPool(0).threads() == physical_cores());
  CHECK(ThreadPool(5).threads() == 5);
  CHECK(ThreadPool(100000).threads() == 256);
}

}  // namespace tlite
