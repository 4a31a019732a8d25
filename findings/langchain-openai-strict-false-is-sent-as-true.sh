#!/usr/bin/env bash
# with_structured_output(Model, strict=False) of a pydantic class sends "strict": true and makes every field required, the
# same request as without the word: a field with a default can not be left out. For the class's own schema as a dict,
# strict=False is sent, and required is as it stands.
#
# Seen with langchain-openai 1.7.4 and pydantic 2.14.4, a class of a: int and b: int = 0:
#   class                strict: true   required: ['a', 'b']
#   class, strict=False  strict: true   required: ['a', 'b']
#   dict, strict=False   strict: false  required: ['a']
set -euo pipefail
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
python3 -m venv "$work/venv"
"$work/venv/bin/pip" install -q langchain-openai==1.7.4 pydantic==2.14.4
cat >"$work/ask.py" <<'PY'
import http.server
import json
import threading

import langchain_openai
import openai
import pydantic

seen = []


class Handler(http.server.BaseHTTPRequestHandler):
    def do_POST(self):
        body = json.loads(self.rfile.read(int(self.headers["content-length"])))
        form = body["response_format"]["json_schema"]
        seen.append((form["strict"], form["schema"]["required"]))
        self.send_error(400)

    def log_message(self, *_):
        pass


class Answer(pydantic.BaseModel):
    a: int
    b: int = 0


server = http.server.HTTPServer(("127.0.0.1", 0), Handler)
threading.Thread(target=server.serve_forever, daemon=True).start()
url = f"http://127.0.0.1:{server.server_port}/v1"
model = langchain_openai.ChatOpenAI(base_url=url, api_key="none", model="m", max_retries=0)
for name, schema, asked, expected in (
    ("class", Answer, {}, (True, ["a", "b"])),
    ("class, strict=False", Answer, {"strict": False}, (True, ["a", "b"])),
    ("dict, strict=False", Answer.model_json_schema(), {"strict": False}, (False, ["a"])),
):
    try:
        model.with_structured_output(schema, **asked).invoke("x")
    except openai.BadRequestError:
        pass
    print(f"{name:20} strict: {json.dumps(seen[-1][0]):6} required: {seen[-1][1]}")
    assert seen[-1] == expected, seen[-1]
PY
"$work/venv/bin/python" "$work/ask.py"
