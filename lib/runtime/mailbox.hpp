// What has happened to requests, from the thread that works on them to those who asked.
#pragma once

#include "runtime/request.hpp"

#include <cstddef>
#include <list>
#include <mutex>
#include <optional>
#include <utility>

namespace tlite {

class Mailbox {
 public:
  // Before a request whose events come here: keeps a place for its last one, so that nobody waits
  // for an end that there was no memory to tell of.
  void expect_end() {
    const std::lock_guard lock(mutex_);
    unused_.emplace_back();
    ++ends_;
  }
  // Throws bad_alloc, but not for a last event that was expected.
  void put(RequestEvent&& event) {
    const std::lock_guard lock(mutex_);
    const bool is_last = event.finish_reason != FinishReason::none;
    if (unused_.size() <= (is_last ? 0 : ends_)) unused_.emplace_back();
    if (is_last && ends_ > 0) --ends_;
    unused_.front() = std::move(event);
    events_.splice(events_.end(), unused_, unused_.begin());
  }
  std::optional<RequestEvent> take() {
    const std::lock_guard lock(mutex_);
    if (events_.empty()) return std::nullopt;
    std::optional<RequestEvent> event(std::move(events_.front()));
    unused_.splice(unused_.end(), events_, events_.begin());
    return event;
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
