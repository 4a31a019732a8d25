#!/usr/bin/env bash
# For Qwen2, AutoTokenizer takes vocabulary, merges, added tokens and post-processor from tokenizer.json, and the normalizer,
# the pre-tokenizer and the decoder from its own code: a file with others gives other ids than the package tokenizers finds in
# it, without a warning. config.json's model_type qwen2 decides, even against tokenizer_class "PreTrainedTokenizerFast"; the
# same two files beside another model_type are read as they stand.
#
# Seen with transformers 5.24.0 and tokenizers 0.23.3; the file puts text in lower case and does not cut at digits:
#   tokenizers.Tokenizer.from_file        ['ab', '12']
#   AutoTokenizer, model_type qwen2       ['A', 'B', '1', '2']
#   AutoTokenizer, model_type qwen3       ['ab', '12']
#   PreTrainedTokenizerFast               ['ab', '12']
set -euo pipefail
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
python3 -m venv "$work/venv"
"$work/venv/bin/pip" install -q transformers==5.24.0 tokenizers==0.23.3
cd "$work"
"$work/venv/bin/python" - <<'PY'
import json
import os

import tokenizers
import transformers
from tokenizers import decoders, models, normalizers, pre_tokenizers

transformers.logging.set_verbosity_error()
alphabet = sorted(pre_tokenizers.ByteLevel.alphabet())
vocabulary = {piece: i for i, piece in enumerate([*alphabet, "ab", "12"])}
file = tokenizers.Tokenizer(models.BPE(vocab=vocabulary, merges=[("a", "b"), ("1", "2")]))
file.normalizer = normalizers.Lowercase()
file.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False, use_regex=False)
file.decoder = decoders.ByteLevel()
for kind in ("qwen2", "qwen3"):
    os.mkdir(kind)
    file.save(f"{kind}/tokenizer.json")
    for name, value in (
        ("config.json", {"model_type": kind}),
        ("tokenizer_config.json", {"tokenizer_class": "PreTrainedTokenizerFast", "eos_token": "!"}),
    ):
        with open(f"{kind}/{name}", "w", encoding="utf-8") as out:
            json.dump(value, out)


def check(name, tokens, expected):
    print(f"{name:37}", tokens)
    assert tokens == expected, (name, tokens)


as_written = ["ab", "12"]
check("tokenizers.Tokenizer.from_file", tokenizers.Tokenizer.from_file("qwen2/tokenizer.json").encode("AB12").tokens, as_written)
for kind, expected in (("qwen2", ["A", "B", "1", "2"]), ("qwen3", as_written)):
    check(f"AutoTokenizer, model_type {kind}", transformers.AutoTokenizer.from_pretrained(kind).tokenize("AB12"), expected)
check("PreTrainedTokenizerFast", transformers.PreTrainedTokenizerFast.from_pretrained("qwen2").tokenize("AB12"), as_written)
PY
