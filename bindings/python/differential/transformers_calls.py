"""Calls of transformers' API, as its documentation pages use it, each a function of a `Side`.

transformers_api.py beside this file runs every one with both libraries and compares what comes out.
"""

from __future__ import annotations

import asyncio
import contextlib
import io
import threading
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Literal

import numpy as np
import torch

RUSSIAN = "Какая столица Франции?"
TEXTS = [
    "Привет, мир!",
    "Напиши стих про машинное обучение и о том, как оно пришло в наш дом",
    "2 + 2 =",
]
CHAT = [
    {"role": "system", "content": "Отвечай кратко."},
    {"role": "user", "content": RUSSIAN},
]


@dataclass
class Side:
    """One of the two libraries, with its tokenizer and model of the same checkpoint."""

    m: Any
    tok: Any
    model: Any
    path: str

    def batch(self, texts: list[str] | None = None, side: str = "left") -> Any:
        """Prompts of several lengths."""
        rows = TEXTS if texts is None else texts
        return self.tok(rows, return_tensors="pt", padding=True, padding_side=side)

    def one(self, text: str = RUSSIAN) -> Any:
        """A chat's prompt."""
        chat = [{"role": "user", "content": text}]
        return self.tok.apply_chat_template(chat, add_generation_prompt=True, return_tensors="pt")


Call = Callable[[Side], Any]
CALLS: dict[str, Call] = {}


def call(function: Call) -> Call:
    """Enters a function into the list by its name."""
    CALLS[function.__name__] = function
    return function


def several(name: str, /, **cases: Call) -> None:
    """Enters functions by a common name and one each."""
    for key, function in cases.items():
        CALLS[f"{name}: {key}"] = function


# ---- Tokenizers.

several(
    "tokenizer",
    text=lambda s: s.tok(RUSSIAN),
    texts=lambda s: s.tok(TEXTS),
    no_texts=lambda s: s.tok([]),
    empty_text=lambda s: s.tok(""),
    pt=lambda s: s.tok(RUSSIAN, return_tensors="pt"),
    np=lambda s: s.tok([RUSSIAN], return_tensors="np"),
    ragged=lambda s: s.tok(TEXTS, return_tensors="pt"),
    unknown_tensors=lambda s: s.tok(RUSSIAN, return_tensors="jax2"),
    padding=lambda s: s.tok(TEXTS, padding=True),
    padding_left=lambda s: s.tok(TEXTS, padding="longest", padding_side="left"),
    padding_max=lambda s: s.tok(TEXTS, padding="max_length", max_length=12, truncation=True),
    padding_max_alone=lambda s: s.tok(TEXTS, padding="max_length", max_length=7),
    padding_multiple=lambda s: s.tok(TEXTS, padding=True, pad_to_multiple_of=8),
    padding_word=lambda s: s.tok(TEXTS, padding="widest"),
    padding_side_word=lambda s: s.tok(TEXTS, padding=True, padding_side="up"),
    one_padded=lambda s: s.tok(RUSSIAN, padding="max_length", max_length=20),
    truncation=lambda s: s.tok(TEXTS, truncation=True, max_length=5),
    length_alone=lambda s: s.tok(TEXTS, max_length=4),
    truncation_word=lambda s: s.tok(TEXTS, truncation="only_first", max_length=3),
    truncation_none=lambda s: s.tok(TEXTS, truncation=False, max_length=3),
    no_mask=lambda s: s.tok(RUSSIAN, return_attention_mask=False),
    types=lambda s: s.tok(TEXTS, return_token_type_ids=True, padding=True),
    special_mask=lambda s: s.tok(TEXTS, return_special_tokens_mask=True, padding=True),
    lengths=lambda s: s.tok(TEXTS, return_length=True, padding=True),
    length=lambda s: s.tok(RUSSIAN, return_length=True),
    markers=lambda s: s.tok("a<|im_end|>b <|im_start|>"),
    split_markers=lambda s: s.tok("a<|im_end|>b", split_special_tokens=True),
    no_special=lambda s: s.tok(RUSSIAN, add_special_tokens=False),
    number=lambda s: s.tok(5),
    numbers=lambda s: s.tok([1, 2]),
    nothing=lambda s: s.tok(),
    verbose=lambda s: s.tok(RUSSIAN, verbose=False),
    odd_text=lambda s: s.tok("и\u0306 \u200d\u2028 👩\u200d🚀 \u00a0 дела́\r\n\n\tконец"),
)
several(
    "encoding",
    attribute=lambda s: s.tok(RUSSIAN).input_ids,
    no_attribute=lambda s: s.tok(RUSSIAN).pixel_values,
    keys=lambda s: list(s.tok(RUSSIAN).keys()),
    items=lambda s: [k for k, _ in s.tok(RUSSIAN).items()],
    contains=lambda s: "attention_mask" in s.tok(RUSSIAN),
    length=lambda s: len(s.tok(RUSSIAN)),
    to=lambda s: s.tok(RUSSIAN, return_tensors="pt").to("cpu"),
    to_device=lambda s: s.tok(RUSSIAN, return_tensors="pt").to(torch.device("cpu")).input_ids,
    tokens=lambda s: s.tok(RUSSIAN).tokens(),
    unpacked=lambda s: dict(**s.tok(RUSSIAN)),
    fast=lambda s: s.tok(RUSSIAN).is_fast,
    later=lambda s: s.tok([RUSSIAN]).convert_to_tensors("pt"),
    missing=lambda s: s.tok(RUSSIAN)["labels"],
)
several(
    "ids",
    encode=lambda s: s.tok.encode(RUSSIAN),
    encode_pt=lambda s: s.tok.encode(RUSSIAN, return_tensors="pt"),
    encode_cut=lambda s: s.tok.encode(RUSSIAN, truncation=True, max_length=3),
    tokenize=lambda s: s.tok.tokenize("Привет, дорогой мир <|im_end|>\n"),
    to_tokens=lambda s: s.tok.convert_ids_to_tokens([0, 100, 220, 2557, 2559]),
    to_token=lambda s: s.tok.convert_ids_to_tokens(557),
    to_tokens_skip=lambda s: s.tok.convert_ids_to_tokens([100, 2559], skip_special_tokens=True),
    to_token_outside=lambda s: s.tok.convert_ids_to_tokens(99999),
    to_id=lambda s: s.tok.convert_tokens_to_ids("<|im_end|>"),
    to_ids=lambda s: s.tok.convert_tokens_to_ids(["<|im_start|>", "Ġ", "нет такого"]),
    string=lambda s: s.tok.convert_tokens_to_string(s.tok.tokenize(RUSSIAN)),
    vocab_size=lambda s: (s.tok.vocab_size, len(s.tok)),
    vocab=lambda s: sorted(s.tok.get_vocab().items()),
    added=lambda s: s.tok.get_added_vocab(),
    special_mask=lambda s: s.tok.get_special_tokens_mask(
        [5, 2559], already_has_special_tokens=True
    ),
    to_add=lambda s: s.tok.num_special_tokens_to_add(),
    names=lambda s: (s.tok.eos_token, s.tok.pad_token, s.tok.bos_token, s.tok.unk_token),
    numbers=lambda s: (s.tok.eos_token_id, s.tok.pad_token_id, s.tok.bos_token_id),
    special_map=lambda s: s.tok.special_tokens_map,
    all_special=lambda s: (s.tok.all_special_tokens, s.tok.all_special_ids),
    extra=lambda s: (s.tok.extra_special_tokens, s.tok.extra_special_tokens_ids),
    additional=lambda s: s.tok.additional_special_tokens,
    sides=lambda s: (s.tok.padding_side, s.tok.truncation_side),
    longest=lambda s: s.tok.model_max_length,
    input_names=lambda s: s.tok.model_input_names,
    class_name=lambda s: type(s.tok).__name__,
    template=lambda s: s.tok.chat_template,
    fast=lambda s: s.tok.is_fast,
)
several(
    "decode",
    ids=lambda s: s.tok.decode(s.tok.encode(RUSSIAN)),
    id=lambda s: s.tok.decode(557),
    rows=lambda s: s.tok.decode([[557, 676], [545]]),
    tensor=lambda s: s.tok.decode(torch.tensor([557, 676])),
    tensors=lambda s: s.tok.batch_decode([torch.tensor([557, 676]), torch.tensor([545])]),
    array=lambda s: s.tok.decode(np.array([[557, 676]])),
    empty=lambda s: s.tok.decode([]),
    no_rows=lambda s: s.tok.batch_decode([]),
    empty_rows=lambda s: s.tok.batch_decode([[], []]),
    flat=lambda s: s.tok.batch_decode([557, 676]),
    skip=lambda s: s.tok.decode([557, 2559, 2557], skip_special_tokens=True),
    no_skip=lambda s: s.tok.decode([557, 2559, 2557]),
    outside=lambda s: s.tok.decode([557, 999999]),
    half=lambda s: s.tok.decode([s.tok.convert_tokens_to_ids("Ð")]),
    clean=lambda s: s.tok.decode(s.tok.encode("a , b ."), clean_up_tokenization_spaces=True),
)
several(
    "pad",
    rows=lambda s: s.tok.pad({"input_ids": [[1, 2, 3], [4]]}),
    dicts=lambda s: s.tok.pad([s.tok("Привет"), s.tok(RUSSIAN)], return_tensors="pt"),
    max_length=lambda s: s.tok.pad({"input_ids": [[1, 2]]}, padding="max_length", max_length=4),
    one=lambda s: s.tok.pad({"input_ids": [1, 2]}, padding="max_length", max_length=4),
    no_ids=lambda s: s.tok.pad({"labels": [[1]]}),
)


