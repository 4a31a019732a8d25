#include "tiny_session.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

static tlite_text text_of(const char* text) {
  const tlite_text view = {text, TLITE_NUL};
  return view;
}

static size_t message_count(const tlite_session* session) {
  tlite_messages* messages = NULL;
  CHECK_OK(tlite_session_get_messages(session, &messages, &error));
  const size_t count = tlite_messages_count(messages);
  tlite_messages_free(messages);
  return count;
}

/* Collects the text of pieces, and can stop. */
typedef struct collected {
  char text[4096];
  size_t size;
  int pieces;
  int stop_after; /* pieces; 0: never */
} collected;

static int32_t collect(const tlite_piece* piece, void* user) {
  collected* const all = user;
  CHECK(piece->struct_size == sizeof *piece && piece->token >= 0);
  CHECK(piece->text.data[piece->text.size] == '\0');
  if (all->size + piece->text.size < sizeof all->text) {
    memcpy(all->text + all->size, piece->text.data, piece->text.size);
    all->size += piece->text.size;
  }
  return ++all->pieces == all->stop_after;
}

static int same(tlite_text text, const collected* expected) {
  return text.size == expected->size && memcmp(text.data, expected->text, text.size) == 0;
}

TEST(session_life, "capi/session: a reply, by callback and by pull, is the same") {
  memory_host host;
  tlite_model* const model = tiny_model_load(&host);
  REQUIRE(model != NULL);
  tlite_session* const session = tiny_session(model, 12);
  tlite_model_free(model); /* the session keeps it */
  REQUIRE(session != NULL);
  CHECK_OK(tlite_session_add_system(session, "Be brief.", TLITE_NUL, &error));
  CHECK_OK(tlite_session_add_user(session, "hello", 5, &error));
  int32_t prompt_tokens = 0;
  CHECK_OK(tlite_session_count_prompt_tokens(session, &prompt_tokens, &error));

  collected called = {"", 0, 0, 0};
  tlite_generation* first = NULL;
  CHECK_OK(tlite_session_reply(session, collect, &called, &first, &error));
  REQUIRE(first != NULL);
  CHECK(first->struct_size == sizeof *first && first->finish_reason == TLITE_FINISH_LENGTH);
  CHECK(first->token_count == 12 && first->prompt_tokens == prompt_tokens);
  CHECK(first->logprobs == NULL && first->top_logprobs == NULL);
  CHECK(first->decode_seconds > 0 && first->prefill_seconds > 0);
  CHECK(same(first->text, &called) && message_count(session) == 3);

  CHECK_OK(tlite_session_rewind(session, 2, &error));
  tlite_stream* stream = NULL;
  CHECK_OK(tlite_session_stream(session, &stream, &error));
  collected pulled = {"", 0, 0, 0};
  const tlite_piece* piece = NULL;
  do {
    CHECK_OK(tlite_stream_next(stream, &piece, &error));
    if (piece != NULL) collect(piece, &pulled);
  } while (piece != NULL && pulled.pieces < 100);
  CHECK(pulled.size == called.size && memcmp(pulled.text, called.text, called.size) == 0);
  CHECK_OK(tlite_stream_next(stream, &piece, &error)); /* the end stays the end */
  CHECK(piece == NULL && message_count(session) == 3);
  CHECK(tlite_stream_finish_reason(stream) == TLITE_FINISH_LENGTH);
  tlite_generation* second = NULL;
  CHECK_OK(tlite_stream_get_result(stream, &second, &error));
  CHECK(second->token_count == 12);
  CHECK(memcmp(first->tokens, second->tokens, 12 * sizeof(int32_t)) == 0);
  CHECK(second->cached_tokens > 0);
  tlite_session_free(session);
  tlite_stream_free(stream);
  CHECK(same(second->text, &called)); /* an answer is the caller's */
  tlite_generation_free(first);
  tlite_generation_free(second);
  CHECK(host.live == 0 && host.released == 1);
}

