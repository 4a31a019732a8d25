#!/usr/bin/env bash
# The recipe of Qwen2.5's model cards for long texts (add rope_scaling, yarn, to config.json) silently
# changes the base of rope from 1,000,000 to 10,000 in a checkpoint that transformers 5 saved.
#
# transformers 5 keeps rope_theta inside rope_parameters and writes none at the top. A rope_scaling
# beside it replaces rope_parameters as a whole, and the default base takes the place of the lost one.
# In a config.json of transformers 4, where rope_theta stands at the top, the recipe works.
#
# Seen with transformers 5.24.0:
#   rope_parameters alone             1000000.0 default
#   rope_parameters and rope_scaling  10000.0 yarn
#   rope_theta and rope_scaling       1000000.0 yarn
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



YARN = {"type": "yarn", "factor": 4.0, "original_max_position_embeddings": 32768}
NEW = {"rope_parameters": {"rope_type": "default", "rope_theta": 1000000.0}}
EXPECTED = {
    "rope_parameters alone": (NEW, (1000000.0, "default")),
    "rope_parameters and rope_scaling": ({**NEW, "rope_scaling": YARN}, (10000.0, "yarn")),
    "rope_theta and rope_scaling": (
        {"rope_theta": 1000000.0, "rope_scaling": YARN}, (1000000.0, "yarn")),
}
for name, (fields, expected) in EXPECTED.items():
    write("model", "config.json", {"model_type": "qwen2", **fields})
    rope = transformers.AutoConfig.from_pretrained("model").rope_parameters
    seen = (rope["rope_theta"], rope["rope_type"])
    print(f"{name:33}", *seen)
    assert seen == expected, (name, seen)
PY
