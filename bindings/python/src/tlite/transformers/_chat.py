"""Conversations to prompts, as apply_chat_template of transformers reads its arguments."""

from __future__ import annotations

import dataclasses
import inspect
from collections.abc import Mapping
from typing import Any

import numpy as np

from ..templates import ChatTemplate, Prompt
from .tool_schema import get_json_schema

# Appended to the message that is to be continued, to find its end in what was rendered. A template
# that trims messages takes the space away.
_MARK = "|\u2063this is where the answer goes on\u2063| "
_REASONING = ("reasoning_content", "thinking", "reasoning")


def plain_data(value: Any) -> Any:
    """What a template sees, which is JSON: dataclasses and pydantic's models become dicts."""
    if value is None or isinstance(value, (bool, int, float)):
        return value
    if isinstance(value, str):
        return str.__str__(value)
    if isinstance(value, Mapping):
        return {str(key): plain_data(item) for key, item in value.items()}
    if isinstance(value, (list, tuple)):
        return [plain_data(item) for item in value]
    if isinstance(value, np.generic):
        return value.item()
    if dataclasses.is_dataclass(value) and not isinstance(value, type):
        return {
            entry.name: plain_data(getattr(value, entry.name))
            for entry in dataclasses.fields(value)
        }
    if callable(getattr(value, "model_dump", None)):
        return plain_data(value.model_dump())
    return f"<{type(value).__name__}>"


def conversations_of(given: Any) -> tuple[list[list[dict[str, Any]]], bool]:
    """The conversations of an argument, each a list of dicts, and whether it was a list of them."""
    if isinstance(given, (str, bytes, Mapping)):
        raise TypeError(f"a conversation is a list of messages, not {type(given).__name__}")
    given = getattr(given, "messages", given)
    if isinstance(given, (list, tuple)) and not given:
        raise ValueError("a conversation must have a message, and this one is empty")
    first = given[0]
    batched = isinstance(first, (list, tuple)) or hasattr(first, "messages")
    chats = [getattr(chat, "messages", chat) for chat in given] if batched else [given]
    return [[_message(message) for message in chat] for chat in chats], batched


def _message(given: Any) -> dict[str, Any]:
    """One message: entries that are None are as if they were not there."""
    message = plain_data(given)
    if not isinstance(message, dict):
        raise TypeError(f"a message is a dict, a dataclass or a pydantic model, not {given!r}")
    kept = {key: value for key, value in message.items() if value is not None}
    thought = next((kept[name] for name in _REASONING if name in kept), None)
    if thought is not None:
        kept = {"thinking": thought, **kept, "reasoning_content": thought}
    return kept


def tools_of(tools: Any) -> list[dict[str, Any]] | None:
    """Tool definitions; functions become theirs."""
    if tools is None:
        return None
    made = []
    for tool in tools:
        if isinstance(tool, Mapping):
            made.append(plain_data(tool))
        elif inspect.isfunction(tool) or inspect.ismethod(tool):
            made.append(plain_data(get_json_schema(tool)))
        else:
            raise ValueError(
                f"a tool is a definition as JSON Schema or a function, not {type(tool).__name__}"
            )
    return made


def _marked(chat: list[dict[str, Any]], field: str, source: str) -> str:
    """Marks the end of the last message's field; the text in front of it."""
    last = chat[-1]
    if last.get(field) is None:
        raise ValueError(f"continue_final_message: the last message has no {field!r}")
    same = [field]
    if field in _REASONING:
        same = [name for name in _REASONING if last.get(name) == last[field]]
    if not any(name in source for name in same):
        raise ValueError(f"continue_final_message is {field!r}, which the template does not read")
    content = last[field]
    if isinstance(content, list):
        texts = [part for part in content if isinstance(part, dict) and "text" in part]
        if not texts:
            raise ValueError("continue_final_message: the last message has no text")
        before = str(texts[-1]["text"])
        texts[-1]["text"] = before + _MARK
        return before
    for name in same:
        last[name] = content + _MARK
    return str(content)


def _cut(prompt: Prompt, before: str) -> Prompt:
    """What was rendered, up to the mark."""
    place = prompt.text.rfind(_MARK.strip())
    if place < 0 or before.strip() not in prompt.text:
        raise ValueError(
            "continue_final_message: the template does not show the last message as it is, which"
            f" is {before.strip()!r}"
        )
    text = prompt.text[:place]
    if not prompt.text.startswith(_MARK, place):
        text = text.rstrip()  # the template trims messages
    size = len(text.encode())
    ranges = ((begin, min(end, size)) for begin, end in prompt.literal_ranges if begin < size)
    return Prompt(text, tuple(ranges))


def render(
    template: ChatTemplate,
    source: str,
    chat: list[dict[str, Any]],
    *,
    tools: list[dict[str, Any]] | None,
    variables: dict[str, Any],
    add_generation_prompt: bool,
    continue_final_message: bool | str,
) -> Prompt:
    """One conversation as text."""
    before = ""
    if continue_final_message:
        field = continue_final_message
        before = _marked(chat, field if isinstance(field, str) else "content", source)
    prompt = template.render(
        chat, add_generation_prompt=add_generation_prompt, tools=tools, variables=variables
    )
    return _cut(prompt, before) if continue_final_message else prompt
