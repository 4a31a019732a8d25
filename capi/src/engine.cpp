// Many requests over one model. What is checked of options, who works and who waits, and which
// threads may do it, is left to tlite::Engine; here requests are read and events are made into
// objects that the caller owns.
//
// An engine changes and yet is used by several threads at once. So nothing may be kept beside
// `value` that a call changes.
#include "engine.hpp"

#include "arguments.hpp"
#include "generation.hpp"
#include "messages.hpp"
#include "model.hpp"
#include "session.hpp"
#include "structs.hpp"

#include <chrono>
#include <memory>
#include <string>
#include <utility>

#include <tlite/engine.hpp>

namespace tlite::capi {
namespace {

constexpr const char* kSelf = "engine";

tlite_engine_options options_out(const EngineOptions& options) noexcept {
  tlite_engine_options result = {};
  result.context = options.context;
  result.max_sequences = options.max_sequences;
  result.max_batch_rows = options.max_batch_rows;
  result.threads = threads_out(options.threads);
  result.kv_type = kv_type_out(options.kv_type);
  result.max_delay_milliseconds = static_cast<std::int32_t>(options.max_delay.count());
  result.prefix_cache = options.prefix_cache ? 1 : 0;
  result.embeddings = options.embeddings ? 1 : 0;
  return result;
}

EngineOptions options_in(const tlite_engine_options* options, const tlite_model& model) {
  const tlite_engine_options given = read_struct(options, options_out({}));
  EngineOptions result;
  result.context = given.context;
  result.max_sequences = given.max_sequences;
  result.max_batch_rows = given.max_batch_rows;
  result.threads = model.threads(given.threads);
  result.kv_type = kv_type_in(given.kv_type);
  result.max_delay = std::chrono::milliseconds(given.max_delay_milliseconds);
  result.prefix_cache = given.prefix_cache != 0;
  result.embeddings = given.embeddings != 0;
  return result;
}

// Written out, since unset is another number in C than in C++ for some fields.
tlite_request_options default_request() noexcept {
  tlite_request_options result = {};
  result.context = TLITE_UNSET;
  result.timeout_milliseconds = TLITE_UNSET;
  result.n = 1;
  result.prompt_logprobs = TLITE_UNSET;
  result.prompt_logprobs_start = 1;
  result.normalize = 1;
  return result;
}

// Refused here is what would come to mean something else: a context of 0 is unset in C++, and a
// negative timeout would become the shortest one. The texts of the result are views of the caller's
// and go no further than the submit, which renders or encodes before it is back.
RequestOptions request_in(const tlite_request_options* options) {
  const tlite_request_options given = read_struct(options, default_request());
  require_zero(given.reserved, "request_options.reserved");
  require_zero(given.reserved2, "request_options.reserved2");
  RequestOptions result;
  if (given.context != TLITE_UNSET && given.context < 1) {
    throw_invalid("context is " + std::to_string(given.context) + "; it takes 1 or more, or unset");
  }
  if (given.timeout_milliseconds < TLITE_UNSET) {
    throw_invalid("timeout_milliseconds is " + std::to_string(given.timeout_milliseconds) +
                  "; it takes 0 or more, or unset");
  }
  result.context = given.context == TLITE_UNSET ? 0 : given.context;
  result.priority = given.priority;
  result.parse_special_in_messages = given.parse_special_in_messages != 0;
  if (given.timeout_milliseconds != TLITE_UNSET) {
    // 0 is a time that is over at once; in C++ it is none.
    result.timeout = std::max(std::chrono::milliseconds(given.timeout_milliseconds),
                              std::chrono::milliseconds(1));
  }
  result.n = given.n;
  result.prompt_logprobs = given.prompt_logprobs;
  result.prompt_logprobs_start = given.prompt_logprobs_start;
  if (given.sampling != nullptr) result.sampling = sampling_in(given.sampling);
  result.tools_json = text_in(given.tools_json, "tools_json");
  result.template_json = text_in(given.template_json, "template_json");
  result.pooling = static_cast<Pooling>(given.pooling);
  result.normalize = given.normalize != 0;
  result.logits_processor = logits_processor_in(given.logits_callback, given.logits_user);
  return result;
}

// An event and all that it shows in one object, which the caller frees: it may stay when the engine
// goes. As with answers the C structure is the base, and the views of it point into the rest.
struct OwnedEvent : tlite_engine_event {
  explicit OwnedEvent(const EngineEvent& event)
      : tlite_engine_event(), value(event), generation(nullptr, tlite_generation_free) {}

