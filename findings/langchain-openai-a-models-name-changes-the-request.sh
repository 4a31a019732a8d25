#!/usr/bin/env bash
# ChatOpenAI with a base_url of one's own still reads meaning into the name of the model: "codex" anywhere in it turns the
# request to /v1/responses, which many compatible servers lack; a name that begins with gpt-5 loses its temperature, one that
# begins with o1 gets a temperature of 1 that nobody asked for. use_responses_api=False mends the first; nothing warns.
#
# Seen with langchain-openai 1.7.4, temperature None or .25:
#   qwen-coder   None  /v1/chat/completions None
#   qwen-codex   None  /v1/responses None
#   o1-local     None  /v1/chat/completions 1.0
#   qwen-coder   0.25  /v1/chat/completions 0.25
#   gpt-5-local  0.25  /v1/chat/completions None
set -euo pipefail
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
python3 -m venv "$work/venv"
"$work/venv/bin/pip" install -q langchain-openai==1.7.4
cat >"$work/ask.py" <<'PY'
import http.server
import json
import threading

import langchain_openai
import openai

seen = []


class Handler(http.server.BaseHTTPRequestHandler):
    def do_POST(self):
        body = json.loads(self.rfile.read(int(self.headers["content-length"])))
        seen.append((self.path, body.get("temperature")))
        self.send_error(400)

    def log_message(self, *_):
        pass


server = http.server.HTTPServer(("127.0.0.1", 0), Handler)
threading.Thread(target=server.serve_forever, daemon=True).start()
for name, temperature, expected in (
    ("qwen-coder", None, ("/v1/chat/completions", None)),
    ("qwen-codex", None, ("/v1/responses", None)),
    ("o1-local", None, ("/v1/chat/completions", 1.0)),
    ("qwen-coder", 0.25, ("/v1/chat/completions", 0.25)),
    ("gpt-5-local", 0.25, ("/v1/chat/completions", None)),
):
    asked = {} if temperature is None else {"temperature": temperature}
    url = f"http://127.0.0.1:{server.server_port}/v1"
    model = langchain_openai.ChatOpenAI(base_url=url, api_key="none", model=name, max_retries=0, **asked)
    try:
        model.invoke("x")
    except openai.BadRequestError:
        pass
    print(f"{name:12} {temperature!s:5}", *seen[-1])
    assert seen[-1] == expected, seen[-1]
PY
"$work/venv/bin/python" "$work/ask.py"
