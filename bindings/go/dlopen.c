// clang-format off
//go:build tlite_dlopen

// clang-format on
#include "dlopen.h"

#include "abi.h"

#include <dlfcn.h>
#include <stdint.h>
#include <stdio.h>

typedef tlite_status (*check_abi)(uint32_t, tlite_error**);
typedef const char* (*error_message)(const tlite_error*, size_t*);
typedef void (*error_free)(tlite_error*);

/* The ABI first: a library of another lacks functions, or has others of their names. */
static const char* asks_abi(void* library, const char* path, char* message, size_t message_size) {
  const check_abi check = (check_abi)dlsym(library, "tlite_check_abi");
  const error_message text = (error_message)dlsym(library, "tlite_error_message");
  const error_free release = (error_free)dlsym(library, "tlite_error_free");
  if (check == NULL || text == NULL || release == NULL) {
    snprintf(message, message_size, "%s is no libtlite_c", path);
    return message;
  }
  tlite_error* error = NULL;
  if (check(TLITE_ABI_VERSION, &error) == TLITE_OK) return NULL;
  snprintf(message, message_size, "%s: %s", path, text(error, NULL));
  release(error);
  return message;
}

int tlite_go_open(const char* path, char* message, size_t message_size) {
  void* const library = dlopen(path, RTLD_NOW | RTLD_LOCAL);
  if (library == NULL) {
    const char* const why = dlerror();
    snprintf(message, message_size, "%s", why != NULL ? why : path);
    return TLITE_GO_NOT_THERE;
  }
  if (asks_abi(library, path, message, message_size) == NULL) {
    const char* const missing = tlite_go_bind(library);
    if (missing == NULL) return TLITE_GO_LOADED;
    snprintf(message, message_size, "%s has no %s", path, missing);
  }
  dlclose(library);
  return TLITE_GO_NOT_OURS;
}
