"""Beam search over a plan: the likeliest whole answers.

After transformers 5.24, generation/utils.py (GenerationMixin._beam_search), to the float32 sums and
what ends it. Of each prompt `num_beams` beams go on; a step's candidates are the best continuations
of all of them, so many that they cannot all be ends, and only the best `num_beams` may end. A beam
that is none yet, or none any more, has a score that no sum of logarithms reaches.

Not on `Engine.beam_search`, which finds the same: that takes no processors, of which a checkpoint's
repetition_penalty is one, no criteria and one prompt at a time. On one prompt of a 0.5B model they
took the same time.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from ..model import Model
from ._arrays import made
from ._host_loop import HostResult, ended, processed
from ._plan import Plan
from ._rows import Rows
from ._seeds import seeds
from .logits_warpers import log_softmax

_NONE = np.float32(-1e9)  # added to the score of what is no beam


@dataclass
class _Beams:
    """Some of each prompt, the best first."""

    ids: Any
    """(prompts, beams, length) int64, prompts in front."""
    scores: Any
    """(prompts, beams) float32."""
    origins: Any
    """(prompts, beams, new tokens) int32: the row that each new token was chosen from; -1: none."""

    def taken(self, which: Any) -> _Beams:
        """Those at (prompts, any number) places."""
        at = which[:, :, None]
        return _Beams(
            np.take_along_axis(self.ids, at, axis=1),
            np.take_along_axis(self.scores, which, axis=1),
            np.take_along_axis(self.origins, at, axis=1),
        )

    def grown(self, tokens: Any, origins: Any) -> _Beams:
        """With one token more each, (prompts, beams)."""
        return _Beams(
            np.concatenate([self.ids, tokens[:, :, None]], axis=2),
            self.scores,
            np.concatenate([self.origins, origins[:, :, None].astype(np.int32)], axis=2),
        )

    def and_also(self, others: _Beams) -> _Beams:
        """These, then others of the same length."""
        return _Beams(
            np.concatenate([self.ids, others.ids], axis=1),
            np.concatenate([self.scores, others.scores], axis=1),
            np.concatenate([self.origins, others.origins], axis=1),
        )


def _best(scores: Any, count: int) -> Any:
    """Where the largest of each row are, in order; of equal ones the first."""
    return np.argsort(-scores, axis=1, kind="stable")[:, :count]


def _best_of_many(scores: Any, count: int) -> Any:
    """The same without sorting all of them."""
    some = np.sort(np.argpartition(-scores, count - 1, axis=1)[:, :count], axis=1)
    order = _best(np.take_along_axis(scores, some, axis=1), count)
    return np.take_along_axis(some, order, axis=1)


class _Search:
    """What goes on and what has ended, of all prompts."""

    def __init__(self, plan: Plan) -> None:
        c = plan.config
        self.count = int(c.num_beams)
        self._kept = max(2, 1 + len(plan.eos)) * self.count
        self._penalty = float(c.length_penalty)
        self._early = c.early_stopping
        self._longest = plan.max_new_tokens
        # transformers takes a padding token 0 for none.
        self._filling = (plan.pad or plan.eos[0]) if plan.eos else -1
        prompts = len(plan.ids) // self.count
        ids = plan.ids.reshape(prompts, self.count, -1)
        scores = np.zeros((prompts, self.count), dtype=np.float32)
        scores[:, 1:] = _NONE  # equal prompts would go on with equal tokens
        origins = np.empty((prompts, self.count, 0), dtype=np.int32)
        self.running = _Beams(ids, scores, origins)
        self._ended = _Beams(ids, np.full_like(scores, _NONE), origins)
        self._has_ended = np.zeros((prompts, self.count), dtype=bool)
        self._may_improve = np.ones((prompts, 1), dtype=bool)
        self._draws = (
            [np.random.default_rng(seed) for seed in seeds(prompts, plan.generator)]
            if plan.samples
            else []
        )

    @property
    def rows(self) -> Any:
        """The ids of what goes on, (rows, length)."""
        return self.running.ids.reshape(-1, self.running.ids.shape[2])

    def candidates(self, scores: Any) -> _Beams:
        """What may come of the next token, from (rows, vocab_size) scores."""
        prompts, vocab = len(self.running.ids), scores.shape[1]
        sums = scores.reshape(prompts, self.count, vocab) + self.running.scores[:, :, None]
        sums = sums.reshape(prompts, -1)
        if np.isneginf(sums.max(axis=1)).any():
            raise ValueError("processors left a prompt no token that any beam could go on with")
        at = self._chosen(sums)
        beams, tokens = at // vocab, at % vocab
        rows = beams + np.arange(prompts)[:, None] * self.count
        found = self.running.taken(beams).grown(tokens, rows)
        found.scores = np.take_along_axis(sums, at, axis=1)
        return found

    def _chosen(self, sums: Any) -> Any:
        if not self._draws:
            return _best_of_many(sums, self._kept)
        # Drawing without putting back is to take the largest after adding Gumbel noise.
        noise = np.stack([draw.gumbel(size=sums.shape[1]) for draw in self._draws])
        drawn = _best_of_many(sums.astype(np.float64) + noise, self._kept)
        order = _best(np.take_along_axis(sums, drawn, axis=1), self._kept)
        return np.take_along_axis(drawn, order, axis=1)

    def advance(self, found: _Beams, ends: Any) -> bool:
        """With (prompts, candidates) of which it is known whether they end. False: it is over."""
        self._keep_ended(found, ends)
        found.scores = found.scores + ends.astype(np.float32) * _NONE
        self.running = found.taken(_best(found.scores, self.count))
        self._note_whether_it_can_improve()
        full = self._early is True and bool(self._has_ended.all())
        return bool(self._may_improve.any()) and not full and not bool(ends.all())

    def _normal(self, length: int) -> Any:
        with np.errstate(over="ignore"):
            return np.float32(np.float64(length) ** self._penalty)

    def _keep_ended(self, found: _Beams, ends: Any) -> None:
        length = found.origins.shape[2]
        among_best = ends & (np.arange(ends.shape[1]) < self.count)
        with np.errstate(divide="ignore"):
            scores = found.scores / self._normal(length)
        full = self._has_ended.all(axis=1, keepdims=True) & (self._early is True)
        for barred in (full, ~self._may_improve, ~among_best):
            scores = scores + barred.astype(np.float32) * _NONE
        shape = self._has_ended.shape
        filling = np.full(shape, self._filling, dtype=np.int64)
        longer = self._ended.grown(filling, np.full(shape, -1))
        both = longer.and_also(_Beams(found.ids, scores, found.origins))
        best = _best(both.scores, self.count)
        self._ended = both.taken(best)
        flags = np.concatenate([self._has_ended, among_best], axis=1)
        self._has_ended = np.take_along_axis(flags, best, axis=1)

    def _note_whether_it_can_improve(self) -> None:
        length = self.running.origins.shape[2]
        if self._early == "never" and self._penalty > 0:
            length = self._longest
        with np.errstate(divide="ignore"):
            best = self.running.scores[:, :1] / self._normal(length)
        least = self._ended.scores.min(axis=1, keepdims=True)
        worst = np.where(self._has_ended, least, _NONE)
        self._may_improve &= (best > worst).any(axis=1, keepdims=True)

    def result(self, count: int) -> HostResult:
        """The best `count` of each prompt."""
        ids = self._ended.ids[:, :count].reshape(-1, self._ended.ids.shape[2])
        origins = self._ended.origins[:, :count].reshape(len(ids), -1)
        longest = int((origins >= 0).sum(axis=1).max())
        width = ids.shape[1] - origins.shape[1]
        return HostResult(
            ids[:, : width + longest],
            beam_scores=self._ended.scores[:, :count].reshape(-1),
            origins=origins[:, :longest],
        )


def run(model: Model, plan: Plan, processors: list[Any], criteria: list[Any]) -> HostResult:
    """The best num_return_sequences answers to each prompt."""
    config, kind = plan.config, plan.kind
    keeps_scores = bool(config.return_dict_in_generate and config.output_scores)
    keeps_logits = bool(config.return_dict_in_generate and config.output_logits)
    all_scores: list[Any] = []
    all_logits: list[Any] = []
    search, rows = _Search(plan), Rows(model, plan)
    while True:
        logs = log_softmax(rows.logits)
        scores = processed(processors, search.rows, logs, kind, may_be_none=True)
        if keeps_scores:
            all_scores.append(made(kind, scores))
        if keeps_logits:
            all_logits.append(made(kind, rows.logits.copy()))
        found = search.candidates(scores)
        shown = tuple(all_scores) if keeps_scores else None
        longer = found.ids.reshape(-1, found.ids.shape[2])
        ends = ended(criteria, longer, shown, kind).reshape(found.scores.shape)
        if not search.advance(found, ends):
            result = search.result(config.num_return_sequences)
            result.scores, result.logits = all_scores, all_logits
            return result
        rows.reorder(search.running.origins[:, :, -1].reshape(-1).tolist())
        rows.append(search.rows[:, -1].tolist())
