"""Many requests at once over one model."""

from __future__ import annotations

import collections
import contextlib
import dataclasses
import threading
import time
from collections.abc import Generator, Iterable, Iterator, Sequence
from ctypes import POINTER, byref, c_int32, c_int64
from dataclasses import dataclass
from typing import (
    TYPE_CHECKING,
    Any,
    Callable,
    TypedDict,
    Union,
)

from . import _ffi
from ._convert import (
    TokenIds,
    choice,
    filled,
    integer,
    name_of,
    nanoseconds,
    real,
    receiver,
    text_of,
    token_array,
    utf8,
)
from ._library import lib
from ._logits import CALLBACK, LogitsFunction, Processor, raise_interrupt
from ._native import SLICE, Computing, Handle, at_work, call, created, owner
from .errors import BadState, Error, InvalidArgument, error_of
from .generation import Generation, Piece, generation_of, piece_of
from .sampling import SamplingParams, native_params
from .templates import Message, Prompt, json_text, parsed_messages

if TYPE_CHECKING:
    import asyncio

    import numpy as np
    from numpy.typing import NDArray
    from typing_extensions import Unpack

    from .model import Model

PromptLike = Union[str, Prompt, TokenIds, Sequence[Message]]
"""What a request is made of: a text (special tokens are parsed), a rendered `Prompt`, token ids, or
a conversation, a list of dicts, which the model's chat template renders."""


class RequestOptions(TypedDict, total=False):
    """What a request may be given; all are optional."""

    sampling: SamplingParams | None
    """How tokens are chosen; None: what the model's generation_config.json asks for."""
    priority: int
    """Higher ones first; 0."""
    timeout: float | None
    """Seconds from now on, then it ends with the reason "deadline"."""
    context: int | None
    """The most tokens, prompt and answer; None: the engine's."""
    tools: Any
    """Tool definitions for the chat template, of a conversation."""
    variables: Any
    """Further variables of the chat template."""
    parse_special_in_messages: bool
    """<|im_start|> in a message is the special token, not plain text."""
    n: int
    """How many answers, 1 to 1024: as many requests whose numbers follow each other; answer i has
    the seed seed + i. Not for streams."""
    prompt_logprobs: int | None
    """Log probabilities of the prompt's own tokens: 0: of each; k, to 64: and of the k likeliest.
    With n answers in the first one's result."""
    prompt_logprobs_start: int
    """From this position of the prompt on, 1 at least; what lies before may come from the prefix
    cache."""
    pooling: str | None
    """"last", "mean" or "cls": no answer, but the embedding of the prompt."""
    normalize: bool
    """The embedding to length 1 (L2); True."""
    logits_processor: LogitsFunction | None
    """`f(tokens, logits)`, called before each token and before all that `sampling` does: int32 ids
    of prompt and answer, float32 (vocab_size,) that it changes in place or returns others for; -inf
    bans a token, NaN and +inf are an error. Runs on whichever thread works. What it raises ends the
    request, with n all of them: Cancelled, with that as the cause. Needs numpy."""


def _options_of(
    keep: list[Any],
    sampling: SamplingParams | None = None,
    priority: int = 0,
    timeout: float | None = None,
    context: int | None = None,
    tools: Any = None,
    variables: Any = None,
    parse_special_in_messages: bool = False,
    n: int = 1,
    prompt_logprobs: int | None = None,
    prompt_logprobs_start: int = 1,
    pooling: str | None = None,
    normalize: bool = True,
    logits_processor: LogitsFunction | None = None,
) -> Any:
    milliseconds = None
    if timeout is not None:
        milliseconds = nanoseconds(real(timeout, "timeout"), "timeout") // 1_000_000
    options = filled(
        _ffi.tlite_request_options,
        lib.tlite_request_options_init,
        keep,
        priority=priority,
        timeout_milliseconds=milliseconds,
        context=context,
        tools_json=json_text(tools, "tools"),
        template_json=json_text(variables, "variables"),
        parse_special_in_messages=bool(parse_special_in_messages),
        n=n,
        prompt_logprobs=prompt_logprobs,
        prompt_logprobs_start=prompt_logprobs_start,
        pooling=choice(pooling, "tlite_pooling", "pooling"),
        normalize=bool(normalize),
    )
    if sampling is not None:
        native_params(sampling)
        keep.append(sampling)
        options.sampling = POINTER(_ffi.tlite_sampling_params)(sampling._native())
    if logits_processor is not None:
        processor = Processor(logits_processor)
        keep.append(processor)
        options.logits_callback, options.logits_user = CALLBACK, processor.number
    return options


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


