"""Loading models: what they tell, files and log of the host, progress, errors."""

from __future__ import annotations

import json
import logging
import pickle
import shutil
import sys
import threading
import types
from pathlib import Path
from typing import Any

import pytest
import tlite
from conftest import ANSWER, DEMO, who


def test_what_it_is(model: tlite.Model) -> None:
    """Numbers of config.json, and of the file without loading it."""
    config = json.loads((DEMO / "config.json").read_text())
    info = model.info
    assert info == tlite.Model.inspect(DEMO)
    assert (info.hidden_size, info.vocab_size) == (config["hidden_size"], model.vocab_size)
    assert (info.format, info.weight_type, info.eos_token_ids) == (
        "safetensors",
        "bf16",
        (2559, 2557),
    )
    assert info.tie_word_embeddings is True and info.sliding_window is None
    assert model.decode_bytes > 1_000_000 and model.cpu_tier
    assert repr(model) == "<tlite.Model 'model', bf16>"


def test_what_it_takes() -> None:
    """A plan of a session, and of more."""
    plan = tlite.Model.plan(DEMO)
    more = tlite.Model.plan(DEMO, context=8192, kv_type="f32")
    assert plan.total == plan.weights + plan.weights_resident + plan.kv_cache + plan.scratch
    assert more.kv_cache == 4 * plan.kv_cache
    assert tlite.Model.plan(DEMO, weights="q8_0").weights_resident > plan.weights_resident


@pytest.mark.parametrize("kind", [str, Path, lambda path: str(path).encode()])
def test_paths_of_every_kind(kind: Any) -> None:
    """str, bytes and os.PathLike."""
    assert tlite.Model.inspect(kind(DEMO)).name == "model"


def test_a_path_with_cyrillic_letters(tmp_path: Path) -> None:
    """Paths are UTF-8."""
    folder = tmp_path / "модель"
    shutil.copytree(DEMO, folder)
    with tlite.Model(folder, progress=False) as model:
        assert model.info.path == str(folder)


@pytest.mark.parametrize(
    ("arguments", "kind", "also", "message"),
    [
        (("/no/such",), tlite.FileMissing, FileNotFoundError, "/no/such: no such file"),
        ((DEMO / "tokenizer.json",), tlite.NotSupported, NotImplementedError, "tokenizer.json"),
        ((3.5,), TypeError, TypeError, "float"),
        ((None,), TypeError, TypeError, "NoneType"),
    ],
)
def test_what_cannot_be_loaded(
    arguments: tuple[Any, ...], kind: type[Exception], also: type[Exception], message: str
) -> None:
    """An exception with a code, which is one of Python's too."""
    with pytest.raises(kind, match=message) as raised:
        tlite.Model(*arguments)
    assert isinstance(raised.value, also)
    if isinstance(raised.value, tlite.Error):
        assert raised.value.message == str(raised.value) and raised.value.code < 0


@pytest.mark.parametrize(
    ("given", "kind", "message"),
    [
        ({"weights": "q9"}, tlite.InvalidArgument, "weights is 'q9', which is none of .*q4_k_m"),
        ({"weights": 5}, TypeError, "weights must be str, not int"),
        ({"threads": "two"}, TypeError, "threads must be an int, not str"),
        ({"threads": 2**40}, tlite.InvalidArgument, "threads is 1099511627776"),
        ({"threads": -7}, tlite.InvalidArgument, "threads"),
        ({"files": object()}, TypeError, "files must have a method read"),
        ({"colour": 1}, TypeError, "colour"),
    ],
)
def test_bad_options(given: dict[str, Any], kind: type[Exception], message: str) -> None:
    """They are named."""
    with pytest.raises(kind, match=message):
        tlite.Model(DEMO, **given)


def test_a_corrupt_file_is_named(tmp_path: Path) -> None:
    """With what is wrong with it."""
    folder = tmp_path / "model"
    shutil.copytree(DEMO, folder)
    (folder / "model.safetensors").write_bytes(b"\xff" * 64)
    with pytest.raises(tlite.Corrupt, match=r"model\.safetensors"):
        tlite.Model(folder)


