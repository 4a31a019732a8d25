// A heap that fails: at the Nth allocation, or from the Nth on until somebody is told, for every N up
// to where nothing fails.
#pragma once

#include "capi/failing_new.h"
#include "unit/support/counting_allocator.hpp"
#include "unit/support/tiny_checkpoint.hpp"

#include <functional>
#include <memory>
#include <new>
#include <optional>

#include <doctest/doctest.h>

#include <tlite/error.hpp>
#include <tlite/model.hpp>

namespace tlite::test {

struct World {
  World() {
    LoadOptions options;
    options.host.files = tiny_checkpoint("tiny");
    options.host.allocator = allocator;
    model.emplace(Model::load("tiny", options));
  }
  std::shared_ptr<CountingAllocator> allocator = std::make_shared<CountingAllocator>();
  std::optional<Model> model;
};

inline const World& world() {
  static const World made;
  return made;
}

enum class Heap { fails_once, fails_from_there_on };

struct Attempt {
  bool failed = false;  // threw, for want of memory
  long allocations = 0;
};

// Calls `body` on a heap that fails in the n-th allocation.
inline Attempt attempt(long n, Heap heap, const std::function<void()>& body) {
  Attempt result;
  std::optional<ErrorCode> code;
  (heap == Heap::fails_once ? failing_new_at : failing_new_from)(n);
  try {
    body();
  } catch (const std::bad_alloc&) {
    result.failed = true;
  } catch (const Error& error) {
    result.failed = true;
    code = error.code();
  }
  result.allocations = failing_new_count();
  failing_new_at(-1);
  if (code) CHECK(*code == ErrorCode::out_of_memory);
  return result;
}

// Calls `once` for n = 0, 1, ... on both kinds of heap, until it says that nothing asked for the
// n-th allocation.
inline void for_every_allocation(const std::function<Attempt(long n, Heap heap)>& once) {
  for (const Heap heap : {Heap::fails_once, Heap::fails_from_there_on}) {
    for (long n = 0; once(n, heap).allocations > n; ++n) REQUIRE(n < 100000);
  }
}

}  // namespace tlite::test
