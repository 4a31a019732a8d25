#!/usr/bin/env bash
# The server in the wheel xllamacpp (llama.cpp built with llguidance) answers 200 and free text where llguidance refuses the JSON
# schema: for one keyword that it does not know (uniqueItems, a format) the whole schema is dropped, type and all, and the
# refusal stands in the log alone.
#
# Seen with xllamacpp 2026.10.11549, a model of random weights, 8 greedy tokens of a character each (items: integer), json_schema:
#   none                                                           '33y66tgg'
#   {"type": "array", "minItems": 4}                               '[2029999'
#   {"type": "array", "minItems": 4, "uniqueItems": true}          '33y66tgg'
#   {"type": "string", "format": "hostname"}                       '"333ytyt'
#   {"type": "string", "format": "isbn"}                           '33y66tgg'
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
server = xllamacpp.Server(params)


def ask(path, **body):
    request = urllib.request.Request(server.listening_address + path, json.dumps(body).encode())
    return json.load(urllib.request.urlopen(request))


def answer(**schema):
    return ask("/completion", prompt="x", n_predict=8, temperature=0, **schema)["content"]


free = answer()
print(f"{'none':62}", repr(free))
numbers = {"type": "array", "items": {"type": "integer"}, "minItems": 4}
for schema, dropped in (
    (numbers, False),
    ({**numbers, "uniqueItems": True}, True),
    ({"type": "string", "format": "hostname"}, False),
    ({"type": "string", "format": "isbn"}, True),
):
    content = answer(json_schema=schema)
    shown = json.dumps({key: value for key, value in schema.items() if key != "items"})
    print(f"{shown:62}", repr(content))
    assert (content == free) == dropped, content
PY
"$work/venv/bin/python" ask.py 2>log || { tail -n 20 log; exit 1; }
