// A host in C++ that was compiled without exceptions and without type information, as engines and
// browsers are: everything that goes wrong in the library comes as a status.
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <cstring>

#include <tlite.h>

#if defined(__cpp_exceptions) || defined(__cpp_rtti)
#error "compile with -fno-exceptions -fno-rtti"
#endif

namespace {

int failures = 0;

void expect(bool condition, const char* what) {
  if (condition) return;
  std::fprintf(stderr, "failed: %s\n", what);
  ++failures;
}

struct Error {
  tlite_error* value = nullptr;
  ~Error() { tlite_error_free(value); }
  bool says(const char* part) const {
    return std::strstr(tlite_error_message(value, nullptr), part) != nullptr;
  }
};

// Its `left`-th allocation fails, which the library meets with an exception of its own.
struct Heap {
  long left = -1;
};

void* allocate(std::size_t bytes, std::size_t alignment, void* user) {
  Heap& heap = *static_cast<Heap*>(user);
  if (heap.left == 0) return nullptr;
  if (heap.left > 0) --heap.left;
  return std::aligned_alloc(alignment, (bytes + alignment - 1) / alignment * alignment);
}

void deallocate(void* memory, std::size_t, std::size_t, void*) { std::free(memory); }

tlite_status open_nonsense(const char*, std::size_t, const void** data, std::size_t* size,
                           void** file, void*) {
  static const char nonsense[] = "{\"model_type\": ";
  *data = nonsense;
  *size = sizeof nonsense - 1;
  *file = nullptr;
  return TLITE_OK;
}

void refused(const char* model) {
  tlite_model* none = nullptr;
  Error missing;
  expect(tlite_model_load(nullptr, "/no/such/model", TLITE_NUL, nullptr, &none, &missing.value) ==
                 TLITE_ERROR_NOT_FOUND &&
             missing.says("/no/such/model"),
         "a missing file");
  tlite_host_options options;
  tlite_host_options_init(&options, sizeof options);
  options.file_open = open_nonsense;
  options.file_close = [](void*, void*) {};
  tlite_host* host = nullptr;
  expect(tlite_host_create(&options, &host, nullptr) == TLITE_OK, "a host of files");
  Error corrupt;
  expect(tlite_model_load(host, "m.gguf", TLITE_NUL, nullptr, &none, &corrupt.value) ==
             TLITE_ERROR_CORRUPT,
         "a broken file");
  tlite_host_free(host);
  tlite_load_options load;
  tlite_load_options_init(&load, sizeof load);
  load.on_progress = [](std::int64_t, std::int64_t, void*) { return 1; };
  Error stopped;
  expect(tlite_model_load(nullptr, model, TLITE_NUL, &load, &none, &stopped.value) ==
             TLITE_ERROR_CANCELLED,
         "a load that is stopped");
  expect(none == nullptr, "what failed gives nothing");
}

// A whole life in which each of the host's allocations fails once.
void out_of_memory(const char* path) {
  Heap heap;
  tlite_host_options options;
  tlite_host_options_init(&options, sizeof options);
  options.user = &heap;
  options.allocate = allocate;
  options.deallocate = deallocate;
  tlite_host* host = nullptr;
  expect(tlite_host_create(&options, &host, nullptr) == TLITE_OK, "a host of memory");
  tlite_status status = TLITE_ERROR_OUT_OF_MEMORY;
  long failed = 0;
  for (; status == TLITE_ERROR_OUT_OF_MEMORY && failed < 1000; ++failed) {
    heap.left = failed;
    tlite_model* model = nullptr;
    tlite_session* session = nullptr;
    Error error;
    status = tlite_model_load(host, path, TLITE_NUL, nullptr, &model, &error.value);
    if (status == TLITE_OK) status = tlite_session_create(model, nullptr, &session, &error.value);
    if (status == TLITE_OK) {
      int pieces = 0;
      status = tlite_session_complete(
          session, "Жил-был", TLITE_NUL,
          [](const tlite_piece*, void* user) { return ++*static_cast<int*>(user) >= 5 ? 1 : 0; },
          &pieces, nullptr, &error.value);
      expect(status != TLITE_OK || pieces > 0, "an answer in pieces");
    }
    tlite_session_free(session);
    tlite_model_free(model);
  }
  expect(status == TLITE_OK && failed > 2, "memory that runs out at each place");
  tlite_host_free(host);
}

}  // namespace

int main(int argc, char** argv) {
  if (argc != 2) return 2;
  refused(argv[1]);
  out_of_memory(argv[1]);
  return failures == 0 ? 0 : 1;
}
