"""A plan on the Engine: all rows at once, each a request of its own."""

from __future__ import annotations

import time
from typing import Any

from .._group import Group
from ..engine import Engine
from ._plan import Plan
from ._rules import sampling_of, stop_tokenizer
from ._seeds import seeds
from .stopping_criteria import StopStringMatcher


class _Row:
    """The answer of one row as it grows, and what ends it that the engine does not know."""

    def __init__(self, prompt: list[int], matcher: StopStringMatcher | None) -> None:
        self.prompt = prompt
        self._matcher = matcher
        # A stop string may begin in the prompt; no token of it is shorter than a byte.
        self._before = prompt[len(prompt) - min(len(prompt), matcher.longest) :] if matcher else []
        self.tokens: list[int] = []
        self.ended = False

    def add(self, token: int) -> None:
        """One more, which may be the last."""
        self.tokens.append(token)
        if self._matcher is not None:
            self.ended = self._matcher.ends(self._before + self.tokens)


class _Clock:
    """max_time: every row that has a token ends when it is over."""

    def __init__(self, seconds: float | None) -> None:
        self._end = None if seconds is None else time.time() + seconds

    def is_over(self) -> bool:
        """From now on."""
        return self._end is not None and time.time() > self._end


def run(engine: Engine, plan: Plan, model_eos: list[int], streamer: Any) -> list[list[int]]:
    """The tokens of each row's answer, the ending one included."""
    matcher = None
    if plan.config.stop_strings is not None:
        matcher = StopStringMatcher(stop_tokenizer(plan), plan.config.stop_strings)
    rows = [_Row(prompt, matcher) for prompt in plan.prompts]
    drawn: list[Any] = seeds(len(rows), plan.generator) if plan.samples else [None] * len(rows)
    clock = _Clock(plan.config.max_time)
    watched = matcher is not None or streamer is not None or plan.config.max_time is not None
    with Group[_Row](engine, only_ends=not watched) as group:
        for row, seed in zip(rows, drawn):
            params = sampling_of(plan, seed, model_eos)
            group.submit(row.prompt, {"sampling": params}, [row])
        while group:
            row, event = group.read()
            if watched and event.piece.token is not None and not row.ended:
                row.add(event.piece.token)
                if streamer is not None:
                    streamer(event.piece.token)
                row.ended = row.ended or clock.is_over()
                if row.ended:
                    engine.cancel(event.request)
            if not watched and event.result is not None:
                row.tokens = list(event.result.tokens)
    return [row.tokens for row in rows]
