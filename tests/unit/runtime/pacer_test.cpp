#include "runtime/pacer.hpp"

#include <chrono>

#include <doctest/doctest.h>

namespace tlite {

TEST_CASE("runtime/pacer: prompts delay tokens by no more than the bound, as measured") {
  Pacer pacer(std::chrono::milliseconds(50));
  CHECK(pacer.prompt_rows(0, 512) == 512);  // nobody to delay
  CHECK(pacer.prompt_rows(3, 512) == 8);    // nothing is known
  CHECK(pacer.prompt_rows(3, 5) == 5);
  pacer.observe(3, 0, 0.1);
  pacer.observe(3, 8, 0.1 + 8 * 0.01);
  CHECK(pacer.prompt_rows(3, 512) == 5);
  CHECK(pacer.prompt_rows(0, 512) == 50);  // nobody to delay but who comes meanwhile
  for (int i = 0; i < 40; ++i) pacer.observe(3, 5, 0.1 + 5 * 0.001);
  CHECK(pacer.prompt_rows(3, 512) >= 49);
  for (int i = 0; i < 40; ++i) pacer.observe(3, 1, 0.5);
  CHECK(pacer.prompt_rows(3, 512) == 1);  // there is always some progress
  for (int i = 0; i < 60; ++i) pacer.observe(3, 50, 0.05);
  CHECK(pacer.prompt_rows(3, 512) == 512);
}

TEST_CASE("runtime/pacer: a prompt alone tells what a row takes at most") {
  Pacer pacer(std::chrono::milliseconds(50));
  pacer.observe(0, 16, 0.16);
  CHECK(pacer.prompt_rows(1, 512) == 5);
  pacer.observe(0, 16, 16.0);  // few rows: mostly the weights
  CHECK(pacer.prompt_rows(1, 512) == 5);
}

TEST_CASE("runtime/pacer: where batches differ fewer rows are sure to keep the bound") {
  Pacer steady(std::chrono::milliseconds(50));
  Pacer uneven(std::chrono::milliseconds(50));
  steady.observe(1, 0, 0.1);
  uneven.observe(1, 0, 0.1);
  for (int i = 0; i < 100; ++i) {
    steady.observe(1, 10, 0.1 + 10 * 0.002);
    uneven.observe(1, 10, 0.1 + 10 * (i % 2 == 0 ? 0.001 : 0.003));  // 2 ms in the mean
  }
  CHECK(steady.prompt_rows(1, 512) == 24);  // 25 but for the last bits of the mean
  CHECK(uneven.prompt_rows(1, 512) < 17);
  CHECK(uneven.prompt_rows(1, 512) * 3 <= 50);  // the longer ones, too
}

}  // namespace tlite