  const EngineEvent value;
  LogprobList chosen;
  LogprobList likeliest;
  std::unique_ptr<tlite_generation, decltype(&tlite_generation_free)> generation;
  std::string message_text;
};

// Runs while the engine can take the event back: what this throws leaves it to be polled again, so
// that no token is lost for want of memory. In its callers nothing may fail behind it. It is the
// caller's, so it costs an allocation, and one more where its text is longer than 15 bytes.
tlite_engine_event* new_event(const EngineEvent& event, const Tokenizer& tokenizer) {
  auto result = std::make_unique<OwnedEvent>(event);
  const EngineEvent& value = result->value;
  result->struct_size = sizeof(tlite_engine_event);
  result->request = value.request;
  result->token = value.token;
  result->text = text_out(value.text);
  if (value.logprob) result->logprob = result->chosen.set({&*value.logprob, 1}, tokenizer);
  if (!value.top_logprobs.empty()) {
    result->top_logprobs = result->likeliest.set(value.top_logprobs, tokenizer);
    result->top_logprob_count = result->likeliest.size();
  }
  if (value.result) {
    result->generation.reset(new_generation(*value.result, tokenizer));
    result->result = result->generation.get();
  }
  result->finish_reason = static_cast<tlite_finish_reason>(value.finish_reason);
  // A request's error is a part of its event and no status of the call: the call has done its work,
  // and other requests go on.
  if (value.error) {
    result->status = static_cast<tlite_status>(value.error->code());
    result->message_text = value.error->what();
  }
  result->message = text_out(result->message_text);
  return result.release();
}

}  // namespace
}  // namespace tlite::capi

using namespace tlite::capi;

tlite_status tlite_engine_options_init(tlite_engine_options* options, size_t struct_size) noexcept {
  return init_struct(options, struct_size, options_out({}));
}

tlite_status tlite_request_options_init(tlite_request_options* options,
                                        size_t struct_size) noexcept {
  return init_struct(options, struct_size, default_request());
}

tlite_status tlite_engine_status_init(tlite_engine_status* status, size_t struct_size) noexcept {
  return init_struct(status, struct_size, tlite_engine_status{});
}

void tlite_engine_event_free(tlite_engine_event* event) noexcept {
  delete static_cast<OwnedEvent*>(event);
}

tlite_status tlite_engine_create(const tlite_model* model, const tlite_engine_options* options,
                                 tlite_engine** out, tlite_error** error) noexcept {
  return guard(error, [&] {
    required(out, "out");
    const tlite_model& from = required(model, "model");
    *out = new tlite_engine{tlite::Engine(from.value, options_in(options, from)),
                            from.default_threads};
  });
}

void tlite_engine_free(tlite_engine* engine) noexcept { delete engine; }

tlite_status tlite_engine_get_options(const tlite_engine* engine, tlite_engine_options* out,
                                      tlite_error** error) noexcept {
  return guard(error, [&] {
    const std::size_t size = out_struct_size(out, "out");
    copy_out(options_out(required(engine, kSelf).value.options()), out, size);
  });
}

tlite_status tlite_engine_submit_ids(tlite_engine* engine, const int32_t* ids, size_t id_count,
                                     const tlite_request_options* options, int64_t* request,
                                     tlite_error** error) noexcept {
  return guard(error, [&] {
    required(request, "request");
    *request =
        required(engine, kSelf).value.submit(list_in(ids, id_count, "ids"), request_in(options));
  });
}

tlite_status tlite_engine_submit_text(tlite_engine* engine, const char* text, size_t text_size,
                                      const tlite_request_options* options, int64_t* request,
                                      tlite_error** error) noexcept {
  return guard(error, [&] {
    required(request, "request");
    *request =
        required(engine, kSelf).value.submit(text_in(text, text_size, "text"), request_in(options));
  });
}

tlite_status tlite_engine_submit_messages(tlite_engine* engine, const tlite_messages* messages,
                                          const tlite_request_options* options, int64_t* request,
                                          tlite_error** error) noexcept {
  return guard(error, [&] {
    required(request, "request");
    *request = required(engine, kSelf)
                   .value.submit(required(messages, "messages").values(), request_in(options));
  });
}

