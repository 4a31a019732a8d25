/* What a host does with the library, from a load to the last free, as one number. */
#ifndef TLITE_TESTS_EMBEDDING_LIFE_H
#define TLITE_TESTS_EMBEDDING_LIFE_H

#include "check.h"

#include <stdint.h>

typedef struct life {
  int32_t threads;
  const char* model; /* NULL: the demo model */
  int32_t read;      /* its files into memory, in place of mapping them */
  /* Optional: called with each piece and when the model is loaded, and, where `loading`, with each
   * progress of the load. */
  void (*within)(void* user);
  void* user;
  int32_t loading;
} life;

/* Loads, which quantizes; answers, measures logits, embeds, renders a template; frees everything.
 * A hash of all bits that came out, and a failed check where something did not work. */
uint64_t live(const life* how);

/* The bits of a life of defaults on `threads`, undisturbed. */
uint64_t live_quietly(int32_t threads);

/* FNV-1a, going on from `hash`. */
uint64_t hash_of(uint64_t hash, const void* data, size_t size);

#endif