TEST(session_stop, "capi/session: a callback stops; continue and regenerate go on from there") {
  memory_host host;
  tlite_model* const model = tiny_model_load(&host);
  REQUIRE(model != NULL);
  tlite_session* const session = tiny_session(model, 10);
  CHECK_OK(tlite_session_add_user(session, "hello", 5, &error));
  collected whole = {"", 0, 0, 0};
  CHECK_OK(tlite_session_reply(session, collect, &whole, NULL, &error));
  CHECK(whole.pieces >= 10);

  collected part = {"", 0, 0, 4};
  tlite_generation* answer = NULL;
  CHECK_OK(tlite_session_regenerate(session, collect, &part, &answer, &error));
  CHECK(part.pieces == 4 && answer->finish_reason == TLITE_FINISH_CANCELLED);
  CHECK(message_count(session) == 2);
  tlite_generation_free(answer);
  answer = NULL;
  CHECK_OK(tlite_session_continue(session, NULL, NULL, &answer, &error));
  CHECK(answer->finish_reason == TLITE_FINISH_LENGTH && message_count(session) == 2);
  tlite_generation_free(answer);

  CHECK_OK(tlite_session_add_user(session, "more", 4, &error));
  CHECK_STATUS(tlite_session_regenerate(session, NULL, NULL, NULL, &error), TLITE_ERROR_BAD_STATE);
  tlite_session_free(session);
  tlite_model_free(model);
}

TEST(session_stream_free, "capi/session: a stream that is freed early ends the answer there") {
  memory_host host;
  tlite_model* const model = tiny_model_load(&host);
  REQUIRE(model != NULL);
  tlite_session* const session = tiny_session(model, 10);
  CHECK_OK(tlite_session_add_user(session, "hello", 5, &error));
  tlite_stream* stream = NULL;
  tlite_stream* other = NULL;
  const tlite_piece* piece = NULL;
  CHECK_OK(tlite_session_stream(session, &stream, &error));
  CHECK_OK(tlite_stream_next(stream, &piece, &error));
  CHECK(piece != NULL && tlite_stream_finish_reason(stream) == TLITE_FINISH_NONE);
  CHECK_ERROR(tlite_session_reset(session, &error), TLITE_ERROR_BAD_STATE, "open stream");
  CHECK_ERROR(tlite_session_stream(session, &other, &error), TLITE_ERROR_BAD_STATE, "open stream");
  CHECK(other == NULL);
  tlite_stream_free(stream);
  CHECK(message_count(session) == 2);
  CHECK_OK(tlite_session_reset(session, &error));
  CHECK(message_count(session) == 0);
  CHECK_STATUS(tlite_session_reply(session, NULL, NULL, NULL, &error),
               TLITE_ERROR_INVALID_ARGUMENT);

  /* The session goes first, the stream still works. */
  CHECK_OK(tlite_session_add_user(session, "hello", 5, &error));
  CHECK_OK(tlite_session_stream(session, &stream, &error));
  tlite_session_free(session);
  int pieces = 0;
  do {
    CHECK_OK(tlite_stream_next(stream, &piece, &error));
    pieces += piece != NULL;
  } while (piece != NULL && pieces < 100);
  CHECK(pieces >= 10);
  tlite_stream_free(stream);
  tlite_model_free(model);
  CHECK(host.live == 0);
}

