"""What transformers' logits processors and vLLM's penalty formula keep of random logits.

Usage: python samplers.py > data/samplers.txt     (needs torch, numpy and transformers)

Logits are made on both sides from the library's counter-based generator (lib/base/rng.hpp), so the
file holds results only. The penalties run in float32, as in the reference; the warpers run in
float64, which gives probabilities to compare to more than seven digits. In how many cases they
keep another set in float32 stands in the file's first line.

One case a line, fields separated by blanks:
  vocabulary seed scale temperature top_k top_p min_p repetition presence frequency
  n bias: n x (token value)   n prompt: n x token   n output: n x token
  kept: count, FNV-1a of the ids (int32, little endian, ascending)   n x (token probability)
"""

import itertools
import struct
import sys
from collections.abc import Iterator
from dataclasses import dataclass, field

import numpy as np
import torch
from transformers.generation.logits_process import (
    LogitsProcessor,
    LogitsProcessorList,
    MinPLogitsWarper,
    RepetitionPenaltyLogitsProcessor,
    SequenceBiasLogitsProcessor,
    TemperatureLogitsWarper,
    TopKLogitsWarper,
    TopPLogitsWarper,
)

MASK = 2**64 - 1
GAMMA = 0x9E3779B97F4A7C15
SHOWN = 6


