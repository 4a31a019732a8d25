// The C functions of a conversation. Answers with a callback are pulled from a stream here, by the
// same calls that a caller of stream.cpp would make, so that there is one way to an answer and one
// meaning of cancel. What a session does is lib/api/session.cpp.
#include "session.hpp"

#include "arguments.hpp"
#include "generation.hpp"
#include "messages.hpp"
#include "model.hpp"
#include "structs.hpp"

#include <optional>
#include <string>
#include <utility>

namespace tlite::capi {

SessionState::SessionState(Session session)
    : value(std::move(session)), sampling(std::make_unique<SamplingView>(value.sampling())) {
  // Set once: what the caller sets is looked up at each call. A fork's core has no callback, so its
  // state sets one with its own address.
  value.on_prefill(
      [this](std::int64_t done, std::int64_t total) { return on_prefill(done, total); });
}

// Runs under the call that works, which holds the session: the callback cannot be replaced
// meanwhile.
bool SessionState::on_prefill(std::int64_t done, std::int64_t total) {
  prefill_done.store(done, std::memory_order_relaxed);
  prefill_total.store(total, std::memory_order_relaxed);
  return prefill_callback == nullptr || prefill_callback(done, total, prefill_user) == 0;
}

// A cancel writes the flag and then stops what runs; an answer begins to run and then reads the
// flag. Both touch the flag by an atomic change, which are in one order: whichever comes second
// sees what the other did before, so no cancel falls between the two.
void SessionState::cancel() noexcept {
  cancel_asked.exchange(1, std::memory_order_acq_rel);
  value.cancel();
}

void SessionState::answer_begins() noexcept {
  if (cancel_asked.fetch_add(0, std::memory_order_acq_rel) != 0) value.cancel();
}

void SessionState::answer_ended(FinishReason reason) noexcept {
  if (reason == FinishReason::cancelled) clear_cancel();
}

namespace {

tlite_session_options options_out(const SessionOptions& options) noexcept {
  tlite_session_options result = {};
  result.context = options.context;
  result.threads = threads_out(options.threads);
  result.max_batch_rows = options.max_batch_rows;
  result.kv_type = kv_type_out(options.kv_type);
  result.overflow = static_cast<tlite_overflow_policy>(options.overflow);
  result.parse_special_in_messages = options.parse_special_in_messages ? 1 : 0;
  result.tools_json = text_out(options.tools_json);
  result.template_json = text_out(options.template_json);
  return result;
}

// The views that options_out makes here are of a temporary: they must not leave.
tlite_session_options default_options() noexcept {
  tlite_session_options result = options_out({});
  result.tools_json = {};
  result.template_json = {};
  return result;
}

// Pulls an answer to its end, or to where the callback stops it. What fails leaves the conversation
// as it was, whichever of the two layers it fails in.
void drain(Stream& stream, PieceView& view, tlite_piece_callback callback, void* user) {
  try {
    while (const std::optional<Piece> piece = stream.next()) {
      if (callback != nullptr && callback(&view.set(*piece), user) != 0) stream.stop();
    }
  } catch (...) {
    stream.discard();
    throw;
  }
}

// One of the five calls that answer. The session is held throughout, callbacks included: what they
// may call is what holds nothing. `self` keeps the state when a callback frees the handle, so
// nothing here looks at `session` again.
//
// The result comes last. Without memory for it the status is an error and the answer is in the
// conversation even so: it was made, and only handing it out has failed.
template <class Start>
tlite_status answer(tlite_session* session, tlite_piece_callback callback, void* user,
                    tlite_generation** out, tlite_error** error, Start&& start) noexcept {
  return guard(error, [&] {
    const HeldSession self(session);
    const Tokenizer& tokenizer = self->model().tokenizer();
    PieceView view(tokenizer);
    Stream stream = start(self);
    self.state()->answer_begins();
    drain(stream, view, callback, user);
    self.state()->answer_ended(stream.result().finish_reason);
    if (out != nullptr) *out = new_generation(stream.result(), tokenizer);
  });
}

}  // namespace

// `default_threads` and no model, since a session on an engine asks for them too. The texts are
// copied, so that the caller's structure may go.
SessionOptions session_options_in(const tlite_session_options* options,
                                  std::int32_t default_threads) {
  const tlite_session_options given = read_struct(options, default_options());
  require_zero(given.reserved, "session_options.reserved");
  if (!is_member(tlite_overflow_policy_name(given.overflow))) {
    throw_invalid("overflow is " + std::to_string(given.overflow) +
                  ", not a tlite_overflow_policy");
  }
  SessionOptions result;
  result.context = given.context;
  result.threads = threads_in(given.threads, default_threads);
  result.max_batch_rows = given.max_batch_rows;
  result.kv_type = kv_type_in(given.kv_type);
  result.overflow = static_cast<OverflowPolicy>(given.overflow);
  result.parse_special_in_messages = given.parse_special_in_messages != 0;
  result.tools_json = text_in(given.tools_json, "tools_json");
  result.template_json = text_in(given.template_json, "template_json");
  return result;
}

}  // namespace tlite::capi

