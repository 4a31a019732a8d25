"""tlite.transformers: generate and the forward pass, without torch."""

from __future__ import annotations

import json
import math
import threading
import time
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import tlite
import tlite.transformers as hf
from greedy_cases import CASES, TEXTS
from hf import ANSWER, EOS, PAD, PATH, batch, chat, model, new_text, tokenizer

GOLDEN = json.loads(
    (Path(__file__).parent / "data" / "transformers_greedy.json").read_text(encoding="utf-8")
)


class Unchanged(hf.LogitsProcessor):
    """A processor that changes nothing, for which a call leaves the engine."""

    def __call__(self, input_ids: Any, scores: Any) -> Any:
        """The same."""
        return scores


@pytest.mark.parametrize("case", CASES)
@pytest.mark.parametrize("where", ["engine", "host"])
def test_greedy_answers_are_those_of_transformers(case: str, where: str) -> None:
    """By the library's sampler and by processors on numpy."""
    given = dict(CASES[case], tokenizer=tokenizer(), do_sample=False)
    if where == "host":
        given["logits_processor"] = [Unchanged()]
    out = model().generate(**batch(), **given)
    assert out.dtype == np.int64
    assert out.tolist() == GOLDEN[case]


def test_the_answer_to_a_chat() -> None:
    """And that a dict from apply_chat_template may be given as it is."""
    inputs = chat()
    out = model().generate(**inputs, do_sample=False, max_new_tokens=40)
    assert new_text(inputs, out) == [ANSWER]
    assert out[0, -1] == EOS
    assert (model().generate(inputs, do_sample=False, max_new_tokens=40) == out).all()
    assert (model().generate(inputs["input_ids"], do_sample=False, max_new_tokens=40) == out).all()


def test_rows_are_as_if_they_were_alone() -> None:
    """Whatever the padding, and on which side it is."""
    alone = []
    for text in TEXTS:
        inputs = tokenizer()([text], return_tensors="np")
        out = model().generate(**inputs, do_sample=False, repetition_penalty=1.2, max_new_tokens=12)
        alone += new_text(inputs, out)
    for side in ("left", "right"):
        inputs = tokenizer()(TEXTS, padding=True, padding_side=side, return_tensors="np")
        out = model().generate(**inputs, do_sample=False, repetition_penalty=1.2, max_new_tokens=12)
        assert new_text(inputs, out) == alone
    ragged = [tokenizer().encode(text) for text in TEXTS]
    out = model().generate(ragged, do_sample=False, repetition_penalty=1.2, max_new_tokens=12)
    assert new_text(batch(), out) == alone


def test_padding_is_recognised() -> None:
    """Without a mask, where the padding token ends nothing."""
    given: dict[str, Any] = dict(
        do_sample=False, eos_token_id=EOS, pad_token_id=PAD, max_new_tokens=8
    )
    masked = model().generate(**batch(), **given)
    assert (model().generate(batch()["input_ids"], **given) == masked).all()


def test_without_a_prompt() -> None:
    """The beginning of sequence is one."""
    out = model().generate(do_sample=False, max_new_tokens=3)
    assert out.shape[0] == 1
    assert out[0, 0] == PAD  # which is this checkpoint's bos_token_id


def test_lengths() -> None:
    """Twenty new tokens, and a warning, where nobody says anything."""
    with pytest.warns(UserWarning, match="20 new tokens"):
        out = model().generate(
            **chat(), do_sample=False, eos_token_id=None, generation_config=_endless()
        )
    assert out.shape[1] == chat()["input_ids"].shape[1] + 20
    with pytest.raises(ValueError, match="max_new_tokens is 0"):
        model().generate(**chat(), max_new_tokens=0)
    with pytest.raises(ValueError, match="max_length is 3"):
        model().generate(**chat(), max_length=3)


def _endless() -> hf.GenerationConfig:
    config = hf.GenerationConfig.from_pretrained(PATH)
    config.eos_token_id = None
    return config


