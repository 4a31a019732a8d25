"""Sampling parameters: names, types, what they become in the library and come back as."""

from __future__ import annotations

import copy
import dataclasses
import math
import pickle
from ctypes import byref, sizeof
from typing import Any

import pytest
import tlite
from tlite import SamplingParams, _ffi
from tlite._library import lib
from tlite.sampling import params_of

FULL: dict[str, Any] = {
    "temperature": 0.7,
    "top_k": 70,
    "top_p": 0.8,
    "min_p": 0.05,
    "repetition_penalty": 1.05,
    "max_new_tokens": 256,
    "min_new_tokens": 2,
    "ignore_eos": True,
    "logprobs": 3,
    "seed": 2**64 - 1,
    "logit_bias": {5: 1.5, 7: -math.inf},
    "sequence_bias": (((1, 2), 0.5), ((3,), -1.0)),
    "suppress_tokens": (4, 5),
    "bad_words": ((6, 7), (8,)),
    "forced_eos_token_ids": (9,),
    "stop_token_ids": (10, 11),
    "stop": ("конец", "\n\n"),
    "allowed_token_ids": (1, 2, 3),
    "dry_sequence_breakers": ((12,),),
    "xtc_probability": 0.5,
    "mirostat": 2,
    "adaptive_target": 0.5,
    "thinking_budget": 100,
}


def test_there_is_a_parameter_for_every_field_of_the_library() -> None:
    """A field that the library gets, Python gets too."""
    fields = {name for name, *_ in _ffi.tlite_sampling_params._fields_}
    fields -= {"struct_size", "has_seed"}
    fields = {name for name in fields if not name.endswith("_count")}
    fields = {name for name in fields if not name.startswith("reserved")}
    assert {entry.name for entry in dataclasses.fields(SamplingParams)} == fields


def test_the_defaults_are_those_of_the_library() -> None:
    """Both ways: what Python makes, and what it makes of the library's."""
    theirs = _ffi.tlite_sampling_params()
    assert lib.tlite_sampling_params_init(byref(theirs), sizeof(theirs)) == 0
    assert bytes(theirs) == bytes(SamplingParams()._native())
    assert params_of(theirs) == SamplingParams()


def test_everything_comes_back() -> None:
    """Through the library's structure, a pickle and a copy."""
    params = SamplingParams(**FULL)
    assert params_of(params._native()) == params
    assert pickle.loads(pickle.dumps(params)) == params
    assert copy.deepcopy(params) == params
    assert hash(params) == hash(SamplingParams(**FULL))
    assert params.replace(seed=1).seed == 1
    assert eval(repr(SamplingParams(temperature=0.5, stop="x"))) == SamplingParams(
        temperature=0.5, stop=["x"]
    )


def test_presets() -> None:
    """By name; an unknown one is an error that lists them."""
    assert SamplingParams.preset("greedy").temperature == 0
    assert SamplingParams.preset("vllm").max_new_tokens == 16
    with pytest.raises(tlite.InvalidArgument, match="nobody"):
        SamplingParams.preset("nobody")


def test_a_checkpoint_says_what_it_wants(model: tlite.Model) -> None:
    """generation_config.json."""
    assert model.default_sampling == SamplingParams(temperature=0.3, top_k=20, top_p=0.8)


