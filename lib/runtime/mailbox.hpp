// What has happened to requests, from the thread that works on them to those who asked.
#pragma once

#include "runtime/request.hpp"
#include "sample/room.hpp"

#include <cstddef>
#include <list>
#include <mutex>
#include <utility>

namespace tlite {

// Events go in and come out by exchange, so that the strings and lists of some that were read are
// the room of later ones: a token costs no allocation where somebody reads along.
class Mailbox {
 public:
  // Before a request whose events come here: keeps a place for its last one, so that nobody waits
  // for an end that there was no memory to tell of.
  void expect_end() {
    const std::lock_guard lock(mutex_);
    unused_.emplace_back().text.reserve(kPieceRoom);
    ++ends_;
  }
  // Throws bad_alloc, but not for a last event that was expected. Leaves one that was read before.
  void put(RequestEvent&& event) {
    const std::lock_guard lock(mutex_);
    const bool is_last = event.finish_reason != FinishReason::none;
    if (unused_.size() <= (is_last ? 0 : ends_)) unused_.emplace_back().text.reserve(kPieceRoom);
    if (is_last && ends_ > 0) --ends_;
    std::swap(unused_.front(), event);
    events_.splice(events_.end(), unused_, unused_.begin());
  }
  // The oldest event in exchange for `event`, one that was read before. False: there is none.
  bool take(RequestEvent& event) {
    const std::lock_guard lock(mutex_);
    if (events_.empty()) return false;
    std::swap(events_.front(), event);
    unused_.splice(unused_.end(), events_, events_.begin());
    return true;
  }
  bool is_empty() const {
    const std::lock_guard lock(mutex_);
    return events_.empty();
  }
  void clear() {
    const std::lock_guard lock(mutex_);
    unused_.splice(unused_.end(), events_);
  }

 private:
  mutable std::mutex mutex_;
  std::list<RequestEvent> events_;
  std::list<RequestEvent> unused_;  // places, of which `ends_` are kept
  std::size_t ends_ = 0;
};

}  // namespace tlite