@pytest.mark.parametrize(
    ("given", "match"),
    [
        ({"foo": 1, "bar": 2}, "'foo', 'bar'"),
        ({"num_return_sequences": 3, "do_sample": False}, "num_return_sequences is 3"),
        ({"do_sample": True, "temperature": 0.0}, "temperature is 0.0"),
        ({"do_sample": True, "temperature": 2}, "temperature is 2"),
        ({"do_sample": True, "top_k": -1}, "top_k is -1"),
        ({"do_sample": True, "top_p": -0.5}, "top_p is -0.5"),
        ({"do_sample": True, "min_p": 1.5}, "min_p is 1.5"),
        ({"repetition_penalty": 0.0}, "repetition_penalty is 0.0"),
        ({"repetition_penalty": 2}, "repetition_penalty is 2"),
        ({"bad_words_ids": [5]}, "bad_words_ids"),
        ({"sequence_bias": {(5,): 1}}, "sequence_bias"),
        ({"forced_eos_token_id": 5, "suppress_tokens": [5]}, "forced_eos_token_id"),
        ({"stop_strings": "x"}, "tokenizer"),
        ({"input_ids": [[1]]}, "input_ids"),
        ({"attention_mask": np.ones((1, 3), dtype=np.int64)}, "attention_mask"),
        ({"early_stopping": "soon"}, "early_stopping"),
    ],
)
def test_what_cannot_be_meant(given: dict[str, Any], match: str) -> None:
    """ValueError names the argument and the value."""
    with pytest.raises(ValueError, match=match):
        model().generate(chat()["input_ids"], max_new_tokens=4, **given)


@pytest.mark.parametrize(
    "ids", [[], [[]], [["a"]], [[1.5]], np.zeros((1, 1, 1), dtype=np.int64), [[2560]], [[-1]]]
)
def test_what_is_no_prompt(ids: Any) -> None:
    """ValueError."""
    with pytest.raises(ValueError, match=r"input_ids|vocabulary|token"):
        model().generate(ids, do_sample=False, max_new_tokens=2)


def test_a_row_that_is_all_padding() -> None:
    """There is nothing to go on from."""
    with pytest.raises(ValueError, match="row 1 is empty"):
        model().generate([[1, 2], [1, 2]], attention_mask=[[1, 1], [0, 0]], max_new_tokens=2)


# ---- Samples.


def sampled(**given: Any) -> Any:
    """A draw of several rows."""
    inputs = tokenizer()(["Мой"], return_tensors="np")
    given = {"temperature": 1.5, "top_k": 0, "top_p": 1.0, "max_new_tokens": 12, **given}
    return model().generate(**inputs, do_sample=True, **given)


def test_seeds() -> None:
    """set_seed makes answers repeatable, generators do; without, they are not."""
    hf.set_seed(42)
    first, second = sampled(num_return_sequences=2), sampled(num_return_sequences=2)
    hf.set_seed(42)
    assert np.array_equal(sampled(num_return_sequences=2), first)
    assert not np.array_equal(first[0], first[1])
    assert not np.array_equal(first, second)
    drawn = [sampled(generator=np.random.default_rng(5)) for _ in range(2)]
    assert np.array_equal(*drawn)
    with pytest.raises(TypeError, match="generator"):
        sampled(generator=5)


def test_a_greedy_call_draws_nothing() -> None:
    """The seed of the next sample does not depend on it."""
    hf.set_seed(1)
    first = sampled()
    hf.set_seed(1)
    model().generate(**chat(), do_sample=False, max_new_tokens=3)
    assert np.array_equal(sampled(), first)


def test_one_token_is_left() -> None:
    """top_p 0 keeps the likeliest, like top_k 1 and a greedy call."""
    greedy = model().generate(**batch(), do_sample=False, max_new_tokens=8)
    for given in ({"top_p": 0.0}, {"top_k": 1}):
        out = model().generate(**batch(), do_sample=True, max_new_tokens=8, **given)
        assert np.array_equal(out, greedy)


