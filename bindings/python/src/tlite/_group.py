"""Requests of an engine whose events one reader takes."""

from __future__ import annotations

from typing import TYPE_CHECKING, Generic, TypeVar

from ._desk import EngineEvent, Inbox

if TYPE_CHECKING:
    from .engine import Engine
    from .requests import PromptLike, RequestOptions

Key = TypeVar("Key")


class Group(Generic[Key]):
    """Requests with a key each. Those that go on when its block is left end with it.

        with Group(engine, only_ends=True) as group:
            group.submit("раз", {}, [1])
            while group:
                key, event = group.read()

    `only_ends`: pieces are not wanted, and not even copied.
    """

    def __init__(self, engine: Engine, *, only_ends: bool) -> None:
        self._engine = engine
        self._inbox = Inbox()
        self._inbox.only_ends = only_ends
        self._keys: dict[int, Key] = {}

    def submit(self, prompt: PromptLike, options: RequestOptions, keys: list[Key]) -> None:
        """As many requests as there are keys, which is the `n` of the options."""
        first = self._engine._submit(prompt, self._inbox, options)
        for i, key in enumerate(keys):
            self._keys[first + i] = key

    def __len__(self) -> int:
        """How many go on."""
        return len(self._keys)

    def read(self) -> tuple[Key, EngineEvent]:
        """What happens next to one of them; raises what it failed with."""
        event = self._engine._desk.read(self._inbox)
        if event.error is not None:
            raise event.error
        last = event.finish_reason is not None
        return self._keys.pop(event.request) if last else self._keys[event.request], event

    def __enter__(self) -> Group[Key]:
        return self

    def __exit__(self, *_: object) -> None:
        if self._keys:
            self._engine._abandon(self._keys)
