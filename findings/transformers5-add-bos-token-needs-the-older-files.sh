#!/usr/bin/env bash
# add_bos_token in tokenizer_config.json adds a token for a Qwen2 tokenizer of vocab.json and merges.txt,
# and has no effect for the same tokenizer as a tokenizer.json: there the post-processor of the file
# decides alone, and nothing is said. So converting a tokenizer to the new file drops the token.
#
# Seen with transformers 5.24.0:
#   vocab.json and merges.txt  [30, 0, 1]
#   tokenizer.json             [0, 1]
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
CONFIG = {"tokenizer_class": "Qwen2Tokenizer", "add_bos_token": True,
          "bos_token": "<|endoftext|>", "eos_token": "<|endoftext|>"}
for folder in ("old", "new"):
    write(folder, "config.json", {"model_type": "qwen2"})
    write(folder, "tokenizer_config.json", CONFIG)
write("old", "vocab.json", VOCABULARY)
write("old", "merges.txt", "#version: 0.2\n")
write("new", "tokenizer.json", FAST)
for folder, name, expected in (("old", "vocab.json and merges.txt", [30, 0, 1]),
                               ("new", "tokenizer.json", [0, 1])):
    ids = transformers.AutoTokenizer.from_pretrained(folder).encode("ab")
    print(f"{name:26}", ids)
    assert ids == expected, (name, ids)
PY
