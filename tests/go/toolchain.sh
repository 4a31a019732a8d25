#!/usr/bin/env bash
# toolchain.sh CACHE: installs the pinned Go, the oldest that the module takes, and prints its folder.
#
# It comes through the Go module proxy, checked by Go's checksum database, by whatever Go is there: Debian's is too
# old for the module but not for this. The proxy's files lack the right to be executed.
set -euo pipefail
cache=$1
version=1.24.13

if ! command -v go >/dev/null; then
  echo "toolchain.sh: no go to fetch go$version with: apt-get install golang-go" >&2
  exit 1
fi
module=golang.org/toolchain@v0.0.1-go$version.$(go env GOOS)-$(go env GOARCH)
root=$cache/go/path/pkg/mod/$module
if [ ! -x "$root/bin/go" ]; then
  mkdir -p "$cache/go"
  # Not in a module: its go.mod may ask for a newer Go than this one.
  (cd "$cache/go" && GOPATH=$cache/go/path GOFLAGS=-modcacherw GOTOOLCHAIN=local GO111MODULE=on GOWORK=off \
    go mod download "$module") >&2
  find "$root/pkg/tool" "$root/bin" -type f -exec chmod a+x {} +
fi
echo "$root"
