"""Conversations as vLLM reads them, for a chat template."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from ..errors import NotSupported
from .exceptions import VLLMValidationError

_TEXTS = {"text": "text", "input_text": "text", "output_text": "text", "refusal": "refusal"}


def conversations_of(messages: Any) -> list[list[dict[str, Any]]]:
    """Each a list of messages; one conversation is a list of one."""
    if isinstance(messages, (str, bytes, Mapping)):
        kind = type(messages).__name__
        raise TypeError(f"messages are a list of dicts, or a list of such lists, not {kind}")
    several = list(messages)
    if several and all(isinstance(entry, Mapping) for entry in several):
        several = [several]
    return [[_message(message) for message in chat] for chat in several]


def _message(message: Any) -> dict[str, Any]:
    if not isinstance(message, Mapping):
        raise TypeError(f"a message is a dict, not {type(message).__name__}")
    made = dict(message)
    if "role" not in made:
        raise VLLMValidationError(f"the message {made!r} has no 'role'", parameter="role")
    content = made.get("content")
    if isinstance(content, (list, tuple)):
        made["content"] = "\n".join(_part(part) for part in content)
    elif content is None:
        made["content"] = ""
    if made.get("tool_calls"):
        made["tool_calls"] = [_called(call) for call in made["tool_calls"]]
    return made


def _part(part: Any) -> str:
    """The text of one part of a message."""
    if isinstance(part, str):
        return part
    kind = part.get("type") if isinstance(part, Mapping) else None
    if kind not in _TEXTS:
        raise NotSupported(
            f"chat: a part of a message has the type {kind!r}: these models read text alone"
        )
    return str(part[_TEXTS[kind]])


def _called(call: Any) -> Any:
    """A tool call, whose arguments may be JSON: templates want what it stands for."""
    function = call.get("function") if isinstance(call, Mapping) else None
    if not isinstance(function, Mapping) or not isinstance(function.get("arguments"), str):
        return call
    try:
        arguments = json.loads(function["arguments"] or "{}")
    except ValueError as error:
        raise VLLMValidationError(
            f"the arguments of a tool call are no JSON: {error}", parameter="tool_calls"
        ) from None
    return {**call, "function": {**function, "arguments": arguments}}
