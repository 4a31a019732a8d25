"""What a model of the harness is asked, for tlite and for `hf` alike: single requests and tasks."""

from __future__ import annotations

import contextlib
import json
import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import lm_eval
import lm_eval.models
from lm_eval.api.instance import Instance
from lm_eval.tasks import TaskManager

TASKS = Path(__file__).resolve().parent.parent / "lm_eval_tasks"
CHAT = "<|im_start|>user\nКто ты?<|im_end|>\n<|im_start|>assistant\n"

PAIRS = [
    ("Столица Франции -", " Париж"),
    ("Столица Франции -", " Рим"),
    ("Столица Франции -", " Рим и Осло"),
    ("Столица Франции -", " Рим и Осло"),  # once more
    ("Столица Франции - ", "Лондон"),
    ("Ответ:", "Да"),
    ("Ответ: ", "Да"),
    ("Ответ:\n", "Да"),
    ("Ответ:\n\n", "Да"),
    ("", "Привет, мир"),
    ("", "<|im_end|>Привет"),
    ("и", "\u0306од"),
    (CHAT, "Я маленькая демонстрационная модель libtlite."),
    (CHAT, "Я большая модель."),
    (CHAT + "Я", " маленькая"),
    ("слово " * 60, "слово"),
    ("a b", " c\n\nd"),
    ("👩‍🚀", " ok"),
]
TEXTS = ["Привет, мир! " * 30, "", "один", "Я маленькая демонстрационная модель libtlite.", CHAT]
GENERATIONS: list[tuple[str, dict[str, Any]]] = [
    (CHAT, {"until": ["\n\n"], "max_gen_toks": 30}),
    (CHAT, {"until": [" демонстрационная"], "max_gen_toks": 30}),
    (CHAT, {"until": "мо", "max_gen_toks": 30}),
    (CHAT, {"until": ["<|im_end|>", "модель lib"], "do_sample": False}),
    (CHAT, {"until": ["libtlite.<|im_end|>"], "max_new_tokens": 12}),
    (CHAT, {"until": [""]}),
    (CHAT, {"max_tokens": 3}),
    (CHAT, {"max_length": 20}),
    ("Столица", {"until": ["."], "max_gen_toks": 24}),
    ("Столица Франции - Париж. Столица", {"until": [], "max_gen_toks": 24}),
    ("Мама мыла раму. Мама", {"until": [], "max_gen_toks": 24, "repetition_penalty": 1.3}),
    ("Мама мыла раму. Мама", {"max_gen_toks": 24, "no_repeat_ngram_size": 2}),
    ("раз два три раз два", {"max_gen_toks": 16, "do_sample": False, "temperature": 0.0}),
    ("раз два три раз два", {"max_gen_toks": 16, "do_sample": False, "temperature": 0.7}),
    ("def f(x):\n", {"until": ["\ndef", "\n\n"], "max_gen_toks": 24}),
    ("Кто", {"max_gen_toks": 8, "suppress_tokens": [557]}),
    (CHAT, {"num_beams": 3, "max_gen_toks": 30}),
    ("Столица", {"num_beams": 2, "max_gen_toks": 16}),
    ("раз два три раз два", {"num_beams": 4, "max_gen_toks": 12, "length_penalty": 0.0}),
    ("Столица", {"num_beams": 4, "max_gen_toks": 24, "until": ["."]}),
    ("Мама мыла", {"num_beams": 2, "max_gen_toks": 24, "until": []}),
    ("раз два три", {"num_beams": 4, "max_gen_toks": 24, "until": ["е"], "length_penalty": 2.0}),
]
# Name, number of examples (None: the task's own), with the chat template.
TASK_RUNS: list[tuple[str, int | None, bool]] = [
    ("tlite_mera_worldtree", None, False),
    ("tlite_mera_worldtree", None, True),
    ("tlite_mamuramu", None, False),
    ("tlite_mamuramu", 1, True),
    ("tlite_rummlu_pro", None, False),
    ("tlite_rugsm8k", None, False),
    ("tlite_rugsm8k", 2, True),
    ("tlite_rumath", None, False),
    ("tlite_rumbpp", None, False),
    ("tlite_rucodeeval", None, False),
    ("tlite_shipped", None, False),
    ("tlite_shipped", 1, True),
]


def asked(kind: str, *arguments: Any) -> Instance:
    """One request."""
    return Instance(kind, {}, arguments, 0, ("case", 0, 1))


