"""tlite.transformers: streamers, criteria, processors, scores; without torch."""

from __future__ import annotations

import asyncio
import queue
import threading
from typing import Any

import numpy as np
import pytest
import tlite.transformers as hf
from greedy_cases import TEXTS
from hf import ANSWER, EOS, PAD, batch, chat, model, new_text, tokenizer

GREEDY: dict[str, Any] = {"do_sample": False}


class Kept(hf.BaseStreamer):
    """What generate tells a streamer."""

    def __init__(self) -> None:
        self.got: list[Any] = []

    def put(self, value: Any) -> None:
        """Keeps it."""
        self.got.append(value.tolist())

    def end(self) -> None:
        """Keeps that too."""
        self.got.append("end")


def test_what_a_streamer_gets() -> None:
    """The prompt, each token as an array, and the end."""
    kept = Kept()
    out = model().generate(**chat(), **GREEDY, max_new_tokens=40, streamer=kept)
    width = chat()["input_ids"].shape[1]
    new = [[token] for token in out[0, width:].tolist()]
    assert kept.got == [chat()["input_ids"].tolist(), *new, "end"]


def test_what_a_streamer_of_a_batch_gets() -> None:
    """A token of each row at once, padding where one has ended."""
    kept = Kept()
    out = model().generate(**batch(), **GREEDY, max_new_tokens=6, streamer=kept)
    width = batch()["input_ids"].shape[1]
    assert kept.got == [batch()["input_ids"].tolist(), *out[:, width:].T.tolist(), "end"]
    assert PAD in out[0, width:]


def test_printed_as_it_comes(capsys: pytest.CaptureFixture[str]) -> None:
    """Without the prompt, and with a line's end at the end."""
    streamer = hf.TextStreamer(tokenizer(), skip_prompt=True, skip_special_tokens=True)
    model().generate(**chat(), **GREEDY, max_new_tokens=40, streamer=streamer)
    assert capsys.readouterr().out == ANSWER + "\n"
    with pytest.raises(ValueError, match="3"):
        model().generate(**batch(), **GREEDY, max_new_tokens=4, streamer=streamer)


def test_read_by_another_thread() -> None:
    """Pieces that make up the answer; queue.Empty when none comes."""
    streamer = hf.TextIteratorStreamer(tokenizer(), skip_prompt=True, timeout=30)
    given = dict(chat(), **GREEDY, max_new_tokens=40, streamer=streamer)
    thread = threading.Thread(target=model().generate, kwargs=given)
    thread.start()
    pieces = list(streamer)
    thread.join()
    assert "".join(pieces) == ANSWER + "<|im_end|>"
    assert len(pieces) > 4
    streamer.timeout = 0.01
    with pytest.raises(queue.Empty):
        next(streamer)


def test_read_by_a_coroutine() -> None:
    """The same pieces."""

    async def read() -> list[str]:
        streamer = hf.AsyncTextIteratorStreamer(tokenizer(), skip_prompt=True, timeout=30)
        given = dict(chat(), **GREEDY, max_new_tokens=40, streamer=streamer)
        thread = threading.Thread(target=model().generate, kwargs=given)
        thread.start()
        pieces = [piece async for piece in streamer]
        thread.join()
        return pieces

    assert "".join(asyncio.run(read())) == ANSWER + "<|im_end|>"


@pytest.mark.parametrize(
    ("text", "pieces"),
    [
        ("да нет\nа", ["да", " н", "ет", "\n", "а"]),
        ("да-нет, да", ["да", "-нет, ", "да"]),
        ("漢字", ["漢", "字"]),
    ],
)
def test_when_text_is_shown(text: str, pieces: list[str]) -> None:
    """Words and Chinese at once, what may still change with the next space or the end."""
    streamer = hf.TextIteratorStreamer(tokenizer(), timeout=1)
    for token in tokenizer().encode(text):
        streamer.put(np.array([token]))
    streamer.end()
    assert [piece for piece in streamer if piece] == pieces


