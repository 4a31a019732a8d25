"""Compares our tokenizer with PyPI `tokenizers`: ids and decoded text of many strings.

    python compare.py PROGRAM MODEL... [--count N] [--seed S]

PROGRAM is tokenizer_lines, a MODEL a folder with tokenizer.json. Special tokens on and off.
"""

import argparse
import json
import subprocess
import sys
from pathlib import Path

from tokenizers import Tokenizer

sys.path.insert(0, str(Path(__file__).resolve().parents[2] / "golden"))

from tokenizer_strings import strings


def ours(program: str, model: str, texts: list[str], options: list[str]) -> list[list[object]]:
    """Answers of the program, one a string."""
    lines = "".join(json.dumps(text) + "\n" for text in texts)
    command = [program, model, *options]
    done = subprocess.run(command, input=lines.encode(), stdout=subprocess.PIPE, check=True)
    return [json.loads(line) for line in done.stdout.splitlines()]  # of bytes: at newlines alone


def compare(program: str, model: str, texts: list[str], special: bool) -> int:
    """Number of strings on which the two differ."""
    reference = Tokenizer.from_file(str(Path(model) / "tokenizer.json"))
    reference.encode_special_tokens = not special
    results = ours(program, model, texts, [] if special else ["--plain"])
    if len(results) != len(texts):
        print(f"{len(results)} answers to {len(texts)} strings")
        return 1
    different = 0
    for text, (ids, decoded, skipped) in zip(texts, results, strict=True):
        want = reference.encode(text, add_special_tokens=False).ids
        expected = (want, reference.decode(want, skip_special_tokens=False), reference.decode(want))
        if (ids, decoded, skipped) != expected:
            different += 1
            if different <= 10:
                print(f"{text!a}\n  ours      {ids} {decoded!a} {skipped!a}\n  want {expected!a}")
    equal = len(texts) - different
    mode = "on" if special else "off"
    print(f"{Path(model).name}, special tokens {mode}: {equal} of {len(texts)} strings equal")
    return different


def main() -> int:
    """Exit status 0 where everything is equal."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("program")
    parser.add_argument("models", nargs="+")
    parser.add_argument("--count", type=int, default=40000)
    parser.add_argument("--seed", type=int, default=1)
    arguments = parser.parse_args()
    texts = strings(arguments.count, arguments.seed)
    different = sum(
        compare(arguments.program, model, texts, special)
        for model in arguments.models
        for special in (True, False)
    )
    return 1 if different else 0


if __name__ == "__main__":
    sys.exit(main())
