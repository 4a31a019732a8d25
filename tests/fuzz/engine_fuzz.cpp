// Random programs against an engine in C: requests of every kind, sessions, events, in any order,
// while the host's allocator fails. What is freed is not used again, and a pointer with a size has
// that many bytes; everything else is the library's to withstand. Each request that was taken ends
// once, and the events of an answer are the answer.
//
// A heap that fails is for tests/memory and tests/soak: libFuzzer's runtime has std::vector's
// functions compiled without exceptions, which the linker takes for the library's too, and they
// leak where a copy throws.
#include "fuzz/capi_arguments.hpp"

#include <cstdint>
#include <iterator>
#include <map>
#include <string>

#include <fuzzer/FuzzedDataProvider.h>
#include <tlite.h>

namespace {

using namespace tlite::fuzz;

constexpr int kCalls = 60;

class Program : Arguments {
 public:
  Program(const std::uint8_t* data, std::size_t size) : Arguments(data, size) {
    static Shared once;
    shared_ = &once;
    live_before_ = once.host.live;
    once.host.fail_at =
        in_.ConsumeIntegralInRange(0, 3) == 0 ? once.host.allocations + number(40) : -1;
    create();
  }
  ~Program() {
    for (std::size_t i = 0; i < kSlots; ++i) {
      tlite_stream_free(streams_[i]);
      tlite_session_free(sessions_[i]);
    }
    if (in_.ConsumeBool()) drain();
    tlite_engine_free(engine_);
    if (shared_->host.live != live_before_) __builtin_trap();
  }
  Program(const Program&) = delete;
  Program& operator=(const Program&) = delete;

  void run() {
    for (int i = 0; i < kCalls && in_.remaining_bytes() > 0; ++i) {
      static constexpr void (Program::*kKinds[])() = {
          &Program::create, &Program::submit, &Program::submit,  &Program::submit,
          &Program::work,   &Program::work,   &Program::work,    &Program::poll,
          &Program::poll,   &Program::change, &Program::session, &Program::stream};
      (this->*kKinds[in_.ConsumeIntegralInRange<std::size_t>(0, std::size(kKinds) - 1)])();
    }
  }

 private:
  struct Answer {
    std::string text;
    std::size_t tokens = 0;
  };

  template <class Call>
  tlite_status checked(Call&& call) {
    const tlite_status status = call(error());
    check(status);
    return status;
  }

  // One that no request reaches any more is drained: its requests must end, and once.
  void create() {
    auto* const given = options(tlite_engine_options_init);
    if (given != nullptr) {
      given->context = in_.ConsumeBool() ? 96 : number(200);
      given->max_sequences = number(4);
      given->max_batch_rows = number(40);
      given->threads = 1;
      given->kv_type = number(3);
      given->max_delay_milliseconds = number(60);
      given->prefix_cache = in_.ConsumeBool();
    }
    tlite_engine* made = nullptr;
    const auto status = checked(
        [&](tlite_error** to) { return tlite_engine_create(shared_->model, given, &made, to); });
    if ((status == TLITE_OK) != (made != nullptr)) __builtin_trap();
    if (made == nullptr) return;
    tlite_engine_free(engine_);
    engine_ = made;
    answers_.clear();
  }

  tlite_engine* engine() { return in_.ConsumeIntegralInRange(0, 31) == 0 ? nullptr : engine_; }
  std::int64_t request() {
    return in_.ConsumeBool() && !answers_.empty() ? answers_.begin()->first
                                                  : in_.ConsumeIntegralInRange<std::int64_t>(-1, 9);
  }

  void submit() {
    auto* const given = options(tlite_request_options_init);
    if (given != nullptr) {
      given->context = in_.ConsumeBool() ? TLITE_UNSET : number(150);
      given->priority = number(3);
      given->timeout_milliseconds = in_.ConsumeIntegralInRange(0, 7) == 0 ? number(2) : TLITE_UNSET;
      given->sampling = sampling();
      given->tools_json = text();
      given->template_json = text();
      given->reserved = in_.ConsumeIntegralInRange(0, 31) == 0 ? 1 : 0;
    }
    tlite_messages* messages = nullptr;
    const tlite_text prompt = text();
    const auto& list = ids();
    const int form = in_.ConsumeIntegralInRange(0, 3);
    if (form == 0) {
      tlite_messages_parse("[{\"role\": \"user\", \"content\": \"hello\"}]", TLITE_NUL, &messages,
                           nullptr);
    }
    std::int64_t id = 0;
    tlite_engine* const to_engine = engine();
    const tlite_status status = checked([&](tlite_error** to) {
      if (form == 0) return tlite_engine_submit_messages(to_engine, messages, given, &id, to);
      if (form == 1) {
        return tlite_engine_submit_text(to_engine, prompt.data, prompt.size, given, &id, to);
      }
      return tlite_engine_submit_ids(to_engine, list.data(), list.size(), given, &id, to);
    });
    tlite_messages_free(messages);
    if ((status == TLITE_OK) != (id != 0)) __builtin_trap();
    if (id != 0) answers_[id] = {};
  }

