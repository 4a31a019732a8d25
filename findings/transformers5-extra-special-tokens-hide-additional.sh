#!/usr/bin/env bash
# A tokenizer_config.json with both spellings of further special tokens loses one: a non-empty
# extra_special_tokens (what transformers 5 writes) makes additional_special_tokens (transformers 4) plain
# text again, without a warning, while an empty list does not. Tools that add their own token under one
# name to a file that has the other meet this.
#
# Seen with transformers 5.24.0, "<a><b>" encoded:
#   additional ["<a>"]             [31, 26, 1, 27]
#   and extra ["<b>"]              [26, 0, 27, 31]
#   and extra []                   [31, 26, 1, 27]
set -euo pipefail
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
python3 -m venv "$work/venv"
"$work/venv/bin/pip" install -q transformers==5.24.0
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
CONFIG = {"tokenizer_class": "Qwen2Tokenizer", "eos_token": "<|endoftext|>",
          "additional_special_tokens": ["<a>"]}
write("model", "config.json", {"model_type": "qwen2"})
write("model", "tokenizer.json", FAST)
for name, fields, expected in (
    ('additional ["<a>"]', {}, [31, 26, 1, 27]),
    ('and extra ["<b>"]', {"extra_special_tokens": ["<b>"]}, [26, 0, 27, 31]),
    ("and extra []", {"extra_special_tokens": []}, [31, 26, 1, 27]),
):
    write("model", "tokenizer_config.json", {**CONFIG, **fields})
    ids = transformers.AutoTokenizer.from_pretrained("model").encode("<a><b>")
    print(f"{name:30}", ids)
    assert ids == expected, (name, ids)
PY
