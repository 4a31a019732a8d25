#!/usr/bin/env bash
# The method messages.create of the package anthropic has no word for temperature, top_p or top_k: who sets one gets a
# TypeError before any request goes out. By extra_body they reach a server that knows them.
#
# Seen with anthropic 2.14.0:
#   temperature: TypeError
#   top_p: TypeError
#   top_k: TypeError
#   extra_body: {"max_tokens":1,"messages":[],"model":"m","temperature":0}
set -euo pipefail
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
python3 -m venv "$work/venv"
"$work/venv/bin/pip" install -q anthropic==2.14.0
cat >"$work/ask.py" <<'PY'
import http.server
import threading

import anthropic


class Handler(http.server.BaseHTTPRequestHandler):
    def do_POST(self):
        body = self.rfile.read(int(self.headers["content-length"]))
        print("extra_body:", body.decode())
        self.send_error(400)

    def log_message(self, *_):
        pass


server = http.server.HTTPServer(("127.0.0.1", 0), Handler)
threading.Thread(target=server.serve_forever, daemon=True).start()
url = f"http://127.0.0.1:{server.server_port}"
client = anthropic.Anthropic(base_url=url, api_key="none", max_retries=0)
asked = {"model": "m", "max_tokens": 1, "messages": []}
for name in ("temperature", "top_p", "top_k"):
    try:
        client.messages.create(**asked, **{name: 1})
    except TypeError:
        print(f"{name}: TypeError")
    except anthropic.APIError as error:
        print(f"{name}: {type(error).__name__}")
try:
    client.messages.create(**asked, extra_body={"temperature": 0})
except anthropic.BadRequestError:
    pass
PY
"$work/venv/bin/python" "$work/ask.py"
