"""Answers on their threads, without an office."""

from __future__ import annotations

import builtins
import time
from pathlib import Path
from typing import Any

import pytest
import tlite
from conftest import DEMO
from tlite_writer.engine.answer import Answer, Work
from tlite_writer.engine.plan import plan_of
from tlite_writer.engine.refusal import Refusal, refusal_of
from tlite_writer.engine.shelf import Shelf
from tlite_writer.engine.wish import BATCH_ROWS, Wish
from tlite_writer.text.commands import COMMANDS, prompt_of

POEM = "Напиши стих."  # a passage that the demo model takes for a wish
WISH = Wish(str(DEMO), 1024)


def finished(answer: Answer) -> str:
    """What it says, to its end."""
    text = ""
    deadline = time.monotonic() + 60
    while not answer.ended:
        assert time.monotonic() < deadline
        text += answer.take()
        time.sleep(0.001)
    assert answer.join(10)
    return text + answer.take()


def started(command: str, passage: str, wish: Wish = WISH, shelf: Shelf | None = None) -> Answer:
    """An answer on its way."""
    answer = Answer(Work(COMMANDS[command], passage, wish, seed=7), shelf or Shelf())
    answer.start()
    return answer


@pytest.mark.parametrize("command", COMMANDS)
def test_an_answer_is_that_of_a_session(command: str) -> None:
    """By the checkpoint's sampling, greedy where there is a right answer."""
    answer = started(command, POEM)
    text = finished(answer)
    model = tlite.Model(DEMO)
    sampling = model.default_sampling.replace(seed=7)
    if COMMANDS[command].exact:
        sampling = tlite.SamplingParams(temperature=0)
    session = tlite.Session(model, sampling=sampling)
    assert text == session.chat(prompt_of(COMMANDS[command], POEM)).text
    assert (answer.failure, answer.reason) == (None, "end_of_text")
    assert answer.tokens > 10


def test_a_model_is_loaded_once() -> None:
    """And again where another is wished for, or the same otherwise."""
    shelf = Shelf()
    first = finished(started("rewrite", POEM, shelf=shelf))
    model = shelf.model
    assert finished(started("rewrite", POEM, shelf=shelf)) == first
    assert shelf.model is model
    assert finished(started("rewrite", POEM, Wish(str(DEMO), 512, 1), shelf)) == first
    assert shelf.model is not model
    assert model.closed


@pytest.mark.parametrize("when", ["reading", "writing"])
def test_an_answer_stops_within_milliseconds(when: str, slow_path: Path) -> None:
    """In a prompt of seconds, and in an answer that does not end; the next one is as ever."""
    wish, shelf = Wish(str(slow_path), 4096), Shelf()
    answer = started("rewrite", "слово " * 300, wish, shelf)
    deadline = time.monotonic() + 60
    while answer.stage[0] != when and time.monotonic() < deadline:
        time.sleep(0.001)
    assert answer.stage[0] == when
    begin = time.monotonic()
    answer.cancel()
    assert answer.join(60)
    assert time.monotonic() - begin < 5  # a busy machine's; alone it is 20 ms
    assert (answer.reason, answer.failure) == ("cancelled", None)
    assert bool(answer.take()) == (when == "writing")
    again = started("correct", "слово", wish, shelf)
    finished(again)
    assert again.reason == "length"


def test_progress_grows_while_a_prompt_is_read(slow_path: Path) -> None:
    """From nothing on, never back."""
    answer = started("rewrite", "слово " * 300, Wish(str(slow_path), 4096))
    parts = []
    while not answer.ended and answer.stage[0] != "writing":
        stage, part = answer.stage
        if stage == "reading":
            parts.append(part)
        time.sleep(0.01)
    answer.cancel()
    assert answer.join(60)
    assert parts == sorted(parts)
    assert any(0 < part < 1 for part in parts)


def test_a_load_stops(monkeypatch: pytest.MonkeyPatch) -> None:
    """When the model tells how far it is."""

    def load(path: str, *, threads: int | None, progress: Any) -> None:
        while True:
            progress(1, 4)
            time.sleep(0.001)

    load.inspect = tlite.Model.inspect  # type: ignore[attr-defined]
    monkeypatch.setattr(tlite, "Model", load)
    answer = started("rewrite", POEM)
    deadline = time.monotonic() + 60
    while answer.stage != ("loading", 0.25):
        assert time.monotonic() < deadline
    answer.cancel()
    assert finished(answer) == ""
    assert answer.reason == "cancelled"


