"""tlite.lm_eval: scores and texts are those of the harness's `hf` model.

data/lm_eval_hf.json is what `hf` answers; differential/lm_eval_api.py --write makes it.
"""

from __future__ import annotations

import json
import random
from pathlib import Path
from typing import Any

import pytest
import tlite
from conftest import DEMO
from lm_eval_model import cases, model
from tlite.lm_eval import TliteLM

GOLDEN = json.loads(
    (Path(__file__).parent / "data" / "lm_eval_hf.json").read_text(encoding="utf-8")
)
pytestmark = pytest.mark.filterwarnings("ignore")  # of the harness and its packages


def same(theirs: Any, mine: Any) -> None:
    """No score and no text differs."""
    assert not list(cases.differences(theirs, json.loads(json.dumps(mine))))


def test_single_requests() -> None:
    """Pairs, rolling texts, texts that go on, prompts of chats."""
    same(GOLDEN["single"], cases.single(model()))


def test_the_checkpoints_repetition_penalty(tmp_path: Path) -> None:
    """Is in what is generated, greedily too, and not in scores."""
    copy = TliteLM(cases.penalised(DEMO, tmp_path / "copy"))
    same(GOLDEN["penalised"], cases.single(copy))
    assert GOLDEN["penalised"]["generations"] != GOLDEN["single"]["generations"]
    assert GOLDEN["penalised"]["pairs"] == GOLDEN["single"]["pairs"]


@pytest.mark.parametrize(("name", "token"), [("think", "маленькая"), (545, 545), (545, "545")])
def test_thoughts_are_cut_off(name: Any, token: Any) -> None:
    """By the text that ends them, and by its token."""
    thinking = TliteLM(model().model, think_end_token=token)
    same(GOLDEN[f"thinking {name}"], cases.single(thinking)["generations"])
    assert GOLDEN[f"thinking {name}"] != GOLDEN["single"]["generations"]


def test_tasks() -> None:
    """Samples, filtered answers and metrics of every local task."""
    same(GOLDEN["tasks"], cases.tasks(model()))


def test_scores_do_not_depend_on_their_neighbours() -> None:
    """Alone, together, in another order, and a second time from the cache: equal to the bit."""
    requests = [cases.asked("loglikelihood", *pair) for pair in cases.PAIRS]
    together = model().loglikelihood(requests, disable_tqdm=True)
    fresh = TliteLM(model().model)
    alone = [fresh.loglikelihood([one], disable_tqdm=True)[0] for one in requests]
    assert together == alone
    backwards = fresh.loglikelihood(requests[::-1], disable_tqdm=True)
    assert together == backwards[::-1]


def test_a_text_is_computed_once(monkeypatch: pytest.MonkeyPatch) -> None:
    """Of many endings of one text only the last token of it is computed again."""
    results: list[Any] = []
    plain = tlite.lm_eval._scoring._likelihood  # type: ignore[attr-defined]

    def seen(result: Any) -> Any:
        results.append(result)
        return plain(result)

    monkeypatch.setattr("tlite.lm_eval._scoring._likelihood", seen)
    text = "Столица Франции - это город, который стоит на реке Сене. Его имя -"
    endings = [f" {word}" for word in ("Париж", "Лион", "Рим", "Осло", "Вена")]
    fresh = TliteLM(model().model)
    pairs = [cases.asked("loglikelihood", text, ending) for ending in endings]
    fresh.loglikelihood([*pairs, pairs[2]], disable_tqdm=True)
    assert len(results) == 5  # the equal one is not asked again
    length = len(fresh.tok_encode(text))
    assert sorted(result.cached_tokens for result in results) == [0] + [length - 1] * 4


def test_drawn_texts_are_repeated_by_the_harness_seed() -> None:
    """simple_evaluate seeds `random` before a run."""
    given = {"do_sample": True, "temperature": 1.5, "max_gen_toks": 12, "top_k": 0, "top_p": 1.0}
    requests = [cases.asked("generate_until", "Столица", given) for _ in range(4)]
    random.seed(7)
    first = model().generate_until(requests, disable_tqdm=True)
    random.seed(7)
    assert model().generate_until(requests, disable_tqdm=True) == first
    assert len(set(first)) > 1
    random.seed(8)
    assert model().generate_until(requests, disable_tqdm=True) != first


def test_answers_go_to_the_harness_cache() -> None:
    """With what was asked, as `hf` does it."""
    kept: list[Any] = []

    class Hook:
        def add_partial(self, *entry: Any) -> None:
            kept.append(entry)

    fresh = TliteLM(model().model)
    fresh.set_cache_hook(Hook())
    fresh.loglikelihood([cases.asked("loglikelihood", "Ответ:", " Да")], disable_tqdm=True)
    fresh.loglikelihood_rolling([cases.asked("loglikelihood_rolling", "Да")], disable_tqdm=True)
    fresh.generate_until([cases.asked("generate_until", "Да", {"max_gen_toks": 1})])
    assert [(kind, asked) for kind, asked, _ in kept] == [
        ("loglikelihood", ("Ответ:", " Да")),
        ("loglikelihood_rolling", ("Да",)),
        ("generate_until", ("Да", {"max_gen_toks": 1})),
    ]
