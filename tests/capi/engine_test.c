/* Many requests at once, in C. */
#include "tiny_session.h"

#include <math.h>
#include <pthread.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

static tlite_engine* tiny_engine(const tlite_model* model) {
  tlite_engine_options options;
  CHECK_OK(tlite_engine_options_init(&options, sizeof options));
  CHECK(options.context == 16384 && options.max_sequences == 16 && options.prefix_cache == 1);
  CHECK(options.max_delay_milliseconds == 50 && options.embeddings == 1);
  options.context = 512;
  options.max_sequences = 3;
  tlite_engine* engine = NULL;
  CHECK_OK(tlite_engine_create(model, &options, &engine, &error));
  return engine;
}

static tlite_sampling_params sampling_of(uint64_t seed) {
  tlite_sampling_params sampling;
  CHECK_OK(tlite_sampling_params_init(&sampling, sizeof sampling));
  sampling.max_new_tokens = 8;
  sampling.has_seed = 1;
  sampling.seed = seed;
  sampling.logprobs = 2;
  return sampling;
}

/* A request that goes on until the context is full. */
static int64_t submit_endless(tlite_engine* engine) {
  tlite_sampling_params sampling = sampling_of(1);
  sampling.max_new_tokens = -1;
  sampling.ignore_eos = 1;
  tlite_request_options options;
  CHECK_OK(tlite_request_options_init(&options, sizeof options));
  options.sampling = &sampling;
  int64_t request = 0;
  CHECK_OK(tlite_engine_submit_text(engine, "endless", TLITE_NUL, &options, &request, &error));
  return request;
}

static int64_t submit(tlite_engine* engine, const char* text, uint64_t seed) {
  const tlite_sampling_params sampling = sampling_of(seed);
  tlite_request_options options;
  CHECK_OK(tlite_request_options_init(&options, sizeof options));
  options.sampling = &sampling;
  int64_t request = 0;
  CHECK_OK(tlite_engine_submit_text(engine, text, TLITE_NUL, &options, &request, &error));
  return request;
}

/* The answer to the same text alone. */
static tlite_generation* alone(const tlite_model* model, const char* text, uint64_t seed) {
  tlite_session* const session = tiny_session(model, 8);
  const tlite_sampling_params sampling = sampling_of(seed);
  CHECK_OK(tlite_session_set_sampling(session, &sampling, &error));
  tlite_generation* answer = NULL;
  CHECK_OK(tlite_session_complete(session, text, TLITE_NUL, NULL, NULL, &answer, &error));
  tlite_session_free(session);
  return answer;
}

static int same(const tlite_generation* a, const tlite_generation* b) {
  return a != NULL && b != NULL && a->token_count == b->token_count &&
         memcmp(a->tokens, b->tokens, a->token_count * sizeof *a->tokens) == 0 &&
         a->text.size == b->text.size && memcmp(a->text.data, b->text.data, a->text.size) == 0 &&
         a->finish_reason == b->finish_reason && a->top_logprob_count == b->top_logprob_count;
}

TEST(engine_events, "capi/engine: events of many requests, each as alone") {
  memory_host host;
  tlite_model* const model = tiny_model_load(&host);
  REQUIRE(model != NULL);
  tlite_engine* const engine = tiny_engine(model);
  const char* const texts[] = {"hello", "hello world", "x", "another", "hello"};
  int64_t ids[5];
  for (int i = 0; i < 5; i++) ids[i] = submit(engine, texts[i], (uint64_t)i);
  int ended = 0;
  size_t bytes[5] = {0};
  int32_t has_work = 1;
  while (has_work) {
    CHECK_OK(tlite_engine_step(engine, 1000000, &has_work, &error));
    tlite_engine_event* event = NULL;
    while (tlite_engine_poll(engine, &event, NULL) == TLITE_OK && event != NULL) {
      const int64_t i = event->request - ids[0];
      REQUIRE(i >= 0 && i < 5);
      bytes[i] += event->text.size;
      if (event->token >= 0) CHECK(event->logprob != NULL && event->logprob->token == event->token);
      if (event->token >= 0) CHECK(event->top_logprob_count == 2);
      CHECK((event->result != NULL) == (event->finish_reason != TLITE_FINISH_NONE));
      if (event->result != NULL) {
        tlite_generation* const expected = alone(model, texts[i], (uint64_t)i);
        CHECK(same(event->result, expected));
        CHECK(bytes[i] == expected->text.size);
        tlite_generation_free(expected);
        ended++;
      }
      tlite_engine_event_free(event);
    }
  }
  CHECK(ended == 5);
  tlite_engine_status status = {.struct_size = sizeof status};
  CHECK_OK(tlite_engine_get_status(engine, &status, &error));
  CHECK(status.running == 0 && status.waiting == 0);
  CHECK(status.cached_tokens + status.free_tokens == 512);
  tlite_engine_options options = {.struct_size = sizeof options};
  CHECK_OK(tlite_engine_get_options(engine, &options, &error));
  CHECK(options.context == 512 && options.threads >= 1 && options.kv_type != TLITE_DATA_TYPE_AUTO);
  tlite_engine_free(engine);
  tlite_model_free(model);
}

