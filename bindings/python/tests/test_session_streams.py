"""What a session's stream computes ahead of its reader, and who gets it."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from typing import Any

import pytest
import tlite
from conftest import who

Stream = tlite.Stream


@pytest.fixture
def session(model: tlite.Model) -> tlite.Session:
    """One whose answers have sixty tokens."""
    params = tlite.SamplingParams(temperature=0, ignore_eos=True, max_new_tokens=60)
    return tlite.Session(model, messages=who("Напиши стих"), sampling=params)


@pytest.fixture
def shares(monkeypatch: pytest.MonkeyPatch) -> None:
    """A clock that goes by a millisecond each time it is looked at: a share has many pieces."""
    now = iter(range(10**6))

    class Clock:
        """In place of `time`."""

        @staticmethod
        def monotonic() -> float:
            """Later than before."""
            return next(now) / 1000

    monkeypatch.setattr("tlite.streams.time", Clock)


async def some(stream: Stream, count: int) -> list[tlite.Piece]:
    """The first pieces, by `async for`."""
    pieces = []
    async for piece in stream:
        pieces.append(piece)
        if len(pieces) == count:
            break
    return pieces


def reads(stream: Stream) -> tuple[list[str], Exception | None]:
    """All pieces by `for`, and the error that ends them."""
    pieces = []
    try:
        for piece in stream:
            pieces.append(str(piece))
    except Exception as error:
        return pieces, error
    return pieces, None


def reads_async(stream: Stream) -> tuple[list[str], Exception | None]:
    """The same by `async for`."""
    pieces = []

    async def main() -> None:
        async for piece in stream:
            pieces.append(str(piece))

    try:
        asyncio.run(main())
    except Exception as error:
        return pieces, error
    return pieces, None


def test_both_kinds_of_loops_read_the_same(session: tlite.Session) -> None:
    """Piece by piece."""
    one, other = reads(session.stream()), reads_async(session.regenerate())
    assert one == other and len(one[0]) > 20


@pytest.mark.usefixtures("shares")
def test_one_loop_goes_on_where_the_other_stopped(session: tlite.Session) -> None:
    """Also where a share of pieces was computed that the first one did not read."""
    stream = session.stream()
    pieces = asyncio.run(some(stream, 3))
    pieces += [next(stream) for _ in range(2)]
    pieces += asyncio.run(some(stream, 3))
    pieces += stream
    assert "".join(pieces) == stream.result.text
    assert tuple(p.token for p in pieces if p.token is not None) == stream.result.tokens


@pytest.mark.usefixtures("shares")
def test_a_share_is_one_errand(session: tlite.Session) -> None:
    """Not each piece goes through the event loop."""
    errands = []

    class Counting(ThreadPoolExecutor):
        """Knows how often it was asked."""

        def submit(self, *given: Any, **named: Any) -> Future[Any]:
            """One more."""
            errands.append(given)
            return super().submit(*given, **named)

    async def main(stream: Stream) -> int:
        asyncio.get_running_loop().set_default_executor(Counting(1))
        return len(await some(stream, 1000))

    pieces = asyncio.run(main(session.stream()))
    assert pieces > 40 and len(errands) < pieces / 10


@pytest.mark.usefixtures("shares")
@pytest.mark.parametrize("waits", [False, True])
def test_the_whole_answer_in_place_of_the_rest(session: tlite.Session, waits: bool) -> None:
    """run() and await, after a loop that broke off: nothing is left to read."""

    async def rest(stream: Stream) -> tlite.Generation:
        return await stream

    stream = session.stream()
    asyncio.run(some(stream, 3))
    answer = asyncio.run(rest(stream)) if waits else stream.run()
    assert len(answer.tokens) == 60
    assert list(stream) == [] and asyncio.run(some(stream, 1)) == []


@pytest.mark.usefixtures("shares")
def test_a_closed_stream_has_no_pieces(session: tlite.Session) -> None:
    """Those that were computed and not read are gone too."""
    stream = session.stream()
    asyncio.run(some(stream, 3))
    stream.close()
    with pytest.raises(tlite.BadState, match="this Stream is closed"):
        next(stream)
    with pytest.raises(tlite.BadState, match="this Stream is closed"):
        asyncio.run(some(stream, 1))
    with pytest.raises(tlite.BadState, match="this Stream is closed"):
        stream.run()
    assert session.messages[-1]["role"] == "assistant"


@pytest.mark.usefixtures("shares")
@pytest.mark.parametrize("read", [reads, reads_async])
def test_an_error_comes_behind_the_pieces_before_it(
    session: tlite.Session, read: Callable[[Stream], tuple[list[str], Exception | None]]
) -> None:
    """In the middle of a share too, where they are computed before the first of them is read."""
    whole, _ = reads(session.stream())
    asked = 0

    def breaks(_tokens: Any, _logits: Any) -> None:
        nonlocal asked
        asked += 1
        if asked == 31:
            raise ZeroDivisionError

    session.logits_processor = breaks
    session.rewind(1)
    stream = session.stream()
    pieces, error = read(stream)
    assert 15 < len(pieces) < len(whole) and pieces == whole[: len(pieces)]
    assert isinstance(error, tlite.Cancelled)
    assert isinstance(error.__cause__, ZeroDivisionError)
    with pytest.raises(tlite.BadState, match="this Stream is closed"):
        next(stream)
    session.reset()


@pytest.mark.usefixtures("shares")
def test_an_error_is_not_skipped_with_the_pieces(session: tlite.Session) -> None:
    """run() raises what came behind those that nobody read."""
    asked = 0

    def breaks(_tokens: Any, _logits: Any) -> None:
        nonlocal asked
        asked += 1
        if asked == 8:
            raise ZeroDivisionError

    session.logits_processor = breaks
    stream = session.stream()
    asyncio.run(some(stream, 1))
    with pytest.raises(tlite.Cancelled, match="ZeroDivisionError"):
        stream.run()


def test_nobody_takes_a_piece_from_a_run(session: tlite.Session) -> None:
    """A second thread is refused from its beginning to its end, between two tokens too."""
    begun = threading.Event()
    session.logits_processor = lambda _tokens, _logits: begun.set()
    stream = session.stream()
    taken: list[object] = []

    def intrude() -> None:
        begun.wait(60)
        while not stream._ended:
            try:
                taken.append(next(stream, None))
            except tlite.BadState as error:
                assert "in use by another thread" in str(error)

    thread = threading.Thread(target=intrude)
    thread.start()
    answer = stream.run()
    thread.join()
    assert len(answer.tokens) == 60
    assert [piece for piece in taken if piece is not None] == []
