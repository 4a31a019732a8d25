#include "runtime/pacer.hpp"

#include <algorithm>
#include <chrono>
#include <cstddef>

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

namespace {

// A machine that reads the weights in so many seconds and takes so many for a row; up to some rows
// the arithmetic hides behind the memory.
struct Machine {
  double weights, row;
  double seconds(std::size_t rows) const {
    return std::max(weights, 0.5 * weights + row * static_cast<double>(rows));
  }
};

// Batches that a prompt takes beside `decode_rows` rows of others.
int batches_of(Pacer& pacer, const Machine& machine, std::size_t decode_rows, std::size_t prompt) {
  int count = 0;
  for (; prompt > 0; ++count) {
    const std::size_t rows = std::min(pacer.prompt_rows(decode_rows, 512 - decode_rows), prompt);
    pacer.observe(decode_rows, rows, machine.seconds(decode_rows + rows));
    prompt -= rows;
  }
  return count;
}

}  // namespace

// What a first prompt of few tokens takes is the weights' way through memory, not its rows.
TEST_CASE("runtime/pacer: a short first prompt makes no small batches of those that follow") {
  constexpr Machine kSmall{0.02, 0.001};  // 0.5B
  constexpr Machine kLarge{0.5, 0.05};    // 7B: a batch alone takes the ten bounds
  for (const std::size_t first : {1U, 2U, 8U, 9U, 24U, 63U}) {
    CAPTURE(first);
    for (const Machine& machine : {kSmall, kLarge}) {
      Pacer alone(std::chrono::milliseconds(50));
      alone.observe(0, first, machine.seconds(first));
      batches_of(alone, machine, 0, 512);
      const double rows = 0.5 / machine.row;  // that ten bounds are enough for
      CHECK(static_cast<double>(alone.prompt_rows(0, 4096)) > 0.7 * rows);
      CHECK(static_cast<double>(alone.prompt_rows(0, 4096)) <= 1.01 * rows);
    }
    // 50 rows a batch fit the bound: 40 batches, and some to find that out.
    Pacer mixed(std::chrono::milliseconds(50));
    mixed.observe(0, first, kSmall.seconds(first));
    CHECK(batches_of(mixed, kSmall, 1, 2000) < 80);
    // One a batch fits it, and up to nine cost nothing.
    Pacer slow(std::chrono::milliseconds(50));
    slow.observe(0, first, kLarge.seconds(first));
    CHECK(batches_of(slow, kLarge, 1, 200) < 100);
  }
}

TEST_CASE("runtime/pacer: a batch that was held up is forgotten") {
  const auto check = [](const Machine& machine, std::size_t decode_rows) {
    CAPTURE(decode_rows);
    Pacer pacer(std::chrono::milliseconds(50));
    if (decode_rows > 0) pacer.observe(decode_rows, 0, machine.seconds(decode_rows));
    batches_of(pacer, machine, decode_rows, 1024);
    const std::size_t before = pacer.prompt_rows(decode_rows, 512);
    pacer.observe(decode_rows, 64, 3600.0);
    CHECK(pacer.prompt_rows(decode_rows, 512) < before);
    batches_of(pacer, machine, decode_rows, 1024);
    CHECK(pacer.prompt_rows(decode_rows, 512) >= before);
  };
  check({0.5, 0.05}, 0);
  check({0.02, 0.001}, 1);
}

// Else rows of prompts would seem to cost nothing for as long as prompts come.
TEST_CASE("runtime/pacer: a first batch that waited for the disk does not unbind the others") {
  constexpr Machine kMachine{0.02, 0.001};
  Pacer pacer(std::chrono::milliseconds(50));
  pacer.observe(0, 2, 10.0);
  for (int i = 0; i < 100; ++i) {
    const std::size_t rows = pacer.prompt_rows(1, 512);
    CHECK(rows < 64);
    pacer.observe(1, rows, kMachine.seconds(1 + rows));
  }
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