def test_a_cancel_before_the_start_is_no_answer() -> None:
    """Nor an error."""
    answer = Answer(Work(COMMANDS["rewrite"], POEM, WISH), Shelf())
    answer.cancel()
    answer.start()
    assert finished(answer) == ""
    assert answer.reason == "cancelled"


def test_passages_that_leave_no_room_are_refused_with_numbers() -> None:
    """Those of the tokenizer."""
    passage = "Сегодня мы ходили в лес. " * 40
    answer = started("rewrite", passage, Wish(str(DEMO), 512))
    assert finished(answer) == ""
    assert answer.failure is not None
    tokens = len(tlite.Tokenizer(DEMO).encode(passage))
    assert answer.failure.key == "too_long"
    assert answer.failure.values["passage"] == tokens
    assert answer.failure.values["context"] == 512
    needed = answer.failure.values["needed"]
    assert isinstance(needed, int)
    assert 2.25 * tokens < needed < 2.25 * tokens + 200


def _broken(tmp_path: Path, kind: str) -> Path:
    if kind == "no_file":
        return tmp_path / "gone.gguf"
    path = tmp_path / "model.gguf"
    path.write_bytes(b"GGUF" + bytes(20) if kind == "not_supported" else b"no model at all")
    if kind == "no_chat":
        path = tmp_path / "base"
        path.mkdir()
        for file in DEMO.iterdir():
            data = file.read_bytes()
            if file.name == "tokenizer_config.json":
                data = data.replace(b'"chat_template"', b'"no_template"')
            (path / file.name).write_bytes(data)
    return path


@pytest.mark.parametrize("kind", ["no_file", "broken", "not_supported", "no_chat"])
def test_what_is_no_model_is_a_sentence(kind: str, tmp_path: Path) -> None:
    """That names the file, for the plan as for the answer."""
    path = _broken(tmp_path, kind)
    answer = started("rewrite", POEM, Wish(str(path)))
    assert finished(answer) == ""
    assert answer.failure is not None
    assert answer.failure.key == kind
    assert any(str(path) in str(value) for value in answer.failure.values.values())
    with pytest.raises((Refusal, tlite.Error)) as caught:
        plan_of(Wish(str(path)))
    assert refusal_of(caught.value).key == kind


def test_the_plan_is_that_of_the_model() -> None:
    """And a context that the model has not is refused with both numbers."""
    plan = plan_of(WISH)
    library = tlite.Model.plan(DEMO, context=1024, max_batch_rows=BATCH_ROWS)
    assert (plan.total, plan.cache, plan.scratch) == (
        *(library.total, library.kv_cache),
        library.scratch,
    )
    assert plan.weights + plan.cache + plan.scratch == plan.total
    assert plan.free is None or plan.free > 0
    for context in (0, 2049):
        with pytest.raises(Refusal) as caught:
            plan_of(Wish(str(DEMO), context))
        assert caught.value.values == {"context": context, "most": 2048}
        answer = started("rewrite", POEM, Wish(str(DEMO), context))
        finished(answer)
        assert answer.failure is not None
        assert answer.failure.key == "bad_context"


def test_without_a_model_or_a_library(monkeypatch: pytest.MonkeyPatch) -> None:
    """Each has its sentence."""
    answer = started("rewrite", POEM, Wish())
    finished(answer)
    assert answer.failure is not None
    assert answer.failure.key == "no_model"
    real = builtins.__import__

    def absent(name: str, *rest: Any) -> Any:
        if name == "tlite":
            raise ImportError("cannot load libtlite_c.so")
        return real(name, *rest)

    monkeypatch.setattr(builtins, "__import__", absent)
    answer = started("rewrite", POEM)
    finished(answer)
    assert answer.failure is not None
    assert (answer.failure.key, str(answer.failure.values["reason"])) == (
        *("no_library",),
        "cannot load libtlite_c.so",
    )
    assert refusal_of(MemoryError()).key == "no_memory"
    assert refusal_of(ZeroDivisionError()).values == {"reason": "ZeroDivisionError"}
