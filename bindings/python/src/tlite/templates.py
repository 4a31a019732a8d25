"""Chat templates: messages to the text that a model was trained on."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from ctypes import byref, c_int64, c_size_t, string_at
from dataclasses import dataclass
from typing import Any

from . import _ffi
from ._convert import PathLike, filled, integer, utf8
from ._host import Files, read
from ._library import lib
from ._native import Handle, Native, created, ready
from .errors import InvalidArgument

Message = Mapping[str, Any]
"""A message as Hugging Face and OpenAI write it: {"role": "user", "content": "..."}."""


@dataclass(frozen=True)
class Prompt:
    """A rendered conversation; `tokenizer.encode` takes one."""

    text: str
    literal_ranges: tuple[tuple[int, int], ...]
    """(begin, end) in bytes of UTF-8: what came out of the messages, where special tokens are
    plain text."""

    def __str__(self) -> str:
        return self.text


def json_bytes(value: object, name: str) -> bytes:
    """A value as JSON; TypeError for what has no such form."""
    try:
        return utf8(json.dumps(value, ensure_ascii=False, allow_nan=False), name)
    except (TypeError, RecursionError) as error:
        raise TypeError(f"{name} cannot be written as JSON: {error}") from None
    except InvalidArgument:
        raise
    except ValueError as error:
        raise InvalidArgument(f"{name} cannot be written as JSON: {error}") from None


def messages_json(messages: Sequence[Message]) -> bytes:
    """A conversation as JSON."""
    if isinstance(messages, (str, bytes, Mapping)):
        raise TypeError(f"messages must be a list of dicts, not {type(messages).__name__}")
    return json_bytes([dict(message) for message in messages], "messages")


def parsed_messages(messages: Sequence[Message]) -> Handle:
    """A conversation as the library holds it; InvalidArgument names the message and the field."""
    data = messages_json(messages)
    return created(lib.tlite_messages_parse, lib.tlite_messages_free, data, len(data))


def json_text(value: Any, name: str) -> str | None:
    """Tools, or variables of a template, as the library takes them: JSON as it is, or a value."""
    if value is None or isinstance(value, str):
        return value
    return json_bytes(value, name).decode()


class ChatTemplate(Native):
    """A chat template: immutable, shared by any number of threads.

    A model's is `model.chat_template`; `ChatTemplate(path)` reads one of a Hugging Face directory
    or .gguf file, `ChatTemplate.parse(source)` takes Jinja. NotFound where there is none,
    BadTemplate.
    """

    _unpicklable = "make it from its `source` in each process"

    def __init__(self, path: PathLike, *, files: Files | None = None) -> None:
        load, free = lib.tlite_chat_template_load, lib.tlite_chat_template_free
        self._handle = read(load, free, path, files)

    @classmethod
    def parse(cls, source: str, *, bos_token: str = "", eos_token: str = "") -> ChatTemplate:
        """From source. The two tokens are given to the template as variables."""
        ready()
        texts = [utf8(source, "source"), utf8(bos_token, "bos_token"), utf8(eos_token, "eos_token")]
        sized = [part for text in texts for part in (text, len(text))]
        return cls._adopt(
            created(lib.tlite_chat_template_parse, lib.tlite_chat_template_free, *sized)
        )

    @property
    def source(self) -> str:
        """As it was read."""
        handle = self._live()
        size = c_size_t()
        address = lib.tlite_chat_template_source(handle.pointer, byref(size))
        return string_at(address, size.value).decode("utf-8", "replace")

    def render(
        self,
        messages: Sequence[Message],
        *,
        add_generation_prompt: bool = False,
        tools: Any = None,
        variables: Any = None,
        now: int | None = None,
    ) -> Prompt:
        """The text of a conversation.

        - `messages`: dicts of "role" and "content" with any further fields that the template knows.
        - `add_generation_prompt`: end with the header of the assistant's turn.
        - `tools`: a list of tool definitions, `variables`: a dict of further template variables;
          either may be JSON.
        - `now`: seconds since the epoch for strftime_now; None: the system clock.

        BadTemplate, InvalidArgument.
        """
        handle = self._live()
        data = messages_json(messages)
        keep: list[Any] = []
        options = filled(
            _ffi.tlite_template_options,
            lib.tlite_template_options_init,
            keep,
            add_generation_prompt=bool(add_generation_prompt),
            tools_json=json_text(tools, "tools"),
            extra_json=json_text(variables, "variables"),
        )
        if now is not None:
            options.has_now, options.now = 1, integer(now, "now", c_int64)
        made = created(
            *(lib.tlite_chat_template_render_json, lib.tlite_prompt_free),
            *(handle.pointer, data, len(data), byref(options)),
        )
        size, count = c_size_t(), c_size_t()
        address = lib.tlite_prompt_text(made.pointer, byref(size))
        ranges = lib.tlite_prompt_literal_ranges(made.pointer, byref(count))
        entries = ranges[: count.value] if count.value else []
        return Prompt(
            string_at(address, size.value).decode("utf-8", "replace"),
            tuple((entry.begin, entry.end) for entry in entries),
        )
