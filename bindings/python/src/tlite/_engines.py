"""The engine of a compatible layer's model, which grows with what it is asked for."""

from __future__ import annotations

import threading
from collections.abc import Sequence
from typing import Any

from .engine import Engine
from .model import Model

_PAGE = 1024  # tokens that an engine's memory is rounded up to


class Engines:
    """The engine of a model, made anew where a call needs more room than it has.

    `usual`: tokens of several rows; what is beyond waits for its turn. `options` are an Engine's.
    Calls of other threads go on with theirs, which goes when they are done.
    """

    def __init__(self, model: Model, *, usual: int, **options: Any) -> None:
        self._model = model
        self._usual = usual
        self._options = options
        self._engine: Engine | None = None
        self._context = 0
        self._lock = threading.Lock()

    def get(self, rows: Sequence[int]) -> Engine:
        """One with room for the longest row, and for all of them up to the bound; in tokens."""
        wanted = max(*rows, min(sum(rows), self._usual), 4 * _PAGE)
        wanted += -wanted % _PAGE
        with self._lock:
            if self._engine is None or self._engine.closed or self._context < wanted:
                self._engine = None  # its memory is free for the new one
                self._engine = Engine(self._model, context=wanted, **self._options)
                self._context = wanted
            return self._engine

    def forget(self) -> None:
        """Ends the engine's prefix cache; the next call has a new one."""
        with self._lock:
            self._engine = None
