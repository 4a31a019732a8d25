/* exit() in the middle of everything: the process ends with its status, and neither hangs nor crashes.
 * A load is cancelled and its thread joined before, which docs/c-abi.md asks for.
 *
 *   tlite_exit_host MODEL load|answer|idle|freed
 *
 * Each round is a child of its own, which exits a little later each time. */
#define _GNU_SOURCE
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <time.h>
#include <tlite.h>
#include <unistd.h>

#define REQUIRE(condition)                                                    \
  do {                                                                        \
    if (!(condition)) {                                                       \
      fprintf(stderr, "%s:%d: failed: %s\n", __FILE__, __LINE__, #condition); \
      _exit(99);                                                              \
    }                                                                         \
  } while (0)

enum { ROUNDS = 25, STEP_US = 1500, STATUS = 7 };

static const char* path;
static const char* what;
static tlite_model* model;
static tlite_session* session;
static tlite_progress* progress;

static tlite_status load(void) {
  tlite_load_options options;
  tlite_load_options_init(&options, sizeof options);
  options.weights = TLITE_WEIGHT_MIX_Q4_K_M; /* on all threads */
  options.check_weights = 1;
  options.progress = progress;
  return tlite_model_load(NULL, path, TLITE_NUL, &options, &model, NULL);
}

static void make_session(void) {
  tlite_session_options options;
  tlite_session_options_init(&options, sizeof options);
  options.threads = 3;
  REQUIRE(load() == TLITE_OK);
  REQUIRE(tlite_session_create(model, &options, &session, NULL) == TLITE_OK);
}

static int32_t stop(const tlite_piece* piece, void* user) {
  (void)piece;
  return ++*(int*)user >= 5;
}

static void answer(void) {
  int pieces = 0;
  REQUIRE(tlite_session_complete(session, "Однажды", TLITE_NUL, stop, &pieces, NULL, NULL) ==
          TLITE_OK);
}

static void* work(void* unused) {
  (void)unused;
  for (;;) {
    if (strcmp(what, "load") == 0) {
      const tlite_status status = load();
      if (status == TLITE_ERROR_CANCELLED) return NULL;
      REQUIRE(status == TLITE_OK);
      tlite_model_free(model);
    } else {
      answer();
    }
  }
  return NULL;
}

/* What a host does in a handler, or a language's runtime for objects that it has still. */
static void free_all(void) {
  tlite_session_free(session);
  tlite_model_free(model);
}

static void child(int round) {
  const int loads = strcmp(what, "load") == 0;
  alarm(60);
  if (loads) REQUIRE(tlite_progress_create(&progress, NULL) == TLITE_OK);
  if (!loads) make_session();
  if (strcmp(what, "freed") == 0) REQUIRE(atexit(free_all) == 0);
  if (loads || strcmp(what, "answer") == 0) {
    pthread_t thread;
    REQUIRE(pthread_create(&thread, NULL, work, NULL) == 0);
    usleep((useconds_t)(round * STEP_US));
    if (loads) {
      tlite_progress_cancel(progress);
      REQUIRE(pthread_join(thread, NULL) == 0);
      tlite_progress_free(progress);
    }
  } else {
    answer(); /* the workers are there and sleep */
  }
  exit(STATUS);
}

int main(int argc, char** argv) {
  if (argc != 3) return 2;
  path = argv[1];
  what = argv[2];
  for (int round = 0; round < ROUNDS; ++round) {
    const pid_t pid = fork();
    REQUIRE(pid >= 0);
    if (pid == 0) child(round);
    int status = 0;
    REQUIRE(waitpid(pid, &status, 0) == pid);
    if (WIFEXITED(status) && WEXITSTATUS(status) == STATUS) continue;
    fprintf(stderr, "%s, round %d: %s %d\n", what, round, WIFSIGNALED(status) ? "signal" : "status",
            WIFSIGNALED(status) ? WTERMSIG(status) : WEXITSTATUS(status));
    return 1;
  }
  return 0;
}