using namespace tlite::capi;

const char* tlite_finish_reason_name(tlite_finish_reason reason) noexcept {
  return tlite::to_string(static_cast<tlite::FinishReason>(reason)).data();
}

tlite_status tlite_session_options_init(tlite_session_options* options,
                                        size_t struct_size) noexcept {
  return init_struct(options, struct_size, default_options());
}

tlite_status tlite_session_create(const tlite_model* model, const tlite_session_options* options,
                                  tlite_session** out, tlite_error** error) noexcept {
  return guard(error, [&] {
    required(out, "out");
    const tlite_model& from = required(model, "model");
    *out = new tlite_session{std::make_shared<SessionState>(
        tlite::Session(from.value, session_options_in(options, from.default_threads)))};
  });
}

void tlite_session_free(tlite_session* session) noexcept { delete session; }

tlite_status tlite_session_get_options(const tlite_session* session, tlite_session_options* out,
                                       tlite_error** error) noexcept {
  return guard(error, [&] {
    const std::size_t size = out_struct_size(out, "out");
    copy_out(options_out(HeldSession(session)->options()), out, size);
  });
}

tlite_status tlite_session_set_sampling(tlite_session* session, const tlite_sampling_params* params,
                                        tlite_error** error) noexcept {
  return guard(error, [&] {
    const HeldSession self(session);
    const tlite::SamplingParams given = sampling_in(params);
    // Made before anything changes: what get_sampling tells and what answers are made with must not
    // differ. The last line cannot fail.
    auto view = std::make_unique<SamplingView>(given);
    self->set_sampling(given);
    self.state()->sampling = std::move(view);
  });
}

tlite_status tlite_session_get_sampling(const tlite_session* session, tlite_sampling_params* out,
                                        tlite_error** error) noexcept {
  return guard(error, [&] {
    const std::size_t size = out_struct_size(out, "out");
    copy_out(HeldSession(session).state()->sampling->view(), out, size);
  });
}

tlite_status tlite_session_add_system(tlite_session* session, const char* text, size_t text_size,
                                      tlite_error** error) noexcept {
  return guard(error, [&] { HeldSession(session)->add_system(text_in(text, text_size, "text")); });
}

tlite_status tlite_session_add_user(tlite_session* session, const char* text, size_t text_size,
                                    tlite_error** error) noexcept {
  return guard(error, [&] { HeldSession(session)->add_user(text_in(text, text_size, "text")); });
}

tlite_status tlite_session_add_message(tlite_session* session, const tlite_message* message,
                                       tlite_error** error) noexcept {
  return guard(error, [&] { HeldSession(session)->add(message_in(message)); });
}

tlite_status tlite_session_get_messages(const tlite_session* session, tlite_messages** out,
                                        tlite_error** error) noexcept {
  return guard(error, [&] {
    required(out, "out");
    // A copy: the session's own list moves with the next message.
    *out = new_messages(HeldSession(session)->messages());
  });
}

tlite_status tlite_session_set_messages(tlite_session* session, const tlite_messages* messages,
                                        tlite_error** error) noexcept {
  return guard(
      error, [&] { HeldSession(session)->set_messages(required(messages, "messages").values()); });
}

tlite_status tlite_session_rewind(tlite_session* session, size_t count,
                                  tlite_error** error) noexcept {
  return guard(error, [&] { HeldSession(session)->rewind(count); });
}

