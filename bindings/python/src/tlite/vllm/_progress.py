"""vLLM's progress bars, where tqdm is installed."""

from __future__ import annotations

import time
from collections.abc import Iterable, Iterator, Sequence
from typing import Any, Callable, TypeVar, Union

UseTqdm = Union[bool, Callable[..., Any]]
"""True: bars by tqdm; a function that makes one; False: none."""

_Item = TypeVar("_Item")


def _maker(use_tqdm: UseTqdm) -> Callable[..., Any] | None:
    if callable(use_tqdm):
        return use_tqdm
    if not use_tqdm:
        return None
    try:
        from tqdm.auto import tqdm
    except ImportError:
        return None
    made: Callable[..., Any] = tqdm
    return made


def over(items: Sequence[_Item], use_tqdm: UseTqdm, what: str) -> Iterable[_Item]:
    """The items, counted by a bar."""
    make = _maker(use_tqdm)
    if make is None:
        return items
    bar: Iterator[_Item] = make(items, desc=what)
    return bar


class Bar:
    """How many prompts are done, and how fast."""

    def __init__(self, use_tqdm: UseTqdm, total: int) -> None:
        make = _maker(use_tqdm)
        self._bar: Any = None
        self._tokens = [0, 0]
        self._start = time.monotonic()
        if make is not None:
            self._bar = make(
                total=total,
                desc="Processed prompts",
                dynamic_ncols=True,
                postfix=_speeds(0.0, 0.0),
            )

    def done(self, prompt_tokens: int, answers: Sequence[int]) -> None:
        """One prompt with its answers, in tokens."""
        if self._bar is None:
            return
        self._tokens[0] += prompt_tokens * len(answers)
        self._tokens[1] += sum(answers)
        seconds = max(time.monotonic() - self._start, 1e-9)
        self._bar.postfix = _speeds(*(count / seconds for count in self._tokens))
        self._bar.update(len(answers))

    def __enter__(self) -> Bar:
        return self

    def __exit__(self, *_: object) -> None:
        if self._bar is not None:
            self._bar.close()


def _speeds(read: float, said: float) -> str:
    return f"est. speed input: {read:.2f} toks/s, output: {said:.2f} toks/s"
