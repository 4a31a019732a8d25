#!/usr/bin/env bash
# Builds CPython 3.13 without its global lock, and a venv with what the package's tests use:
#
#   bindings/python/install_free_threaded.sh FOLDER
#
# Debian has the source alone, in trixie, which apt fetches from the mirror that this system uses, with lists of its own.
# Three minutes of a processor. Installs libffi's headers, so as root where they are missing.
set -euo pipefail
folder=$(realpath -m "$1")
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
dpkg -s libffi-dev libssl-dev zlib1g-dev dpkg-dev >/dev/null 2>&1 || apt-get install -y -qq libffi-dev libssl-dev zlib1g-dev dpkg-dev

mirror=$(apt-get indextargets --format '$(REPO_URI)' 'Origin: Debian' 'Label: Debian' | head -n 1)
[ -n "$mirror" ] || { echo "apt knows no mirror of Debian: apt-get update" >&2; exit 1; }
mkdir -p "$work"/{lists,cache/archives}/partial
: >"$work/status"
echo "deb-src $mirror trixie main" >"$work/sources.list"
own=(-qq -o Dir::Etc::sourcelist="$work/sources.list" -o Dir::Etc::sourceparts=/dev/null -o Dir::State::lists="$work/lists"
  -o Dir::State::status="$work/status" -o Dir::Cache="$work/cache" -o APT::Sandbox::User=root)
cd "$work"
apt-get update "${own[@]}"
apt-get source "${own[@]}" --download-only python3.13
tar xf python3.13_*.orig.tar.xz
cd Python-3.13.*
rm -rf "$folder"
./configure -q --disable-gil --disable-test-modules --with-ensurepip=install --prefix="$folder/python"
make -s -j "$(nproc)" 2>"$work/make.log" >&2 && make -s install >>"$work/make.log" 2>&1 || {
  tail -n 40 "$work/make.log" >&2
  exit 1
}
"$folder/python/bin/python3.13t" -m venv "$folder/venv"
"$folder/venv/bin/pip" install -q --only-binary :all: pytest==9.2.0 numpy==2.4.6 tqdm==4.70.1
touch "$folder/ready"