TEST(session_finish, "capi/session: says why it stopped, and gives the logprobs asked for") {
  memory_host host;
  tlite_model* const model = tiny_model_load(&host);
  REQUIRE(model != NULL);
  tlite_session* const session = tiny_session(model, 10);
  CHECK_OK(tlite_session_add_user(session, "hello", 5, &error));
  tlite_sampling_params params;
  tlite_sampling_params_init(&params, sizeof params);
  const tlite_logit_bias always_a = {'a', 1000};
  const tlite_text stop[] = {{"zz", 2}, {"aaa", TLITE_NUL}};
  params.temperature = 0;
  params.logprobs = 3;
  params.logit_bias = &always_a;
  params.logit_bias_count = 1;
  params.stop = stop;
  params.stop_count = 2;
  CHECK_OK(tlite_session_set_sampling(session, &params, &error));
  tlite_generation* answer = NULL;
  CHECK_OK(tlite_session_reply(session, NULL, NULL, &answer, &error));
  REQUIRE(answer != NULL);
  CHECK(answer->finish_reason == TLITE_FINISH_STOP_STRING && answer->token_count == 3);
  CHECK(strcmp(answer->stop_string.data, "aaa") == 0 && answer->text.size == 0);
  REQUIRE(answer->logprobs != NULL && answer->top_logprobs != NULL);
  CHECK(answer->logprobs[2].token == 'a' && answer->logprobs[2].logprob < 0);
  CHECK(strcmp(answer->logprobs[2].bytes.data, "a") == 0 && answer->logprobs[2].bytes.size == 1);
  CHECK(answer->top_logprob_count == 9);
  CHECK(answer->top_logprob_offsets[0] == 0 && answer->top_logprob_offsets[3] == 9);
  for (size_t i = 0; i < 9; ++i) {
    CHECK(answer->top_logprobs[i].rank == (int32_t)(i % 3) + 1);
    const int32_t token = answer->top_logprobs[i].token; /* below 128 a character of that code */
    CHECK(token >= 128 || answer->top_logprobs[i].bytes.data[0] == (char)token);
  }
  tlite_generation_free(answer);

  /* What was set can be asked for; its lists are the session's copies. */
  tlite_sampling_params got;
  tlite_sampling_params_init(&got, sizeof got);
  CHECK_OK(tlite_session_get_sampling(session, &got, &error));
  CHECK(got.stop_count == 2 && got.stop != stop && strcmp(got.stop[1].data, "aaa") == 0);
  CHECK(got.logit_bias_count == 1 && got.logit_bias[0].token == 'a' && got.logprobs == 3);

  const tlite_logit_bias always_end = {TINY_IM_END, 1000};
  params.logit_bias = &always_end;
  params.stop_count = 0;
  CHECK_OK(tlite_session_set_sampling(session, &params, &error));
  answer = NULL;
  CHECK_OK(tlite_session_regenerate(session, NULL, NULL, &answer, &error));
  CHECK(answer->finish_reason == TLITE_FINISH_END_OF_TEXT && answer->text.size == 0);
  tlite_generation_free(answer);

  params.temperature = -1;
  CHECK_ERROR(tlite_session_set_sampling(session, &params, &error), TLITE_ERROR_INVALID_ARGUMENT,
              "temperature");
  tlite_session_free(session);
  tlite_model_free(model);
}

TEST(session_pieces, "capi/session: pieces carry their logprobs") {
  memory_host host;
  tlite_model* const model = tiny_model_load(&host);
  REQUIRE(model != NULL);
  tlite_session* const session = tiny_session(model, 3);
  tlite_sampling_params params;
  tlite_sampling_params_init(&params, sizeof params);
  params.max_new_tokens = 3;
  params.logprobs = 2;
  params.has_seed = 1;
  params.seed = 42;
  CHECK_OK(tlite_session_set_sampling(session, &params, &error));
  tlite_stream* stream = NULL;
  const int32_t ids[] = {1, 2, 3};
  tlite_generation* whole = NULL;
  CHECK_OK(tlite_session_complete_ids(session, ids, 3, NULL, NULL, &whole, &error));
  REQUIRE(whole != NULL && whole->token_count > 0 && whole->prompt_tokens == 3);
  CHECK_OK(tlite_session_stream_complete_ids(session, ids, 3, &stream, &error));
  const tlite_piece* piece = NULL;
  int tokens = 0;
  for (;;) {
    CHECK_OK(tlite_stream_next(stream, &piece, &error));
    if (piece == NULL || tokens > 10) break;
    if (piece->logprob == NULL) continue; /* text that was held back */
    ++tokens;
    CHECK(piece->logprob->token == piece->token && piece->top_logprob_count == 2);
    CHECK(piece->top_logprobs[0].rank == 1);
    const tlite_text bytes = piece->top_logprobs[1].bytes;
    CHECK(bytes.data[bytes.size] == '\0');
  }
  CHECK(tokens == 3 && message_count(session) == 0);
  tlite_generation* streamed = NULL;
  CHECK_OK(tlite_stream_get_result(stream, &streamed, &error));
  CHECK(streamed->token_count == whole->token_count);
  CHECK(memcmp(streamed->tokens, whole->tokens, 3 * sizeof(int32_t)) == 0);
  tlite_generation_free(streamed);
  tlite_generation_free(whole);
  tlite_stream_free(stream);
  tlite_session_free(session);
  tlite_model_free(model);
}

