#include "callbacks.h"

#include "_cgo_export.h"

#include <stdlib.h>

static void release(void* user) { tliteGoRelease((uintptr_t)user); }

static void log_line(tlite_log_level level, const char* text, size_t text_size, void* user) {
  tliteGoLog(level, (char*)text, text_size, (uintptr_t)user);
}

static tlite_status file_open(const char* path, size_t path_size, const void** data, size_t* size,
                              void** file, void* user) {
  uintptr_t handle = 0;
  const tlite_status status =
      tliteGoFileOpen((char*)path, path_size, (void**)data, size, &handle, (uintptr_t)user);
  *file = (void*)handle;
  return status;
}

static void file_close(void* file, void* user) {
  tliteGoFileClose((uintptr_t)file, (uintptr_t)user);
}

static int32_t file_exists(const char* path, size_t path_size, void* user) {
  return tliteGoFileExists((char*)path, path_size, (uintptr_t)user);
}

static int32_t file_is_directory(const char* path, size_t path_size, void* user) {
  return tliteGoFileIsDirectory((char*)path, path_size, (uintptr_t)user);
}

static tlite_status file_list(const char* directory, size_t directory_size, tlite_file_names* names,
                              void* user) {
  return tliteGoFileList((char*)directory, directory_size, names, (uintptr_t)user);
}

void tlite_go_set_callbacks(tlite_host_options* options, uintptr_t handle, int32_t log,
                            int32_t files) {
  options->user = (void*)handle;
  options->release = release;
  if (log) options->log = log_line;
  if (files) {
    options->file_open = file_open;
    options->file_close = file_close;
    options->file_exists = file_exists;
    options->file_is_directory = file_is_directory;
    options->file_list = file_list;
  }
}

void* tlite_go_alloc(size_t bytes) {
  const size_t line = 64;
  return bytes > SIZE_MAX - line ? NULL : aligned_alloc(line, (bytes / line + 1) * line);
}

void tlite_go_free(void* memory) { free(memory); }
