#!/usr/bin/env bash
# Installs what is missing, builds and runs every test.
#
#   tests/run.sh             the release build, every test, format and lint, the kernels of other processors emulated
#   tests/run.sh --quick     the release build and its tests alone
#   tests/run.sh --long      also Clang with ASan and UBSan, TSan, a soak, valgrind, clang-tidy, the fuzzers, 60 s each,
#                            the Python wheel, and the Python tests under ASan
#   tests/run.sh --only S    one stage, by its name below; may be repeated
#
# Build folders are build-*/ in the tree. Peer packages that tests compare against (PyPI, npm) are installed in
# ${XDG_CACHE_HOME:-~/.cache}/libtlite. Exit status 0 where every stage passed.
set -uo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."
root=$PWD
jobs=$(nproc)
cache=${XDG_CACHE_HOME:-$HOME/.cache}/libtlite
mode=normal
only=()
while [ $# -gt 0 ]; do
  case "$1" in
    --quick) mode=quick ;;
    --long) mode=long ;;
    --only)
      [ $# -ge 2 ] || { echo "run.sh: --only needs a stage" >&2; exit 2; }
      only+=("$2")
      shift
      ;;
    *)
      sed -n '2,12s/^# \{0,1\}//p' "$0"
      exit 2
      ;;
  esac
  shift
done
export TLITE_TEST_MODE=$mode TLITE_TEST_CACHE=$cache
export CCACHE_BASEDIR=$root CCACHE_NOHASHDIR=1

passed=0
failed=0
failures=()

