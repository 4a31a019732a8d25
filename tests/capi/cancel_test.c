/* Cancelling means the same everywhere: kept until it stops something, or is cleared. */
#include "tiny_session.h"

#include <pthread.h>
#include <signal.h>
#include <string.h>

/* Replies to what was said, and drops the answer. */
static tlite_finish_reason reply(tlite_session* session, size_t* tokens) {
  tlite_generation* answer = NULL;
  CHECK_OK(tlite_session_reply(session, NULL, NULL, &answer, &error));
  const tlite_finish_reason reason = answer == NULL ? TLITE_FINISH_NONE : answer->finish_reason;
  if (tokens != NULL) *tokens = answer == NULL ? 0 : answer->token_count;
  tlite_generation_free(answer);
  CHECK_OK(tlite_session_rewind(session, 1, &error));
  return reason;
}

TEST(cancel_before, "capi/cancel: a cancel that finds nothing running stops the next answer") {
  memory_host host;
  tlite_model* const model = tiny_model_load(&host);
  REQUIRE(model != NULL);
  tlite_session* const session = tiny_session(model, 6);
  CHECK_OK(tlite_session_add_user(session, "hello", 5, &error));
  size_t tokens = 7;
  tlite_session_cancel(session);
  tlite_session_cancel(session);
  CHECK(reply(session, &tokens) == TLITE_FINISH_CANCELLED && tokens == 0);
  CHECK(reply(session, &tokens) == TLITE_FINISH_LENGTH && tokens == 6); /* it is used up */

  tlite_session_cancel(session);
  tlite_session_clear_cancel(session);
  CHECK(reply(session, NULL) == TLITE_FINISH_LENGTH);

  /* What fails for another reason does not use it up; a fork does not inherit it. */
  tlite_session_cancel(session);
  CHECK_STATUS(tlite_session_regenerate(session, NULL, NULL, NULL, &error), TLITE_ERROR_BAD_STATE);
  tlite_session* fork = NULL;
  CHECK_OK(tlite_session_fork(session, &fork, &error));
  CHECK(reply(fork, NULL) == TLITE_FINISH_LENGTH);
  CHECK(reply(session, NULL) == TLITE_FINISH_CANCELLED);
  tlite_session_free(fork);
  tlite_session_free(session);
  tlite_model_free(model);
}

static int32_t count(const tlite_piece* piece, void* user) {
  (void)piece;
  *(int*)user += 1;
  return 0;
}

TEST(cancel_kinds, "capi/cancel: each of the calls that answer is stopped") {
  memory_host host;
  tlite_model* const model = tiny_model_load(&host);
  REQUIRE(model != NULL);
  tlite_session* const session = tiny_session(model, 6);
  CHECK_OK(tlite_session_add_user(session, "hello", 5, &error));
  CHECK_OK(tlite_session_reply(session, NULL, NULL, NULL, &error));
  int calls = 0;
  tlite_generation* answer = NULL;
  tlite_session_cancel(session);
  CHECK_OK(tlite_session_regenerate(session, count, &calls, &answer, &error));
  CHECK(answer->finish_reason == TLITE_FINISH_CANCELLED);
  tlite_generation_free(answer);
  CHECK_OK(tlite_session_reply(session, NULL, NULL, NULL, &error));
  tlite_session_cancel(session);
  CHECK_OK(tlite_session_continue(session, count, &calls, &answer, &error));
  CHECK(answer->finish_reason == TLITE_FINISH_CANCELLED);
  tlite_generation_free(answer);
  tlite_session_cancel(session);
  CHECK_OK(tlite_session_complete(session, "hello", 5, count, &calls, &answer, &error));
  CHECK(answer->finish_reason == TLITE_FINISH_CANCELLED && calls == 0);
  tlite_generation_free(answer);
  tlite_session_free(session);
  tlite_model_free(model);
}

