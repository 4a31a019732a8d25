/* The host's floating-point environment: whatever it is, the bits are the same, and it stays. */
#define _GNU_SOURCE /* feenableexcept */
#include "life.h"

#include <fenv.h>
#include <stdio.h>
#if defined(__x86_64__)
#include <xmmintrin.h>
#endif

/* Rounding, FTZ, DAZ, masks and raised flags: all there is, but for "inexact", which every function
 * that divides may raise. */
enum { KINDS = FE_ALL_EXCEPT & ~FE_INEXACT };

typedef struct environment {
  int rounding;
  int traps;
  int raised;
  unsigned control;
} environment;

static environment now(void) {
  environment found = {fegetround(), fegetexcept(), fetestexcept(KINDS), 0};
#if defined(__x86_64__)
  found.control = _mm_getcsr() & ~_MM_EXCEPT_MASK;
#endif
  return found;
}

static int is_same(environment a, environment b) {
  return a.rounding == b.rounding && a.traps == b.traps && a.raised == b.raised &&
         a.control == b.control;
}

static void look(void* user) { CHECK(is_same(now(), *(const environment*)user)); }

/* A life in the environment that is set. */
static void check_here(int32_t threads, uint64_t expected) {
  environment before = now();
  const life how = {.threads = threads, .within = look, .user = &before};
  CHECK(live(&how) == expected);
  CHECK(is_same(now(), before));
}

TEST(rounding, "embedding/float: a host that rounds another way gets the same bits, and keeps it") {
  static const int modes[] = {FE_UPWARD, FE_DOWNWARD, FE_TOWARDZERO};
  const uint64_t expected = live_quietly(1);
  CHECK(live_quietly(3) == expected);
  for (size_t i = 0; i < LENGTH(modes); ++i) {
    CHECK(fesetround(modes[i]) == 0);
    check_here(i == 0 ? 1 : 3, expected);
    CHECK(fegetround() == modes[i]);
    fesetenv(FE_DFL_ENV);
  }
}

#if defined(__x86_64__)
TEST(denormals,
     "embedding/float: FTZ and DAZ of the host's are as it set them, and without effect") {
  const uint64_t expected = live_quietly(1);
  for (int32_t threads = 1; threads <= 3; threads += 2) {
    _mm_setcsr(_mm_getcsr() | 0x8040U);
    check_here(threads, expected);
    tlite_sampling_params params;
    tlite_sampling_params_init(&params, sizeof params);
    params.top_p = 0; /* not as large as the smallest denormal */
    CHECK_ERROR(tlite_sampling_params_validate(&params, 100, &error), TLITE_ERROR_INVALID_ARGUMENT,
                "top_p");
    CHECK((_mm_getcsr() & 0x8040U) == 0x8040U);
    fesetenv(FE_DFL_ENV);
    check_here(threads, expected); /* nor does the library set them */
    CHECK((_mm_getcsr() & 0x8040U) == 0);
  }
}
#endif

TEST(traps, "embedding/float: exceptions that the host traps are not raised on its thread") {
  const uint64_t expected = live_quietly(1);
  for (int32_t threads = 1; threads <= 3; threads += 2) {
    feclearexcept(FE_ALL_EXCEPT);
    CHECK(feenableexcept(KINDS) != -1);
    check_here(threads, expected);
    CHECK(fetestexcept(KINDS) == 0);
    fesetenv(FE_DFL_ENV);
  }
}

/* Files are compared, which are written by quantizers that fit scales by least squares. */
static uint64_t quantized(void) {
  static const char kTarget[] = TLITE_TEST_SCRATCH "/rounded.gguf";
  remove(kTarget);
  CHECK_OK(tlite_quantize(NULL, TLITE_TEST_MODEL, TLITE_NUL, kTarget, TLITE_NUL,
                          TLITE_WEIGHT_MIX_Q4_K_M, NULL, &error));
  uint64_t hash = 0;
  FILE* const file = fopen(kTarget, "rb");
  CHECK(file != NULL);
  char bytes[65536];
  for (size_t got; file != NULL && (got = fread(bytes, 1, sizeof bytes, file)) > 0;) {
    hash = hash_of(hash, bytes, got);
  }
  if (file != NULL) fclose(file);
  return hash;
}

TEST(quantizing, "embedding/float: a file is quantized to the same bytes in any rounding mode") {
  const uint64_t expected = quantized();
  fesetround(FE_UPWARD);
  const environment before = now();
  CHECK(quantized() == expected);
  CHECK(is_same(now(), before));
  fesetenv(FE_DFL_ENV);
}
