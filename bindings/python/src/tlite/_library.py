"""Finds the shared library, loads it and holds its functions.

The wheel carries it beside this file. TLITE_LIBRARY, a path, names another one, for those who work
on it. It stays loaded: objects that a garbage collector frees late may still call it.
"""

from __future__ import annotations

import ctypes
import os
import sys

from . import _ffi


def _candidates() -> list[str]:
    chosen = os.environ.get("TLITE_LIBRARY")
    if chosen:
        return [chosen]
    beside = os.path.join(os.path.dirname(os.path.abspath(__file__)), "lib", "libtlite_c.so")
    return [beside] if os.path.exists(beside) else []


def _open() -> ctypes.CDLL:
    paths = _candidates()
    if not paths:
        raise ImportError(
            "tlite: the package has no libtlite_c.so; install its wheel, or name a library"
            " by the environment variable TLITE_LIBRARY"
        )
    try:
        return ctypes.CDLL(paths[0])
    except OSError as error:
        raise ImportError(f"tlite: cannot load {paths[0]}: {error}") from error


def _check_abi(library: ctypes.CDLL) -> None:
    """Asks before anything else is looked up, which a library of another ABI may not have."""
    try:
        check, text = library.tlite_check_abi, library.tlite_error_message
    except AttributeError as error:
        raise ImportError(f"tlite: {library._name} is no libtlite_c") from error
    text.restype, text.argtypes = ctypes.c_char_p, [ctypes.c_void_p, ctypes.c_void_p]
    problem = ctypes.c_void_p()
    wanted = (_ffi.TLITE_ABI_MAJOR << 16) + _ffi.TLITE_ABI_MINOR
    if check(ctypes.c_uint32(wanted), ctypes.byref(problem)) != 0:
        message = text(problem, None).decode("utf-8", "replace")
        raise ImportError(f"tlite: {library._name}: {message}")


def _load() -> _ffi.Library:
    if sys.byteorder != "little" or ctypes.sizeof(ctypes.c_void_p) != 8:
        raise ImportError("tlite: only 64-bit little-endian systems are supported")
    library = _open()
    _check_abi(library)
    return _ffi.Library(library)


lib = _load()
