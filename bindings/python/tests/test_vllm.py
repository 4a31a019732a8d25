"""tlite.vllm where vLLM differs from itself or from us: spellings, prompts, seeds, bad input."""

from __future__ import annotations

import json
import shutil
import sys
import threading
from collections import UserDict
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import tlite
import tlite.transformers as hf
import tlite.vllm as v
from conftest import ANSWER, DEMO, PACKAGE
from test_vllm_arguments import llm
from tlite.vllm._setup import precision

WHO = [{"role": "user", "content": "Кто ты?"}]
GREEDY = v.SamplingParams(temperature=0, max_tokens=20)


def said(outputs: list[v.RequestOutput]) -> list[str]:
    """The first answers."""
    return [output.outputs[0].text for output in outputs]


def test_the_cards_program_runs_in_both_spellings(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """The example, which asks twice."""
    monkeypatch.syspath_prepend(str(PACKAGE / "examples"))
    import card_vllm

    assert card_vllm.answers(str(DEMO), "Кто ты?", 512) == [ANSWER, ANSWER]


@pytest.mark.parametrize("kind", [None, "np"])
def test_what_apply_chat_template_gives_is_a_prompt(kind: Any) -> None:
    """vLLM completes the words "input_ids" and "attention_mask" in its place."""
    tokenizer = hf.AutoTokenizer.from_pretrained(str(DEMO))
    made = tokenizer.apply_chat_template(WHO, add_generation_prompt=True, return_tensors=kind)
    ids = tokenizer.apply_chat_template(WHO, add_generation_prompt=True, return_dict=False)
    for prompts in (made, dict(made), UserDict(made), made["input_ids"], ids, [ids], [made]):
        outputs = llm().generate(prompts, GREEDY, use_tqdm=False)
        assert said(outputs) == [ANSWER]
        assert outputs[0].prompt_token_ids == ids
        again = llm().generate(prompt_token_ids=prompts, sampling_params=GREEDY, use_tqdm=False)
        assert said(again) == [ANSWER]


def test_padding_is_no_part_of_a_prompt() -> None:
    """Of a batch as a tokenizer makes it."""
    tokenizer = hf.AutoTokenizer.from_pretrained(str(DEMO), padding_side="left")
    texts = ["Мак", "Какая столица Франции?"]
    batch = tokenizer(texts, padding=True, return_tensors="np")
    outputs = llm().generate(batch, GREEDY, use_tqdm=False)
    assert [o.prompt_token_ids for o in outputs] == [tokenizer.encode(text) for text in texts]
    assert said(outputs) == said(llm().generate(texts, GREEDY, use_tqdm=False))
    with pytest.raises(v.VLLMValidationError, match="attention_mask"):
        llm().generate({"input_ids": [[1, 2]], "attention_mask": [[1]]}, GREEDY)


def test_texts_may_come_with_their_ids() -> None:
    """As releases of 2024 took them."""
    outputs = llm().generate(["раз"], GREEDY, prompt_token_ids=[[5, 6]], use_tqdm=False)
    assert (outputs[0].prompt, outputs[0].prompt_token_ids) == ("раз", [5, 6])
    with pytest.raises(v.VLLMValidationError, match="2 prompts and 1"):
        llm().generate(["раз", "два"], GREEDY, prompt_token_ids=[[5, 6]])
    array = llm().generate(np.array([[5, 6], [7, 8]]), GREEDY, use_tqdm=False)
    assert [output.prompt_token_ids for output in array] == [[5, 6], [7, 8]]


def test_an_llms_seed_makes_a_program_repeatable() -> None:
    """Unseeded requests draw from it, each another number; None is the operating system's."""
    texts = [
        said(
            v.LLM(str(DEMO), seed=seed).generate(
                ["Мой"] * 4, use_tqdm=False, sampling_params=v.SamplingParams(max_tokens=12)
            )
        )
        for seed in (3, 3, 4, None)
    ]
    assert texts[0] == texts[1]
    assert len(set(texts[0])) > 1
    assert texts[2] != texts[0]


def test_more_answers_than_an_engine_takes_at_once() -> None:
    """n goes to 16384; seeds go on over the parts."""
    params = v.SamplingParams(n=1030, max_tokens=1, seed=9)
    outputs = llm().generate("Мой", params, use_tqdm=False)[0].outputs
    assert [output.index for output in outputs] == list(range(1030))
    alone = v.SamplingParams(max_tokens=1, seed=9 + 1027)
    single = llm().generate("Мой", alone, use_tqdm=False)[0].outputs[0]
    assert single.token_ids == outputs[1027].token_ids


def test_many_prompts_at_once_are_as_alone() -> None:
    """In their order, from several threads too."""
    prompts = [[i % 500 + 1, i % 7 + 3, 40] for i in range(150)]
    alone = [said(llm().generate([p], GREEDY, use_tqdm=False))[0] for p in prompts[:10]]
    found: list[list[str]] = []

    def work() -> None:
        found.append(said(llm().generate(prompts, GREEDY, use_tqdm=False)))

    threads = [threading.Thread(target=work) for _ in range(3)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(found) == 3
    assert found[0] == found[1] == found[2]
    assert found[0][:10] == alone


def test_priority_counts_where_the_policy_says_so() -> None:
    """Lower numbers first, one request at a time."""
    one = v.LLM(str(DEMO), max_num_seqs=1, scheduling_policy="priority", max_model_len=128)
    params = [v.SamplingParams(n=n, seed=1, max_tokens=4) for n in (1, 2, 3)]
    done: list[int] = []  # answers of a prompt that is done

    class Bar:
        def __init__(self, *given: Any, total: int = 0, **_: Any) -> None:
            self.items = given[0] if given else ()
            self.postfix = ""

        def __iter__(self) -> Any:
            return iter(self.items)

        def update(self, count: int) -> None:
            done.append(count)

        def close(self) -> None:
            done.append(-1)

    outputs = one.generate(["a", "b", "c"], params, priority=[5, 1, 3], use_tqdm=Bar)
    assert [output.prompt for output in outputs] == ["a", "b", "c"]
    assert done == [2, 3, 1, -1]


def test_raw_log_probabilities_do_not_see_a_bias() -> None:
    """The forced token is first, with its true rank."""
    params = v.SamplingParams(temperature=0, max_tokens=1, logprobs=2, logit_bias={5: 100.0})
    place = llm().generate("Мак", params, use_tqdm=False)[0].outputs[0].logprobs
    assert place is not None
    tokens, entries = list(place[0]), list(place[0].values())
    assert tokens[0] == 5
    assert entries[0].rank is not None
    assert entries[0].rank > 2
    assert [entry.rank for entry in entries[1:]] == [1, 2]


def test_a_rule_over_logits_that_fails_is_the_calls_error(monkeypatch: pytest.MonkeyPatch) -> None:
    """And the next call goes on."""
    from tlite.vllm import _logits

    def broken(*_: Any) -> None:
        raise ZeroDivisionError("here")

    monkeypatch.setattr(_logits, "_penalise", broken)
    params = v.SamplingParams(min_p=0.1, top_p=0.5, max_tokens=4)
    with pytest.raises(ZeroDivisionError, match="here"):
        llm().generate("Мой", params, use_tqdm=False)
    assert said(llm().chat(WHO, GREEDY, use_tqdm=False)) == [ANSWER]


def test_an_exception_ends_the_call_and_the_next_goes_on() -> None:
    """Of a progress bar, which is the caller's code."""

    class Broken:
        postfix = ""

        def __init__(self, *given: Any, **_: Any) -> None:
            self.items = given[0] if given else ()

        def __iter__(self) -> Any:
            return iter(self.items)

        def update(self, count: int) -> None:
            raise KeyboardInterrupt

        def close(self) -> None:
            pass

    with pytest.raises(KeyboardInterrupt):
        llm().generate(["a", "b"], GREEDY, use_tqdm=Broken)
    assert said(llm().chat(WHO, GREEDY, use_tqdm=False)) == [ANSWER]


def test_bars_need_no_tqdm(monkeypatch: pytest.MonkeyPatch) -> None:
    """Where it is not installed there are none."""
    monkeypatch.setitem(sys.modules, "tqdm", None)
    monkeypatch.setitem(sys.modules, "tqdm.auto", None)
    assert said(llm().chat(WHO, GREEDY)) == [ANSWER]


@pytest.mark.parametrize(
    ("given", "error", "text"),
    [
        ({"max_model_len": 0}, ValueError, "max_model_len is 0"),
        ({"max_model_len": 10**6}, ValueError, "max_model_len is 1000000"),
        ({"max_model_len": "8k"}, TypeError, "max_model_len must be an int, not str"),
        ({"seed": "x"}, TypeError, "seed must be an int or None, not str"),
        ({"max_logprobs": -1}, ValueError, "max_logprobs is -1"),
        ({"max_logprobs": 100}, ValueError, "max_logprobs is 100"),
        ({"runner": "draft"}, ValueError, "runner is 'draft'"),
        ({"convert": "reward"}, ValueError, "convert is 'reward'"),
        ({"scheduling_policy": "lifo"}, ValueError, "scheduling_policy is 'lifo'"),
        ({"dtype": "int3"}, NotImplementedError, "dtype is 'int3'"),
        ({"weights": "q9"}, ValueError, "weights is 'q9'"),
        ({"tokenizer": "/nowhere"}, FileNotFoundError, "/nowhere"),
        ({"generation_config": "/nowhere"}, FileNotFoundError, "/nowhere"),
        ({"chat_template": "/nowhere"}, FileNotFoundError, "/nowhere"),
        ({"pooler_config": {"pooling_type": "MAX"}}, ValueError, "pooling is 'MAX'"),
        ({"pooler_config": 5}, TypeError, "pooler_config"),
        ({"pooler_config": {"pooling": 1}}, TypeError, "pooling"),
    ],
)
def test_an_llm_of_bad_arguments(given: dict[str, Any], error: type[Exception], text: str) -> None:
    """An error that names the argument and the value."""
    with pytest.raises(error, match=text):
        v.LLM(str(DEMO), **given).native.close()


def test_errors_have_codes_and_are_no_value_errors() -> None:
    """As in vLLM 0.32; a tlite.Error beside."""
    with pytest.raises(v.VLLMValidationError) as caught:
        v.SamplingParams(temperature=3)
    assert not isinstance(caught.value, ValueError)
    error = caught.value
    assert (error.parameter, error.value) == ("temperature", 3)
    assert issubclass(v.VLLMValidationError, tlite.Error)
    assert (error.code, error.name) == (-1, "invalid_argument")
    assert "parameter=temperature, value=3" in str(caught.value)


def test_bfloat16_of_a_bfloat16_checkpoint_means_such_products() -> None:
    """As in vLLM, and so does `auto`; float32 leaves the weights as they are stored."""
    asked = {dtype: precision(str(DEMO), dtype, None) for dtype in ("bfloat16", "auto", "float32")}
    assert asked["bfloat16"] == asked["auto"] == {"weights": "bf16"}
    assert asked["float32"] == {"dtype": "float32"}
    assert precision(str(DEMO), None, None) == {"weights": "bf16"}
    assert precision(str(DEMO), "auto", "q8_0") == {"dtype": "auto", "weights": "q8_0"}
    found = {}
    for dtype in asked:
        one = v.LLM(str(DEMO), dtype=dtype, max_model_len=128)
        params = v.SamplingParams(temperature=0, max_tokens=40, logprobs=0)
        (out,) = one.chat(WHO, params, use_tqdm=False)
        assert said([out]) == [ANSWER]
        found[dtype] = out.outputs[0].cumulative_logprob
    assert found["auto"] == found["bfloat16"] != found["float32"]


@pytest.mark.parametrize(("kind", "same"), [("f32", True), ("f16", True), ("bf16", False)])
def test_auto_leaves_other_checkpoints_as_they_are(tmp_path: Path, kind: str, same: bool) -> None:
    """GGUF files of any type; float32 and float16 directories have no other way either."""
    file = tmp_path / "one.gguf"
    tlite.quantize(DEMO, file, kind)
    assert precision(str(file), "auto", None) == {"dtype": "auto"}
    assert (precision(str(file), "bfloat16", None) == {"dtype": "bfloat16"}) is same
    copy = tmp_path / "copy"
    shutil.copytree(DEMO, copy)
    retyped(copy / "model.safetensors", kind)
    assert (precision(str(copy), "auto", None) == {"dtype": "auto"}) is same


def retyped(path: Path, kind: str) -> None:
    """A safetensors file of bfloat16 numbers, in float32 or float16."""
    data = path.read_bytes()
    begin = 8 + int.from_bytes(data[:8], "little")
    header = json.loads(data[8:begin])
    wide = (np.frombuffer(data[begin:], "<u2").astype("<u4") << 16).view("<f4")
    if kind == "bf16":
        return
    times = 2 if kind == "f32" else 1
    for name, entry in header.items():
        if name != "__metadata__":
            entry["dtype"] = kind.upper()
            entry["data_offsets"] = [times * at for at in entry["data_offsets"]]
    head = json.dumps(header).encode()
    numbers = wide.astype("<f4" if kind == "f32" else "<f2").tobytes()
    path.write_bytes(len(head).to_bytes(8, "little") + head + numbers)


def test_a_closed_llm_says_so() -> None:
    """BadState."""
    closed = v.LLM(str(DEMO), max_model_len=128)
    closed.close()
    with pytest.raises(tlite.BadState):
        closed.generate("Мак", GREEDY, use_tqdm=False)


def test_the_defaults_are_the_checkpoints() -> None:
    """Or vLLM's, where generation_config="vllm" says so; fields may be set over both."""
    own = llm().get_default_sampling_params()
    assert (own.temperature, own.top_k, own.top_p, own.max_tokens) == (0.3, 20, 0.8, 16)
    plain = v.LLM(str(DEMO), generation_config="vllm").get_default_sampling_params()
    assert (plain.temperature, plain.top_k, plain.top_p) == (1.0, 0, 1.0)
    over = v.LLM(str(DEMO), override_generation_config={"max_new_tokens": 3, "temperature": 0})
    assert over.get_default_sampling_params().max_tokens == 3
    assert len(over.generate("Мак", use_tqdm=False)[0].outputs[0].token_ids) == 3


def test_the_poolings() -> None:
    """Three of them, to length 1 or as they are."""
    vectors = {}
    for kind in ("LAST", "MEAN", "CLS"):
        pooled = v.LLM(
            str(DEMO), runner="pooling", pooler_config=v.PoolerConfig(seq_pooling_type=kind)
        )
        vectors[kind] = pooled.embed("Какая столица?", use_tqdm=False)[0].outputs.embedding
        assert np.linalg.norm(vectors[kind]) == pytest.approx(1, abs=1e-5)
    assert vectors["LAST"] != vectors["MEAN"] != vectors["CLS"]
    raw = v.LLM(str(DEMO), runner="pooling", pooler_config={"use_activation": False})
    assert np.linalg.norm(raw.embed("Мак", use_tqdm=False)[0].outputs.embedding) > 2
