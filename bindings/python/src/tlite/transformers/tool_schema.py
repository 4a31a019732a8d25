"""Python functions as tool definitions, in the form that transformers gives chat templates.

The signature's annotations say the types, a docstring in Google's style the meanings. What cannot
be said in JSON Schema is an error: a model that is told something wrong answers something wrong.
"""

from __future__ import annotations

import enum
import inspect
import json
import re
import types
import typing
from typing import Any, Callable, Union

_PLAIN: dict[Any, dict[str, Any]] = {
    int: {"type": "integer"},
    float: {"type": "number"},
    str: {"type": "string"},
    bool: {"type": "boolean"},
    type(None): {"type": "null"},
    list: {"type": "array"},
    tuple: {"type": "array"},
    dict: {"type": "object"},
    Any: {},
}
_SCALARS = (int, float, str, bool, type(None))
_SECTION = re.compile(r"^[ \t]*(Args|Returns|Raises|Yields|Examples?|Note)s?:[ \t]*$", re.MULTILINE)
_ARGUMENT = re.compile(r"^(\w+)\s*(?:\([^)]*\))?\s*:\s*(.*)$")
_CHOICES = re.compile(r"\(choices:\s*(.*?)\)\s*$", re.IGNORECASE | re.DOTALL)


class TypeHintParsingException(Exception):
    """An annotation that has no JSON Schema."""


class DocstringParsingException(Exception):
    """A docstring that does not say what a tool definition needs."""


def _values(values: list[Any], what: str) -> dict[str, Any]:
    """One of several values."""
    if not values or any(type(value) not in _SCALARS for value in values):
        raise TypeHintParsingException(f"{what} must have values that JSON can write: {values}")
    names = list(dict.fromkeys(_PLAIN[type(value)]["type"] for value in values))
    return {"type": names[0] if len(names) == 1 else names, "enum": values}


def _union(kinds: tuple[Any, ...]) -> dict[str, Any]:
    """Any of several types; None among them makes it nullable."""
    parts = [schema_of(kind) for kind in kinds if kind is not type(None)]
    if len(parts) == 1:
        result = parts[0]
    elif all(set(part) == {"type"} and isinstance(part["type"], str) for part in parts):
        names = sorted({part["type"] for part in parts})
        result = {"type": names[0] if len(names) == 1 else names}
    else:
        result = {"anyOf": parts}
    if type(None) in kinds:
        result["nullable"] = True
    return result


def _tuple(kinds: tuple[Any, ...]) -> dict[str, Any]:
    if len(kinds) == 1 or ... in kinds:
        raise TypeHintParsingException(
            f"tuple{list(kinds)} has no schema: say list[...] for any number of items"
        )
    return {"type": "array", "prefixItems": [schema_of(kind) for kind in kinds]}


def schema_of(hint: Any) -> dict[str, Any]:
    """The schema of an annotation."""
    origin, kinds = typing.get_origin(hint), typing.get_args(hint)
    if origin is None:
        if isinstance(hint, type) and issubclass(hint, enum.Enum):
            return _values([member.value for member in hint], hint.__name__)
        try:
            known = _PLAIN.get(hint)
        except TypeError:
            known = None
        if known is None:
            raise TypeHintParsingException(f"{hint!r} has no JSON Schema; write one by hand")
        return dict(known)
    if origin is Union or origin is getattr(types, "UnionType", Union):
        return _union(kinds)
    if origin is typing.Literal:
        return _values(list(kinds), "Literal")
    if origin is list:
        return {"type": "array", "items": schema_of(kinds[0])}
    if origin is tuple:
        return _tuple(kinds)
    if origin is dict:
        result: dict[str, Any] = {"type": "object"}
        if len(kinds) == 2:
            result["additionalProperties"] = schema_of(kinds[1])
        return result
    raise TypeHintParsingException(f"{hint!r} has no JSON Schema; write one by hand")


def _sections(text: str) -> dict[str, str]:
    """A docstring's parts: "" is what stands in front of the first heading."""
    marks = list(_SECTION.finditer(text))
    ends = [mark.start() for mark in marks] + [len(text)]
    parts = {"": text[: ends[0]].strip()}
    for mark, end in zip(marks, ends[1:]):
        parts.setdefault(mark.group(1), text[mark.end() : end])
    return parts


def _described(text: str) -> dict[str, str]:
    """The arguments of an Args section: a name and a colon at its own indentation begins one."""
    lines = [line for line in text.split("\n") if line.strip()]
    if not lines:
        return {}
    margin = min(len(line) - len(line.lstrip()) for line in lines)
    result: dict[str, str] = {}
    name = ""
    for line in lines:
        begins = _ARGUMENT.match(line[margin:])
        if begins:
            name = begins.group(1)
            result[name] = begins.group(2).strip()
        elif name:
            result[name] = f"{result[name]} {line.strip()}".strip()
    return result


def _parameters(function: Callable[..., Any], name: str) -> dict[str, Any]:
    """The schema of a function's arguments, without descriptions; "return" among them."""
    hints = typing.get_type_hints(function)
    given = dict(inspect.signature(function).parameters)
    first = next(iter(given), "")
    if first in ("self", "cls") and given[first].annotation is inspect.Parameter.empty:
        del given[first]
    for argument, entry in given.items():
        if entry.annotation is inspect.Parameter.empty:
            raise TypeHintParsingException(f"{name}: the argument {argument} has no type hint")
    schema: dict[str, Any] = {
        "type": "object",
        "properties": {argument: schema_of(hints[argument]) for argument in given},
    }
    needed = [key for key, entry in given.items() if entry.default is inspect.Parameter.empty]
    if needed:
        schema["required"] = needed
    return schema


def _returned(function: Callable[..., Any]) -> dict[str, Any] | None:
    hints = typing.get_type_hints(function)
    try:
        return schema_of(hints["return"]) if "return" in hints else None
    except TypeHintParsingException:  # nobody generates it
        return None


def get_json_schema(function: Callable[..., Any]) -> dict[str, Any]:
    """A function as a tool definition: {"type": "function", "function": {...}}.

    It needs a docstring that describes it and, under "Args:", each of its arguments, and a type
    hint for each of them. A description that ends with (choices: ["a", "b"]) is an enumeration.
    """
    name = getattr(function, "__name__", "operation")
    text = (inspect.getdoc(function) or "").strip()
    if not text:
        raise DocstringParsingException(f"{name} has no docstring, which would describe the tool")
    parts = _sections(text)
    described = _described(parts.get("Args", ""))
    schema = _parameters(function, name)
    for argument, entry in schema["properties"].items():
        if argument not in described:
            raise DocstringParsingException(
                f"{name}: the docstring does not describe the argument {argument}"
            )
        words = described[argument]
        choices = _CHOICES.search(words)
        if choices:
            entry["enum"] = [
                value.strip() if isinstance(value, str) else value
                for value in json.loads(choices.group(1))
            ]
            words = words[: choices.start()].strip()
        entry["description"] = words
    tool: dict[str, Any] = {
        "name": name,
        "description": parts[""] or None,
        "parameters": schema,
    }
    returned = _returned(function)
    if returned is not None:
        if "Returns" in parts:
            returned["description"] = " ".join(parts["Returns"].split())
        tool["return"] = returned
    return {"type": "function", "function": tool}
