/* How the library is loaded by programs built with the tag tlite_dlopen. */
#ifndef TLITE_GO_DLOPEN_H
#define TLITE_GO_DLOPEN_H

#include <stddef.h>

enum { TLITE_GO_LOADED, TLITE_GO_NOT_THERE, TLITE_GO_NOT_OURS };

/* Loads the library and looks up all functions of abi.h, or says what is wrong. */
int tlite_go_open(const char* path, char* message, size_t message_size);

/* NULL, or the name of a function that the library lacks. Generated: abi_dlopen.c. */
const char* tlite_go_bind(void* library);

#endif
