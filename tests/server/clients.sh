#!/usr/bin/env bash
# The server under the clients that people use, pinned and installed in the cache folder.
#
#   clients.sh CACHE_FOLDER TLITE_SERVER MODEL
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/../.."
cache=$1 server=$2 model=$3
. tests/node.sh

# python NAME PACKAGE...: the interpreter of an environment that has them.
python() {
  local venv=$cache/$1
  if [ ! -e "$venv/ready" ]; then
    rm -rf "$venv"
    python3 -m venv "$venv" >&2 && "$venv/bin/pip" install -q "${@:2}" >&2 && touch "$venv/ready" || return 1
  fi
  echo "$venv/bin/python"
}

# try TEST INTERPRETER [ARGUMENT]: all are tried, whichever fails.
failed=0
try() {
  echo "--- $1"
  "$2" "tests/server/$1_test.py" "$server" "$model" "${@:3}" || failed=1
}

interpreter=$(python server-4 openai==3.57.0 anthropic==2.14.0 langchain-openai==1.7.4 openapi-spec-validator==0.9.0 schemathesis==4.32.5)
try clients "$interpreter"

# It wants an older `openai`.
interpreter=$(python llama-index-1 llama-index-llms-openai-like==0.8.1 llama-index-embeddings-openai-like==0.4.0)
try llama_index "$interpreter"

interpreter=$(python lm-eval-api-1 lm-eval==0.4.13 numpy==2.4.6 tenacity==9.2.1 aiohttp==3.14.5 requests==2.34.2)
LMEVAL_LOG_LEVEL=ERROR try lm_eval "$interpreter"

node_at_least 22 "$cache"  # openai
folder=$cache/server-npm-$(sha256sum tests/server/npm/package-lock.json | cut -c1-16)
mkdir -p "$folder"
cp tests/server/npm/{.npmrc,*.json,*.mjs} "$folder"
[ -e "$folder/node_modules/ready" ] || (cd "$folder" && npm ci --silent && touch node_modules/ready)
try npm python3 "$folder"
exit "$failed"
