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
case "$architecture" in
  arm)
    compiler=aarch64-linux-gnu-g++
    emulator=(qemu-aarch64 -L /usr/aarch64-linux-gnu -cpu max)
    flags+=(-Wall -Wextra -Wpedantic -Wconversion -Wsign-conversion -Wshadow -Werror -isystem "$out/include")
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
    ;;
  *)
    echo "$usage" >&2
    exit 2
    ;;
esac

# The tiers, their flags and their packed kernels are those of lib/KernelTiers.cmake.
rm -rf "$out/kernels"
cmake -DTLITE_ARCHITECTURE="$architecture" -DFOLDER="$(realpath "$out")" -P tests/cross/kernels.cmake
declare -A tiers
while read -r tier tier_flags; do
  tiers[$tier]=$tier_flags
  # AVX2 is there; what is newer comes from SIMDe's headers and ours.
  case "$architecture $tier" in
    arm* | *scalar | *avx2) ;;
    *) tiers[$tier]="${tiers[avx2]} -Itests/cross/x86 -iquote tests/cross/x86" ;;
  esac
done <"$out/tiers"

sources=(lib/base/{buffer,error}.cpp tests/cross/{any_cpu,serial_pool}.cpp lib/tensor/*.cpp
  lib/kernels/{activations,ops}.cpp lib/kernels/packed/*.cpp
  tests/unit/main.cpp tests/unit/tensor/*_test.cpp
  tests/unit/kernels/{activations,attention_bf16,ops,packed}_test.cpp)
shopt -s nullglob # a tier may have nothing but packed kernels
for tier in "${!tiers[@]}"; do sources+=({lib,"$out"}/kernels/"$tier"/*.cpp); done

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
