"""A plan token by token: the forward pass for all rows, then what callbacks make of the scores.

Runs where somebody wants to see scores or all rows between two tokens: output_scores, processors,
criteria of one's own. As in transformers all rows go on until the last has ended; those that have
ended before get padding.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any, Callable

import numpy as np

from ..model import Model
from ..sampler import Sampler
from ..sampling import SamplingParams
from ._arrays import as_numpy, made
from ._plan import Plan
from ._rows import Rows
from ._seeds import seeds
from .logits_process import NumpyProcessor
from .stopping_criteria import NumpyCriterion


@dataclass
class HostResult:
    """What came out."""

    sequences: Any
    """(rows, length) int64."""
    scores: list[Any] = field(default_factory=list)
    logits: list[Any] = field(default_factory=list)
    beam_scores: Any = None
    """(rows,) float32, where beams were searched."""
    origins: Any = None
    """(rows, new tokens) int32: of which row of a step's scores each token is, likewise."""


class _Chooser:
    """Which token each row goes on with."""

    def __init__(self, model: Model, plan: Plan) -> None:
        self._samplers: list[Sampler] = []
        if plan.samples:
            self._samplers = [
                Sampler(model, SamplingParams(temperature=1.0, seed=seed))
                for seed in seeds(len(plan.prompts), plan.generator)
            ]

    def choose(self, scores: Any) -> Any:
        """Drawn from the scores, or their largest, the lowest id of equal ones."""
        if not self._samplers:
            return scores.argmax(axis=1).astype(np.int64)
        drawn = [sampler.sample(row).token for sampler, row in zip(self._samplers, scores)]
        return np.array(drawn, dtype=np.int64)


def processed(
    processors: list[Any], ids: Any, logits: Any, kind: str, *, may_be_none: bool = False
) -> Any:
    """Scores of a step; those who are not of this package see arrays of the call's kind.

    ValueError where they leave a row no token, unless that `may_be_none`.
    """
    scores = logits.copy()
    for processor in processors:
        if isinstance(processor, NumpyProcessor) and type(processor).__call__ is _NUMPY_CALL:
            scores = processor.apply(ids, scores)
        else:
            scores = as_numpy(processor(made(kind, ids), made(kind, scores)))
        name = getattr(processor, "__name__", type(processor).__name__)
        if scores.shape != logits.shape:
            raise ValueError(f"{name} gave scores {scores.shape} in place of {logits.shape}")
        nothing = np.flatnonzero(np.isneginf(scores.max(axis=1)))
        if len(nothing) and not may_be_none:
            raise ValueError(f"{name} left no token that row {nothing[0]} could go on with")
    return np.ascontiguousarray(scores, dtype=np.float32)


_NUMPY_CALL = NumpyProcessor.__call__


def ended(criteria: list[Any], ids: Any, scores: Any, kind: str) -> Any:
    """Which rows end."""
    result = np.zeros(len(ids), dtype=bool)
    for criterion in criteria:
        if isinstance(criterion, NumpyCriterion):
            said: Any = criterion.ends(ids)
        else:
            said = as_numpy(criterion(made(kind, ids), scores))
        result |= np.broadcast_to(said, result.shape).astype(bool)
    return result


def run(
    model: Model,
    plan: Plan,
    processors: list[Any],
    criteria: list[Any],
    streamer: Callable[[Any], None] | None,
) -> HostResult:
    """The whole answer of all rows."""
    config, kind = plan.config, plan.kind
    keeps_scores = bool(config.return_dict_in_generate and config.output_scores)
    keeps_logits = bool(config.return_dict_in_generate and config.output_logits)
    pads = any(hasattr(criterion, "eos_token_id") for criterion in criteria)
    ids = plan.ids
    result = HostResult(ids)
    rows, chooser = Rows(model, plan), _Chooser(model, plan)
    goes_on = np.ones(len(ids), dtype=bool)
    while True:
        scores = processed(processors, ids, rows.logits, kind)
        if keeps_scores:
            result.scores.append(made(kind, scores))
        if keeps_logits:
            result.logits.append(made(kind, rows.logits.copy()))
        tokens = chooser.choose(scores)
        if pads:
            tokens = np.where(goes_on, tokens, plan.pad)
        ids = np.concatenate([ids, tokens[:, None]], axis=1)
        shown = tuple(result.scores) if keeps_scores else None
        goes_on &= ~ended(criteria, ids, shown, kind)
        if streamer is not None:
            streamer(tokens)
        if not goes_on.any():
            result.sequences = ids
            return result
        rows.append(tokens.tolist())
