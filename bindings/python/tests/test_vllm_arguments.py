"""docs/python-vllm.md and the code say the same of every argument."""

from __future__ import annotations

import dataclasses
import functools
import inspect
from collections.abc import Callable
from typing import Any

import pytest
import tlite
import tlite.vllm as v
from argument_pages import check_page
from conftest import DEMO
from tlite.vllm._arguments import ACCEPTED, HONOURED, REFUSED, TABLES


def test_the_page_has_every_argument() -> None:
    """And no other, with the reasons that the code gives."""
    check_page("python-vllm.md", TABLES)


FUNCTIONS: dict[str, Callable[..., Any]] = {
    "LLM": v.LLM.__init__,
    "generate": v.LLM.generate,
    "chat": v.LLM.chat,
    "beam_search": v.LLM.beam_search,
    "embed": v.LLM.embed,
    "encode": v.LLM.encode,
    "score": v.LLM.score,
}
PARAMS = {
    "SamplingParams": v.SamplingParams,
    "BeamSearchParams": v.BeamSearchParams,
    "PoolingParams": v.PoolingParams,
}


@pytest.mark.parametrize("name", FUNCTIONS)
def test_what_a_function_takes_is_in_its_table(name: str) -> None:
    """A parameter that is added without a row is found here."""
    kinds = inspect.signature(FUNCTIONS[name]).parameters
    taken = {k for k, p in kinds.items() if p.kind is not inspect.Parameter.VAR_KEYWORD}
    known = {*HONOURED[name], *ACCEPTED[name], *REFUSED[name]}
    assert HONOURED[name] <= taken - {"self"} <= known


@pytest.mark.parametrize("name", PARAMS)
def test_what_parameters_take_is_in_their_table(name: str) -> None:
    """The same of the classes."""
    taken = {entry.name for entry in dataclasses.fields(PARAMS[name])}
    assert taken == {*HONOURED[name], *ACCEPTED[name], *REFUSED[name]}


@functools.cache
def llm(runner: str = "generate") -> v.LLM:
    """Of the demo model."""
    return v.LLM(model=str(DEMO), runner=runner, max_model_len=256)


def _call(name: str, argument: str, value: Any) -> Any:
    """A call with one argument more."""
    given = {argument: value}
    params = v.SamplingParams(temperature=0, max_tokens=1)
    beams = v.BeamSearchParams(beam_width=1, max_tokens=1)
    quiet: dict[str, Any] = {"use_tqdm": False}
    calls: dict[str, Callable[[], Any]] = {
        "LLM": lambda: v.LLM(model=str(DEMO), **given),
        "generate": lambda: llm().generate("Да", params, **quiet, **given),
        "chat": lambda: llm().chat([{"role": "user", "content": "Да"}], params, **quiet, **given),
        "beam_search": lambda: llm().beam_search("Да", beams, **given),
        "embed": lambda: llm("pooling").embed("Да", **quiet, **given),
        "encode": lambda: llm("pooling").encode("Да", pooling_task="embed", **quiet, **given),
        "score": lambda: llm("pooling").score("Да", "Нет", **quiet, **given),
        "prompt": lambda: llm().generate({"prompt": "Да", **given}, params, **quiet),
        "SamplingParams": lambda: v.SamplingParams(**given),
        "BeamSearchParams": lambda: v.BeamSearchParams(beam_width=1, max_tokens=1, **given),
        "PoolingParams": lambda: v.PoolingParams(**given),
    }
    return calls[name]()


@pytest.mark.parametrize(
    ("name", "argument"), [(name, argument) for name in REFUSED for argument in REFUSED[name]]
)
def test_what_is_refused_is_an_error_that_names_it(name: str, argument: str) -> None:
    """And is accepted where it changes nothing."""
    with pytest.raises(tlite.NotSupported, match=argument) as caught:
        _call(name, argument, 7)
    assert "7" in str(caught.value)
    for neutral in REFUSED[name][argument].neutral:
        _call(name, argument, neutral)


@pytest.mark.parametrize(
    ("name", "argument"), [(name, argument) for name in ACCEPTED for argument in ACCEPTED[name]]
)
def test_what_has_no_effect_is_accepted(name: str, argument: str) -> None:
    """With any value."""
    _call(name, argument, 1)


@pytest.mark.parametrize("name", HONOURED)
def test_what_is_in_no_table_is_an_error_that_names_it(name: str) -> None:
    """TypeError."""
    with pytest.raises(TypeError, match="'fooo'"):
        _call(name, "fooo", 1)
