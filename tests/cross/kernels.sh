#!/usr/bin/env bash
# kernels.sh TIER [FOLDER]: builds the kernels and their tests for a tier that this processor may lack and runs them
# under emulation; every tier must give the bits of the others. FOLDER defaults to build-TIER.
#
#   neon     64-bit ARM, cross-built, under qemu: needs g++-aarch64-linux-gnu and qemu-user
#   avx512   x86-64 with AVX2 and each AVX-512 intrinsic computed by SIMDe: needs libsimde-dev
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/../.."
tier=${1:?usage: kernels.sh neon|avx512 [FOLDER]}
out=${2:-build-$tier}
mkdir -p "$out/include"

flags=(-std=c++20 -O1 -Ilib -Iinclude -Itests -ffp-contract=off -DTLITE_SOURCE_DIR="\"$PWD\"" -DTLITE_VERSION="\"cross\"")
case "$tier" in
  neon)
    compiler=aarch64-linux-gnu-g++
    emulator=(qemu-aarch64 -L /usr/aarch64-linux-gnu -cpu max)
    flags+=(-Wall -Wextra -Wpedantic -Wconversion -Wsign-conversion -Wshadow -Werror -isystem "$out/include")
    tier_flags=(-march=armv8.2-a+dotprod+fp16) # as in lib/KernelTiers.cmake
    # doctest is one header; the cross compiler does not look where it lies.
    ln -sfn /usr/include/doctest "$out/include/doctest"
    others=()
    ;;
  avx512)
    compiler=g++
    emulator=()
    flags+=(-w) # SIMDe's own warnings; the release build has ours
    tier_flags=(-mavx2 -mfma -mf16c -Itests/cross/avx512)
    others=(lib/kernels/avx2/*.cpp)
    ;;
  *)
    echo "kernels.sh: no tier called '$tier'" >&2
    exit 2
    ;;
esac

sources=(lib/base/{buffer,error}.cpp tests/cross/{any_cpu,serial_pool}.cpp lib/tensor/*.cpp
  lib/kernels/{activations,ops}.cpp lib/kernels/packed/*.cpp lib/kernels/scalar/*.cpp lib/kernels/"$tier"/*.cpp
  "${others[@]}" tests/unit/main.cpp tests/unit/tensor/*_test.cpp
  tests/unit/kernels/{activations,ops,packed}_test.cpp)

object_of() { echo "$out/${1//\//_}.o"; }

compile() {
  local with=("${flags[@]}")
  case "$1" in
    "lib/kernels/$tier"/*) with+=("${tier_flags[@]}") ;;
    lib/kernels/avx2/*) with+=(-mavx2 -mfma -mf16c) ;;
  esac
  $(command -v ccache || true) "$compiler" "${with[@]}" -c "$1" -o "$(object_of "$1")"
}

running=0
for source in "${sources[@]}"; do
  if [ "$running" -ge "$(nproc)" ]; then
    wait -n
    running=$((running - 1))
  fi
  compile "$source" &
  running=$((running + 1))
done
for ((; running > 0; --running)); do wait -n; done

objects=()
for source in "${sources[@]}"; do objects+=("$(object_of "$source")"); done
"$compiler" "${objects[@]}" -o "$out/kernel_tests"
exec "${emulator[@]}" "$out/kernel_tests"