typedef struct waiter {
  pthread_t thread;
  tlite_engine* engine;
  uint64_t seed;
  tlite_generation* answer;
} waiter;

static void* wait_for(void* user) {
  waiter* const self = user;
  const int64_t request = submit(self->engine, "waiting", self->seed);
  CHECK_OK(tlite_engine_wait(self->engine, request, &self->answer, NULL));
  return NULL;
}

TEST(engine_wait, "capi/engine: threads that wait, messages, a cancel, a session") {
  memory_host host;
  tlite_model* const model = tiny_model_load(&host);
  REQUIRE(model != NULL);
  tlite_engine* const engine = tiny_engine(model);
  waiter waiters[4];
  for (int i = 0; i < 4; i++) {
    waiters[i] = (waiter){.engine = engine, .seed = (uint64_t)i};
    REQUIRE(pthread_create(&waiters[i].thread, NULL, wait_for, &waiters[i]) == 0);
  }
  for (int i = 0; i < 4; i++) {
    pthread_join(waiters[i].thread, NULL);
    tlite_generation* const expected = alone(model, "waiting", (uint64_t)i);
    CHECK(same(waiters[i].answer, expected));
    tlite_generation_free(expected);
    tlite_generation_free(waiters[i].answer);
  }

  const int64_t cancelled = submit(engine, "cancelled", 1);
  tlite_engine_set_priority(engine, cancelled, 3);
  tlite_engine_cancel(engine, cancelled);
  tlite_generation* answer = NULL;
  CHECK_OK(tlite_engine_wait(engine, cancelled, &answer, &error));
  CHECK(answer->finish_reason == TLITE_FINISH_CANCELLED && answer->token_count == 0);
  tlite_generation_free(answer);

  tlite_session* session = NULL;
  CHECK_OK(tlite_engine_create_session(engine, NULL, &session, &error));
  const tlite_sampling_params sampling = sampling_of(5);
  CHECK_OK(tlite_session_set_sampling(session, &sampling, &error));
  CHECK_OK(tlite_session_add_user(session, "hello", TLITE_NUL, &error));
  tlite_messages* messages = NULL;
  CHECK_OK(tlite_session_get_messages(session, &messages, &error));
  tlite_generation* reply = NULL;
  CHECK_OK(tlite_session_reply(session, NULL, NULL, &reply, &error));
  tlite_request_options options;
  CHECK_OK(tlite_request_options_init(&options, sizeof options));
  options.sampling = &sampling;
  int64_t request = 0;
  CHECK_OK(tlite_engine_submit_messages(engine, messages, &options, &request, &error));
  CHECK_OK(tlite_engine_run(engine, &error));
  int32_t has_work = 1;
  CHECK_OK(tlite_engine_wait_for_work(engine, 0, &has_work, &error));
  CHECK(has_work == 0);
  CHECK_OK(tlite_engine_wait(engine, request, &answer, &error));
  CHECK(same(answer, reply));
  tlite_generation_free(answer);
  tlite_generation_free(reply);
  tlite_messages_free(messages);
  tlite_engine_free(engine); /* the session has it still */
  CHECK_OK(tlite_session_regenerate(session, NULL, NULL, NULL, &error));
  tlite_session_free(session);
  tlite_model_free(model);
}

TEST(engine_advance,
     "capi/engine: advance gives each event when it is there, and ends at the end") {
  memory_host host;
  tlite_model* const model = tiny_model_load(&host);
  REQUIRE(model != NULL);
  tlite_engine* const engine = tiny_engine(model);
  int32_t has_work = 1;
  tlite_engine_event* event = NULL;
  CHECK_OK(tlite_engine_advance(engine, INT64_MAX, &event, &has_work, &error));
  CHECK(has_work == 0 && event == NULL);
  for (int64_t budget = 0; budget >= 0; budget = budget == 0 ? INT64_MAX : -1) {
    const int64_t request = submit(engine, "hello", 3);
    size_t bytes = 0;
    int events = 0;
    int ended = 0;
    while (tlite_engine_advance(engine, budget, &event, &has_work, NULL) == TLITE_OK && has_work) {
      CHECK(event != NULL || budget == 0);
      if (event == NULL) continue;
      CHECK(event->request == request && !ended);
      bytes += event->text.size;
      events++;
      if (event->result != NULL) {
        tlite_generation* const expected = alone(model, "hello", 3);
        CHECK(same(event->result, expected) && bytes == expected->text.size);
        tlite_generation_free(expected);
        ended = 1;
      }
      tlite_engine_event_free(event);
      event = NULL;
    }
    CHECK(ended && events > 1 && event == NULL);
  }
  CHECK_ERROR(tlite_engine_advance(engine, 0, NULL, &has_work, &error),
              TLITE_ERROR_INVALID_ARGUMENT, "out is NULL");
  CHECK_ERROR(tlite_engine_advance(engine, 0, &event, NULL, &error), TLITE_ERROR_INVALID_ARGUMENT,
              "has_work is NULL");
  CHECK_ERROR(tlite_engine_advance(NULL, 0, &event, &has_work, &error),
              TLITE_ERROR_INVALID_ARGUMENT, "engine is NULL");
  tlite_engine_free(engine);
  tlite_model_free(model);
}