@pytest.mark.parametrize(
    "given",
    [
        {"top_k": 5},
        {"top_p": 0.6},
        {"min_p": 0.1},
        {"typical_p": 0.5},
        {"epsilon_cutoff": 0.03},
        {"eta_cutoff": 0.05},
        {"top_k": 9, "top_p": 0.8, "min_p": 0.02, "repetition_penalty": 1.4},
    ],
)
def test_what_is_drawn_from(given: dict[str, Any]) -> None:
    """The engine draws from what the filters on numpy leave, as often as they say.

    Of 600 draws each frequency is within 5 standard deviations, 1 in 1.7 million each.
    """
    draws = 600
    inputs = tokenizer()(["Мой"], return_tensors="np")
    common: dict[str, Any] = {
        "do_sample": True,
        "temperature": 1.3,
        "top_k": 0,
        "top_p": 1.0,
        "max_new_tokens": 1,
        **given,
    }
    hf.set_seed(3)
    shown = model().generate(**inputs, return_dict_in_generate=True, output_scores=True, **common)
    scores = shown.scores[0][0].astype(np.float64)
    likely = np.exp(scores - scores.max())
    likely /= likely.sum()
    out = model().generate(**inputs, num_return_sequences=draws, **common)
    found = np.bincount(out[:, -1], minlength=len(likely)) / draws
    assert not found[np.isneginf(scores)].any()
    spread = 5 * np.sqrt(likely * (1 - likely) / draws) + 1 / draws
    assert (np.abs(found - likely) <= spread).all()


def test_top_k_is_50_where_nobody_says_otherwise() -> None:
    """transformers' default, of calls that draw."""
    config = model().generation_config
    kept = config.top_k, config.top_p
    config.top_k = config.top_p = None
    try:
        out = model().generate(
            **chat(),
            do_sample=True,
            max_new_tokens=1,
            return_dict_in_generate=True,
            output_scores=True,
        )
        assert np.isfinite(out.scores[0]).sum() == 50
    finally:
        config.top_k, config.top_p = kept


# ---- Configurations.


def test_what_the_checkpoint_asks_for() -> None:
    """Its generation_config.json counts where the call says nothing."""
    config = model().generation_config
    assert (config.do_sample, config.temperature, config.top_k, config.top_p) == (
        *(True, 0.3),
        *(20, 0.8),
    )
    assert config.eos_token_id == [EOS, PAD]
    config.repetition_penalty = 1.3
    try:
        out = model().generate(**batch(), do_sample=False, max_new_tokens=24)
        assert out.tolist() == GOLDEN["repetition_penalty"]
    finally:
        config.repetition_penalty = 1.0


def test_a_config_of_the_call() -> None:
    """In place of arguments, ours or another's that has to_dict."""

    class Theirs:
        def to_dict(self) -> dict[str, Any]:
            return {"do_sample": False, "repetition_penalty": 1.3, "max_new_tokens": 24}

    for config in (hf.GenerationConfig(**Theirs().to_dict()), Theirs()):
        out = model().generate(**batch(), generation_config=config)
        assert out.tolist() == GOLDEN["repetition_penalty"]
    with pytest.raises(TypeError, match="generation_config"):
        model().generate(**batch(), generation_config={"top_k": 3})


def test_generation_configs(tmp_path: Path) -> None:
    """Their attributes, files and checks."""
    config = hf.GenerationConfig(top_k=3, my_own=4, do_sample=True)
    assert (config.top_k, config.my_own, config.top_p) == (3, 4, None)
    assert config.update(top_p=0.5, foo=1) == {"foo": 1}
    config.save_pretrained(tmp_path)
    assert hf.GenerationConfig.from_pretrained(tmp_path) == config
    assert hf.GenerationConfig.from_pretrained(tmp_path, top_k=9).top_k == 9
    assert config != hf.GenerationConfig()
    with pytest.raises(AttributeError, match="no_such"):
        config.no_such  # noqa: B018
    with pytest.raises(ValueError, match="streamer"):
        hf.GenerationConfig(streamer=3)
    with pytest.raises(ValueError, match="temperature"):
        hf.GenerationConfig(temperature=0.5).validate(strict=True)
    with pytest.raises(FileNotFoundError):
        hf.GenerationConfig.from_pretrained(tmp_path / "no")


# ---- The forward pass.


