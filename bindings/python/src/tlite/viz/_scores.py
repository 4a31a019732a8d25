"""Texts whose tokens have probabilities."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

from .._convert import TokenIds, integer, token_array
from ..errors import InvalidArgument
from ..evaluator import Evaluator
from ..generation import Generation, TokenLogprob
from ..model import Model
from ..templates import Prompt

_CHUNK = 64  # rows of logits that are held at once


@dataclass(frozen=True)
class ScoredToken:
    """A token in its place."""

    chosen: TokenLogprob
    likeliest: tuple[TokenLogprob, ...] = ()
    """In its place, the likeliest first; possibly none."""
    entropy: float | None = None
    """In bits, of all tokens in its place; None where only some of them are known."""

    @property
    def probability(self) -> float:
        """0 to 1."""
        return math.exp(min(0.0, self.chosen.logprob))


@dataclass(frozen=True)
class Scored:
    """Tokens one after the other, as `score` and `of` make them."""

    tokens: tuple[ScoredToken, ...]
    before: bytes = b""
    """The text that stands before them, which has no scores."""


def of(generation: Generation) -> Scored:
    """An answer's tokens, or those of a scored prompt where there are such and no answer's.

    InvalidArgument where neither `SamplingParams(logprobs=...)` nor `prompt_logprobs` asked for
    them.
    """
    if not isinstance(generation, Generation):
        raise TypeError(f"of() takes a Generation, not {type(generation).__name__}")
    chosen, top = generation.logprobs, generation.top_logprobs
    if not chosen and generation.prompt_logprobs:
        chosen, top = generation.prompt_logprobs, generation.prompt_top_logprobs
    if chosen is None:
        raise InvalidArgument(
            "this Generation has no log probabilities: ask for them by SamplingParams(logprobs=5)"
        )
    likeliest: Sequence[tuple[TokenLogprob, ...]] = top or [()] * len(chosen)
    return Scored(tuple(map(ScoredToken, chosen, likeliest)))


def score(
    model: Model,
    text: str | Prompt | TokenIds,
    *,
    prompt: str | Prompt | TokenIds = "",
    top: int = 5,
) -> Scored:
    """How likely each token of a text is, given what stands before it, with exact entropies.

    - `text`: what is scored; `prompt`: what stands before it. Special tokens are parsed. Without a
      prompt the first token has nothing to be judged by, and gets no score.
    - `top`: of so many of the likeliest in its place, 0 to 64.

    One pass over all tokens: about as long as a prompt of that length. Needs numpy.
    """
    if not 0 <= integer(top, "top") <= 64:
        raise InvalidArgument(f"top is {top}, which is not in [0, 64]")
    before, ids = _ids(model, prompt, "prompt"), _ids(model, text, "text")
    if not before:
        before, ids = ids[:1], ids[1:]
    if not ids:
        raise InvalidArgument("text has no token that could be scored")
    tokens: list[ScoredToken] = []
    with Evaluator(
        model, context=len(before) + len(ids), max_sequences=1, max_logits_rows=_CHUNK
    ) as evaluator:
        sequence = evaluator.create_sequence()
        if len(before) > 1:
            evaluator.append(sequence, before[:-1], logits=0)
        fed = [before[-1], *ids[:-1]]
        for begin in range(0, len(fed), _CHUNK):
            part = fed[begin : begin + _CHUNK]
            evaluator.append(sequence, part, logits=len(part))
            tokens += _judged(model, evaluator, ids[begin : begin + len(part)], top)
    return Scored(tuple(tokens), b"".join(map(model.tokenizer.token_bytes, before)))


def _ids(model: Model, text: str | Prompt | TokenIds, name: str) -> list[int]:
    if isinstance(text, (str, Prompt)):
        text = model.tokenizer.encode(text)
    return list(token_array(text, name))


def _judged(model: Model, evaluator: Evaluator, ids: list[int], top: int) -> list[ScoredToken]:
    """The tokens that came behind the rows of the evaluator's last batch."""
    import numpy as np

    raw = evaluator.logits(copy=True).astype(np.float64)
    logs = raw - raw.max(axis=1, keepdims=True)
    logs -= np.log(np.exp(logs).sum(axis=1, keepdims=True))
    entropies = -(np.exp(logs) * logs).sum(axis=1) / math.log(2)

    def entry(row: int, token: int, rank: int) -> TokenLogprob:
        data = model.tokenizer.token_bytes(token)
        return TokenLogprob(token, float(logs[row, token]), rank, data)

    result = []
    for row, token in enumerate(ids):
        rank = int((logs[row] > logs[row, token]).sum()) + 1
        some = np.argpartition(-logs[row], top)[:top] if top else ()
        order = sorted((int(i) for i in some), key=lambda i: (-logs[row, i], i))
        likeliest = tuple(entry(row, token, place + 1) for place, token in enumerate(order))
        result.append(ScoredToken(entry(row, token, rank), likeliest, float(entropies[row])))
    return result
