"""tlite.transformers: num_beams; answers are compared in test_transformers_generate.py."""

from __future__ import annotations

from collections import Counter
from typing import Any

import numpy as np
import pytest
import tlite
import tlite.transformers as hf
from hf import EOS, PATH, batch, chat, model, tokenizer
from tlite.transformers import _rows

SHOWN: dict[str, Any] = {"return_dict_in_generate": True, "output_scores": True}


def searched(inputs: Any = None, **given: Any) -> Any:
    """A greedy search."""
    return model().generate(**(inputs or chat()), do_sample=False, **given)


def test_it_finds_what_the_engine_finds() -> None:
    """Two searches that share no line: this one, and C++ over requests of one token."""
    engine = tlite.Engine(model().native, context=4096)
    inputs = batch()
    width = inputs["input_ids"].shape[1]
    out = searched(inputs, num_beams=4, num_return_sequences=4, max_new_tokens=16, **SHOWN)
    for prompt in range(len(inputs["input_ids"])):
        ids = inputs["input_ids"][prompt][inputs["attention_mask"][prompt] != 0].tolist()
        found = tlite.beam_search(engine, ids, beam_width=4, max_new_tokens=16)
        for place, beam in enumerate(found):
            row = 4 * prompt + place
            mine = out.sequences[row, width:][out.beam_indices[row] >= 0]
            assert tuple(mine.tolist()) == beam.tokens
            assert abs(out.sequences_scores[row] - beam.score) < 1e-4


def test_what_comes_out() -> None:
    """Fields, shapes and types; of one answer to each prompt as well."""
    out = searched(batch(), num_beams=3, num_return_sequences=2, max_new_tokens=6, **SHOWN)
    assert isinstance(out, hf.GenerateBeamDecoderOnlyOutput)
    assert out.keys() == ["sequences", "sequences_scores", "scores", "beam_indices"]
    steps = len(out.scores)
    assert out.sequences_scores.shape == (6,) and out.sequences_scores.dtype == np.float32
    assert out.scores[0].shape == (9, model().native.vocab_size)
    assert out.beam_indices.shape[0] == 6 and out.beam_indices.dtype == np.int32
    assert steps == 6 and out.sequences.shape[1] <= batch()["input_ids"].shape[1] + steps
    assert searched(batch(), num_beams=3, max_new_tokens=6).shape[0] == 3
    plain = searched(num_beams=2, max_new_tokens=3, return_dict_in_generate=True)
    assert plain.keys() == ["sequences", "beam_indices"]


def test_scores_add_up() -> None:
    """Of each answer the scores of its tokens, by its length to the penalty."""
    out = searched(
        batch(), num_beams=3, num_return_sequences=3, length_penalty=2.0, max_new_tokens=12, **SHOWN
    )
    steps = model().compute_transition_scores(out.sequences, out.scores, out.beam_indices)
    lengths = (out.beam_indices >= 0).sum(axis=1)
    assert steps.shape == (9, lengths.max())
    assert np.allclose(steps.sum(axis=1) / lengths**2.0, out.sequences_scores, atol=1e-5)
    for prompt in range(3):
        ranked = out.sequences_scores[3 * prompt : 3 * prompt + 3].tolist()
        assert ranked == sorted(ranked, reverse=True)


def test_a_search_that_outgrows_its_memory(monkeypatch: pytest.MonkeyPatch) -> None:
    """A larger evaluator on the way, with beams that share what they began with."""
    given: dict[str, Any] = dict(
        num_beams=4, num_return_sequences=4, eos_token_id=0, pad_token_id=0, max_new_tokens=300
    )
    at_once = searched(**given)
    grow = _rows.Rows._grow
    grown: list[int] = []

    def counted(rows: _rows.Rows) -> None:
        grown.append(1)
        grow(rows)

    monkeypatch.setattr(_rows.Rows, "_grow", counted)
    monkeypatch.setattr(_rows, "_AHEAD", 8)
    assert np.array_equal(searched(**given), at_once)
    assert grown


