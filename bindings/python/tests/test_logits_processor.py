"""Functions of Python's between the model and the sampler."""

from __future__ import annotations

import asyncio
import gc
import math
import threading
import weakref
from typing import Any

import numpy as np
import pytest
import tlite
from conftest import ANSWER, who


def nothing(tokens: Any, logits: Any) -> None:
    """Changes nothing."""


def fails(tokens: Any, logits: Any) -> None:
    """Raises with the fourth token."""
    if len(tokens) > fails_after[0]:
        raise ZeroDivisionError("mine")


fails_after = [0]


@pytest.fixture
def prompt(model: tlite.Model) -> list[int]:
    """The ids of a conversation whose answer is known."""
    text = model.chat_template.render(who(), add_generation_prompt=True)
    ids = list(model.tokenizer.encode(text))
    fails_after[0] = len(ids) + 2
    return ids


def test_it_sees_what_the_model_says(
    model: tlite.Model, engine: tlite.Engine, greedy: tlite.SamplingParams, prompt: list[int]
) -> None:
    """The ids so far, and the evaluator's own logits, bit for bit."""
    seen: list[tuple[list[int], Any]] = []

    def look(tokens: Any, logits: Any) -> None:
        assert tokens.dtype == np.int32 and logits.dtype == np.float32
        seen.append((tokens.tolist(), logits))

    answer = engine.stream(prompt, sampling=greedy, logits_processor=look).run()
    assert answer.text == ANSWER
    assert [ids for ids, _ in seen] == [
        [*prompt, *answer.tokens[:count]] for count in range(len(answer.tokens))
    ]
    engine.close()  # the arrays are the function's own
    with tlite.Evaluator(model, context=256) as evaluator:
        sequence = evaluator.create_sequence()
        evaluator.append(sequence, prompt)
        for (_, logits), token in zip(seen, answer.tokens, strict=True):
            assert np.array_equal(logits, evaluator.logits(copy=True)[0])
            evaluator.append(sequence, [token])


def test_what_it_writes_counts(
    model: tlite.Model, engine: tlite.Engine, greedy: tlite.SamplingParams
) -> None:
    """In place or returned, as logit_bias does it; of a session too."""
    banned = engine.stream(who(), sampling=greedy).run().tokens[0]

    def in_place(tokens: Any, logits: Any) -> None:
        logits[banned] = -math.inf
        logits[7] += 2

    def returned(tokens: Any, logits: Any) -> Any:
        made = logits.astype(np.float64)
        made[banned] = -math.inf
        made[7] += 2
        return made

    params = greedy.replace(logit_bias={banned: -math.inf, 7: 2.0})
    expected = engine.stream(who(), sampling=params).run()
    assert expected.tokens[0] != banned
    for function in (in_place, returned):
        answer = engine.map([who()], sampling=greedy, logits_processor=function)[0]
        assert answer.tokens == expected.tokens
        session = tlite.Session(model, sampling=greedy, logits_processor=function)
        assert session.logits_processor is function
        assert session.chat("Кто ты?").tokens == expected.tokens
        twin = tlite.Session(engine, sampling=greedy)
        twin.logits_processor = function
        twin = twin.fork()
        assert twin.chat("Кто ты?").tokens == expected.tokens
        twin.logits_processor = None
        twin.reset()
        assert twin.chat("Кто ты?").text == ANSWER
        assert session.fork().regenerate().run().tokens == expected.tokens


def test_each_request_has_its_own(engine: tlite.Engine, greedy: tlite.SamplingParams) -> None:
    """In one batch, with n answers, and beside requests without."""
    calls = [0, 0]

    def count(place: int) -> Any:
        def one(tokens: Any, logits: Any) -> None:
            calls[place] += 1

        return one

    each: list[tlite.RequestOptions] = [
        {"logits_processor": count(0), "n": 2},
        {},
        {"logits_processor": count(1)},
    ]
    answers = engine.map([who()] * 3, each=each, sampling=greedy)
    assert [answer.text for answer in answers] == [ANSWER] * 4
    tokens = len(answers[0].tokens)
    assert calls == [2 * tokens, tokens]


def raised(call: Any) -> tlite.Cancelled:
    """What it raises, whose cause is what the function raised."""
    with pytest.raises(
        tlite.Cancelled, match="logits_processor raised ZeroDivisionError: mine"
    ) as e:
        call()
    assert isinstance(e.value.__cause__, ZeroDivisionError)
    return e.value


def test_what_it_raises_ends_its_request(
    engine: tlite.Engine, greedy: tlite.SamplingParams, prompt: list[int]
) -> None:
    """By every way to wait; what others asked for goes on."""
    given: dict[str, Any] = dict(sampling=greedy, logits_processor=fails)
    beside = engine.submit(prompt, sampling=greedy)
    pieces: list[str] = []

    def read() -> None:
        for piece in engine.stream(prompt, **given):
            pieces.append(piece)

    raised(read)
    assert ANSWER.startswith("".join(pieces)) and len(pieces) == 3
    raised(lambda: engine.stream(prompt, **given).run())
    raised(lambda: engine.map([prompt], **given))
    raised(lambda: engine.map([prompt], n=3, **given))
    raised(lambda: engine.wait(engine.submit(prompt, **given)))
    raised(lambda: asyncio.run(engine.generate(prompt, **given)))
    assert engine.wait(beside).text == ANSWER
    request = engine.submit(prompt, **given)
    engine.run()
    while (event := engine.poll()) is not None:
        last = event
    assert (last.request, last.finish_reason) == (request, "failed")
    assert last.error is not None and isinstance(last.error.__cause__, ZeroDivisionError)
    assert last.result is not None and len(last.result.tokens) == 3
    assert engine.stream(prompt, sampling=greedy).run().text == ANSWER


