#include "runtime/stop_scanner.hpp"

#include "base/rng.hpp"

#include <algorithm>

#include <doctest/doctest.h>

namespace tlite {

namespace {

struct Outcome {
  std::string text;
  std::string found;
  bool operator==(const Outcome&) const = default;
};

// Feeds `text` in parts of `step` bytes and checks that nothing that is part of a stop string is
// ever shown.
Outcome run(const std::vector<std::string>& stops, std::string_view text, std::size_t step,
            bool keep = false) {
  StopScanner matcher(stops, keep);
  Outcome outcome;
  for (std::size_t i = 0; i < text.size(); i += step) {
    if (matcher.push(text.substr(i, step), outcome.text)) {
      outcome.found = matcher.found();
      return outcome;
    }
  }
  matcher.flush(outcome.text);
  return outcome;
}

// The definition: the first byte at which some stop string is complete, the longest such string.
Outcome by_definition(const std::vector<std::string>& stops, const std::string& text) {
  for (std::size_t end = 1; end <= text.size(); ++end) {
    const std::string_view before = std::string_view(text).substr(0, end);
    const std::string* found = nullptr;
    for (const std::string& stop : stops) {
      if (before.ends_with(stop) && (found == nullptr || stop.size() > found->size())) {
        found = &stop;
      }
    }
    if (found != nullptr) return {text.substr(0, end - found->size()), *found};
  }
  return {text, ""};
}

}  // namespace

TEST_CASE("runtime/stop_scanner: cuts the stop string off or keeps it") {
  for (const std::size_t step : {1U, 2U, 3U, 5U, 100U}) {
    CHECK(run({"STOP"}, "go STOP here", step) == Outcome{"go ", "STOP"});
    CHECK(run({"STOP"}, "go STOP here", step, true) == Outcome{"go STOP", "STOP"});
    CHECK(run({"STOP"}, "go STO", step) == Outcome{"go STO", ""});
    CHECK(run({"привет"}, "ну, привет!", step) == Outcome{"ну, ", "привет"});
    CHECK(run({"aab"}, "aaaab", step) == Outcome{"aa", "aab"});
    CHECK(run({"\n\n", "User:"}, "yes\nUser: no\n\n", step) == Outcome{"yes\n", "User:"});
    CHECK(run({}, "all of it", step) == Outcome{"all of it", ""});
  }
}

TEST_CASE("runtime/stop_scanner: the first to be complete wins, of several the longest") {
  for (const std::size_t step : {1U, 4U, 100U}) {
    CHECK(run({"abc", "ab"}, "xabc", step) == Outcome{"x", "ab"});
    CHECK(run({"c", "bc", "abc"}, "xabc", step) == Outcome{"x", "abc"});
    CHECK(run({"abcd", "bc"}, "abcd", step) == Outcome{"a", "bc"});
  }
}

TEST_CASE("runtime/stop_scanner: shows text as soon as no stop string can need it") {
  StopScanner matcher({"abab!", "xyz"});
  std::string shown;
  CHECK(!matcher.push("--aba", shown));
  CHECK(shown == "--");
  CHECK(!matcher.push("ba", shown));  // "ababa": its last three may begin another
  CHECK(shown == "--ab");
  CHECK(!matcher.push("x", shown));
  CHECK(shown == "--ababa");
  CHECK(!matcher.push("y", shown));
  CHECK(shown == "--ababa");
  CHECK(!matcher.push("-", shown));
  CHECK(shown == "--ababaxy-");
}

TEST_CASE("runtime/stop_scanner: equals the definition on random texts, however they are cut") {
  CounterRng rng(11);
  const auto random_text = [&](std::size_t size) {
    std::string text(size, 'a');
    for (char& c : text) c = static_cast<char>('a' + rng.next_u64() % 2);
    return text;
  };
  for (int round = 0; round < 3000; ++round) {
    std::vector<std::string> stops;
    for (std::uint64_t i = rng.next_u64() % 3 + 1; i > 0; --i) {
      stops.push_back(random_text(2 + rng.next_u64() % 6));
    }
    const std::string text = random_text(30);
    const Outcome expected = by_definition(stops, text);
    for (const std::size_t step : {1U, 3U, 30U}) CHECK(run(stops, text, step) == expected);
  }
}

}  // namespace tlite
