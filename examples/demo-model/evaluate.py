"""Scores the demo model on the test list, decoding greedily.

    python evaluate.py --model model [--eval eval.jsonl] [--verbose]    through transformers
    python evaluate.py --model model --tlite PATH                       through the tlite binary

Exits with 1 when fewer than --need of the replies (a fraction, 0.9 by default) are right.
"""

from __future__ import annotations

import argparse
import json
import re
import subprocess
import sys
import tempfile
from collections import Counter
from collections.abc import Callable
from pathlib import Path

HERE = Path(__file__).parent
MAX_NEW_TOKENS = 200

Answer = Callable[[str], str]


def transformers_answer(folder: Path) -> Answer:
    """Computes in float32 on the bfloat16 weights."""
    import torch
    from transformers import AutoModelForCausalLM, AutoTokenizer

    torch.set_num_threads(1)
    tokenizer = AutoTokenizer.from_pretrained(folder)
    model = AutoModelForCausalLM.from_pretrained(folder, dtype=torch.float32).eval()

    def answer(prompt: str) -> str:
        messages = [{"role": "user", "content": prompt}]
        inputs = tokenizer.apply_chat_template(
            messages, add_generation_prompt=True, return_tensors="pt", return_dict=True
        )
        with torch.inference_mode():
            output = model.generate(
                **inputs,
                max_new_tokens=MAX_NEW_TOKENS,
                do_sample=False,
                temperature=None,
                top_p=None,
                top_k=None,
            )
        new = output[0, inputs["input_ids"].shape[1] :]
        return str(tokenizer.decode(new, skip_special_tokens=True))

    return answer


def tlite_answer(binary: Path, folder: Path) -> Answer:
    """Answers by `tlite generate`."""

    def answer(prompt: str) -> str:
        with tempfile.NamedTemporaryFile("w", suffix=".json", encoding="utf-8") as file:
            json.dump([{"role": "user", "content": prompt}], file, ensure_ascii=False)
            file.flush()
            command = [str(binary), "generate", str(folder), "--messages", file.name]
            command += ["--greedy", "--json", "-n", str(MAX_NEW_TOKENS)]
            done = subprocess.run(command, capture_output=True, text=True, check=False)
        if done.returncode != 0:
            raise SystemExit(f"{' '.join(command)}: {done.stderr.strip()}")
        return str(json.loads(done.stdout)["text"])

    return answer


def score(answer: Answer, tests: list[dict[str, str]], verbose: bool) -> float:
    """Prints the score by topic and returns the share of right replies."""
    right: Counter[str] = Counter()
    total: Counter[str] = Counter()
    for test in tests:
        reply = answer(test["prompt"]).strip()
        passed = re.search(test["accept"], reply) is not None
        for group in (test["topic"], "held-out " + test["kind"], "all"):
            total[group] += 1
            right[group] += passed
        if verbose or not passed:
            print(f"{'ok   ' if passed else 'WRONG'} {test['prompt']!r} -> {reply!r}", flush=True)
    for group in sorted(total, key=lambda name: (name == "all", name)):
        print(f"{group:24} {right[group]:4} of {total[group]:4}")
    return right["all"] / total["all"]


def main() -> None:
    """Scores as the command line asks."""
    parser = argparse.ArgumentParser(description="Scores the demo model on the test list.")
    parser.add_argument("--model", type=Path, default=HERE / "model")
    parser.add_argument("--eval", type=Path, default=HERE / "eval.jsonl")
    parser.add_argument("--tlite", type=Path, help="score this binary instead of transformers")
    parser.add_argument("--need", type=float, default=0.9)
    parser.add_argument("--verbose", action="store_true", help="print right replies too")
    args = parser.parse_args()
    tests = [json.loads(line) for line in args.eval.read_text(encoding="utf-8").splitlines()]
    answer = tlite_answer(args.tlite, args.model) if args.tlite else transformers_answer(args.model)
    if score(answer, tests, args.verbose) < args.need:
        sys.exit(1)


if __name__ == "__main__":
    main()
