#!/usr/bin/env bash
# kernels.sh arm|x86 [FOLDER]: builds the kernels and their tests with the tiers that this processor may lack and runs
# them under emulation; every tier must give the bits of the others. FOLDER defaults to build-cross-arm|x86.
#
#   arm   neon and neon_i8mm, cross-built, under qemu: needs g++-aarch64-linux-gnu and qemu-user
#   x86   avx_vnni, avx512 and amx on a processor with AVX2, each newer intrinsic computed by SIMDe or by loops in
#         cross/x86: needs libsimde-dev
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/../.."
usage="usage: kernels.sh arm|x86 [FOLDER]"
architecture=${1:?$usage}
out=${2:-build-cross-$architecture}
mkdir -p "$out/include"

flags=(-std=c++20 -O1 -Ilib -Iinclude -Itests -ffp-contract=off -DTLITE_SOURCE_DIR="\"$PWD\"" -DTLITE_VERSION="\"cross\"")
avx2=(-mavx2 -mfma -mf16c)
# The flags of the tiers are those of lib/KernelTiers.cmake.
declare -A tiers
case "$architecture" in
  arm)
    compiler=aarch64-linux-gnu-g++
    emulator=(qemu-aarch64 -L /usr/aarch64-linux-gnu -cpu max)
    flags+=(-Wall -Wextra -Wpedantic -Wconversion -Wsign-conversion -Wshadow -Werror -isystem "$out/include")
    tiers=([neon]="-march=armv8.2-a+dotprod+fp16" [neon_i8mm]="-march=armv8.2-a+dotprod+fp16+i8mm")
    # doctest is one header; the cross compiler does not look where it lies.
    ln -sfn /usr/include/doctest "$out/include/doctest"
    ;;
  x86)
    compiler=g++
    emulator=()
    flags+=(-w -Wno-psabi) # SIMDe's own warnings; the release build has ours
    # SIMDe inlines every intrinsic: unrolled tiles of them took GCC 59 s for one file of avx_vnni (packed_q3_k), 9 s
    # with calls.
    flags+=(-DSIMDE_NO_INLINE)
    tiers=([avx2]="${avx2[*]}" [avx_vnni]="${avx2[*]} -Itests/cross/x86" [avx512]="${avx2[*]} -Itests/cross/x86"
      [amx]="${avx2[*]} -Itests/cross/x86 -iquote tests/cross/x86")
    ;;
  *)
    echo "$usage" >&2
    exit 2
    ;;
esac

sources=(lib/base/{buffer,error}.cpp tests/cross/{any_cpu,serial_pool}.cpp lib/tensor/*.cpp
  lib/kernels/{activations,ops}.cpp lib/kernels/packed/*.cpp lib/kernels/scalar/*.cpp
  tests/unit/main.cpp tests/unit/tensor/*_test.cpp
  tests/unit/kernels/{activations,attention_bf16,ops,packed}_test.cpp)
for tier in "${!tiers[@]}"; do sources+=(lib/kernels/"$tier"/*.cpp); done

object_of() { echo "$out/${1//\//_}.o"; }

compile() {
  local tier tier_flags=()
  tier=$(basename "$(dirname "$1")")
  read -ra tier_flags <<<"${tiers[$tier]:-}"
  $(command -v ccache || true) "$compiler" "${flags[@]}" "${tier_flags[@]}" -c "$1" -o "$(object_of "$1")"
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
