"""Rules of vLLM's that the library's sampler does not have, as a look at logits before each token.

- With min_p and top_p together vLLM drops by min_p first, and top_p counts what is left; the
  sampler drops by top_p first.
- With ignore_eos and min_tokens vLLM still keeps the end tokens out of the first tokens.

Both ban tokens, which the sampler then does not see.
"""

from __future__ import annotations

from typing import Any, Callable

import numpy as np

from .._logits import LogitsFunction
from ..sampling import SamplingParams

Rule = Callable[[Any, int, Any], None]
"""Bans tokens: of ids (prompt and answer), the length of the prompt, and logits, in place."""


def looking(rules: list[Rule], prompt: int) -> LogitsFunction:
    """All of them as an engine's logits_processor, for a prompt of so many tokens."""

    def look(ids: Any, logits: Any) -> None:
        for rule in rules:
            rule(ids, prompt, logits)

    return look


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
