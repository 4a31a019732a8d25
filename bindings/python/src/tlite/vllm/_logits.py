"""Rules of vLLM's that the library's sampler does not have, as a look at logits before each token.

- With min_p and top_p together vLLM drops by min_p first, and top_p counts what is left; the
  sampler drops by top_p first.
- With ignore_eos and min_tokens vLLM still keeps the end tokens out of the first tokens.

Both ban tokens, which the sampler then does not see.
"""

from __future__ import annotations

import itertools
from ctypes import c_float, c_int32
from typing import Any, Callable

import numpy as np

from .. import _ffi
from ..sampling import SamplingParams

Rule = Callable[[Any, int, Any], None]
"""Bans tokens: of ids (prompt and answer), the length of the prompt, and logits, in place."""

_rules: dict[int, tuple[list[Rule], int]] = {}
_numbers = itertools.count(1)
_raised: dict[int, BaseException] = {}


@_ffi.tlite_logits_callback
def _look(tokens: Any, count: int, logits: Any, size: int, user: int) -> int:
    """Other than 0 ends the answer."""
    found = _rules.get(user)
    if found is None:  # its call is over
        return 1
    rules, prompt = found
    try:
        ids = np.frombuffer((c_int32 * count).from_address(tokens), dtype=np.int32)
        values = np.frombuffer((c_float * size).from_address(logits), dtype=np.float32)
        for rule in rules:
            rule(ids, prompt, values)
    except BaseException as error:
        _raised[user] = error
        return 1
    return 0


class Hook:
    """What one request's logits are looked at by, until it is closed."""

    def __init__(self, rules: list[Rule], prompt: int) -> None:
        self.number = next(_numbers)
        _rules[self.number] = (rules, prompt)

    @property
    def native(self) -> tuple[Any, int]:
        """As an engine's request takes it."""
        return (_look, self.number)

    def close(self) -> None:
        """Raises what a rule raised."""
        _rules.pop(self.number, None)
        error = _raised.pop(self.number, None)
        if error is not None:
            raise error


def no_early_ends(ends: list[int], min_tokens: int) -> Rule:
    """Ids that do not come among the first tokens."""
    banned = np.array(ends, dtype=np.int64)

    def rule(ids: Any, prompt: int, logits: Any) -> None:
        if len(ids) - prompt < min_tokens:
            logits[banned] = -np.inf

    return rule


def min_p_first(params: SamplingParams, ends: list[int]) -> Rule:
    """Drops what is less likely than min_p times the likeliest, by scores as the sampler has them.

    `ends`: ids that min_new_tokens keeps out.
    """
    allowed = np.array(list(params.allowed_token_ids), dtype=np.int64)
    early = np.array([*ends, *params.stop_token_ids], dtype=np.int64)
    biases = dict(params.logit_bias)
    biased = np.array(list(biases), dtype=np.int64)
    bias = np.array(list(biases.values()), dtype=np.float32)
    words = [tuple(word) for word in params.bad_words]

    def rule(ids: Any, prompt: int, logits: Any) -> None:
        scores = logits.copy()
        if len(allowed):
            others = np.ones(len(scores), dtype=bool)
            others[allowed] = False
            scores[others] = -np.inf
        if len(biased):
            scores[biased] += bias
        _penalise(scores, ids, prompt, params)
        for word in words:
            if len(word) <= len(ids) + 1 and tuple(ids[len(ids) + 1 - len(word) :]) == word[:-1]:
                scores[word[-1]] = -np.inf
        if len(ids) - prompt < params.min_new_tokens:
            scores[early] = -np.inf
        # exp(score / t) >= min_p * exp(largest / t)
        least = scores.max() + params.temperature * np.log(params.min_p)
        logits[scores < least] = -np.inf

    return rule


def _penalise(scores: Any, ids: Any, prompt: int, params: SamplingParams) -> None:
    if params.repetition_penalty != 1.0:
        seen = np.unique(ids)
        values = scores[seen]
        penalty = np.float32(params.repetition_penalty)
        scores[seen] = np.where(values < 0, values * penalty, values / penalty)
    if params.presence_penalty or params.frequency_penalty:
        said, counts = np.unique(ids[prompt:], return_counts=True)
        scores[said] -= params.frequency_penalty * counts.astype(np.float32)
        scores[said] -= params.presence_penalty
