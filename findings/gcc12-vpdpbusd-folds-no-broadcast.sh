#!/usr/bin/env bash
# GCC 12 makes two instructions of _mm512_dpbusd_epi32 with four bytes for all lanes, where AVX-512 has one that broadcasts
# its operand; into _mm512_add_epi32 it folds them, and Clang folds both. In a loop of byte products that is twice
# the instructions and a register more.
#
# Seen with GCC 12.2.0 and Clang 14.0.6 (Debian 12):
#   g++:
#     vpbroadcastd (%rdi), %zmm2
#     vpdpbusd %zmm2, %zmm1, %zmm0
#     vpaddd (%rdi){1to16}, %zmm0, %zmm0
#   clang++-14:
#     vpdpbusd (%rdi){1to16}, %zmm1, %zmm0
#     vpaddd (%rdi){1to16}, %zmm0, %zmm0
set -euo pipefail
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cat >"$work/products.cpp" <<'CPP'
#include <cstring>

#include <immintrin.h>

static __m512i four_of(const signed char* x) {
  int four;
  std::memcpy(&four, x, 4);
  return _mm512_set1_epi32(four);
}
__m512i product(__m512i sum, __m512i codes, const signed char* x) {
  return _mm512_dpbusd_epi32(sum, codes, four_of(x));
}
__m512i added(__m512i sum, const signed char* x) { return _mm512_add_epi32(sum, four_of(x)); }
CPP
for compiler in "${CXX:-g++}" clang++-14; do
  command -v "$compiler" >/dev/null || continue
  echo "$compiler:"
  "$compiler" -O3 -mavx512f -mavx512vnni -S -o - "$work/products.cpp" | grep -E '^\s+vp' | sed -E 's/^\s+/  /; s/\t/ /g'
done