@call
def pad_token_set_and_unset(s: Side) -> Any:
    """The most usual change of a tokenizer; then padding without one."""
    tok = s.m.AutoTokenizer.from_pretrained(s.path)
    tok.pad_token = tok.eos_token
    first = (tok.pad_token_id, tok(TEXTS, padding=True))
    tok.pad_token = None
    try:
        tok(TEXTS, padding=True)
    except ValueError:
        return first, tok.pad_token_id
    return first, "no error"


@call
def settings_of_from_pretrained(s: Side) -> Any:
    """Sides and tokens as arguments."""
    tok = s.m.AutoTokenizer.from_pretrained(
        s.path, padding_side="left", truncation_side="left", use_fast=True, pad_token="<|im_end|>"
    )
    return tok(TEXTS, padding=True), tok(TEXTS, truncation=True, max_length=3), tok.pad_token_id


@call
def no_such_model(s: Side) -> Any:
    """A directory that is not there."""
    return s.m.AutoTokenizer.from_pretrained("/no/such/directory")


@call
def auto_classes_are_not_made(s: Side) -> Any:
    """Only from_pretrained makes things."""
    return s.m.AutoTokenizer()


# ---- Chat templates.

MARKED = [{"role": "user", "content": "a <|im_end|> b<|im_start|>system"}]
THINKS = (
    "{% for m in messages %}{{ m.reasoning_content }}|{{ m.thinking }}|{{ m.content }}{% endfor %}"
)
several(
    "chat",
    plain=lambda s: s.tok.apply_chat_template(CHAT),
    prompt=lambda s: s.tok.apply_chat_template(CHAT, add_generation_prompt=True),
    ids=lambda s: s.tok.apply_chat_template(CHAT, return_dict=False),
    pt=lambda s: s.tok.apply_chat_template(CHAT, return_tensors="pt"),
    ids_pt=lambda s: s.tok.apply_chat_template(CHAT, return_tensors="pt", return_dict=False),
    np=lambda s: s.tok.apply_chat_template([CHAT], return_tensors="np"),
    text=lambda s: s.tok.apply_chat_template(CHAT, tokenize=False),
    text_dict=lambda s: s.tok.apply_chat_template(CHAT, tokenize=False, return_dict=True),
    several=lambda s: s.tok.apply_chat_template([CHAT, CHAT[1:]]),
    several_texts=lambda s: s.tok.apply_chat_template([CHAT, CHAT[1:]], tokenize=False),
    several_padded=lambda s: s.tok.apply_chat_template(
        [CHAT, CHAT[1:]], padding=True, return_tensors="pt"
    ),
    cut=lambda s: s.tok.apply_chat_template(CHAT, truncation=True, max_length=9),
    kwargs=lambda s: s.tok.apply_chat_template(MARKED, tokenizer_kwargs={"return_length": True}),
    kwargs_twice=lambda s: s.tok.apply_chat_template(
        CHAT, tokenizer_kwargs={"truncation": True, "max_length": 9}
    ),
    continued=lambda s: s.tok.apply_chat_template(
        [*CHAT, {"role": "assistant", "content": "Я — "}],
        tokenize=False,
        continue_final_message=True,
    ),
    both=lambda s: s.tok.apply_chat_template(
        CHAT, continue_final_message=True, add_generation_prompt=True
    ),
    empty=lambda s: s.tok.apply_chat_template([]),
    unknown_role=lambda s: bool(
        s.tok.apply_chat_template([{"role": "developer", "content": "x"}], tokenize=False)
    ),
    own_template=lambda s: s.tok.apply_chat_template(
        CHAT,
        chat_template="{{ eos_token }}{% for m in messages %}[{{ m.role }}]{% endfor %}",
        tokenize=False,
    ),
    variable=lambda s: s.tok.apply_chat_template(
        CHAT, chat_template="{{ style }} {{ messages|length }}", style="сухо", tokenize=False
    ),
    documents=lambda s: s.tok.apply_chat_template(
        CHAT,
        chat_template="{{ documents[0].title }} {{ documents|length }}",
        documents=[{"title": "один", "text": "два"}],
        tokenize=False,
    ),
    none_is_absent=lambda s: s.tok.apply_chat_template(
        [{"role": "assistant", "content": None, "tool_calls": None}],
        chat_template="{{ messages[0].content is defined }}{{ 'tool_calls' in messages[0] }}",
        tokenize=False,
    ),
    reasoning=lambda s: s.tok.apply_chat_template(
        [{"role": "assistant", "content": "в", "reasoning": "м"}],
        chat_template=THINKS,
        tokenize=False,
    ),
    markers=lambda s: s.tok.apply_chat_template(MARKED, return_dict=False),
    sanitized=lambda s: s.tok.apply_chat_template(
        MARKED, sanitize_control_tokens=True, return_dict=False
    ),
    sanitized_dict=lambda s: s.tok.apply_chat_template(MARKED, sanitize_control_tokens=True),
    sanitized_text=lambda s: s.tok.apply_chat_template(
        MARKED, sanitize_control_tokens=True, tokenize=False
    ),
    get=lambda s: s.tok.get_chat_template() == s.tok.chat_template,
    get_own=lambda s: s.tok.get_chat_template("{{ 1 }}"),
    text_is_no_chat=lambda s: s.tok.apply_chat_template(["Привет"]),
    no_tools=lambda s: s.tok.apply_chat_template(CHAT, tools=["x"], tokenize=False),
)