TEST(engine_scores, "capi/engine: several answers, and what the prompt's own tokens say") {
  memory_host host;
  tlite_model* const model = tiny_model_load(&host);
  REQUIRE(model != NULL);
  tlite_engine* const engine = tiny_engine(model);
  const tlite_sampling_params sampling = sampling_of(4);
  tlite_request_options options;
  CHECK_OK(tlite_request_options_init(&options, sizeof options));
  CHECK(options.n == 1 && options.prompt_logprobs == TLITE_UNSET);
  CHECK(options.prompt_logprobs_start == 1);
  options.sampling = &sampling;
  options.n = 3;
  options.prompt_logprobs = 2;
  options.prompt_logprobs_start = 2;
  int64_t first = 0;
  CHECK_OK(tlite_engine_submit_text(engine, "tokens", TLITE_NUL, &options, &first, &error));
  for (int i = 0; i < 3; i++) {
    tlite_generation* answer = NULL;
    CHECK_OK(tlite_engine_wait(engine, first + i, &answer, &error));
    tlite_generation* const expected = alone(model, "tokens", 4 + (uint64_t)i);
    CHECK(same(answer, expected));
    CHECK(expected->prompt_logprobs == NULL && expected->prompt_logprobs_start == 0);
    tlite_generation_free(expected);
    if (i > 0) {
      CHECK(answer->prompt_logprobs == NULL && answer->prompt_top_logprob_offsets == NULL);
      CHECK(answer->prompt_logprob_count == 0 && answer->prompt_logprobs_start == 0);
    } else {
      REQUIRE(answer->prompt_logprobs != NULL && answer->prompt_logprob_count == 4);
      CHECK(answer->prompt_logprobs_start == 2);
      for (size_t k = 0; k < 4; k++) {
        CHECK(answer->prompt_logprobs[k].token == "tokens"[k + 2]);
        CHECK(answer->prompt_logprobs[k].bytes.data[0] == "tokens"[k + 2]);
        CHECK(answer->prompt_logprobs[k].logprob < 0 && answer->prompt_logprobs[k].rank >= 1);
        const size_t begin = answer->prompt_top_logprob_offsets[k];
        CHECK(begin == 2 * k && answer->prompt_top_logprob_offsets[k + 1] == begin + 2);
        CHECK(answer->prompt_top_logprobs[begin].rank == 1);
        CHECK(answer->prompt_top_logprobs[begin + 1].rank == 2);
      }
    }
    tlite_generation_free(answer);
  }

  options.n = 0;
  CHECK_ERROR(tlite_engine_submit_text(engine, "tokens", 6, &options, &first, &error),
              TLITE_ERROR_INVALID_ARGUMENT, "n is 0; it takes 1 to 1024");
  options.n = 1;
  options.prompt_logprobs_start = 7;
  CHECK_ERROR(tlite_engine_submit_text(engine, "tokens", 6, &options, &first, &error),
              TLITE_ERROR_INVALID_ARGUMENT, "prompt_logprobs_start is 7; it takes 1 to 6");
  options.prompt_logprobs = 65;
  CHECK_ERROR(tlite_engine_submit_text(engine, "tokens", 6, &options, &first, &error),
              TLITE_ERROR_INVALID_ARGUMENT, "prompt_logprobs is 65; it takes -1 to 64");
  options.reserved2 = 1;
  CHECK_ERROR(tlite_engine_submit_text(engine, "tokens", 6, &options, &first, &error),
              TLITE_ERROR_NOT_SUPPORTED, "reserved2");
  tlite_engine_free(engine);
  tlite_model_free(model);
}

/* The embedding that a request with these options gets, of length `tlite_model_hidden_size`. */
static tlite_generation* embed(tlite_engine* engine, tlite_pooling pooling, int32_t normalize) {
  tlite_request_options options;
  CHECK_OK(tlite_request_options_init(&options, sizeof options));
  options.pooling = pooling;
  options.normalize = normalize;
  int64_t request = 0;
  tlite_generation* answer = NULL;
  CHECK_OK(tlite_engine_submit_text(engine, "what it is", TLITE_NUL, &options, &request, &error));
  CHECK_OK(tlite_engine_wait(engine, request, &answer, &error));
  return answer;
}

