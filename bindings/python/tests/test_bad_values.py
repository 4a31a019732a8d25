"""Every method of every class with values that make no sense: exceptions, never a crash."""

from __future__ import annotations

import inspect
import itertools
import math
from collections.abc import Callable, Iterator
from typing import Any

import numpy as np
import pytest
import tlite
from conftest import who


class Liar:
    """An index, a float and a length that are exceptions."""

    def __index__(self) -> int:
        """No."""
        raise ZeroDivisionError

    def __len__(self) -> int:
        """No."""
        return -1

    __float__ = __iter__ = __index__


def generator() -> Iterator[int]:
    """Breaks off in its middle."""
    yield 1
    raise ZeroDivisionError


NASTY: list[Callable[[], Any]] = [
    *(lambda: None, lambda: -1, lambda: 0, lambda: 2**31, lambda: 2**63, lambda: -(2**70)),
    *(lambda: math.nan, lambda: math.inf, lambda: -0.5, lambda: True, lambda: 1 + 2j),
    *(lambda: "", lambda: "\0", lambda: "\ud800", lambda: "a" * 10000, lambda: b"\xff", Liar),
    *(list, dict, lambda: [[]], lambda: [None], lambda: [-1], lambda: [2**31 - 1], lambda: ["a"]),
    *(lambda: {"role": 1}, lambda: [{"role": 1}], lambda: [{}], lambda: object, lambda: print),
    *(lambda: np.zeros((2, 2)), lambda: np.array(5), lambda: np.zeros(0, dtype=np.int32)),
    *(lambda: np.array(["a"]), lambda: np.full(3, 2**40), lambda: memoryview(b"abc")),
    *(generator, lambda: tlite.SamplingParams(), lambda: tlite.Prompt("a", ((5, 1),))),
]

# What is waited for, or ends the object that is tested.
SKIPPED = {"close", "run", "wait_for_work", "wait", "options", "generate", "map"}


def made(model: tlite.Model) -> list[Any]:
    """One of each kind that has methods."""
    params = tlite.SamplingParams(max_new_tokens=2)
    evaluator = tlite.Evaluator(model, context=64, max_logits_rows=4)
    evaluator.create_sequence()
    session = tlite.Session(model, context=256, messages=who(), sampling=params)
    things: list[Any] = [session, tlite.Engine(model, context=256), evaluator]
    things += [model, model.tokenizer, model.chat_template, model.tokenizer.stream_decoder()]
    things += [tlite.Sampler(model), tlite.StopMatcher("x"), params]
    return things


def calls(method: Any) -> Iterator[tuple[list[Any], dict[str, Any]]]:
    """Each parameter with each value, the others left alone or nonsense too."""
    parameters = list(inspect.signature(method).parameters.values())
    needed = [p for p in parameters if p.default is p.empty and p.kind is p.POSITIONAL_OR_KEYWORD]
    optional = [p for p in parameters if p.default is not p.empty]
    for value in NASTY:
        yield [value() for _ in needed], {}
        for parameter in optional:
            yield ["Привет" for _ in needed], {parameter.name: value()}
    if len(needed) > 1:
        for values in itertools.product(NASTY[:8], repeat=len(needed)):
            yield [value() for value in values], {}


def test_methods(model: tlite.Model) -> None:
    """Some thousand calls."""
    count = 0
    for kind in range(len(made(model))):
        thing = made(model)[kind]
        for name in dir(thing):
            method = getattr(type(thing), name, None)
            if name.startswith("_") or name in SKIPPED or not callable(method):
                continue
            for arguments, named in calls(getattr(thing, name)):
                count += 1
                try:
                    result = getattr(thing, name)(*arguments, **named)
                except Exception:  # any but a crash
                    continue
                if isinstance(result, (tlite.Stream, tlite.RequestStream)):
                    result.close()
    assert count > 2000


@pytest.mark.parametrize(
    "kind",
    [
        *(tlite.Session, tlite.Engine, tlite.Evaluator, tlite.Model, tlite.Tokenizer),
        *(tlite.ChatTemplate, tlite.Sampler, tlite.StopMatcher, tlite.SamplingParams),
    ],
)
def test_constructors(model: tlite.Model, kind: Any) -> None:
    """With each parameter; what could be made is closed."""
    first: list[Any] = [model] if kind in (tlite.Session, tlite.Engine, tlite.Evaluator) else []
    for arguments, named in calls(kind):
        for given in (arguments, first):
            try:
                thing = kind(*given, **named)
            except Exception:  # any but a crash
                continue
            if isinstance(thing, tlite.Session):
                thing.cancel()
            if hasattr(thing, "close"):
                thing.close()
