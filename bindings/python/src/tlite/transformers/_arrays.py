"""Numbers as their users hold them: torch tensors, numpy arrays, lists.

torch is imported where somebody asks for its tensors by name, and used where it was imported
already; nothing here needs it.
"""

from __future__ import annotations

import sys
from collections.abc import Mapping
from typing import Any

import numpy as np

TORCH, NUMPY = "pt", "np"


def loaded_torch() -> Any:
    """torch where the program has imported it, else None."""
    return sys.modules.get("torch")


def importable_torch() -> Any:
    """torch where it is installed, else None."""
    try:
        import torch
    except ImportError:
        return None
    return torch


def is_tensor(value: object) -> bool:
    """Whether it is one of torch's."""
    torch = loaded_torch()
    return torch is not None and isinstance(value, torch.Tensor)


def usual_kind() -> str:
    """What a result is where nothing in the call says so."""
    return NUMPY if loaded_torch() is None else TORCH


def kind_of(value: object) -> str:
    """Of a result that belongs to this input."""
    if is_tensor(value):
        return TORCH
    if isinstance(value, np.ndarray):
        return NUMPY
    if isinstance(value, (list, tuple)) and value:
        return kind_of(value[0])
    return usual_kind()


def made(kind: str, array: Any) -> Any:
    """A numpy array as that kind, which shares its memory."""
    if kind == NUMPY:
        return array
    torch = importable_torch()
    return torch.from_numpy(np.require(array, requirements="CW"))


def as_numpy(value: Any) -> Any:
    """A tensor's or an array's numbers as numpy, without a copy where that is possible."""
    if is_tensor(value):
        value = value.detach().cpu()
        return (value.float() if value.dtype.is_floating_point else value).numpy()
    return np.asarray(value)


def plain(value: Any) -> Any:
    """Tensors, arrays and scalars as ints, floats and lists of them; the rest as it is."""
    if isinstance(value, (list, tuple)):
        return [plain(item) for item in value]
    if isinstance(value, Mapping):
        return {key: plain(item) for key, item in value.items()}
    if is_tensor(value) or isinstance(value, (np.ndarray, np.generic)):
        return value.tolist()
    return value


class Device:
    """Where things lie, as far as torch is not there to say it; equal to "cpu"."""

    type = "cpu"
    index = None

    def __str__(self) -> str:
        return "cpu"

    def __repr__(self) -> str:
        return "device(type='cpu')"

    def __eq__(self, other: object) -> bool:
        return str(other) == "cpu"

    def __hash__(self) -> int:
        return hash("cpu")


def cpu() -> Any:
    """The device: torch's where it was imported."""
    torch = loaded_torch()
    return Device() if torch is None else torch.device("cpu")


def is_cpu(device: object) -> bool:
    """Whether a device is the CPU, by name or as torch's object."""
    return str(device).split(":")[0] == "cpu"