# stage NAME COMMAND...: runs the command unless --only asks for others; counts it.
stage() {
  local name=$1 start=$SECONDS
  shift
  if [ ${#only[@]} -gt 0 ] && [[ " ${only[*]} " != *" $name "* ]]; then return; fi
  echo "=== $name"
  if "$@"; then
    passed=$((passed + 1))
    echo "=== $name: passed in $((SECONDS - start)) s"
  else
    failed=$((failed + 1))
    failures+=("$name")
    echo "=== $name: FAILED after $((SECONDS - start)) s"
  fi
}

sources() { git ls-files -z -- '*.cpp' '*.hpp' '*.h' '*.c' | grep -zv '^capi/abi/'; }

format() { sources | xargs -0 -r clang-format-14 --dry-run --Werror; }

# ruff and mypy, pinned, in the cache folder.
python_lint() {
  local venv=$cache/lint
  if [ ! -x "$venv/bin/mypy" ]; then
    python3 -m venv "$venv" && "$venv/bin/pip" install -q ruff==0.17.6 mypy==2.4.1 || return 1
  fi
  "$venv/bin/ruff" check --config tests/ruff.toml . &&
    "$venv/bin/ruff" format --check --config tests/ruff.toml . &&
    types "$venv/bin/mypy"
}

# One run a folder, in turn: scripts import their neighbours by bare name, those of a package by its own, and two runs at
# once that share a cache crash now and then ("INTERNAL ERROR").
types() {
  local folder top failed=0
  while read -r folder; do
    top=$folder
    while [ -e "$top/__init__.py" ]; do top=$(dirname "$top"); done
    MYPYPATH=$top:bindings/python/src "$1" --config-file tests/mypy.ini --no-error-summary "$folder"/*.py || failed=1
  done < <(git ls-files -- '*.py' | xargs -n1 dirname | sort -u)
  return "$failed"
}

# python_venv DIR: what its tests use, the notebook's kernel and the evaluation harness (without torch) included.
python_venv() {
  [ ! -e "$1/ready" ] || return 0
  rm -rf "$1"
  python3 -m venv "$1" && "$1/bin/pip" install -q pytest==9.2.0 numpy==2.4.6 tqdm==4.70.1 lm-eval==0.4.13 matplotlib==3.11.2 \
    nbclient==0.11.0 nbformat==5.11.1 ipykernel==7.4.0 && touch "$1/ready"
}
# The Python package over the library of the release build.
python_package() {
  local venv=$cache/python-4
  python_venv "$venv" || return 1
  "$venv/bin/python" -X faulthandler -m pytest -q -W error -p no:cacheprovider bindings/python/tests || return 1
  # And of a later version, whose structures have grown.
  TLITE_LIBRARY=$root/build-release/tests/capi/frozen/grown/libtlite_c.so "$venv/bin/python" -X faulthandler \
    -m pytest -q -W error -p no:cacheprovider bindings/python/tests/test_{session,engine,evaluator,sampling,scores,tokenizer}.py || return 1
  # What of the extension for LibreOffice needs no office.
  "$venv/bin/python" -X faulthandler -m pytest -q -W error -p no:cacheprovider tests/libreoffice/unit
}
# The same without the interpreter's lock, where threads are in the package at once.
python_free_threaded() {
  local folder=$cache/free-threaded-1
  [ -e "$folder/ready" ] || bindings/python/install_free_threaded.sh "$folder" || return 1
  "$folder/venv/bin/python" -X faulthandler -m pytest -q -W error -p no:cacheprovider bindings/python/tests
}
# tlite.transformers beside transformers itself, call by call.
python_transformers() {
  local venv=$cache/transformers-1
  if [ ! -e "$venv/ready" ]; then
    rm -rf "$venv"
    python3 -m venv "$venv" && "$venv/bin/pip" install -q transformers==5.24.0 torch==2.15.0 numpy==2.4.6 jinja2==3.1.6 &&
      touch "$venv/ready" || return 1
  fi
  PYTHONPATH=bindings/python/src TLITE_LIBRARY=$root/build-release/capi/libtlite_c.so \
    "$venv/bin/python" bindings/python/differential/transformers_api.py examples/demo-model/model
}
# tlite.vllm beside vLLM itself, call by call.
python_vllm() {
  local venv=$cache/vllm-1
  [ -e "$venv/ready" ] || bindings/python/differential/install_vllm.sh "$venv" || return 1
  PYTHONPATH=bindings/python/src TLITE_LIBRARY=$root/build-release/capi/libtlite_c.so \
    "$venv/bin/python" bindings/python/differential/vllm_api.py examples/demo-model/model
}
# The server under real clients.
server() {
  bash tests/server/clients.sh "$cache" build-release/examples/server/tlite-server examples/demo-model/model
}
# tlite.lm_eval beside the harness's own model, score by score and text by text.
python_lm_eval() {
  local venv=$cache/lm-eval-1
  if [ ! -e "$venv/ready" ]; then
    rm -rf "$venv"
    python3 -m venv "$venv" && "$venv/bin/pip" install -q lm-eval==0.4.13 numpy==2.4.6 transformers==5.24.0 torch==2.15.0 \
      accelerate==1.15.0 && touch "$venv/ready" || return 1
  fi
  PYTHONPATH=bindings/python/src TLITE_LIBRARY=$root/build-release/capi/libtlite_c.so LMEVAL_LOG_LEVEL=ERROR \
    "$venv/bin/python" bindings/python/differential/lm_eval_api.py examples/demo-model/model
}
# The Python suite over the library of the build for ASan, whose runtime is loaded before the interpreter: no error, and
# nothing leaked when the tests are done. Python's own allocator would hide both.
python_asan() {
  local venv=$cache/python-4 folder=build-clang-asan
  python_venv "$venv" && cmake --preset clang-asan >"$folder.log" 2>&1 &&
    cmake --build "$folder" -j "$jobs" --target tlite_capi >>"$folder.log" 2>&1 || {
    tail -n 60 "$folder.log"
    return 1
  }
  rm -f "$folder.log"
  env TLITE_LIBRARY="$root/$folder/capi/libtlite_c.so" PYTHONMALLOC=malloc PYTHONPATH=bindings/python/tests \
    ASAN_OPTIONS=leak_check_at_exit=0:handle_segv=0 \
    LSAN_OPTIONS=suppressions="$root/bindings/python/tests/lsan.supp":print_suppressions=0 \
    LD_PRELOAD="$(clang-14 -print-file-name=libclang_rt.asan-x86_64.so)" \
    "$venv/bin/python" -X faulthandler -m pytest -q -W error -p no:cacheprovider -p asan_leaks bindings/python/tests
}
# Its wheel: built, repaired, and tried where there is nothing else.
python_wheel() { bindings/python/test_wheel.sh; }

# The server's Dockerfile, step by step in a Debian of its own, and what it makes.
dockerfile() { cmake/install-dependencies.sh wheel && python3 tests/package/dockerfile.py "$cache" examples/demo-model/model; }

# build PRESET [CMAKE OPTION...]: configures and builds into build-PRESET.
build() {
  local preset=$1
  shift
  cmake --preset "$preset" "$@" >"build-$preset.log" 2>&1 &&
    cmake --build "build-$preset" -j "$jobs" >>"build-$preset.log" 2>&1 && rm -f "build-$preset.log" && return
  tail -n 60 "build-$preset.log"
  return 1
}

tests_of() { ctest --test-dir "$1" --output-on-failure --no-tests=error "${@:2}"; }

release() { build release && tests_of build-release; }
# Games over the library of the release build: a scene in LÖVE under a virtual screen, one in SDL on none, one in Godot on both.
game_love() { cmake/install-dependencies.sh games && python3 tests/love/check.py build-release/capi/libtlite_c.so; }
game_sdl() {
  cmake/install-dependencies.sh games &&
    cmake --preset release -DTLITE_BUILD_GAME_SDL=ON >build-game.log 2>&1 &&
    cmake --build build-release -j "$jobs" --target tlite_game_sdl >>build-game.log 2>&1 || { tail -n 60 build-game.log; return 1; }
  rm -f build-game.log
  python3 tests/game-sdl/check.py build-release/examples/game-sdl/schoolroom
}
game_godot() {
  cmake/install-dependencies.sh games &&
    cmake --preset release -DTLITE_BUILD_GAME_GODOT=ON >build-game.log 2>&1 &&
    cmake --build build-release -j "$jobs" --target tlite_game_godot >>build-game.log 2>&1 || { tail -n 60 build-game.log; return 1; }
  rm -f build-game.log
  python3 tests/godot/check.py build-release/examples/game-godot/project
}
# The window in Qt 6, without a screen.
desktop() {
  cmake/install-dependencies.sh desktop &&
    cmake --preset release -DTLITE_BUILD_DESKTOP=ON >build-desktop.log 2>&1 &&
    cmake --build build-release -j "$jobs" --target tlite_desktop tlite_desktop_test >>build-desktop.log 2>&1 || {
    tail -n 60 build-desktop.log
    return 1
  }
  rm -f build-desktop.log
  tests_of build-release -R '^desktop$'
}
# The extension for LibreOffice in a real office.
libreoffice() { cmake/install-dependencies.sh libreoffice && tests/libreoffice/check.sh build-release/capi/libtlite_c.so; }
# Kernels of processors that this one may not be, under emulation.
cross() { bash tests/cross/kernels.sh "$1" >"build-cross-$1.log" 2>&1 || { tail -n 60 "build-cross-$1.log"; return 1; }; }
# The Go package over the release build's library, by a pinned Go in the cache folder.
go_package() { bash tests/go/check.sh build-release "$cache"; }
# The server's page: built anew, compared with the committed one, tried in headless Chromium.
server_page() { bash examples/server/page/check.sh "$cache"; }
# One build for three checks: no warning under Clang, no finding of ASan and UBSan, fuzzers.
clang_asan() {
  cmake/install-dependencies.sh games && build clang-asan -DTLITE_BUILD_GAME_SDL=ON && tests_of build-clang-asan -L sanitize
}
tsan() { build tsan && tests_of build-tsan -L sanitize; }

tidy() {
  git ls-files -z -- 'lib/*.cpp' 'capi/*.cpp' 'examples/*.cpp' |
    grep -zv "/kernels/neon" |
    # Packed kernels are three texts over templates: some of them.
    cat - <(printf '%s\0' build-clang-asan/lib/kernels/*/packed_{bf16,q4_0,q4_k}.cpp) |
    xargs -0 -n 4 -P "$jobs" clang-tidy-14 -p build-clang-asan --quiet 2>/dev/null
}

# AVX-512 is off under valgrind, which does not know it; the tests see a processor without.
memcheck() {
  valgrind --quiet --error-exitcode=9 --leak-check=full --show-leak-kinds=definite \
    --errors-for-leak-kinds=definite --suppressions=tests/valgrind.supp \
    build-release/tests/unit/tlite_unit --test-case-exclude='*[slow]*'
}

# Random requests on shared engines, as the sanitizers of the two builds above see them.
soak() {
  local preset
  for preset in clang-asan tsan; do
    "build-$preset/tests/soak/engine_soak" --requests 10000 || return 1
  done
}

# Each fuzzer for a minute, over what it found before.
fuzz() {
  local seconds=60 fuzzer
  for fuzzer in build-clang-asan/tests/fuzz/*_fuzz; do
    echo "--- $(basename "$fuzzer"), $seconds s"
    local corpus
    corpus=tests/fuzz/corpus/$(basename "$fuzzer" _fuzz)
    mkdir -p "$cache/fuzz/$(basename "$fuzzer")"
    "$fuzzer" -max_total_time=$seconds -timeout=10 -rss_limit_mb=2048 -print_final_stats=0 \
      "$cache/fuzz/$(basename "$fuzzer")" $([ -d "$corpus" ] && echo "$corpus") >fuzz.log 2>&1 ||
      { tail -n 40 fuzz.log; return 1; }
    tail -n 1 fuzz.log
  done
  rm -f fuzz.log
}

stage dependencies cmake/install-dependencies.sh test
stage release release
if [ "$mode" != quick ]; then
  stage format format
  stage python_lint python_lint
  stage python python_package
  stage server server
  stage go go_package
  stage server_page server_page
  stage game_love game_love
  stage game_sdl game_sdl
  stage game_godot game_godot
  stage desktop desktop
  stage cross_arm cross arm
  stage cross_x86 cross x86
fi
# Three more builds, an hour on 2 cores: too long for every change.
if [ "$mode" = long ] || [ ${#only[@]} -gt 0 ]; then
  stage clang_asan clang_asan
  stage tidy tidy
  stage tsan tsan
  stage soak soak
  stage memcheck memcheck
  stage fuzz fuzz
  stage python_asan python_asan
  stage python_wheel python_wheel
fi
# By name alone: the first runs as root and builds without ccache, the second installs an office, 290 MB, the third builds an
# interpreter, the others need torch, gigabytes.
if [ ${#only[@]} -gt 0 ]; then
  stage dockerfile dockerfile
  stage libreoffice libreoffice
  stage python_free_threaded python_free_threaded
  stage python_transformers python_transformers
  stage python_vllm python_vllm
  stage python_lm_eval python_lm_eval
fi

for name in "${failures[@]}"; do echo "failed: $name"; done
echo "$passed passed, $failed failed"
[ "$failed" -eq 0 ] && [ "$passed" -gt 0 ]
