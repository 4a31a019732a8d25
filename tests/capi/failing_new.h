/* Replaces operator new of the whole program by one that can be told to fail. */
#ifndef TLITE_TESTS_CAPI_FAILING_NEW_H
#define TLITE_TESTS_CAPI_FAILING_NEW_H

#ifdef __cplusplus
extern "C" {
#endif

/* From now on the allocation number `n` of this thread, from 0, fails; -1: none. */
void failing_new_at(long n);
/* The same, and all after it. */
void failing_new_from(long n);
/* Allocations of this thread since then. */
long failing_new_count(void);

#ifdef __cplusplus
}
#endif

#endif