TEST(engine_embedding, "capi/engine: embeddings of a prompt, and what is refused with them") {
  memory_host host;
  tlite_model* const model = tiny_model_load(&host);
  REQUIRE(model != NULL);
  tlite_engine* const engine = tiny_engine(model);
  const size_t hidden_size = (size_t)tlite_model_hidden_size(model);
  tlite_generation* all[4];
  all[0] = embed(engine, TLITE_POOLING_LAST, 0);
  all[1] = embed(engine, TLITE_POOLING_MEAN, 0);
  all[2] = embed(engine, TLITE_POOLING_CLS, 0);
  all[3] = embed(engine, TLITE_POOLING_LAST, 1);
  double plain = 0;
  double unit = 0;
  for (int i = 0; i < 4; i++) {
    REQUIRE(all[i] != NULL && all[i]->embedding != NULL);
    CHECK(all[i]->embedding_size == hidden_size && all[i]->token_count == 0);
    CHECK(all[i]->finish_reason == TLITE_FINISH_LENGTH && all[i]->prompt_tokens == 10);
  }
  CHECK(all[0]->cached_tokens == 0 && all[1]->cached_tokens == 0 && all[3]->cached_tokens == 9);
  for (size_t i = 0; i < hidden_size; i++) {
    plain += (double)all[0]->embedding[i] * all[0]->embedding[i];
    unit += (double)all[3]->embedding[i] * all[3]->embedding[i];
  }
  /* Each square is off by 2^-23 of it. */
  CHECK(fabs(unit - 1) <= ldexp(1, -22) && fabs(plain - 1) > 0.1);
  CHECK(memcmp(all[0]->embedding, all[1]->embedding, hidden_size * sizeof(float)) != 0);
  CHECK(memcmp(all[0]->embedding, all[2]->embedding, hidden_size * sizeof(float)) != 0);
  for (int i = 0; i < 4; i++) tlite_generation_free(all[i]);

  const int64_t plain_request = submit(engine, "what it is", 1);
  tlite_generation* answer = NULL;
  CHECK_OK(tlite_engine_wait(engine, plain_request, &answer, &error));
  CHECK(answer->embedding == NULL && answer->embedding_size == 0 && answer->token_count > 0);
  tlite_generation_free(answer);

  tlite_request_options options;
  CHECK_OK(tlite_request_options_init(&options, sizeof options));
  options.pooling = TLITE_POOLING_INVALID;
  int64_t request = 0;
  CHECK_ERROR(tlite_engine_submit_text(engine, "a", 1, &options, &request, &error),
              TLITE_ERROR_INVALID_ARGUMENT, "pooling is -1");
  const tlite_sampling_params sampling = sampling_of(1);
  options.pooling = TLITE_POOLING_MEAN;
  options.sampling = &sampling;
  CHECK_ERROR(tlite_engine_submit_text(engine, "a", 1, &options, &request, &error),
              TLITE_ERROR_INVALID_ARGUMENT, "pooling is set, and sampling too");
  tlite_engine_free(engine);
  tlite_engine_options without;
  CHECK_OK(tlite_engine_options_init(&without, sizeof without));
  without.context = 64;
  without.embeddings = 0;
  tlite_engine* other = NULL;
  CHECK_OK(tlite_engine_create(model, &without, &other, &error));
  options.sampling = NULL;
  CHECK_ERROR(tlite_engine_submit_text(other, "a", 1, &options, &request, &error),
              TLITE_ERROR_INVALID_ARGUMENT, "embeddings is false");
  tlite_engine_free(other);
  tlite_model_free(model);
}

TEST(engine_allocator, "capi/engine: a host's allocator that fails at any call") {
  memory_host host;
  tlite_model* const model = tiny_model_load(&host);
  REQUIRE(model != NULL);
  const long live = host.live;
  tlite_engine_options options;
  CHECK_OK(tlite_engine_options_init(&options, sizeof options));
  options.context = 512;
  tlite_engine* engine = NULL;
  int failures = 0;
  for (long n = 0; engine == NULL && n < 1000; n++) {
    tlite_error* error = NULL;
    host.fail_at = host.allocations + n;
    const tlite_status status = tlite_engine_create(model, &options, &engine, &error);
    host.fail_at = -1;
    CHECK((status == TLITE_OK) == (engine != NULL));
    CHECK(status == TLITE_OK || status == TLITE_ERROR_OUT_OF_MEMORY);
    CHECK(engine != NULL || host.live == live);
    failures += status != TLITE_OK;
    tlite_error_free(error);
  }
  CHECK(failures >= 2);
  /* From here on the engine asks it for nothing. */
  host.fail_at = host.allocations;
  const int64_t request = submit(engine, "hello", 3);
  CHECK_OK(tlite_engine_run(engine, &error));
  tlite_generation* answer = NULL;
  CHECK_OK(tlite_engine_wait(engine, request, &answer, &error));
  CHECK(host.allocations == host.fail_at);
  host.fail_at = -1;
  tlite_generation* const expected = alone(model, "hello", 3);
  CHECK(same(answer, expected));
  tlite_generation_free(expected);
  tlite_generation_free(answer);
  tlite_engine_free(engine);
  CHECK(host.live == live);
  tlite_model_free(model);
}