TEST(cancel_stream,
     "capi/cancel: a stream is stopped before it, before its first piece and later") {
  memory_host host;
  tlite_model* const model = tiny_model_load(&host);
  REQUIRE(model != NULL);
  tlite_session* const session = tiny_session(model, 6);
  CHECK_OK(tlite_session_add_user(session, "hello", 5, &error));
  for (int when = 0; when < 3; ++when) {
    tlite_stream* stream = NULL;
    const tlite_piece* piece = NULL;
    if (when == 0) tlite_session_cancel(session);
    CHECK_OK(tlite_session_stream(session, &stream, &error));
    if (when == 1) tlite_session_cancel(session);
    if (when == 2) CHECK_OK(tlite_stream_next(stream, &piece, &error));
    CHECK((piece != NULL) == (when == 2));
    if (when == 2) tlite_session_cancel(session);
    do {
      CHECK_OK(tlite_stream_next(stream, &piece, &error));
    } while (piece != NULL && piece->token == TLITE_UNSET); /* text that was held back */
    CHECK(piece == NULL && tlite_stream_finish_reason(stream) == TLITE_FINISH_CANCELLED);
    tlite_stream_free(stream);
    CHECK_OK(tlite_session_rewind(session, 1, &error));
    CHECK(reply(session, NULL) == TLITE_FINISH_LENGTH);
  }
  /* A stream that is freed has ended as was asked: the next answer goes on. */
  for (int when = 0; when < 3; ++when) {
    tlite_stream* stream = NULL;
    const tlite_piece* piece = NULL;
    if (when == 0) tlite_session_cancel(session);
    CHECK_OK(tlite_session_stream(session, &stream, &error));
    if (when == 2) CHECK_OK(tlite_stream_next(stream, &piece, &error));
    if (when > 0) tlite_session_cancel(session);
    tlite_stream_free(stream);
    CHECK_OK(tlite_session_rewind(session, 1, &error));
    CHECK(reply(session, NULL) == TLITE_FINISH_LENGTH);
  }
  /* One that is at its end was not stopped by it. */
  tlite_stream* ended = NULL;
  const tlite_piece* piece = NULL;
  CHECK_OK(tlite_session_stream(session, &ended, &error));
  do {
    CHECK_OK(tlite_stream_next(ended, &piece, &error));
  } while (piece != NULL);
  tlite_session_cancel(session);
  tlite_stream_free(ended);
  CHECK_OK(tlite_session_rewind(session, 1, &error));
  CHECK(reply(session, NULL) == TLITE_FINISH_CANCELLED);
  tlite_session_free(session);
  tlite_model_free(model);
}

static tlite_session* interrupted = NULL;

static void on_signal(int number) {
  (void)number;
  tlite_session_cancel(interrupted);
}

static int32_t interrupt(const tlite_piece* piece, void* user) {
  (void)piece;
  if (++*(int*)user == 2) raise(SIGUSR1);
  return 0;
}

TEST(cancel_signal, "capi/cancel: a signal handler may cancel") {
  memory_host host;
  tlite_model* const model = tiny_model_load(&host);
  REQUIRE(model != NULL);
  interrupted = tiny_session(model, 6);
  CHECK_OK(tlite_session_add_user(interrupted, "hello", 5, &error));
  struct sigaction action;
  struct sigaction before;
  memset(&action, 0, sizeof action);
  action.sa_handler = on_signal;
  sigaction(SIGUSR1, &action, &before);
  int calls = 0;
  tlite_generation* answer = NULL;
  CHECK_OK(tlite_session_reply(interrupted, interrupt, &calls, &answer, &error));
  CHECK(answer->finish_reason == TLITE_FINISH_CANCELLED && answer->token_count == 2);
  tlite_generation_free(answer);
  raise(SIGUSR1); /* nothing runs */
  CHECK_OK(tlite_session_rewind(interrupted, 1, &error));
  CHECK(reply(interrupted, NULL) == TLITE_FINISH_CANCELLED);
  sigaction(SIGUSR1, &before, NULL);
  tlite_session_free(interrupted);
  tlite_model_free(model);
}

static void* cancel_once(void* session) {
  tlite_session_cancel(session);
  return NULL;
}

TEST(cancel_race, "capi/cancel: none is lost while an answer begins") {
  memory_host host;
  tlite_model* const model = tiny_model_load(&host);
  REQUIRE(model != NULL);
  tlite_session* const session = tiny_session(model, -1);
  tlite_sampling_params params;
  tlite_sampling_params_init(&params, sizeof params);
  params.ignore_eos = 1;
  CHECK_OK(tlite_session_set_sampling(session, &params, &error));
  CHECK_OK(tlite_session_add_user(session, "hello", 5, &error));
  for (int i = 0; i < 100; ++i) {
    pthread_t thread;
    REQUIRE(pthread_create(&thread, NULL, cancel_once, session) == 0);
    /* Where it came after the end, it is there for the next. */
    if (reply(session, NULL) != TLITE_FINISH_CANCELLED) {
      pthread_join(thread, NULL);
      CHECK(reply(session, NULL) == TLITE_FINISH_CANCELLED);
    } else {
      pthread_join(thread, NULL);
    }
  }
  tlite_session_free(session);
  tlite_model_free(model);
}

TEST(cancel_batches, "capi/cancel: an evaluator's cancel is used up by the batch that it stops") {
  memory_host host;
  tlite_model* const model = tiny_model_load(&host);
  REQUIRE(model != NULL);
  static const int32_t ids[] = {10, 20, 30};
  tlite_evaluator* evaluator = NULL;
  int32_t sequence = 0;
  CHECK_OK(tlite_evaluator_create(model, NULL, &evaluator, &error));
  CHECK_OK(tlite_evaluator_create_sequence(evaluator, &sequence, &error));
  tlite_evaluator_cancel(evaluator);
  CHECK_STATUS(tlite_evaluator_append(evaluator, sequence, ids, 3, &error), TLITE_ERROR_CANCELLED);
  CHECK_OK(tlite_evaluator_append(evaluator, sequence, ids, 3, &error));
  tlite_evaluator_cancel(evaluator);
  tlite_evaluator_clear_cancel(evaluator);
  CHECK_OK(tlite_evaluator_append(evaluator, sequence, ids, 3, &error));
  tlite_evaluator_free(evaluator);
  tlite_model_free(model);
}
