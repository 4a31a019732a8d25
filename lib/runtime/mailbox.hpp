// What has happened to requests, from the thread that works on them to those who asked.
#pragma once

#include "runtime/request.hpp"

#include <list>
#include <mutex>
#include <optional>
#include <utility>

namespace tlite {

class Mailbox {
 public:
  // Throws bad_alloc, but not for a last event: its place is kept from the start, so that nobody
  // waits for an end that there was no memory to tell of.
  void put(RequestEvent&& event) {
    const std::lock_guard lock(mutex_);
    if (event.finish_reason == FinishReason::none && unused_.size() == 1) unused_.emplace_back();
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
  std::list<RequestEvent> unused_ = std::list<RequestEvent>(1);  // places
};

}  // namespace tlite
