#include "memory_host.h"

#include "tiny_model.h"

#include <stdlib.h>
#include <string.h>

static void on_release(void* user) { ((memory_host*)user)->released += 1; }

static void on_log(tlite_log_level level, const char* text, size_t text_size, void* user) {
  memory_host* const host = user;
  if (level >= TLITE_LOG_DEBUG && level <= TLITE_LOG_ERROR && strlen(text) == text_size) {
    __atomic_add_fetch(&host->log_lines, 1, __ATOMIC_RELAXED);
  }
}

static void* on_allocate(size_t bytes, size_t alignment, void* user) {
  memory_host* const host = user;
  const long number = __atomic_fetch_add(&host->allocations, 1, __ATOMIC_RELAXED);
  if (number == host->fail_at) return NULL;
  if (host->most_bytes != 0 && bytes > host->most_bytes) return NULL;
  /* aligned_alloc wants a multiple of the alignment. */
  void* const memory = aligned_alloc(alignment, (bytes + alignment - 1) / alignment * alignment);
  if (memory == NULL) return NULL;
  __atomic_add_fetch(&host->live, 1, __ATOMIC_RELAXED);
  __atomic_add_fetch(&host->live_bytes, bytes, __ATOMIC_RELAXED);
  return memory;
}

static void on_deallocate(void* memory, size_t bytes, size_t alignment, void* user) {
  memory_host* const host = user;
  (void)alignment;
  __atomic_sub_fetch(&host->live, 1, __ATOMIC_RELAXED);
  __atomic_sub_fetch(&host->live_bytes, bytes, __ATOMIC_RELAXED);
  free(memory);
}

static const tiny_file* find_file(const char* path) {
  size_t count = 0;
  const tiny_file* const files = tiny_model_files(&count);
  if (strncmp(path, "memory/", 7) != 0) return NULL;
  for (size_t i = 0; i < count; ++i) {
    if (strcmp(path + 7, files[i].name) == 0) return &files[i];
  }
  return NULL;
}

static int32_t on_file_exists(const char* path, size_t path_size, void* user) {
  (void)path_size;
  (void)user;
  return strcmp(path, "memory") == 0 || find_file(path) != NULL;
}

static int32_t on_file_is_directory(const char* path, size_t path_size, void* user) {
  (void)user;
  return path_size == 6 && memcmp(path, "memory", 6) == 0;
}

static tlite_status on_file_open(const char* path, size_t path_size, const void** data,
                                 size_t* size, void** file, void* user) {
  memory_host* const host = user;
  const tiny_file* const found = strlen(path) == path_size ? find_file(path) : NULL;
  if (found == NULL) return TLITE_ERROR_NOT_FOUND;
  if (host->failing_file != NULL && strcmp(host->failing_file, found->name) == 0) {
    return host->failure == TLITE_OK ? TLITE_ERROR_IO : host->failure;
  }
  char* copy = NULL;
  if (host->shift > 0) {
    copy = malloc(found->size + host->shift);
    if (copy == NULL) return TLITE_ERROR_IO;
    memcpy(copy + host->shift, found->data, found->size);
  }
  __atomic_add_fetch(&host->open_files, 1, __ATOMIC_RELAXED);
  *data = copy == NULL ? found->data : copy + host->shift;
  *size = found->size;
  *file = copy == NULL ? (void*)host : copy;
  return TLITE_OK;
}

static void on_file_close(void* file, void* user) {
  if (file == NULL) return; /* not what file_open gave: it counts as open for ever */
  if (file != user) free(file);
  __atomic_sub_fetch(&((memory_host*)user)->open_files, 1, __ATOMIC_RELAXED);
}

void memory_host_init(memory_host* host) {
  memset(host, 0, sizeof *host);
  host->fail_at = -1;
}

tlite_host_options memory_host_options(memory_host* host) {
  tlite_host_options options;
  tlite_host_options_init(&options, sizeof options);
  options.threads = 2;
  options.user = host;
  options.release = on_release;
  options.log = on_log;
  options.allocate = on_allocate;
  options.deallocate = on_deallocate;
  options.file_exists = on_file_exists;
  options.file_is_directory = on_file_is_directory;
  options.file_open = on_file_open;
  options.file_close = on_file_close;
  return options;
}

tlite_host* memory_host_create(memory_host* host) {
  const tlite_host_options options = memory_host_options(host);
  tlite_host* given = NULL;
  tlite_host_create(&options, &given, NULL);
  return given;
}
