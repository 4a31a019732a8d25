"""The answer of a conversation as it comes."""

from __future__ import annotations

import collections
import math
import threading
import time
from collections.abc import Generator, Iterator
from ctypes import POINTER, byref, c_int32, c_void_p
from typing import TYPE_CHECKING, Any, Callable

from . import _ffi
from ._convert import name_of
from ._library import lib
from ._logits import raise_interrupt
from ._native import SLICE, Computing, Handle, InUse, Turn, begin, call, created, end
from .errors import taken
from .generation import Generation, Piece, generation_of, piece_of

if TYPE_CHECKING:
    from .session import Session


_SHARE = SLICE / 1e9  # seconds of pieces at a time, for coroutines


class Stream(Computing):
    """An answer that is being computed: each piece is computed when it is asked for.

        for piece in session.stream("..."): ...
        async for piece in session.stream("..."): ...
        generation = session.stream("...").run()          # or: await session.stream("...")

    Until its end, an error or `close` it has its session to itself. An exception that comes out of
    it - KeyboardInterrupt, asyncio.CancelledError - ends the answer where it is, within some 20 ms
    in the middle of a prompt too; what was said stays in the conversation. For one thread at a
    time; `cancel` is for any.
    """

    _unpicklable = "it is in the middle of an answer"

    def __init__(self, session: Session, start: Callable[..., int], *arguments: object) -> None:
        super().__init__()
        self._session = session._live()
        self._processor = session._processor
        if self._processor is not None:
            self._processor.error = None
        self._handle = created(start, lib.tlite_stream_free, self._session.pointer, *arguments)
        self._turn = Turn(self)
        self._cancelling = threading.Lock()
        self._cancelled = False
        self._ended = False
        self._result: Generation | None = None
        self._piece = POINTER(_ffi.tlite_piece)()
        self._finished = c_int32()
        self._error = c_void_p()
        self._ready: collections.deque[Piece] = collections.deque()  # and not read yet
        self._failure: Exception | None = None  # what was raised behind these
        self._out = (byref(self._piece), byref(self._finished), byref(self._error))

    def _advance(self, seconds: float = 0.0, keep: bool = True) -> None:
        """Works that long, and for one step; `_ready` gets the pieces, where they are to `keep`.

        An error that comes behind such pieces waits until they are read.
        """
        until = time.monotonic() + seconds
        with self._turn:
            begin(self)
            try:
                while not self._ended:
                    self._step(keep)
                    if time.monotonic() >= until:
                        return
            except Exception as error:
                self._free()
                if not self._ready:
                    raise
                self._failure = error
            except BaseException:
                self.close()
                raise
            finally:
                end(self)

    def _step(self, keep: bool) -> None:
        """Works for a slice of time, or until there is a piece."""
        handle = self._live()
        try:
            status = lib.tlite_stream_advance(handle.pointer, SLICE, *self._out)
            if self._processor is not None:
                self._raise_what_ended_it()
            if status:
                raise taken(status, self._error.value)
            if self._piece:
                if keep:
                    self._ready.append(piece_of(self._piece[0]))
            elif self._finished.value:
                self._finish(handle)
        finally:
            del handle  # a traceback would keep it, and the session with it

    def _raise_what_ended_it(self) -> None:
        raise_interrupt()
        failure = self._processor.failure() if self._processor is not None else None
        if failure is not None:
            raise failure

    def _finish(self, handle: Handle) -> None:
        self._result = self._copy(handle)
        self._ended = True
        self._free()

    def close(self) -> None:
        """Ends the answer where it is; what was said stays in the conversation."""
        self._free()
        self._ready.clear()
        self._failure = None

    def _free(self) -> None:
        """The session has it no longer; what was computed can still be read."""
        with self._cancelling:
            super().close()
            stopped = self._result is not None and self._result.finish_reason == "cancelled"
            if self._cancelled and not stopped:  # it came too late, and is not for the next answer
                lib.tlite_session_clear_cancel(self._session.pointer)

    def _copy(self, handle: Handle) -> Generation:
        out = POINTER(_ffi.tlite_generation)()
        call(lib.tlite_stream_get_result, handle.pointer, byref(out))
        try:
            return generation_of(out[0])
        finally:
            lib.tlite_generation_free(out)

    def __iter__(self) -> Iterator[Piece]:
        return self

    def _is_dry(self) -> bool:
        """Whether there is nothing to read before more was computed."""
        return not self._ready and self._failure is None and not self._ended

    def _read(self) -> Piece | None:
        """The next piece, or None at the end; raises what came in its place."""
        if self._ready:
            return self._ready.popleft()
        failure, self._failure = self._failure, None
        if failure is not None:
            raise failure
        return None

    def __next__(self) -> Piece:
        try:
            while self._is_dry():
                self._advance()
        except InUse:
            raise
        except BaseException:
            self.close()
            raise
        piece = self._read()
        if piece is None:
            raise StopIteration
        return piece

    def __aiter__(self) -> Stream:
        return self

    async def __anext__(self) -> Piece:
        while self._is_dry():
            await self._work_elsewhere()
        piece = self._read()
        if piece is None:
            raise StopAsyncIteration
        return piece

    async def _work_elsewhere(self, keep: bool = True) -> None:
        """On a thread of the loop's executor, so that the loop goes on meanwhile.

        Pieces for some milliseconds, as handing one to the event loop costs more than many.
        """
        import asyncio

        work = asyncio.get_running_loop().run_in_executor(None, self._advance, _SHARE, keep)
        try:
            await asyncio.shield(work)
        except asyncio.CancelledError:
            while not work.done():  # the session is free when this is back
                try:
                    await asyncio.wait([work])
                except asyncio.CancelledError:
                    continue
            self.close()
            raise

    def __await__(self) -> Generator[Any, None, Generation]:
        return self._run_elsewhere().__await__()

    def _skip(self) -> None:
        """Nobody reads the pieces that are there; raises what came behind them."""
        self._ready.clear()
        self._read()

    async def _run_elsewhere(self) -> Generation:
        self._skip()
        while not self._ended:
            await self._work_elsewhere(keep=False)
        return self.result

    def run(self) -> Generation:
        """All of the answer, computed to its end."""
        self._skip()
        while not self._ended:
            self._advance(math.inf, keep=False)
        return self.result

    @property
    def result(self) -> Generation:
        """The answer so far; after the end, all of it. BadState once it was closed before that."""
        return self._result or self._copy(self._live())

    @property
    def finish_reason(self) -> str:
        """Why it ended; "none" while it goes on. See `Generation.finish_reason`."""
        if self._result is not None:
            return self._result.finish_reason
        handle = self._live()
        reason = lib.tlite_stream_finish_reason(handle.pointer)
        return name_of(reason, "tlite_finish_reason")

    def cancel(self) -> None:
        """Ends the answer with the reason "cancelled", within milliseconds. From any thread."""
        with self._cancelling:
            if self._handle is not None:
                self._cancelled = True
                lib.tlite_session_cancel(self._session.pointer)

    def _stop(self) -> None:
        self.cancel()
