"""How embeddings are made."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from ..errors import InvalidArgument, NotSupported

_POOLINGS = {"LAST": "last", "MEAN": "mean", "CLS": "cls"}


@dataclass
class PoolerConfig:
    """Of `LLM(runner="pooling", pooler_config=...)`, where a dict with these keys does too."""

    seq_pooling_type: str | None = None
    """"LAST" (what None means), "MEAN" or "CLS"."""
    pooling_type: str | None = None
    """The same by its older name."""
    use_activation: bool | None = None
    """To length 1; None: yes."""
    task: str | None = None
    """"embed", or None."""

    def __post_init__(self) -> None:
        if self.task not in (None, "embed"):
            raise NotSupported(f"pooler_config: task is {self.task!r}: 'embed' is all there is")
        if self._kind not in _POOLINGS:
            names = ", ".join(_POOLINGS)
            raise InvalidArgument(
                f"pooler_config: pooling is {self._kind!r}, which is none of {names}"
            )

    @property
    def _kind(self) -> str:
        return str(self.seq_pooling_type or self.pooling_type or "LAST").upper()

    @property
    def pooling(self) -> str:
        """As the engine names it."""
        return _POOLINGS[self._kind]


def pooler_config_of(given: Any) -> PoolerConfig:
    """The configuration of an argument; TypeError names what there is not."""
    if given is None:
        return PoolerConfig()
    if isinstance(given, PoolerConfig):
        return given
    if isinstance(given, dict):
        return PoolerConfig(**given)
    raise TypeError(f"pooler_config must be a PoolerConfig or a dict, not {type(given).__name__}")
