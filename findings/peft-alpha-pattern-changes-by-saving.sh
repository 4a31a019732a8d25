#!/usr/bin/env bash
# An adapter whose alpha_pattern has a general key before a special one is another after save_pretrained and from_pretrained: of
# several keys that match a layer the first one counts, and saving puts the keys in alphabetical order. No shape tells, so there
# is no error and no warning, and the trained layer runs at another strength. Keys that match no layer in common are safe.
#
# Seen with peft 0.21.2, transformers 5.24.0 and torch 2.15.0, scaling (alpha / r, r 4) of q_proj in the two layers:
#   trained  {'q_proj': 4, 'layers.1.self_attn.q_proj': 400} [1.0, 1.0]
#   loaded   {'layers.1.self_attn.q_proj': 400, 'q_proj': 4} [1.0, 100.0]
set -euo pipefail
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
python3 -m venv "$work/venv"
"$work/venv/bin/pip" install -q peft==0.21.2 transformers==5.24.0 torch==2.15.0
cd "$work"
"$work/venv/bin/python" -W ignore - <<'PY'
import peft
import transformers

config = transformers.Qwen2Config(
    vocab_size=16, hidden_size=8, intermediate_size=8, num_hidden_layers=2, num_attention_heads=1, num_key_value_heads=1)
pattern = {"q_proj": 4, "layers.1.self_attn.q_proj": 400}


def seen(name, model):
    layers = model.base_model.model.model.layers
    keys = model.peft_config["default"].alpha_pattern
    scaling = [layer.self_attn.q_proj.scaling["default"] for layer in layers]
    print(f"{name:8}", keys, scaling)
    return list(keys), scaling


adapter = peft.LoraConfig(r=4, target_modules=["q_proj"], alpha_pattern=pattern)
trained = peft.get_peft_model(transformers.Qwen2ForCausalLM(config), adapter)
assert seen("trained", trained) == (list(pattern), [1.0, 1.0])
trained.save_pretrained("adapter")
loaded = peft.PeftModel.from_pretrained(transformers.Qwen2ForCausalLM(config), "adapter")
assert seen("loaded", loaded) == (sorted(pattern), [1.0, 100.0])
PY
