#!/usr/bin/env bash
# generate without attention_mask hides every token of the prompt that is pad_token_id, wherever it stands, where that is
# not an end token too: the model answers another prompt, without an error. A mask of ones, or forward token by token,
# sees them all. (Qwen2.5's pad, <|endoftext|>, also parts documents; its chat checkpoints name it an end token, and so
# escape.) A warning asks for a mask only where pad_token_id is an end token, the case that is not masked.
#
# Seen with transformers 5.24.0 and torch 2.15.0, pad_token_id 63, greedily after [5, 63, 9, 63, 12, 7]:
#   no mask                 [12, 17, 12, 12]
#   a mask of ones          [16, 59, 16, 59]
#   forward, token by token [16, 59, 16, 59]
#   pads masked             [12, 17, 12, 12]
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
prompt = torch.tensor([[5, 63, 9, 63, 12, 7]])


def generated(**given):
    return model.generate(prompt, do_sample=False, max_new_tokens=4, **given)[0, 6:].tolist()


ids = prompt
for _ in range(4):
    ids = torch.cat([ids, model(ids).logits[:, -1].argmax(-1, keepdim=True)], 1)
alone, ones, masked = generated(), generated(attention_mask=torch.ones_like(prompt)), generated(attention_mask=prompt.ne(63))
print("no mask                ", alone)
print("a mask of ones         ", ones)
print("forward, token by token", ids[0, 6:].tolist())
print("pads masked            ", masked)
assert ones == ids[0, 6:].tolist() != alone == masked
PY