TEST(session_messages, "capi/session: messages of every kind go in and come out") {
  memory_host host;
  tlite_model* const model = tiny_model_load(&host);
  REQUIRE(model != NULL);
  tlite_session* const session = tiny_session(model, 2);
  tlite_messages* messages = NULL;
  CHECK_OK(
      tlite_messages_parse("[{\"role\": \"system\", \"content\": \"s\"}, "
                           "{\"role\": \"user\", \"content\": \"u\"}]",
                           TLITE_NUL, &messages, &error));
  CHECK_OK(tlite_session_set_messages(session, messages, &error));
  tlite_messages_free(messages);
  tlite_message message;
  tlite_message_init(&message, sizeof message);
  message.role = text_of("assistant");
  message.content = text_of("\xD0\xB4\xD0\xB0");
  CHECK_OK(tlite_session_add_message(session, &message, &error));
  CHECK(message_count(session) == 3);
  messages = NULL;
  CHECK_OK(tlite_session_get_messages(session, &messages, &error));
  CHECK_OK(tlite_messages_get(messages, 2, &message, &error));
  CHECK(message.content.size == 4);

  tlite_session* fork = NULL;
  CHECK_OK(tlite_session_fork(session, &fork, &error));
  CHECK_OK(tlite_session_rewind(session, 1, &error));
  CHECK(message_count(session) == 1 && message_count(fork) == 3);
  tlite_session_free(session);
  CHECK_OK(tlite_session_add_user(fork, "v", 1, &error));
  CHECK_OK(tlite_session_reply(fork, NULL, NULL, NULL, &error));
  CHECK(message_count(fork) == 5);
  tlite_session_free(fork);
  tlite_messages_free(messages);
  tlite_model_free(model);
}

TEST(session_options, "capi/session: options come back as they were, or are refused by name") {
  memory_host host;
  tlite_model* const model = tiny_model_load(&host);
  REQUIRE(model != NULL);
  tlite_session* session = tiny_session(model, 2);
  tlite_session_options options;
  tlite_session_options_init(&options, sizeof options);
  CHECK_OK(tlite_session_get_options(session, &options, &error));
  CHECK(options.context == 256 && options.max_batch_rows == 32);
  tlite_session_free(session);

  session = NULL;
  options.tools_json = text_of("");
  options.template_json = text_of("");
  options.overflow = 3;
  CHECK_ERROR(tlite_session_create(model, &options, &session, &error), TLITE_ERROR_INVALID_ARGUMENT,
              "overflow is 3");
  options.overflow = TLITE_OVERFLOW_ERROR;
  options.kv_type = -2;
  CHECK_ERROR(tlite_session_create(model, &options, &session, &error), TLITE_ERROR_INVALID_ARGUMENT,
              "kv_type is -2");
  options.kv_type = TLITE_DATA_TYPE_F16;
  options.context = 0;
  tlite_error* named = NULL; /* by the name that C has for it */
  CHECK(tlite_session_create(model, &options, &session, &named) == TLITE_ERROR_INVALID_ARGUMENT);
  CHECK(strncmp(tlite_error_message(named, NULL), "context is 0; it takes", 22) == 0);
  tlite_error_free(named);
  CHECK(session == NULL);

  options.context = 32;
  CHECK_OK(tlite_session_create(model, &options, &session, &error));
  char text[1000];
  memset(text, 'x', sizeof text);
  CHECK_OK(tlite_session_add_user(session, text, sizeof text, &error));
  CHECK_STATUS(tlite_session_reply(session, NULL, NULL, NULL, &error), TLITE_ERROR_CONTEXT_FULL);
  CHECK(message_count(session) == 1);
  tlite_stream* stream = NULL;
  const tlite_piece* piece = NULL;
  tlite_status status = tlite_session_stream(session, &stream, NULL);
  if (status == TLITE_OK) status = tlite_stream_next(stream, &piece, NULL);
  CHECK(status == TLITE_ERROR_CONTEXT_FULL && piece == NULL);
  CHECK_OK(tlite_session_reset(session, &error)); /* an error is a stream's end, too */
  tlite_stream_free(stream);
  tlite_session_free(session);
  tlite_model_free(model);
}

typedef struct reentry {
  tlite_session* session;
  tlite_stream* stream;
  int calls;
} reentry;

