"""Functions of Python's that change logits, as the library calls them."""

from __future__ import annotations

import itertools
import threading
import weakref
from ctypes import c_float, string_at
from typing import TYPE_CHECKING, Any, Callable

from . import _ffi
from .errors import Cancelled

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

LogitsFunction = Callable[["NDArray[np.int32]", "NDArray[np.float32]"], Any]
"""`(tokens, logits)`: the ids so far, prompt and answer, and float32 logits of the next token. It
changes these in place, or returns others of that shape."""


class Processor:
    """One such function, for as long as somebody keeps this.

    The arrays are the function's own: it may keep them. Who keeps a view of the library's memory
    would read and write there after that is gone.
    """

    __slots__ = ("__weakref__", "error", "function", "number")

    def __init__(self, function: LogitsFunction) -> None:
        if not callable(function):
            kind = type(function).__name__
            raise TypeError(f"logits_processor must be callable, which a {kind} is not")
        import numpy as np  # noqa: F401 - what lacks is said here, not in the middle of an answer

        self.function = function
        self.error: BaseException | None = None
        """What it raised: from then on it ends every answer that it is asked about."""
        self.number = next(_numbers)
        _processors[self.number] = self

    def apply(self, tokens: int, count: int, logits: int, size: int) -> None:
        """Calls it with what lies at two addresses."""
        import numpy as np

        kind: Any = c_float * size
        theirs = np.frombuffer(kind.from_address(logits), dtype=np.float32)
        mine = theirs.copy()
        result = self.function(np.frombuffer(string_at(tokens, 4 * count), dtype=np.int32), mine)
        made = mine if result is None else np.asarray(result)
        if made.shape != theirs.shape:
            raise ValueError(f"logits_processor gave {made.shape} in place of {theirs.shape}")
        np.copyto(theirs, made, casting="same_kind")

    def failure(self) -> Cancelled | None:
        """The error of an answer that it ended."""
        if self.error is None:
            return None
        said = f"{type(self.error).__name__}: {self.error}"
        failure = Cancelled(f"cancelled: logits_processor raised {said}")
        failure.__cause__ = self.error
        return failure


_numbers = itertools.count(1)
_processors: weakref.WeakValueDictionary[int, Processor] = weakref.WeakValueDictionary()
_interrupted = threading.local()


@_ffi.tlite_logits_callback
def CALLBACK(tokens: int, count: int, logits: int, size: int, user: int) -> int:
    """What the library calls; its user is a Processor's number."""
    processor = _processors.get(user)
    if processor is None or processor.error is not None:
        return 1
    try:
        processor.apply(tokens, count, logits, size)
    except BaseException as error:
        processor.error = error
        if isinstance(error, KeyboardInterrupt):
            _interrupted.error = error
        return 1
    return 0


NONE = _ffi.tlite_logits_callback()


def raise_interrupt() -> None:
    """Ctrl-C that came while this thread was in such a function: it is not the request's alone."""
    error = getattr(_interrupted, "error", None)
    if error is not None:
        _interrupted.error = None
        raise error
