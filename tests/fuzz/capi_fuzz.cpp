// Random programs against the C API: any call at any time with any argument that C can express,
// NULL and objects that a stream or a callback has in use included. What is freed is not used
// again, and a pointer with a size has that many bytes; everything else is the library's to
// withstand.
#include "fuzz/capi_arguments.hpp"

#include <cstdint>
#include <deque>
#include <iterator>
#include <string>
#include <vector>

#include <tlite.h>

namespace {

using namespace tlite::fuzz;

constexpr int kCalls = 40;

struct Objects {
  Slots<tlite_host> hosts = {};
  Slots<tlite_tokenizer> tokenizers = {};
  Slots<tlite_stream_decoder> decoders = {};
  Slots<tlite_messages> messages = {};
  Slots<tlite_chat_template> templates = {};
  Slots<tlite_prompt> prompts = {};
  Slots<tlite_model> models = {};
  Slots<tlite_model_info> infos = {};
  Slots<tlite_progress> progresses = {};
  Slots<tlite_evaluator> evaluators = {};
  Slots<tlite_session> sessions = {};
  Slots<tlite_stream> streams = {};
  Slots<tlite_generation> generations = {};
};

class Program : Arguments {
 public:
  Program(const std::uint8_t* data, std::size_t size) : Arguments(data, size) {
    static Shared once;
    shared_ = &once;
    live_before_ = once.host.live;
    memory_host_init(&host_);
    host_.most_bytes = kMostBytes;
    if (in_.ConsumeBool()) host_.fail_at = in_.ConsumeIntegralInRange(0, 40);
    once.host.fail_at =
        in_.ConsumeBool() ? once.host.allocations + in_.ConsumeIntegralInRange(0, 40) : -1;
  }
  ~Program() {
    for (std::size_t i = 0; i < kSlots; ++i) {
      tlite_stream_free(objects_.streams[i]);
      tlite_session_free(objects_.sessions[i]);
      tlite_evaluator_free(objects_.evaluators[i]);
      tlite_generation_free(objects_.generations[i]);
      tlite_stream_decoder_free(objects_.decoders[i]);
      tlite_tokenizer_free(objects_.tokenizers[i]);
      tlite_prompt_free(objects_.prompts[i]);
      tlite_chat_template_free(objects_.templates[i]);
      tlite_messages_free(objects_.messages[i]);
      tlite_model_info_free(objects_.infos[i]);
      tlite_model_free(objects_.models[i]);
      tlite_progress_free(objects_.progresses[i]);
      tlite_host_free(objects_.hosts[i]);
    }
    if (host_.live != 0 || host_.open_files != 0) __builtin_trap();
    if (shared_->host.live != live_before_) __builtin_trap();
  }
  Program(const Program&) = delete;
  Program& operator=(const Program&) = delete;

  void run() {
    for (int i = 0; i < kCalls && in_.remaining_bytes() > 0; ++i) {
      static constexpr void (Program::*kKinds[])() = {
          &Program::host_call,     &Program::tokenizer_call, &Program::decoder_call,
          &Program::chat_call,     &Program::prompt_call,    &Program::model_call,
          &Program::info_call,     &Program::evaluator_call, &Program::evaluator_run,
          &Program::evaluator_run, &Program::session_call,   &Program::session_talk,
          &Program::session_talk,  &Program::answer_call,    &Program::answer_call,
          &Program::stream_call,   &Program::stream_call};
      (this->*kKinds[in_.ConsumeIntegralInRange<std::size_t>(0, std::size(kKinds) - 1)])();
    }
  }

 private:
  const tlite_model* model() {
    tlite_model* const own = any(objects_.models);
    return own == nullptr && in_.ConsumeIntegralInRange(0, 15) != 0 ? shared_->model : own;
  }

  static std::int32_t stop_at(std::int64_t, std::int64_t, void* user) {
    return static_cast<Program*>(user)->step();
  }
  static std::int32_t stop_at_piece(const tlite_piece* piece, void* user) {
    if (piece->text.data[piece->text.size] != '\0') __builtin_trap();
    return static_cast<Program*>(user)->step();
  }
  // What a callback does: nothing mostly, or it stops, or calls back in.
  std::int32_t step() {
    switch (in_.ConsumeIntegralInRange(0, 9)) {
      case 0:
        return 1;
      case 1:
        tlite_session_cancel(objects_.sessions[0]);
        tlite_session_clear_cancel(objects_.sessions[1]);
        tlite_evaluator_cancel(objects_.evaluators[0]);
        return 0;
      case 2:
        tlite_session_reset(objects_.sessions[0], nullptr);
        tlite_session_reply(objects_.sessions[1], nullptr, nullptr, nullptr, nullptr);
        return 0;
      case 3:
        tlite_stream_free(objects_.streams[0]);
        objects_.streams[0] = nullptr;
        return 0;
      case 4:
        tlite_session_free(objects_.sessions[1]);
        objects_.sessions[1] = nullptr;
        return 0;
      case 5:
        tlite_evaluator_free(objects_.evaluators[1]);
        objects_.evaluators[1] = nullptr;
        return 0;
      default:
        return 0;
    }
  }

