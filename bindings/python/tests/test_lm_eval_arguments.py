"""tlite.lm_eval: what may be given, what is refused, and the command."""

from __future__ import annotations

import inspect
import json
import math
import os
import re
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
import tlite
from conftest import DEMO, ROOT
from lm_eval_model import TASKS, cases, model
from tlite.lm_eval import TliteLM
from tlite.lm_eval._arguments import ACCEPTED, HONOURED, REFUSED

pytestmark = pytest.mark.filterwarnings("ignore")  # of the harness and its packages
ROW = re.compile(r"\| `(\w+)` \| (honoured|no effect|refused) \| (.*) \|")


def test_the_page_has_every_argument() -> None:
    """And no other, with the reasons that the code gives."""
    rows = ROW.findall((ROOT / "docs" / "python-lm-eval.md").read_text(encoding="utf-8"))
    assert len(rows) == len({row[0] for row in rows})
    assert {name for name, what, _ in rows if what == "honoured"} == HONOURED
    assert {name: why for name, what, why in rows if what == "no effect"} == ACCEPTED
    refused = {name: entry.why for name, entry in REFUSED.items()}
    assert {name: why for name, what, why in rows if what == "refused"} == refused
    taken = set(inspect.signature(TliteLM.__init__).parameters) - {"self", "further"}
    assert taken == HONOURED


@pytest.mark.parametrize("name", sorted(ACCEPTED))
def test_accepted_arguments_change_nothing(name: str) -> None:
    """Whatever they are."""
    given: dict[str, Any] = {name: "something"}
    TliteLM(model().model, **given)


@pytest.mark.parametrize("name", sorted(REFUSED))
def test_refused_arguments_are_named(name: str) -> None:
    """With their value; a neutral one is accepted."""
    given: dict[str, Any] = {name: "something"}
    with pytest.raises(tlite.NotSupported, match=rf"{name} is 'something'"):
        TliteLM(model().model, **given)
    given[name] = None
    TliteLM(model().model, **given)


@pytest.mark.parametrize(
    ("given", "kind", "words"),
    [
        ({"pretraine": "x"}, TypeError, "pretraine"),
        ({"backend": "seq2seq"}, tlite.NotSupported, "backend is 'seq2seq'"),
        ({"max_length": 0}, tlite.InvalidArgument, "max_length is 0"),
        ({"max_length": "long"}, tlite.InvalidArgument, "max_length is 'long'"),
        ({"max_length": True}, tlite.InvalidArgument, "max_length is True"),
        ({"batch_size": 0}, tlite.InvalidArgument, "batch_size is 0"),
        ({"batch_size": "many"}, tlite.InvalidArgument, "batch_size is 'many'"),
        ({"batch_size": "auto:x"}, tlite.InvalidArgument, "batch_size is 'auto:x'"),
        ({"prefix_token_id": 2560}, tlite.InvalidArgument, "prefix_token_id is 2560"),
        ({"prefix_token_id": -1}, tlite.InvalidArgument, "prefix_token_id is -1"),
        ({"prefix_token_id": "x"}, tlite.InvalidArgument, "prefix_token_id is 'x'"),
        ({"think_end_token": 1.5}, tlite.InvalidArgument, "think_end_token is 1.5"),
        ({"enable_thinking": True}, tlite.InvalidArgument, "think_end_token"),
        ({"kv_type": "f31"}, tlite.InvalidArgument, "kv_type"),
        ({"tokenizer": 5}, TypeError, "tokenizer"),
        ({"tokenizer": "/no/such"}, FileNotFoundError, "/no/such"),
    ],
)
def test_bad_arguments_are_named(given: dict[str, Any], kind: type[Exception], words: str) -> None:
    """With what they were."""
    with pytest.raises(kind, match=re.escape(words)):
        TliteLM(model().model, **given)


@pytest.mark.parametrize(
    ("given", "kind", "words"),
    [
        ({"pretrained": "/no/such"}, FileNotFoundError, "/no/such"),
        ({"pretrained": 5}, TypeError, "pretrained"),
        ({"pretrained": DEMO, "dtype": "float8"}, tlite.NotSupported, "float8"),
        ({"pretrained": DEMO, "weights": "q9"}, tlite.InvalidArgument, "q9"),
    ],
)
def test_bad_models_are_named(given: dict[str, Any], kind: type[Exception], words: str) -> None:
    """Which are not there, or not what was asked for."""
    with pytest.raises(kind, match=words):
        TliteLM(**given)


