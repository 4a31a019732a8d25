"""The forward pass, its views, and loops of one's own."""

from __future__ import annotations

import gc
from typing import Any

import numpy as np
import pytest
import tlite
from conftest import ANSWER, DEMO, who


@pytest.fixture
def evaluator(model: tlite.Model) -> tlite.Evaluator:
    """With room for 256 tokens."""
    return tlite.Evaluator(model, context=256, max_logits_rows=16)


def test_a_loop_of_ones_own(model: tlite.Model, evaluator: tlite.Evaluator) -> None:
    """Evaluator, sampler and stop matcher are what a session is made of."""
    ids = model.tokenizer.encode(model.chat_template.render(who(), add_generation_prompt=True))
    params = tlite.SamplingParams(temperature=0, logprobs=1)
    sampler = tlite.Sampler(model, params)
    sampler.observe_prompt(ids)
    matcher, decoder = tlite.StopMatcher("никогда"), model.tokenizer.stream_decoder()
    sequence = evaluator.create_sequence()
    evaluator.append(sequence, ids)
    text = ""
    while True:
        chosen = sampler.sample(evaluator.logits()[0])
        assert chosen.logprob is not None and chosen.top_logprobs[0].token == chosen.token
        if chosen.token in model.info.eos_token_ids:
            break
        visible, found = matcher.push(decoder.push(chosen.token))
        assert found is None
        text += visible
        evaluator.append(sequence, [chosen.token])
    assert text + matcher.flush() == ANSWER


def test_sequences(evaluator: tlite.Evaluator) -> None:
    """Forked, cut, adopted, given back; the same rows give the same bits."""
    first = evaluator.create_sequence()
    evaluator.append(first, [1, 2, 3, 4], logits=4)
    alone = evaluator.logits(copy=True)
    second = evaluator.fork(first, 2)
    assert (evaluator.length(first), evaluator.length(second)) == (4, 2)
    evaluator.evaluate(
        [(3, second, 2, True), tlite.Row(4, second, 3, True), tlite.Row(9, first, 4)]
    )
    both = evaluator.logits(copy=True)
    assert both.shape == (2, 2560) and np.array_equal(both, alone[2:])
    evaluator.truncate(first, 1)
    assert evaluator.length(first) == 1
    other = tlite.Evaluator(tlite.Model(DEMO), context=64)
    with pytest.raises(tlite.InvalidArgument):
        other.adopt(evaluator, first)
    free = evaluator.free_positions
    evaluator.destroy_sequence(second)
    assert evaluator.free_positions > free
    assert evaluator.options["context"] == 256 and evaluator.options["kv_type"] == "f16"


def test_adopting(model: tlite.Model, evaluator: tlite.Evaluator) -> None:
    """From another evaluator of the model."""
    first = evaluator.create_sequence()
    evaluator.append(first, [1, 2, 3])
    other = tlite.Evaluator(model, context=64)
    assert other.length(other.adopt(evaluator, first)) == 3


def test_logits_are_a_view_that_keeps_its_memory(evaluator: tlite.Evaluator) -> None:
    """Read-only, without a copy, also behind `close`."""
    sequence = evaluator.create_sequence()
    evaluator.append(sequence, [1, 2, 3], logits=2)
    logits = evaluator.logits()
    assert logits.shape == (2, 2560) and logits.dtype == np.float32
    assert not logits.flags.owndata and not logits.flags.writeable
    with pytest.raises(ValueError):
        logits[0, 0] = 1
    assert np.shares_memory(logits, evaluator.logits())
    before = logits.copy()
    evaluator.close()
    gc.collect()
    assert np.array_equal(logits, before)


def test_a_batch_does_not_overwrite_a_view(evaluator: tlite.Evaluator) -> None:
    """Nor a slice of one; a copy is one's own."""
    sequence = evaluator.create_sequence()
    evaluator.append(sequence, [1, 2, 3])
    row = evaluator.logits()[0][5:]
    mine = evaluator.logits(copy=True)
    with pytest.raises(tlite.BadState, match=r"take logits\(copy=True\)"):
        evaluator.append(sequence, [4])
    assert evaluator.length(sequence) == 3
    del row
    evaluator.append(sequence, [4])
    assert not np.array_equal(mine, evaluator.logits())
    evaluator.append(sequence, [5], logits=0)
    assert evaluator.logits().shape == (0, 2560)


