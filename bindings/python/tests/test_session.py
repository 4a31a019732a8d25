"""Conversations and their streams."""

from __future__ import annotations

import pickle
import threading
from pathlib import Path
from typing import Any

import pytest
import tlite
from conftest import ANSWER, who


def test_a_conversation(model: tlite.Model, greedy: tlite.SamplingParams) -> None:
    """Said, answered, remembered, rewound, forked."""
    session = tlite.Session(model, sampling=greedy)
    answer = session.chat("Кто ты?")
    assert (answer.text, answer.finish_reason, str(answer)) == (ANSWER, "end_of_text", ANSWER)
    assert answer.tokens[-1] == 2559 and answer.stop_string is None and answer.logprobs is None
    assert answer.prompt_tokens > 5 and answer.decode_seconds > 0
    assert session.messages == [*who(), {"role": "assistant", "content": ANSWER}]
    twin = session.fork()
    twin.add_user("Привет!")
    assert (len(twin.messages), len(session.messages)) == (3, 2)
    assert twin.reply().cached_tokens > answer.prompt_tokens
    assert session.regenerate().run().text == ANSWER
    session.rewind(1)
    assert session.messages == who()
    session.reset()
    assert session.messages == []
    session.messages = [{"role": "system", "content": "Ты поэт."}, *who()]
    assert session.count_prompt_tokens() > 5
    session.add_message({"role": "assistant", "content": "Я"})
    assert session.messages[-1]["content"] == "Я"


def test_pieces(model: tlite.Model) -> None:
    """A piece is a str with its token; log probabilities where they are asked for."""
    params = tlite.SamplingParams(temperature=0, logprobs=2)
    stream = tlite.Session(model, system="Ты поэт.", sampling=params).stream("Кто ты?")
    pieces = list(stream)
    assert "".join(pieces) == stream.result.text
    assert tuple(p.token for p in pieces if p.token is not None) == stream.result.tokens
    piece = pieces[0]
    assert pickle.loads(pickle.dumps(piece)).logprob == piece.logprob
    assert isinstance(piece, str) and piece.text == str(piece) and type(piece.text) is str
    assert piece.logprob is not None and piece.logprob.token == piece.token
    assert piece.logprob.bytes.decode() == piece and piece.logprob.logprob < 0
    assert len(piece.top_logprobs) == 2 and piece.top_logprobs[0].rank == 1
    assert stream.result.logprobs is not None and stream.result.logprobs[0] == piece.logprob
    assert stream.result.top_logprobs is not None
    assert stream.result.top_logprobs[0] == piece.top_logprobs
    assert stream.finish_reason == stream.result.finish_reason
    assert list(stream) == []


def test_a_stream_has_the_session_to_itself(model: tlite.Model) -> None:
    """Until it is closed, dropped, or at its end."""
    session = tlite.Session(model)
    stream = session.stream("Кто ты?")
    next(stream)
    assert stream.finish_reason == "none" and stream.result.text
    with pytest.raises(tlite.BadState):
        session.add_user("a")
    stream.close()
    stream.close()
    session.rewind(0)
    with pytest.raises(tlite.BadState, match="this Stream is closed"):
        next(stream)
    with pytest.raises(tlite.BadState):
        stream.result  # noqa: B018
    session.stream("Кто ты?")  # dropped
    session.reset()
    with session.stream("Кто ты?") as another:
        next(another)
    session.reset()


def test_an_exception_in_the_loop_frees_the_session(model: tlite.Model) -> None:
    """Even while its traceback is looked at."""
    session = tlite.Session(model)
    try:
        with session.stream("Кто ты?") as stream:
            for _ in stream:
                raise ZeroDivisionError
    except ZeroDivisionError:
        session.reset()


def test_completion(model: tlite.Model, greedy: tlite.SamplingParams) -> None:
    """Of a text and of ids, without template."""
    session = tlite.Session(model, sampling=greedy)
    prompt = model.chat_template.render(who(), add_generation_prompt=True)
    assert session.complete(prompt.text).run().text == ANSWER
    assert session.complete(model.tokenizer.encode(prompt)).run().text == ANSWER
    assert session.messages == []


def test_going_on(model: tlite.Model, greedy: tlite.SamplingParams) -> None:
    """An answer that was cut short."""
    session = tlite.Session(model, sampling=greedy.replace(max_new_tokens=3))
    first = session.chat("Кто ты?")
    assert first.finish_reason == "length"
    session.sampling = greedy
    assert session.sampling == greedy
    assert first.text + session.resume().run().text == ANSWER


def test_stops(model: tlite.Model, greedy: tlite.SamplingParams) -> None:
    """A stop string and a stop token."""
    session = tlite.Session(model, sampling=greedy.replace(stop="дель li"))
    answer = session.chat("Кто ты?")
    assert answer.text == "Я маленькая демонстрационная мо"
    assert (answer.finish_reason, answer.stop_string) == ("stop_string", "дель li")
    session = tlite.Session(model, sampling=greedy.replace(stop_token_ids=[answer.tokens[1]]))
    assert session.chat("Кто ты?").finish_reason == "stop_token"


