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
struct SessionState {
  explicit SessionState(Session session);
  SessionState(const SessionState&) = delete;
  SessionState& operator=(const SessionState&) = delete;

  bool on_prefill(std::int64_t done, std::int64_t total);

  // Any thread, and signal handlers. Kept until an answer is stopped by it or it is cleared: the
  // C++ API forgets a cancel that finds nothing running.
  void cancel() noexcept;
  void clear_cancel() noexcept { cancel_asked.store(false, std::memory_order_relaxed); }
  // To be called once an answer runs, so that a cancel from before is for it.
  void answer_begins() noexcept;
  void answer_ended(FinishReason reason) noexcept;

  Session value;
  std::unique_ptr<SamplingView> sampling;
  std::atomic<int> cancel_asked = 0;
  std::atomic<bool> in_use = false;
  bool stream_open = false;
  std::atomic<std::int64_t> prefill_done = 0;
  std::atomic<std::int64_t> prefill_total = 0;
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