@dataclass(frozen=True)
class EngineStatus:
    """How busy an engine is."""

    waiting: int
    """Requests."""
    running: int
    cached_tokens: int
    """Room that the prefix cache takes, given up when it is needed."""
    free_tokens: int


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


class _Inbox:
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


class _Desk:
    """Steps the engine and hands its events to whoever waits for them.

    One thread steps at a time: a reader that has nothing to read takes the turn, unless another
    has it; for coroutines a thread of the engine's own does.
    """

    def __init__(self, handle: Handle) -> None:
        self.handle: Handle | None = handle
        self.turn = threading.Lock()
        self.lock = threading.Lock()  # of what follows
        self.claims: dict[int, _Inbox | None] = {}  # None: events are thrown away
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

    def deliver(self, event: EngineEvent) -> _Inbox | None:
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
        self, requests: Iterable[int], inbox: _Inbox | None, processor: Processor | None
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

    def take_over(self, request: int, inbox: _Inbox) -> None:
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
        touched: dict[_Inbox, int] = {}  # with a request of each
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

    def _take(self, out: Any) -> _Inbox | None:
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

    def read(self, inbox: _Inbox) -> EngineEvent:
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

    def pass_on(self, mine: _Inbox) -> None:
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


class RequestStream:
    """One request of an engine, piece by piece.

        for piece in engine.stream("..."): ...
        async for piece in engine.stream("..."): ...
        generation = engine.stream("...").run()           # or: await engine.stream("...")

    Whoever waits for it works on everybody's requests. An exception that comes out of it, and
    `close`, cancel the request. `request` is its number. For one thread, or task, at a time.
    """

    def __init__(self, engine: Engine, prompt: PromptLike, options: RequestOptions) -> None:
        self._engine = engine
        self._desk = engine._desk
        self._inbox = _Inbox()
        self._result: Generation | None = None
        self._ended = False
        if options.get("n", 1) != 1:
            raise InvalidArgument(f"n is {options['n']}, and a stream has one answer")
        self.request = engine._submit(prompt, self._inbox, options)

    def _take(self, event: EngineEvent) -> Piece | None:
        if event.finish_reason is not None:
            self._ended = True
            self._result = event.result
            if event.error is not None:
                raise event.error
        return event.piece if event.piece or event.piece.token is not None else None

    def __iter__(self) -> Iterator[Piece]:
        return self

    def __next__(self) -> Piece:
        while not self._ended:
            try:
                event = self._desk.read(self._inbox)
            except BaseException:
                self.close()
                raise
            piece = self._take(event)
            if piece is not None:
                return piece
        raise StopIteration

    def __aiter__(self) -> RequestStream:
        return self

    async def __anext__(self) -> Piece:
        self._join_loop()
        events = self._inbox.events
        while not self._ended:
            piece = self._take(events.popleft() if events else await self._next_event())
            if piece is not None:
                return piece
        raise StopAsyncIteration

    def _join_loop(self) -> None:
        if self._inbox.join_loop():
            self._desk.start()

    async def _next_event(self) -> EngineEvent:
        try:
            while not self._inbox.events:
                self._desk.live()
                await self._inbox.arrival()
            return self._inbox.events.popleft()
        except BaseException:
            self.close()
            raise

    def __await__(self) -> Generator[Any, None, Generation]:
        return self._run_async().__await__()

    async def _run_async(self) -> Generation:
        self._inbox.only_ends = True
        self._join_loop()
        while not self._ended:
            self._take(await self._next_event())
        return self.result

    def run(self) -> Generation:
        """All of the answer; raises what it failed with."""
        self._inbox.only_ends = True
        for _ in self:
            pass
        return self.result

    @property
    def result(self) -> Generation:
        """All of the answer, once it has ended; BadState before that."""
        if self._result is None:
            raise BadState("this request has no result: it goes on, has failed or was closed")
        return self._result

    def cancel(self) -> None:
        """Ends it with the reason "cancelled"; what it has said still comes. From any thread."""
        self._engine.cancel(self.request)

    def end_thinking(self) -> None:
        """Has it say </think> next, where it is thinking; else no effect. From any thread."""
        self._engine.end_thinking(self.request)

    def close(self) -> None:
        """Ends it, and what it has said is lost."""
        if not self._ended:
            self._ended = True
            self._desk.drop(self.request)
            if not self._engine.closed:
                self._engine.cancel(self.request)

    def __enter__(self) -> RequestStream:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def __del__(self, owner: list[int] = owner) -> None:
        if owner[0] and hasattr(self, "request"):
            self.close()


