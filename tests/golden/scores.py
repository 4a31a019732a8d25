"""Log probabilities of prompts and beams of random tiny checkpoints by transformers, for
tests/unit/api/scores_test.cpp and beam_search_test.cpp.

Usage: scores.py > data/scores.txt

A block a checkpoint: its name, the number of prompt tokens and the largest |logit| among all; then
a line a token of the prompt from the second on: position, logprob, rank (0 where another token's
logit is so near that float32 in another order of sums may exchange the two).
"""

from __future__ import annotations

import sys

import torch
from synthetic import Spec, reference, token_ids

SPECS = [
    (Spec("plain", 1, 64, 176, 3, 4, 2, 16, 96), 70),
    (Spec("tied", 2, 48, 100, 2, 6, 2, 8, 131, tied=True), 40),
]
NEAR = 1e-3  # of the largest |logit|; the tests allow a tenth of it


def main() -> None:
    """Prints the golden file."""
    torch.set_grad_enabled(False)
    for spec, count in SPECS:
        model = reference(spec)
        ids = token_ids(spec, count)
        logits = model(torch.tensor([ids])).logits[0]
        largest = logits.abs().max().item()
        logprobs = torch.log_softmax(logits, dim=-1)
        print(f"prompt {spec.name} {count} {largest:.9g}")
        for position in range(1, count):
            row = logits[position - 1]
            own = row[ids[position]]
            near = ((row - own).abs() < NEAR * largest).sum().item() > 1
            rank = 0 if near else (row > own).sum().item() + 1
            print(position, f"{logprobs[position - 1, ids[position]].item():.9g}", rank)
    sys.stdout.flush()


if __name__ == "__main__":
    main()
