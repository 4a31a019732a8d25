// What every entry point begins with: the border where exceptions end.
#pragma once

#include <atomic>
#include <string>
#include <utility>

#include <tlite.h>

#include <tlite/error.hpp>

namespace tlite::capi {

// The status of the exception being handled. Writes `*error` where there is one to write.
tlite_status report_exception(tlite_error** error) noexcept;

// Runs `body`; whatever leaves it becomes a status.
template <class Body>
tlite_status guard(tlite_error** error, Body&& body) noexcept {
  try {
    std::forward<Body>(body)();
    return TLITE_OK;
  } catch (...) {
    return report_exception(error);
  }
}

[[noreturn]] inline void throw_invalid(const std::string& message) {
  throw Error(ErrorCode::invalid_argument, message);
}

// Throws invalid_argument for NULL, naming the parameter.
template <class T>
T& required(T* pointer, const char* name) {
  if (pointer == nullptr) throw_invalid(std::string(name) + " is NULL");
  return *pointer;
}

// Holds an object that belongs to one thread at a time. What would be a data race, or a call back
// into an object from its own callback, throws bad_state instead.
class InUse {
 public:
  InUse(std::atomic<bool>& flag, const char* what) : flag_(flag) {
    if (flag_.exchange(true, std::memory_order_acquire)) {
      throw Error(ErrorCode::bad_state, std::string("the ") + what +
                                            " is in use, on another thread or by the call that "
                                            "this callback belongs to");
    }
  }
  ~InUse() { flag_.store(false, std::memory_order_release); }
  InUse(const InUse&) = delete;
  InUse& operator=(const InUse&) = delete;

 private:
  std::atomic<bool>& flag_;
};

}  // namespace tlite::capi
