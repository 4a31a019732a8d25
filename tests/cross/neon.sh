#!/usr/bin/env bash
# Cross-builds the packed kernels and their tests for 64-bit ARM and runs them under emulation: the
# NEON tier must give the bits of the others. Needs g++-aarch64-linux-gnu, qemu-user and doctest.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/../.."
out=${1:-build-neon}
mkdir -p "$out"

compiler=(aarch64-linux-gnu-g++)
if command -v ccache >/dev/null; then compiler=(ccache "${compiler[@]}"); fi
flags=(-std=c++20 -O2 -Ilib -Iinclude -Itests -Wall -Wextra -Wpedantic -Wconversion -Wsign-conversion
  -Wshadow -Werror -ffp-contract=off -DTLITE_SOURCE_DIR="\"$PWD\"" -DTLITE_VERSION="\"cross\"" -isystem "$out/include")
tier=(-march=armv8.2-a+dotprod+fp16) # as in lib/KernelTiers.cmake

# doctest is one header; the cross compiler does not look where it lies.
mkdir -p "$out/include"
ln -sfn /usr/include/doctest "$out/include/doctest"

sources=(lib/base/{buffer,cpu,error}.cpp lib/tensor/*.cpp lib/kernels/activations.cpp lib/kernels/packed/*.cpp
  lib/kernels/{scalar,neon}/packed_*.cpp tests/cross/serial_pool.cpp tests/unit/main.cpp
  tests/unit/tensor/*_test.cpp tests/unit/kernels/{activations,packed}_test.cpp)

compile() {
  local object=$out/${1//\//_}.o
  if [[ $1 == lib/kernels/neon/* ]]; then
    "${compiler[@]}" "${flags[@]}" "${tier[@]}" -c "$1" -o "$object"
  else
    "${compiler[@]}" "${flags[@]}" -c "$1" -o "$object"
  fi
}

jobs=$(nproc)
running=0
for source in "${sources[@]}"; do
  if [ "$running" -ge "$jobs" ]; then
    wait -n
    running=$((running - 1))
  fi
  compile "$source" &
  running=$((running + 1))
done
while [ "$running" -gt 0 ]; do
  wait -n
  running=$((running - 1))
done

objects=()
for source in "${sources[@]}"; do objects+=("$out/${source//\//_}.o"); done
aarch64-linux-gnu-g++ "${objects[@]}" -o "$out/packed_tests"
exec qemu-aarch64 -L /usr/aarch64-linux-gnu -cpu max "$out/packed_tests"
