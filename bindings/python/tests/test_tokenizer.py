"""Tokenizer, stream decoder, chat templates."""

from __future__ import annotations

from typing import Any

import pytest
import tlite
from conftest import DEMO, who


def test_there_and_back(model: tlite.Model) -> None:
    """Russian, emoji, nothing, a NUL."""
    for text in ("Привет, мир!", "👩‍👩‍👧", "", "a\0b"):
        ids = model.tokenizer.encode(text)
        assert model.tokenizer.decode(ids) == text
    assert model.tokenizer.decode(()) == ""


def test_special_tokens(model: tlite.Model) -> None:
    """Parsed or plain text, shown or hidden."""
    tokenizer = model.tokenizer
    end = tokenizer.token_id("<|im_end|>")
    assert tokenizer.encode("а<|im_end|>")[-1] == end and tokenizer.is_special(end)
    assert end not in tokenizer.encode("а<|im_end|>", parse_special=False)
    assert end not in tokenizer.encode("<|im_end|>", literal_ranges=[(0, 10)])
    ids = tokenizer.encode("а<|im_end|>")
    assert tokenizer.decode(ids) == "а<|im_end|>"
    assert tokenizer.decode(ids, skip_special=True) == "а"
    assert tokenizer.eos_token_id == end and tokenizer.bos_token_id is None
    assert not tokenizer.is_special(10**6) and tokenizer.vocab_size == 2560


def test_ids_of_every_kind(model: tlite.Model) -> None:
    """Lists, tuples, generators, arrays of numpy."""
    import numpy as np

    ids = model.tokenizer.encode("Привет, мир")
    kinds: list[Any] = [tuple(ids), iter(ids), range(5)]
    kinds += [np.array(ids, dtype=kind) for kind in ("int32", "int64", "uint16", ">i4")]
    kinds.append(np.array([*ids, 0] * 2)[::2])
    for given in kinds:
        assert isinstance(model.tokenizer.decode(given), str)
    assert model.tokenizer.decode(np.array(ids)) == "Привет, мир"


@pytest.mark.parametrize(
    ("use", "kind", "message"),
    [
        (lambda t: t.encode(3), TypeError, "text must be str, not int"),
        (lambda t: t.encode(b"a"), TypeError, "text must be str, not bytes"),
        (lambda t: t.encode("\udfff"), tlite.InvalidArgument, "lone surrogate at 0"),
        (lambda t: t.encode("a", literal_ranges=[(2, 1)]), tlite.InvalidArgument, "literal"),
        (lambda t: t.encode("a", literal_ranges=[(-1, 1)]), tlite.InvalidArgument, "literal"),
        (lambda t: t.encode("a", literal_ranges=[(0,)]), ValueError, "unpack"),
        (lambda t: t.decode("12"), TypeError, "ids must be token ids, not str"),
        (lambda t: t.decode([1.5]), TypeError, "ids must be ints"),
        (lambda t: t.decode([None]), TypeError, "ids must be ints"),
        (lambda t: t.decode(7), TypeError, "ids must be"),
        (lambda t: t.decode({1: 2}), TypeError, "ids must be token ids, not dict"),
        (lambda t: t.decode([2**40]), tlite.InvalidArgument, "ids has a number"),
        (lambda t: t.decode([-1]), tlite.InvalidArgument, "-1"),
        (lambda t: t.decode([10**6]), tlite.InvalidArgument, "1000000"),
        (lambda t: t.token_id("нет такого"), KeyError, "нет такого"),
        (lambda t: t.token_bytes(10**6), tlite.InvalidArgument, "1000000"),
        (lambda t: t.token_bytes("a"), TypeError, "token must be an int, not str"),
        (lambda t: tlite.Tokenizer("/no/such"), FileNotFoundError, "/no/such"),
    ],
)
def test_bad_input(model: tlite.Model, use: Any, kind: type[Exception], message: str) -> None:
    """An exception with a sentence."""
    with pytest.raises(kind, match=message):
        use(model.tokenizer)