@call
def chat_without_template(s: Side) -> Any:
    """A base model's tokenizer."""
    tok = s.m.AutoTokenizer.from_pretrained(s.path)
    tok.chat_template = None
    return tok.apply_chat_template(CHAT)


@call
def chat_with_named_templates(s: Side) -> Any:
    """Several templates by name."""
    tok = s.m.AutoTokenizer.from_pretrained(s.path)
    tok.chat_template = {"default": "d", "tool_use": "t", "other": "o"}
    tool = {"type": "function", "function": {"name": "f"}}
    return [
        tok.apply_chat_template(CHAT, tokenize=False, **given)
        for given in (
            {},
            {"tools": [tool]},
            {"chat_template": "other"},
            {"chat_template": "x{{1}}"},
        )
    ]


def get_weather(
    city: str,
    days: int = 1,
    unit: Literal["c", "f"] = "c",
    where: list[str] | None = None,
    more: dict[str, float] | None = None,
) -> str:
    """
    Погода в городе
    на несколько дней.

    Args:
        city: Название города,
            по-русски.
        days: Сколько дней. (choices: [1, 2, 3])
        unit (str): Единица.
        where: Где ещё: a: b.
        more: Остальное.

    Returns:
        str: Погода словами.
    """
    return city


def pair(a: tuple[int, str], b: int | str, c: float | None) -> None:
    """Пара.

    Args:
        a: Первое.
        b: Второе.
        c: Третье.
    """


def undocumented(a: int) -> None:
    """Нечто."""


def untyped(a, b: int) -> None:  # type: ignore[no-untyped-def]  # noqa: ANN001
    """Нечто.

    Args:
        a: Что.
        b: Что.
    """


TOOLS = "{{ tools | tojson }}"
several(
    "tools",
    function=lambda s: s.tok.apply_chat_template(
        CHAT, tools=[get_weather, pair], chat_template=TOOLS, tokenize=False
    ),
    schema=lambda s: [s.m.get_json_schema(get_weather), s.m.get_json_schema(pair)],
    undocumented=lambda s: type(_error(lambda: s.m.get_json_schema(undocumented))).__name__,
    untyped=lambda s: type(_error(lambda: s.m.get_json_schema(untyped))).__name__,
    definition=lambda s: s.tok.apply_chat_template(
        CHAT,
        tools=[{"type": "function", "function": {"name": "ф"}}],
        chat_template=TOOLS,
        tokenize=False,
    ),
)


def _error(function: Callable[[], Any]) -> Exception | None:
    try:
        function()
    except Exception as error:
        return error
    return None


# ---- Greedy answers.