typedef struct worker {
  pthread_t thread;
  tlite_engine* engine;
  int64_t request;
  int got;
  int told;
} worker;

static void* step_and_wait(void* user) {
  worker* const self = user;
  int32_t has_work = 1;
  for (int i = 0; i < 20; i++) CHECK_OK(tlite_engine_step(self->engine, 0, &has_work, NULL));
  tlite_generation* answer = NULL;
  const tlite_status status = tlite_engine_wait(self->engine, self->request, &answer, NULL);
  self->got = status == TLITE_OK && answer != NULL;
  self->told = status == TLITE_ERROR_INVALID_ARGUMENT && answer == NULL;
  tlite_generation_free(answer);
  return NULL;
}

TEST(engine_two_threads, "capi/engine: two threads that wait for one request: one gets it") {
  memory_host host;
  tlite_model* const model = tiny_model_load(&host);
  REQUIRE(model != NULL);
  tlite_engine* const engine = tiny_engine(model);
  for (int round = 0; round < 20; round++) {
    const int64_t request = submit(engine, "hello", 3);
    worker workers[2] = {{.engine = engine, .request = request},
                         {.engine = engine, .request = request}};
    for (int i = 0; i < 2; i++) {
      REQUIRE(pthread_create(&workers[i].thread, NULL, step_and_wait, &workers[i]) == 0);
    }
    for (int i = 0; i < 2; i++) pthread_join(workers[i].thread, NULL);
    CHECK(workers[0].got + workers[1].got == 1);
    CHECK(workers[0].told + workers[1].told == 1);
  }
  tlite_engine_free(engine);
  tlite_model_free(model);
}

TEST(engine_freed, "capi/engine: freed with requests and a session's answer on their way") {
  memory_host host;
  tlite_model* const model = tiny_model_load(&host);
  REQUIRE(model != NULL);
  const long live = host.live;
  tlite_engine* const engine = tiny_engine(model);
  const int64_t running = submit_endless(engine);
  CHECK(submit_endless(engine) == running + 1);
  tlite_session* session = NULL;
  CHECK_OK(tlite_engine_create_session(engine, NULL, &session, &error));
  const tlite_sampling_params sampling = sampling_of(5);
  CHECK_OK(tlite_session_set_sampling(session, &sampling, &error));
  tlite_stream* stream = NULL;
  CHECK_OK(tlite_session_stream_complete(session, "hello", TLITE_NUL, &stream, &error));
  for (int i = 0; i < 50; i++) CHECK_OK(tlite_engine_step(engine, 0, NULL, &error));
  CHECK_OK(tlite_engine_step(engine, -1000, NULL, &error));
  tlite_engine_cancel(engine, running);
  tlite_engine_free(engine);
  const tlite_piece* piece = NULL;
  do {
    CHECK_OK(tlite_stream_next(stream, &piece, &error));
  } while (piece != NULL);
  tlite_generation* answer = NULL;
  CHECK_OK(tlite_stream_get_result(stream, &answer, &error));
  tlite_generation* const expected = alone(model, "hello", 5);
  CHECK(same(answer, expected));
  tlite_generation_free(expected);
  tlite_generation_free(answer);
  tlite_stream_free(stream);
  tlite_session_free(session);
  CHECK(host.live == live);
  tlite_model_free(model);
}

TEST(stream_poll, "capi/engine: a stream that is polled gives what the engine's steps have made") {
  memory_host host;
  tlite_model* const model = tiny_model_load(&host);
  REQUIRE(model != NULL);
  tlite_engine* const engine = tiny_engine(model);
  tlite_session* session = NULL;
  CHECK_OK(tlite_engine_create_session(engine, NULL, &session, &error));
  const tlite_sampling_params sampling = sampling_of(5);
  CHECK_OK(tlite_session_set_sampling(session, &sampling, &error));
  tlite_stream* stream = NULL;
  CHECK_OK(tlite_session_stream_complete(session, "hello", TLITE_NUL, &stream, &error));
  const tlite_piece* piece = NULL;
  int32_t finished = 0;
  CHECK_OK(tlite_stream_poll(stream, &piece, &finished, &error));
  CHECK(piece == NULL && !finished);
  while (!finished) {
    CHECK_OK(tlite_engine_step(engine, 0, NULL, &error));
    do {
      CHECK_OK(tlite_stream_poll(stream, &piece, &finished, &error));
    } while (piece != NULL);
  }
  tlite_generation* answer = NULL;
  CHECK_OK(tlite_stream_get_result(stream, &answer, &error));
  tlite_generation* const expected = alone(model, "hello", 5);
  CHECK(same(answer, expected));
  tlite_generation_free(expected);
  tlite_generation_free(answer);
  CHECK_ERROR(tlite_stream_poll(NULL, &piece, &finished, &error), TLITE_ERROR_INVALID_ARGUMENT,
              "stream is NULL");
  CHECK_ERROR(tlite_stream_poll(stream, NULL, &finished, &error), TLITE_ERROR_INVALID_ARGUMENT,
              "piece is NULL");
  CHECK_ERROR(tlite_stream_poll(stream, &piece, NULL, &error), TLITE_ERROR_INVALID_ARGUMENT,
              "finished is NULL");
  tlite_stream_free(stream);
  tlite_session_free(session);
  tlite_engine_free(engine);
  tlite_model_free(model);
}