def test_logits() -> None:
    """Those of each row alone, at its places; zeros where the mask is."""
    inputs = batch()
    out = model()(**inputs)
    assert out.logits.shape == (*inputs["input_ids"].shape, 2560)
    assert out.logits.dtype == np.float32
    assert out[0] is out["logits"] is out.logits
    masked = inputs["attention_mask"] == 0
    assert not out.logits[masked].any()
    for row, text in enumerate(TEXTS):
        alone = model().forward([tokenizer().encode(text)]).logits[0]
        assert np.array_equal(out.logits[row, -len(alone) :], alone)
    last = model()(**inputs, logits_to_keep=2).logits
    assert np.array_equal(last, out.logits[:, -2:])
    assert model()(**inputs, return_dict=False)[0].shape == out.logits.shape


def test_loss() -> None:
    """The mean over labels that count, each at the place before it."""
    ids = np.array([tokenizer().encode(TEXTS[1])])
    labels = ids.copy()
    labels[0, :4] = -100
    out = model()(ids, labels=labels)
    shifted = out.logits[0].astype(np.float64)
    total = np.log(np.exp(shifted - shifted.max(-1, keepdims=True)).sum(-1))
    total += shifted.max(-1)
    places = range(4, ids.shape[1])
    expected = np.mean([total[i - 1] - shifted[i - 1, ids[0, i]] for i in places])
    assert math.isclose(float(out.loss), expected, rel_tol=1e-6)
    assert out.loss.shape == ()
    assert math.isnan(float(model()(ids, labels=np.full_like(ids, -100)).loss))


def test_long_rows_come_in_parts() -> None:
    """More logits than are held at once."""
    ids = np.array([tokenizer().encode(TEXTS[1] * 20)])
    whole = model()(ids).logits[0]
    assert len(whole) > 256
    assert np.array_equal(model()(ids[:, :150]).logits[0], whole[:150])


# ---- Threads and memory.


def test_several_threads() -> None:
    """Each gets its own answer."""
    answers: dict[int, Any] = {}

    def run(number: int) -> None:
        inputs = batch([TEXTS[number % 3]])
        answers[number] = new_text(
            inputs, model().generate(**inputs, do_sample=False, max_new_tokens=24)
        )

    threads = [threading.Thread(target=run, args=(number,)) for number in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    for number in range(3):
        assert answers[number] == answers[number + 3]
    expected = [row[22:] for row in GOLDEN["plain"]]
    for number in range(3):
        text = tokenizer().decode(expected[number], skip_special_tokens=True)
        assert answers[number] == [text]


def test_the_engine_grows() -> None:
    """A call with more room than the last needs a larger one; answers stay."""
    made = hf.AutoModelForCausalLM.from_pretrained(PATH)
    short = made.generate(**batch(), do_sample=False, max_new_tokens=8)
    long = made.generate(**batch(), do_sample=False, max_new_tokens=9000)
    assert np.array_equal(long[:, : short.shape[1]], short)


def test_many_rows() -> None:
    """More than run at once."""
    rows = [TEXTS[number % 3] for number in range(70)]
    inputs = batch(rows)
    out = model().generate(**inputs, do_sample=False, max_new_tokens=10)
    assert len({tuple(row) for row in out.tolist()}) == 3


def test_an_interrupt_stops_it() -> None:
    """What a streamer raises comes out, and the next call is as always."""

    class Stops:
        def put(self, value: Any) -> None:
            if value.ndim == 1:
                raise KeyboardInterrupt

        def end(self) -> None:
            raise AssertionError("the answer did not end")

    with pytest.raises(KeyboardInterrupt):
        model().generate(**chat(), do_sample=False, max_new_tokens=2000, streamer=Stops())
    out = model().generate(**chat(), do_sample=False, max_new_tokens=40)
    assert new_text(chat(), out) == [ANSWER]


def test_time_is_over() -> None:
    """Each row has a token, and no more come."""
    start = time.monotonic()
    out = model().generate(
        **batch(),
        generation_config=_endless(),
        do_sample=False,
        max_new_tokens=20000,
        max_time=0.05,
    )
    width = batch()["input_ids"].shape[1]
    assert 1 <= out.shape[1] - width < 20000
    assert time.monotonic() - start < 30


def test_a_closed_model() -> None:
    """BadState, as of everything that is closed."""
    made = hf.AutoModelForCausalLM.from_pretrained(PATH)
    made.native.close()
    with pytest.raises(tlite.BadState):
        made.generate(**chat(), do_sample=False, max_new_tokens=2)
