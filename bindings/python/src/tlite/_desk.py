"""Whose turn it is to step an engine, and where the events of its requests go."""

from __future__ import annotations

import collections
import contextlib
import dataclasses
import threading
import time
from collections.abc import Iterable
from ctypes import POINTER, byref, c_int32
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from . import _ffi
from ._convert import name_of, text_of
from ._library import lib
from ._logits import Processor, raise_interrupt
from ._native import SLICE, Handle, at_work, call
from .errors import BadState, Error, InvalidArgument, error_of
from .generation import Generation, Piece, generation_of, piece_of

if TYPE_CHECKING:
    import asyncio


@dataclass(frozen=True)
class EngineEvent:
    """What happened to a request."""

    request: int
    piece: Piece
    """The text that became visible, possibly empty, and the token it came with."""
    finish_reason: str | None
    """Of the last event: why it ended, see `Generation.finish_reason`; else None."""
    result: Generation | None
    """With the last event: all of the answer."""
    error: Error | None
    """With the reason "failed": why."""


def _event_of(pointer: Any) -> EngineEvent:
    event = pointer[0]
    reason = event.finish_reason
    piece = piece_of(event)
    if reason == _ffi.TLITE_FINISH_NONE:
        return EngineEvent(event.request, piece, None, None, None)
    error = error_of(event.status, text_of(event.message)) if event.status else None
    result = generation_of(event.result[0]) if event.result else None
    return EngineEvent(event.request, piece, name_of(reason, "tlite_finish_reason"), result, error)


def _blamed(event: EngineEvent, processor: Processor) -> EngineEvent:
    """The last event of a request; where its function ended it, with what that raised."""
    failure = processor.failure() if event.finish_reason == "cancelled" else None
    if failure is None:
        return event
    return dataclasses.replace(event, finish_reason="failed", error=failure)


class Inbox:
    """Where the events of one reader's requests arrive.

    It does not know its reader, so that a stream that is dropped goes at once and ends its request.
    """

    def __init__(self) -> None:
        self.events: collections.deque[EngineEvent] = collections.deque()
        self.arrived = threading.Event()
        self.waiting = False
        self.only_ends = False  # its reader wants whole answers: pieces are not even copied
        self.loop: asyncio.AbstractEventLoop | None = None  # of a coroutine that waits
        self._wake: asyncio.Event | None = None
        self._told = False

    def join_loop(self) -> bool:
        """Its reader is a coroutine of the running loop; whether for the first time."""
        import asyncio

        loop = asyncio.get_running_loop()
        if self.loop is None:
            self._wake = asyncio.Event()
            self.loop = loop
            return True
        if self.loop is not loop:
            raise BadState("this RequestStream is awaited in another event loop")
        return False

    def tell(self) -> bool:
        """Has its reader look at what came; False where nobody can be reading any more.

        Called behind a whole batch of events: a reader that wakes with the first of them would
        fight for the interpreter with who brings the rest.
        """
        if self.loop is None or self._wake is None:
            if self.waiting:
                self.arrived.set()
        elif self.loop.is_closed():
            return False
        elif not self._told:
            self._told = True
            with contextlib.suppress(RuntimeError):  # closed since
                self.loop.call_soon_threadsafe(self._wake.set)
        return True

    async def arrival(self) -> None:
        """Until something is there, or `tell` was called without."""
        assert self._wake is not None
        self._told = False
        if not self.events:  # what came before `_told` was set
            await self._wake.wait()
        self._wake.clear()

    def sleep(self, seconds: float) -> None:
        """Until something arrives, somebody else stops stepping, or the time is over."""
        self.waiting = True
        if not self.events:
            self.arrived.wait(seconds)
        self.waiting = False
        self.arrived.clear()