static void refuse_engine(const tlite_model* model, const tlite_engine_options* options,
                          const char* part) {
  tlite_engine* made = NULL;
  CHECK_ERROR(tlite_engine_create(model, options, &made, &error), TLITE_ERROR_INVALID_ARGUMENT,
              part);
  CHECK(made == NULL);
}

TEST(engine_bad_numbers, "capi/engine: numbers out of range, and that contradict each other") {
  memory_host host;
  tlite_model* const model = tiny_model_load(&host);
  REQUIRE(model != NULL);
  const struct {
    size_t offset;
    int32_t value;
    const char* part;
  } bad[] = {
      {offsetof(tlite_engine_options, context), 0, "context is 0"},
      {offsetof(tlite_engine_options, context), INT32_MAX, "context is 2147483647"},
      {offsetof(tlite_engine_options, max_sequences), -4, "max_sequences is -4"},
      {offsetof(tlite_engine_options, max_batch_rows), 0, "max_batch_rows is 0"},
      {offsetof(tlite_engine_options, threads), -7, "threads is -7"},
      {offsetof(tlite_engine_options, kv_type), 999, "kv_type is 999"},
      {offsetof(tlite_engine_options, max_delay_milliseconds), -1, "max_delay is -1 ms"},
  };
  for (size_t i = 0; i < LENGTH(bad); i++) {
    tlite_engine_options options;
    CHECK_OK(tlite_engine_options_init(&options, sizeof options));
    memcpy((char*)&options + bad[i].offset, &bad[i].value, sizeof bad[i].value);
    refuse_engine(model, &options, bad[i].part);
  }
  tlite_engine* const engine = tiny_engine(model);
  int64_t request = 0;
  char long_text[600];
  memset(long_text, 'x', sizeof long_text);
  CHECK_ERROR(tlite_engine_submit_text(engine, long_text, sizeof long_text, NULL, &request, &error),
              TLITE_ERROR_CONTEXT_FULL, "takes 600 tokens, the context of 512");
  CHECK_ERROR(tlite_engine_submit_text(engine, "", 0, NULL, &request, &error),
              TLITE_ERROR_INVALID_ARGUMENT, "empty prompt");
  tlite_sampling_params sampling = sampling_of(1);
  sampling.min_new_tokens = 9;
  tlite_request_options options;
  CHECK_OK(tlite_request_options_init(&options, sizeof options));
  options.sampling = &sampling;
  CHECK_ERROR(tlite_engine_submit_text(engine, "a", 1, &options, &request, &error),
              TLITE_ERROR_INVALID_ARGUMENT, "min_new_tokens is 9");
  CHECK_OK(tlite_request_options_init(&options, sizeof options));
  options.context = 4;
  CHECK_ERROR(tlite_engine_submit_text(engine, "abcd", 4, &options, &request, &error),
              TLITE_ERROR_CONTEXT_FULL, "the context of 4");
  CHECK(request == 0);
  /* The longest timeout is none. */
  sampling = sampling_of(1);
  CHECK_OK(tlite_request_options_init(&options, sizeof options));
  options.sampling = &sampling;
  options.timeout_milliseconds = INT64_MAX;
  CHECK_OK(tlite_engine_submit_text(engine, "a", 1, &options, &request, &error));
  tlite_generation* answer = NULL;
  CHECK_OK(tlite_engine_wait(engine, request, &answer, &error));
  CHECK(answer->finish_reason != TLITE_FINISH_DEADLINE && answer->token_count > 0);
  tlite_generation_free(answer);
  tlite_engine_free(engine);
  tlite_model_free(model);
}