static int32_t call_back_in(const tlite_piece* piece, void* user) {
  reentry* const self = user;
  (void)piece;
  CHECK_ERROR(tlite_session_reply(self->session, NULL, NULL, NULL, &error), TLITE_ERROR_BAD_STATE,
              "session is in use");
  CHECK_STATUS(tlite_session_reset(self->session, &error), TLITE_ERROR_BAD_STATE);
  ++self->calls;
  return 0;
}

static int32_t cancel_from_callback(const tlite_piece* piece, void* user) {
  reentry* const self = user;
  (void)piece;
  if (++self->calls == 2) tlite_session_cancel(self->session);
  return 0;
}

static int32_t free_from_callback(const tlite_piece* piece, void* user) {
  reentry* const self = user;
  (void)piece;
  if (++self->calls == 2) tlite_session_free(self->session);
  return 0;
}

TEST(session_reentry, "capi/session: a callback may cancel and free, and nothing else") {
  memory_host host;
  tlite_model* const model = tiny_model_load(&host);
  REQUIRE(model != NULL);
  reentry self = {tiny_session(model, 6), NULL, 0};
  CHECK_OK(tlite_session_add_user(self.session, "hello", 5, &error));
  CHECK_OK(tlite_session_reply(self.session, call_back_in, &self, NULL, &error));
  CHECK(self.calls >= 6);

  self.calls = 0;
  tlite_generation* answer = NULL;
  CHECK_OK(tlite_session_regenerate(self.session, cancel_from_callback, &self, &answer, &error));
  CHECK(answer->finish_reason == TLITE_FINISH_CANCELLED && answer->token_count < 6);
  tlite_generation_free(answer);

  self.calls = 0;
  CHECK_OK(tlite_session_regenerate(self.session, free_from_callback, &self, NULL, &error));
  CHECK(self.calls >= 6);
  tlite_model_free(model);
  CHECK(host.live == 0 && host.released == 1);
}

typedef struct prefill {
  int64_t done;
  int64_t total;
  int stop;
  int calls;
} prefill;

static int32_t on_prefill(int64_t done, int64_t total, void* user) {
  prefill* const self = user;
  CHECK(done >= self->done && done <= total);
  self->done = done;
  self->total = total;
  ++self->calls;
  return self->stop;
}

/* A session that is asked something long and tells of its prefill. */
static tlite_session* watched_session(const tlite_model* model, const char* text, size_t size,
                                      prefill* watch) {
  tlite_session* const session = tiny_session(model, 2);
  CHECK_OK(tlite_session_add_user(session, text, size, &error));
  CHECK_OK(tlite_session_on_prefill(session, on_prefill, watch, &error));
  return session;
}

TEST(session_prefill,
     "capi/session: a long prompt is watched and stopped, by callback and by pull") {
  memory_host host;
  tlite_model* const model = tiny_model_load(&host);
  REQUIRE(model != NULL);
  prefill watch = {0, 0, 0, 0};
  char text[150];
  memset(text, 'x', sizeof text);
  tlite_session* const session = watched_session(model, text, sizeof text, &watch);
  CHECK_OK(tlite_session_reply(session, NULL, NULL, NULL, &error));
  CHECK(watch.calls > 1 && watch.done == watch.total && watch.total >= 150);
  int64_t done = 0;
  int64_t total = 0;
  tlite_session_get_prefill_progress(session, &done, &total);
  CHECK(done == watch.done && total == watch.total);
  tlite_session_get_prefill_progress(session, NULL, NULL);

  CHECK_OK(tlite_session_reset(session, &error));
  text[0] = 'y';
  CHECK_OK(tlite_session_add_user(session, text, sizeof text, &error));
  watch.done = 0;
  watch.stop = 1;
  tlite_generation* answer = NULL;
  CHECK_OK(tlite_session_reply(session, NULL, NULL, &answer, &error));
  CHECK(answer->finish_reason == TLITE_FINISH_CANCELLED && answer->token_count == 0);
  CHECK(message_count(session) == 1);
  tlite_generation_free(answer);
  CHECK_OK(tlite_session_on_prefill(session, NULL, NULL, &error));
  CHECK_OK(tlite_session_reply(session, NULL, NULL, NULL, &error));
  CHECK(message_count(session) == 2);
  tlite_session_free(session);
  tlite_model_free(model);
}