def greedy(**arguments: Any) -> Call:
    """A call of generate over a batch, greedily."""

    def run(s: Side) -> Any:
        return s.model.generate(**s.batch(), do_sample=False, **arguments)

    return run


several(
    "greedy",
    twelve=greedy(max_new_tokens=12),
    long=greedy(max_new_tokens=120),
    twenty=greedy(),
    max_length=greedy(max_length=40),
    max_length_short=greedy(max_length=3),
    both_lengths=greedy(max_length=40, max_new_tokens=4),
    no_tokens=greedy(max_new_tokens=0),
    min_new=greedy(min_new_tokens=30, max_new_tokens=40),
    min_length=greedy(min_length=45, max_new_tokens=40),
    repetition=greedy(repetition_penalty=1.3, max_new_tokens=24),
    repetition_int=greedy(repetition_penalty=2, max_new_tokens=4),
    repetition_zero=greedy(repetition_penalty=0.0, max_new_tokens=4),
    ngram=greedy(no_repeat_ngram_size=2, max_new_tokens=40),
    unigram=greedy(no_repeat_ngram_size=1, max_new_tokens=20),
    bad_words=greedy(bad_words_ids=[[545], [414, 507], [2559]], max_new_tokens=20),
    bad_words_wrong=greedy(bad_words_ids=[545], max_new_tokens=20),
    suppress=greedy(suppress_tokens=[557, 676, 11, 13], max_new_tokens=16),
    begin_suppress=greedy(begin_suppress_tokens=[557, 750, 11], max_new_tokens=8),
    forced_eos=greedy(forced_eos_token_id=2559, max_new_tokens=5, min_new_tokens=5),
    forced_eos_list=greedy(forced_eos_token_id=[2559, 2557], max_new_tokens=3),
    forced_and_suppressed=greedy(forced_eos_token_id=2559, suppress_tokens=[2559]),
    sequence_bias=greedy(sequence_bias={(545,): 5.0, (11, 220): -3.0}, max_new_tokens=16),
    sequence_bias_list=greedy(sequence_bias=[[[545], 5.0], [[750, 11], 4.0]], max_new_tokens=16),
    sequence_bias_int=greedy(sequence_bias={(545,): 5}, max_new_tokens=16),
    decay=greedy(exponential_decay_length_penalty=(4, 1.3), max_new_tokens=40),
    renormalized=greedy(renormalize_logits=True, max_new_tokens=8),
    valid=greedy(remove_invalid_values=True, max_new_tokens=8),
    eos=greedy(eos_token_id=13, max_new_tokens=30),
    eos_list=greedy(eos_token_id=[13, 11], max_new_tokens=30, pad_token_id=0),
    eos_and_decay=greedy(
        eos_token_id=13, exponential_decay_length_penalty=(2, 1.5), max_new_tokens=30
    ),
    no_cache=greedy(use_cache=False, max_new_tokens=6),
    sampling_values=greedy(temperature=0.7, top_p=0.5, max_new_tokens=8),
    three=greedy(num_return_sequences=3, max_new_tokens=4),
    zero_temperature=greedy(temperature=0.0, max_new_tokens=6),
    unknown=greedy(foo=1, max_new_tokens=4),
    dict=greedy(return_dict_in_generate=True, max_new_tokens=6),
    lookup=greedy(prompt_lookup_num_tokens=None, max_new_tokens=6),
)


# ---- Beams.


class _Ends:
    """A criterion of one's own: a full stop."""

    def __call__(self, ids: Any, scores: Any, **_: Any) -> Any:
        return ids[:, -1] == 13


def beams_shown(**arguments: Any) -> Call:
    """A search's whole result; scores, which are float32 sums, within the tolerance."""

    def run(s: Side) -> Any:
        out = s.model.generate(
            **s.batch(),
            do_sample=False,
            return_dict_in_generate=True,
            output_scores=True,
            output_logits=True,
            **arguments,
        )
        steps = s.model.compute_transition_scores(out.sequences, out.scores, out.beam_indices)
        length = (out.beam_indices >= 0).sum(dim=1)
        sums = steps.sum(dim=1) / length ** arguments.get("length_penalty", 1.0)
        return (
            *(type(out).__name__, [key for key in out.keys() if key != "cache"]),  # noqa: SIM118
            *(out.sequences, out.beam_indices, Near(out.sequences_scores), Near(steps)),
            *(len(out.scores), len(out.logits), Near(out.logits[0]), Near(sums)),
            Near(torch.where(out.scores[1] > -20, out.scores[1], -20)),
            torch.allclose(sums, out.sequences_scores, atol=1e-4),
        )

    return run


