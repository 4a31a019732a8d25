"""Log likelihoods of endings, each text computed once however many endings it has."""

from __future__ import annotations

import math
from collections.abc import Iterator

from ..errors import Internal
from ..generation import Generation
from ..sampling import SamplingParams
from ._engines import Engines, Request, answers

Ids = tuple[int, ...]
Pair = tuple[list[int], list[int]]
"""A text and its ending, both not empty."""
Likelihood = tuple[float, bool]
"""The sum of its tokens' logarithms, and whether each is what greedy decoding says."""

_NOTHING = SamplingParams(temperature=0, max_new_tokens=0)
_BEFORE_OTHERS = 1  # priority of what goes on with a text that is in the cache


def _request(text: Ids, ending: Ids, priority: int) -> Request:
    return Request(
        (text, ending),
        [*text, *ending],
        {
            "sampling": _NOTHING,
            "prompt_logprobs": 0,
            "prompt_logprobs_start": len(text),
            "priority": priority,
        },
    )


def _likelihood(result: Generation) -> Likelihood:
    scores = result.prompt_logprobs
    if not scores:
        raise Internal(f"a scored request ended by {result.finish_reason!r}, without scores")
    return math.fsum(score.logprob for score in scores), all(score.rank == 1 for score in scores)


def likelihoods(engines: Engines, pairs: list[Pair], most: int) -> Iterator[tuple[int, Likelihood]]:
    """Of each pair its place and its likelihood, as they come.

    Of what is longer than `most` tokens and one, the beginning is cut off; endings are no longer
    than `most`.
    """
    texts: dict[Ids, dict[Ids, list[int]]] = {}  # their endings, and where those were asked for
    for place, (text, ending) in enumerate(pairs):
        whole = (text + ending)[-most - 1 :]
        endings = texts.setdefault(tuple(whole[: -len(ending)]), {})
        endings.setdefault(tuple(ending), []).append(place)
    if not texts:
        return
    lengths = [len(text) + max(map(len, endings)) for text, endings in texts.items()]

    def first() -> Iterator[Request]:
        for text in sorted(texts):  # what begins alike comes together
            yield _request(text, next(iter(texts[text])), 0)

    def rest(key: tuple[Ids, Ids]) -> Iterator[Request]:
        text, ending = key
        endings = iter(texts[text])
        if ending == next(endings):
            for other in endings:
                yield _request(text, other, _BEFORE_OTHERS)

    for (text, ending), result in answers(engines.get(lengths), first(), rest):
        score = _likelihood(result)
        for place in texts[text][ending]:
            yield place, score
