#!/usr/bin/env bash
# generate takes an attention_mask that is longer than the prompt, without a word, and reads it from its beginning: who
# cuts input_ids to their last tokens and forgets the mask of a batch padded on the left has tokens of the prompt hidden.
# A mask of 2s (segments, as in packed training data) is taken too, and stretches the positions.
#
# Seen with transformers 5.24.0 and torch 2.15.0, greedily after 6 tokens:
#   no mask                         [2, 44, 53, 54]
#   6 ones                          [2, 44, 53, 54]
#   3 zeros and 6 ones: not cut     [53, 18, 43, 59]
#   6 twos                          [31, 18, 15, 2]
set -euo pipefail
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
python3 -m venv "$work/venv"
"$work/venv/bin/pip" install -q transformers==5.24.0 torch==2.15.0
"$work/venv/bin/python" - <<'PY'
import torch
import transformers

config = transformers.Qwen2Config(
    vocab_size=64, hidden_size=32, intermediate_size=64, num_hidden_layers=2, num_attention_heads=2,
    num_key_value_heads=1, bos_token_id=None, eos_token_id=62, pad_token_id=63)
torch.manual_seed(0)
model = transformers.Qwen2ForCausalLM(config).eval()
with torch.no_grad():
    for parameter in model.parameters():
        if parameter.dim() > 1:
            parameter.normal_(std=0.3)
prompt = torch.tensor([[5, 11, 9, 13, 12, 7]])
answers = []
for name, mask in (("no mask", None), ("6 ones", [1] * 6), ("3 zeros and 6 ones: not cut", [0] * 3 + [1] * 6), ("6 twos", [2] * 6)):
    given = {} if mask is None else {"attention_mask": torch.tensor([mask])}
    answers.append(model.generate(prompt, do_sample=False, max_new_tokens=4, **given)[0, 6:].tolist())
    print(f"{name:31}", answers[-1])
none, ones, longer, twos = answers
assert ones == none != longer and twos != none
PY