def test_tools_reach_the_template(model: tlite.Model) -> None:
    """As a list and as JSON."""
    plain = tlite.Session(model, messages=who()).count_prompt_tokens()
    tool = {"type": "function", "function": {"name": "погода", "parameters": {}}}
    template = model.chat_template.source
    if "tools" in template:
        assert tlite.Session(model, messages=who(), tools=[tool]).count_prompt_tokens() > plain
    with pytest.raises(TypeError, match="tools cannot be written as JSON"):
        tlite.Session(model, tools=[object()])
    with pytest.raises(tlite.InvalidArgument, match="tools"):
        tlite.Session(model, messages=who(), tools="{").reply()
    session = tlite.Session(model, messages=who())
    call = {"function": {"name": "погода", "arguments": {"где": "Москва"}}}
    session.add_message({"role": "assistant", "content": "", "tool_calls": [call]})
    session.add_message({"role": "tool", "content": "дождь"})
    assert session.messages[1]["tool_calls"][0]["function"]["name"] == "погода"


@pytest.mark.parametrize(
    ("given", "kind", "message"),
    [
        ({"context": 0}, tlite.InvalidArgument, "context is 0"),
        ({"context": -5}, tlite.InvalidArgument, "context is -5"),
        ({"context": 2**40}, tlite.InvalidArgument, "context is 1099511627776"),
        ({"context": 1.5}, TypeError, "context must be an int, not float"),
        ({"kv_type": "q4_0"}, tlite.NotSupported, "a KV cache of type q4_0"),
        ({"kv_type": "f99"}, tlite.InvalidArgument, "kv_type is 'f99', which is none of .*q8_0"),
        ({"overflow": "explode"}, tlite.InvalidArgument, "none of stop, error, drop_oldest"),
        ({"messages": "Привет"}, TypeError, "messages must be a list of dicts"),
        ({"messages": [{"content": "a"}]}, tlite.InvalidArgument, "role"),
        ({"system": 1}, TypeError, "text must be str, not int"),
        ({"colour": 1}, TypeError, "colour"),
    ],
)
def test_bad_options(
    model: tlite.Model, given: dict[str, Any], kind: type[Exception], message: str
) -> None:
    """They are named."""
    with pytest.raises(kind, match=message):
        tlite.Session(model, **given)


def test_a_session_needs_a_model() -> None:
    """Not its path."""
    with pytest.raises((TypeError, AttributeError), match="str"):
        tlite.Session("model")  # type: ignore[arg-type]


def test_what_does_not_fit(model: tlite.Model) -> None:
    """The message that could not be answered is taken back."""
    session = tlite.Session(model, context=64, overflow="error")
    with pytest.raises(tlite.ContextFull) as raised:
        session.chat("Привет! " * 200)
    assert raised.value.name == "context_full" and issubclass(tlite.ContextFull, ValueError)
    assert session.messages == []
    with pytest.raises(tlite.InvalidArgument):
        session.reply()


def test_cancel(model: tlite.Model) -> None:
    """Of the next answer and of one that runs; one that came too late is not for the next."""
    session = tlite.Session(model, sampling=tlite.SamplingParams(temperature=0))
    session.cancel()
    assert session.chat("Кто ты?").finish_reason == "cancelled"
    session.reset()
    session.cancel()
    session.clear_cancel()
    assert session.chat("Кто ты?").finish_reason == "end_of_text"
    stream = session.stream("Кто ты?")
    next(stream)
    stream.cancel()
    assert stream.run().finish_reason == "cancelled"
    stream = session.stream("Кто ты?")
    next(stream)
    stream.cancel()
    stream.close()
    stream.cancel()
    assert session.chat("Кто ты?").finish_reason == "end_of_text"


def test_a_prompt_is_stopped_in_its_middle(slow_path: Path) -> None:
    """By cancel from another thread, with the progress that it asks for."""
    model = tlite.Model(slow_path)
    params = tlite.SamplingParams(max_new_tokens=1)
    session = tlite.Session(model, context=4096, max_batch_rows=64, sampling=params)
    stream = session.complete([5] * 4000)

    def stop() -> None:
        while session.prefill_progress[0] == 0:
            threading.Event().wait(0.01)
        stream.cancel()

    thread = threading.Thread(target=stop)
    thread.start()
    assert stream.run().finish_reason == "cancelled"
    thread.join()
    done, total = session.prefill_progress
    assert 0 < done < total == 4000


def test_two_threads_on_one_stream(slow_path: Path) -> None:
    """The second is refused, and the first goes on."""
    model = tlite.Model(slow_path)
    session = tlite.Session(model, context=4096, sampling=tlite.SamplingParams(max_new_tokens=1))
    stream = session.complete([5] * 800)
    errors: list[Exception] = []

    def intrude() -> None:
        while not errors and not stream._ended:
            try:
                stream._advance()
            except tlite.BadState as error:
                errors.append(error)

    thread = threading.Thread(target=intrude)
    thread.start()
    try:
        stream.run()
    except tlite.BadState as error:
        errors.append(error)
    thread.join()
    assert "Stream is in use by another thread" in str(errors[0])