def test_sampled_beams() -> None:
    """Drawn by the softmax of sums without putting back: of one step the set of tokens."""
    ids = tokenizer()(["Мой"], return_tensors="np")["input_ids"]
    shown = model().generate(ids, do_sample=False, max_new_tokens=1, output_logits=True, **SHOWN)
    logits = shown.logits[0][0].astype(np.float64)
    likely = np.exp(logits - logits.max())
    likely /= likely.sum()
    hf.set_seed(3)
    draws, counts = 400, Counter[int]()
    for _ in range(draws):
        out = model().generate(
            ids, do_sample=True, num_beams=2, top_k=0, top_p=1.0, temperature=1.0, max_new_tokens=1
        )
        counts[int(out[0, -1])] += 1
    # Of the six that are kept the likeliest comes out; the same by numpy's own drawing.
    drawn = np.random.default_rng(1)
    expected = Counter(
        max(drawn.choice(len(likely), 6, False, likely).tolist(), key=lambda token: likely[token])
        for _ in range(draws)
    )
    for token in set(counts) | set(expected):
        # Two binomial counts of 400 differ by 5 deviations of sqrt(2 * 400 / 4) at the very most.
        assert abs(counts[token] - expected[token]) < 5 * (2 * draws / 4) ** 0.5
    hf.set_seed(4)
    given: dict[str, Any] = dict(do_sample=True, num_beams=3, temperature=1.5, max_new_tokens=8)
    first = model().generate(**chat(), **given)
    hf.set_seed(4)
    assert np.array_equal(first, model().generate(**chat(), **given))


def test_a_processor_sees_every_beam() -> None:
    """Rows of one prompt next to each other, logarithms in place of logits."""
    seen: list[tuple[Any, Any]] = []

    def look(ids: Any, scores: Any) -> Any:
        seen.append((ids.shape, float(np.exp(scores).sum(axis=1).max())))
        return scores

    searched(batch(), num_beams=2, max_new_tokens=3, logits_processor=[look])
    width = batch()["input_ids"].shape[1]
    assert [shape for shape, _ in seen] == [(6, width), (6, width + 1), (6, width + 2)]
    assert all(abs(total - 1) < 1e-3 for _, total in seen)


WRONG: list[tuple[dict[str, Any], str]] = [
    ({"num_beams": 0}, "num_beams is 0"),
    ({"num_beams": -3}, "num_beams is -3"),
    ({"num_beams": 2.5}, "num_beams is 2.5"),
    ({"num_beams": "4"}, "num_beams"),
    ({"num_beams": 2, "num_return_sequences": 3}, "num_return_sequences is 3"),
    ({"num_beams": 2, "early_stopping": "soon"}, "early_stopping is 'soon'"),
    ({"num_beams": 2, "length_penalty": float("nan")}, "length_penalty is nan"),
    ({"num_beams": 2, "length_penalty": "1"}, "length_penalty is '1'"),
    ({"num_beams": 2, "streamer": hf.TextStreamer(None)}, "streamer"),
]


@pytest.mark.parametrize(("given", "match"), WRONG)
def test_bad_values(given: dict[str, Any], match: str) -> None:
    """ValueError that names it and the value."""
    with pytest.raises((ValueError, TypeError), match=match):
        searched(max_new_tokens=4, **given)


def test_extreme_values() -> None:
    """Penalties beyond every number, one beam, None, and no token that is left."""
    for penalty in (1e6, -1e6, 0):
        assert searched(num_beams=2, length_penalty=penalty, max_new_tokens=4).shape[0] == 1
    one = searched(num_beams=1, max_new_tokens=8)
    assert np.array_equal(searched(num_beams=None, max_new_tokens=8), one)
    everything = list(range(model().native.vocab_size))
    with pytest.raises(ValueError, match="no token"):
        searched(num_beams=2, suppress_tokens=everything, max_new_tokens=2)
    # One path alone: the other beams are none.
    forced = searched(
        num_beams=2, prefix_allowed_tokens_fn=lambda row, ids: [EOS], max_new_tokens=5
    )
    assert forced[0, -1] == EOS


def test_interrupted() -> None:
    """What a processor raises comes out, and the model is free for the next call."""

    def stop(ids: Any, scores: Any) -> Any:
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        searched(num_beams=2, max_new_tokens=4, logits_processor=[stop])
    assert searched(num_beams=2, max_new_tokens=4).shape[0] == 1


def test_the_checkpoint_may_ask_for_beams() -> None:
    """As for every other value of its generation_config.json."""
    own = hf.AutoModelForCausalLM.from_pretrained(PATH)
    own.generation_config.num_beams = 3
    assert np.array_equal(
        own.generate(**chat(), do_sample=False, max_new_tokens=9),
        searched(num_beams=3, max_new_tokens=9),
    )
