"""What an engine is asked for, and one request's answer as it comes."""

from __future__ import annotations

from collections.abc import Generator, Iterator, Mapping, Sequence
from ctypes import POINTER
from typing import TYPE_CHECKING, Any, TypedDict, Union

from . import _ffi
from ._convert import TokenIds, choice, filled, nanoseconds, real
from ._desk import EngineEvent, Inbox
from ._library import lib
from ._logits import CALLBACK, LogitsFunction, Processor
from ._native import owner
from .errors import BadState, InvalidArgument
from .generation import Generation, Piece
from .sampling import SamplingParams, native_params
from .templates import Message, Prompt, json_text

if TYPE_CHECKING:
    from .engine import Engine

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


def options_of(
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
    """`RequestOptions` as the library takes them; `keep` keeps alive what they point to."""
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


def is_conversation(prompt: object) -> bool:
    """Whether it is messages, of a wrong kind perhaps, and not ids."""
    return isinstance(prompt, Mapping) or (
        isinstance(prompt, Sequence) and len(prompt) > 0 and isinstance(prompt[0], Mapping)
    )


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
        self._inbox = Inbox()
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