@pytest.mark.parametrize(
    ("given", "kind", "words"),
    [
        ({"temprature": 1.0}, ValueError, "temprature"),
        ({"max_gen_toks": 0}, tlite.InvalidArgument, "max_gen_toks is 0"),
        ({"max_gen_toks": 4096}, tlite.InvalidArgument, "max_gen_toks is 4096"),
        ({"until": [5]}, tlite.InvalidArgument, "until is [5"),
        ({"num_beams": 4, "num_beam_groups": 2}, tlite.NotSupported, "num_beam_groups"),
        ({"num_beams": 2, "length_penalty": math.inf}, ValueError, "length_penalty is inf"),
        ({"num_return_sequences": 2}, tlite.NotSupported, "num_return_sequences"),
        ({"do_sample": True, "temperature": 0.0}, ValueError, "temperature"),
        ({"do_sample": True, "temperature": 1.0, "top_p": -1.0}, ValueError, "top_p"),
        (["until"], TypeError, "gen_kwargs"),
    ],
)
def test_bad_gen_kwargs_are_named(given: Any, kind: type[Exception], words: str) -> None:
    """Before anything is generated."""
    with pytest.raises(kind, match=re.escape(words)):
        model().generate_until([cases.asked("generate_until", "Да", given)])


def test_what_cannot_be_scored_is_named() -> None:
    """An ending of no token, an ending that is too long, an ending behind thoughts."""
    empty = [cases.asked("loglikelihood", "Да", "")]
    with pytest.raises(tlite.InvalidArgument, match="has no token"):
        model().loglikelihood(empty, disable_tqdm=True)
    with pytest.raises(tlite.InvalidArgument, match="max_length is 4"):
        long = [cases.asked("loglikelihood", "Да", " слово" * 9)]
        TliteLM(model().model, max_length=4).loglikelihood(long, disable_tqdm=True)
    thinking = TliteLM(model().model, enable_thinking=True, think_end_token="</think>")
    with pytest.raises(tlite.InvalidArgument, match="enable_thinking"):
        thinking.loglikelihood([cases.asked("loglikelihood", "Да", " нет")])
    # And the next one is as if nothing had been.
    assert model().loglikelihood([cases.asked("loglikelihood", "Да", " нет")], disable_tqdm=True)


def command(*arguments: str, code: str = "") -> subprocess.CompletedProcess[str]:
    """tlite-lm-eval, or a program."""
    run = [sys.executable, *(("-c", code) if code else ("-m", "tlite.lm_eval")), *arguments]
    given = {**os.environ, "HF_HUB_OFFLINE": "1", "HF_DATASETS_OFFLINE": "1"}
    return subprocess.run(run, capture_output=True, text=True, env=given, timeout=300)


def test_the_command_evaluates(tmp_path: Path) -> None:
    """With tlite where no model is named, and writes what the harness writes."""
    ran = command(
        *("run", "--model_args", f"pretrained={DEMO},dtype=float32", "--include_path", TASKS),
        *("--tasks", "tlite_mera_worldtree", "--batch_size", "auto", "--device", "cuda:0"),
        *("--output_path", str(tmp_path), "--log_samples"),
    )
    assert ran.returncode == 0, ran.stderr
    assert "tlite_mera_worldtree" in ran.stdout
    (file,) = tmp_path.rglob("results_*.json")
    results = json.loads(file.read_text(encoding="utf-8"))
    assert results["config"]["model"] == "tlite"
    assert results["config"]["batch_size"] == "auto"
    assert results["eot_token_id"] == model().eot_token_id
    assert list(tmp_path.rglob("samples_tlite_mera_worldtree_*.jsonl"))


def test_the_command_keeps_the_other_models(tmp_path: Path) -> None:
    """A list with ours in it is not filled with theirs by the harness."""
    config = tmp_path / "config.yaml"
    config.write_text(f"model: dummy\ntasks: [tlite_mera_worldtree]\ninclude_path: {TASKS}\n")
    for choice in (["--model", "dummy"], ["--config", str(config)]):
        ran = command("run", *choice, "--include_path", TASKS, "--tasks", "tlite_mera_worldtree")
        assert ran.returncode == 0, ran.stderr
        assert "dummy (" in ran.stdout


def test_the_command_names_an_unknown_argument() -> None:
    """Of the model."""
    ran = command(
        *("run", "--model_args", f"pretrained={DEMO},dtipe=float32", "--include_path", TASKS),
        *("--tasks", "tlite_mera_worldtree"),
    )
    assert ran.returncode != 0
    assert "dtipe" in ran.stderr


def test_the_package_does_not_need_the_harness() -> None:
    """import tlite does not import it, and without it the extra is named."""
    ran = command(code="import sys, tlite; sys.exit('lm_eval' in sys.modules)")
    assert ran.returncode == 0
    ran = command(
        code="import sys; sys.modules['lm_eval'] = None\n"
        "import tlite.lm_eval.command as c; c.main()"
    )
    assert ran.returncode != 0
    assert "pip install 'tlite[lm-eval]'" in ran.stderr
