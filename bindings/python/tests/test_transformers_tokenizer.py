"""tlite.transformers: texts to ids and back. Expected values are what transformers 5.24 gives."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Literal

import numpy as np
import pytest
import tlite
import tlite.transformers as hf
from greedy_cases import TEXTS
from hf import EOS, PAD, PATH, tokenizer

HELLO = [750, 11, 294, 989, 0]  # "Привет, мир!"


def test_a_text_is_flat_and_several_are_rows() -> None:
    """A BatchEncoding of lists."""
    one = tokenizer()(TEXTS[0])
    assert isinstance(one, hf.BatchEncoding)
    assert dict(one) == {"input_ids": HELLO, "attention_mask": [1] * 5}
    rows = tokenizer()(TEXTS)
    assert rows["input_ids"][0] == rows.input_ids[0] == HELLO
    assert list(rows) == ["input_ids", "attention_mask"]
    assert rows.tokens(2) == ["2", "Ġ+", "Ġ", "2", "Ġ="]


def test_tensors_are_arrays_where_torch_is_missing() -> None:
    """ "pt" is asked for by programs that then only slice and count."""
    for name in ("np", "pt"):
        made = tokenizer()([TEXTS[0]], return_tensors=name).to("cpu")
        assert np.asarray(made.input_ids).tolist() == [HELLO]
        assert "int64" in str(made.input_ids.dtype)
    with pytest.raises(ValueError, match="lengths"):
        tokenizer()(TEXTS, return_tensors="np")
    with pytest.raises(ValueError, match="'jax'"):
        tokenizer()(TEXTS[0], return_tensors="jax")
    with pytest.raises(tlite.NotSupported, match="'cuda'"):
        tokenizer()(TEXTS[0]).to("cuda")


@pytest.mark.parametrize(
    ("given", "lengths", "first"),
    [
        ({"padding": True}, [22, 22, 22], HELLO[0]),
        ({"padding": "longest", "padding_side": "left"}, [22, 22, 22], PAD),
        ({"padding": "max_length", "max_length": 30}, [30, 30, 30], HELLO[0]),
        ({"padding": "max_length", "max_length": 3}, [5, 22, 5], HELLO[0]),
        ({"padding": True, "pad_to_multiple_of": 10}, [30, 30, 30], HELLO[0]),
        ({"truncation": True, "max_length": 3}, [3, 3, 3], HELLO[0]),
        ({"max_length": 3}, [3, 3, 3], HELLO[0]),
        ({"truncation": False, "max_length": 3}, [5, 22, 5], HELLO[0]),
        ({"padding": "max_length", "truncation": True, "max_length": 7}, [7, 7, 7], HELLO[0]),
    ],
)
def test_padding_and_truncation(given: dict[str, Any], lengths: list[int], first: int) -> None:
    """To which length, and on which side."""
    rows = tokenizer()(TEXTS, **given)
    assert [len(row) for row in rows["input_ids"]] == lengths
    assert rows["input_ids"][0][0] == first
    for ids, mask in zip(rows["input_ids"], rows["attention_mask"], strict=True):
        assert [int(token != PAD) for token in ids] == mask


@pytest.mark.parametrize(
    ("given", "match"),
    [
        ({"padding": "widest"}, "'widest'"),
        ({"padding": True, "padding_side": "up"}, "'up'"),
        ({"truncation": "second"}, "'second'"),
        (
            {
                "padding": True,
                "truncation": True,
                "max_length": 7,
                "pad_to_multiple_of": 4,
            },
            "multiple",
        ),
    ],
)
def test_what_lengths_cannot_mean(given: dict[str, Any], match: str) -> None:
    """ValueError names the value."""
    with pytest.raises(ValueError, match=match):
        tokenizer()(TEXTS, **given)


@pytest.mark.parametrize("text", [5, [1, 2], [["a"]], None, b"a"])
def test_what_is_no_text(text: object) -> None:
    """ValueError, as in transformers."""
    with pytest.raises(ValueError, match="text"):
        tokenizer()(text)


def test_what_else_a_call_gives() -> None:
    """Masks and lengths."""
    rows = tokenizer()(
        TEXTS[:2],
        padding=True,
        return_length=True,
        return_special_tokens_mask=True,
        return_token_type_ids=True,
        return_attention_mask=False,
    )
    assert list(rows) == ["input_ids", "token_type_ids", "special_tokens_mask", "length"]
    assert rows.length == [22, 22]
    assert rows.special_tokens_mask == [[0] * 5 + [1] * 17, [0] * 22]
    assert rows.token_type_ids == [[0] * 22] * 2


def test_special_tokens_in_texts() -> None:
    """They are special tokens, unless the call says otherwise."""
    assert tokenizer().encode("a<|im_end|>b") == [64, EOS, 65]
    assert EOS not in tokenizer().encode("a<|im_end|>b", split_special_tokens=True)


def test_decoding() -> None:
    """One id, ids, rows; lists, arrays."""
    tok = tokenizer()
    assert tok.decode(HELLO) == TEXTS[0]
    assert tok.decode(HELLO[0]) == "Привет"
    assert tok.decode([HELLO, [HELLO[0]]]) == [TEXTS[0], "Привет"]
    assert tok.decode(np.array([HELLO])) == [TEXTS[0]]
    assert tok.batch_decode([np.array(HELLO), np.array([0])]) == [TEXTS[0], "!"]
    assert tok.batch_decode([]) == []
    assert tok.batch_decode(HELLO) == [TEXTS[0]]
    assert tok.decode([HELLO[0], EOS, 999999]) == "Привет<|im_end|>"
    assert tok.decode([HELLO[0], EOS], skip_special_tokens=True) == "Привет"
    assert tok.decode(tok(TEXTS[0])) == TEXTS[0]
    with pytest.raises(ValueError, match="-1"):
        tok.decode([-1])


def test_tokens_by_name() -> None:
    """As the vocabulary writes them."""
    tok = tokenizer()
    assert tok.convert_ids_to_tokens([220, EOS, 0, 99999]) == ["Ġ", "<|im_end|>", "!", None]
    assert tok.convert_tokens_to_ids(["Ġ", "<|im_end|>", "нет"]) == [220, EOS, None]
    assert tok.convert_tokens_to_string(tok.tokenize(TEXTS[1])) == TEXTS[1]
    assert (tok.vocab_size, len(tok)) == (2557, 2560)
    assert tok.get_vocab()["<|im_end|>"] == EOS
    assert len(tok.get_vocab()) == 2560
    assert tok.get_added_vocab() == {"<|endoftext|>": 2557, "<|im_start|>": 2558, "<|im_end|>": EOS}
    assert tok.all_special_tokens == ["<|im_end|>", "<|endoftext|>", "<|im_start|>"]
    assert tok.get_special_tokens_mask([5, EOS], already_has_special_tokens=True) == [0, 1]
    with pytest.raises(AttributeError):
        tok.additional_special_tokens  # type: ignore[attr-defined]  # noqa: B018


def test_special_tokens_are_settings() -> None:
    """The most usual change is that of the padding token."""
    tok = hf.AutoTokenizer.from_pretrained(PATH, padding_side="left")
    assert (tok.eos_token_id, tok.pad_token_id, tok.bos_token_id) == (EOS, PAD, None)
    tok.pad_token = tok.eos_token
    assert tok.pad_token_id == EOS
    assert tok(TEXTS, padding=True)["input_ids"][0][0] == EOS
    tok.pad_token_id = 0
    assert tok.pad_token == "!"
    tok.pad_token = None
    with pytest.raises(ValueError, match="pad_token"):
        tok(TEXTS, padding=True)
    with pytest.raises(ValueError, match="pad_token"):
        tok.pad_token = 3
    assert tok.add_special_tokens({"pad_token": "<|im_start|>"}) == 0
    assert tok.pad_token_id == 2558
    with pytest.raises(tlite.NotSupported, match="PAD"):
        tok.add_special_tokens({"pad_token": "[PAD]"})


def test_rows_that_were_encoded_alone() -> None:
    """tokenizer.pad puts them together."""
    tok = tokenizer()
    made = tok.pad([tok(text) for text in TEXTS], return_tensors="np")
    assert made.input_ids.tolist() == tok(TEXTS, padding=True)["input_ids"]
    assert made.attention_mask.tolist() == tok(TEXTS, padding=True)["attention_mask"]
    one = tok.pad({"input_ids": [1, 2]}, padding="max_length", max_length=4)
    assert dict(one) == {"input_ids": [1, 2, PAD, PAD], "attention_mask": [1, 1, 0, 0]}
    with pytest.raises(ValueError, match="input_ids"):
        tok.pad({"labels": [[1]]})


# ---- Conversations.

CHAT = [{"role": "user", "content": "Кто ты?"}]
SYSTEM = (
    "<|im_start|>system\nТы — демонстрационная модель libtlite. Отвечай кратко и по"
    " делу.<|im_end|>\n"
)
RENDERED = SYSTEM + "<|im_start|>user\nКто ты?<|im_end|>\n"


def test_what_a_chat_becomes() -> None:
    """What version 5 of transformers returns."""
    tok = tokenizer()
    assert tok.apply_chat_template(CHAT, tokenize=False) == RENDERED
    ids = tok.encode(RENDERED)
    made = tok.apply_chat_template(CHAT)
    assert isinstance(made, hf.BatchEncoding)
    assert dict(made) == {"input_ids": ids, "attention_mask": [1] * len(ids)}
    assert tok.apply_chat_template(CHAT, return_dict=False) == ids
    assert tok.apply_chat_template([CHAT, CHAT], return_dict=False) == [ids, ids]
    assert tok.apply_chat_template(CHAT, return_tensors="np").input_ids.tolist() == [ids]
    prompt = tok.apply_chat_template(CHAT, tokenize=False, add_generation_prompt=True)
    assert prompt == RENDERED + "<|im_start|>assistant\n"


def test_an_answer_that_goes_on() -> None:
    """The end of the last message, spaces included, is the end of the prompt."""
    tok = tokenizer()
    chat = [*CHAT, {"role": "assistant", "content": "Я — "}]
    made = tok.apply_chat_template(chat, tokenize=False, continue_final_message=True)
    assert made == RENDERED + "<|im_start|>assistant\nЯ — "
    trims = "{% for m in messages %}[{{ m.content | trim }}]{% endfor %}"
    made = tok.apply_chat_template(
        chat, chat_template=trims, tokenize=False, continue_final_message=True
    )
    assert made == "[Кто ты?][Я —"
    with pytest.raises(ValueError, match="add_generation_prompt"):
        tok.apply_chat_template(chat, continue_final_message=True, add_generation_prompt=True)
    with pytest.raises(ValueError, match="content"):
        tok.apply_chat_template([{"role": "assistant"}], continue_final_message=True)
    with pytest.raises(ValueError, match="Я —"):
        tok.apply_chat_template(chat, chat_template="content", continue_final_message=True)


def test_special_tokens_in_messages() -> None:
    """Special, as in transformers; with sanitize_control_tokens they are what the user wrote."""
    tok = tokenizer()
    chat = [{"role": "user", "content": "<|im_end|>"}]
    ends = tok.apply_chat_template(chat, return_dict=False).count(EOS)
    clean = tok.apply_chat_template(chat, return_dict=False, sanitize_control_tokens=True)
    assert (ends, clean.count(EOS)) == (3, 2)
    assert tok.decode(clean) == tok.apply_chat_template(chat, tokenize=False)


def test_variables_and_templates() -> None:
    """Of the call, by name, and in place of the checkpoint's."""
    tok = hf.AutoTokenizer.from_pretrained(PATH)

    def shown(**given: Any) -> Any:
        return tok.apply_chat_template(CHAT, tokenize=False, **given)

    assert shown(chat_template="{{ a }}{{ eos_token }}{{ b }}", a=1, b="ж") == "1<|im_end|>ж"
    assert shown(chat_template="{{ a }}", chat_template_kwargs={"a": [1, None]}) == "[1, None]"
    assert shown(chat_template="{{ documents[0].x }}", documents=[{"x": "y"}]) == "y"
    tok.chat_template = {"default": "d", "tool_use": "t", "other": "o"}
    tool = {"type": "function", "function": {"name": "f"}}
    assert [shown(), shown(tools=[tool]), shown(chat_template="other")] == ["d", "t", "o"]
    tok.chat_template = None
    with pytest.raises(ValueError, match="chat_template"):
        shown()
    with pytest.raises(ValueError, match="empty"):
        tok.apply_chat_template([])
    with pytest.raises(TypeError):
        tok.apply_chat_template("Привет")
    with pytest.raises(tlite.BadTemplate):
        tok.apply_chat_template(CHAT, chat_template="{{ raise_exception('так нельзя') }}")


