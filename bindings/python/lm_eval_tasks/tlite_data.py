"""What the tasks here are made of: their data, and what they do with answers.

`--include_path bindings/python/lm_eval_tasks`; the YAML files name these functions.
"""

from __future__ import annotations

import json
import re
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import datasets
from tlite.lm_eval import sandbox

DATA = Path(__file__).parent / "data"
_SHOTS = 4  # the first rows of each file are examples, not questions

Row = dict[str, Any]


def rows(name: str) -> list[Row]:
    """Of one file."""
    with (DATA / f"{name}.jsonl").open(encoding="utf-8") as file:
        return [json.loads(line) for line in file]


def load(metadata: Any = None, *, data: str, **_: Any) -> dict[str, datasets.Dataset]:
    """The splits of a file: `data` of a task's dataset_kwargs."""
    all_of = rows(data)
    return {
        "train": datasets.Dataset.from_list([{**row, "example": True} for row in all_of[:_SHOTS]]),
        "test": datasets.Dataset.from_list(all_of[_SHOTS:]),
    }


def listed(row: Row) -> str:
    """The choices that there are, one a line."""
    return "\n".join(f"{letter}. {text}" for letter, text in row["options"].items() if text)


def letters(row: Row) -> list[str]:
    """The letters of the choices that there are."""
    return [letter for letter, text in row["options"].items() if text]


def question(row: Row) -> str:
    """A question with its choices, as MERA and MaMuRaMu ask."""
    return f"Вопрос: {row['question']}\n{listed(row)}\nОтвет:"


def place(row: Row) -> int:
    """Which of the choices is right."""
    return letters(row).index(row["answer"])


def reasoned(row: Row) -> str:
    """The same for answers in words, as MMLU-PRO asks."""
    return (
        f"Вопрос: {row['question']}\n{listed(row)}\nРассуждайте по шагам и закончите словами"
        " «Ответ: (X)», где X - буква.\nРешение:"
    )


def reasoning(row: Row) -> str:
    """An example's answer."""
    return f"{row['reasoning']} Ответ: ({row['answer']})"


def boxed(text: str) -> str:
    """What stands in the last \\boxed{...} of an answer, braces inside it included."""
    start = text.rfind("\\boxed{")
    if start < 0:
        return ""
    depth, begin = 0, start + len("\\boxed")
    for i in range(begin, len(text)):
        depth += (text[i] == "{") - (text[i] == "}")
        if not depth:
            return text[begin + 1 : i]
    return ""


def plain(answer: str) -> str:
    """A number or a formula without what does not matter."""
    text = re.sub(r"\\(left|right|,|;|!|displaystyle)|\s|\$|\.$", "", answer.strip())
    return re.sub(r"\\[dt]frac", r"\\frac", text).lower()


def math_results(row: Row, results: Sequence[str]) -> dict[str, float]:
    """Whether the boxed answer is the right one."""
    return {"exact_match": float(plain(boxed(results[0])) == plain(row["answer"]))}


def code_blocks(resps: list[list[str]], docs: list[Row]) -> list[list[str]]:
    """Programs in answers: the first block of code, or all there is."""
    return [[_block(answer) for answer in answers] for answers in resps]


def _block(answer: str) -> str:
    found = re.search(r"```(?:python)?\n(.*?)(?:```|\Z)", answer, re.DOTALL)
    return found.group(1) if found else answer


def completions(resps: list[list[str]], docs: list[Row]) -> list[list[str]]:
    """Programs that begin with the prompt."""
    pairs = zip(resps, docs, strict=True)
    return [[row["prompt"] + answer for answer in answers] for answers, row in pairs]


def tests(row: Row) -> str:
    """What a program has to pass."""
    return "\n".join(row["test_list"])


def program_or_tests(row: Row) -> str:
    """An example shows its program; a question is judged by its tests."""
    return f"{row['code']}\n```" if row.get("example") else tests(row)


def pass_at_k(references: list[str], predictions: list[list[str]], k: list[int]) -> Any:
    """Of one problem, in the sandbox."""
    return sandbox.pass_at_k(references, predictions, k)
