#!/usr/bin/env bash
# consume.sh BUILD-DIR WAY: installs libtlite into an empty prefix and builds and runs programs on it.
# WAY: find_package, static, pkg_config, examples, or subdirectory (which installs nothing).
set -euo pipefail
build=$(realpath "$1")
way=$2
here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
source=$(cd "$here/../.." && pwd)
work=$build/install-test/$way
prefix="$work/приёмник" # paths are UTF-8
cmake=${CMAKE_COMMAND:-cmake}
cc=${CC:-cc}
cxx=${CXX:-c++}

rm -rf "$work/consumer" "$prefix"
mkdir -p "$work"
if [ "$way" != subdirectory ]; then
  "$cmake" --install "$build" --component tlite --prefix "$prefix" >"$work/install.log"
fi

# project FOLDER NAME OPTION...: builds a consumer project, then runs its program NAME, unless it is empty.
project() {
  local folder=$1 name=$2
  shift 2
  "$cmake" -S "$folder" -B "$work/consumer/$(basename "$folder")" -G Ninja -DCMAKE_BUILD_TYPE="${type:-Release}" \
    -DCMAKE_C_COMPILER="$cc" -DCMAKE_CXX_COMPILER="$cxx" -DCMAKE_PREFIX_PATH="$prefix" "$@" >"$work/log" 2>&1 &&
    "$cmake" --build "$work/consumer/$(basename "$folder")" -j "$(nproc)" >>"$work/log" 2>&1 || {
    tail -n 40 "$work/log"
    return 1
  }
  [ -z "$name" ] || "$work/consumer/$(basename "$folder")/$name"
}

case "$way" in
  find_package)
    project "$here/c" consumer
    project "$here/cpp" consumer -DTLITE_TARGET=tlite::tlite
    ;;
  static)
    project "$here/cpp" consumer -DTLITE_TARGET=tlite::tlite_static -DTLITE_COMPONENTS=static
    ;;
  pkg_config)
    export PKG_CONFIG_PATH=$prefix/lib/pkgconfig LD_LIBRARY_PATH=$prefix/lib
    [ -d "$PKG_CONFIG_PATH" ] || PKG_CONFIG_PATH=$(dirname "$(find "$prefix" -name tlite.pc)")
    LD_LIBRARY_PATH=$(dirname "$PKG_CONFIG_PATH")
    mkdir -p "$work/consumer"
    flags() { pkg-config --cflags --libs "$@"; }
    eval "$cc -std=c99 -pedantic -Wall -Werror '$here/c/main.c' $(flags tlite-c) -o '$work/consumer/c'"
    eval "$cxx -std=c++20 '$here/cpp/main.cpp' $(flags tlite) -o '$work/consumer/cpp'"
    "$work/consumer/c"
    "$work/consumer/cpp"
    for file in tlite_c.json tlite_c.cdef.h; do
      cmp "$source/capi/abi/$file" "$(pkg-config --variable=abidir tlite-c)/$file"
    done
    ;;
  examples)
    for example in c cpp game-godot; do project "$source/examples/$example" ""; done
    ;;
  subdirectory)
    mkdir -p "$work/consumer"
    type=Debug project "$here/subdirectory" consumer_c -DTLITE_SOURCE_DIR="$source" \
      -DCMAKE_CXX_COMPILER_LAUNCHER="$(command -v ccache || true)"
    "$work/consumer/subdirectory/consumer_cpp"
    ;;
  *)
    echo "consume.sh: no way called '$way'" >&2
    exit 2
    ;;
esac
