"""What the library is told about the program around it: where its log goes, whose files it reads.

The log goes to the logger "tlite". The callbacks below live as long as the process.
"""

from __future__ import annotations

import contextlib
import itertools
import sys
import threading
from collections.abc import Callable, Iterator
from ctypes import addressof, byref, c_char, c_char_p, c_void_p, cast, string_at
from typing import TYPE_CHECKING, Any, Protocol

from . import _ffi
from ._convert import PathLike, filled, path_bytes
from ._library import lib
from ._native import Handle, created, ready

if TYPE_CHECKING:
    import logging


class Files(Protocol):
    """Files in place of the operating system's, to load from archives or memory.

    Methods may be called from any thread. Paths come as they were given to the load, with '/' and
    a file's name behind where that was a directory.
    """

    def read(self, path: str) -> bytes | bytearray | memoryview | None:
        """The whole file, which is not copied; None where there is none."""


_LEVELS = {
    _ffi.TLITE_LOG_DEBUG: 10,
    _ffi.TLITE_LOG_INFO: 20,
    _ffi.TLITE_LOG_WARNING: 30,
    _ffi.TLITE_LOG_ERROR: 40,
}
_files: dict[int, Files] = {}
_opened: dict[int, Any] = {}
_numbers = itertools.count(1)
_raised = threading.local()


def _logger() -> logging.Logger:
    """Loaded with the first line of a log: a quarter of the time that the package takes to import.

    Where a program has not said where logs go, it stays silent.
    """
    import logging

    logger = logging.getLogger("tlite")
    if not logger.handlers:
        logger.addHandler(logging.NullHandler())
    return logger


@_ffi.tlite_log_callback
def _log(level: int, text: int, size: int, _user: Any) -> None:
    try:
        logger, severity = _logger(), _LEVELS.get(level, 20)
        if logger.isEnabledFor(severity):
            logger.log(severity, "%s", string_at(text, size).decode("utf-8", "replace"))
    except BaseException:  # a handler's: the call that logs is not what is wrong
        sys.excepthook(*sys.exc_info())


@_ffi.tlite_file_open_callback
def _open(path: int, size: int, data: Any, length: Any, file: Any, user: int) -> int:
    try:
        content = _files[user].read(string_at(path, size).decode("utf-8", "surrogateescape"))
        if content is None:
            return _ffi.TLITE_ERROR_NOT_FOUND
        view = memoryview(content).cast("B")
        if view.readonly and not isinstance(content, bytes):
            content = view = memoryview(bytearray(view))
        number = next(_numbers)
        data[0], kept = _address(content, view)
        length[0] = view.nbytes
        file[0] = number
        _opened[number] = kept
        return _ffi.TLITE_OK
    except BaseException as error:
        _raised.error = error
        return _ffi.TLITE_ERROR_IO


def _address(content: Any, view: memoryview) -> tuple[int, Any]:
    """Where a buffer lies, and what keeps it there."""
    if not view.nbytes:
        return 0, None
    if isinstance(content, bytes):
        address = cast(c_char_p(content), c_void_p).value
        assert address is not None
        return address, content
    first = c_char.from_buffer(view)
    return addressof(first), (first, view)


@_ffi.tlite_file_close_callback
def _close(file: int | None, _user: Any) -> None:
    _opened.pop(file or 0, None)


@_ffi.tlite_release_callback
def _release(user: int | None) -> None:
    _files.pop(user or 0, None)


def host(threads: int | None = None, files: Files | None = None) -> Handle:
    """A host of these wishes, whose log goes to `logging`."""
    options = filled(_ffi.tlite_host_options, lib.tlite_host_options_init, [], threads=threads)
    options.log = _log
    number = 0
    if files is not None:
        if not callable(getattr(files, "read", None)):
            raise TypeError(f"files must have a method read, which {type(files).__name__} has not")
        number = next(_numbers)
        _files[number] = files
        options.user, options.release = number, _release
        options.file_open, options.file_close = _open, _close
    try:
        return created(lib.tlite_host_create, lib.tlite_host_free, byref(options))
    except BaseException:
        _files.pop(number, None)
        raise


def read(
    load: Callable[..., int], free: Callable[[int], None], path: PathLike, files: Files | None
) -> Handle:
    """What a function of the library makes of a path."""
    ready()
    name = path_bytes(path)
    environment = host(files=files)
    with raising():
        return created(load, free, environment.pointer, name, len(name))


@contextlib.contextmanager
def raising() -> Iterator[None]:
    """Around a call that may call back: what a callback raised becomes the cause of its error."""
    _raised.error = None
    try:
        yield
    except Exception as error:
        cause, _raised.error = _raised.error, None
        if cause is None:
            raise
        raise error from cause
