"""Rows of ids to one length: what the words of padding and truncation mean, and doing it."""

from __future__ import annotations

import warnings
from dataclasses import dataclass
from typing import Any

VERY_LARGE = int(1e30)
"""The model_max_length of a tokenizer that knows of none."""
_LARGE = int(1e20)


@dataclass(frozen=True)
class Lengths:
    """What becomes of the lengths of rows."""

    padding: str
    """ "do_not_pad", "longest" or "max_length"."""
    truncates: bool
    max_length: int | None
    multiple: int | None
    padding_side: str
    truncation_side: str


def side(value: Any, name: str) -> str:
    """A side, checked."""
    if value not in ("left", "right"):
        raise ValueError(f"{name} is {value!r}, which is neither 'left' nor 'right'")
    return str(value)


def _word(value: Any, name: str, true: str, false: str, words: tuple[str, ...]) -> str:
    """An argument that is a bool or a word; a word may be the member of an enumeration."""
    if value is None or value is False:
        return false
    if value is True:
        return true
    word = str(getattr(value, "value", value))
    if word not in words:
        raise ValueError(f"{word!r} is no {name}: it is one of {', '.join(map(repr, words))}")
    return word


def lengths_of(
    padding: Any,
    truncation: Any,
    max_length: int | None,
    multiple: int | None,
    *,
    padding_side: str,
    truncation_side: str,
    model_max_length: int,
    has_pad: bool,
    verbose: bool = True,
) -> Lengths:
    """The meaning of a call's arguments, as transformers reads them."""
    if max_length is not None and padding is False and truncation is None:
        truncation = True  # whoever names a length alone means it
    pads = _word(
        *(padding, "padding", "longest", "do_not_pad"), ("longest", "max_length", "do_not_pad")
    )
    cuts = _word(
        *(truncation, "truncation", "longest_first", "do_not_truncate"),
        ("longest_first", "only_first", "only_second", "do_not_truncate"),
    )
    truncates = cuts != "do_not_truncate"
    if padding is True and max_length is not None and not truncates and verbose:
        warnings.warn(
            "max_length has no effect with padding=True and no truncation; padding='max_length'"
            " fills up to it",
            stacklevel=4,
        )
    if max_length is None:
        if model_max_length <= _LARGE:
            max_length = model_max_length if truncates or pads == "max_length" else None
        else:
            truncates, pads = False, "do_not_pad" if pads == "max_length" else pads
    if pads != "do_not_pad" and not has_pad:
        raise ValueError(
            "padding needs a padding token, which this tokenizer has not; for instance"
            " tokenizer.pad_token = tokenizer.eos_token"
        )
    if truncates and pads != "do_not_pad" and multiple and max_length and max_length % multiple:
        raise ValueError(
            f"max_length is {max_length}, which is no multiple of pad_to_multiple_of, {multiple}"
        )
    return Lengths(
        *(pads, truncates, max_length, multiple),
        side(padding_side, "padding_side"),
        side(truncation_side, "truncation_side"),
    )


def truncated(ids: list[int], lengths: Lengths) -> list[int]:
    """A row that is no longer than it may be."""
    if not lengths.truncates or lengths.max_length is None or len(ids) <= lengths.max_length:
        return ids
    if lengths.truncation_side == "right":
        return ids[: lengths.max_length]
    return ids[len(ids) - lengths.max_length :]


def padded_length(rows: list[list[int]], lengths: Lengths) -> int:
    """How long rows are at least, once padded."""
    if lengths.padding == "do_not_pad":
        return 0
    longest = max((len(row) for row in rows), default=0)
    length = longest if lengths.padding == "longest" else lengths.max_length or longest
    if lengths.multiple:
        length += -length % lengths.multiple
    return length


def padded(row: list[int], length: int, filling: int, padding_side: str) -> list[int]:
    """A row, filled up."""
    missing = [filling] * (length - len(row))
    return missing + row if padding_side == "left" else row + missing
