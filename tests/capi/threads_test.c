#include "tiny_session.h"

#include <pthread.h>
#include <sched.h>
#include <string.h>

typedef struct talker {
  const tlite_model* model;
  const char* question;
  int32_t tokens[20];
  size_t count;
} talker;

static void* talk(void* user) {
  talker* const self = user;
  tlite_session* const session = tiny_session(self->model, 20);
  tlite_generation* answer = NULL;
  CHECK_OK(tlite_session_add_user(session, self->question, TLITE_NUL, &error));
  CHECK_OK(tlite_session_reply(session, NULL, NULL, &answer, &error));
  if (answer != NULL) {
    self->count = answer->token_count;
    memcpy(self->tokens, answer->tokens, answer->token_count * sizeof(int32_t));
  }
  tlite_generation_free(answer);
  tlite_session_free(session);
  return NULL;
}

TEST(two_sessions, "capi/threads: sessions of one model on several threads answer as one alone") {
  memory_host host;
  tlite_model* const model = tiny_model_load(&host);
  REQUIRE(model != NULL);
  static const char* const questions[] = {"hello", "one two", "hello", "three"};
  talker alone[4];
  talker together[4];
  pthread_t threads[4];
  memset(alone, 0, sizeof alone);
  memset(together, 0, sizeof together);
  for (size_t i = 0; i < 4; ++i) {
    alone[i].model = together[i].model = model;
    alone[i].question = together[i].question = questions[i];
    talk(&alone[i]);
  }
  for (size_t i = 0; i < 4; ++i) CHECK(pthread_create(&threads[i], NULL, talk, &together[i]) == 0);
  for (size_t i = 0; i < 4; ++i) pthread_join(threads[i], NULL);
  for (size_t i = 0; i < 4; ++i) {
    CHECK(alone[i].count == 20 && together[i].count == 20);
    CHECK(memcmp(alone[i].tokens, together[i].tokens, sizeof alone[i].tokens) == 0);
  }
  tlite_model_free(model);
  CHECK(host.live == 0);
}

typedef struct canceller {
  tlite_session* session;
  tlite_evaluator* evaluator;
  int started;
} canceller;

static int32_t tell_started(int64_t done, int64_t total, void* user) {
  (void)done;
  (void)total;
  __atomic_store_n(&((canceller*)user)->started, 1, __ATOMIC_RELEASE);
  return 0;
}

static int32_t tell_piece(const tlite_piece* piece, void* user) {
  (void)piece;
  __atomic_store_n(&((canceller*)user)->started, 1, __ATOMIC_RELEASE);
  return 0;
}

static void* cancel_when_started(void* user) {
  canceller* const self = user;
  while (!__atomic_load_n(&self->started, __ATOMIC_ACQUIRE)) sched_yield();
  if (self->session != NULL) tlite_session_cancel(self->session);
  if (self->evaluator != NULL) tlite_evaluator_cancel(self->evaluator);
  return NULL;
}

TEST(cancel_session, "capi/threads: a session is cancelled from another thread") {
  memory_host host;
  tlite_model* const model = tiny_model_load(&host);
  REQUIRE(model != NULL);
  tlite_session_options options;
  tlite_session_options_init(&options, sizeof options);
  options.context = 100000; /* more than the test has time for */
  options.max_batch_rows = 16;
  canceller self = {NULL, NULL, 0};
  CHECK_OK(tlite_session_create(model, &options, &self.session, &error));
  tlite_sampling_params params;
  tlite_sampling_params_init(&params, sizeof params);
  params.temperature = 0;
  params.ignore_eos = 1;
  CHECK_OK(tlite_session_set_sampling(self.session, &params, &error));
  CHECK_OK(tlite_session_add_user(self.session, "hello", 5, &error));
  pthread_t thread;
  REQUIRE(pthread_create(&thread, NULL, cancel_when_started, &self) == 0);
  tlite_generation* answer = NULL;
  CHECK_OK(tlite_session_reply(self.session, tell_piece, &self, &answer, &error));
  pthread_join(thread, NULL);
  CHECK(answer != NULL && answer->finish_reason == TLITE_FINISH_CANCELLED);
  CHECK(answer->token_count > 0);
  tlite_generation_free(answer);
  tlite_session_free(self.session);
  tlite_model_free(model);
}

TEST(cancel_evaluator, "capi/threads: a long prefill is cancelled from another thread") {
  memory_host host;
  tlite_model* const model = tiny_model_load(&host);
  REQUIRE(model != NULL);
  enum { kTokens = 60000 };
  tlite_evaluator_options options;
  tlite_evaluator_options_init(&options, sizeof options);
  options.context = kTokens;
  options.max_batch_rows = 16;
  canceller self = {NULL, NULL, 0};
  CHECK_OK(tlite_evaluator_create(model, &options, &self.evaluator, &error));
  int32_t sequence = 0;
  CHECK_OK(tlite_evaluator_create_sequence(self.evaluator, &sequence, &error));
  CHECK_OK(tlite_evaluator_on_progress(self.evaluator, tell_started, &self, &error));
  static int32_t ids[kTokens];
  pthread_t thread;
  REQUIRE(pthread_create(&thread, NULL, cancel_when_started, &self) == 0);
  CHECK_STATUS(tlite_evaluator_append(self.evaluator, sequence, ids, kTokens, &error),
               TLITE_ERROR_CANCELLED);
  pthread_join(thread, NULL);
  int32_t length = -1;
  CHECK_OK(tlite_evaluator_get_length(self.evaluator, sequence, &length, &error));
  CHECK(length == 0);
  tlite_evaluator_free(self.evaluator);
  tlite_model_free(model);
}

static void* use_session(void* user) {
  canceller* const self = user;
  while (!__atomic_load_n(&self->started, __ATOMIC_ACQUIRE)) sched_yield();
  CHECK_ERROR(tlite_session_reset(self->session, &error), TLITE_ERROR_BAD_STATE,
              "session is in use");
  tlite_session_cancel(self->session);
  return NULL;
}

TEST(wrong_thread, "capi/threads: a session in use answers bad_state to other threads") {
  memory_host host;
  tlite_model* const model = tiny_model_load(&host);
  REQUIRE(model != NULL);
  tlite_session_options options;
  tlite_session_options_init(&options, sizeof options);
  options.context = 100000;
  options.max_batch_rows = 16;
  canceller self = {NULL, NULL, 0};
  CHECK_OK(tlite_session_create(model, &options, &self.session, &error));
  tlite_sampling_params params;
  tlite_sampling_params_init(&params, sizeof params);
  params.ignore_eos = 1;
  CHECK_OK(tlite_session_set_sampling(self.session, &params, &error));
  CHECK_OK(tlite_session_add_user(self.session, "hello", 5, &error));
  pthread_t thread;
  REQUIRE(pthread_create(&thread, NULL, use_session, &self) == 0);
  CHECK_OK(tlite_session_reply(self.session, tell_piece, &self, NULL, &error));
  pthread_join(thread, NULL);
  tlite_session_free(self.session);
  tlite_model_free(model);
}