tlite_status tlite_engine_step(tlite_engine* engine, int64_t budget_nanoseconds, int32_t* has_work,
                               tlite_error** error) noexcept {
  return guard(error, [&] {
    const bool more =
        required(engine, kSelf).value.step(std::chrono::nanoseconds(budget_nanoseconds));
    if (has_work != nullptr) *has_work = more ? 1 : 0;
  });
}

tlite_status tlite_engine_run(tlite_engine* engine, tlite_error** error) noexcept {
  return guard(error, [&] { required(engine, kSelf).value.run(); });
}

tlite_status tlite_engine_wait_for_work(tlite_engine* engine, int64_t timeout_nanoseconds,
                                        int32_t* has_work, tlite_error** error) noexcept {
  return guard(error, [&] {
    required(has_work, "has_work");
    *has_work =
        required(engine, kSelf).value.wait_for_work(std::chrono::nanoseconds(timeout_nanoseconds))
            ? 1
            : 0;
  });
}

tlite_status tlite_engine_poll(tlite_engine* engine, tlite_engine_event** out,
                               tlite_error** error) noexcept {
  return guard(error, [&] {
    required(out, "out");
    tlite::Engine& self = required(engine, kSelf).value;
    const tlite::Tokenizer tokenizer = self.model().tokenizer();
    tlite_engine_event* made = nullptr;
    self.poll([&](const tlite::EngineEvent& event) { made = new_event(event, tokenizer); });
    *out = made;
  });
}

tlite_status tlite_engine_advance(tlite_engine* engine, int64_t budget_nanoseconds,
                                  tlite_engine_event** out, int32_t* has_work,
                                  tlite_error** error) noexcept {
  return guard(error, [&] {
    required(out, "out");
    required(has_work, "has_work");
    tlite::Engine& self = required(engine, kSelf).value;
    // A logits callback may free the engine: the work goes on to its end, the handle is gone.
    const tlite::Tokenizer tokenizer = self.model().tokenizer();
    tlite_engine_event* made = nullptr;
    const bool more =
        self.advance(std::chrono::nanoseconds(budget_nanoseconds),
                     [&](const tlite::EngineEvent& event) { made = new_event(event, tokenizer); });
    *out = made;
    *has_work = more ? 1 : 0;
  });
}

tlite_status tlite_engine_wait(tlite_engine* engine, int64_t request, tlite_generation** out,
                               tlite_error** error) noexcept {
  return guard(error, [&] {
    tlite::Engine& self = required(engine, kSelf).value;
    const tlite::Tokenizer tokenizer = self.model().tokenizer();  // as in advance
    self.wait(request, [&](const tlite::Generation& answer) {
      if (out != nullptr) *out = new_generation(answer, tokenizer);
    });
  });
}

// Takes a lock, and is therefore the one cancel that a signal handler must not call. A number that
// no request has, any more, does no harm.
void tlite_engine_cancel(tlite_engine* engine, int64_t request) noexcept {
  if (engine != nullptr) engine->value.cancel(request);
}

void tlite_engine_end_thinking(tlite_engine* engine, int64_t request) noexcept {
  if (engine != nullptr) engine->value.end_thinking(request);
}

void tlite_engine_set_priority(tlite_engine* engine, int64_t request, int32_t priority) noexcept {
  if (engine != nullptr) engine->value.set_priority(request, priority);
}

tlite_status tlite_engine_get_status(const tlite_engine* engine, tlite_engine_status* out,
                                     tlite_error** error) noexcept {
  return guard(error, [&] {
    const std::size_t size = out_struct_size(out, "out");
    const tlite::EngineStatus status = required(engine, kSelf).value.status();
    tlite_engine_status result = {};
    result.waiting = status.waiting;
    result.running = status.running;
    result.cached_tokens = status.cached_tokens;
    result.free_tokens = status.free_tokens;
    copy_out(result, out, size);
  });
}

// The session keeps what it needs of the engine; the handle may go. Its threads are the engine's:
// what options say of them is read, so that nonsense is refused, and has no effect.
tlite_status tlite_engine_create_session(const tlite_engine* engine,
                                         const tlite_session_options* options, tlite_session** out,
                                         tlite_error** error) noexcept {
  return guard(error, [&] {
    required(out, "out");
    const tlite_engine& on = required(engine, kSelf);
    *out = new tlite_session{std::make_shared<SessionState>(
        tlite::Session(on.value, session_options_in(options, on.default_threads)))};
  });
}