several(
    "beams",
    four=greedy(num_beams=4, max_new_tokens=24),
    all=greedy(num_beams=4, num_return_sequences=4, max_new_tokens=24),
    early=greedy(num_beams=4, num_return_sequences=4, early_stopping=True, max_new_tokens=24),
    never=greedy(num_beams=4, num_return_sequences=4, early_stopping="never", max_new_tokens=24),
    long=greedy(num_beams=3, num_return_sequences=3, length_penalty=2.0, max_new_tokens=24),
    short=greedy(num_beams=3, num_return_sequences=3, length_penalty=-1.0, max_new_tokens=24),
    zero_penalty=greedy(num_beams=3, num_return_sequences=3, length_penalty=0, max_new_tokens=9),
    never_short=greedy(num_beams=3, early_stopping="never", length_penalty=-0.5, max_new_tokens=16),
    many=greedy(num_beams=24, num_return_sequences=7, max_new_tokens=6),
    one_token=greedy(num_beams=5, num_return_sequences=5, max_new_tokens=1),
    twenty=greedy(num_beams=2),
    repetition=greedy(num_beams=3, repetition_penalty=1.3, max_new_tokens=20),
    ngram=greedy(num_beams=3, no_repeat_ngram_size=2, num_return_sequences=2, max_new_tokens=30),
    min_new=greedy(num_beams=3, min_new_tokens=12, max_new_tokens=20),
    bad_words=greedy(num_beams=3, bad_words_ids=[[545], [414, 507]], max_new_tokens=16),
    decay=greedy(num_beams=3, exponential_decay_length_penalty=(4, 1.3), max_new_tokens=30),
    forced_eos=greedy(num_beams=3, forced_eos_token_id=2559, max_new_tokens=5),
    renormalized=greedy(num_beams=2, renormalize_logits=True, max_new_tokens=8),
    eos=greedy(num_beams=3, eos_token_id=13, num_return_sequences=3, max_new_tokens=20),
    pad_zero=greedy(
        num_beams=3, eos_token_id=13, pad_token_id=0, num_return_sequences=3, max_new_tokens=20
    ),
    criterion=greedy(num_beams=3, stopping_criteria=[_Ends()], max_new_tokens=16),
    allowed=greedy(
        num_beams=3,
        prefix_allowed_tokens_fn=lambda row, ids: [11, 13, 220, 545, 557 + row, 2559],
        max_new_tokens=10,
    ),
    processor=greedy(
        num_beams=3,
        logits_processor=[lambda ids, scores: scores - 0.1 * (ids[:, -1:] % 7)],
        max_new_tokens=10,
    ),
    stop_string=lambda s: s.model.generate(
        **s.batch(),
        do_sample=False,
        num_beams=3,
        stop_strings=["о", "."],
        tokenizer=s.tok,
        max_new_tokens=12,
    ),
    config=lambda s: (
        s.model.generate(
            **s.one(), generation_config=s.m.GenerationConfig(num_beams=3, max_new_tokens=20)
        ).shape
    ),
    streamer=greedy(num_beams=2, max_new_tokens=4, streamer=object()),
    more_rows=greedy(num_beams=2, num_return_sequences=3, max_new_tokens=4),
    early_wrong=greedy(num_beams=2, early_stopping="soon", max_new_tokens=4),
    groups=greedy(num_beams=4, num_beam_groups=1, max_new_tokens=4),
    shown=beams_shown(num_beams=3, num_return_sequences=3, max_new_tokens=16),
    shown_long=beams_shown(
        num_beams=3,
        num_return_sequences=2,
        length_penalty=0.5,
        early_stopping=True,
        max_new_tokens=24,
    ),
    dict=greedy(num_beams=2, return_dict_in_generate=True, max_new_tokens=6),
    sampled_one=lambda s: (
        s.model.generate(
            **s.batch(),
            do_sample=True,
            num_beams=3,
            temperature=0.01,
            top_k=0,
            top_p=1.0,
            num_return_sequences=1,
            max_new_tokens=1,
        ).shape
    ),
    sampled_filters=lambda s: (
        s.model.generate(
            **s.batch(),
            do_sample=True,
            num_beams=3,
            top_k=1,
            top_p=0.01,
            min_p=0.9,
            max_new_tokens=5,
        ).shape
    ),
)


@call
def one_row(s: Side) -> Any:
    """A chat's answer, which ends by itself."""
    return s.model.generate(**s.one(), do_sample=False, max_new_tokens=64)


@call
def positional_ids(s: Side) -> Any:
    """Ids without a mask."""
    return s.model.generate(s.one()["input_ids"], do_sample=False, max_new_tokens=16)


@call
def ids_twice(s: Side) -> Any:
    """Both names of one thing."""
    ids = s.one()["input_ids"]
    return s.model.generate(ids, input_ids=ids, max_new_tokens=4)


@call
def nothing_to_go_on(s: Side) -> Any:
    """The prompt is the beginning of sequence."""
    return s.model.generate(do_sample=False, max_new_tokens=8)


@call
def nothing_without_bos(s: Side) -> Any:
    """There is no beginning of sequence either."""
    config = s.m.GenerationConfig(max_new_tokens=4, do_sample=False, eos_token_id=2559)
    kept = s.model.generation_config.bos_token_id
    s.model.generation_config.bos_token_id = None
    try:
        return s.model.generate(generation_config=config)
    finally:
        s.model.generation_config.bos_token_id = kept


@call
def forced_bos(s: Side) -> Any:
    """Behind a prompt of one token."""
    return s.model.generate(
        torch.tensor([[557]]),
        do_sample=False,
        forced_bos_token_id=545,
        begin_suppress_tokens=[545, 414],
        max_new_tokens=6,
    )


@call
def mask_recognised(s: Side) -> Any:
    """Padding without a mask, where it is no end token."""
    ids = s.batch()["input_ids"]
    return s.model.generate(
        ids, do_sample=False, eos_token_id=2559, pad_token_id=2557, max_new_tokens=12
    )


@call
def mask_with_holes(s: Side) -> Any:
    """Tokens in the middle that do not count."""
    given = s.one()
    given["attention_mask"][0, 4:7] = 0
    return s.model.generate(**given, do_sample=False, max_new_tokens=12)


def masked(change: Callable[[Any], Any]) -> Call:
    """A call of generate, and of the model, whose mask is given in other words."""

    def run(s: Side) -> Any:
        given = s.batch()
        counts = given["attention_mask"] != 0
        given["attention_mask"] = change(given["attention_mask"])
        answers = s.model.generate(**given, do_sample=False, max_new_tokens=8)
        return answers, Near(s.model(**given).logits[counts])

    return run


several(
    "mask",
    bools=masked(lambda mask: mask.bool()),
    floats=masked(lambda mask: mask.float()),
    bytes=masked(lambda mask: mask.to(torch.uint8)),
    none=masked(lambda mask: None),
)


@call
def generation_config(s: Side) -> Any:
    """A config in place of arguments."""
    config = s.m.GenerationConfig(do_sample=False, max_new_tokens=9, repetition_penalty=1.2)
    return s.model.generate(**s.batch(), generation_config=config)