class Memory:
    """Files in memory, of each kind of buffer."""

    def __init__(self, kind: Any = bytes) -> None:
        self.asked: list[str] = []
        self._kind = kind

    def read(self, path: str) -> Any:
        """A file of the demo model."""
        self.asked.append(path)
        file = DEMO / path.removeprefix("архив/")
        return self._kind(file.read_bytes()) if file.is_file() else None


@pytest.mark.parametrize("kind", [bytes, bytearray, memoryview])
def test_files_of_the_host(kind: Any) -> None:
    """A model out of memory; its files are let go with it."""
    from tlite import _host

    files = Memory(kind)
    model = tlite.Model("архив", files=files)
    assert "архив/config.json" in files.asked
    assert tlite.Session(model, sampling=tlite.SamplingParams(temperature=0)).chat("Кто ты?").text
    tokenizer = tlite.Tokenizer("архив", files=files)
    assert tokenizer.encode("Привет") == model.tokenizer.encode("Привет")
    model.close()
    tokenizer.close()
    import gc

    gc.collect()
    assert not _host._files and not _host._opened


def test_a_file_callback_that_raises() -> None:
    """Its exception is the cause of the load's."""

    class Broken:
        def read(self, path: str) -> bytes:
            raise ZeroDivisionError(path)

    with pytest.raises(tlite.InputOutput) as raised:
        tlite.Model("архив", files=Broken())
    assert isinstance(raised.value.__cause__, ZeroDivisionError)


def test_a_file_callback_that_returns_nonsense() -> None:
    """Likewise."""

    class Wrong:
        def read(self, path: str) -> Any:
            """No bytes."""
            return "text"

    with pytest.raises(tlite.InputOutput) as raised:
        tlite.Model("архив", files=Wrong())
    assert isinstance(raised.value.__cause__, TypeError)


