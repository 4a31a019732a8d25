/* What the host supplies: log, memory, files. */
#include "tiny_session.h"

#include <fcntl.h>
#include <stdio.h>
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
              "file_exists and file_is_directory need file_open");
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