@call
def config_of_the_checkpoint(s: Side) -> Any:
    """What its file says."""
    config = s.model.generation_config
    names = (
        *("do_sample", "temperature", "top_k", "top_p", "repetition_penalty", "eos_token_id"),
        *("pad_token_id", "bos_token_id", "max_new_tokens", "max_length", "min_p"),
    )
    return {name: getattr(config, name) for name in names}


@call
def greedy_by_the_checkpoint(s: Side) -> Any:
    """A penalty that the checkpoint asks for stays on."""
    s.model.generation_config.repetition_penalty = 1.3
    try:
        return s.model.generate(**s.one(), do_sample=False, max_new_tokens=24)
    finally:
        s.model.generation_config.repetition_penalty = 1.0


@call
def rows_of_several_lengths(s: Side) -> Any:
    """Each row of a batch as if it were alone."""
    rows = s.model.generate(**s.batch(), do_sample=False, repetition_penalty=1.2, max_new_tokens=16)
    width = s.batch()["input_ids"].shape[1]
    alone = [
        s.model.generate(
            **s.tok(text, return_tensors="pt"),
            do_sample=False,
            repetition_penalty=1.2,
            max_new_tokens=16,
        )
        for text in TEXTS
    ]
    texts = [
        s.tok.decode(one[0, s.tok(text, return_tensors="pt").input_ids.shape[1] :])
        for one, text in zip(alone, TEXTS, strict=True)
    ]
    return [s.tok.decode(row[width:]) for row in rows], texts


# ---- What stops an answer.


def stopped(text: str | list[str], prompt: str = RUSSIAN, **further: Any) -> Call:
    """A call with stop strings."""

    def run(s: Side) -> Any:
        return s.model.generate(
            **s.tok(prompt, return_tensors="pt"),
            do_sample=False,
            stop_strings=text,
            tokenizer=s.tok,
            max_new_tokens=40,
            **further,
        )

    return run


several(
    "stop",
    string=stopped("е"),
    strings=stopped(["ъъъ", ", "]),
    inside=stopped("?"),
    tail=stopped("!.", "Париж!"),
    whole_in_prompt=stopped("Пари", "Париж. Пари и ещё"),
    letters=stopped("ст"),
    no_tokenizer=lambda s: s.model.generate(
        **s.one(), stop_strings="x", do_sample=False, max_new_tokens=4
    ),
    batch=lambda s: s.model.generate(
        **s.batch(),
        do_sample=False,
        stop_strings=["о", "."],
        tokenizer=s.tok,
        max_new_tokens=30,
    ),
    batch_without_eos=lambda s: s.model.generate(
        **s.batch(),
        do_sample=False,
        generation_config=_without_eos(s),
        stop_strings=["о", "."],
        tokenizer=s.tok,
        max_new_tokens=30,
    ),
    no_time=lambda s: s.model.generate(
        **s.one(), do_sample=False, max_new_tokens=500, max_time=0.0
    ),
)


def _without_eos(s: Side) -> Any:
    config = s.m.GenerationConfig.from_pretrained(s.path)
    config.eos_token_id = None
    return config


@call
def stopping_criteria(s: Side) -> Any:
    """One's own, by row and for all."""

    class ByRow(s.m.StoppingCriteria):  # type: ignore[name-defined,misc]
        def __call__(self, input_ids: Any, scores: Any, **kwargs: Any) -> Any:
            assert isinstance(input_ids, torch.Tensor)
            assert scores is None
            return input_ids[:, -1] % 3 == 0

    return s.model.generate(
        **s.batch(),
        do_sample=False,
        max_new_tokens=30,
        stopping_criteria=s.m.StoppingCriteriaList([ByRow()]),
    )


@call
def stopping_criteria_ready_made(s: Side) -> Any:
    """Those that come along, called by hand."""
    ids = s.batch()["input_ids"]
    made = s.m.StoppingCriteriaList(
        [
            s.m.MaxLengthCriteria(max_length=100),
            s.m.EosTokenCriteria(eos_token_id=[int(ids[0, -1])]),
            s.m.StopStringCriteria(s.tok, "дом"),
        ]
    )
    return made(ids, None), made.max_length, s.m.MaxLengthCriteria(3)(ids, None)


# ---- Scores and processors.


@call
def scores(s: Side) -> Any:
    """What was chosen from, and what the model said."""
    out = s.model.generate(
        **s.batch(),
        do_sample=False,
        repetition_penalty=1.2,
        max_new_tokens=6,
        return_dict_in_generate=True,
        output_scores=True,
        output_logits=True,
    )
    return (
        out.sequences,
        [name for name in out.keys() if name != "cache"],  # noqa: SIM118
        Near(torch.stack(out.scores)),
        Near(torch.stack(out.logits)),
        out[0] is out.sequences,
    )


@call
def scores_alone_are_nothing(s: Side) -> Any:
    """Without return_dict_in_generate."""
    return s.model.generate(**s.one(), do_sample=False, max_new_tokens=4, output_scores=True)


@call
def transition_scores(s: Side) -> Any:
    """How likely each token was."""
    out = s.model.generate(
        **s.batch(),
        do_sample=False,
        max_new_tokens=6,
        return_dict_in_generate=True,
        output_scores=True,
    )
    return [
        Near(s.model.compute_transition_scores(out.sequences, out.scores, normalize_logits=flag))
        for flag in (False, True)
    ]


@call
def scores_of_samples(s: Side) -> Any:
    """Filtered scores, of the first token, which no draw has changed."""
    out = s.model.generate(
        **s.batch(),
        do_sample=True,
        temperature=0.7,
        top_k=30,
        top_p=0.9,
        min_p=0.01,
        typical_p=0.95,
        epsilon_cutoff=3e-4,
        eta_cutoff=3e-4,
        max_new_tokens=1,
        return_dict_in_generate=True,
        output_scores=True,
    )
    return Near(out.scores[0])


