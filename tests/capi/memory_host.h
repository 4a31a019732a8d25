/* A host program in small: files in memory, an allocator that counts and can fail, a log. */
#ifndef TLITE_TESTS_CAPI_MEMORY_HOST_H
#define TLITE_TESTS_CAPI_MEMORY_HOST_H

#include <stddef.h>
#include <tlite.h>

#ifdef __cplusplus
extern "C" {
#endif

typedef struct memory_host {
  int log_lines;
  long allocations; /* that succeeded or failed, ever */
  long live;        /* allocated and not yet freed */
  size_t live_bytes;
  size_t most_bytes; /* more than this at once is refused; 0: no limit */
  long fail_at;      /* the allocation of this number fails, from 0; -1: none */
  long open_files;
  size_t shift;             /* bytes by which the data of files is misaligned */
  int released;             /* times that `release` was called */
  const char* failing_file; /* a file that cannot be read, though it is there; NULL: none */
  tlite_status failure;     /* what is said of it then; TLITE_OK: TLITE_ERROR_IO */
} memory_host;

/* A host with nothing set; its models are at any path in the directory "memory". */
void memory_host_init(memory_host* host);
/* All callbacks. */
tlite_host_options memory_host_options(memory_host* host);
/* A host of them, or NULL, which counts as a failed check. */
tlite_host* memory_host_create(memory_host* host);

#ifdef __cplusplus
}
#endif

#endif
