"""docs/python-transformers.md and the code say the same of every argument."""

from __future__ import annotations

import inspect
from collections.abc import Callable
from typing import Any

import pytest
import tlite
import tlite.transformers as hf
from argument_pages import check_page
from hf import PATH, chat, model, tokenizer
from tlite.transformers._arguments import ACCEPTED, HONOURED, REFUSED, TABLES
from tlite.transformers.generation_config import FIELDS


def test_the_page_has_every_argument() -> None:
    """And no other, with the reasons that the code gives."""
    check_page("python-transformers.md", TABLES)


def test_every_field_of_a_generation_config_is_in_a_table() -> None:
    """What a checkpoint may set is honoured, without effect or refused."""
    known = {*HONOURED["generate"], *ACCEPTED["generate"], *REFUSED["generate"]}
    assert set(FIELDS) <= known


FUNCTIONS: dict[str, tuple[Callable[..., Any], ...]] = {
    "tokenizer": (hf.Qwen2Tokenizer.__call__,),
    "decode": (hf.Qwen2Tokenizer.decode, hf.Qwen2Tokenizer.batch_decode),
    "get_special_tokens_mask": (hf.Qwen2Tokenizer.get_special_tokens_mask,),
    "apply_chat_template": (hf.Qwen2Tokenizer.apply_chat_template,),
    "forward": (hf.Qwen2ForCausalLM.forward,),
}


@pytest.mark.parametrize("name", FUNCTIONS)
def test_the_tables_have_the_parameters_of_the_functions(name: str) -> None:
    """A parameter that is added without a row is found here."""
    taken: set[str] = set()
    for function in FUNCTIONS[name]:
        for key, entry in inspect.signature(function).parameters.items():
            if entry.kind is not inspect.Parameter.VAR_KEYWORD and key != "self":
                taken.add(key)
    known = {*HONOURED[name], *ACCEPTED[name], *REFUSED[name]}
    assert HONOURED[name] <= taken <= known


def _call(name: str, argument: str, value: Any) -> Any:
    """A call with one argument more."""
    given = {argument: value}
    if name == "tokenizer.from_pretrained":
        return hf.AutoTokenizer.from_pretrained(PATH, **given)
    if name == "model.from_pretrained":
        return hf.AutoModelForCausalLM.from_pretrained(PATH, **given)
    if name == "tokenizer":
        return tokenizer()("Да", **given)
    if name == "decode":
        return tokenizer().decode([1], **given)
    if name == "get_special_tokens_mask":
        return tokenizer().get_special_tokens_mask([1], **given)
    if name == "apply_chat_template":
        return tokenizer().apply_chat_template([{"role": "user", "content": "Да"}], **given)
    if name == "forward":
        return model().forward([[1, 2]], **given)
    return model().generate(**chat(), do_sample=False, max_new_tokens=1, **given)


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


# What a word or a number must be, where 1 would be none.
_VALUES = {"cache_implementation": "dynamic"}


@pytest.mark.parametrize(
    ("name", "argument"), [(name, argument) for name in ACCEPTED for argument in ACCEPTED[name]]
)
def test_what_has_no_effect_is_accepted(name: str, argument: str) -> None:
    """With any value."""
    _call(name, argument, _VALUES.get(argument, 1))


@pytest.mark.parametrize(
    "name", ["tokenizer.from_pretrained", "model.from_pretrained", "tokenizer"]
)
def test_what_is_in_no_table_is_an_error_that_names_it(name: str) -> None:
    """TypeError; of generate a ValueError, as in transformers."""
    with pytest.raises(TypeError, match="'fooo'"):
        _call(name, "fooo", 1)
    with pytest.raises(TypeError, match="'fooo'"):
        _call("forward", "fooo", 1)
    with pytest.raises(TypeError, match="'fooo'"):
        _call("decode", "fooo", 1)
    with pytest.raises(ValueError, match="'fooo'"):
        _call("generate", "fooo", 1)