def mix(z: np.ndarray) -> np.ndarray:
    """SplitMix64's finaliser."""
    z = (z ^ (z >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
    z = (z ^ (z >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
    return z ^ (z >> np.uint64(31))


def random_units(seed: int, count: int) -> np.ndarray:
    """The first values of CounterRng(seed).next_unit()."""
    with np.errstate(over="ignore"):
        counters = np.arange(1, count + 1, dtype=np.uint64) * np.uint64(GAMMA)
        start = mix(np.array([seed], dtype=np.uint64))
        return (mix(start + counters) >> np.uint64(11)).astype(np.float64) * 2.0**-53


def random_logits(seed: int, count: int, scale: float) -> np.ndarray:
    """Cubes of uniform values: most near zero, few far out, as a model's logits are."""
    z = 2.0 * random_units(seed, count) - 1.0
    return (z * z * z * scale).astype(np.float32)


@dataclass
class Case:
    """Logits and the parameters to sample them with."""

    vocabulary: int
    seed: int
    scale: float
    temperature: float = 1.0
    top_k: int = 0
    top_p: float = 1.0
    min_p: float = 0.0
    repetition: float = 1.0
    presence: float = 0.0
    frequency: float = 0.0
    bias: dict[int, float] = field(default_factory=dict)
    prompt: list[int] = field(default_factory=list)
    output: list[int] = field(default_factory=list)


def f32(value: float) -> float:
    """The value as the library holds it."""
    return float(np.float32(value))


def adjusted(case: Case) -> torch.Tensor:
    """Logits after bias and penalties."""
    scores = torch.from_numpy(random_logits(case.seed, case.vocabulary, case.scale))[None]
    ids = torch.tensor([case.prompt + case.output], dtype=torch.long)
    if case.bias:
        bias: list[list[list[int] | float]] = [[[t], value] for t, value in case.bias.items()]
        scores = SequenceBiasLogitsProcessor(bias)(ids, scores)
    if case.repetition != 1.0:
        scores = RepetitionPenaltyLogitsProcessor(f32(case.repetition))(ids, scores)
    # vLLM: logits -= frequency * counts; logits -= presence * (counts > 0), over the output.
    counts = torch.bincount(
        torch.tensor(case.output, dtype=torch.long), minlength=case.vocabulary
    ).float()
    scores = scores - f32(case.frequency) * counts
    return scores - f32(case.presence) * (counts > 0).float()


def warped(case: Case, scores: torch.Tensor) -> torch.Tensor:
    """Scores after the filters; what they drop is -infinity."""
    warpers: list[LogitsProcessor] = [TemperatureLogitsWarper(f32(case.temperature))]
    if case.top_k > 0:
        warpers.append(TopKLogitsWarper(case.top_k))
    if case.top_p < 1.0:
        warpers.append(TopPLogitsWarper(f32(case.top_p)))
    if case.min_p > 0.0:
        warpers.append(MinPLogitsWarper(f32(case.min_p)))
    no_ids = torch.zeros((1, 0), dtype=torch.long)
    return LogitsProcessorList(warpers)(no_ids, scores)[0]  # type: ignore[arg-type]


def fnv(ids: list[int]) -> int:
    """FNV-1a over the ids as int32."""
    state = 0xCBF29CE484222325
    for byte in struct.pack(f"<{len(ids)}i", *ids):
        state = ((state ^ byte) * 0x100000001B3) & MASK
    return state


def cases() -> Iterator[Case]:
    """Every filter by itself, then together, over small to real vocabularies."""
    seeds = itertools.count(1)
    shapes = [(50, 8.0), (1000, 12.0), (1000, 40.0), (4096, 25.0), (152064, 24.0), (152064, 60.0)]
    for vocabulary, scale in shapes:
        for temperature in (0.05, 0.3, 0.7, 1.0, 1.7):
            yield Case(vocabulary, next(seeds), scale, temperature=temperature)
        for top_k in (1, 2, 5, 40, 49, 1000, 5000, 200000):
            yield Case(vocabulary, next(seeds), scale, top_k=top_k)
        for top_p in (0.01, 0.1, 0.5, 0.8, 0.9, 0.95, 0.99, 0.9999):
            yield Case(vocabulary, next(seeds), scale, top_p=top_p)
        for min_p in (0.001, 0.05, 0.1, 0.5, 0.99, 1.0):
            yield Case(vocabulary, next(seeds), scale, min_p=min_p)
        for k, p, m in itertools.product((0, 70, 400), (1.0, 0.8), (0.0, 0.02)):
            yield Case(vocabulary, next(seeds), scale, 0.7, k, p, m)
        tokens = [int(u * vocabulary) for u in random_units(vocabulary, 90)]
        prompt, output = tokens[:60], tokens[30:90] + tokens[:5] + tokens[:3]
        bias = {tokens[1]: 4.5, tokens[2]: -3.25, tokens[70]: 9.0, tokens[80]: -100.0}
        for repetition in (0.8, 1.05, 1.3):
            case = Case(vocabulary, next(seeds), scale, top_p=0.9, repetition=repetition)
            case.prompt, case.output = prompt, output
            yield case
        for presence, frequency in ((0.5, 0.0), (0.0, 0.7), (-1.0, 1.5)):
            case = Case(vocabulary, next(seeds), scale, top_k=50)
            case.presence, case.frequency, case.prompt, case.output = (
                presence,
                frequency,
                prompt,
                output,
            )
            yield case
        yield Case(vocabulary, next(seeds), scale, top_k=50, bias=bias)
        case = Case(vocabulary, next(seeds), scale, 0.7, 70, 0.8, 0.05, 1.05, 0.25, 0.5, bias)
        case.prompt, case.output = prompt, output
        yield case


def line(case: Case, kept: list[int], probabilities: torch.Tensor) -> str:
    """One case as the file holds it."""
    likeliest = torch.sort(probabilities, descending=True, stable=True).indices.tolist()
    shown = sorted(set(likeliest[:SHOWN]) & set(kept)) + kept[-1:]
    parts: list[object] = [case.vocabulary, case.seed, case.scale, case.temperature, case.top_k]
    parts += [case.top_p, case.min_p, case.repetition, case.presence, case.frequency]
    parts += [len(case.bias), *itertools.chain.from_iterable(case.bias.items())]
    parts += [len(case.prompt), *case.prompt, len(case.output), *case.output]
    parts += [len(kept), fnv(kept), len(shown)]
    for token in shown:
        parts += [token, repr(float(probabilities[token]))]
    return " ".join(str(part) for part in parts)


def main() -> None:
    """Write the file to stdout."""
    lines = []
    different = 0
    for case in cases():
        scores = adjusted(case)
        exact = warped(case, scores.double())
        rounded = warped(case, scores)
        different += int(not torch.equal(exact.isfinite(), rounded.isfinite()))
        kept = torch.nonzero(exact.isfinite())[:, 0].tolist()
        lines.append(line(case, kept, torch.softmax(exact, dim=-1)))
    print(f"# {len(lines)} cases; float32 keeps another set in {different} of them")
    sys.stdout.write("\n".join(lines) + "\n")


if __name__ == "__main__":
    main()