TEST(session_freed_in_prefill,
     "capi/session: the stream of a freed session still tells of its prefill") {
  memory_host host;
  tlite_model* const model = tiny_model_load(&host);
  REQUIRE(model != NULL);
  prefill watch = {0, 0, 0, 0};
  char text[150];
  memset(text, 'x', sizeof text);
  tlite_session* const session = watched_session(model, text, sizeof text, &watch);
  tlite_stream* stream = NULL;
  CHECK_OK(tlite_session_stream(session, &stream, &error));
  tlite_session_free(session);
  CHECK(watch.calls == 0);
  const tlite_piece* piece = NULL;
  CHECK_OK(tlite_stream_next(stream, &piece, &error));
  CHECK(watch.calls > 1 && watch.done == watch.total);
  tlite_stream_free(stream);
  tlite_model_free(model);
}

/* Makes the logits NaN from the second token of the answer on. */
typedef struct spoiler {
  int calls;
  size_t prompt; /* tokens */
} spoiler;

static int32_t spoil(const int32_t* tokens, size_t token_count, float* logits, size_t logit_count,
                     void* user) {
  spoiler* const self = user;
  (void)tokens;
  if (self->calls++ == 0) self->prompt = token_count;
  if (token_count > self->prompt) logits[logit_count - 1] = NAN;
  return 0;
}

TEST(session_error_reason,
     "capi/session: an answer that an error has ended has no reason to tell") {
  memory_host host;
  tlite_model* const model = tiny_model_load(&host);
  REQUIRE(model != NULL);
  tlite_session* const session = tiny_session(model, 6);
  CHECK_OK(tlite_session_add_user(session, "hello", 5, &error));
  spoiler broken = {0, 0};
  CHECK_OK(tlite_session_on_logits(session, spoil, &broken, &error));
  tlite_stream* stream = NULL;
  const tlite_piece* piece = NULL;
  tlite_generation* answer = NULL;
  CHECK_OK(tlite_session_stream(session, &stream, &error));
  CHECK_OK(tlite_stream_next(stream, &piece, &error));
  CHECK(piece != NULL);
  CHECK_STATUS(tlite_stream_next(stream, &piece, &error), TLITE_ERROR_INVALID_ARGUMENT);
  CHECK(tlite_stream_finish_reason(stream) == TLITE_FINISH_NONE);
  CHECK_OK(tlite_stream_get_result(stream, &answer, &error));
  CHECK(answer->finish_reason == TLITE_FINISH_NONE && answer->token_count == 1);
  tlite_generation_free(answer);
  tlite_stream_free(stream);

  /* A fork was handed the callback, and keeps it when the session has another. */
  tlite_session* fork = NULL;
  CHECK_OK(tlite_session_fork(session, &fork, &error));
  CHECK_OK(tlite_session_on_logits(session, NULL, NULL, &error));
  CHECK_OK(tlite_session_reply(session, NULL, NULL, NULL, &error));
  tlite_session_free(session);
  broken.calls = 0;
  CHECK_STATUS(tlite_session_reply(fork, NULL, NULL, NULL, &error), TLITE_ERROR_INVALID_ARGUMENT);
  CHECK(broken.calls > 1);
  tlite_session_free(fork);

  /* Where the context is full, and that is an error. */
  tlite_session_options options;
  tlite_session_options_init(&options, sizeof options);
  options.context = 32;
  options.overflow = TLITE_OVERFLOW_ERROR;
  tlite_session* small = NULL;
  CHECK_OK(tlite_session_create(model, &options, &small, &error));
  tlite_sampling_params params;
  tlite_sampling_params_init(&params, sizeof params);
  params.ignore_eos = 1;
  CHECK_OK(tlite_session_set_sampling(small, &params, &error));
  CHECK_OK(tlite_session_add_user(small, "hello", 5, &error));
  CHECK_OK(tlite_session_stream(small, &stream, &error));
  tlite_status status = TLITE_OK;
  do {
    status = tlite_stream_next(stream, &piece, NULL);
  } while (status == TLITE_OK && piece != NULL);
  CHECK(status == TLITE_ERROR_CONTEXT_FULL);
  CHECK(tlite_stream_finish_reason(stream) == TLITE_FINISH_NONE);
  tlite_stream_free(stream);
  tlite_session_free(small);
  tlite_model_free(model);
}
