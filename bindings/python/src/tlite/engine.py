"""Many requests at once over one model."""

from __future__ import annotations

import time
from collections.abc import Iterable, Sequence
from ctypes import byref, c_int32, c_int64
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Callable

from . import _ffi
from ._convert import choice, filled, integer, name_of, nanoseconds, receiver, token_array, utf8
from ._desk import Desk, EngineEvent, Inbox
from ._group import Group
from ._library import lib
from ._logits import Processor, raise_interrupt
from ._native import SLICE, Computing, call, created
from .errors import InvalidArgument
from .generation import Generation
from .requests import PromptLike, RequestOptions, RequestStream, is_conversation, options_of
from .templates import Prompt, parsed_messages

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray
    from typing_extensions import Unpack

    from .model import Model


@dataclass(frozen=True)
class EngineStatus:
    """How busy an engine is."""

    waiting: int
    """Requests."""
    running: int
    cached_tokens: int
    """Room that the prefix cache takes, given up when it is needed."""
    free_tokens: int


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
        self._desk = Desk(self._handle)
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

    def _submit(self, prompt: PromptLike, inbox: Inbox | None, options: RequestOptions) -> int:
        """A new request, whose events go to the inbox, or to `poll` where there is none."""
        handle = self._live()
        keep: list[Any] = []
        native = byref(options_of(keep, **options))
        request = c_int64()
        if isinstance(prompt, Prompt):
            prompt = self._tokenizer.encode(prompt)
        if isinstance(prompt, str):
            data = utf8(prompt, "prompt")
            size = len(data)
            submit = lib.tlite_engine_submit_text
            call(submit, handle.pointer, data, size, native, byref(request))
        elif is_conversation(prompt):
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
        inbox = Inbox()
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
        answers: list[Generation | None] = []
        with Group[int](self, only_ends=True) as group:
            for prompt, further in zip(prompts, own):
                merged: RequestOptions = {**options, **further}  # type: ignore[typeddict-item]
                places = range(len(answers), len(answers) + merged.get("n", 1))
                group.submit(prompt, merged, list(places))
                answers += [None] * len(places)
            while group:
                place, event = group.read()
                if event.result is not None:
                    answers[place] = event.result
                    if progress is not None:
                        progress(len(answers) - len(group), len(answers))
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
