/* Signals are the host's: the library sets no handler, and works under those of the host. */
#define _GNU_SOURCE
#include "life.h"

#include <dirent.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/time.h>
#include <time.h>
#include <unistd.h>

static tlite_session* interrupted;
static volatile sig_atomic_t alarms;

static void cancel_it(int number) {
  (void)number;
  tlite_session_cancel(interrupted);
  ++alarms;
}

static void count_it(int number) {
  (void)number;
  ++alarms;
}

/* SIGALRM goes to `handler` from now on, without SA_RESTART: system calls end with EINTR. */
static void on_alarm(void (*handler)(int)) {
  struct sigaction action;
  memset(&action, 0, sizeof action);
  action.sa_handler = handler;
  CHECK(sigaction(SIGALRM, &action, NULL) == 0);
}

static void ring(long first_us, long every_us) {
  const struct itimerval timer = {{0, every_us}, {0, first_us}};
  CHECK(setitimer(ITIMER_REAL, &timer, NULL) == 0);
}

typedef struct watch {
  int64_t done;
  int64_t total;
} watch;

/* The first progress is the middle of the prompt: from there on a handler may come at any time. */
static int32_t on_prefill(int64_t done, int64_t total, void* user) {
  watch* const seen = user;
  if (seen->total == 0) raise(SIGALRM);
  *seen = (watch){done, total};
  return 0;
}

TEST(cancel_in_prefill, "embedding/signals: a handler cancels in the middle of a prompt") {
  tlite_model* model = NULL;
  CHECK_OK(tlite_model_load(NULL, TLITE_TEST_MODEL, TLITE_NUL, NULL, &model, &error));
  tlite_session_options options;
  tlite_session_options_init(&options, sizeof options);
  options.max_batch_rows = 16;
  options.threads = 2;
  CHECK_OK(tlite_session_create(model, &options, &interrupted, &error));
  REQUIRE(interrupted != NULL);
  static char text[3000];
  memset(text, 'x', sizeof text - 1);
  CHECK_OK(tlite_session_add_user(interrupted, text, TLITE_NUL, &error));
  on_alarm(cancel_it);
  watch seen = {0, 0};
  CHECK_OK(tlite_session_on_prefill(interrupted, on_prefill, &seen, &error));
  tlite_generation* answer = NULL;
  CHECK_OK(tlite_session_reply(interrupted, NULL, NULL, &answer, &error));
  REQUIRE(answer != NULL);
  CHECK(answer->finish_reason == TLITE_FINISH_CANCELLED && answer->token_count == 0);
  CHECK(seen.total > 500 && seen.done < seen.total && alarms == 1);
  tlite_generation_free(answer);

  /* By a timer, within a kernel or wherever it finds it; the signal goes to any thread. */
  CHECK_OK(tlite_session_on_prefill(interrupted, NULL, NULL, &error));
  int stopped = 0;
  for (long after = 100; after < 100000 && stopped < 5; after *= 2) {
    tlite_session_clear_cancel(interrupted);
    ring(after, 0);
    CHECK_OK(tlite_session_reply(interrupted, NULL, NULL, &answer, &error));
    REQUIRE(answer != NULL);
    stopped += answer->finish_reason == TLITE_FINISH_CANCELLED && answer->token_count == 0;
    tlite_generation_free(answer);
    CHECK_OK(tlite_session_rewind(interrupted, 1, &error));
  }
  ring(0, 0);
  CHECK(stopped > 0);
  on_alarm(SIG_DFL);
  tlite_session_free(interrupted);
  tlite_model_free(model);
}

TEST(storm, "embedding/signals: calls that a signal interrupts a thousand times a second go on") {
  const uint64_t expected = live_quietly(2);
  on_alarm(count_it);
  alarms = 0;
  ring(500, 500);
  for (int32_t read = 0; read <= 1; ++read) {
    const life how = {.threads = 2, .read = read};
    CHECK(live(&how) == expected);
  }
  CHECK_OK(tlite_quantize(NULL, TLITE_TEST_MODEL, TLITE_NUL, TLITE_TEST_SCRATCH "/storm.gguf",
                          TLITE_NUL, TLITE_WEIGHT_MIX_Q8_0, NULL, &error));
  ring(0, 0);
  on_alarm(SIG_DFL);
  CHECK(alarms > 100);
}

/* Of all that can be asked for: dispositions, the mask, the alternate stack, timers. */
typedef struct signals {
  void* handlers[65];
  sigset_t mask;
  stack_t stack;
  struct itimerval timer;
} signals;

static signals signals_now(void) {
  signals found;
  memset(&found, 0, sizeof found);
  for (int number = 1; number < 65; ++number) {
    struct sigaction action;
    if (sigaction(number, NULL, &action) == 0) found.handlers[number] = (void*)action.sa_handler;
  }
  pthread_sigmask(SIG_SETMASK, NULL, &found.mask);
  sigaltstack(NULL, &found.stack);
  getitimer(ITIMER_REAL, &found.timer);
  return found;
}

static void look(void* user) {
  const signals found = signals_now();
  CHECK(memcmp(&found, user, sizeof found) == 0);
}

TEST(untouched,
     "embedding/signals: handlers, SIGPIPE, masks and the alternate stack stay the host's") {
  static char room[65536];
  const stack_t own = {.ss_sp = room, .ss_size = sizeof room};
  CHECK(sigaltstack(&own, NULL) == 0);
  signal(SIGPIPE, count_it);
  signal(SIGSEGV, count_it);
  signals before = signals_now();
  const life how = {.threads = 2, .within = look, .user = &before, .loading = 1};
  live(&how);
  look(&before);
  signal(SIGPIPE, SIG_DFL);
  signal(SIGSEGV, SIG_DFL);
}

/* The mask of blocked signals of each thread but this one. */
static int others_that_block(int number, int* others) {
  int blocking = 0;
  *others = 0;
  DIR* const tasks = opendir("/proc/self/task");
  for (struct dirent* task; tasks != NULL && (task = readdir(tasks)) != NULL;) {
    if (task->d_name[0] == '.' || atoi(task->d_name) == getpid()) continue;
    char path[64];
    char line[256];
    snprintf(path, sizeof path, "/proc/self/task/%.20s/status", task->d_name);
    FILE* const status = fopen(path, "r");
    unsigned long long mask = 0;
    while (status != NULL && fgets(line, sizeof line, status) != NULL) {
      sscanf(line, "SigBlk: %llx", &mask);
    }
    if (status != NULL) fclose(status);
    ++*others;
    blocking += (mask >> (number - 1) & 1) != 0;
  }
  if (tasks != NULL) closedir(tasks);
  return blocking;
}

static void count_blocking(void* user) {
  int others = 0;
  const int blocking = others_that_block(SIGUSR2, &others);
  CHECK(blocking == others);
  if (others > *(int*)user) *(int*)user = others;
}

TEST(workers_mask, "embedding/signals: workers block what the thread blocks that first computes") {
  sigset_t some;
  sigset_t before;
  sigemptyset(&some);
  sigaddset(&some, SIGUSR2);
  pthread_sigmask(SIG_BLOCK, &some, &before);
  int most = 0;
  const life how = {.threads = 2, .within = count_blocking, .user = &most};
  live(&how);
  CHECK(most > 0);
  pthread_sigmask(SIG_SETMASK, &before, NULL);
}