TEST(engine_errors, "capi/engine: bad input is refused by name and value") {
  memory_host host;
  tlite_model* const model = tiny_model_load(&host);
  REQUIRE(model != NULL);
  tlite_engine* const engine = tiny_engine(model);
  int64_t request = 0;
  const int32_t ids[] = {1, -7};
  CHECK_ERROR(tlite_engine_submit_ids(engine, ids, 2, NULL, &request, &error),
              TLITE_ERROR_INVALID_ARGUMENT, "prompt[1] is -7");
  CHECK_ERROR(tlite_engine_submit_ids(engine, ids, 1, NULL, NULL, &error),
              TLITE_ERROR_INVALID_ARGUMENT, "request is NULL");
  CHECK_ERROR(tlite_engine_submit_text(NULL, "a", 1, NULL, &request, &error),
              TLITE_ERROR_INVALID_ARGUMENT, "engine is NULL");
  tlite_request_options options;
  CHECK_OK(tlite_request_options_init(&options, sizeof options));
  options.context = 0;
  CHECK_ERROR(tlite_engine_submit_text(engine, "a", 1, &options, &request, &error),
              TLITE_ERROR_INVALID_ARGUMENT, "context is 0");
  CHECK_OK(tlite_request_options_init(&options, sizeof options));
  options.timeout_milliseconds = -2;
  CHECK_ERROR(tlite_engine_submit_text(engine, "a", 1, &options, &request, &error),
              TLITE_ERROR_INVALID_ARGUMENT, "timeout_milliseconds is -2");
  CHECK_ERROR(tlite_engine_wait(engine, 99, NULL, &error), TLITE_ERROR_INVALID_ARGUMENT,
              "there is no request 99");
  tlite_engine_options bad;
  CHECK_OK(tlite_engine_options_init(&bad, sizeof bad));
  bad.max_sequences = 0;
  tlite_engine* none = NULL;
  CHECK_ERROR(tlite_engine_create(model, &bad, &none, &error), TLITE_ERROR_INVALID_ARGUMENT,
              "max_sequences is 0");
  tlite_engine_event* event = NULL;
  CHECK_OK(tlite_engine_poll(engine, &event, &error));
  CHECK(event == NULL && none == NULL);
  tlite_engine_cancel(NULL, 1);
  tlite_engine_set_priority(NULL, 1, 1);
  tlite_engine_event_free(NULL);
  tlite_engine_free(NULL);
  tlite_engine_free(engine);
  tlite_model_free(model);
}

TEST(stream_advance, "capi/engine: a stream within budgets gives the same pieces") {
  memory_host host;
  tlite_model* const model = tiny_model_load(&host);
  REQUIRE(model != NULL);
  tlite_generation* const expected = alone(model, "hello world", 3);
  tlite_session* const session = tiny_session(model, 8);
  const tlite_sampling_params sampling = sampling_of(3);
  CHECK_OK(tlite_session_set_sampling(session, &sampling, &error));
  tlite_stream* stream = NULL;
  CHECK_OK(tlite_session_stream_complete(session, "hello world", TLITE_NUL, &stream, &error));
  int32_t finished = 0;
  size_t bytes = 0;
  int rests = 0;
  while (!finished) {
    const tlite_piece* piece = NULL;
    CHECK_OK(tlite_stream_advance(stream, 0, &piece, &finished, &error));
    if (piece != NULL) {
      CHECK(!finished);
      bytes += piece->text.size;
    } else if (!finished) {
      rests++;
    }
  }
  CHECK(rests > 0);
  tlite_generation* result = NULL;
  CHECK_OK(tlite_stream_get_result(stream, &result, &error));
  CHECK(same(result, expected) && bytes == expected->text.size);
  const tlite_piece* piece = NULL;
  finished = 0;
  CHECK_OK(tlite_stream_advance(stream, 1000, &piece, &finished, &error));
  CHECK(finished && piece == NULL);
  finished = 0;
  CHECK_OK(tlite_stream_poll(stream, &piece, &finished, &error));
  CHECK(finished && piece == NULL);
  CHECK_ERROR(tlite_stream_advance(stream, 1000, &piece, NULL, &error),
              TLITE_ERROR_INVALID_ARGUMENT, "finished is NULL");
  tlite_generation_free(result);
  tlite_generation_free(expected);
  tlite_stream_free(stream);
  tlite_session_free(session);
  tlite_model_free(model);
}

/* 'o' and 'e' by turns; stops at the `limit`th token. */
typedef struct vowels {
  size_t limit;
  tlite_engine* engine;
  tlite_status inside;
} vowels;

static int32_t only_vowels(const int32_t* tokens, size_t token_count, float* logits,
                           size_t logit_count, void* user) {
  vowels* const self = user;
  for (size_t i = 0; i < logit_count; i++) logits[i] = -50;
  logits[tokens[token_count - 1] == 'o' ? 'e' : 'o'] = 50;
  if (self->engine != NULL) self->inside = tlite_engine_run(self->engine, NULL);
  return token_count == self->limit;
}

