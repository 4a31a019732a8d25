#!/usr/bin/env bash
# Installs the Debian packages that the project needs and lacks: `build` (default) to compile it, `run` for what is built with OpenBLAS
# in it, `test` for all that tests/run.sh uses, `games` for its stages of games, `desktop` for examples/desktop and its stage, `libreoffice` for
# the stage of examples/libreoffice, `wheel` for bindings/python/test_wheel.sh. Does nothing where they are all there, so it needs
# root or sudo the first time only.
set -euo pipefail

build=(g++ cmake ninja-build pkg-config libeigen3-dev libopenblas-serial-dev libtbb-dev libre2-dev
  libutf8proc-dev libsimdjson-dev nlohmann-json3-dev libcli11-dev libedit-dev libboost1.81-dev)
run=(libtbb12 libre2-9 libutf8proc2 libsimdjson14)
test=("${build[@]}" ccache doctest-dev clang-14 clang-format-14 clang-tidy-14 libclang-rt-14-dev
  g++-aarch64-linux-gnu qemu-user libsimde-dev abigail-tools valgrind locales python3 python3-venv npm chromium luajit
  golang-go git)
games=("${build[@]}" libsdl2-dev libsdl2-ttf-dev fonts-dejavu-core love luajit godot3 godot3-server xvfb xauth
  libgl1-mesa-dri python3)
desktop=("${build[@]}" qt6-base-dev libmd4c-dev fonts-dejavu-core)
libreoffice=(libreoffice-writer libreoffice-l10n-ru python3-uno python3 xvfb fonts-dejavu-core)
wheel=("${build[@]}" binutils debootstrap python3 python3-venv)

case "${1:-build}" in
  build) wanted=("${build[@]}") ;;
  run) wanted=("${run[@]}") ;;
  wheel) wanted=("${wheel[@]}") ;;
  games) wanted=("${games[@]}") ;;
  desktop) wanted=("${desktop[@]}") ;;
  libreoffice) wanted=("${libreoffice[@]}") ;;
  test) wanted=("${test[@]}") ;;
  *)
    echo "usage: install-dependencies.sh [build|run|test|games|desktop|libreoffice|wheel]" >&2
    exit 2
    ;;
esac

# A tool that is there from elsewhere (a newer npm, say) serves as well as Debian's.
have() {
  case "$1" in
    golang-go) command -v go >/dev/null ;;
    g++ | cmake | npm | git | valgrind | ccache | python3 | debootstrap) command -v "$1" >/dev/null ;;
    *) dpkg-query -W -f='${Status}' "$1" 2>/dev/null | grep -q '^install ok installed$' ;;
  esac
}

missing=()
for package in "${wanted[@]}"; do
  have "$package" || missing+=("$package")
done
[ ${#missing[@]} -gt 0 ] || exit 0

echo "installing: ${missing[*]}" >&2
sudo=()
if [ "$(id -u)" -ne 0 ]; then
  command -v sudo >/dev/null || {
    echo "not root and no sudo: please install these packages: ${missing[*]}" >&2
    exit 1
  }
  sudo=(sudo)
fi
"${sudo[@]}" apt-get update -q >&2
"${sudo[@]}" env DEBIAN_FRONTEND=noninteractive apt-get install -qy --no-install-recommends "${missing[@]}" >&2
