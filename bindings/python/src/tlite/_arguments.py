"""Tables of another package's arguments: honoured, accepted without effect, refused.

Each compatible layer has such tables, its documentation is made of them, and a test keeps them in
step with what its functions take.
"""

from __future__ import annotations

from typing import Any, NamedTuple

from .errors import NotSupported


class Refusal(NamedTuple):
    """An argument that may only be given as if it were not."""

    why: str
    neutral: tuple[Any, ...] = (None, False)
    """Values that change nothing, which are accepted."""


class Tables(NamedTuple):
    """What a layer knows, by the name of a function and that of an argument."""

    honoured: dict[str, frozenset[str]]
    """What has the meaning that it has there, or, where it has none there, ours."""
    accepted: dict[str, dict[str, str]]
    """What changes nothing, and why."""
    refused: dict[str, dict[str, Refusal]]
    """What is an error, and why."""

    def refuse(self, where: str, /, **given: Any) -> None:
        """NotSupported for what is refused there, TypeError for what no table has."""
        for name, value in given.items():
            refusal = self.refused[where].get(name)
            if refusal is None:
                if name in self.accepted[where] or name in self.honoured[where]:
                    continue
                raise TypeError(f"{where} has no argument {name!r}")
            if not _changes_nothing(value, refusal.neutral):
                raise NotSupported(f"{where}: {name} is {_short(value)}: {refusal.why}")


def _changes_nothing(value: Any, neutral: tuple[Any, ...]) -> bool:
    return any(
        value is known or (type(value) is type(known) and value == known) for known in neutral
    )


def _short(value: Any) -> str:
    text = repr(value)
    return text if len(text) < 80 else text[:77] + "..."
