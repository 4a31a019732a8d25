"""Many requests at once, from loops, threads and event loops."""

from __future__ import annotations

import asyncio
import gc
import threading
import time
import weakref
from pathlib import Path
from typing import Any

import pytest
import tlite
from conftest import ANSWER, DEMO, who


def test_prompts_of_every_kind(model: tlite.Model, engine: tlite.Engine, greedy: Any) -> None:
    """Conversations, rendered prompts, texts, ids."""
    prompt = model.chat_template.render(who(), add_generation_prompt=True)
    prompts: list[Any] = [who(), prompt, prompt.text, model.tokenizer.encode(prompt)]
    prompts.append(tuple(who()))
    answers = engine.map(prompts, sampling=greedy)
    assert [answer.text for answer in answers] == [ANSWER] * 5
    assert answers[0].tokens == answers[3].tokens


def test_a_loop_of_ones_own(engine: tlite.Engine, greedy: tlite.SamplingParams) -> None:
    """Submit, step, poll."""
    requests = [engine.submit(who(), sampling=greedy, priority=i) for i in range(3)]
    texts = dict.fromkeys(requests, "")
    results = {}
    while engine.step(0.002):
        while (event := engine.poll()) is not None:
            texts[event.request] += event.piece
            if event.finish_reason is not None:
                results[event.request] = event.result
    while (event := engine.poll()) is not None:
        texts[event.request] += event.piece
        if event.finish_reason is not None:
            results[event.request] = event.result
    assert set(texts.values()) == {ANSWER}
    assert {result.text for result in results.values() if result} == {ANSWER}
    status = engine.status
    assert (status.waiting, status.running) == (0, 0) and status.cached_tokens > 0
    assert engine.wait_for_work(0.01) is False


def test_wait_takes_what_nobody_polled(engine: tlite.Engine, greedy: Any) -> None:
    """Once; an unknown request is an error."""
    first, second = (engine.submit(who(), sampling=greedy) for _ in range(2))
    assert engine.wait(second).text == ANSWER
    engine.run()
    assert engine.wait(first).text == ANSWER
    assert engine.poll() is None
    with pytest.raises(tlite.InvalidArgument, match=f"no request {first}"):
        engine.wait(first)


def test_a_stream(engine: tlite.Engine, greedy: tlite.SamplingParams) -> None:
    """Pieces, a result, closing in the middle."""
    stream = engine.stream(who(), sampling=greedy.replace(logprobs=1))
    pieces = list(stream)
    assert "".join(pieces) == stream.result.text == ANSWER
    assert pieces[0].logprob is not None and len(pieces[0].top_logprobs) == 1
    assert list(stream) == []
    with engine.stream(who(), sampling=greedy) as stream:
        next(stream)
        with pytest.raises(tlite.BadState, match="has no result"):
            stream.result  # noqa: B018
    engine.run()
    assert engine.status.running == 0 and engine.poll() is None
    endless = tlite.SamplingParams(ignore_eos=True)
    stream = engine.stream("Привет", sampling=endless)
    next(stream)
    request = stream.request
    del stream  # which ends it, without the help of the garbage collector
    engine.run()
    with pytest.raises(tlite.InvalidArgument, match=f"no request {request}"):
        engine.wait(request)
    stream = engine.stream("Привет", sampling=endless)
    next(stream)
    stream.cancel()
    assert stream.run().finish_reason == "cancelled"


def test_a_dropped_stream_is_gone_at_once(engine: tlite.Engine) -> None:
    """Nothing holds it in a cycle."""
    stream = engine.stream("Привет")
    gone = weakref.ref(stream)
    del stream
    assert gone() is None


def test_a_closed_event_loop_ends_its_request(engine: tlite.Engine) -> None:
    """What a coroutine left behind does not compute for ever."""

    async def begin() -> tlite.RequestStream:
        stream = engine.stream("Привет", sampling=tlite.SamplingParams(ignore_eos=True))
        await stream.__anext__()
        return stream

    stream = asyncio.run(begin())
    deadline = time.monotonic() + 30
    while engine.status.running and time.monotonic() < deadline:
        time.sleep(0.01)
    engine.poll()
    assert stream._inbox.events[-1].finish_reason == "cancelled"


def test_streams_in_turn(engine: tlite.Engine, greedy: tlite.SamplingParams) -> None:
    """What one reads is worked out for all."""
    streams = [engine.stream(who(), sampling=greedy) for _ in range(3)]
    assert [["".join(s) for s in streams]] == [[ANSWER] * 3]


def test_map(engine: tlite.Engine, greedy: tlite.SamplingParams) -> None:
    """Order, params of each, progress."""
    told: list[tuple[int, int]] = []
    limits: list[tlite.RequestOptions] = [
        {"sampling": greedy.replace(max_new_tokens=n)} for n in (1, 2, 3)
    ]
    answers = engine.map(
        [who()] * 3, each=limits, progress=lambda done, total: told.append((done, total))
    )
    assert [len(answer.tokens) for answer in answers] == [1, 2, 3]
    assert told == [(1, 3), (2, 3), (3, 3)]
    assert engine.map([]) == []
    with pytest.raises(tlite.InvalidArgument, match="each has 1 entries for 2"):
        engine.map([who()] * 2, each=limits[:1])


