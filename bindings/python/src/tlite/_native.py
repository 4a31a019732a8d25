"""Objects of the library, owned from Python.

A `Handle` frees its object when the last reference to it goes. Every call holds one, so an object
that is closed while another thread is in a call lives until that call is back: there is no lock,
and a method of a closed object raises.

Who computes (sessions, engines, evaluators) belongs to the process that made it. A child of
fork() finds them closed; models, tokenizers and templates, which never change, work there too,
unless another thread of the parent was computing at that moment: then the child has nothing.
"""

from __future__ import annotations

import atexit
import contextlib
import os
import threading
import time
import weakref
from ctypes import byref, c_void_p

from .errors import BadState, FileMissing, NotFound, taken

TYPE_CHECKING = False  # typing is slow to import, and only a checker reads this
if TYPE_CHECKING:
    from collections.abc import Iterator
    from typing import Any, Callable, NoReturn, TypeVar

    Self = TypeVar("Self", bound="Native")

# Of one call that computes: a signal or another wish is answered after this at the latest.
SLICE = 20_000_000  # nanoseconds


owner = [os.getpid()]
"""The process that frees; 0 once the interpreter shuts down, which takes names from modules before
it drops their objects: a `__del__` has this as a default, and then touches nothing else."""


class Handle:
    """An object of the library, freed with its last reference.

    What fork() copied is not the child's to free, and at the interpreter's end nothing is: the
    callbacks that a free may call are gone by then, and the system takes the memory.
    """

    __slots__ = ("__weakref__", "_free", "_process", "pointer")

    def __init__(self, pointer: int, free: Callable[[int], None]) -> None:
        self.pointer = pointer
        self._free = free
        self._process = owner[0]

    def __del__(self, owner: list[int] = owner) -> None:
        if self._process == owner[0]:
            self._free(self.pointer)


def call(
    function: Callable[..., int], *arguments: object, missing: type[NotFound] = FileMissing
) -> None:
    """Calls a function that has a status and takes an error last; raises what it answers."""
    error = c_void_p()
    status = function(*arguments, byref(error))
    if status:
        raise taken(status, error.value, missing)


def created(
    function: Callable[..., int],
    free: Callable[[int], None],
    *arguments: object,
    missing: type[NotFound] = FileMissing,
) -> Handle:
    """Calls a function that hands out an object."""
    out = c_void_p()
    call(function, *arguments, byref(out), missing=missing)
    assert out.value is not None
    return Handle(out.value, free)


class Native:
    """Base of what holds an object of the library: closes once or more, also as a context manager.

    Closing frees memory at once; without, it is freed with the last reference.
    """

    _handle: Handle | None = None
    _gone = "closed"
    _unpicklable = "it holds memory of this process"

    def _live(self) -> Handle:
        """The object, for the length of a call that keeps this reference."""
        handle = self._handle
        if handle is None:
            raise BadState(f"this {type(self).__name__} is {self._gone}")
        if _broken:
            raise BadState(_broken)
        return handle

    @classmethod
    def _adopt(cls: type[Self], handle: Handle) -> Self:
        """Of what another object handed out."""
        made = cls.__new__(cls)
        made._handle = handle
        return made

    @property
    def closed(self) -> bool:
        """Whether it was closed, was never made, or belongs to the parent of this process."""
        return self._handle is None

    def close(self) -> None:
        """Frees it. What was made with it goes on; a second call does nothing."""
        self._handle = None

    def __enter__(self: Self) -> Self:
        self._live()
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def __reduce__(self) -> NoReturn:
        raise TypeError(f"a {type(self).__name__} cannot be pickled or copied: {self._unpicklable}")


class InUse(BadState):
    """Of a second thread, whose call changes nothing for the first."""


class Turn:
    """Around what one thread at a time may do: a second one gets InUse.

    Objects that the library does not guard itself have one, and those whose results are views that
    the next call overwrites.
    """

    __slots__ = ("_lock", "_what")

    def __init__(self, owner: Native) -> None:
        self._lock = threading.Lock()
        self._what = type(owner).__name__

    def __enter__(self) -> None:
        if not self._lock.acquire(blocking=False):
            raise InUse(f"this {self._what} is in use by another thread")

    def __exit__(self, *_: object) -> None:
        self._lock.release()


class Computing(Native):
    """Base of what computes: stopped at the interpreter's exit, closed in a child of fork()."""

    def __init__(self) -> None:
        _computing.add(self)

    def _stop(self) -> None:
        """Stops what it does, from another thread."""


_computing: weakref.WeakSet[Computing] = weakref.WeakSet()
_at_work: set[object] = set()
_refuses = ""  # why nothing is started any more
_broken = ""  # why nothing works any more


def ready() -> None:
    """Raises where this process can make no use of the library."""
    if _refuses:
        raise BadState(_refuses)


def begin(token: object) -> None:
    """A call that computes begins: `token` is any object that is its own, given to `end`."""
    if _refuses:
        raise BadState(_refuses)
    _at_work.add(token)


end = _at_work.discard


@contextlib.contextmanager
def at_work() -> Iterator[None]:
    """Around a call that computes."""
    token = object()
    begin(token)
    try:
        yield
    finally:
        end(token)


def _everything() -> list[Computing]:
    return list(_computing)


def _at_exit() -> None:
    """Threads that are still in the library come back before the interpreter goes.

    A daemon thread that returns to an interpreter which is gone is killed where it stands, and
    with a callback of ours on its stack the whole process.
    """
    global _refuses
    _refuses = "the interpreter is shutting down"
    for each in _everything():
        each._stop()
    deadline = time.monotonic() + 2
    while _at_work and time.monotonic() < deadline:
        time.sleep(0.001)
    owner[0] = 0


_busy_at_fork = False


def _before_fork() -> None:
    global _busy_at_fork
    _busy_at_fork = bool(_at_work)


def _in_child() -> None:
    global _refuses, _broken
    owner[0] = os.getpid()
    _at_work.clear()
    for each in _everything():
        each._gone = "of the parent process: make one after fork()"
        each._handle = None
    if _busy_at_fork:
        _refuses = _broken = (
            "this process was forked while another thread was in a call of libtlite, whose locks"
            " and threads it has no share in: fork before, or start it by 'spawn'"
        )


atexit.register(_at_exit)
os.register_at_fork(before=_before_fork, after_in_child=_in_child)


def in_background(
    work: Callable[[], Any], watch: Callable[[], None], stop: Callable[[], None]
) -> Any:
    """Runs a call that cannot be sliced on a thread of its own, and waits where signals arrive.

    `watch` is called ten times a second; whatever it or a signal raises is raised here, after
    `stop` has ended the call.
    """
    outcome: list[Any] = []
    finished = threading.Event()

    def run() -> None:
        try:
            with at_work():
                outcome.append((work(), None))
        except BaseException as error:
            outcome.append((None, error))
        finally:
            finished.set()

    thread = threading.Thread(target=run, name="tlite", daemon=True)
    try:
        thread.start()
        while not finished.wait(0.1):
            watch()
        thread.join()
    except BaseException:
        stop()
        finished.wait(1)  # where `start` was interrupted, nobody knows whether it began
        if thread.is_alive():
            thread.join()
        raise
    result, error = outcome[0]
    if error is not None:
        raise error
    return result
