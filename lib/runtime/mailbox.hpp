// What has happened to requests, from the thread that works on them to those who asked.
#pragma once

#include "runtime/request.hpp"

#include <deque>
#include <mutex>
#include <optional>
#include <utility>

namespace tlite {

class Mailbox {
 public:
  void put(RequestEvent&& event) {
    const std::lock_guard lock(mutex_);
    events_.push_back(std::move(event));
  }
  std::optional<RequestEvent> take() {
    const std::lock_guard lock(mutex_);
    if (events_.empty()) return std::nullopt;
    std::optional<RequestEvent> event(std::move(events_.front()));
    events_.pop_front();
    return event;
  }
  bool is_empty() const {
    const std::lock_guard lock(mutex_);
    return events_.empty();
  }
  void clear() {
    const std::lock_guard lock(mutex_);
    events_.clear();
  }

 private:
  mutable std::mutex mutex_;
  std::deque<RequestEvent> events_;
};

}  // namespace tlite