class Desk:
    """Steps the engine and hands its events to whoever waits for them.

    One thread steps at a time: a reader that has nothing to read takes the turn, unless another
    has it; for coroutines a thread of the engine's own does.
    """

    def __init__(self, handle: Handle) -> None:
        self.handle: Handle | None = handle
        self.turn = threading.Lock()
        self.lock = threading.Lock()  # of what follows
        self.claims: dict[int, Inbox | None] = {}  # None: events are thrown away
        self.open: set[int] = set()  # requests of `submit`
        self.events: collections.deque[EngineEvent] = collections.deque()  # theirs
        self.early: dict[int, list[EngineEvent]] = {}  # of requests that nobody claimed yet
        self.processors: dict[int, Processor] = {}  # of requests that have one, until they end
        self.stepper: int | None = None  # the thread that has the turn
        self.thread: threading.Thread | None = None
        self.why_closed = "this Engine is closed"

    def live(self) -> Handle:
        """The engine, for the length of a call."""
        handle = self.handle
        if handle is None:
            raise BadState(self.why_closed)
        return handle

    def deliver(self, event: EngineEvent) -> Inbox | None:
        """Hands out an event, under the lock; whose reader has to be told."""
        request, last = event.request, event.finish_reason is not None
        if last and request in self.processors:
            event = _blamed(event, self.processors.pop(request))
        if request in self.claims:
            inbox = self.claims[request]
            if last:
                del self.claims[request]
            if inbox is not None:
                inbox.events.append(event)
            return inbox
        if request in self.open:
            self.events.append(event)
            if last:
                self.open.discard(request)
        else:
            self.early.setdefault(request, []).append(event)
        return None

    def claim(
        self, requests: Iterable[int], inbox: Inbox | None, processor: Processor | None
    ) -> None:
        """Their events go to that inbox, or to `events` where there is none."""
        with self.lock:
            for request in requests:
                if processor is not None:
                    self.processors[request] = processor
                if inbox is None:
                    self.open.add(request)
                else:
                    self.claims[request] = inbox
                for event in self.early.pop(request, ()):
                    self.deliver(event)

    def take_over(self, request: int, inbox: Inbox) -> None:
        """Of a request of `submit`, whose events that nobody polled come along."""
        with self.lock:
            mine = [event for event in self.events if event.request == request]
            if request not in self.open and not mine:
                raise InvalidArgument(f"there is no request {request}, or its result was polled")
            rest = [event for event in self.events if event.request != request]
            self.events = collections.deque(rest)
            self.open.discard(request)
            self.claims[request] = inbox
            for event in mine:
                self.deliver(event)

    def drop(self, request: int) -> None:
        """Nobody reads its events any more."""
        with self.lock:
            if request in self.claims:
                self.claims[request] = None

    def drain(self, handle: Handle, first: Any = None) -> None:
        """Takes what the engine has to tell, in its order; `first`: an event that came already."""
        out = POINTER(_ffi.tlite_engine_event)() if first is None else first
        place = byref(out)
        touched: dict[Inbox, int] = {}  # with a request of each
        try:
            with self.lock:
                while True:
                    if first is None:
                        call(lib.tlite_engine_poll, handle.pointer, place)
                    first = None
                    if not out:
                        return
                    request = out[0].request
                    inbox = self._take(out)
                    if inbox is not None:
                        touched[inbox] = request
        finally:
            for inbox, request in touched.items():
                if not inbox.tell():
                    lib.tlite_engine_cancel(handle.pointer, request)

    def _take(self, out: Any) -> Inbox | None:
        """Of one event, which is freed; under the lock."""
        try:
            if out[0].finish_reason == _ffi.TLITE_FINISH_NONE and self._unread(out[0].request):
                return None
            event = _event_of(out)
        except KeyboardInterrupt:  # it may be what another thread waits for
            self.deliver(_event_of(out))
            raise
        finally:
            lib.tlite_engine_event_free(out)
        return self.deliver(event)

    def _unread(self, request: int) -> bool:
        if request not in self.claims:
            return False
        inbox = self.claims[request]
        return inbox is None or inbox.only_ends

    def step(self, budget: int) -> bool:
        """Works for a while; whether something is left. Whoever calls it has the turn."""
        handle = self.live()
        has_work = c_int32()
        self.stepper = threading.get_ident()
        try:
            with at_work():
                call(lib.tlite_engine_step, handle.pointer, budget, byref(has_work))
        finally:
            self.stepper = None
            self.drain(handle)
        return bool(has_work.value)

    def advance(self, budget: int) -> None:
        """The same until something has happened."""
        handle = self.live()
        out = POINTER(_ffi.tlite_engine_event)()
        self.stepper = threading.get_ident()
        try:
            with at_work():
                advance = lib.tlite_engine_advance
                call(advance, handle.pointer, budget, byref(out), byref(c_int32()))
        finally:
            self.stepper = None
            self.drain(handle, out if out else None)

    def outside(self) -> None:
        """BadState where a logits_processor would wait for the step that it is called in."""
        if self.stepper == threading.get_ident():
            raise BadState("a logits_processor can work on nothing of the engine that calls it")

    def read(self, inbox: Inbox) -> EngineEvent:
        """The next event, which is worked for where nobody does."""
        while True:
            if inbox.events:
                return inbox.events.popleft()
            self.live()
            self.outside()
            if self.thread is None and self.turn.acquire(blocking=False):
                try:
                    if inbox.only_ends:
                        self.step(SLICE)
                    else:
                        self.advance(SLICE)
                    raise_interrupt()
                finally:
                    self.turn.release()
                    self.pass_on(inbox)
            else:
                inbox.sleep(0.05)

    def pass_on(self, mine: Inbox) -> None:
        """Has somebody else step who waits, for the one who stepped may have all it wants."""
        if not self.claims or not mine.events:
            return
        with self.lock:
            for inbox in self.claims.values():
                if inbox is not None and inbox is not mine and inbox.waiting:
                    inbox.arrived.set()
                    return

    def start(self) -> None:
        """A thread that steps, for those who cannot."""
        with self.lock:
            if self.thread is None and self.handle is not None:
                self.thread = threading.Thread(target=self._work, name="tlite engine", daemon=True)
                self.thread.start()

    def _work(self) -> None:
        has_work = c_int32()
        idle_since = time.monotonic()
        while True:
            handle = self.handle
            if handle is None or self._ends(idle_since):
                return
            if self.claims:
                idle_since = time.monotonic()
            try:
                lib.tlite_engine_wait_for_work(handle.pointer, SLICE, byref(has_work), None)
                if has_work.value:
                    with self.turn:
                        self.advance(SLICE)
                else:
                    self.drain(handle)
            except Error as error:
                if self.handle is None:
                    return
                self.fail(error)
                time.sleep(0.01)

    def _ends(self, idle_since: float) -> bool:
        """Whether the thread has had nothing to do for a second; it is then no more."""
        if time.monotonic() - idle_since < 1:
            return False
        with self.lock:
            if self.claims:
                return False
            self.thread = None
            return True

    def fail(self, error: Error) -> None:
        """Tells every reader; requests go on where the engine does."""
        with self.lock:
            handle = self.handle
            claims, self.claims = self.claims, dict.fromkeys(self.claims)
            for request, inbox in claims.items():
                if handle is not None:
                    lib.tlite_engine_cancel(handle.pointer, request)
                if inbox is not None:
                    event = EngineEvent(request, piece_of(_NOTHING), "failed", None, error)
                    inbox.events.append(event)
                    inbox.tell()

    def close(self) -> None:
        """Ends it all; readers get BadState."""
        self.handle = None
        self.fail(BadState(self.why_closed))
        with self.lock:
            self.claims.clear()
            self.processors.clear()
        thread = self.thread
        if thread is not None and thread is not threading.current_thread():
            thread.join()


_NOTHING = _ffi.tlite_piece(token=-1)
