/* What the host supplies: log, memory, files. */
#include "tiny_session.h"

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

TEST(
    host_errors,
    "capi/host: callbacks that need each other come together, and a failed host releases nothing") {
  memory_host host;
  memory_host_init(&host);
  tlite_host* given = NULL;
  tlite_host_options options = memory_host_options(&host);
  options.deallocate = NULL;
  CHECK_ERROR(tlite_host_create(&options, &given, &error), TLITE_ERROR_INVALID_ARGUMENT,
              "one of allocate and deallocate is NULL");
  options = memory_host_options(&host);
  options.file_open = NULL;
  CHECK_ERROR(tlite_host_create(&options, &given, &error), TLITE_ERROR_INVALID_ARGUMENT,
              "one of file_open and file_close is NULL");
  options.file_close = NULL;
  CHECK_ERROR(tlite_host_create(&options, &given, &error), TLITE_ERROR_INVALID_ARGUMENT,
              "file_exists, file_is_directory and file_list need file_open");
  options = memory_host_options(&host);
  options.threads = 0;
  CHECK_ERROR(tlite_host_create(&options, &given, &error), TLITE_ERROR_INVALID_ARGUMENT,
              "threads is 0");
  CHECK(given == NULL && host.released == 0);
  options = memory_host_options(&host);
  CHECK_OK(tlite_host_create(&options, &given, &error));
  tlite_host_free(given);
  CHECK(host.released == 1);
}

TEST(files_fail, "capi/host: a file that the host cannot read is named") {
  memory_host host;
  memory_host_init(&host);
  tlite_host* const given = memory_host_create(&host);
  static const char* const files[] = {"config.json", "tokenizer.json", "model.safetensors"};
  for (size_t i = 0; i < LENGTH(files); ++i) {
    tlite_model* model = NULL;
    host.failing_file = files[i];
    CHECK_ERROR(tlite_model_load(given, "memory", TLITE_NUL, NULL, &model, &error), TLITE_ERROR_IO,
                files[i]);
    CHECK(model == NULL && host.live == 0 && host.open_files == 0);
  }
  tlite_host_free(given);
}

TEST(files_no_memory, "capi/host: a host that has no memory for a file is out of memory") {
  static const tlite_status answers[] = {TLITE_ERROR_OUT_OF_MEMORY, TLITE_ERROR_NOT_FOUND,
                                         TLITE_ERROR_IO, TLITE_ERROR_BAD_STATE, 7};
  for (size_t i = 0; i < LENGTH(answers); ++i) {
    memory_host host;
    memory_host_init(&host);
    host.failing_file = "model.safetensors";
    host.failure = answers[i];
    tlite_host* const given = memory_host_create(&host);
    tlite_model* model = NULL;
    CHECK_ERROR(tlite_model_load(given, "memory", TLITE_NUL, NULL, &model, &error),
                i < 2 ? answers[i] : TLITE_ERROR_IO, "model.safetensors");
    tlite_host_free(given);
    CHECK(model == NULL && host.live == 0 && host.open_files == 0);
  }
}

/* A directory that holds one model as a GGUF file, and other things. */
typedef struct archive {
  memory_host* host;
  void* data;
  size_t size;
  const char* const* names;
  tlite_status failure;
} archive;

static tlite_status archive_list(const char* directory, size_t directory_size,
                                 tlite_file_names* names, void* user) {
  const archive* const self = user;
  CHECK(strlen(directory) == directory_size && strcmp(directory, "folder") == 0);
  for (const char* const* name = self->names; *name != NULL; ++name) {
    CHECK_OK(tlite_file_names_add(names, *name, TLITE_NUL, &error));
  }
  CHECK_ERROR(tlite_file_names_add(names, "a/b", 3, &error), TLITE_ERROR_INVALID_ARGUMENT,
              "name is 'a/b'");
  CHECK_ERROR(tlite_file_names_add(names, "a\0", 2, &error), TLITE_ERROR_INVALID_ARGUMENT,
              "name has a NUL inside");
  CHECK_ERROR(tlite_file_names_add(names, "", 0, &error), TLITE_ERROR_INVALID_ARGUMENT,
              "name is empty");
  CHECK_ERROR(tlite_file_names_add(NULL, "a", 1, &error), TLITE_ERROR_INVALID_ARGUMENT,
              "names is NULL");
  return self->failure;
}

