#!/usr/bin/env bash
# stop_strings of generate look at the prompt's end too: a stop string that begins in the prompt and ends in the answer stops it at
# its first tokens, though the answer does not hold it. A stop string wholly in the prompt does not stop. min_new_tokens holds
# back the end token alone: a stop string ends the answer before.
#
# Seen with transformers 5.24.0 and torch 2.15.0, greedily, 8 tokens of a letter each after "hello":
#   no stop string                      osje>>>>
#   "je", in the answer                 osje
#   "lo", in the prompt                 osje>>>>
#   "loo", begun in the prompt          o
#   "je" and min_new_tokens=8           osje
set -euo pipefail
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
python3 -m venv "$work/venv"
"$work/venv/bin/pip" install -q transformers==5.24.0 torch==2.15.0
"$work/venv/bin/python" - <<'PY'
import tokenizers
import torch
import transformers
from tokenizers import decoders, models, pre_tokenizers

transformers.logging.set_verbosity_error()
letters = tokenizers.Tokenizer(models.BPE(vocab={c: i for i, c in enumerate("abcdefghijklmnopqrstuvwxyz<>|_")}, merges=[]))
letters.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False, use_regex=False)
letters.decoder = decoders.ByteLevel()
tokenizer = transformers.PreTrainedTokenizerFast(tokenizer_object=letters)
config = transformers.Qwen2Config(
    vocab_size=30, hidden_size=32, intermediate_size=64, num_hidden_layers=2, num_attention_heads=2,
    num_key_value_heads=1, bos_token_id=None, eos_token_id=None, pad_token_id=None)
torch.manual_seed(0)
model = transformers.Qwen2ForCausalLM(config).eval()
with torch.no_grad():
    for parameter in model.parameters():
        if parameter.dim() > 1:
            parameter.normal_(std=0.3)
prompt = tokenizer("hello", return_tensors="pt")


def generated(**given):
    ids = model.generate(**prompt, do_sample=False, max_new_tokens=8, tokenizer=tokenizer, **given)
    return tokenizer.decode(ids[0, prompt.input_ids.shape[1] :])


whole = generated()
first, later = whole[0], whole[2:4]
for name, given, expected in (
    ("no stop string", {}, whole),
    (f'"{later}", in the answer', {"stop_strings": [later]}, whole[:4]),
    ('"lo", in the prompt', {"stop_strings": ["lo"]}, whole),
    (f'"lo{first}", begun in the prompt', {"stop_strings": [f"lo{first}"]}, first),
    (f'"{later}" and min_new_tokens=8', {"stop_strings": [later], "min_new_tokens": 8}, whole[:4]),
):
    answer = generated(**given)
    print(f"{name:35}", answer)
    assert answer == expected, (name, answer)
PY
