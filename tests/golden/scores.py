"""Log probabilities of prompts and beams of random tiny checkpoints by transformers, for
tests/unit/api/scores_test.cpp and beam_search_test.cpp.

Usage: scores.py > data/scores.txt

A block a checkpoint: its name, the number of prompt tokens and the largest |logit| among all; then
a line a token of the prompt from the second on: position, logprob, rank (0 where another token's
logit is so near that float32 in another order of sums may exchange the two).

Then searches: a line of how ("beams", scoring, beam_width, max_new_tokens, length_penalty,
early_stopping, ignore_eos, the end tokens) and a line a beam, the best first: score and tokens of
the answer. transformers' generate finds those of "huggingface"; those of "vllm" are the rule of
vLLM 0.32 (entrypoints/generate/beam_search), written down again here over transformers' logits.
What float64 does not find alike is left out.
"""

from __future__ import annotations

import copy
import dataclasses
import sys

import torch
from synthetic import Spec, reference, token_ids

SPECS = [
    (Spec("plain", 1, 64, 176, 3, 4, 2, 16, 96), 70),
    (Spec("tied", 2, 48, 100, 2, 6, 2, 8, 131, tied=True), 40),
]
NEAR = 1e-3  # of the largest |logit|; the tests allow a tenth of it
STOPPING: dict[str, bool | str] = {"heuristic": False, "at_once": True, "never": "never"}

Beams = list[tuple[float, list[int]]]


@dataclasses.dataclass(frozen=True)
class Search:
    """One beam search."""

    scoring: str
    width: int
    max_new: int
    penalty: float
    stopping: str
    ignore_eos: bool
    ends: tuple[int, ...]

    def line(self) -> str:
        """How the golden file names it."""
        words = ["beams", self.scoring, self.width, self.max_new, self.penalty, self.stopping]
        return " ".join(map(str, [*words, int(self.ignore_eos), *self.ends]))


def by_transformers(model: torch.nn.Module, ids: list[int], search: Search) -> Beams:
    """generate's answers."""
    out = model.generate(  # type: ignore[operator]
        torch.tensor([ids]),
        attention_mask=torch.ones(1, len(ids), dtype=torch.long),  # the pad token is one of them
        num_beams=search.width,
        num_return_sequences=search.width,
        max_new_tokens=search.max_new,
        length_penalty=search.penalty,
        early_stopping=STOPPING[search.stopping],
        eos_token_id=None if search.ignore_eos else list(search.ends),
        pad_token_id=0,
        do_sample=False,
        return_dict_in_generate=True,
        output_scores=True,
    )
    beams = []
    for sequence, score, parents in zip(
        out.sequences, out.sequences_scores, out.beam_indices, strict=True
    ):
        length = int((parents >= 0).sum())
        beams.append((score.item(), sequence[len(ids) : len(ids) + length].tolist()))
    return beams


def by_vllm(model: torch.nn.Module, ids: list[int], search: Search) -> Beams:
    """Every end is kept, and of the rest the best `width`; the length is the prompt's and the
    answer's without an end token."""
    end = search.ends[0]

    def score(beam: tuple[float, list[int]]) -> float:
        length = len(ids) + len(beam[1]) - (1 if beam[1][-1] == end else 0)
        return beam[0] / length**search.penalty

    running: Beams = [(0.0, [])]
    completed: Beams = []
    for _ in range(search.max_new):
        found: Beams = []
        logits = model(torch.tensor([ids + tokens for _, tokens in running])).logits[:, -1]
        top = torch.log_softmax(logits.float(), dim=-1).topk(2 * search.width)
        for (logprob, tokens), values, indices in zip(
            running, top.values, top.indices, strict=True
        ):
            for value, index in zip(values.tolist(), indices.tolist(), strict=True):
                grown = (logprob + value, [*tokens, index])
                (completed if index == end and not search.ignore_eos else found).append(grown)
        running = sorted(found, key=score, reverse=True)[: search.width]
    best = sorted(completed + running, key=score, reverse=True)[: search.width]
    return [(score(beam), beam[1]) for beam in best]


def searches(ends: tuple[int, ...]) -> list[Search]:
    """What is searched for in each checkpoint; `ends` are likely, so that beams end."""
    found = [
        Search("huggingface", width, 10, penalty, stopping, False, ends[:count])
        for width in (2, 5)
        for penalty in (1.0, 0.0, 2.5, -1.0)
        for stopping in STOPPING
        for count in (1, 3)
    ]
    found += [Search("huggingface", 3, 8, 1.0, "heuristic", True, ends[:1])]
    found += [
        Search("vllm", width, 10, penalty, "heuristic", ignore, ends[:1])
        for width in (1, 2, 5)
        for penalty in (1.0, 0.0, -1.0)
        for ignore in (False, True)
    ]
    return found


def print_searches(model: torch.nn.Module, exact: torch.nn.Module, ids: list[int]) -> None:
    """Searches that float32 and float64 agree about."""
    free = by_transformers(model, ids, Search("huggingface", 5, 4, 1.0, "heuristic", True, (0,)))
    ends = tuple(dict.fromkeys(token for _, tokens in free for token in reversed(tokens)))[:3]
    for search in searches(ends):
        run = by_transformers if search.scoring == "huggingface" else by_vllm
        beams = run(model, ids, search)
        if [tokens for _, tokens in beams] != [tokens for _, tokens in run(exact, ids, search)]:
            print("left out:", search.line(), file=sys.stderr)
            continue
        print(search.line())
        for score, tokens in beams:
            print(f"{score:.9g}", *tokens)


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
        print_searches(model, copy.deepcopy(model).double(), ids)
    sys.stdout.flush()


if __name__ == "__main__":
    main()