static tlite_status archive_open(const char* path, size_t path_size, const void** data,
                                 size_t* size, void** file, void* user) {
  const archive* const self = user;
  (void)path_size;
  if (strcmp(path, "folder/small.gguf") != 0) return TLITE_ERROR_NOT_FOUND;
  *data = self->data;
  *size = self->size;
  *file = NULL;
  return TLITE_OK;
}

static void archive_close(void* file, void* user) {
  (void)file;
  (void)user;
}

TEST(files_listed, "capi/host: the one .gguf file of a directory is found by file_list") {
  static const char target[] = TLITE_TEST_SCRATCH "/listed.gguf";
  memory_host memory;
  memory_host_init(&memory);
  tlite_host* given = memory_host_create(&memory);
  CHECK_OK(
      tlite_quantize(given, "memory", 6, target, TLITE_NUL, TLITE_WEIGHT_MIX_Q8_0, NULL, &error));
  tlite_host_free(given);
  FILE* const in = fopen(target, "rb");
  REQUIRE(in != NULL);
  fseek(in, 0, SEEK_END);
  static const char* const names[] = {"README.md", "small.gguf", "large", NULL};
  static const char* const two[] = {"small.gguf", "other.gguf", NULL};
  archive files = {NULL, NULL, (size_t)ftell(in), names, TLITE_OK};
  rewind(in);
  files.data = malloc(files.size);
  REQUIRE(files.data != NULL && fread(files.data, 1, files.size, in) == files.size);
  fclose(in);

  tlite_host_options options;
  CHECK(tlite_host_options_init(&options, sizeof options) == TLITE_OK);
  options.user = &files;
  options.file_open = archive_open;
  options.file_close = archive_close;
  tlite_model* model = NULL;
  CHECK_OK(tlite_host_create(&options, &given, &error));
  CHECK_STATUS(tlite_model_load(given, "folder", 6, NULL, &model, &error), TLITE_ERROR_NOT_FOUND);
  tlite_host_free(given);
  options.file_list = archive_list;
  CHECK_OK(tlite_host_create(&options, &given, &error));
  CHECK_OK(tlite_model_load(given, "folder", 6, NULL, &model, &error));
  tlite_model_free(model);
  model = NULL;
  files.names = two;
  CHECK_ERROR(tlite_model_load(given, "folder", 6, NULL, &model, &error),
              TLITE_ERROR_INVALID_ARGUMENT, "it holds 2 models");
  files.failure = TLITE_ERROR_IO;
  CHECK_ERROR(tlite_model_load(given, "folder", 6, NULL, &model, &error), TLITE_ERROR_IO,
              "folder: the host's file_list answers io");
  CHECK(model == NULL);
  tlite_host_free(given);
  free(files.data);
}

TEST(files_alone, "capi/host: file_open and file_close alone do, at any alignment of the data") {
  for (size_t shift = 0; shift < 4; ++shift) {
    memory_host host;
    memory_host_init(&host);
    host.shift = shift;
    tlite_host_options options = memory_host_options(&host);
    options.file_exists = NULL;
    options.file_is_directory = NULL;
    tlite_host* given = NULL;
    tlite_model* model = NULL;
    CHECK_OK(tlite_host_create(&options, &given, &error));
    CHECK_OK(tlite_model_load(given, "memory", TLITE_NUL, NULL, &model, &error));
    tlite_session* const session = tiny_session(model, 4);
    CHECK_OK(tlite_session_add_user(session, "hello", 5, &error));
    CHECK_OK(tlite_session_reply(session, NULL, NULL, NULL, &error));
    tlite_session_free(session);
    tlite_model_free(model);
    model = NULL;
    CHECK_ERROR(tlite_model_load(given, "elsewhere", TLITE_NUL, NULL, &model, &error),
                TLITE_ERROR_NOT_FOUND, "elsewhere/config.json");
    host.failing_file = "config.json";
    CHECK_ERROR(tlite_model_load(given, "memory", TLITE_NUL, NULL, &model, &error), TLITE_ERROR_IO,
                "memory/config.json");
    tlite_host_free(given);
    CHECK(model == NULL && host.live == 0 && host.open_files == 0 && host.released == 1);
  }
}