  void work() {
    tlite_engine* const on = engine();
    std::int32_t has_work = 0;
    switch (in_.ConsumeIntegralInRange(0, 5)) {
      case 0:
        checked([&](tlite_error** to) { return tlite_engine_run(on, to); });
        break;
      case 1:
        checked([&](tlite_error** to) { return tlite_engine_wait_for_work(on, 0, &has_work, to); });
        break;
      case 2: {
        const std::int64_t id = request();
        tlite_generation* answer = nullptr;
        const tlite_status status =
            checked([&](tlite_error** to) { return tlite_engine_wait(on, id, &answer, to); });
        if ((status == TLITE_OK) != (answer != nullptr)) __builtin_trap();
        // Where memory is out, so may be the request, which wait has told of then.
        if (status != TLITE_ERROR_INVALID_ARGUMENT) waited_ = true;
        if (answer != nullptr) answers_.erase(id);
        tlite_generation_free(answer);
        break;
      }
      default: {
        const auto budget = in_.ConsumeIntegral<std::int16_t>();
        checked([&](tlite_error** to) { return tlite_engine_step(on, budget, &has_work, to); });
        break;
      }
    }
  }

  bool poll_one(tlite_engine* on) {
    tlite_engine_event* event = nullptr;
    checked([&](tlite_error** to) { return tlite_engine_poll(on, &event, to); });
    if (event == nullptr) return false;
    if (event->text.data[event->text.size] != '\0') __builtin_trap();
    const auto found = answers_.find(event->request);
    if (found == answers_.end()) {
      if (!waited_) __builtin_trap();
    } else {
      Answer& answer = found->second;
      answer.text.append(event->text.data, event->text.size);
      answer.tokens += event->token >= 0 ? 1 : 0;
      if (event->result != nullptr) {
        if (answer.tokens != event->result->token_count) __builtin_trap();
        if (answer.text != std::string(event->result->text.data, event->result->text.size)) {
          __builtin_trap();
        }
        answers_.erase(found);
      }
    }
    if ((event->result != nullptr) != (event->finish_reason != TLITE_FINISH_NONE)) __builtin_trap();
    tlite_engine_event_free(event);
    return true;
  }
  void poll() {
    tlite_engine* const on = engine();
    for (int i = in_.ConsumeIntegralInRange(1, 8); i > 0; --i) poll_one(on);
  }

  // To the end of all requests: they have one.
  void drain() {
    if (engine_ == nullptr) return;
    if (tlite_engine_run(engine_, nullptr) != TLITE_OK) __builtin_trap();
    for (int missed = 0; missed < 200; ++missed) {
      while (poll_one(engine_)) missed = 0;
    }
    if (!answers_.empty() && !waited_) __builtin_trap();
  }

  void change() {
    tlite_engine* const on = engine();
    switch (in_.ConsumeIntegralInRange(0, 3)) {
      case 0:
        tlite_engine_cancel(on, request());
        break;
      case 1:
        tlite_engine_set_priority(on, request(), number(3));
        break;
      case 2:
        check(tlite_engine_get_options(on, options(tlite_engine_options_init), error()));
        break;
      default: {
        tlite_engine_status status = {};
        status.struct_size = sizeof status;
        check(tlite_engine_get_status(on, &status, error()));
        if (status.waiting < 0 || status.running < 0 || status.free_tokens < 0) __builtin_trap();
        break;
      }
    }
  }

  void session() {
    auto* const given = options(tlite_session_options_init);
    if (given != nullptr) {
      given->context = number(150);
      given->overflow = number(3);
    }
    Out<tlite_session> made = fresh(sessions_, tlite_session_free);
    tlite_session** const out = made;
    tlite_engine* const on = engine();
    checked([&](tlite_error** to) { return tlite_engine_create_session(on, given, out, to); });
    if (out == nullptr || *out == nullptr) return;
    tlite_sampling_params params;
    tlite_sampling_params_init(&params, sizeof params);
    params.max_new_tokens = 8;
    params.has_seed = 1;
    check(tlite_session_set_sampling(*out, &params, error()));
    check(tlite_session_add_user(*out, "hello", 5, error()));
  }

  void stream() {
    tlite_session* const of = any(sessions_);
    const tlite_piece* piece = nullptr;
    switch (in_.ConsumeIntegralInRange(0, 4)) {
      case 0: {
        Out<tlite_stream> made = fresh(streams_, tlite_stream_free);
        checked([&](tlite_error** to) { return tlite_session_stream(of, made, to); });
        break;
      }
      case 1:
        checked([&](tlite_error** to) {
          return tlite_session_reply(of, nullptr, nullptr, nullptr, to);
        });
        break;
      case 2:
        tlite_session_cancel(of);
        break;
      default: {
        tlite_stream* const from = any(streams_);
        checked([&](tlite_error** to) { return tlite_stream_next(from, &piece, to); });
        if (piece != nullptr && piece->text.data[piece->text.size] != '\0') __builtin_trap();
        break;
      }
    }
  }

  Shared* shared_ = nullptr;
  long live_before_ = 0;
  tlite_engine* engine_ = nullptr;
  Slots<tlite_session> sessions_ = {};
  Slots<tlite_stream> streams_ = {};
  std::map<std::int64_t, Answer> answers_;  // of requests whose end was not seen
  bool waited_ = false;                     // some end, or some events, went to tlite_engine_wait
};

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  Program(data, size).run();
  return 0;
}
