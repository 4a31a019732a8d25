"""Logits and hidden states of random tiny checkpoints by transformers, for
tests/unit/model/forward_test.cpp.

Usage: forward.py > data/forward.txt

A block a checkpoint: its name and the number of prompt tokens, then lines of (position, token,
logit), the largest |logit| among all, lines of the last hidden state behind the final norm (the
position, then every seventh number), the largest among all, and the tokens that greedy decoding
appends.
"""

from __future__ import annotations

import sys

import torch
from synthetic import Spec, reference, token_ids

SPECS = [
    (Spec("plain", 1, 64, 176, 3, 4, 2, 16, 96), 70),
    (Spec("tied", 2, 48, 100, 2, 6, 2, 8, 131, tied=True), 40),
    (Spec("odd", 3, 60, 77, 2, 3, 1, 20, 101), 45),
    (Spec("groups", 4, 96, 96, 2, 14, 2, 24, 64), 33),
    (Spec("long", 5, 32, 64, 2, 2, 1, 16, 64), 700),
    (Spec("yarn", 6, 64, 96, 2, 4, 1, 16, 80, yarn_factor=4.0, yarn_original=64), 200),
    (Spec("window", 7, 64, 96, 4, 4, 2, 16, 80, window=40, max_window_layers=2), 120),
    (Spec("bf16", 8, 64, 176, 3, 4, 2, 16, 96, dtype=torch.bfloat16), 70),
    (Spec("f16", 9, 64, 176, 3, 4, 2, 16, 96, tied=True, dtype=torch.float16), 70),
]
GREEDY = 24


def main() -> None:
    """Prints the golden file."""
    torch.set_grad_enabled(False)
    for spec, count in SPECS:
        model = reference(spec)
        ids = token_ids(spec, count)
        logits = model(torch.tensor([ids])).logits[0]
        hidden = model.model(torch.tensor([ids])).last_hidden_state[0]
        print(f"checkpoint {spec.name} {count} {logits.abs().max().item():.9g}")
        positions = sorted({0, 1, 31, 32, 33, count // 2, count - 2, count - 1} & set(range(count)))
        for position in positions:
            for token in range(position % 7, spec.vocab, 7):
                print(position, token, f"{logits[position, token].item():.9g}")
        print(f"hidden {hidden.abs().max().item():.9g}")
        for position in positions:
            numbers = hidden[position, position % 7 :: 7].tolist()
            print("state", position, *(f"{number:.9g}" for number in numbers))
        answer = model.generate(
            torch.tensor([ids]), max_new_tokens=GREEDY, min_new_tokens=GREEDY, do_sample=False
        )
        print("greedy", *answer[0, count:].tolist())
    sys.stdout.flush()


if __name__ == "__main__":
    main()
