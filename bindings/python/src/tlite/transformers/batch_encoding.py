"""What a tokenizer gives back."""

from __future__ import annotations

from collections import UserDict
from typing import Any, Callable

import numpy as np

from ..errors import NotSupported
from ._arrays import NUMPY, TORCH, importable_torch, is_cpu, is_tensor
from ._log import logger


class BatchEncoding(UserDict):  # type: ignore[type-arg]
    """A dict of `input_ids`, `attention_mask` and what else was asked for, with attributes.

    `model.generate(**encoding)`, `encoding.input_ids`, `encoding["input_ids"]`.
    """

    def __init__(
        self,
        data: Any = None,
        *,
        tensor_type: str | None = None,
        tokens_of: Callable[[int], list[str]] | None = None,
    ) -> None:
        super().__init__(data or {})
        self.__dict__["_tokens_of"] = tokens_of
        self.convert_to_tensors(tensor_type)

    def __getitem__(self, key: Any) -> Any:
        if not isinstance(key, str):
            raise KeyError(
                f"a BatchEncoding has entries by name, {list(self.data)}, and no {key!r}"
            )
        return self.data[key]

    def __getattr__(self, name: str) -> Any:
        data = self.__dict__.get("data", {})
        if name not in data:
            raise AttributeError(f"this BatchEncoding has no {name!r}")
        return data[name]

    def __getstate__(self) -> dict[str, Any]:
        """For pickle and copy: the entries; `tokens` is of what a tokenizer gave back itself."""
        return {"data": self.data, "_tokens_of": None}

    @property
    def is_fast(self) -> bool:
        """As of every tokenizer that is not written in Python."""
        return True

    def tokens(self, batch_index: int = 0) -> list[str]:
        """The tokens of a row, as the vocabulary writes them."""
        tokens_of = self.__dict__["_tokens_of"]
        if tokens_of is None:
            raise ValueError("tokens() is of what a tokenizer gave back")
        result: list[str] = tokens_of(batch_index)
        return result

    def convert_to_tensors(
        self, tensor_type: str | None = None, prepend_batch_axis: bool = False
    ) -> BatchEncoding:
        """Makes "pt" tensors, or "np" arrays, of its lists; where torch is missing "pt" is "np"."""
        if tensor_type is None:
            return self
        if tensor_type not in (TORCH, NUMPY):
            raise ValueError(f"return_tensors is {tensor_type!r}, which is none of 'pt', 'np'")
        torch = importable_torch() if tensor_type == TORCH else None
        for name, value in self.data.items():
            if prepend_batch_axis:
                value = [value]
            if is_tensor(value) or isinstance(value, np.ndarray):
                continue
            self.data[name] = _tensor(name, value, torch)
        return self

    def to(self, device: Any, *, non_blocking: bool = False) -> BatchEncoding:
        """Everything is on the CPU already; NotSupported for another device."""
        if not isinstance(device, (str, int)) and not hasattr(device, "type"):
            logger.warning("a BatchEncoding cannot be made a %s", device)
        elif not is_cpu(device):
            raise NotSupported(f"device is {device!r}: this library computes on the CPU")
        return self


def _tensor(name: str, value: Any, torch: Any) -> Any:
    rows = value if value and isinstance(value[0], (list, tuple)) else []
    if len({len(row) for row in rows}) > 1:
        raise ValueError(
            f"{name} has rows of different lengths, which are no tensor: ask for padding=True, or"
            " for truncation=True"
        )
    array = np.array(value, dtype=np.int64)
    return array if torch is None else torch.from_numpy(array)