def test_stop_strings() -> None:
    """Kept in the answer, their token whole; ids and bytes do not matter."""
    out = model().generate(
        **chat(), **GREEDY, max_new_tokens=40, stop_strings=["дель li"], tokenizer=tokenizer()
    )
    assert new_text(chat(), out) == [ANSWER[:-1]]
    kept = Kept()
    out = model().generate(
        **chat(),
        **GREEDY,
        max_new_tokens=40,
        stop_strings="модель",
        tokenizer=tokenizer(),
        streamer=kept,
    )
    width = chat()["input_ids"].shape[1]
    assert [token for tokens in kept.got[1:-1] for token in tokens] == out[0, width:].tolist()


def test_criteria_of_ones_own() -> None:
    """By row or for all; they see the prompt too."""
    seen: list[tuple[int, ...]] = []

    class ByRow(hf.StoppingCriteria):
        def __call__(self, input_ids: Any, scores: Any, **kwargs: Any) -> Any:
            seen.append(input_ids.shape)
            assert scores is None
            return input_ids[:, -1] % 3 == 0

    out = model().generate(**batch(), **GREEDY, max_new_tokens=30, stopping_criteria=[ByRow()])
    width = batch()["input_ids"].shape[1]
    assert seen[0] == (3, width + 1)
    for row in out[:, width:]:
        ends = next(i for i, token in enumerate(row) if token % 3 == 0 or token in (EOS, PAD))
        assert (row[ends + 1 :] == PAD).all()
    out = model().generate(
        **batch(), **GREEDY, max_new_tokens=30, stopping_criteria=[lambda ids, _: True]
    )
    assert out.shape[1] == width + 1


def test_criteria_that_come_along() -> None:
    """Called by hand."""
    ids = batch()["input_ids"]
    made = hf.StoppingCriteriaList(
        [
            hf.MaxLengthCriteria(100),
            hf.EosTokenCriteria([int(ids[2, -1])]),
            hf.StopStringCriteria(tokenizer(), "дом"),
        ]
    )
    assert made(ids, None).tolist() == [False, True, True]
    assert made.max_length == 100
    assert hf.MaxLengthCriteria(3)(ids, None).tolist() == [True] * 3
    assert hf.MaxTimeCriteria(0.0, initial_timestamp=0.0)(ids, None).all()
    with pytest.raises(NotImplementedError):
        hf.StoppingCriteria()(ids, None)


def test_processors_of_ones_own() -> None:
    """They see ids and float32 scores, and what they give counts."""

    class Odd(hf.LogitsProcessor):
        def __call__(self, input_ids: Any, scores: Any) -> Any:
            assert input_ids.shape[0] == scores.shape[0] == 3
            assert scores.dtype == np.float32
            return np.where(np.arange(scores.shape[1]) % 2 == 0, -np.inf, scores)

    out = model().generate(
        **batch(), **GREEDY, max_new_tokens=12, logits_processor=hf.LogitsProcessorList([Odd()])
    )
    new = out[:, batch()["input_ids"].shape[1] :]
    assert (new % 2 == 1).all()


def test_processors_that_are_wrong() -> None:
    """What they raise comes out; another shape is said."""

    def fails(*_: Any) -> Any:
        raise KeyError("mine")

    with pytest.raises(KeyError, match="mine"):
        model().generate(**chat(), **GREEDY, max_new_tokens=4, logits_processor=[fails])
    with pytest.raises(ValueError, match=r"\(1, 5\)"):
        model().generate(
            **chat(), **GREEDY, max_new_tokens=4, logits_processor=[lambda _, s: s[:, :5]]
        )
    with pytest.raises(NotImplementedError):
        hf.LogitsProcessor()(None, None)
    with pytest.raises(ValueError, match="row 0"):
        model().generate(
            **chat(),
            do_sample=True,
            max_new_tokens=4,
            logits_processor=[lambda _, s: np.full_like(s, -np.inf)],
        )


