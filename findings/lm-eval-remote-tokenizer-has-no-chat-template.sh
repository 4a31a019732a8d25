#!/usr/bin/env bash
# lm-eval's client for completions finds out by itself that a server has vLLM's routes for the tokenizer, and uses them from then on; with
# --apply_chat_template it then stops with an AttributeError, as it hands on the chat itself where a text is wanted. What helps is a
# tokenizer of its own, tokenizer=DIR, which needs transformers.
#
# Seen with lm-eval 0.4.13:
#   without --apply_chat_template: acc 1.0
#   with --apply_chat_template: AttributeError: 'list' object has no attribute 'rstrip'
set -euo pipefail
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
python3 -m venv "$work/venv"
"$work/venv/bin/pip" install -q lm-eval==0.4.13 tenacity==9.2.1 aiohttp==3.14.5 requests==2.34.2
cd "$work"
echo '{"q": "a", "choices": ["b", "c"], "gold": 0}' >data.json
cat >stub.yaml <<'YAML'
task: stub
dataset_path: json
dataset_kwargs: {data_files: data.json}
test_split: train
output_type: multiple_choice
doc_to_text: "{{q}}"
doc_to_choice: "{{choices}}"
doc_to_target: "{{gold}}"
YAML
cat >ask.py <<'PY'
import http.server
import json
import sys
import threading

import lm_eval
from lm_eval.tasks import TaskManager


class Handler(http.server.BaseHTTPRequestHandler):
    """A token a byte; all of them as likely as the others, but for b."""

    def answer(self, body):
        data = json.dumps(body).encode()
        self.send_response(200)
        self.send_header("Content-Length", str(len(data)))
        self.end_headers()
        self.wfile.write(data)

    def do_GET(self):
        template = "{% for m in messages %}{{ m.content }}{% endfor %}"
        self.answer({"eos_token": "$", "bos_token": None, "chat_template": template})

    def do_POST(self):
        asked = json.loads(self.rfile.read(int(self.headers["content-length"])))
        if self.path == "/tokenize":
            return self.answer({"tokens": list(asked["prompt"].encode())})
        choices = []
        for index, ids in enumerate(asked["prompt"]):
            scores = [-1.0 if byte == ord("b") else -2.0 for byte in [*ids, 0]]
            tops = [{"x": score} for score in scores]
            choices.append({"index": index, "logprobs": {"token_logprobs": scores, "top_logprobs": tops}})
        self.answer({"choices": choices})

    def log_message(self, *_):
        pass


server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
threading.Thread(target=server.serve_forever, daemon=True).start()
for chat in (False, True):
    label = "with --apply_chat_template" if chat else "without --apply_chat_template"
    try:
        out = lm_eval.simple_evaluate(
            model="local-completions",
            model_args={"base_url": f"http://127.0.0.1:{server.server_port}/v1/completions", "model": "m"},
            tasks=["stub"],
            task_manager=TaskManager(include_path="."),
            apply_chat_template=chat,
            bootstrap_iters=0,
        )
        print(f"{label}: acc", out["results"]["stub"]["acc,none"])
    except AttributeError as error:
        print(f"{label}: AttributeError: {error}")
PY
LMEVAL_LOG_LEVEL=ERROR "$work/venv/bin/python" ask.py 2>errors || { tail -n 5 errors; exit 1; }