/* Everything that a program does, from load to free. */
static void whole_life(const tlite_host* given, const char* path) {
  tlite_model* model = NULL;
  CHECK_OK(tlite_model_load(given, path, TLITE_NUL, NULL, &model, &error));
  tlite_session* const session = tiny_session(model, 4);
  CHECK_OK(tlite_session_add_user(session, "hello", 5, &error));
  CHECK_OK(tlite_session_reply(session, NULL, NULL, NULL, &error));
  CHECK(tlite_session_create(NULL, NULL, NULL, NULL) == TLITE_ERROR_INVALID_ARGUMENT);
  tlite_session_free(session);
  tlite_model_free(model);
}

TEST(silent, "capi/host: without a log sink nothing is written, to stdout or stderr") {
  const char* const directory = TLITE_TEST_SCRATCH "/silent";
  const char* const captured = TLITE_TEST_SCRATCH "/captured";
  REQUIRE(tiny_model_write(directory));
  fflush(stdout);
  fflush(stderr);
  const int file = open(captured, O_CREAT | O_TRUNC | O_RDWR, 0666);
  const int out = dup(STDOUT_FILENO);
  const int err = dup(STDERR_FILENO);
  REQUIRE(file >= 0 && out >= 0 && err >= 0);
  dup2(file, STDOUT_FILENO);
  dup2(file, STDERR_FILENO);
  whole_life(NULL, directory);
  tlite_model* none = NULL;
  const tlite_status status = tlite_model_load(NULL, "/no/such", TLITE_NUL, NULL, &none, NULL);
  fflush(stdout);
  fflush(stderr);
  dup2(out, STDOUT_FILENO);
  dup2(err, STDERR_FILENO);
  struct stat written;
  CHECK(fstat(file, &written) == 0 && written.st_size == 0);
  CHECK(status == TLITE_ERROR_NOT_FOUND);
  close(file);
  close(out);
  close(err);
}

/* A host allocator that fails at its n-th call: a defined error, and nothing stays behind. */
TEST(allocator_fails, "capi/host: the allocator may fail at any of its calls") {
  memory_host host;
  long allocations = 0;
  for (long fail_at = -1; fail_at < 1000; ++fail_at) {
    memory_host_init(&host);
    host.fail_at = fail_at;
    tlite_host* const given = memory_host_create(&host);
    tlite_model* model = NULL;
    tlite_session* session = NULL;
    tlite_session* fork = NULL;
    tlite_session_options options;
    tlite_session_options_init(&options, sizeof options);
    options.context = 64;
    options.max_batch_rows = 16;
    tlite_sampling_params params;
    tlite_sampling_params_init(&params, sizeof params);
    params.max_new_tokens = 3;
    tlite_error* error = NULL;
    tlite_status status = tlite_model_load(given, "memory", TLITE_NUL, NULL, &model, &error);
    if (status == TLITE_OK) status = tlite_session_create(model, &options, &session, &error);
    if (status == TLITE_OK) status = tlite_session_set_sampling(session, &params, &error);
    if (status == TLITE_OK) status = tlite_session_add_user(session, "hello", 5, &error);
    if (status == TLITE_OK) status = tlite_session_reply(session, NULL, NULL, NULL, &error);
    if (status == TLITE_OK) status = tlite_session_fork(session, &fork, &error);
    if (status == TLITE_OK) status = tlite_session_add_user(fork, "hello", 5, &error);
    if (status == TLITE_OK) status = tlite_session_reply(fork, NULL, NULL, NULL, &error);
    const int failed = fail_at >= 0 && fail_at < host.allocations;
    CHECK(status == (failed ? TLITE_ERROR_OUT_OF_MEMORY : TLITE_OK));
    CHECK(!failed || strlen(tlite_error_message(error, NULL)) > 0);
    tlite_error_free(error);
    tlite_session_free(session);
    tlite_session_free(fork);
    tlite_model_free(model);
    tlite_host_free(given);
    CHECK(host.live == 0 && host.live_bytes == 0 && host.open_files == 0 && host.released == 1);
    if (fail_at == -1) allocations = host.allocations;
    if (fail_at >= host.allocations) break;
  }
  CHECK(allocations > 0 && allocations < 1000);
}