class Engine(Computing):
    """Many requests at once over one model, in shared batches, each answer as if it were alone.

        answers = engine.map(["раз", "два"], sampling=params)       # hundreds of them
        answer = await engine.generate(messages)                    # from coroutines
        for piece in engine.stream("..."): ...                      # one, as it comes
        request = engine.submit(ids); engine.step(0.003); engine.poll()    # a loop of your own

    - `context`: tokens of running requests and, as long as there is room, of earlier ones (16384).
    - `max_sequences`: requests that run at once, others wait (16). `max_batch_rows` (512).
    - `max_delay`: seconds that prompts may delay a token of another request (0.05).
    - `prefix_cache`: what was computed is kept for requests that begin alike.
    - `embeddings`: requests may ask for embeddings; False saves the memory that they take.
    - `threads`, `kv_type`: as of a `Session`.

    All memory is taken here: OutOfMemory. All methods may be called from any thread, and coroutines
    of any number of event loops may wait: for them a thread of the engine's own does the work.
    """

    _unpicklable = "make one of the model in each process"

    def __init__(
        self,
        model: Model,
        *,
        context: int | None = None,
        max_sequences: int | None = None,
        max_batch_rows: int | None = None,
        max_delay: float | None = None,
        prefix_cache: bool = True,
        embeddings: bool = True,
        threads: int | None = None,
        kv_type: str | None = None,
    ) -> None:
        super().__init__()
        parent = model._live()
        delay = None
        if max_delay is not None:
            delay = nanoseconds(max_delay, "max_delay") // 1_000_000
        options = filled(
            _ffi.tlite_engine_options,
            lib.tlite_engine_options_init,
            [],
            context=context,
            max_sequences=max_sequences,
            max_batch_rows=max_batch_rows,
            max_delay_milliseconds=delay,
            prefix_cache=bool(prefix_cache),
            embeddings=bool(embeddings),
            threads=threads,
            kv_type=choice(kv_type, "tlite_data_type", "kv_type"),
        )
        self._handle = created(
            lib.tlite_engine_create, lib.tlite_engine_free, parent.pointer, byref(options)
        )
        self._desk = _Desk(self._handle)
        self.model = model
        self._tokenizer = model.tokenizer

    def close(self) -> None:
        """Ends its requests and frees it; sessions on it go on. A second call does nothing."""
        if self._handle is not None:
            super().close()
            self._desk.close()

    def __del__(self) -> None:
        desk = getattr(self, "_desk", None)
        if desk is not None:  # its thread, if there is one, ends without being waited for
            desk.handle = None

    @property
    def options(self) -> dict[str, Any]:
        """Its options as resolved, by the names of the constructor."""
        handle = self._live()
        out = receiver(_ffi.tlite_engine_options)
        call(lib.tlite_engine_get_options, handle.pointer, byref(out))
        names = ("context", "max_sequences", "max_batch_rows", "threads")
        return {
            **{name: getattr(out, name) for name in names},
            "max_delay": out.max_delay_milliseconds / 1000,
            "prefix_cache": bool(out.prefix_cache),
            "embeddings": bool(out.embeddings),
            "kv_type": name_of(out.kv_type, "tlite_data_type"),
        }

    @property
    def status(self) -> EngineStatus:
        """How busy it is."""
        handle = self._live()
        out = receiver(_ffi.tlite_engine_status)
        call(lib.tlite_engine_get_status, handle.pointer, byref(out))
        return EngineStatus(out.waiting, out.running, out.cached_tokens, out.free_tokens)

    def _submit(self, prompt: PromptLike, inbox: _Inbox | None, options: RequestOptions) -> int:
        """A new request, whose events go to the inbox, or to `poll` where there is none."""
        handle = self._live()
        keep: list[Any] = []
        native = byref(_options_of(keep, **options))
        request = c_int64()
        if isinstance(prompt, Prompt):
            prompt = self._tokenizer.encode(prompt)
        if isinstance(prompt, str):
            data = utf8(prompt, "prompt")
            size = len(data)
            submit = lib.tlite_engine_submit_text
            call(submit, handle.pointer, data, size, native, byref(request))
        elif _is_conversation(prompt):
            made = parsed_messages(prompt)  # type: ignore[arg-type]
            submit = lib.tlite_engine_submit_messages
            call(submit, handle.pointer, made.pointer, native, byref(request))
        else:
            ids = token_array(prompt, "prompt")  # type: ignore[arg-type]
            address, count = ids.buffer_info()
            submit = lib.tlite_engine_submit_ids
            call(submit, handle.pointer, address, count, native, byref(request))
        first = request.value
        processor = next((entry for entry in keep if isinstance(entry, Processor)), None)
        self._desk.claim(range(first, first + options.get("n", 1)), inbox, processor)
        return first

    def submit(self, prompt: PromptLike, **options: Unpack[RequestOptions]) -> int:
        """A new request, by its number: `poll` tells of it, or `wait` takes its answer.

        See `RequestOptions`. ContextFull for what can never fit, InvalidArgument, BadTemplate,
        NotFound (no chat template).
        """
        return self._submit(prompt, None, options)

    def step(self, budget: float) -> bool:
        """Works for `budget` seconds, or until all is done; whether something is left.

        It may take one unit of work longer. On an error all requests are as they were.
        """
        self._live()
        self._desk.outside()
        with self._desk.turn:
            left = self._desk.step(nanoseconds(budget, "budget"))
            raise_interrupt()
            return left

    def wait_for_work(self, timeout: float) -> bool:
        """Sleeps until there is something to do, or the time in seconds is over: then False."""
        end = time.monotonic() + nanoseconds(timeout, "timeout") / 1e9
        has_work = c_int32()
        while True:
            handle = self._live()
            left = int((end - time.monotonic()) * 1e9)
            slice_ = max(0, min(left, SLICE))
            call(lib.tlite_engine_wait_for_work, handle.pointer, slice_, byref(has_work))
            if has_work.value or left <= SLICE:
                return bool(has_work.value)

    def poll(self) -> EngineEvent | None:
        """The next thing that happened to a request of `submit`, or None."""
        handle = self._live()
        if not self._desk.events:
            self._desk.drain(handle)
        with self._desk.lock:
            return self._desk.events.popleft() if self._desk.events else None

    def run(self) -> None:
        """Works until all is done."""
        while self.step(SLICE / 1e9):
            pass

    def wait(self, request: int) -> Generation:
        """Works until this request of `submit` has ended; raises what it failed with.

        Its events that nobody polled are taken. InvalidArgument for a request that there is not.
        """
        self._live()
        number = integer(request, "request", c_int64)
        inbox = _Inbox()
        inbox.only_ends = True
        self._desk.take_over(number, inbox)
        while True:
            event = self._desk.read(inbox)
            if event.error is not None:
                raise event.error
            if event.result is not None:
                return event.result

    def cancel(self, request: int) -> None:
        """Ends a request with the reason "cancelled"; no effect on one that has ended."""
        handle = self._live()
        lib.tlite_engine_cancel(handle.pointer, integer(request, "request", c_int64))

    def end_thinking(self, request: int) -> None:
        """Has it say </think> next, where it is thinking; else no effect. From any thread."""
        handle = self._live()
        lib.tlite_engine_end_thinking(handle.pointer, integer(request, "request", c_int64))

    def set_priority(self, request: int, priority: int) -> None:
        """Higher ones first."""
        handle = self._live()
        number = integer(request, "request", c_int64)
        lib.tlite_engine_set_priority(handle.pointer, number, integer(priority, "priority"))

    def stream(self, prompt: PromptLike, **options: Unpack[RequestOptions]) -> RequestStream:
        """One request, piece by piece, with `for` or `async for`."""
        return RequestStream(self, prompt, options)

    async def generate(self, prompt: PromptLike, **options: Unpack[RequestOptions]) -> Generation:
        """One request, from a coroutine; when that is cancelled, so is the request."""
        return await RequestStream(self, prompt, options)

    def map(
        self,
        prompts: Sequence[PromptLike],
        *,
        each: Sequence[RequestOptions] | None = None,
        progress: Callable[[int, int], object] | None = None,
        **options: Unpack[RequestOptions],
    ) -> list[Generation]:
        """Any number of requests: their answers, in their order, n together where `n` is given.

        `each` has further options, one dict a prompt; `progress` gets (done, total). The first
        request that fails, and any exception, ends them all.
        """
        own = list(each) if each is not None else [{}] * len(prompts)
        if len(own) != len(prompts):
            raise InvalidArgument(f"each has {len(own)} entries for {len(prompts)} prompts")
        inbox = _Inbox()
        inbox.only_ends = True
        places: dict[int, int] = {}
        answers: list[Generation | None] = []
        try:
            for prompt, further in zip(prompts, own):
                merged: RequestOptions = {**options, **further}  # type: ignore[typeddict-item]
                first = self._submit(prompt, inbox, merged)
                for i in range(merged.get("n", 1)):
                    places[first + i] = len(answers)
                    answers.append(None)
            total = len(places)
            while places:
                event = self._desk.read(inbox)
                if event.error is not None:
                    raise event.error
                if event.result is not None:
                    answers[places.pop(event.request)] = event.result
                    if progress is not None:
                        progress(total - len(places), total)
        except BaseException:
            self._abandon(places)
            raise
        return [answer for answer in answers if answer is not None]

    def embed(
        self,
        prompts: Sequence[PromptLike],
        *,
        pooling: str = "last",
        normalize: bool = True,
        progress: Callable[[int, int], object] | None = None,
        **options: Any,
    ) -> NDArray[np.float32]:
        """Embeddings of prompts: float32 of shape (prompts, hidden_size). Needs numpy.

        `pooling`: "last", "mean" or "cls"; `normalize`: each to length 1; else as
        `map`.
        """
        import numpy as np

        answers = self.map(
            prompts, progress=progress, pooling=pooling, normalize=normalize, **options
        )
        if not answers:
            return np.zeros((0, self.model.hidden_size), dtype=np.float32)
        return np.stack([np.asarray(answer.embedding, dtype=np.float32) for answer in answers])

    def _abandon(self, requests: Iterable[int]) -> None:
        handle = self._handle
        for request in requests:
            self._desk.drop(request)
            if handle is not None:
                lib.tlite_engine_cancel(handle.pointer, request)

    def _stop(self) -> None:
        handle = self._handle
        if handle is not None:
            for request in (*self._desk.claims, *self._desk.open):
                lib.tlite_engine_cancel(handle.pointer, request)


def _is_conversation(prompt: object) -> bool:
    from collections.abc import Mapping, Sequence

    return isinstance(prompt, Mapping) or (
        isinstance(prompt, Sequence) and len(prompt) > 0 and isinstance(prompt[0], Mapping)
    )