@pytest.mark.parametrize(
    ("use", "kind", "message"),
    [
        (lambda e: e.append(99, [1]), tlite.InvalidArgument, "99"),
        (lambda e: e.append(0, [10**6]), tlite.InvalidArgument, "1000000"),
        (lambda e: e.append(0, []), tlite.InvalidArgument, "logits is 1, and there are 0 ids"),
        (lambda e: e.append(0, [1], logits=-1), tlite.InvalidArgument, "logits is -1"),
        (lambda e: e.append(0, [1] * 300), tlite.ContextFull, "300 more positions"),
        (lambda e: e.append(0, [1] * 20, logits=20), tlite.InvalidArgument, "16|logits"),
        (lambda e: e.append("a", [1]), TypeError, "sequence must be an int"),
        (lambda e: e.append(0, np.ones(3)), TypeError, "ids must be ints"),
        (lambda e: e.evaluate([(1, 0, 5)]), tlite.InvalidArgument, "position"),
        (lambda e: e.evaluate([(1, 0)]), ValueError, "unpack"),
        (lambda e: e.evaluate([1]), TypeError, "unpack"),
        (lambda e: e.truncate(0, -1), tlite.InvalidArgument, "-1"),
        (lambda e: e.truncate(0, 2**40), tlite.InvalidArgument, "length is 1099511627776"),
        (lambda e: e.fork(0, 9), tlite.InvalidArgument, "9"),
        (lambda e: e.destroy_sequence(7), tlite.InvalidArgument, "7"),
    ],
)
def test_bad_input(
    evaluator: tlite.Evaluator, use: Any, kind: type[Exception], message: str
) -> None:
    """An exception with a sentence, and the sequences are as before."""
    sequence = evaluator.create_sequence()
    assert sequence == 0
    with pytest.raises(kind, match=message):
        use(evaluator)
    assert evaluator.length(sequence) == 0


def test_cancel(evaluator: tlite.Evaluator) -> None:
    """Of the next batch, and forgotten."""
    sequence = evaluator.create_sequence()
    evaluator.cancel()
    with pytest.raises(tlite.Cancelled):
        evaluator.append(sequence, [1])
    evaluator.cancel()
    evaluator.clear_cancel()
    evaluator.append(sequence, [1])


def test_the_sampler(model: tlite.Model) -> None:
    """Seeds, masks, what it refuses."""
    params = tlite.SamplingParams(seed=5)
    logits = np.zeros(2560, dtype=np.float32)
    sampler = tlite.Sampler(model, params)
    drawn = [sampler.sample(logits).token for _ in range(5)]
    sampler.reset()
    assert [sampler.sample(logits).token for _ in range(5)] == drawn and sampler.seed == 5
    assert {sampler.sample(logits, allowed=[7, 2559]).token for _ in range(20)} == {7, 2559}
    sampler.accept(3)
    with pytest.raises(tlite.BadState):
        sampler.observe_prompt([1])
    cases: list[tuple[Any, type[Exception], str]] = [
        (logits[:5], tlite.InvalidArgument, "5"),
        (logits.astype(np.float64), TypeError, "float32"),
        (logits.reshape(2, -1), tlite.InvalidArgument, "2 dimensions"),
        ([1.0], TypeError, "buffer of float32, not list"),
        (np.full(2560, np.nan, dtype=np.float32), tlite.Corrupt, "NaN|nan|finite"),
    ]
    for given, kind, message in cases:
        with pytest.raises(kind, match=message):
            sampler.sample(given)
    with pytest.raises(tlite.InvalidArgument, match="allowed has 2560"):
        sampler.sample(logits, allowed=[2560])
    with pytest.raises(tlite.InvalidArgument):
        sampler.sample(logits, allowed=[])


def test_the_stop_matcher() -> None:
    """Held back, found, kept."""
    matcher = tlite.StopMatcher(["конец", "END"])
    assert matcher.push("это ко") == ("это ", None)
    assert matcher.push("нец и дальше") == ("", "конец")
    assert matcher.push("ко") == ("", None) and matcher.flush() == "ко"
    assert tlite.StopMatcher("конец", keep=True).push("конец") == ("конец", "конец")
    with pytest.raises(tlite.InvalidArgument):
        tlite.StopMatcher("")
    with pytest.raises(TypeError, match="stop must be str, not int"):
        tlite.StopMatcher([1])  # type: ignore[list-item]