  void host_call();
  void tokenizer_call();
  void decoder_call();
  void chat_call();
  void prompt_call();
  void model_call();
  void info_call();
  void evaluator_call();
  void evaluator_run();
  void session_call();
  void session_talk();
  void answer_call();
  void stream_call();
  tlite_message* message();

  Shared* shared_ = nullptr;
  long live_before_ = 0;
  memory_host host_ = {};
  Objects objects_;
  std::deque<tlite_tool_call> calls_;
  std::deque<tlite_text_range> ranges_;
};

void Program::host_call() {
  if (in_.ConsumeIntegralInRange(0, 3) == 0) {
    check(tlite_host_create(options(tlite_host_options_init),
                            fresh(objects_.hosts, tlite_host_free), error()));
    return;
  }
  tlite_host_options with_host = memory_host_options(&host_);
  with_host.threads = 1;
  if (in_.ConsumeBool()) with_host.allocate = nullptr;
  if (in_.ConsumeIntegralInRange(0, 7) == 0) with_host.deallocate = nullptr;
  if (in_.ConsumeIntegralInRange(0, 7) == 0) with_host.file_open = nullptr;
  if (with_host.allocate == nullptr && in_.ConsumeBool()) with_host.deallocate = nullptr;
  check(tlite_host_create(&with_host, fresh(objects_.hosts, tlite_host_free), error()));
}

void Program::tokenizer_call() {
  const tlite_tokenizer* const tokenizer = any(objects_.tokenizers);
  const tlite_text path = text();
  tlite_tokens* tokens = nullptr;
  tlite_string* string = nullptr;
  std::int32_t id = 0;
  switch (in_.ConsumeIntegralInRange(0, 6)) {
    case 0:
      check(tlite_tokenizer_load(any(objects_.hosts), path.data, path.size,
                                 fresh(objects_.tokenizers, tlite_tokenizer_free), error()));
      break;
    case 1:
      check(tlite_model_get_tokenizer(model(), fresh(objects_.tokenizers, tlite_tokenizer_free),
                                      error()));
      break;
    case 2: {
      auto* const encode = options(tlite_encode_options_init);
      if (encode != nullptr && in_.ConsumeBool()) {
        ranges_.push_back({in_.ConsumeIntegralInRange<std::size_t>(0, 30),
                           in_.ConsumeIntegralInRange<std::size_t>(0, 30)});
        encode->literal_ranges = &ranges_.back();
        encode->literal_range_count = 1;
      }
      check(tlite_tokenizer_encode(tokenizer, path.data, path.size, encode, &tokens, error()));
      break;
    }
    case 3: {
      const auto& list = ids();
      check(tlite_tokenizer_decode(tokenizer, list.data(), list.size(),
                                   options(tlite_decode_options_init), &string, error()));
      break;
    }
    case 4:
      check(tlite_tokenizer_get_token_bytes(tokenizer, number(300), &string, error()));
      break;
    case 5:
      check(tlite_tokenizer_get_token_id(tokenizer, path.data, path.size, &id, error()));
      break;
    default:
      tlite_tokenizer_is_special(tokenizer, number(300));
      tlite_tokenizer_vocab_size(tokenizer);
      tlite_tokenizer_eos_token(tokenizer);
      break;
  }
  tlite_tokens_free(tokens);
  tlite_string_free(string);
}

void Program::decoder_call() {
  tlite_text out = {};
  switch (in_.ConsumeIntegralInRange(0, 2)) {
    case 0:
      check(tlite_stream_decoder_create(
          any(objects_.tokenizers), options(tlite_decode_options_init),
          fresh(objects_.decoders, tlite_stream_decoder_free), error()));
      break;
    case 1:
      check(tlite_stream_decoder_push(any(objects_.decoders), number(300), &out, error()));
      break;
    default:
      check(tlite_stream_decoder_finish(any(objects_.decoders), &out, error()));
      break;
  }
}

tlite_message* Program::message() {
  tlite_message* const made = options(tlite_message_init);
  if (made == nullptr) return nullptr;
  made->role = text();
  made->content = text();
  made->name = text();
  if (in_.ConsumeBool()) {
    calls_.push_back({text(), text(), text(), {}});
    made->tool_calls = &calls_.back();
    made->tool_call_count = 1;
  }
  return made;
}

void Program::chat_call() {
  tlite_messages* const messages = any(objects_.messages);
  const tlite_text json = text();
  tlite_string* string = nullptr;
  switch (in_.ConsumeIntegralInRange(0, 4)) {
    case 0:
      check(tlite_messages_create(fresh(objects_.messages, tlite_messages_free), error()));
      break;
    case 1:
      check(tlite_messages_parse(json.data, json.size,
                                 fresh(objects_.messages, tlite_messages_free), error()));
      break;
    case 2:
      check(tlite_messages_add(messages, message(), error()));
      break;
    case 3:
      check(tlite_messages_get(messages, in_.ConsumeIntegralInRange<std::size_t>(0, 3),
                               options(tlite_message_init), error()));
      break;
    default:
      check(tlite_messages_to_json(messages, &string, error()));
      break;
  }
  tlite_string_free(string);
}

void Program::prompt_call() {
  const tlite_text source = text();
  auto* const render = options(tlite_template_options_init);
  if (render != nullptr) {
    render->add_generation_prompt = in_.ConsumeBool();
    render->tools_json = text();
    render->extra_json = text();
    render->has_now = in_.ConsumeBool();
    render->now = in_.ConsumeIntegral<std::int64_t>();
  }
  const tlite_chat_template* const chat = any(objects_.templates);
  switch (in_.ConsumeIntegralInRange(0, 4)) {
    case 0:
      check(tlite_chat_template_load(any(objects_.hosts), source.data, source.size,
                                     fresh(objects_.templates, tlite_chat_template_free), error()));
      break;
    case 1: {
      const tlite_text bos = text();
      check(tlite_chat_template_parse(source.data, source.size, bos.data, bos.size, bos.data,
                                      bos.size, fresh(objects_.templates, tlite_chat_template_free),
                                      error()));
      break;
    }
    case 2:
      check(tlite_model_get_chat_template(
          model(), fresh(objects_.templates, tlite_chat_template_free), error()));
      break;
    case 3:
      check(tlite_chat_template_render(chat, any(objects_.messages), render,
                                       fresh(objects_.prompts, tlite_prompt_free), error()));
      break;
    default:
      check(tlite_chat_template_render_json(chat, source.data, source.size, render,
                                            fresh(objects_.prompts, tlite_prompt_free), error()));
      break;
  }
  std::size_t count = 0;
  tlite_prompt_text(any(objects_.prompts), &count);
  tlite_prompt_literal_ranges(any(objects_.prompts), &count);
}

void Program::model_call() {
  const tlite_text path = text();
  auto* const load = options(tlite_load_options_init);
  if (load != nullptr) {
    load->check_weights = in_.ConsumeBool();
    load->on_progress = in_.ConsumeBool() ? stop_at : nullptr;
    load->user = this;
    load->progress = any(objects_.progresses);
  }
  auto* const plan = options(tlite_plan_options_init);
  if (plan != nullptr) {
    plan->context = number(100);
    plan->max_batch_rows = number(100);
    plan->threads = number(4);
    plan->kv_type = number(16);
  }
  switch (in_.ConsumeIntegralInRange(0, 4)) {
    case 0:
      check(tlite_model_load(any(objects_.hosts), path.data, path.size, load,
                             fresh(objects_.models, tlite_model_free), error()));
      break;
    case 1:
      check(tlite_model_plan(any(objects_.hosts), path.data, path.size, plan,
                             options(tlite_memory_plan_init), error()));
      break;
    case 2:
      check(tlite_progress_create(fresh(objects_.progresses, tlite_progress_free), error()));
      break;
    case 3: {
      std::int64_t done = 0;
      tlite_progress_get(any(objects_.progresses), &done, nullptr);
      if (in_.ConsumeBool())
        tlite_progress_cancel(any(objects_.progresses));
      else
        tlite_progress_reset(any(objects_.progresses));
      break;
    }
    default:
      check(
          tlite_model_get_default_sampling(model(), options(tlite_sampling_params_init), error()));
      break;
  }
}

void Program::info_call() {
  const tlite_text path = text();
  tlite_string* string = nullptr;
  switch (in_.ConsumeIntegralInRange(0, 2)) {
    case 0:
      check(tlite_model_inspect(any(objects_.hosts), path.data, path.size,
                                fresh(objects_.infos, tlite_model_info_free), error()));
      break;
    case 1:
      check(tlite_model_get_info(model(), fresh(objects_.infos, tlite_model_info_free), error()));
      break;
    default:
      check(tlite_model_info_to_json(any(objects_.infos), &string, error()));
      break;
  }
  tlite_string_free(string);
}

void Program::evaluator_call() {
  tlite_evaluator* const evaluator = any(objects_.evaluators);
  auto* const create = options(tlite_evaluator_options_init);
  if (create != nullptr) {
    create->context = number(100);
    create->max_sequences = number(4);
    create->max_batch_rows = number(20);
    create->max_logits_rows = number(8);
    create->max_hidden_rows = number(8);
    create->threads = 1;
    create->kv_type = number(3);
  }
  std::int32_t out = 0;
  switch (in_.ConsumeIntegralInRange(0, 8)) {
    case 0:
    case 1:
      check(tlite_evaluator_create(model(), create,
                                   fresh(objects_.evaluators, tlite_evaluator_free), error()));
      break;
    case 2:
      check(tlite_evaluator_get_options(evaluator, create, error()));
      break;
    case 3:
      check(tlite_evaluator_create_sequence(evaluator, &out, error()));
      break;
    case 4:
      check(tlite_evaluator_destroy_sequence(evaluator, number(4), error()));
      break;
    case 5:
      check(tlite_evaluator_fork(evaluator, number(4), number(40), &out, error()));
      break;
    case 6:
      check(tlite_evaluator_adopt(evaluator, any(objects_.evaluators), number(4), number(40), &out,
                                  error()));
      break;
    case 7:
      check(tlite_evaluator_truncate(evaluator, number(4), number(40), error()));
      break;
    default:
      check(tlite_evaluator_get_length(evaluator, number(4), &out, error()));
      break;
  }
  tlite_evaluator_free_positions(any(objects_.evaluators));
}

void Program::evaluator_run() {
  tlite_evaluator* const evaluator = any(objects_.evaluators);
  std::vector<tlite_batch_row> rows(in_.ConsumeIntegralInRange<std::size_t>(0, 24));
  const std::int32_t first = number(40);
  const std::int32_t sequence = number(4);
  for (std::size_t i = 0; i < rows.size(); ++i) {
    rows[i] = {number(271),
               sequence,
               static_cast<std::int32_t>(static_cast<std::uint32_t>(first) + i),
               in_.ConsumeBool(),
               in_.ConsumeBool(),
               {}};
    if (in_.ConsumeIntegralInRange(0, 31) == 0) rows[i].sequence = number(4);
  }
  const float* logits = nullptr;
  std::size_t count = 0;
  std::int32_t finished = 0;
  switch (in_.ConsumeIntegralInRange(0, 8)) {
    case 0:
      check(tlite_evaluator_evaluate(evaluator, rows.data(), rows.size(), error()));
      break;
    case 1: {
      const auto& list = ids();
      check(tlite_evaluator_append(evaluator, number(4), list.data(), list.size(), error()));
      break;
    }
    case 2:
      check(tlite_evaluator_submit(evaluator, rows.data(), rows.size(), error()));
      break;
    case 3:
    case 4:
      check(tlite_evaluator_advance(evaluator, in_.ConsumeIntegral<std::int64_t>(), &finished,
                                    error()));
      break;
    case 5:
      check(tlite_evaluator_discard(evaluator, error()));
      break;
    case 6:
      check(tlite_evaluator_get_logits(evaluator, number(4), &logits, &count, error()));
      check(tlite_evaluator_get_hidden(evaluator, number(4), &logits, &count, error()));
      break;
    case 7:
      check(tlite_evaluator_on_progress(evaluator, in_.ConsumeBool() ? stop_at : nullptr, this,
                                        error()));
      break;
    default:
      if (in_.ConsumeBool())
        tlite_evaluator_cancel(evaluator);
      else
        tlite_evaluator_clear_cancel(evaluator);
      break;
  }
  std::size_t matrix_rows = 0;
  std::size_t stride = 0;
  const float* matrix = nullptr;
  check(tlite_evaluator_get_logits_matrix(evaluator, &matrix, &matrix_rows, nullptr, &stride,
                                          error()));
  volatile float seen = 0;
  if (matrix_rows > 0) seen = matrix[(matrix_rows - 1) * stride];
  for (std::size_t i = 0; i < count; ++i) seen = logits[i];
  static_cast<void>(seen);
}

void Program::session_call() {
  tlite_session* const session = any(objects_.sessions);
  auto* const create = options(tlite_session_options_init);
  if (create != nullptr) {
    create->context = number(150);
    create->threads = 1;
    create->max_batch_rows = number(40);
    create->kv_type = number(3);
    create->overflow = number(3);
    create->parse_special_in_messages = in_.ConsumeBool();
    create->tools_json = text();
    create->template_json = text();
  }
  switch (in_.ConsumeIntegralInRange(0, 6)) {
    case 0:
    case 1:
    case 2: {
      // Short answers from the start: the default is to fill the context.
      Out<tlite_session> out = fresh(objects_.sessions, tlite_session_free);
      tlite_session** const made = out;
      check(tlite_session_create(model(), create, made, error()));
      tlite_sampling_params params;
      tlite_sampling_params_init(&params, sizeof params);
      params.max_new_tokens = 8;
      params.has_seed = 1;
      if (made != nullptr && *made != nullptr) {
        check(tlite_session_set_sampling(*made, &params, error()));
      }
      break;
    }
    case 3:
      check(tlite_session_fork(session, fresh(objects_.sessions, tlite_session_free), error()));
      break;
    case 4:
      check(tlite_session_get_options(session, options(tlite_session_options_init), error()));
      break;
    case 5:
      check(tlite_session_set_sampling(session, sampling(), error()));
      break;
    default:
      check(
          tlite_session_on_prefill(session, in_.ConsumeBool() ? stop_at : nullptr, this, error()));
      break;
  }
}

void Program::session_talk() {
  tlite_session* const session = any(objects_.sessions);
  const tlite_text said = text();
  std::int32_t out = 0;
  if (in_.ConsumeIntegralInRange(0, 7) == 0) tlite_session_cancel(session);
  switch (in_.ConsumeIntegralInRange(0, 9)) {
    case 0:
      check(tlite_session_add_system(session, said.data, said.size, error()));
      break;
    case 1:
    case 2:
    case 3:
      check(tlite_session_add_user(session, said.data, said.size, error()));
      break;
    case 4:
      check(tlite_session_add_message(session, message(), error()));
      break;
    case 5:
      check(tlite_session_get_messages(session, fresh(objects_.messages, tlite_messages_free),
                                       error()));
      break;
    case 6:
      check(tlite_session_set_messages(session, any(objects_.messages), error()));
      break;
    case 7:
      check(tlite_session_rewind(session, in_.ConsumeIntegralInRange<std::size_t>(0, 3), error()));
      break;
    case 8:
      check(tlite_session_count_prompt_tokens(session, &out, error()));
      break;
    default:
      check(tlite_session_reset(session, error()));
      break;
  }
}

void Program::answer_call() {
  tlite_session* const session = any(objects_.sessions);
  const tlite_text prompt = text();
  const tlite_piece_callback callback = in_.ConsumeBool() ? stop_at_piece : nullptr;
  Out<tlite_generation> out = fresh(objects_.generations, tlite_generation_free);
  switch (in_.ConsumeIntegralInRange(0, 4)) {
    case 0:
    case 1:
      check(tlite_session_reply(session, callback, this, out, error()));
      break;
    case 2:
      check(tlite_session_regenerate(session, callback, this, out, error()));
      break;
    case 3:
      check(tlite_session_continue(session, callback, this, out, error()));
      break;
    default:
      check(
          tlite_session_complete(session, prompt.data, prompt.size, callback, this, out, error()));
      break;
  }
}

void Program::stream_call() {
  tlite_session* const session = any(objects_.sessions);
  Out<tlite_stream> out = fresh(objects_.streams, tlite_stream_free);
  const tlite_text prompt = text();
  const tlite_piece* piece = nullptr;
  switch (in_.ConsumeIntegralInRange(0, 8)) {
    case 0:
      check(tlite_session_stream(session, out, error()));
      break;
    case 1:
      check(tlite_session_stream_regenerate(session, out, error()));
      break;
    case 2:
      check(tlite_session_stream_continue(session, out, error()));
      break;
    case 3:
      check(tlite_session_stream_complete(session, prompt.data, prompt.size, out, error()));
      break;
    case 4: {
      const auto& list = ids();
      check(tlite_session_stream_complete_ids(session, list.data(), list.size(), out, error()));
      break;
    }
    case 5:
    case 6:
    case 7:
      check(tlite_stream_next(any(objects_.streams), &piece, error()));
      if (piece != nullptr && piece->text.data[piece->text.size] != '\0') __builtin_trap();
      break;
    default:
      tlite_stream_finish_reason(any(objects_.streams));
      check(tlite_stream_get_result(any(objects_.streams),
                                    fresh(objects_.generations, tlite_generation_free), error()));
      break;
  }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  Program(data, size).run();
  return 0;
}
