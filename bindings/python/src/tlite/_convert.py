"""Python's values as the library takes them. ctypes itself would cut an integer that is too large
without a word."""

from __future__ import annotations

import ctypes
import operator
import os
from array import array
from collections.abc import Iterable, Mapping
from ctypes import byref, c_char_p, c_void_p, cast, sizeof, string_at
from typing import Any, Callable, Union

from . import _ffi
from ._ffi import tlite_text
from .errors import InvalidArgument

TokenIds = Iterable[int]
"""Token ids: a list, a tuple, any iterable of int, or an integer buffer such as a numpy array."""

PathLike = Union[str, bytes, "os.PathLike[str]", "os.PathLike[bytes]"]

_RANGES: dict[Any, tuple[int, int]] = {
    ctypes.c_int32: (-(2**31), 2**31 - 1),
    ctypes.c_int64: (-(2**63), 2**63 - 1),
    ctypes.c_uint32: (0, 2**32 - 1),
    ctypes.c_uint64: (0, 2**64 - 1),
}


def integer(value: object, name: str, kind: Any = ctypes.c_int32) -> int:
    """An int that fits; TypeError for what is none, InvalidArgument for what does not fit."""
    try:
        number = operator.index(value)  # type: ignore[arg-type]
    except TypeError:
        raise TypeError(f"{name} must be an int, not {type(value).__name__}") from None
    low, high = _RANGES[kind]
    if not low <= number <= high:
        raise InvalidArgument(f"{name} is {number}, which is not in [{low}, {high}]")
    return number


def real(value: Any, name: str) -> float:
    """A float; TypeError for what is none, texts included."""
    if isinstance(value, (str, bytes)):
        raise TypeError(f"{name} must be a number, not {type(value).__name__}")
    try:
        return float(value)
    except (TypeError, OverflowError):
        raise TypeError(f"{name} must be a number, not {type(value).__name__}") from None


def utf8(text: object, name: str) -> bytes:
    """A str as UTF-8; InvalidArgument where it holds half of a surrogate pair."""
    if not isinstance(text, str):
        raise TypeError(f"{name} must be str, not {type(text).__name__}")
    try:
        return text.encode()
    except UnicodeEncodeError as error:
        raise InvalidArgument(
            f"{name} has a lone surrogate at {error.start}, which is no text"
        ) from None


def path_bytes(path: PathLike) -> bytes:
    """A path, as the operating system knows it."""
    return os.fsencode(path)


def nanoseconds(seconds: float, name: str) -> int:
    """Seconds as the library counts them; what is longer than it can count is as long as it can."""
    value = real(seconds, name)
    if not value >= 0:
        raise InvalidArgument(f"{name} is {value}, which is no length of time")
    return min(int(min(value, 1e9) * 1e9), 2**62)


def token_array(ids: TokenIds, name: str = "ids") -> array[int]:
    """Token ids as consecutive int32; give `buffer_info()[0]` to the library and keep the array."""
    if isinstance(ids, array) and ids.typecode == "i":
        return ids
    if isinstance(ids, (str, bytes, bytearray, Mapping)):
        raise TypeError(f"{name} must be token ids, not {type(ids).__name__}")
    try:
        if not isinstance(ids, (list, tuple)):
            ids = _from_buffer(ids, name)
        return array("i", ids)
    except OverflowError:
        raise InvalidArgument(f"{name} has a number that is no token id") from None
    except TypeError as error:
        raise TypeError(f"{name} must be ints: {error}") from None


def _from_buffer(ids: Any, name: str) -> Iterable[int]:
    """Numbers of a numpy array and the like, which are faster in one piece than one by one."""
    try:
        view = memoryview(ids)
    except TypeError:
        return ids.tolist() if hasattr(ids, "tolist") else ids
    if view.format is not None and view.format[0] in "<>!=@":  # numpy's, of the other byte order
        return ids.tolist()
    if view.ndim != 1:
        raise InvalidArgument(f"{name} has {view.ndim} dimensions in place of one")
    return view.tolist()


def text_of(text: tlite_text) -> str:
    """The str of a view."""
    size = text.size
    return string_at(text.data, size).decode("utf-8", "replace") if size else ""


def view_of(data: bytes, keep: list[Any]) -> tlite_text:
    """A view of bytes that `keep` keeps alive."""
    keep.append(data)
    return tlite_text(cast(c_char_p(data), c_void_p), len(data))


def constant(value: object, kind: str, name: str) -> int:
    """A constant by its short name: "q8_0" of "tlite_data_type"."""
    known = _ffi.ENUMS[kind]
    if not isinstance(value, str):
        raise TypeError(f"{name} must be str, not {type(value).__name__}")
    number = known.get(value.lower())
    if number is None:
        names = ", ".join(key for key in known if key != "invalid")
        raise InvalidArgument(f"{name} is {value!r}, which is none of {names}")
    return number


def name_of(value: int, kind: str) -> str:
    """The short name of a constant."""
    return _NAMES[kind].get(value, "unknown")


_NAMES = {kind: {v: k for k, v in values.items()} for kind, values in _ffi.ENUMS.items()}


def fill(struct: ctypes.Structure, keep: list[Any], **given: object) -> None:
    """Sets the members that are not None, whatever their types; names them in errors."""
    kinds = {field[0]: field[1] for field in struct._fields_}
    for name, value in given.items():
        if value is None:
            continue
        kind = kinds[name]
        if kind in _RANGES:
            setattr(struct, name, integer(value, name, kind))
        elif kind in (ctypes.c_float, ctypes.c_double):
            setattr(struct, name, real(value, name))
        elif kind is tlite_text:
            setattr(struct, name, view_of(utf8(value, name), keep))
        else:
            setattr(struct, name, value)


def filled(kind: Any, init: Callable[..., int], keep: list[Any], **given: object) -> Any:
    """Options: the defaults, then what is given."""
    struct = kind()
    init(byref(struct), sizeof(struct))
    fill(struct, keep, **given)
    return struct


def receiver(kind: Any) -> Any:
    """A structure that the library fills in as far as `struct_size` says."""
    struct = kind()
    struct.struct_size = sizeof(struct)
    return struct


def choice(value: str | None, kind: str, name: str) -> int | None:
    """`constant`, or None for None."""
    return None if value is None else constant(value, kind, name)