@call
def logits_processor(s: Side) -> Any:
    """One's own, which sees tensors."""

    class Ban(s.m.LogitsProcessor):  # type: ignore[name-defined,misc]
        def __call__(self, input_ids: Any, scores: Any) -> Any:
            assert isinstance(input_ids, torch.Tensor)
            assert scores.dtype == torch.float32
            return scores.masked_fill(torch.arange(scores.shape[1]) % 2 == 0, -torch.inf)

    return s.model.generate(
        **s.batch(),
        do_sample=False,
        max_new_tokens=12,
        logits_processor=s.m.LogitsProcessorList([Ban()]),
    )


@call
def processor_in_place_of_an_argument(s: Side) -> Any:
    """The caller's own counts."""
    return s.model.generate(
        **s.batch(),
        do_sample=False,
        min_length=60,
        max_new_tokens=60,
        logits_processor=s.m.LogitsProcessorList([s.m.MinLengthLogitsProcessor(25, 2559)]),
    )


@call
def prefix_allowed_tokens(s: Side) -> Any:
    """Only some tokens may come."""
    return s.model.generate(
        **s.batch(),
        do_sample=False,
        max_new_tokens=8,
        prefix_allowed_tokens_fn=lambda row, ids: [500 + row, 600, int(ids[-1]) % 2000],
    )


@call
def prefix_allows_nothing(s: Side) -> Any:
    """A function that forbids everything."""
    return s.model.generate(
        **s.batch(), do_sample=False, max_new_tokens=8, prefix_allowed_tokens_fn=lambda *_: []
    )


def _ids_and_scores() -> tuple[Any, Any]:
    generator = torch.Generator().manual_seed(7)
    ids = torch.randint(0, 50, (3, 12), generator=generator)
    return ids, torch.randn((3, 50), generator=generator) * 3


def processor(name: str, *arguments: Any, **named: Any) -> Call:
    """A processor that comes along, called by hand."""

    def run(s: Side) -> Any:
        return Near(getattr(s.m, name)(*arguments, **named)(*_ids_and_scores()))

    return run


several(
    "processor",
    temperature=processor("TemperatureLogitsWarper", 0.7),
    temperature_int=processor("TemperatureLogitsWarper", 1),
    temperature_zero=processor("TemperatureLogitsWarper", 0.0),
    top_k=processor("TopKLogitsWarper", 5),
    top_k_zero=processor("TopKLogitsWarper", 0),
    top_k_large=processor("TopKLogitsWarper", 5000),
    top_p=processor("TopPLogitsWarper", 0.8),
    top_p_zero=processor("TopPLogitsWarper", 0.0),
    top_p_large=processor("TopPLogitsWarper", 1.5),
    top_h=processor("TopHLogitsWarper", 0.5),
    min_p=processor("MinPLogitsWarper", 0.1),
    min_p_large=processor("MinPLogitsWarper", 1.1),
    typical=processor("TypicalLogitsWarper", 0.7),
    typical_one=processor("TypicalLogitsWarper", 1.0),
    epsilon=processor("EpsilonLogitsWarper", 0.02),
    eta=processor("EtaLogitsWarper", 0.02),
    repetition=processor("RepetitionPenaltyLogitsProcessor", 1.4),
    repetition_part=processor(
        "RepetitionPenaltyLogitsProcessor", 1.4, prompt_ignore_length=torch.tensor([0, 3, 9])
    ),
    ngram=processor("NoRepeatNGramLogitsProcessor", 1),
    ngram_zero=processor("NoRepeatNGramLogitsProcessor", 0),
    bad_words=processor("NoBadWordsLogitsProcessor", [[1], [2, 3], [7]], eos_token_id=7),
    bias=processor("SequenceBiasLogitsProcessor", {(3,): 1.5, (1, 2): -2.0}),
    bias_empty=processor("SequenceBiasLogitsProcessor", {}),
    bias_outside=processor("SequenceBiasLogitsProcessor", {(77,): 1.0}),
    min_length=processor("MinLengthLogitsProcessor", 20, 7),
    min_new=processor("MinNewTokensLengthLogitsProcessor", 10, 5, [7, 8]),
    min_new_negative=processor("MinNewTokensLengthLogitsProcessor", 10, -5, 7),
    forced_eos=processor("ForcedEOSTokenLogitsProcessor", 13, 7),
    forced_bos=processor("ForcedBOSTokenLogitsProcessor", 7),
    decay=processor("ExponentialDecayLengthPenalty", (3, 1.2), 7, 4),
    suppress=processor("SuppressTokensLogitsProcessor", [1, 2, 3]),
    begin=processor("SuppressTokensAtBeginLogitsProcessor", [1, 2, 3], 12),
    normal=processor("LogitNormalization"),
    valid=processor("InfNanRemoveLogitsProcessor"),
)


@call
def the_forward_pass(s: Side) -> Any:
    """Logits where the mask is 1, and the shape."""
    given = s.batch()
    out = s.model(**given)
    return out.logits.shape, Near(out.logits[given["attention_mask"] != 0]), out[0] is out.logits


@call
def loss(s: Side) -> Any:
    """Of labels, some of which do not count."""
    given = s.one()
    labels = given["input_ids"].clone()
    labels[0, :3] = -100
    out = s.model(**given, labels=labels)
    return Near(out.loss), out.loss.shape, list(out.keys())[:2]


@call
def last_logits(s: Side) -> Any:
    """Of the last places alone, as a tuple."""
    given = s.one()
    out = s.model(**given, logits_to_keep=2, return_dict=False, use_cache=False)
    return out[0].shape, Near(out[0]), type(out).__name__


# ---- Streamers.


@call
def text_streamer(s: Side) -> Any:
    """What it prints."""
    printed = io.StringIO()
    with contextlib.redirect_stdout(printed):
        s.model.generate(
            **s.one("Напиши стих про машинное обучение"),
            do_sample=False,
            max_new_tokens=80,
            streamer=s.m.TextStreamer(s.tok, skip_prompt=True, skip_special_tokens=True),
        )
    return printed.getvalue()


