"""The harness's requests: samples a second of tlite and of `hf`, by turns.

Usage: lm_eval_speed.py MODEL [--samples 48] [--rounds 3] [--threads 2]
           [--kinds letters,texts,shots,writing] [--tlite weights=bf16 ...]

A sample is a question with its choices. Kinds: `letters`, ten choices of one letter below a
question that lists them, as ruMMLU-PRO scores them; `texts`, four choices that are short
sentences; `shots`, four letters behind five examples that all questions share, as MaMuRaMu;
`writing`, an answer of up to 32 tokens to a question, greedily, as ruGSM8K asks for it.
Questions are random Russian words of the usual lengths. Both sides run in this process, in turn, on
questions of their own for each round, so that nothing of one round is in a cache of the next.
Needs the harness, torch and transformers; prints medians by the clock and by the processor time of
all threads, which other programs on the machine disturb less, and how far the scores are apart, or
how many texts differ.
"""

from __future__ import annotations

import argparse
import random
import statistics
import time
from typing import Any

import torch
from lm_eval.api.instance import Instance
from lm_eval.models.huggingface import HFLM
from tlite.lm_eval import TliteLM

WORDS = (
    *("город", "река", "книга", "учёный", "задача", "ответ", "машина"),
    *("история", "закон", "вопрос", "система", "мера", "вода", "теория"),
    *("страна", "народ", "школа", "дорога", "физика", "число", "остров"),
    *("праздник", "лес", "опыт", "причина", "сила", "свойство", "музыка"),
)


def sentence(source: random.Random, words: int) -> str:
    """Random words."""
    return " ".join(source.choice(WORDS) for _ in range(words))


def letters(source: random.Random, choices: str = "ABCDEFGHIJ") -> list[tuple[str, str]]:
    """A question with its choices listed, and a letter for each."""
    listed = "\n".join(f"{letter}. {sentence(source, 4)}" for letter in choices)
    text = f"Вопрос: {sentence(source, 25)}?\n{listed}\nОтвет:"
    return [(text, f" {letter}") for letter in choices]


def texts(source: random.Random) -> list[tuple[str, str]]:
    """A question, and four sentences that may follow it."""
    text = f"Вопрос: {sentence(source, 40)}?\nОтвет:"
    return [(text, " " + sentence(source, 6)) for _ in range(4)]


def writing(source: random.Random) -> list[tuple[str, dict[str, Any]]]:
    """A question, and how far its answer goes."""
    text = f"Вопрос: {sentence(source, 40)}?\nОтвет:"
    return [(text, {"until": ["\n\n"], "do_sample": False, "max_gen_toks": 32})]


def kinds(seed: int) -> dict[str, Any]:
    """What makes a sample of each kind."""
    before = random.Random(seed)
    examples = "".join(
        f"{letters(before, 'ABCD')[0][0]} {before.choice('ABCD')}\n\n" for _ in range(5)
    )

    def shots(source: random.Random) -> list[tuple[str, str]]:
        return [(examples + text, ending) for text, ending in letters(source, "ABCD")]

    return {"letters": letters, "texts": texts, "shots": shots, "writing": writing}


def measured(model: Any, requests: list[Instance]) -> tuple[float, float, list[Any]]:
    """Seconds by the clock and of processor time, and the answers."""
    begin, used = time.perf_counter(), time.process_time()
    answers = getattr(model, requests[0].request_type)(requests, disable_tqdm=True)
    return time.perf_counter() - begin, time.process_time() - used, answers


def apart(theirs: list[Any], mine: list[Any]) -> float:
    """The largest difference of two scores, or how many texts differ."""
    pairs = list(zip(theirs, mine, strict=True))
    if isinstance(theirs[0], str):
        return sum(one != other for one, other in pairs)
    return max(abs(one - other) for (one, _), (other, _) in pairs)


def compare(kind: str, sides: dict[str, Any], samples: int, rounds: int) -> None:
    """Prints a line a side, and how many times faster ours is."""
    taken: dict[str, list[tuple[float, float]]] = {name: [] for name in sides}
    most = 0.0
    for turn in range(rounds + 1):
        source, make = random.Random(1000 * turn + 7), kinds(turn)[kind]
        count = samples if turn else 1  # the first one warms up
        method = "generate_until" if kind == "writing" else "loglikelihood"
        requests = [
            Instance(method, {}, pair, 0, ("speed", 0, 1))
            for _ in range(count)
            for pair in make(source)
        ]
        answers = {}
        for name in sorted(sides, reverse=bool(turn % 2)):
            clock, processor, answers[name] = measured(sides[name], requests)
            if turn:
                taken[name].append((clock / count, processor / count))
        most = max(most, apart(answers["hf"], answers["tlite"]))
    middle = {}
    for name, values in taken.items():
        middle[name] = [statistics.median(column) for column in zip(*values, strict=True)]
        clocks = [1 / clock for clock, _ in values]
        print(
            f"{kind:8} {name:6} {1 / middle[name][0]:7.2f} samples/s"
            f" ({min(clocks):.2f} to {max(clocks):.2f}),"
            f" {middle[name][1]:.3f} s of processor time a sample",
            flush=True,
        )
    by_clock, by_processor = (middle["hf"][i] / middle["tlite"][i] for i in (0, 1))
    print(
        f"{kind:8} {by_clock:.2f} times as fast by the clock, {by_processor:.2f} by processor"
        f" time; {'texts that differ in a round' if kind == 'writing' else 'scores apart'}:"
        f" {most:.3g} at most",
        flush=True,
    )


def main() -> None:
    """Measures each kind."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("model")
    parser.add_argument("--samples", type=int, default=48)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--batch-size", type=int, default=1, help="of hf")
    parser.add_argument("--kinds", default="letters,texts,shots,writing")
    parser.add_argument("--tlite", nargs="*", default=[], help="model arguments: name=value")
    given = parser.parse_args()
    torch.set_num_threads(given.threads)
    own = dict(entry.split("=", 1) for entry in given.tlite)
    sides = {
        "tlite": TliteLM(given.model, threads=given.threads, **own),
        "hf": HFLM(given.model, device="cpu", dtype="bfloat16", batch_size=given.batch_size),
    }
    for kind in given.kinds.split(","):
        compare(kind, sides, given.samples, given.rounds)


if __name__ == "__main__":
    main()
