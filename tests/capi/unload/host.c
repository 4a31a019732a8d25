/* A host program that loads the library, uses it and unloads it again, as game editors and JNI do.
 *
 *   tlite_unload_host LIBRARY MODEL rounds|threads|first|pause|leak|fork|child
 *
 * Exit status 0: no crash, no thread left, no code left mapped, no growth. */
#define _GNU_SOURCE
#include <dirent.h>
#include <dlfcn.h>
#include <malloc.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <tlite.h>
#include <unistd.h>

#define REQUIRE(condition)                                                    \
  do {                                                                        \
    if (!(condition)) {                                                       \
      fprintf(stderr, "%s:%d: failed: %s\n", __FILE__, __LINE__, #condition); \
      exit(1);                                                                \
    }                                                                         \
  } while (0)

static const char* library_path;
static const char* model_path;

/* What is used of the library, by function. */
typedef struct library {
  void* handle;
  __typeof__(tlite_model_load)* model_load;
  __typeof__(tlite_model_free)* model_free;
  __typeof__(tlite_session_options_init)* session_options_init;
  __typeof__(tlite_session_create)* session_create;
  __typeof__(tlite_session_free)* session_free;
  __typeof__(tlite_session_stream_complete)* stream_complete;
  __typeof__(tlite_stream_next)* stream_next;
  __typeof__(tlite_stream_free)* stream_free;
} library;

#define GET(member, name) loaded.member = (__typeof__(name)*)dlsym(loaded.handle, #name)

static library load_library(void) {
  library loaded;
  loaded.handle = dlopen(library_path, RTLD_NOW | RTLD_LOCAL);
  REQUIRE(loaded.handle != NULL);
  GET(model_load, tlite_model_load);
  GET(model_free, tlite_model_free);
  GET(session_options_init, tlite_session_options_init);
  GET(session_create, tlite_session_create);
  GET(session_free, tlite_session_free);
  GET(stream_complete, tlite_session_stream_complete);
  GET(stream_next, tlite_stream_next);
  GET(stream_free, tlite_stream_free);
  return loaded;
}

/* A model, and a session with a stream in the middle of its answer. */
typedef struct objects {
  const library* from;
  int32_t threads;
  tlite_model* model;
  tlite_session* session;
  tlite_stream* stream;
} objects;

static void create(objects* made) {
  const library* l = made->from;
  REQUIRE(l->model_load(NULL, model_path, TLITE_NUL, NULL, &made->model, NULL) == TLITE_OK);
  tlite_session_options options;
  REQUIRE(l->session_options_init(&options, sizeof options) == TLITE_OK);
  options.threads = made->threads;
  REQUIRE(l->session_create(made->model, &options, &made->session, NULL) == TLITE_OK);
}

static void answer(objects* made) {
  const library* l = made->from;
  const tlite_piece* piece = NULL;
  REQUIRE(l->stream_complete(made->session, "Hello", TLITE_NUL, &made->stream, NULL) == TLITE_OK);
  for (int i = 0; i < 5; i++) REQUIRE(l->stream_next(made->stream, &piece, NULL) == TLITE_OK);
}

/* In one of the six orders. */
static void destroy(objects* made, int order) {
  static const char orders[6][4] = {"tsm", "tms", "smt", "stm", "mst", "mts"};
  for (const char* now = orders[order % 6]; *now != 0; now++) {
    if (*now == 't') made->from->stream_free(made->stream);
    if (*now == 's') made->from->session_free(made->session);
    if (*now == 'm') made->from->model_free(made->model);
  }
}

static int count_threads(void) {
  int count = 0;
  DIR* directory = opendir("/proc/self/task");
  REQUIRE(directory != NULL);
  for (struct dirent* entry; (entry = readdir(directory)) != NULL;)
    count += entry->d_name[0] != '.';
  closedir(directory);
  return count;
}

/* TSan's runtime has a thread of its own once there is another. */
#if defined(__has_feature)
#if __has_feature(thread_sanitizer)
enum { RUNTIME_THREADS = 1 };
#else
enum { RUNTIME_THREADS = 0 };
#endif
#elif defined(__SANITIZE_THREAD__)
enum { RUNTIME_THREADS = 1 };
#else
enum { RUNTIME_THREADS = 0 };
#endif

static int threads_are(int wanted) {
  const int count = count_threads();
  return count == wanted || count == wanted + RUNTIME_THREADS;
}

/* A thread that was joined is in the list for some microseconds more. */
static int threads_end_at(int wanted) {
  for (int i = 0; i < 1000 && !threads_are(wanted); i++) usleep(1000);
  return threads_are(wanted);
}

static int is_mapped(const char* name) {
  char line[4096];
  int found = 0;
  FILE* maps = fopen("/proc/self/maps", "r");
  REQUIRE(maps != NULL);
  while (fgets(line, sizeof line, maps) != NULL) found |= strstr(line, name) != NULL;
  fclose(maps);
  return found;
}

/* What malloc has given out. Not what the process has: how far the heap reaches and how many arenas
 * there are depends on which threads meet in malloc, so on how busy the machine is. */
static long allocated(void) {
  const struct mallinfo2 info = mallinfo2();
  return (long)(info.uordblks + info.hblkhd);
}

/* Mappings but the heap's: files, stacks, memory that was not asked of malloc. */
static long mapped_kib(void) {
  char line[4096];
  unsigned long begin, end, kib = 0;
  FILE* maps = fopen("/proc/self/maps", "r");
  REQUIRE(maps != NULL);
  while (fgets(line, sizeof line, maps) != NULL) {
    REQUIRE(sscanf(line, "%lx-%lx", &begin, &end) == 2);
    if (strstr(line, "[heap]") == NULL) kib += (end - begin) / 1024;
  }
  fclose(maps);
  return (long)kib;
}

static void unload(library* loaded, int threads_left) {
  REQUIRE(threads_end_at(threads_left));
  REQUIRE(dlclose(loaded->handle) == 0);
  REQUIRE(!is_mapped("libtlite_c.so"));
  REQUIRE(!is_mapped("libtbb.so"));
}

static void round_of(int number, int32_t threads) {
  library loaded = load_library();
  objects made = {.from = &loaded, .threads = threads};
  create(&made);
  answer(&made);
  destroy(&made, number);
  unload(&loaded, 1);
}

/* After ten rounds the C library keeps what it keeps: stacks of threads, lists of libraries. What
 * it holds back for a thread counts as given out, 7 KiB here; leaks of less than a KiB a round are
 * for the sanitizer to find. */
static void rounds(void) {
  long bytes = 0, mapped = 0;
#if !defined(TLITE_TEST_SANITIZED)       /* whose allocator has no such option */
  REQUIRE(mallopt(M_ARENA_MAX, 1) == 1); /* mallinfo2 tells of the main arena alone */
#endif
  for (int i = 0; i < 50; i++) {
    if (i == 10) {
      bytes = allocated();
      mapped = mapped_kib();
    }
    round_of(i, i % 2 == 0 ? 3 : 1);
  }
  bytes = allocated() - bytes;
  mapped = mapped_kib() - mapped;
  printf("40 rounds: %ld bytes and %ld KiB of mappings more\n", bytes, mapped);
#if !defined(TLITE_TEST_SANITIZED) /* whose runtime holds on to what is freed */
  REQUIRE(bytes < 40 * 1024);
  REQUIRE(mapped <= 0);
#endif
}

/* What a thread of the host does: makes, answers or frees, and then lives on. */
typedef struct host_thread {
  pthread_t id;
  pthread_barrier_t* steps;
  objects* made;
  int creates, answers, destroys;
} host_thread;

static void* work(void* user) {
  host_thread* self = user;
  if (self->creates) create(self->made);
  pthread_barrier_wait(self->steps);
  if (self->answers) answer(self->made);
  pthread_barrier_wait(self->steps);
  if (self->destroys) destroy(self->made, 0);
  pthread_barrier_wait(self->steps);
  pthread_barrier_wait(self->steps); /* unloaded */
  return NULL;
}

/* Each thread makes, uses and frees objects of its own, or passes one set on; all live on. */
static void round_of_threads(int shared) {
  library loaded = load_library();
  pthread_barrier_t steps;
  objects made[3] = {{.from = &loaded, .threads = 2},
                     {.from = &loaded, .threads = 2},
                     {.from = &loaded, .threads = 3}};
  host_thread threads[3];
  pthread_barrier_init(&steps, NULL, 4);
  for (int i = 0; i < 3; i++) {
    threads[i] = (host_thread){.steps = &steps,
                               .made = &made[shared ? 0 : i],
                               .creates = !shared || i == 0,
                               .answers = !shared || i == 1,
                               .destroys = !shared || i == 2};
    REQUIRE(pthread_create(&threads[i].id, NULL, work, &threads[i]) == 0);
  }
  for (int i = 0; i < 3; i++) pthread_barrier_wait(&steps);
  unload(&loaded, 4);
  pthread_barrier_wait(&steps);
  for (int i = 0; i < 3; i++) REQUIRE(pthread_join(threads[i].id, NULL) == 0);
  pthread_barrier_destroy(&steps);
}

static void threads(void) {
  for (int i = 0; i < 20; i++) round_of_threads(i % 2);
}

static void* destroy_elsewhere(void* made) {
  destroy(made, 0);
  return NULL;
}

/* The first thread frees nothing of what it used: threads of oneTBB stay, and so must its code. */
static void first(void) {
  for (int i = 0; i < 5; i++) {
    library loaded = load_library();
    objects made = {.from = &loaded, .threads = 3};
    pthread_t other;
    create(&made);
    answer(&made);
    REQUIRE(pthread_create(&other, NULL, destroy_elsewhere, &made) == 0);
    REQUIRE(pthread_join(other, NULL) == 0);
    REQUIRE(dlclose(loaded.handle) == 0);
    REQUIRE(!is_mapped("libtlite_c.so"));
    usleep(200000);
  }
}

/* Threads that sleep may wake long after. Only where tests may take their time. */
static void pauses(void) {
  const char* mode = getenv("TLITE_TEST_MODE");
  if (mode == NULL || strcmp(mode, "long") != 0) return;
  for (int i = 0; i < 3; i++) {
    round_of(i, 3);
    sleep(10);
  }
}

/* A garbage collector that ends with the process frees nothing, and may unload us before. */
static void leak(void) {
  for (int i = 0; i < 3; i++) {
    library loaded = load_library();
    objects made = {.from = &loaded, .threads = 3};
    create(&made);
    answer(&made);
    REQUIRE(dlclose(loaded.handle) == 0);
    usleep(200000);
  }
}

/* A child has none of its parent's threads: it frees and unloads without waiting for them, and runs
 * what it loads itself. What the threads of the parent's library ran stays in its memory. */
static void forked(void) {
  library loaded = load_library();
  objects made = {.from = &loaded, .threads = 3};
  create(&made);
  answer(&made);
  const pid_t child = fork();
  REQUIRE(child >= 0);
  if (child == 0) alarm(30);
  destroy(&made, 0);
  REQUIRE(dlclose(loaded.handle) == 0);
  if (child == 0) {
    loaded = load_library();
    create(&made);
    answer(&made);
    destroy(&made, 1);
    REQUIRE(dlclose(loaded.handle) == 0);
    exit(0);
  }
  int status = -1;
  REQUIRE(waitpid(child, &status, 0) == child);
  REQUIRE(status == 0);
  REQUIRE(threads_end_at(1));
}

/* A child may also go on with what it has, by threads of its own. */
static void child_goes_on(void) {
  library loaded = load_library();
  objects made = {.from = &loaded, .threads = 3};
  const tlite_piece* piece = NULL;
  create(&made);
  answer(&made);
  const pid_t child = fork();
  REQUIRE(child >= 0);
  if (child == 0) alarm(30);
  for (int i = 0; i < 3; i++) {
    REQUIRE(loaded.stream_next(made.stream, &piece, NULL) == TLITE_OK);
  }
  destroy(&made, 0);
  REQUIRE(dlclose(loaded.handle) == 0);
  if (child == 0) exit(0);
  int status = -1;
  REQUIRE(waitpid(child, &status, 0) == child);
  REQUIRE(status == 0);
}

int main(int argc, char** argv) {
  static const struct {
    const char* name;
    void (*run)(void);
  } cases[] = {{"rounds", rounds}, {"threads", threads}, {"first", first},        {"pause", pauses},
               {"leak", leak},     {"fork", forked},     {"child", child_goes_on}};
  if (argc != 4) return 2;
  library_path = argv[1];
  model_path = argv[2];
  for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
    if (strcmp(argv[3], cases[i].name) != 0) continue;
    cases[i].run();
    return 0;
  }
  return 2;
}
