#include "base/json_parser.hpp"

#include <atomic>
#include <chrono>
#include <thread>

#include <simdjson.h>

#include <tlite/error.hpp>

namespace tlite {
namespace {

// These two outlive every object: they have no destructor to run.
std::atomic<int> users{0};
std::atomic<bool> ended{false};

// Made at the first parse, behind simdjson's objects, and so destroyed before them.
class End {
 public:
  End() { static_cast<void>(simdjson::get_active_implementation()->name()); }
  End(const End&) = delete;
  End& operator=(const End&) = delete;
  // A user holds on for microseconds. That the wait has an end is for a child of fork(): it has the
  // count of its parent, and not the thread that would lower it.
  ~End() {
    using namespace std::chrono_literals;
    ended = true;
    for (int i = 0; i < 1000 && users > 0; ++i) std::this_thread::sleep_for(100us);
  }
};

}  // namespace

JsonObjectsAlive::JsonObjectsAlive() {
  static const End end;
  // Counted before it is asked: either the end sees this user, or this user the end.
  ++users;
  if (ended) {
    --users;
    throw Error(ErrorCode::cancelled, "the program is ending: no JSON is parsed any more");
  }
}

JsonObjectsAlive::~JsonObjectsAlive() { --users; }

}  // namespace tlite