def test_a_processor_in_place_of_an_argument() -> None:
    """The caller's own counts."""
    mine = hf.MinLengthLogitsProcessor(25, [EOS, PAD])
    given = dict(batch(), **GREEDY, max_new_tokens=60)
    short = model().generate(**given, min_length=60, logits_processor=[mine])
    assert np.array_equal(short, model().generate(**given, min_length=25))


def test_allowed_tokens() -> None:
    """By a function of the row and its ids."""
    seen: list[int] = []

    def allowed(row: int, ids: Any) -> list[int]:
        seen.append(row)
        return [500 + row, int(ids[-1])]

    out = model().generate(**batch(), **GREEDY, max_new_tokens=3, prefix_allowed_tokens_fn=allowed)
    assert seen[:3] == [0, 1, 2]
    ids = batch()["input_ids"]
    for row, new in enumerate(out[:, ids.shape[1] :]):
        assert set(new.tolist()) <= {500 + row, int(ids[row, -1])}
    with pytest.raises(ValueError, match="row 0"):
        model().generate(
            **chat(), **GREEDY, max_new_tokens=3, prefix_allowed_tokens_fn=lambda *_: []
        )


def test_scores_and_logits() -> None:
    """What was chosen from, and what the model said."""
    out = model().generate(
        **batch(),
        **GREEDY,
        repetition_penalty=1.2,
        max_new_tokens=6,
        return_dict_in_generate=True,
        output_scores=True,
        output_logits=True,
    )
    plain = model().generate(**batch(), **GREEDY, repetition_penalty=1.2, max_new_tokens=6)
    assert np.array_equal(out.sequences, plain)
    assert out.keys() == ["sequences", "scores", "logits"]
    assert len(out.scores) == len(out.logits) == plain.shape[1] - batch()["input_ids"].shape[1]
    assert {step.shape for step in out.scores} == {(3, 2560)}
    first = model()(**batch()).logits[:, -1]
    assert np.array_equal(out.logits[0], first)
    ids = batch()["input_ids"]
    for row, mask in enumerate(batch()["attention_mask"]):
        expected = first[row].copy()
        seen = np.unique(ids[row][mask == 1])
        expected[seen] = np.where(
            first[row, seen] < 0,
            first[row, seen] * np.float32(1.2),
            first[row, seen] / np.float32(1.2),
        )
        assert np.array_equal(out.scores[0][row], expected)
    assert "scores" not in model().generate(
        **chat(), **GREEDY, max_new_tokens=2, return_dict_in_generate=True
    )


def test_transition_scores() -> None:
    """How likely each token was."""
    out = model().generate(
        **chat(),
        **GREEDY,
        max_new_tokens=6,
        return_dict_in_generate=True,
        output_scores=True,
    )
    raw = model().compute_transition_scores(out.sequences, out.scores)
    assert raw.shape == (1, len(out.scores))
    assert raw[0].tolist() == [float(step.max()) for step in out.scores]
    logs = model().compute_transition_scores(out.sequences, out.scores, normalize_logits=True)
    assert (logs <= 0).all()


def test_an_answer_that_outgrows_its_memory() -> None:
    """The loop over an evaluator makes a larger one on the way; answers stay."""
    given: dict[str, Any] = dict(
        **batch([TEXTS[0], TEXTS[2]]),
        **GREEDY,
        eos_token_id=0,
        pad_token_id=0,
        max_new_tokens=700,
    )
    looked = model().generate(**given, stopping_criteria=[lambda ids, _: False])
    assert looked.shape[1] > 600
    assert np.array_equal(looked, model().generate(**given))


def test_what_comes_of_several_answers() -> None:
    """num_return_sequences, step by step: rows of one prompt are next to each other."""
    hf.set_seed(5)
    out = model().generate(
        **batch(),
        do_sample=True,
        temperature=1.5,
        num_return_sequences=2,
        max_new_tokens=5,
        stopping_criteria=[lambda ids, _: False],
    )
    ids = batch()["input_ids"]
    assert np.array_equal(out[:, : ids.shape[1]], np.repeat(ids, 2, axis=0))
