#!/usr/bin/env bash
# simdjson's implementations are objects that the end of the program destroys: a thread that parses, or asks
# validate_utf8, while main returns aborts the process with "pure virtual method called". A parser that has parsed before
# goes on: it asks for an implementation the first time alone. (get_active_implementation() points at what is destroyed.)
#
# Seen with Debian's simdjson 3.0.1 and g++ 12.2:
#   validate_utf8  pure virtual method called status 134
#   fresh          pure virtual method called status 134
#   used            status 0
set -euo pipefail
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cat >"$work/end.cpp" <<'CPP'
#include <atomic>
#include <chrono>
#include <string_view>
#include <thread>

#include <simdjson.h>

using namespace std::chrono_literals;

std::atomic<bool> begun{false};
// Made before main, so it goes last, and gives the thread time.
struct Last {
  ~Last() { std::this_thread::sleep_for(300ms); }
} last;

int main(int, char** argv) {
  std::thread([what = std::string_view(argv[1])] {
    simdjson::dom::parser used;
    const simdjson::padded_string json("[1]", 3);
    for (;;) {
      simdjson::dom::parser fresh;
      if (what == "validate_utf8" && !simdjson::validate_utf8("text", 4)) return;
      if (what == "fresh") (void)fresh.parse(json).error();
      if (what == "used") (void)used.parse(json).error();
      begun = true;
    }
  }).detach();
  while (!begun) std::this_thread::yield();
  return 0;
}
CPP
g++ -std=c++17 -O1 "$work/end.cpp" -lsimdjson -lpthread -o "$work/end"
for what in validate_utf8 fresh used; do
  status=0
  message=$({ "$work/end" "$what"; } 2>&1) || status=$?
  printf '%-14s %s status %s\n' "$what" "${message%%$'\n'*}" "$status"
done
