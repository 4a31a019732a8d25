"""The engine that requests of the harness run on."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Any, NamedTuple

from .._group import Group
from ..engine import Engine
from ..generation import Generation
from ..model import Model
from ..requests import RequestOptions

_PAGE = 1024  # tokens that an engine's memory is rounded up to
_USUAL = 8192  # tokens of several requests; what is beyond waits for its turn
_SEQUENCES = 64  # short endings of long texts, which many make a batch
_AHEAD = 2 * _SEQUENCES  # requests that the engine may choose from


class Request(NamedTuple):
    """What one request is made of."""

    key: Any
    """The asker's own."""
    ids: list[int]
    options: RequestOptions


class Engines:
    """The engine of a model, made anew where requests need more room than it has."""

    def __init__(self, model: Model, threads: int | None, kv_type: str | None) -> None:
        self._model = model
        self._threads = threads
        self._kv_type = kv_type
        self._engine: Engine | None = None
        self._context = 0

    def get(self, lengths: Iterable[int]) -> Engine:
        """One with room for requests of these many tokens, answers included."""
        tokens = list(lengths)
        wanted = max(*tokens, min(sum(tokens), _USUAL), _PAGE)
        wanted += -wanted % _PAGE
        if self._engine is None or self._engine.closed or self._context < wanted:
            self._engine = None  # its memory is free for the new one
            self._engine = Engine(
                self._model,
                context=wanted,
                max_sequences=_SEQUENCES,
                embeddings=False,
                threads=self._threads,
                kv_type=self._kv_type,
            )
            self._context = wanted
        return self._engine


def answers(
    engine: Engine, requests: Iterable[Request], followers: Any = None
) -> Iterator[tuple[Any, Generation]]:
    """The answer of each request with its key, as they end.

    `followers(key)` gives requests that go in when that one has ended, before all that wait: what
    it computed is then in the engine's cache. Ends all where the caller stops, or one fails.
    """
    waiting = iter(requests)
    with Group[Any](engine, only_ends=True) as group:
        more = True
        while True:
            while more and len(group) < _AHEAD:
                request = next(waiting, None)
                more = request is not None
                if request is not None:
                    group.submit(request.ids, request.options, [request.key])
            if not group:
                return
            key, event = group.read()
            if event.result is None:
                continue
            for follower in followers(key) if followers is not None else ():
                group.submit(follower.ids, follower.options, [follower.key])
            yield key, event.result