def test_the_log_goes_to_logging(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    """A warning of a load."""
    folder = tmp_path / "model"
    shutil.copytree(DEMO, folder)
    (folder / "generation_config.json").write_text("nonsense")
    with caplog.at_level(logging.DEBUG, logger="tlite"):
        tlite.Model(folder)
    assert {record.name for record in caplog.records} == {"tlite"}
    assert {record.levelname for record in caplog.records} == {"WARNING", "INFO"}
    assert "generation_config.json" in caplog.text


def test_a_log_handler_that_raises(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """The load goes on; the exception is shown, not lost."""

    class Bad(logging.Handler):
        def emit(self, record: logging.LogRecord) -> None:
            raise ZeroDivisionError

    folder = tmp_path / "model"
    shutil.copytree(DEMO, folder)
    (folder / "generation_config.json").write_text("nonsense")
    handler = Bad()
    logging.getLogger("tlite").addHandler(handler)
    try:
        assert tlite.Model(folder).vocab_size == 2560
    finally:
        logging.getLogger("tlite").removeHandler(handler)
    assert "ZeroDivisionError" in capsys.readouterr().err


def test_progress_by_a_function() -> None:
    """It ends with all of it; what it raises stops the load."""
    told: list[tuple[int, int]] = []
    tlite.Model(DEMO, progress=lambda done, total: told.append((done, total)), weights="q8_0")
    assert told and told[-1][0] == told[-1][1] == 1_000_000

    def no(done: int, total: int) -> None:
        raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        tlite.Model(DEMO, progress=no)


def test_progress_by_tqdm(monkeypatch: pytest.MonkeyPatch) -> None:
    """A bar where it is installed; nothing where it is not."""
    bars: list[Any] = []

    class Bar:
        def __init__(self, **given: Any) -> None:
            self.n, self.given, self.closed = given["initial"], given, False
            bars.append(self)

        def update(self, more: int) -> None:
            self.n += more

        def close(self) -> None:
            self.closed = True

    module = types.ModuleType("tqdm.auto")
    module.tqdm = Bar  # type: ignore[attr-defined]
    monkeypatch.setitem(sys.modules, "tqdm.auto", module)
    tlite.Model(DEMO, progress=True)
    assert [(bar.given["desc"], bar.n, bar.closed) for bar in bars] == [
        ("loading model", 1_000_000, True)
    ]
    monkeypatch.setitem(sys.modules, "tqdm.auto", None)
    tlite.Model(DEMO, progress=True)
    assert len(bars) == 1


def test_closing(greedy: tlite.SamplingParams) -> None:
    """Twice, by `with`, and under a session and a stream that go on."""
    with tlite.Model(DEMO) as model:
        tokenizer = model.tokenizer
        stream = tlite.Session(model, sampling=greedy).stream("Кто ты?")
        engine = tlite.Engine(model, context=512)
        next(stream)
    model.close()
    assert model.closed and repr(model) == "<tlite.Model, closed>"
    for use in (lambda: model.info, lambda: model.tokenizer, lambda: tlite.Session(model)):
        with pytest.raises(tlite.BadState, match="this Model is closed"):
            use()
    assert tokenizer.encode("Привет") == [750]
    assert stream.run().text == ANSWER
    assert engine.map([who()], sampling=greedy)[0].text == ANSWER


def test_half_built_objects() -> None:
    """Of a constructor that failed, or was never called."""
    for kind in (tlite.Model, tlite.Session, tlite.Engine, tlite.Evaluator, tlite.Tokenizer):
        thing: Any = kind.__new__(kind)
        assert thing.closed
        thing.close()
        with pytest.raises(tlite.BadState), thing:
            pass
    with pytest.raises(tlite.BadState):
        tlite.Model.__new__(tlite.Model).vocab_size  # noqa: B018


def test_pickling_is_refused_with_a_reason(model: tlite.Model) -> None:
    """For each kind that holds memory of the process."""
    session = tlite.Session(model)
    things: list[Any] = [model, model.tokenizer, model.chat_template, session]
    things += [tlite.Engine(model), tlite.Evaluator(model), tlite.Sampler(model)]
    for thing in things:
        with pytest.raises(TypeError, match=f"a {type(thing).__name__} cannot be pickled or copi"):
            pickle.dumps(thing)
    assert pickle.loads(pickle.dumps(model.info)) == model.info


def test_a_model_is_for_any_number_of_threads(model: tlite.Model) -> None:
    """Four sessions at once give what one gives."""
    params = tlite.SamplingParams(temperature=0.9, seed=7, max_new_tokens=30)
    alone = tlite.Session(model, sampling=params).chat("Кто ты?")
    answers: list[str] = []

    def work() -> None:
        answers.append(tlite.Session(model, sampling=params).chat("Кто ты?").text)

    threads = [threading.Thread(target=work) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert answers == [alone.text] * 4


def test_quantizing(tmp_path: Path, model: tlite.Model) -> None:
    """A file, with importance measured, that is a model; progress; no trace of one that failed."""
    ids = model.tokenizer.encode("Привет! Как дела? " * 40)
    importance = tmp_path / "i.gguf"
    tlite.measure_importance(model, ids, importance, chunk=64, dataset="привет")
    target = tmp_path / "модель.gguf"
    told: list[int] = []
    tlite.quantize(
        *(DEMO, target, "q8_0"),
        importance=importance,
        progress=lambda done, total: told.append(done),
    )
    assert tlite.Model.inspect(target).weight_type == "q8_0" and told[-1] == 1_000_000
    with pytest.raises(tlite.InvalidArgument, match="mix is 'q9'"):
        tlite.quantize(DEMO, target, "q9")
    with pytest.raises(tlite.Error):
        tlite.quantize(DEMO / "config.json", tmp_path / "x.gguf", "q8_0")
    assert not (tmp_path / "x.gguf").exists()
