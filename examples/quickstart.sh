#!/usr/bin/env bash
# One command from a fresh clone to an answer: installs what is missing, builds, and asks the model.
#
#   examples/quickstart.sh                               the model card's prompt, embedded demo model
#   examples/quickstart.sh "Какая столица Франции?"      a prompt of your own
#   examples/quickstart.sh --model PATH ["prompt"]       a Hugging Face directory or .gguf file of the Qwen2.5 family
set -euo pipefail
root=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)

model=$root/examples/demo-model/model
prompt="Напиши стих про машинное обучение"
while [ $# -gt 0 ]; do
  case "$1" in
    --model)
      [ $# -ge 2 ] || { echo "quickstart: --model needs a directory or a .gguf file" >&2; exit 2; }
      model=$2
      shift 2
      ;;
    -h | --help)
      sed -n '2,7s/^# \{0,1\}//p' "${BASH_SOURCE[0]}"
      exit 0
      ;;
    --*)
      echo "quickstart: unknown option $1; see --help" >&2
      exit 2
      ;;
    *)
      prompt=$1
      shift
      ;;
  esac
done

# Chatter goes to stderr: stdout carries the answer alone.
"$root/cmake/install-dependencies.sh" build
log=$(mktemp)
trap 'rm -f "$log"' EXIT
build() {
  cmake -S "$root" -B "$root/build" -G Ninja -DCMAKE_BUILD_TYPE=Release -DTLITE_BUILD_TESTS=OFF &&
    cmake --build "$root/build" --target tlite_cli
}
echo "building libtlite (several minutes the first time) ..." >&2
build >"$log" 2>&1 || { cat "$log" >&2; exit 1; }

"$root/build/examples/cli/tlite" generate "$model" --prompt "$prompt"
