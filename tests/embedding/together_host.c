/* Two libraries in one process: both answer, and one goes while the other works.
 *
 *   tlite_together_host MODEL LIBRARY LIBRARY   two files, loaded with RTLD_LOCAL, then RTLD_GLOBAL
 *   tlite_together_static MODEL LIBRARY         one in the program itself, whose symbols are exported
 */
#define _GNU_SOURCE
#include <dirent.h>
#include <dlfcn.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <tlite.h>
#include <unistd.h>

#define REQUIRE(condition)                                                    \
  do {                                                                        \
    if (!(condition)) {                                                       \
      fprintf(stderr, "%s:%d: failed: %s\n", __FILE__, __LINE__, #condition); \
      exit(1);                                                                \
    }                                                                         \
  } while (0)

typedef struct library {
  void* handle; /* NULL: in the program */
  __typeof__(tlite_abi_version)* abi_version;
  __typeof__(tlite_model_load)* model_load;
  __typeof__(tlite_model_free)* model_free;
  __typeof__(tlite_session_options_init)* session_options_init;
  __typeof__(tlite_session_create)* session_create;
  __typeof__(tlite_session_free)* session_free;
  __typeof__(tlite_sampling_params_init)* sampling_params_init;
  __typeof__(tlite_session_set_sampling)* session_set_sampling;
  __typeof__(tlite_session_complete)* session_complete;
  __typeof__(tlite_generation_free)* generation_free;
  tlite_model* model;
  tlite_session* session;
} library;

#define GET(member, name) loaded.member = (__typeof__(name)*)dlsym(loaded.handle, #name)

static library open_library(const char* path, int how) {
  library loaded = {.handle = dlopen(path, RTLD_NOW | how)};
  if (loaded.handle == NULL) fprintf(stderr, "%s\n", dlerror());
  REQUIRE(loaded.handle != NULL);
  GET(abi_version, tlite_abi_version);
  GET(model_load, tlite_model_load);
  GET(model_free, tlite_model_free);
  GET(session_options_init, tlite_session_options_init);
  GET(session_create, tlite_session_create);
  GET(session_free, tlite_session_free);
  GET(sampling_params_init, tlite_sampling_params_init);
  GET(session_set_sampling, tlite_session_set_sampling);
  GET(session_complete, tlite_session_complete);
  GET(generation_free, tlite_generation_free);
  return loaded;
}

enum { COUNT = 12 }; /* tokens of an answer, which is the likeliest */

static void start(library* l, const char* model) {
  tlite_session_options options;
  REQUIRE(l->model_load(NULL, model, TLITE_NUL, NULL, &l->model, NULL) == TLITE_OK);
  REQUIRE(l->session_options_init(&options, sizeof options) == TLITE_OK);
  options.threads = 2;
  REQUIRE(l->session_create(l->model, &options, &l->session, NULL) == TLITE_OK);
  tlite_sampling_params params;
  REQUIRE(l->sampling_params_init(&params, sizeof params) == TLITE_OK);
  params.temperature = 0;
  params.ignore_eos = 1;
  params.max_new_tokens = COUNT;
  REQUIRE(l->session_set_sampling(l->session, &params, NULL) == TLITE_OK);
}

static void end(library* l) {
  l->session_free(l->session);
  l->model_free(l->model);
  if (l->handle != NULL) REQUIRE(dlclose(l->handle) == 0);
}

typedef struct ids {
  int32_t values[COUNT];
} ids;

static ids answer(const library* l) {
  tlite_generation* said = NULL;
  ids first;
  REQUIRE(l->session_complete(l->session, "Жил-был", TLITE_NUL, NULL, NULL, &said, NULL) ==
          TLITE_OK);
  REQUIRE(said->token_count == COUNT);
  memcpy(first.values, said->tokens, sizeof first);
  l->generation_free(said);
  return first;
}

static int is_mapped(const char* path) {
  char* const real = realpath(path, NULL);
  char line[4096];
  int found = 0;
  FILE* const maps = fopen("/proc/self/maps", "r");
  REQUIRE(real != NULL && maps != NULL);
  while (fgets(line, sizeof line, maps) != NULL) found |= strstr(line, real) != NULL;
  fclose(maps);
  free(real);
  return found;
}

static int threads_come_to(int wanted) {
  int count = 0;
  for (int i = 0; i < 1000 && count != wanted; ++i) {
    if (i > 0) usleep(1000);
    count = 0;
    DIR* const tasks = opendir("/proc/self/task");
    for (struct dirent* task; tasks != NULL && (task = readdir(tasks)) != NULL;) {
      count += task->d_name[0] != '.';
    }
    closedir(tasks);
  }
  return count == wanted;
}

/* Both answer by turns; then `a` goes, and `b` does not notice. */
static void together(library* a, library* b, const char* model) {
  REQUIRE(a->abi_version != NULL && a->abi_version != b->abi_version);
  start(a, model);
  const ids expected = answer(a);
  start(b, model);
  for (int i = 0; i < 3; ++i) {
    const ids of_a = answer(a);
    const ids of_b = answer(b);
    REQUIRE(memcmp(&of_a, &expected, sizeof expected) == 0);
    REQUIRE(memcmp(&of_b, &expected, sizeof expected) == 0);
  }
  end(a);
  const ids alone = answer(b);
  REQUIRE(memcmp(&alone, &expected, sizeof expected) == 0);
}

#if defined(TLITE_TEST_STATIC)
static library own(void) {
  return (library){.abi_version = tlite_abi_version,
                   .model_load = tlite_model_load,
                   .model_free = tlite_model_free,
                   .session_options_init = tlite_session_options_init,
                   .session_create = tlite_session_create,
                   .session_free = tlite_session_free,
                   .sampling_params_init = tlite_sampling_params_init,
                   .session_set_sampling = tlite_session_set_sampling,
                   .session_complete = tlite_session_complete,
                   .generation_free = tlite_generation_free};
}

int main(int argc, char** argv) {
  REQUIRE(argc == 3);
  for (int round = 0; round < 4; ++round) {
    library inside = own();
    library loaded = open_library(argv[2], round % 2 == 0 ? RTLD_LOCAL : RTLD_GLOBAL);
    library* const first = round < 2 ? &inside : &loaded;
    library* const second = round < 2 ? &loaded : &inside;
    together(first, second, argv[1]);
    end(second);
    REQUIRE(!is_mapped(argv[2]));
    REQUIRE(threads_come_to(1));
  }
  return 0;
}
#else
int main(int argc, char** argv) {
  REQUIRE(argc == 4);
  for (int round = 0; round < 4; ++round) {
    const int how = round % 2 == 0 ? RTLD_LOCAL : RTLD_GLOBAL;
    library first = open_library(argv[2 + round / 2], how);
    library second = open_library(argv[3 - round / 2], how);
    together(&first, &second, argv[1]);
    REQUIRE(!is_mapped(argv[2 + round / 2]) && is_mapped(argv[3 - round / 2]));
    end(&second);
    REQUIRE(!is_mapped(argv[3 - round / 2]));
    REQUIRE(threads_come_to(1));
  }
  return 0;
}
#endif
