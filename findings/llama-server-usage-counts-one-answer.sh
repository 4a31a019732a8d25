#!/usr/bin/env bash
# usage of llama.cpp's /v1/completions counts one answer, whatever was asked for: with n=3 or a list of prompts the tokens of the
# other choices are missing from completion_tokens, and the other prompts from prompt_tokens. Who adds up usage to measure
# tokens a second, or to bill, gets a fraction. max_tokens=0 makes one token, and counts it.
#
# Seen with xllamacpp 2026.10.11549, a model of random weights, 5 tokens an answer, prompts of 2 and 8 tokens:
#   one prompt           1 choice(s)  prompt_tokens 2  completion_tokens 5
#   n=3                  3 choice(s)  prompt_tokens 2  completion_tokens 5
#   two prompts          2 choice(s)  prompt_tokens 2  completion_tokens 5
#   max_tokens=0         1 choice(s)  prompt_tokens 2  completion_tokens 1
set -euo pipefail
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
python3 -m venv "$work/venv"
"$work/venv/bin/pip" install -q xllamacpp==2026.10.11549 gguf==0.19.0 numpy==2.4.6
cd "$work"
cat >ask.py <<'PY'
import json
import urllib.request

import gguf
import numpy
import xllamacpp

CHARACTERS = ["Ġ", *(chr(code) for code in range(33, 127))]  # of the byte-level alphabet, a blank first
WIDTH = 64
rng = numpy.random.default_rng(0)
writer = gguf.GGUFWriter("model.gguf", "qwen2")
writer.add_block_count(1)
writer.add_context_length(256)
writer.add_embedding_length(WIDTH)
writer.add_feed_forward_length(WIDTH)
writer.add_head_count(1)
writer.add_head_count_kv(1)
writer.add_layer_norm_rms_eps(1e-6)
writer.add_tokenizer_model("gpt2")
writer.add_tokenizer_pre("qwen2")
writer.add_token_list([*CHARACTERS, "<|im_end|>"])
writer.add_token_types([1] * len(CHARACTERS) + [3])
writer.add_token_merges(["! !"])
writer.add_eos_token_id(len(CHARACTERS))
shapes = {name: (len(CHARACTERS) + 1, WIDTH) for name in ("token_embd.weight", "output.weight")}
shapes["output_norm.weight"] = (WIDTH,)
for name in ("attn_norm.weight", "ffn_norm.weight", "attn_q.bias", "attn_k.bias", "attn_v.bias"):
    shapes[f"blk.0.{name}"] = (WIDTH,)
for name in ("attn_q", "attn_k", "attn_v", "attn_output", "ffn_gate", "ffn_up", "ffn_down"):
    shapes[f"blk.0.{name}.weight"] = (WIDTH, WIDTH)
for name, shape in shapes.items():
    writer.add_tensor(name, (0.3 * rng.standard_normal(shape)).astype(numpy.float32))
writer.write_header_to_file()
writer.write_kv_data_to_file()
writer.write_tensors_to_file()
writer.close()

params = xllamacpp.CommonParams()
params.model.path = "model.gguf"
params.n_ctx = 256
params.warmup = False
params.n_parallel = 4
server = xllamacpp.Server(params)


def ask(path, **body):
    request = urllib.request.Request(server.listening_address + path, json.dumps(body).encode())
    return json.load(urllib.request.urlopen(request))


for name, fields, expected in (
    ("one prompt", {}, (1, 2, 5)),
    ("n=3", {"n": 3}, (3, 2, 5)),
    ("two prompts", {"prompt": ["ab", "abcdefgh"]}, (2, 2, 5)),
    ("max_tokens=0", {"max_tokens": 0}, (1, 2, 1)),
):
    body = {"prompt": "ab", "max_tokens": 5, "ignore_eos": True, **fields}
    reply = ask("/v1/completions", **body)
    seen = (len(reply["choices"]), reply["usage"]["prompt_tokens"], reply["usage"]["completion_tokens"])
    print(f"{name:20} {seen[0]} choice(s)  prompt_tokens {seen[1]}  completion_tokens {seen[2]}")
    assert seen == expected, (name, reply)
PY
"$work/venv/bin/python" ask.py 2>log || { tail -n 20 log; exit 1; }
