"""A conversation."""

from __future__ import annotations

import json
import threading
from collections.abc import Sequence
from ctypes import byref, c_int32, c_int64, c_uint64
from typing import TYPE_CHECKING, Any, Callable

from . import _ffi
from ._convert import TokenIds, choice, filled, integer, receiver, token_array, utf8
from ._library import lib
from ._logits import CALLBACK, NONE, LogitsFunction, Processor
from ._native import Computing, call, created
from .errors import Error
from .generation import Generation
from .model import Model
from .sampling import SamplingParams, native_params, params_of
from .streams import Stream
from .templates import Message, json_text, parsed_messages
from .tokenizer import taken_bytes

if TYPE_CHECKING:
    from .engine import Engine


class Session(Computing):
    """A conversation with a model: what was said stays in its cache.

        session = tlite.Session(model, system="Ты помощник.")
        print(session.chat("Привет!"))
        for piece in session.stream("Как дела?"): print(piece, end="", flush=True)

    - `model`: a `Model`, or an `Engine`, whose requests and sessions are then worked on together.
    - `system`: the first message; or `messages`: a conversation to begin with.
    - `sampling`: how tokens are chosen; None: what the model's generation_config.json asks for.
    - `context`: tokens, prompt and answers together (4096). `overflow`: what happens when they do
      not fit: "stop" (the answer ends), "error" (ContextFull) or "drop_oldest" (turns).
    - `tools`: tool definitions for the chat template, `variables`: further variables of it.
    - `parse_special_in_messages`: <|im_start|> in a message is the special token, not plain text.
    - `threads` (None: the model's), `max_batch_rows` (512): how it is computed. `kv_type`: "f32",
      "f16", "bf16" or "q8_0", of the cache; None: by the weights.
    - `logits_processor`: a function that changes logits, see `RequestOptions`.

    For one thread at a time; `cancel` and `prefill_progress` are for any. OutOfMemory,
    InvalidArgument.
    """

    _unpicklable = "take its `messages` along and make another, or `fork` it"

    def __init__(
        self,
        model: Model | Engine,
        *,
        system: str | None = None,
        messages: Sequence[Message] | None = None,
        sampling: SamplingParams | None = None,
        context: int | None = None,
        overflow: str | None = None,
        tools: Any = None,
        variables: Any = None,
        parse_special_in_messages: bool = False,
        threads: int | None = None,
        max_batch_rows: int | None = None,
        kv_type: str | None = None,
        logits_processor: LogitsFunction | None = None,
    ) -> None:
        super().__init__()
        keep: list[Any] = []
        options = filled(
            _ffi.tlite_session_options,
            lib.tlite_session_options_init,
            keep,
            context=context,
            overflow=choice(overflow, "tlite_overflow_policy", "overflow"),
            tools_json=json_text(tools, "tools"),
            template_json=json_text(variables, "variables"),
            parse_special_in_messages=bool(parse_special_in_messages),
            threads=threads,
            max_batch_rows=max_batch_rows,
            kv_type=choice(kv_type, "tlite_data_type", "kv_type"),
        )
        parent = model._live()
        create = lib.tlite_session_create
        if not isinstance(model, Model):
            create = lib.tlite_engine_create_session
        self._handle = created(create, lib.tlite_session_free, parent.pointer, byref(options))
        self._sampling_turn = threading.Lock()
        self._processor: Processor | None = None
        if logits_processor is not None:
            self.logits_processor = logits_processor
        if sampling is not None:
            self.sampling = sampling
        if messages is not None:
            self.messages = messages  # type: ignore[assignment]
        if system is not None:
            self.add_system(system)

    @property
    def sampling(self) -> SamplingParams:
        """How tokens are chosen from the next answer on; can be set."""
        handle = self._live()
        out = receiver(_ffi.tlite_sampling_params)
        with self._sampling_turn:
            call(lib.tlite_session_get_sampling, handle.pointer, byref(out))
            return params_of(out)

    @sampling.setter
    def sampling(self, params: SamplingParams) -> None:
        handle = self._live()
        native = native_params(params)
        with self._sampling_turn:
            call(lib.tlite_session_set_sampling, handle.pointer, native)

    @property
    def logits_processor(self) -> LogitsFunction | None:
        """What changes the logits from the next answer on; can be set, None: nothing does.

        What it raises ends the answer: Cancelled, with that as the cause.
        """
        return None if self._processor is None else self._processor.function

    @logits_processor.setter
    def logits_processor(self, function: LogitsFunction | None) -> None:
        handle = self._live()
        made = None if function is None else Processor(function)
        given = (NONE, None) if made is None else (CALLBACK, made.number)
        call(lib.tlite_session_on_logits, handle.pointer, *given)
        self._processor = made

    @property
    def messages(self) -> list[dict[str, Any]]:
        """The conversation as it is now, a copy; can be set."""
        handle = self._live()
        made = created(lib.tlite_session_get_messages, lib.tlite_messages_free, handle.pointer)
        text = taken_bytes(lib.tlite_messages_to_json, made.pointer)
        conversation: list[dict[str, Any]] = json.loads(text)
        return conversation

    @messages.setter
    def messages(self, messages: Sequence[Message]) -> None:
        handle = self._live()
        made = parsed_messages(messages)
        call(lib.tlite_session_set_messages, handle.pointer, made.pointer)

    def add_system(self, text: str) -> None:
        """Adds a system message."""
        self._add(lib.tlite_session_add_system, text)

    def add_user(self, text: str) -> None:
        """Adds a message of the user."""
        self._add(lib.tlite_session_add_user, text)

    def _add(self, function: Callable[..., int], text: str) -> None:
        handle = self._live()
        data = utf8(text, "text")
        call(function, handle.pointer, data, len(data))

    def add_message(self, message: Message) -> None:
        """Adds any message: {"role": "tool", "tool_call_id": ..., "content": ...}."""
        handle = self._live()
        made = parsed_messages([message])
        out = receiver(_ffi.tlite_message)
        call(lib.tlite_messages_get, made.pointer, 0, byref(out))
        call(lib.tlite_session_add_message, handle.pointer, byref(out))

    def rewind(self, count: int) -> None:
        """Keeps the first `count` messages."""
        handle = self._live()
        size = integer(count, "count", c_uint64)
        call(lib.tlite_session_rewind, handle.pointer, size)

    def reset(self) -> None:
        """Forgets all messages, the system message included."""
        handle = self._live()
        call(lib.tlite_session_reset, handle.pointer)

    def fork(self) -> Session:
        """The same conversation twice, sharing the cache of what was said."""
        handle = self._live()
        twin = Session.__new__(Session)
        Computing.__init__(twin)
        twin._sampling_turn = threading.Lock()
        twin._processor = self._processor
        twin._handle = created(lib.tlite_session_fork, lib.tlite_session_free, handle.pointer)
        return twin

    def count_prompt_tokens(self) -> int:
        """Tokens that the conversation takes, as the next reply would see it."""
        handle = self._live()
        out = c_int32()
        call(lib.tlite_session_count_prompt_tokens, handle.pointer, byref(out))
        return out.value

    def stream(self, text: str | None = None) -> Stream:
        """Answers the conversation, with a user's message added where `text` is one.

        Where it cannot begin (ContextFull, BadTemplate), that message is taken back.
        """
        if text is None:
            return Stream(self, lib.tlite_session_stream)
        count = self._count()
        self.add_user(text)
        try:
            return Stream(self, lib.tlite_session_stream)
        except Error:
            self.rewind(count)
            raise

    def _count(self) -> int:
        handle = self._live()
        made = created(lib.tlite_session_get_messages, lib.tlite_messages_free, handle.pointer)
        return int(lib.tlite_messages_count(made.pointer))

    def chat(self, text: str) -> Generation:
        """Says something and takes the answer."""
        return self.stream(text).run()

    def reply(self) -> Generation:
        """Answers the conversation as it is and adds the answer to it."""
        return self.stream().run()

    def regenerate(self) -> Stream:
        """Answers again: drops the last message, the assistant's; BadState where it is not."""
        return Stream(self, lib.tlite_session_stream_regenerate)

    def resume(self) -> Stream:
        """Goes on with an answer that was cut short."""
        return Stream(self, lib.tlite_session_stream_continue)

    def complete(self, prompt: str | TokenIds) -> Stream:
        """Raw completion of a text, whose special tokens are parsed, or of token ids.

        Without template; leaves the messages alone.
        """
        if isinstance(prompt, str):
            data = utf8(prompt, "prompt")
            return Stream(self, lib.tlite_session_stream_complete, data, len(data))
        ids = token_array(prompt, "prompt")
        address, count = ids.buffer_info()
        return Stream(self, lib.tlite_session_stream_complete_ids, address, count)

    @property
    def prefill_progress(self) -> tuple[int, int]:
        """Tokens of the prompt done, and in all. From any thread."""
        handle = self._live()
        done, total = c_int64(), c_int64()
        lib.tlite_session_get_prefill_progress(handle.pointer, byref(done), byref(total))
        return done.value, total.value

    def cancel(self) -> None:
        """Stops the answer that runs, or the next one, with the reason "cancelled".

        From any thread. One that came too late is forgotten by `clear_cancel`.
        """
        handle = self._live()
        lib.tlite_session_cancel(handle.pointer)

    def end_thinking(self) -> None:
        """Has the answer say </think> next, where it is thinking; else no effect. Any thread."""
        handle = self._live()
        lib.tlite_session_end_thinking(handle.pointer)

    def clear_cancel(self) -> None:
        """Forgets a cancel that stopped nothing. From any thread."""
        handle = self._live()
        lib.tlite_session_clear_cancel(handle.pointer)