def weather(
    city: str,
    days: int = 1,
    unit: Literal["c", "f"] = "c",
    near: list[str] | None = None,
    more: dict[str, float] | None = None,
) -> str:
    """
    Погода в городе
    на дни.

    Args:
        city: Название,
            по-русски.
        days: Сколько. (choices: [1, 2])
        unit (str): Единица.
        near: Где ещё: a: b.
        more: Остальное.

    Returns:
        str: Словами.
    """
    return city


def test_functions_as_tools() -> None:
    """The definition that transformers makes of this function."""
    properties = {
        "city": {"type": "string", "description": "Название, по-русски."},
        "days": {"type": "integer", "enum": [1, 2], "description": "Сколько."},
        "unit": {"type": "string", "enum": ["c", "f"], "description": "Единица."},
        "near": {
            "type": "array",
            "items": {"type": "string"},
            "nullable": True,
            "description": "Где ещё: a: b.",
        },
        "more": {
            "type": "object",
            "additionalProperties": {"type": "number"},
            "nullable": True,
            "description": "Остальное.",
        },
    }
    expected = {
        "type": "function",
        "function": {
            "name": "weather",
            "description": "Погода в городе\nна дни.",
            "parameters": {"type": "object", "properties": properties, "required": ["city"]},
            "return": {"type": "string", "description": "str: Словами."},
        },
    }
    assert hf.get_json_schema(weather) == expected
    text = tokenizer().apply_chat_template(
        CHAT, tools=[weather], chat_template="{{ tools[0].function.name }}", tokenize=False
    )
    assert text == "weather"


def _no_words(a: int) -> None:
    """Нечто."""


def _no_hint(a) -> None:  # type: ignore[no-untyped-def]  # noqa: ANN001
    """Нечто.

    Args:
        a: Что.
    """


def _odd(a: set[int]) -> None:
    """Нечто.

    Args:
        a: Что.
    """


@pytest.mark.parametrize(
    ("function", "name"),
    [
        (_no_words, "DocstringParsingException"),
        (_no_hint, "TypeHintParsingException"),
        (_odd, "TypeHintParsingException"),
        (lambda: None, "DocstringParsingException"),
    ],
)
def test_functions_that_are_no_tools(function: Callable[..., Any], name: str) -> None:
    """What is missing is said."""
    with pytest.raises(Exception, match=r"a|docstring|<lambda>") as caught:
        hf.get_json_schema(function)
    assert type(caught.value).__name__ == name
