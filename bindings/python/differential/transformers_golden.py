"""Writes bindings/python/tests/data/transformers_greedy.json: what transformers answers.

Usage: transformers_golden.py MODEL > data/transformers_greedy.json

MODEL is the demo model. Needs torch and transformers 5.24; runs in float32.
"""

from __future__ import annotations

import json
import pathlib
import sys

import torch
import transformers

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent.parent / "tests"))

from greedy_cases import CASES, TEXTS


def main() -> None:
    """Prints a JSON object: the ids of each case's rows, prompts and padding included."""
    tokenizer = transformers.AutoTokenizer.from_pretrained(sys.argv[1], padding_side="left")
    model = transformers.AutoModelForCausalLM.from_pretrained(sys.argv[1], dtype=torch.float32)
    inputs = tokenizer(TEXTS, padding=True, return_tensors="pt")
    answers = {
        name: model.generate(**inputs, do_sample=False, tokenizer=tokenizer, **given).tolist()
        for name, given in CASES.items()
    }
    lines = (f" {json.dumps(name)}: {json.dumps(rows)}" for name, rows in answers.items())
    print("{\n" + ",\n".join(lines) + "\n}")


if __name__ == "__main__":
    main()