@contextlib.contextmanager
def shortened(model: Any, length: int) -> Iterator[None]:
    """With another max_length."""
    model._max_length, before = length, model._max_length
    try:
        yield
    finally:
        model._max_length = before


def single(model: Any) -> dict[str, Any]:
    """Answers to the requests above."""
    pairs = [asked("loglikelihood", *pair) for pair in PAIRS]
    texts = [asked("loglikelihood_rolling", text) for text in TEXTS]
    rows = [asked("generate_until", *row) for row in GENERATIONS]
    chat = [{"role": "system", "content": "Ты - модель."}, {"role": "user", "content": "Кто ты?"}]
    begun = [*chat, {"role": "assistant", "content": "Ответ:"}]
    answers = {
        "pairs": model.loglikelihood(pairs, disable_tqdm=True),
        "rolling": model.loglikelihood_rolling(texts, disable_tqdm=True),
        "generations": model.generate_until(rows, disable_tqdm=True),
        "chat": model.apply_chat_template(chat),
        "begun": model.apply_chat_template(begun, add_generation_prompt=False),
        "prefix": model.prefix_token_id,
        "ids": [model.tok_encode(text) for text in TEXTS],
        "max_length": model.max_length,
    }
    with shortened(model, 16):
        answers["short pairs"] = model.loglikelihood(pairs[:2] + pairs[12:14], disable_tqdm=True)
        answers["short rolling"] = model.loglikelihood_rolling(texts, disable_tqdm=True)
        long = [asked("generate_until", "раз два три " * 9, {"max_gen_toks": 8})]
        answers["short generations"] = model.generate_until(long, disable_tqdm=True)
    return answers


def tasks(model: Any) -> dict[str, Any]:
    """Of each run of a task its samples' answers and its metrics."""
    manager = TaskManager(include_path=str(TASKS))
    return dict(_run(model, manager, *run) for run in TASK_RUNS)


def _run(
    model: Any, manager: TaskManager, name: str, shots: int | None, chat: bool
) -> tuple[str, Any]:
    out = lm_eval.simple_evaluate(
        model=model,
        tasks=[name],
        num_fewshot=shots,
        apply_chat_template=chat,
        task_manager=manager,
        bootstrap_iters=0,
        confirm_run_unsafe_code=True,
        # Drawn tokens cannot be compared.
        gen_kwargs={"do_sample": False, "temperature": 0.0},
    )
    samples = {
        key: [[sample["resps"], sample["filtered_resps"]] for sample in rows]
        for key, rows in out["samples"].items()
    }
    metrics = {
        key: {metric: value for metric, value in row.items() if isinstance(value, float)}
        for key, row in out["results"].items()
    }
    label = f"{name}, {shots} shots, {'chat' if chat else 'text'}"
    return label, json.loads(json.dumps({"samples": samples, "metrics": metrics}))


def penalised(model: Path, folder: Path) -> Path:
    """A copy of a checkpoint that asks for a repetition penalty."""
    shutil.copytree(model, folder)
    file = folder / "generation_config.json"
    config = {**json.loads(file.read_text(encoding="utf-8")), "repetition_penalty": 1.3}
    file.write_text(json.dumps(config), encoding="utf-8")
    return folder


def differences(theirs: Any, mine: Any, where: str = "") -> Iterator[str]:
    """Where two answers are not the same: numbers by more than 1e-4, or a millionth of them.

    A sum of logarithms is float32 there, of which a millionth is eight units in the last place.
    """
    if isinstance(theirs, bool) or not isinstance(theirs, (float, list, tuple, dict)):
        if theirs != mine:
            yield f"{where}: {theirs!r} there, {mine!r} here"
    elif isinstance(theirs, float):
        if not abs(theirs - mine) <= max(1e-4, 1e-6 * abs(theirs)):
            yield f"{where}: {theirs} there, {mine} here"
    elif isinstance(theirs, dict):
        if theirs.keys() != mine.keys():
            yield f"{where}: {sorted(theirs)} there, {sorted(mine)} here"
        for key in theirs.keys() & mine.keys():
            yield from differences(theirs[key], mine[key], f"{where}/{key}")
    else:
        if len(theirs) != len(mine):
            yield f"{where}: {len(theirs)} there, {len(mine)} here"
        for i, (one, other) in enumerate(zip(theirs, mine, strict=False)):
            yield from differences(one, other, f"{where}[{i}]")
