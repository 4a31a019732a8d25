#!/usr/bin/env bash
# A file additional_chat_templates/tool_use.jinja takes the chat template away from conversations
# without tools where that stands in tokenizer_config.json: as soon as the folder has one template, only
# template files count, and without a chat_template.jinja there is no default. A checkpoint of
# transformers 4 to which a tool template is added in the new place stops chatting.
#
# Seen with transformers 5.24.0:
#   tokenizer_config.json alone   plain: main  with tools: main
#   and tool_use.jinja            plain: ValueError  with tools: tools
set -euo pipefail
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
python3 -m venv "$work/venv"
"$work/venv/bin/pip" install -q transformers==5.24.0 jinja2==3.1.6
cd "$work"
"$work/venv/bin/python" - <<'PY'
import json
import os

import transformers

transformers.logging.set_verbosity_error()


def write(folder, name, value):
    path = os.path.join(folder, name)
    os.makedirs(os.path.dirname(path), exist_ok=True)
    with open(path, "w", encoding="utf-8") as file:
        file.write(value if isinstance(value, str) else json.dumps(value))



VOCABULARY = {letter: i for i, letter in enumerate("abcdefghijklmnopqrstuvwxyz<>|_")}
END = {"id": len(VOCABULARY), "content": "<|endoftext|>", "special": True, "normalized": False,
       "lstrip": False, "rstrip": False, "single_word": False}
BYTES = {"type": "ByteLevel", "add_prefix_space": False, "trim_offsets": False, "use_regex": False}
FAST = {"version": "1.0", "added_tokens": [END], "normalizer": None, "pre_tokenizer": BYTES,
        "post_processor": None, "decoder": BYTES,
        "model": {"type": "BPE", "vocab": VOCABULARY, "merges": []}}
write("model", "config.json", {"model_type": "qwen2"})
write("model", "tokenizer.json", FAST)
write("model", "tokenizer_config.json",
      {"tokenizer_class": "Qwen2Tokenizer", "eos_token": "<|endoftext|>", "chat_template": "main"})
TOOLS = [{"type": "function", "function": {"name": "f", "parameters": {"type": "object"}}}]


def render(tools):
    tokenizer = transformers.AutoTokenizer.from_pretrained("model")
    try:
        return tokenizer.apply_chat_template([{"role": "user", "content": "x"}], tools=tools,
                                             tokenize=False)
    except ValueError as error:
        return type(error).__name__


def check(name, expected):
    seen = (render(None), render(TOOLS))
    print(f"{name:29} plain: {seen[0]}  with tools: {seen[1]}")
    assert seen == expected, (name, seen)


check("tokenizer_config.json alone", ("main", "main"))
write("model", "additional_chat_templates/tool_use.jinja", "tools")
check("and tool_use.jinja", ("ValueError", "tools"))
PY
