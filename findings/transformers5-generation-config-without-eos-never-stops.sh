#!/usr/bin/env bash
# A generation_config.json that names no eos_token_id makes generate run to the length limit, although
# config.json names one. Without the file the end of config.json counts; so adding a file with, say,
# only do_sample takes the end of an answer away. One that is not JSON (a comma too many) counts as
# absent, without a warning, and the answer ends again.
#
# Seen with transformers 5.24.0 and torch 2.15.0, tokens of at most 8 from a model that says the end
# token always:
#   no generation_config.json  1
#   {"do_sample": false}       8
#   {"do_sample": false,}      1
set -euo pipefail
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
python3 -m venv "$work/venv"
"$work/venv/bin/pip" install -q transformers==5.24.0 torch==2.15.0
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


import torch

config = transformers.Qwen2Config(
    vocab_size=16, hidden_size=8, intermediate_size=8, num_hidden_layers=1, num_attention_heads=1,
    num_key_value_heads=1, eos_token_id=5, bos_token_id=None, pad_token_id=5)
model = transformers.Qwen2ForCausalLM(config)
with torch.no_grad():
    for parameter in model.parameters():
        parameter.zero_()
    model.model.embed_tokens.weight.fill_(1.0)
    model.model.norm.weight.fill_(1.0)
    model.lm_head.weight[5] = 1.0
model.save_pretrained("model")
for name, text, expected in (("no generation_config.json", None, 1),
                             ('{"do_sample": false}', '{"do_sample": false}', 8),
                             ('{"do_sample": false,}', '{"do_sample": false,}', 1)):
    path = "model/generation_config.json"
    if os.path.exists(path):
        os.remove(path)
    if text is not None:
        write("model", "generation_config.json", text)
    loaded = transformers.AutoModelForCausalLM.from_pretrained("model")
    count = loaded.generate(torch.tensor([[1, 2]]), max_new_tokens=8).shape[1] - 2
    print(f"{name:26}", count)
    assert count == expected, (name, count)
PY