tlite_status tlite_session_reset(tlite_session* session, tlite_error** error) noexcept {
  return guard(error, [&] { HeldSession(session)->reset(); });
}

// Cancel, prefill callback and its progress are the state's, so a fork starts without. A logits
// callback is the C++ session's and goes with it: its `user` must outlive both.
tlite_status tlite_session_fork(const tlite_session* session, tlite_session** out,
                                tlite_error** error) noexcept {
  return guard(error, [&] {
    required(out, "out");
    *out = new tlite_session{std::make_shared<SessionState>(HeldSession(session)->fork())};
  });
}

tlite_status tlite_session_count_prompt_tokens(const tlite_session* session, int32_t* out,
                                               tlite_error** error) noexcept {
  return guard(error, [&] {
    required(out, "out");
    *out = HeldSession(session)->count_prompt_tokens();
  });
}

// The five differ in how the stream starts. Starting happens under the guard and the hold of
// answer(), so that the lambdas may throw and may not outlive the call.
tlite_status tlite_session_reply(tlite_session* session, tlite_piece_callback callback, void* user,
                                 tlite_generation** out, tlite_error** error) noexcept {
  return answer(session, callback, user, out, error,
                [](const HeldSession& self) { return self->stream(); });
}

tlite_status tlite_session_regenerate(tlite_session* session, tlite_piece_callback callback,
                                      void* user, tlite_generation** out,
                                      tlite_error** error) noexcept {
  return answer(session, callback, user, out, error,
                [](const HeldSession& self) { return self->stream_regenerate(); });
}

tlite_status tlite_session_continue(tlite_session* session, tlite_piece_callback callback,
                                    void* user, tlite_generation** out,
                                    tlite_error** error) noexcept {
  return answer(session, callback, user, out, error,
                [](const HeldSession& self) { return self->stream_continue(); });
}

tlite_status tlite_session_complete(tlite_session* session, const char* prompt, size_t prompt_size,
                                    tlite_piece_callback callback, void* user,
                                    tlite_generation** out, tlite_error** error) noexcept {
  return answer(session, callback, user, out, error, [&](const HeldSession& self) {
    return self->stream_complete(text_in(prompt, prompt_size, "prompt"));
  });
}

tlite_status tlite_session_complete_ids(tlite_session* session, const int32_t* ids, size_t id_count,
                                        tlite_piece_callback callback, void* user,
                                        tlite_generation** out, tlite_error** error) noexcept {
  return answer(session, callback, user, out, error, [&](const HeldSession& self) {
    return self->stream_complete(list_in(ids, id_count, "ids"));
  });
}

tlite_status tlite_session_on_logits(tlite_session* session, tlite_logits_callback on_logits,
                                     void* user, tlite_error** error) noexcept {
  return guard(error, [&] {
    const HeldSession self(session);
    self->set_logits_processor(logits_processor_in(on_logits, user));
  });
}

tlite_status tlite_session_on_prefill(tlite_session* session, tlite_progress_callback on_prefill,
                                      void* user, tlite_error** error) noexcept {
  return guard(error, [&] {
    const HeldSession self(session);
    self.state()->prefill_callback = on_prefill;
    self.state()->prefill_user = user;
  });
}

// From any thread, so without a hold. The two numbers are read one after the other: they may be of
// two moments.
void tlite_session_get_prefill_progress(const tlite_session* session, int64_t* done,
                                        int64_t* total) noexcept {
  if (session == nullptr) return;
  if (done != nullptr) *done = session->state->prefill_done.load(std::memory_order_relaxed);
  if (total != nullptr) *total = session->state->prefill_total.load(std::memory_order_relaxed);
}

// No hold and no reference of its own: with the last one a session ends, which must not happen in a
// signal handler. So the handle must live.
void tlite_session_cancel(tlite_session* session) noexcept {
  if (session != nullptr) session->state->cancel();
}

void tlite_session_end_thinking(tlite_session* session) noexcept {
  if (session != nullptr) session->state->value.end_thinking();
}

void tlite_session_clear_cancel(tlite_session* session) noexcept {
  if (session != nullptr) session->state->clear_cancel();
}