def test_numpy_arrays_of_wrong_shape_and_type(model: tlite.Model) -> None:
    """Rows of floats."""
    import numpy as np

    with pytest.raises(tlite.InvalidArgument, match="ids has 2 dimensions"):
        model.tokenizer.decode(np.zeros((2, 2), dtype=np.int32))  # type: ignore[arg-type]
    with pytest.raises(TypeError, match="ids must be ints"):
        model.tokenizer.decode(np.zeros(2))


def test_a_tokenizer_alone(model: tlite.Model) -> None:
    """Without the weights."""
    with tlite.Tokenizer(DEMO / "tokenizer.json") as tokenizer:
        assert tokenizer.encode("Привет") == model.tokenizer.encode("Привет")
    with pytest.raises(tlite.BadState, match="this Tokenizer is closed"):
        tokenizer.encode("a")


def test_the_stream_decoder_gives_whole_characters(model: tlite.Model) -> None:
    """And what is left at the end; the sum is what decode gives."""
    tokenizer = model.tokenizer
    text = "Жёлтый 👩‍👧 стих"
    ids = tokenizer.encode(text)
    decoder = tokenizer.stream_decoder()
    pieces = [decoder.push(token) for token in ids]
    assert "".join(pieces) + decoder.finish() == text
    half = next(i for i in range(tokenizer.vocab_size) if tokenizer.token_bytes(i) == b"\xd0")
    assert decoder.push(half) == "" and decoder.finish() == "\ufffd"
    with pytest.raises(tlite.InvalidArgument):
        decoder.push(10**6)
    end = tokenizer.token_id("<|im_end|>")
    assert tokenizer.stream_decoder(skip_special=True).push(end) == ""


def test_templates(model: tlite.Model) -> None:
    """Rendered with a prompt for the answer, tools and variables; ranges in bytes."""
    prompt = model.chat_template.render(who("Ж<|im_end|>"), add_generation_prompt=True)
    assert prompt.text.endswith("<|im_start|>assistant\n")
    texts = [prompt.text.encode()[begin:end].decode() for begin, end in prompt.literal_ranges]
    assert "Ж<|im_end|>" in texts
    ids = model.tokenizer.encode(prompt)
    assert ids.count(model.tokenizer.token_id("<|im_end|>")) == prompt.text.count("<|im_end|>") - 1
    template = tlite.ChatTemplate.parse(
        "{{ bos_token }}{{ colour }}{{ tools | length }}{{ strftime_now('%Y') }}", bos_token="B"
    )
    rendered = template.render([], tools=[{"a": 1}], variables={"colour": "синий"}, now=0)
    assert rendered.text == "Bсиний11970"
    assert template.render([], tools='[{"a": 1}]', variables='{"colour": "x"}', now=0)
    assert template.source.startswith("{{ bos_token }}")
    assert tlite.ChatTemplate(DEMO).source == model.chat_template.source


@pytest.mark.parametrize(
    ("use", "kind", "message"),
    [
        (lambda t: t.render("Привет"), TypeError, "messages must be a list of dicts, not str"),
        (lambda t: t.render({"role": "user"}), TypeError, "list of dicts, not dict"),
        (lambda t: t.render([{"role": object()}]), TypeError, "cannot be written as JSON"),
        (lambda t: t.render([{"role": float("nan")}]), tlite.InvalidArgument, "JSON"),
        (lambda t: t.render(who(), variables="{"), tlite.InvalidArgument, "extra_json|variables"),
        (lambda t: t.render(who(), now="x"), TypeError, "now must be an int"),
        (lambda t: tlite.ChatTemplate.parse("{% if %}"), tlite.BadTemplate, "line 1|1:"),
        (lambda t: tlite.ChatTemplate("/no/such"), FileNotFoundError, "/no/such"),
    ],
)
def test_bad_templates(model: tlite.Model, use: Any, kind: type[Exception], message: str) -> None:
    """An exception with a sentence."""
    with pytest.raises(kind, match=message):
        use(model.chat_template)


def test_a_template_that_fails(model: tlite.Model) -> None:
    """Its own message."""
    template = tlite.ChatTemplate.parse("{{ raise_exception('так нельзя') }}")
    with pytest.raises(tlite.BadTemplate, match="так нельзя"):
        template.render(who())
