#!/usr/bin/env bash
# check.sh BUILD-DIR CACHE: the Go package over the library of BUILD-DIR, as it would be installed.
set -euo pipefail
here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
source=$(cd "$here/../.." && pwd)
build=$(realpath "$1")
cache=$2
work=$build/go-test
prefix=$work/prefix
jobs=$(nproc)

GOROOT=$("$here/toolchain.sh" "$cache")
export GOROOT PATH="$GOROOT/bin:$PATH" GOTOOLCHAIN=local GOFLAGS=-p=$jobs GOWORK=off GO111MODULE=on
export GOCACHE=$cache/go/build GOPATH=$cache/go/path GOPROXY=off GOSUMDB=off

rm -rf "$work"
mkdir -p "$work"
cmake --install "$build" --component tlite --prefix "$prefix" >"$work/install.log"
pc=$(find "$prefix" -name tlite-c.pc)
lib=$(cd "$(dirname "$pc")/.." && pwd)
library=$(find "$lib" -name 'libtlite_c.so.[0-9]' -o -name 'libtlite_c.so.[0-9][0-9]')

step() { echo "--- go: $1"; }
linked() { env PKG_CONFIG_PATH="$(dirname "$pc")" LD_LIBRARY_PATH="$lib" "$@"; }
loaded() { env -u PKG_CONFIG_PATH -u LD_LIBRARY_PATH TLITE_LIBRARY="$library" "$@"; }

step "format, generated files, vet"
python3 "$source/bindings/go/generate_ffi.py" --check
unformatted=$(gofmt -l "$source/bindings/go" "$source/examples/go" "$here")
[ -z "$unformatted" ] || { echo "not as gofmt has it: $unformatted"; exit 1; }
cd "$source/bindings/go"
linked go vet ./...
linked go vet -tags tlite_bench ./...
loaded go vet -tags tlite_dlopen ./...

step "tests, linked, with the race detector"
linked go test -race ./...
step "tests, loaded at run time"
# Memory is looked at here, where glibc gives back what it can and no sanitizer keeps some.
loaded env MALLOC_ARENA_MAX=1 MALLOC_MMAP_THRESHOLD_=65536 go test -tags tlite_dlopen ./...
step "tests, on a library of a later version, whose structures have grown"
grown=$build/tests/capi/frozen/grown
loaded env TLITE_LIBRARY="$grown/$(basename "$library")" go test -tags tlite_dlopen ./...
step "tests, linked, with the address sanitizer"
linked env ASAN_OPTIONS=allocator_may_return_null=1 go test -asan ./...
step "examples"
cd "$source/examples/go"
linked go vet ./...
linked go test ./...

step "a program of its own, from an empty module cache"
python3 "$here/make_proxy.py" "$source/bindings/go" "$work/proxy" v0.1.0
cp -r "$here/consumer" "$work/consumer"
cd "$work/consumer"
fresh() { "$1" env GOPROXY="file://$work/proxy" GOPATH="$work/path" GOFLAGS=-modcacherw "${@:2}"; }
mv program.go.txt main.go
fresh linked go mod init example.org/consumer 2>"$work/mod.log"
fresh linked go get libtlite.org/tlite@v0.1.0 2>>"$work/mod.log"
fresh linked go build -o linked .
fresh loaded go build -tags tlite_dlopen -o loaded .
model=$source/examples/demo-model/model
[ "$(linked ./linked "$model")" = "the model has answered" ]
[ "$(loaded ./loaded "$model")" = "the model has answered" ]
[ "$(linked env LD_LIBRARY_PATH="$grown" ./linked "$model")" = "the model has answered" ]

step "libraries that are not the one"
cc -shared -fPIC -o "$work/$(basename "$library")" -Wl,-soname,"$(basename "$library")" \
  -Wl,--version-script="$here/other_abi.map" "$here/other_abi.c"
refused() {
  local answer
  answer=$("$@") && { echo "a library of another ABI was taken"; return 1; }
  [ "$answer" = "not supported: other_abi.c is of ABI 77.5" ] || { echo "$answer"; return 1; }
}
refused env LD_LIBRARY_PATH="$work" ./linked "$model"
refused env TLITE_LIBRARY="$work/$(basename "$library")" ./loaded "$model"
