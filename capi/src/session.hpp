// What a tlite_session is: a tlite::Session with what C needs beside it, a cancel that is kept, a
// progress that can be asked for, and the lock that turns misuse into a status. Everything about
// the conversation is left to tlite::Session.
#pragma once

#include "guard.hpp"
#include "sampling.hpp"

#include <atomic>
#include <cstdint>
#include <memory>

#include <tlite.h>

#include <tlite/session.hpp>

namespace tlite::capi {

// Shared by the session's handle, its stream and the call at work: any of the first two may be
// freed from a callback of the third.
// So handles hold a pointer to it and nothing else, and each call takes a reference of its own
// before it works. It never moves: the session's prefill callback holds its address.
//
// `in_use` protects all that is no atomic, by whoever holds it (HeldSession, HeldStream); the
// atomics belong to any thread. One exception: a stream that is freed gives the session back
// without holding it, as freeing has no status to tell of a conflict. It counts as a call on the
// session, so that the caller must not make it beside another one.
struct SessionState {
  explicit SessionState(Session session);
  SessionState(const SessionState&) = delete;
  SessionState& operator=(const SessionState&) = delete;

  // The session's own callback, always set, since progress can be asked for without a callback as
  // well.
  bool on_prefill(std::int64_t done, std::int64_t total);

  // Any thread, and signal handlers. Kept until an answer is stopped by it or it is cleared: the
  // C++ API forgets a cancel that finds nothing running. So it takes no lock and no memory: all
  // that it changes are atomics that are lock-free.
  void cancel() noexcept;
  void clear_cancel() noexcept { cancel_asked.store(false, std::memory_order_relaxed); }
  // To be called once an answer runs, so that a cancel from before is for it.
  // And answer_ended once it has ended by itself. Not behind an error: a cancel that stopped
  // nothing is kept.
  void answer_begins() noexcept;
  void answer_ended(FinishReason reason) noexcept;

  Session value;
  // What get_sampling gives out: views of `value`'s parameters in C's form, replaced as a whole.
  std::unique_ptr<SamplingView> sampling;
  std::atomic<int> cancel_asked = 0;
  std::atomic<bool> in_use = false;
  // A flag of its own: between two calls on a stream the session is not in use, and still not free.
  bool stream_open = false;
  std::atomic<std::int64_t> prefill_done = 0;
  std::atomic<std::int64_t> prefill_total = 0;
  // The caller's; may be called until it is replaced or the last owner of this state has gone, an
  // open stream of a freed session included.
  tlite_progress_callback prefill_callback = nullptr;
  void* prefill_user = nullptr;
};

// Signal handlers cancel.
static_assert(std::atomic<int>::is_always_lock_free);

}  // namespace tlite::capi

struct tlite_session {
  std::shared_ptr<tlite::capi::SessionState> state;
};

namespace tlite::capi {

SessionOptions session_options_in(const tlite_session_options* options,
                                  std::int32_t default_threads);

// The session, held for one call. Throws bad_state while a stream has it.
// To be made by each function that looks at more than atomics, also where its parameter is const:
// const is what C's callers see, not a promise that threads may share.
class HeldSession {
 public:
  explicit HeldSession(const tlite_session* session)
      : state_(required(session, "session").state), in_use_(state_->in_use, "session") {
    if (state_->stream_open) {
      throw Error(ErrorCode::bad_state,
                  "the session has an open stream: read it to its end or free it first");
    }
  }
  const std::shared_ptr<SessionState>& state() const noexcept { return state_; }
  Session* operator->() const noexcept { return &state_->value; }

 private:
  std::shared_ptr<SessionState> state_;
  InUse in_use_;
};

}  // namespace tlite::capi
