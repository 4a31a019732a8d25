/* From the library's callbacks to the functions that host.go exports. Handles of Go are numbers,
 * which here become the callbacks' pointers and back. */
#ifndef TLITE_GO_CALLBACKS_H
#define TLITE_GO_CALLBACKS_H

#include "abi.h"

void tlite_go_set_callbacks(tlite_host_options* options, uintptr_t handle, int32_t log,
                            int32_t files);

/* Not C.malloc, which ends the process where there is no memory. At least one cache line. */
void* tlite_go_alloc(size_t bytes);
void tlite_go_free(void* memory);

#endif