@pytest.mark.parametrize(
    ("given", "kind", "message"),
    [
        ({"foo": 1}, TypeError, "foo"),
        ({"temperature": "hot"}, TypeError, "temperature must be a number, not str"),
        ({"temperature": None}, TypeError, "temperature must be a number, not NoneType"),
        ({"top_k": None}, TypeError, "top_k must be an int, not NoneType"),
        ({"top_k": 1.5}, TypeError, "top_k must be an int, not float"),
        ({"top_k": 2**31}, tlite.InvalidArgument, "top_k is 2147483648, which is not in"),
        ({"seed": -1}, tlite.InvalidArgument, "seed is -1"),
        ({"seed": 2**64}, tlite.InvalidArgument, "seed is"),
        ({"stop": [1]}, TypeError, "stop must be str, not int"),
        ({"stop": ["\ud800"]}, tlite.InvalidArgument, "lone surrogate at 0"),
        ({"stop": 5}, TypeError, "stop must be strings"),
        ({"stop_token_ids": ["a"]}, TypeError, "stop_token_ids must be ints"),
        ({"stop_token_ids": "ab"}, TypeError, "stop_token_ids must be token ids, not str"),
        ({"stop_token_ids": [2**31]}, tlite.InvalidArgument, "stop_token_ids"),
        ({"logit_bias": {"5": 1.0}}, TypeError, "logit_bias must be an int, not str"),
        ({"logit_bias": {5: "x"}}, TypeError, "logit_bias must be a number, not str"),
        ({"logit_bias": [5]}, TypeError, "logit_bias must be a dict of ids and numbers"),
        ({"bad_words": [5]}, TypeError, "bad_words must be lists of token ids"),
        ({"bad_words": 5}, TypeError, "bad_words must be lists of token ids"),
        (
            {"sequence_bias": [((1,),)]},
            TypeError,
            "sequence_bias must be pairs of ids and a number",
        ),
    ],
)
def test_wrong_types(given: dict[str, Any], kind: type[Exception], message: str) -> None:
    """They are said where the params are made, with the name."""
    with pytest.raises(kind, match=message):
        SamplingParams(**given)


def test_there_are_no_positional_parameters() -> None:
    """Their meaning would change with the next field."""
    with pytest.raises(TypeError, match="keyword arguments only"):
        SamplingParams(0.7)
    with pytest.raises(dataclasses.FrozenInstanceError):
        SamplingParams().temperature = 1  # type: ignore[misc]


@pytest.mark.parametrize(
    ("given", "message"),
    [
        ({"temperature": -1}, "temperature"),
        ({"temperature": math.nan}, "temperature"),
        ({"top_p": 0}, "top_p"),
        ({"stop": ""}, "stop"),
        ({"allowed_token_ids": [2560]}, "allowed_token_ids"),
        ({"logprobs": 65}, "logprobs"),
    ],
)
def test_ranges(model: tlite.Model, given: dict[str, Any], message: str) -> None:
    """The library's own, by validate and where the params are used."""
    params = SamplingParams(**given)
    with pytest.raises(tlite.InvalidArgument, match=message) as raised:
        params.validate(model)
    assert (raised.value.code, raised.value.name) == (-1, "invalid_argument")
    with pytest.raises(ValueError, match=message):
        tlite.Session(model, sampling=params)


def test_params_of_another_kind_are_a_type_error(model: tlite.Model, engine: tlite.Engine) -> None:
    """A dict, say."""
    with pytest.raises(TypeError, match="sampling must be SamplingParams, not dict"):
        tlite.Session(model, sampling={"top_k": 1})  # type: ignore[arg-type]
    with pytest.raises(TypeError, match="sampling must be SamplingParams, not dict"):
        engine.submit("a", sampling={"top_k": 1})  # type: ignore[arg-type]


def test_every_list_reaches_the_library(model: tlite.Model) -> None:
    """With its length: a structure of ctypes takes a field that it does not have without a word."""
    lists: dict[str, Any] = {
        "logit_bias": {7: 1.5, 9: -math.inf},
        "sequence_bias": [((1, 2), 0.5)],
        "bad_words": [(3,), (4, 5)],
        "dry_sequence_breakers": [(6,)],
        "stop": ("a", "b"),
        "suppress_tokens": (1,),
        "begin_suppress_tokens": (1, 2),
        "forced_eos_token_ids": (3,),
        "stop_token_ids": (4, 5),
        "allowed_token_ids": (1, 2, 3),
    }
    params = SamplingParams(**lists)
    fields = {name for name, *_ in params._native()._fields_}
    assert set(vars(params._native())) <= {"keep"}, "fields that the structure does not have"
    counts = {name for name in fields if name.endswith("_count")}
    assert len(counts) == len(lists)
    assert {getattr(params._native(), name) > 0 for name in counts} == {True}
    session = tlite.Session(model, sampling=params)
    for name in lists:
        assert getattr(session.sampling, name) == getattr(params, name)


def test_a_bias_changes_the_answer(model: tlite.Model) -> None:
    """-inf bans a token."""
    plain = SamplingParams(temperature=0, max_new_tokens=4)
    session = tlite.Session(model, sampling=plain)
    first = session.complete("Привет").run().tokens[0]
    session.sampling = plain.replace(logit_bias={first: -math.inf})
    assert session.complete("Привет").run().tokens[0] != first
