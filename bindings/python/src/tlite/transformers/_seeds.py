"""Where the seeds of an answer come from.

`generator=` first; else torch's generator where torch was imported, so that torch.manual_seed
makes answers repeatable; else `set_seed`; else the operating system. One seed a row.
"""

from __future__ import annotations

import random
import secrets
from typing import Any

import numpy as np

from ._arrays import loaded_torch

_LIMIT = 2**63 - 1
_own: list[random.Random] = []  # one, once `set_seed` was called


def set_seed(seed: int, deterministic: bool = False) -> None:
    """Seeds Python's generator, numpy's, torch's where it was imported, and ours.

    `deterministic`: the same seed gives the same answers in any case.
    """
    random.seed(seed)
    np.random.seed(seed)
    torch = loaded_torch()
    if torch is not None:
        torch.manual_seed(seed)
    _own[:] = [random.Random(seed)]


def seeds(rows: int, generator: Any = None) -> list[int]:
    """One seed a row, each in [0, 2**63)."""
    torch = loaded_torch()
    if isinstance(generator, np.random.Generator):
        return [int(seed) for seed in generator.integers(0, _LIMIT, size=rows)]
    if generator is not None and (torch is None or not isinstance(generator, torch.Generator)):
        kind = type(generator).__name__
        raise TypeError(f"generator must be a torch.Generator or a numpy Generator, not {kind}")
    if torch is not None:
        drawn: list[int] = torch.randint(0, _LIMIT, (rows,), generator=generator).tolist()
        return drawn
    if _own:
        return [_own[0].randrange(_LIMIT) for _ in range(rows)]
    return [secrets.randbelow(_LIMIT) for _ in range(rows)]
