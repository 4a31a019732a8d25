"""Prompts that are scored or pooled, several answers, beams."""

from __future__ import annotations

import numpy as np
import pytest
import tlite
from conftest import ANSWER, who


def test_several_answers(engine: tlite.Engine) -> None:
    """With the seeds that follow each other."""
    params = tlite.SamplingParams(temperature=1.5, seed=4, max_new_tokens=12)
    several = engine.map([who(), who("Привет!")], sampling=params, n=3)
    for place, text in enumerate(("Кто ты?", "Привет!")):
        alone = [engine.map([who(text)], sampling=params.replace(seed=4 + i))[0] for i in range(3)]
        assert [a.text for a in alone] == [a.text for a in several[3 * place : 3 * place + 3]]
    first = engine.submit(who(), sampling=params, n=2)
    assert [engine.wait(first + i).text for i in range(2)] == [a.text for a in several[:2]]
    with pytest.raises(tlite.InvalidArgument, match="n is 2, and a stream has one answer"):
        engine.stream(who(), n=2)
    with pytest.raises(tlite.InvalidArgument, match="n"):
        engine.submit(who(), n=0)


def test_scored_prompts(model: tlite.Model, engine: tlite.Engine) -> None:
    """What an evaluator's logits say."""
    ids = model.tokenizer.encode("Привет! Чем могу помочь?")
    params = tlite.SamplingParams(max_new_tokens=0)
    answer = engine.map([ids], sampling=params, prompt_logprobs=2, prompt_logprobs_start=2)[0]
    assert answer.prompt_logprobs is not None and answer.prompt_top_logprobs is not None
    assert answer.prompt_logprobs_start == 2
    assert [entry.token for entry in answer.prompt_logprobs] == ids[2:]
    assert [len(entries) for entries in answer.prompt_top_logprobs] == [2] * len(ids[2:])
    evaluator = tlite.Evaluator(model, context=64)
    evaluator.append(evaluator.create_sequence(), ids, logits=len(ids))
    logits = evaluator.logits()[1:-1].astype(np.float64)
    shifted = logits - logits.max(axis=1, keepdims=True)
    logprobs = shifted - np.log(np.exp(shifted).sum(axis=1, keepdims=True))
    wanted = logprobs[np.arange(len(ids) - 2), ids[2:]]
    assert np.allclose([entry.logprob for entry in answer.prompt_logprobs], wanted, atol=1e-4)


def test_embeddings(model: tlite.Model, engine: tlite.Engine) -> None:
    """What an evaluator's hidden states say."""
    ids = model.tokenizer.encode("Привет, мир")
    matrix = engine.embed([ids, "Пока"], pooling="mean", normalize=False)
    assert matrix.shape == (2, model.hidden_size) and matrix.dtype == np.float32
    evaluator = tlite.Evaluator(model, context=64, max_hidden_rows=8)
    sequence = evaluator.create_sequence()
    evaluator.evaluate([tlite.Row(t, sequence, i, False, True) for i, t in enumerate(ids)])
    hidden = evaluator.hidden()
    assert hidden.shape == (len(ids), model.hidden_size)
    assert np.allclose(matrix[0], hidden.mean(axis=0), atol=1e-4)
    assert np.allclose(np.linalg.norm(engine.embed(["Пока"]), axis=1), 1, atol=1e-5)
    assert engine.embed([]).shape == (0, model.hidden_size)
    with pytest.raises(tlite.InvalidArgument, match="none of none, last, mean, cls"):
        engine.embed(["a"], pooling="best")


def test_beams(model: tlite.Model, engine: tlite.Engine) -> None:
    """The best first; a progress function that raises ends the search."""
    prompt = model.chat_template.render(who(), add_generation_prompt=True)
    beams = tlite.beam_search(engine, prompt, max_new_tokens=20, beam_width=3)
    assert beams[0].text == ANSWER and beams[0].finish_reason == "end_of_text"
    assert [b.score for b in beams] == sorted((b.score for b in beams), reverse=True)
    assert len(tlite.beam_search(engine, prompt, max_new_tokens=3, num_return=1)) == 1
    with pytest.raises(tlite.InvalidArgument, match="scoring is 'best'"):
        tlite.beam_search(engine, prompt, max_new_tokens=3, scoring="best")
    with pytest.raises(tlite.InvalidArgument, match="beam_width"):
        tlite.beam_search(engine, prompt, max_new_tokens=3, beam_width=0)

    def no(done: int, total: int) -> None:
        raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        tlite.beam_search(engine, prompt, max_new_tokens=200, ignore_eos=True, progress=no)
