// What every entry point begins with: the border where exceptions end.
//
// Every function of tlite.h that can fail has its whole body in guard(). All are noexcept, so an
// exception from outside of it, from the conversion of an argument say, ends the host's process.
// Out parameters are written last, behind all that throws, so that an error leaves them as they
// were.
//
// What an addition needs beside its body: tlite.h with a raised TLITE_ABI_MINOR, then
// tests/capi/check_abi.py --update, which renews capi/abi and writes nothing where something of
// tests/capi/frozen has changed. A function without its line in capi/abi/tlite_c.map is not
// exported. What it allocates is tried in tests/capi/out_of_memory_test.c, its `reserved` fields in
// reserved_test.c.
#pragma once

#include <atomic>
#include <string>
#include <utility>

#include <tlite.h>

#include <tlite/error.hpp>

namespace tlite::capi {

// The status of the exception being handled. Writes `*error` where there is one to write.
// Only within a handler: it rethrows to learn the type. It is a function and no part of the
// template, so that the handlers exist once and not in each entry point.
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
// It never waits: a callback that waited for the call around it would wait for ever. So the order
// in which two objects are held does not matter either. The acquire and the release make what one
// call has written visible to the next one, on whichever thread that is. It lives beside a
// reference that keeps the flag alive, and is a later member than that: it must go first.
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
