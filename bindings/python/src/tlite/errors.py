"""What the library refuses, as exceptions with codes.

Every exception of the library is an `Error`; each is also the exception of Python's that it is
nearest to, so that `except MemoryError` and `except FileNotFoundError` work. What is wrong with a
type (a float where a token id belongs) is a plain TypeError.
"""

from __future__ import annotations

from ctypes import byref, c_size_t, string_at

from ._library import lib


class Error(Exception):
    """Something that the library refused or could not do.

    `code` is its status, `name` that status in words ("invalid_argument"), `message` one line that
    names the file, field and value.
    """

    code = -100
    name = "internal"

    def __init__(self, message: str = "") -> None:
        super().__init__(message)
        self.message = message

    def __str__(self) -> str:
        return self.message


class InvalidArgument(Error, ValueError):
    """A parameter is out of its documented range."""

    code, name = -1, "invalid_argument"


class NotFound(Error, LookupError):
    """A file, token or name does not exist."""

    code, name = -2, "not_found"


class FileMissing(NotFound, FileNotFoundError):
    """A file or directory does not exist."""


class TokenMissing(NotFound, KeyError):
    """A token is not in the vocabulary."""


class InputOutput(Error, OSError):
    """The operating system refused to read or write."""

    code, name = -3, "io"


class Corrupt(Error, ValueError):
    """A file contradicts itself or its format."""

    code, name = -4, "corrupt"


class NotSupported(Error, NotImplementedError):
    """Well-formed, but a kind that this library does not run."""

    code, name = -5, "not_supported"


class OutOfMemory(Error, MemoryError):
    """An allocation failed, or a memory cap would be exceeded."""

    code, name = -6, "out_of_memory"


class Cancelled(Error):
    """A load or a batch was cancelled. Answers that are stopped are no error."""

    code, name = -7, "cancelled"


class ContextFull(Error, ValueError):
    """The tokens do not fit in the context, and the policy says error."""

    code, name = -8, "context_full"


class BadTemplate(Error, ValueError):
    """A chat template failed."""

    code, name = -9, "bad_template"


class BadState(Error, RuntimeError):
    """The call is not allowed now: the object is closed, at work, or of another process."""

    code, name = -10, "bad_state"


class Internal(Error, RuntimeError):
    """A bug in the library; please report it."""

    code, name = -100, "internal"


_KINDS = {
    kind.code: kind
    for kind in (
        *(InvalidArgument, NotFound, InputOutput, Corrupt, NotSupported, OutOfMemory, Cancelled),
        *(ContextFull, BadTemplate, BadState, Internal),
    )
}


def error_of(status: int, message: str, missing: type[NotFound] = FileMissing) -> Error:
    """The exception of a status. `missing`: which one NOT_FOUND is."""
    kind = _KINDS.get(status, Internal)
    return missing(message) if kind is NotFound else kind(message)


def taken(status: int, pointer: int | None, missing: type[NotFound] = FileMissing) -> Error:
    """The exception of a call's error object, which is freed."""
    size = c_size_t()
    address = lib.tlite_error_message(pointer, byref(size))
    message = string_at(address, size.value).decode("utf-8", "replace")
    lib.tlite_error_free(pointer)
    return error_of(status, message, missing)