TEST(engine_logits, "capi/engine: a callback over logits, which may end the answer") {
  memory_host host;
  tlite_model* const model = tiny_model_load(&host);
  REQUIRE(model != NULL);
  tlite_engine* const engine = tiny_engine(model);
  const tlite_sampling_params sampling = sampling_of(1);
  vowels state = {7, engine, TLITE_OK};
  tlite_request_options options;
  CHECK_OK(tlite_request_options_init(&options, sizeof options));
  CHECK(options.logits_callback == NULL && options.logits_user == NULL);
  options.sampling = &sampling;
  options.logits_callback = only_vowels;
  options.logits_user = &state;
  const int32_t prompt[] = {'a', 'b'};
  int64_t request = 0;
  CHECK_OK(tlite_engine_submit_ids(engine, prompt, 2, &options, &request, &error));
  tlite_generation* answer = NULL;
  CHECK_OK(tlite_engine_wait(engine, request, &answer, &error));
  REQUIRE(answer != NULL);
  CHECK(answer->token_count == 5 && answer->tokens[0] == 'o' && answer->tokens[1] == 'e');
  CHECK(answer->finish_reason == TLITE_FINISH_CANCELLED);
  CHECK(state.inside == TLITE_ERROR_BAD_STATE);
  tlite_generation_free(answer);

  tlite_session* const session = tiny_session(model, 8);
  vowels own = {4, NULL, TLITE_OK};
  CHECK_OK(tlite_session_on_logits(session, only_vowels, &own, &error));
  CHECK_OK(tlite_session_complete(session, "ab", TLITE_NUL, NULL, NULL, &answer, &error));
  CHECK(answer->token_count > 0 && answer->token_count <= 3 && answer->tokens[0] == 'o');
  CHECK(answer->finish_reason == TLITE_FINISH_CANCELLED);
  tlite_generation_free(answer);
  CHECK_OK(tlite_session_on_logits(session, NULL, NULL, &error));
  CHECK_OK(tlite_session_complete(session, "ab", TLITE_NUL, NULL, NULL, &answer, &error));
  CHECK(answer->finish_reason != TLITE_FINISH_CANCELLED);
  tlite_generation_free(answer);
  tlite_session_end_thinking(session); /* nothing runs */
  tlite_session_end_thinking(NULL);
  tlite_session_free(session);
  tlite_engine_end_thinking(engine, request); /* has ended */
  tlite_engine_end_thinking(NULL, 1);
  tlite_engine_free(engine);
  tlite_model_free(model);
}

static int32_t frees_engine(const int32_t* tokens, size_t token_count, float* logits,
                            size_t logit_count, void* user) {
  tlite_engine** const engine = user;
  (void)tokens;
  (void)token_count;
  (void)logits;
  (void)logit_count;
  tlite_engine_free(*engine);
  *engine = NULL;
  return 1; /* ends the answer, too */
}

TEST(engine_freed_within, "capi/engine: a callback over logits may free the engine at work") {
  memory_host host;
  tlite_model* const model = tiny_model_load(&host);
  REQUIRE(model != NULL);
  const long live = host.live;
  const tlite_sampling_params sampling = sampling_of(1);
  for (int how = 0; how < 3; ++how) {
    tlite_engine* engine = tiny_engine(model);
    tlite_request_options options;
    CHECK_OK(tlite_request_options_init(&options, sizeof options));
    options.sampling = &sampling;
    options.logits_callback = frees_engine;
    options.logits_user = &engine;
    int64_t request = 0;
    CHECK_OK(tlite_engine_submit_text(engine, "ab", 2, &options, &request, &error));
    tlite_engine* const at_work = engine;
    tlite_generation* answer = NULL;
    tlite_engine_event* event = NULL;
    int32_t has_work = 0;
    if (how == 0) {
      CHECK_OK(tlite_engine_wait(at_work, request, &answer, &error));
      CHECK(answer != NULL && answer->finish_reason == TLITE_FINISH_CANCELLED);
    } else if (how == 1) {
      CHECK_OK(tlite_engine_advance(at_work, INT64_MAX, &event, &has_work, &error));
      CHECK(event != NULL && event->finish_reason == TLITE_FINISH_CANCELLED);
    } else {
      CHECK_OK(tlite_engine_run(at_work, &error));
    }
    CHECK(engine == NULL);
    tlite_generation_free(answer);
    tlite_engine_event_free(event);
  }
  CHECK(host.live == live);
  tlite_model_free(model);
}

TEST(engine_thinking, "capi/engine: a thinking budget is refused where the model does not think") {
  memory_host host;
  tlite_model* const model = tiny_model_load(&host);
  REQUIRE(model != NULL);
  tlite_engine* const engine = tiny_engine(model);
  tlite_sampling_params sampling = sampling_of(1);
  CHECK(sampling.thinking_budget == TLITE_UNSET);
  sampling.thinking_budget = 9;
  tlite_request_options options;
  CHECK_OK(tlite_request_options_init(&options, sizeof options));
  options.sampling = &sampling;
  int64_t request = 0;
  CHECK_ERROR(tlite_engine_submit_text(engine, "x", 1, &options, &request, &error),
              TLITE_ERROR_INVALID_ARGUMENT,
              "sampling: thinking_budget is 9, and the model has no tokens <think> and </think>");
  sampling.thinking_budget = TLITE_UNSET;
  sampling.reserved2 = 1;
  CHECK_ERROR(tlite_engine_submit_text(engine, "x", 1, &options, &request, &error),
              TLITE_ERROR_NOT_SUPPORTED, "sampling_params.reserved2 is 1");
  tlite_engine_free(engine);
  tlite_model_free(model);
}