def test_map_ends_all_where_one_is_wrong(engine: tlite.Engine) -> None:
    """Nothing goes on behind an exception."""
    with pytest.raises(tlite.ContextFull):
        engine.map(["Привет", [5] * 5000], context=512)
    engine.run()
    assert (engine.status.running, engine.status.waiting, engine.poll()) == (0, 0, None)


def test_a_deadline_and_a_cancel(engine: tlite.Engine) -> None:
    """Reasons of their own, with what there is."""
    request = engine.submit("Привет", timeout=0)
    assert engine.wait(request).finish_reason == "deadline"
    request = engine.submit("Привет", sampling=tlite.SamplingParams(ignore_eos=True))
    engine.cancel(request)
    engine.cancel(12345)
    engine.set_priority(request, 3)
    engine.end_thinking(request)  # it does not think
    assert engine.wait(request).finish_reason == "cancelled"


@pytest.mark.parametrize(
    ("use", "kind", "message"),
    [
        (lambda e: e.submit(5), TypeError, "prompt must be"),
        (lambda e: e.submit(None), TypeError, "prompt must be"),
        (lambda e: e.submit([]), tlite.InvalidArgument, "ids|prompt|empty|no tokens"),
        (lambda e: e.submit([10**6]), tlite.InvalidArgument, "1000000"),
        (
            lambda e: e.submit("a", sampling=tlite.SamplingParams(thinking_budget=5)),
            tlite.InvalidArgument,
            "thinking_budget is 5, and the model has no tokens <think>",
        ),
        (lambda e: e.submit([1.0]), TypeError, "prompt must be ints"),
        (lambda e: e.submit({"role": "user"}), TypeError, "list of dicts"),
        (lambda e: e.submit([{"role": "user"}, 5]), TypeError, "int"),
        (lambda e: e.submit("a", timeout=-1), tlite.InvalidArgument, "timeout is -1"),
        (lambda e: e.submit("a", timeout="x"), TypeError, "timeout must be a number"),
        (lambda e: e.submit("a", priority=1.5), TypeError, "priority must be an int"),
        (lambda e: e.submit("a", context=-3), tlite.InvalidArgument, "context"),
        (lambda e: e.submit("a", colour=1), TypeError, "colour"),
        (lambda e: e.step("x"), TypeError, "budget must be a number"),
        (lambda e: e.step(float("nan")), tlite.InvalidArgument, "budget is nan"),
        (lambda e: e.cancel("x"), TypeError, "request must be an int"),
        (lambda e: tlite.Engine(e.model, max_sequences=0), tlite.InvalidArgument, "max_sequences"),
        (lambda e: tlite.Engine(e.model, context=2**40), tlite.InvalidArgument, "context"),
        (lambda e: tlite.Engine(e.model, max_delay=-1), tlite.InvalidArgument, "max_delay"),
    ],
)
def test_bad_input(engine: tlite.Engine, use: Any, kind: type[Exception], message: str) -> None:
    """An exception with a sentence, and the engine goes on."""
    with pytest.raises(kind, match=message):
        use(engine)
    assert engine.map(["Привет"], sampling=tlite.SamplingParams(max_new_tokens=1))


def test_options(engine: tlite.Engine) -> None:
    """As resolved."""
    options = engine.options
    assert options["context"] == 4096 and options["max_delay"] == 0.05
    assert options["prefix_cache"] is True and options["kv_type"] == "f16"


def test_a_session_on_an_engine(engine: tlite.Engine, greedy: tlite.SamplingParams) -> None:
    """Worked on with the requests, and goes on when the engine is closed."""
    session = tlite.Session(engine, sampling=greedy)
    request = engine.submit(who(), sampling=greedy)
    assert session.chat("Кто ты?").text == ANSWER
    assert engine.wait(request).text == ANSWER
    engine.close()
    session.reset()
    assert session.chat("Кто ты?").text == ANSWER


def test_four_threads(engine: tlite.Engine) -> None:
    """Readers of streams, map and wait share the work, and all get the answer of one alone."""
    params = tlite.SamplingParams(temperature=1.0, seed=3, max_new_tokens=40)
    alone = engine.map([who()], sampling=params)[0].text
    answers: list[str] = []

    def stream() -> None:
        answers.extend("".join(engine.stream(who(), sampling=params)) for _ in range(4))

    def several() -> None:
        answers.extend(answer.text for answer in engine.map([who()] * 4, sampling=params))

    def wait() -> None:
        answers.extend(engine.wait(engine.submit(who(), sampling=params)).text for _ in range(4))

    threads = [threading.Thread(target=work) for work in (stream, several, wait, stream)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)
    assert answers == [alone] * 16


