// Answers that are pulled. A stream holds its session in two ways: by a reference, so that the
// session's handle may be freed first, and by `stream_open`, so that nothing else uses the session
// between two pulls. What stops, ends or shortens an answer is left to tlite::Stream.
#include "arguments.hpp"
#include "generation.hpp"
#include "session.hpp"

#include <chrono>
#include <optional>
#include <utility>

namespace tlite::capi {
namespace {

// One at a time for a session: making one needs a HeldSession, which there is none of while another
// is open. Shared with the call at work, since a callback within it (prefill, logits) may free the
// stream: then the answer ends when that call does.
//
// The order of members is that of life: `stream` works on the session and must go before it.
struct StreamState {
  StreamState(std::shared_ptr<SessionState> owner, Stream made)
      : session(std::move(owner)),
        stream(std::move(made)),
        piece(session->value.model().tokenizer()) {
    session->stream_open = true;
    // By now the answer runs, so that a cancel has something to stop. Before, it would be
    // forgotten.
    session->answer_begins();
  }
  // Freed before its end the answer ends here, and so has a cancel what it wanted, whether or not it
  // was noticed: it must not stop the next answer.
  ~StreamState() {
    if (!ended) session->clear_cancel();
    close();
  }
  StreamState(const StreamState&) = delete;
  StreamState& operator=(const StreamState&) = delete;

  // Gives the session back.
  // At the end, at an error, or when it is freed, whichever comes first, and once: afterwards
  // `stream_open` may be that of the next stream.
  void close() noexcept {
    if (!ended) session->stream_open = false;
    ended = true;
  }

  std::shared_ptr<SessionState> session;
  Stream stream;
  bool ended = false;
  PieceView piece;
};

}  // namespace
}  // namespace tlite::capi

struct tlite_stream {
  std::shared_ptr<tlite::capi::StreamState> state;
};

namespace tlite::capi {
namespace {

// The stream, held for one call through its session.
// The lock is the session's, as a stream counts as a part of it. It is no HeldSession: that refuses
// a session with an open stream, and this is the stream.
class HeldStream {
 public:
  explicit HeldStream(const tlite_stream* stream)
      : state_(required(stream, "stream").state), in_use_(state_->session->in_use, "session") {}
  StreamState& operator*() const noexcept { return *state_; }
  StreamState* operator->() const noexcept { return state_.get(); }

 private:
  std::shared_ptr<StreamState> state_;
  InUse in_use_;
};

// `out` is looked at first: an answer that nobody could take hold of would drop a message
// (regenerate) for nothing.
template <class Start>
tlite_status start(tlite_session* session, tlite_stream** out, tlite_error** error,
                   Start&& make) noexcept {
  return guard(error, [&] {
    required(out, "out");
    const HeldSession self(session);
    *out = new tlite_stream{std::make_shared<StreamState>(self.state(), make(self))};
  });
}

// What `pull` gives; null at the end, and where there is nothing yet. An error is an end, too. A
// piece is a view of one buffer of the state's, so it lives until the next call. At the end the
// session is given back: whoever gets NULL may use it at once. An error leaves a cancel that was
// asked for where it is, and the conversation as it was, also where it is the view of a piece that
// fails.
template <class Pull>
const tlite_piece* next_piece(StreamState& state, Pull&& pull) {
  if (state.ended) return nullptr;
  try {
    const std::optional<Piece> piece = pull(state.stream);
    if (piece) return &state.piece.set(*piece);
    if (!state.stream.finished()) return nullptr;
  } catch (...) {
    state.stream.discard();
    state.close();
    throw;
  }
  state.close();
  state.session->answer_ended(state.stream.result().finish_reason);
  return nullptr;
}

}  // namespace
}  // namespace tlite::capi

using namespace tlite::capi;

tlite_status tlite_session_stream(tlite_session* session, tlite_stream** out,
                                  tlite_error** error) noexcept {
  return start(session, out, error, [](const HeldSession& self) { return self->stream(); });
}

tlite_status tlite_session_stream_regenerate(tlite_session* session, tlite_stream** out,
                                             tlite_error** error) noexcept {
  return start(session, out, error,
               [](const HeldSession& self) { return self->stream_regenerate(); });
}

tlite_status tlite_session_stream_continue(tlite_session* session, tlite_stream** out,
                                           tlite_error** error) noexcept {
  return start(session, out, error,
               [](const HeldSession& self) { return self->stream_continue(); });
}

tlite_status tlite_session_stream_complete(tlite_session* session, const char* prompt,
                                           size_t prompt_size, tlite_stream** out,
                                           tlite_error** error) noexcept {
  return start(session, out, error, [&](const HeldSession& self) {
    return self->stream_complete(text_in(prompt, prompt_size, "prompt"));
  });
}

tlite_status tlite_session_stream_complete_ids(tlite_session* session, const int32_t* ids,
                                               size_t id_count, tlite_stream** out,
                                               tlite_error** error) noexcept {
  return start(session, out, error, [&](const HeldSession& self) {
    return self->stream_complete(list_in(ids, id_count, "ids"));
  });
}

tlite_status tlite_stream_next(tlite_stream* stream, const tlite_piece** piece,
                               tlite_error** error) noexcept {
  return guard(error, [&] {
    required(piece, "piece");
    const HeldStream self(stream);
    *piece = next_piece(*self, [](tlite::Stream& pulled) { return pulled.next(); });
  });
}

tlite_status tlite_stream_advance(tlite_stream* stream, int64_t budget_nanoseconds,
                                  const tlite_piece** piece, int32_t* finished,
                                  tlite_error** error) noexcept {
  return guard(error, [&] {
    required(piece, "piece");
    required(finished, "finished");
    const HeldStream self(stream);
    const std::chrono::nanoseconds budget(budget_nanoseconds);
    *piece = next_piece(*self, [&](tlite::Stream& pulled) { return pulled.next(budget); });
    *finished = self->ended ? 1 : 0;
  });
}

tlite_status tlite_stream_poll(tlite_stream* stream, const tlite_piece** piece, int32_t* finished,
                               tlite_error** error) noexcept {
  return guard(error, [&] {
    required(piece, "piece");
    required(finished, "finished");
    const HeldStream self(stream);
    *piece = next_piece(*self, [](tlite::Stream& pulled) { return pulled.poll(); });
    *finished = self->ended ? 1 : 0;
  });
}

tlite_finish_reason tlite_stream_finish_reason(const tlite_stream* stream) noexcept {
  // There is no status to tell of a conflict with: then, too, the answer counts as not ended.
  tlite_finish_reason reason = TLITE_FINISH_NONE;
  guard(nullptr, [&] {
    const HeldStream self(stream);
    reason = static_cast<tlite_finish_reason>(self->stream.result().finish_reason);
  });
  return reason;
}

tlite_status tlite_stream_get_result(const tlite_stream* stream, tlite_generation** out,
                                     tlite_error** error) noexcept {
  return guard(error, [&] {
    required(out, "out");
    const HeldStream self(stream);
    *out = new_generation(self->stream.result(), self->session->value.model().tokenizer());
  });
}

// Where it is the last reference the answer ends here, and what there is of it goes into the
// conversation.
void tlite_stream_free(tlite_stream* stream) noexcept { delete stream; }