def test_what_it_raises_ends_an_answer(
    model: tlite.Model, greedy: tlite.SamplingParams, prompt: list[int]
) -> None:
    """Of a session, which is free for the next."""
    session = tlite.Session(model, sampling=greedy, logits_processor=fails)
    raised(lambda: session.complete(prompt).run())
    raised(lambda: asyncio.run(_awaited(session.complete(prompt))))
    fails_after[0] = 10**6
    assert session.complete(prompt).run().text == ANSWER


async def _awaited(stream: tlite.Stream) -> tlite.Generation:
    return await stream


@pytest.mark.parametrize(
    ("function", "kind", "match"),
    [
        (lambda ids, logits: logits[:5], ValueError, r"\(5,\) in place of"),
        (lambda ids, logits: "text", ValueError, r"\(\) in place of"),
        (lambda ids, logits: logits.astype(complex), TypeError, "Cannot cast"),
        (lambda ids, logits: logits.fill(0, 0), TypeError, "argument"),
        (lambda: None, TypeError, "positional"),
    ],
)
def test_bad_results(engine: tlite.Engine, function: Any, kind: Any, match: str) -> None:
    """Are what it raised."""
    with pytest.raises(tlite.Cancelled) as caught:
        engine.stream(who(), logits_processor=function).run()
    assert isinstance(caught.value.__cause__, kind)
    with pytest.raises(kind, match=match):
        raise caught.value.__cause__


def test_bad_logits_and_bad_calls(engine: tlite.Engine) -> None:
    """NaN and +inf fail the request; what is no function, or is for an embedding, is refused."""
    for value in (math.nan, math.inf):

        def fill(tokens: Any, logits: Any, value: float = value) -> None:
            logits.fill(value)

        with pytest.raises(tlite.InvalidArgument, match="logit"):
            engine.stream(who(), logits_processor=fill).run()
    with pytest.raises(TypeError, match="logits_processor must be callable, which a int"):
        engine.submit(who(), logits_processor=3)  # type: ignore[arg-type]
    with pytest.raises(TypeError, match="logits_processor"):
        tlite.Session(engine, logits_processor="f")  # type: ignore[arg-type]
    with pytest.raises(tlite.InvalidArgument, match="logits_processor"):
        engine.map([who()], pooling="mean", logits_processor=nothing)


def test_it_cannot_wait_for_its_own_engine(engine: tlite.Engine) -> None:
    """BadState in place of waiting for ever; cancel and submit are allowed."""
    for inside in (
        lambda: engine.stream("Да").run(),
        lambda: engine.map(["Да"]),
        lambda: engine.step(0.1),
        lambda: engine.wait(engine.submit("Да")),
    ):

        def function(tokens: Any, logits: Any, inside: Any = inside) -> None:
            inside()

        with pytest.raises(tlite.Cancelled) as caught:
            engine.stream(who(), logits_processor=function).run()
        assert isinstance(caught.value.__cause__, tlite.BadState)
    late: list[int] = []

    def submits(tokens: Any, logits: Any) -> None:
        if not late:
            late.append(engine.submit(who()))

    engine.stream(who(), logits_processor=submits).run()
    assert engine.wait(late[0]).tokens


def test_ctrl_c_in_it(
    model: tlite.Model, engine: tlite.Engine, greedy: tlite.SamplingParams
) -> None:
    """Is the thread's, as anywhere else."""

    def stop(tokens: Any, logits: Any) -> None:
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        engine.stream(who(), logits_processor=stop).run()
    with pytest.raises(KeyboardInterrupt):
        tlite.Session(model, logits_processor=stop).chat("Да")
    assert engine.stream(who(), sampling=greedy).run().text == ANSWER


def test_it_goes_with_its_request(model: tlite.Model, greedy: tlite.SamplingParams) -> None:
    """Nothing keeps a function whose requests have ended, were dropped, or whose engine closed."""

    class Function:
        def __call__(self, tokens: Any, logits: Any) -> None:
            pass

    kept: list[weakref.ref[Function]] = []

    def made() -> Function:
        function = Function()
        kept.append(weakref.ref(function))
        return function

    engine = tlite.Engine(model, context=1024)
    engine.map([who()] * 3, sampling=greedy, logits_processor=made())
    stream = engine.stream(who(), sampling=greedy, logits_processor=made())
    next(stream)
    stream.close()
    engine.run()
    engine.poll()
    engine.submit(who(), logits_processor=made())
    engine.close()
    session = tlite.Session(model, logits_processor=made())
    session.logits_processor = None
    with pytest.raises(tlite.InvalidArgument):
        tlite.Engine(model, context=1024).submit(who(), priority=0, n=0, logits_processor=made())
    del stream, session
    gc.collect()
    assert [ref() for ref in kept] == [None] * 5


def test_of_many_threads(engine: tlite.Engine, greedy: tlite.SamplingParams) -> None:
    """Whichever thread works calls it."""
    answers: list[str] = []

    def ask() -> None:
        stream = engine.stream(who(), sampling=greedy, logits_processor=nothing)
        answers.append(stream.run().text)

    threads = [threading.Thread(target=ask) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert answers == [ANSWER] * 4
