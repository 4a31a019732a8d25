"""tlite.lm_eval beside the harness's own `hf` model: every score, every text.

Usage: lm_eval_api.py MODEL [--write FILE]

MODEL is the demo model. Needs the harness, torch, transformers 5.24 and accelerate; `hf` runs in
float32. --write keeps what `hf` answers for the tests, which need none of them.
"""

from __future__ import annotations

import argparse
import json
import sys
import tempfile
from pathlib import Path
from typing import Any

from lm_eval.models.huggingface import HFLM
from lm_eval_cases import differences, penalised, single, tasks
from tlite.lm_eval import TliteLM


def answers(kind: Any, model: Path, copy: Path, **given: Any) -> dict[str, Any]:
    """Of the model to everything, and of a copy that asks for a repetition penalty."""
    plain, other = kind(str(model), **given), kind(str(copy), **given)
    found = {"single": single(plain), "tasks": tasks(plain), "penalised": single(other)}
    for name in ("think", 545):  # the end of a thought as text and as a token
        thinking = kind(
            str(model), think_end_token="маленькая" if name == "think" else name, **given
        )
        found[f"thinking {name}"] = single(thinking)["generations"]
    result: dict[str, Any] = json.loads(json.dumps(found))
    return result


def numbers(value: Any) -> int:
    """How many things were compared."""
    if isinstance(value, dict):
        return sum(map(numbers, value.values()))
    return sum(map(numbers, value)) if isinstance(value, list) else 1


def main() -> int:
    """0 where nothing differs."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("model", type=Path)
    parser.add_argument("--write", type=Path)
    given = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        copy = penalised(given.model, Path(folder) / "penalised")
        theirs = answers(HFLM, given.model, copy, device="cpu", dtype="float32")
        if given.write is not None:
            text = json.dumps(theirs, ensure_ascii=False, indent=0)
            given.write.write_text(text + "\n", encoding="utf-8")
        mine = answers(TliteLM, given.model, copy)
    apart = list(differences(theirs, mine))
    print(*apart, sep="\n")
    print(f"{numbers(theirs)} answers compared, {len(apart)} differ")
    return 1 if apart else 0


if __name__ == "__main__":
    sys.exit(main())