@call
def iterator_streamer(s: Side) -> Any:
    """Its pieces."""
    streamer = s.m.TextIteratorStreamer(s.tok, timeout=60)
    given = dict(s.one("Напиши стих"), streamer=streamer, do_sample=False, max_new_tokens=60)
    thread = threading.Thread(target=s.model.generate, kwargs=given)
    thread.start()
    pieces = list(streamer)
    thread.join()
    return pieces


@call
def async_streamer(s: Side) -> Any:
    """Its pieces, in a coroutine."""

    async def run() -> list[str]:
        streamer = s.m.AsyncTextIteratorStreamer(s.tok, skip_prompt=True)
        given = dict(s.one(), streamer=streamer, do_sample=False, max_new_tokens=20)
        thread = threading.Thread(target=s.model.generate, kwargs=given)
        thread.start()
        pieces = [piece async for piece in streamer]
        thread.join()
        return pieces

    return asyncio.run(run())


@call
def streamer_of_ones_own(s: Side) -> Any:
    """put and end, for a batch."""

    class Kept:
        def __init__(self) -> None:
            self.got: list[Any] = []

        def put(self, value: Any) -> None:
            self.got.append(value)

        def end(self) -> None:
            self.got.append("end")

    kept = Kept()
    s.model.generate(**s.batch(), do_sample=False, max_new_tokens=5, streamer=kept)
    return kept.got


@call
def streamer_of_a_batch(s: Side) -> Any:
    """A TextStreamer shows one row."""
    return s.model.generate(
        **s.batch(), do_sample=False, max_new_tokens=4, streamer=s.m.TextStreamer(s.tok)
    )


@call
def streamer_pieces(s: Side) -> Any:
    """Text of many scripts, token by token."""
    streamer = s.m.TextIteratorStreamer(s.tok, timeout=60)
    for token in s.tok.encode("Дело, 漢字かな и ไทย: «да-нет»!\nconstruct (x) 3.14 👩‍🚀 е́ конец."):
        streamer.put(torch.tensor([token]))
    streamer.end()
    return list(streamer)


# ---- Configurations.

several(
    "config",
    repr_is_named=lambda s: repr(s.m.GenerationConfig(top_k=3)).split()[0],
    empty=lambda s: [s.m.GenerationConfig().top_k, s.m.GenerationConfig().do_sample],
    unknown=lambda s: s.m.GenerationConfig(my_own=3).my_own,
    missing=lambda s: s.m.GenerationConfig().no_such,
    of_generate=lambda s: s.m.GenerationConfig(streamer=3),
    zero_tokens=lambda s: s.m.GenerationConfig(max_new_tokens=0),
    three_greedy=lambda s: s.m.GenerationConfig(num_return_sequences=3),
    early=lambda s: s.m.GenerationConfig(early_stopping="soon"),
    equal=lambda s: s.m.GenerationConfig(top_k=3) == s.m.GenerationConfig(top_k=3),
    unequal=lambda s: s.m.GenerationConfig(top_k=3) == s.m.GenerationConfig(top_k=4),
    update=lambda s: s.m.GenerationConfig().update(top_k=3, foo=1),
    file=lambda s: s.m.GenerationConfig.from_pretrained(s.path, top_k=7).top_k,
    no_file=lambda s: s.m.GenerationConfig.from_pretrained("/no/such"),
    strict=lambda s: s.m.GenerationConfig(temperature=0.5).validate(strict=True),
    model=lambda s: {
        name: getattr(s.model.config, name)
        for name in (
            *("vocab_size", "hidden_size", "num_hidden_layers", "model_type", "architectures"),
            *("max_position_embeddings", "eos_token_id", "tie_word_embeddings", "rms_norm_eps"),
            *("num_key_value_heads", "is_encoder_decoder", "rope_parameters", "hidden_act"),
        )
    },
    model_missing=lambda s: s.model.config.no_such,
    auto=lambda s: s.m.AutoConfig.from_pretrained(s.path).vocab_size,
)
several(
    "model",
    device=lambda s: s.model.device,
    same=lambda s: s.model.to("cpu") is s.model and s.model.eval() is s.model,
    training=lambda s: s.model.training,
    parameters=lambda s: s.model.num_parameters(),
    class_name=lambda s: type(s.model).__name__,
    can_generate=lambda s: s.model.can_generate(),
    name=lambda s: s.model.name_or_path == s.path,
)

# ---- Samples, where only the kind of what comes out can be compared.


def sampled_shape(**arguments: Any) -> Call:
    """The shape of one new token a row."""

    def run(s: Side) -> Any:
        return s.model.generate(**s.batch(), do_sample=True, max_new_tokens=1, **arguments).shape

    return run


several(
    "sample",
    rows=sampled_shape(num_return_sequences=4),
    zero_temperature=sampled_shape(temperature=0.0),
    int_temperature=sampled_shape(temperature=2),
    negative_top_k=sampled_shape(top_k=-1),
    top_p_above=sampled_shape(top_p=1.5),
    top_p_below=sampled_shape(top_p=-0.5),
    min_p_above=sampled_shape(min_p=1.5),
    no_top_k=sampled_shape(top_k=0),
    top_h=sampled_shape(top_h=0.4),
    one_token=lambda s: s.model.generate(**s.batch(), do_sample=True, top_p=0.0, max_new_tokens=8),
    top_1=lambda s: s.model.generate(**s.batch(), do_sample=True, top_k=1, max_new_tokens=8),
)


@call
def seed_of_torch(s: Side) -> Any:
    """The same seed, the same answer; another, another."""
    found = []
    for seed in (1, 1, 2):
        torch.manual_seed(seed)
        out = s.model.generate(**s.one(), do_sample=True, temperature=1.5, max_new_tokens=16)
        found.append(s.tok.decode(out[0]))
    return found[0] == found[1], found[0] == found[2]


@dataclass
class Near:
    """A tensor whose numbers may differ a little: kernels add up in another order."""

    value: Any
