/* What belongs to the whole process and is the host's: threads, locale, directory, files. */
#define _GNU_SOURCE
#include "life.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <locale.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

static int count_threads(void) {
  int count = 0;
  DIR* const tasks = opendir("/proc/self/task");
  for (struct dirent* task; tasks != NULL && (task = readdir(tasks)) != NULL;) {
    count += task->d_name[0] != '.';
  }
  if (tasks != NULL) closedir(tasks);
  return count;
}

static void count_most(void* user) {
  const int threads = count_threads();
  if (threads > *(int*)user) *(int*)user = threads;
}

TEST(no_workers, "embedding/process: a host of one thread keeps one, in loads and answers alike") {
  int most = 0;
  for (int32_t read = 0; read <= 1; ++read) {
    const life how = {
        .threads = 1, .read = read, .within = count_most, .user = &most, .loading = 1};
    live(&how);
  }
  CHECK(most == 1);
  most = 0;
  const life with = {.threads = 2, .within = count_most, .user = &most, .loading = 1};
  live(&with);
  CHECK(most > 1); /* or the test above could not fail */
  for (int i = 0; i < 1000 && count_threads() != 1; ++i) usleep(1000); /* leaves the list late */
  CHECK(count_threads() == 1);
}

TEST(locale, "embedding/process: a locale of decimal commas changes nothing") {
  const uint64_t expected = live_quietly(1);
  setenv("LOCPATH", TLITE_TEST_SCRATCH, 1);
  REQUIRE(setlocale(LC_ALL, "ru_RU.UTF-8") != NULL); /* made by CMake */
  CHECK(strcmp(localeconv()->decimal_point, ",") == 0);
  CHECK(live_quietly(1) == expected);
  tlite_sampling_params params;
  tlite_sampling_params_init(&params, sizeof params);
  params.top_p = 1.5F;
  CHECK_ERROR(tlite_sampling_params_validate(&params, 100, &error), TLITE_ERROR_INVALID_ARGUMENT,
              "top_p is 1.5,");
  CHECK(strcmp(setlocale(LC_ALL, NULL), "ru_RU.UTF-8") == 0);
  setlocale(LC_ALL, "C");
  unsetenv("LOCPATH");
}

/* A copy of the demo model, for paths of one's own. */
static void copy_file(const char* name) {
  char from[4096];
  char to[4096];
  char bytes[65536];
  snprintf(from, sizeof from, "%s/%s", TLITE_TEST_MODEL, name);
  snprintf(to, sizeof to, "%s/here/%s", TLITE_TEST_SCRATCH, name);
  FILE* const in = fopen(from, "rb");
  FILE* const out = fopen(to, "wb");
  CHECK(in != NULL && out != NULL);
  for (size_t got; in != NULL && out != NULL && (got = fread(bytes, 1, sizeof bytes, in)) > 0;) {
    CHECK(fwrite(bytes, 1, got, out) == got);
  }
  if (in != NULL) fclose(in);
  if (out != NULL) fclose(out);
}

static void go_to_root(void* user) {
  (void)user;
  CHECK(chdir("/") == 0);
}

TEST(directory, "embedding/process: the host changes its directory while a model lives") {
  static const char* const names[] = {"config.json", "generation_config.json", "model.safetensors",
                                      "tokenizer.json", "tokenizer_config.json"};
  char before[4096];
  CHECK(getcwd(before, sizeof before) != NULL);
  mkdir(TLITE_TEST_SCRATCH "/here", 0777);
  for (size_t i = 0; i < LENGTH(names); ++i) copy_file(names[i]);
  const uint64_t expected = live_quietly(2);
  for (int32_t read = 0; read <= 1; ++read) {
    CHECK(chdir(TLITE_TEST_SCRATCH) == 0);
    const life how = {.threads = 2, .model = "here", .read = read, .within = go_to_root};
    CHECK(live(&how) == expected);
    char after[4096];
    CHECK(getcwd(after, sizeof after) != NULL && strcmp(after, "/") == 0);
  }
  CHECK(chdir(before) == 0);
}

TEST(umask, "embedding/process: files are made with the host's umask, which stays") {
  static const char kTarget[] = TLITE_TEST_SCRATCH "/umask.gguf";
  static const mode_t masks[] = {077, 002};
  const mode_t before = umask(0);
  for (size_t i = 0; i < LENGTH(masks); ++i) {
    remove(kTarget);
    umask(masks[i]);
    CHECK_OK(tlite_quantize(NULL, TLITE_TEST_MODEL, TLITE_NUL, kTarget, TLITE_NUL,
                            TLITE_WEIGHT_MIX_Q8_0, NULL, &error));
    struct stat made;
    CHECK(stat(kTarget, &made) == 0 && (made.st_mode & 0777) == (0666 & ~masks[i]));
    CHECK(umask(before) == masks[i]);
  }
  umask(before);
}

/* What is open, as a set of bits. */
static uint64_t open_files(void) {
  uint64_t found = 0;
  for (int file = 0; file < 64; ++file) {
    if (fcntl(file, F_GETFD) >= 0) found |= (uint64_t)1 << file;
  }
  return found;
}

static void nothing_open(void* user) { CHECK(open_files() == *(const uint64_t*)user); }

static void no_standard_files(void* user) {
  const uint64_t inherited = *(const uint64_t*)user;
  for (int file = 0; file < 64; ++file) {
    const int flags = fcntl(file, F_GETFD);
    if (flags < 0) continue;
    CHECK(file > 2); /* or what the host prints would end up in a model */
    CHECK((flags & FD_CLOEXEC) != 0 || (inherited >> file & 1) != 0);
  }
}

static int32_t on_progress(int64_t done, int64_t total, void* user) {
  (void)done;
  (void)total;
  no_standard_files(user);
  return 0;
}

TEST(no_streams,
     "embedding/process: works with 0, 1 and 2 closed, and opens nothing in their place") {
  const uint64_t expected = live_quietly(2);
  int kept[3];
  for (int i = 0; i < 3; ++i) {
    kept[i] = fcntl(i, F_DUPFD, 10);
    close(i);
  }
  uint64_t before = open_files();
  for (int32_t read = 0; read <= 1; ++read) {
    const life how = {
        .threads = 2, .read = read, .within = no_standard_files, .user = &before, .loading = 1};
    CHECK(live(&how) == expected);
    const life loaded = {.threads = 2, .read = read, .within = nothing_open, .user = &before};
    CHECK(live(&loaded) == expected);
  }
  tlite_quantize_options options;
  tlite_quantize_options_init(&options, sizeof options);
  options.on_progress = on_progress;
  options.user = &before;
  CHECK_OK(tlite_quantize(NULL, TLITE_TEST_MODEL, TLITE_NUL, TLITE_TEST_SCRATCH "/closed.gguf",
                          TLITE_NUL, TLITE_WEIGHT_MIX_Q8_0, &options, &error));
  CHECK(open_files() == before); /* and closes what it opens */
  for (int i = 0; i < 3; ++i) {
    if (kept[i] < 0) continue;
    dup2(kept[i], i);
    close(kept[i]);
  }
}