def test_closing_under_readers(model: tlite.Model) -> None:
    """They get BadState, and nobody hangs."""
    engine = tlite.Engine(model, context=1024)
    errors: list[Exception] = []
    begun = threading.Barrier(3)

    def read() -> None:
        stream = engine.stream("Привет", sampling=tlite.SamplingParams(ignore_eos=True))
        next(stream)
        begun.wait()
        try:
            stream.run()
        except tlite.Error as error:
            errors.append(error)

    threads = [threading.Thread(target=read) for _ in range(2)]
    for thread in threads:
        thread.start()
    begun.wait()
    engine.close()
    engine.close()
    for thread in threads:
        thread.join(30)
    assert len(errors) == 2 and all(isinstance(error, tlite.BadState) for error in errors)
    for use in (lambda: engine.submit("a"), lambda: engine.poll(), lambda: engine.status):
        with pytest.raises(tlite.BadState, match="this Engine is closed"):
            use()


def test_coroutines(model: tlite.Model, engine: tlite.Engine, greedy: Any) -> None:
    """Many at once, as streams too; one that is cancelled cancels its request."""

    async def streamed() -> str:
        return "".join([piece async for piece in engine.stream(who(), sampling=greedy)])

    async def main() -> None:
        answers = await asyncio.gather(*(engine.generate(who(), sampling=greedy) for _ in range(8)))
        assert {answer.text for answer in answers} == {ANSWER}
        assert [*await asyncio.gather(streamed(), streamed())] == [ANSWER] * 2
        endless = asyncio.ensure_future(
            engine.generate("Привет", sampling=tlite.SamplingParams(ignore_eos=True))
        )
        await asyncio.sleep(0.05)
        endless.cancel()
        with pytest.raises(asyncio.CancelledError):
            await endless
        with pytest.raises(tlite.ContextFull):
            await engine.generate([5] * 5000, context=100)
        while engine.status.running:
            await asyncio.sleep(0.01)

    asyncio.run(main())
    asyncio.run(main())  # another event loop


def test_two_event_loops(engine: tlite.Engine, greedy: tlite.SamplingParams) -> None:
    """On one engine; a stream belongs to the one that began it."""
    answers: list[str] = []

    async def ask() -> None:
        for _ in range(5):
            answers.append((await engine.generate(who(), sampling=greedy)).text)

    threads = [threading.Thread(target=lambda: asyncio.run(ask())) for _ in range(2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)
    assert answers == [ANSWER] * 10

    async def begin() -> tlite.RequestStream:
        stream = engine.stream(who(), sampling=greedy)
        await stream.__anext__()
        return stream

    async def go_on(stream: tlite.RequestStream) -> None:
        with pytest.raises(tlite.BadState, match="another event loop"):
            await stream.__anext__()

    asyncio.run(go_on(asyncio.run(begin())))


def test_the_thread_of_the_engine_ends(model: tlite.Model, greedy: Any) -> None:
    """When it is closed, when it is dropped, and when nobody waits any more."""

    def alive() -> int:
        return sum(thread.name == "tlite engine" for thread in threading.enumerate())

    def ends_at(count: int) -> None:
        deadline = time.monotonic() + 30
        while alive() != count and time.monotonic() < deadline:
            time.sleep(0.02)
        assert alive() == count

    gc.collect()
    ends_at(0)
    before = 0
    engine = tlite.Engine(model, context=512)
    asyncio.run(engine.generate(who(), sampling=greedy))
    assert alive() == before + 1
    ends_at(before)
    asyncio.run(engine.generate(who(), sampling=greedy))
    engine.close()
    assert alive() == before
    engine = tlite.Engine(model, context=512)
    asyncio.run(engine.generate(who(), sampling=greedy))
    del engine
    gc.collect()
    ends_at(before)


def test_a_session_in_an_event_loop(slow_path: Path) -> None:
    """The loop goes on while a prompt is computed, and CancelledError frees the session."""
    model = tlite.Model(slow_path)
    params = tlite.SamplingParams(max_new_tokens=1)
    session = tlite.Session(model, context=4096, max_batch_rows=64, sampling=params)
    ticks = 0

    async def tick() -> None:
        nonlocal ticks
        while True:
            ticks += 1
            await asyncio.sleep(0.005)

    async def complete() -> None:
        async for _ in session.complete([5] * 4000):
            pass

    async def main() -> None:
        clock = asyncio.ensure_future(tick())
        work = asyncio.ensure_future(complete())
        while session.prefill_progress[0] == 0:
            await asyncio.sleep(0.01)
        work.cancel()
        with pytest.raises(asyncio.CancelledError):
            await work
        done, total = session.prefill_progress
        assert 0 < done < total == 4000 and ticks > 3
        session.reset()
        assert (await session.complete([5] * 10)).finish_reason == "length"
        clock.cancel()

    asyncio.run(main())


def test_async_pieces(greedy: tlite.SamplingParams) -> None:
    """Of a session."""
    session = tlite.Session(tlite.Model(DEMO), sampling=greedy)

    async def main() -> None:
        assert "".join([piece async for piece in session.stream("Кто ты?")]) == ANSWER
        assert (await session.stream("Кто ты?")).finish_reason == "end_of_text"
        session.sampling = tlite.SamplingParams(ignore_eos=True, max_new_tokens=1000)
        stream = session.stream("a")
        await stream.__anext__()
        with pytest.raises(tlite.BadState):
            session.stream("b")

    asyncio.run(main())
