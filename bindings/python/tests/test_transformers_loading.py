"""tlite.transformers: from_pretrained by path and by name, what a model is; without torch."""

from __future__ import annotations

import pickle
import subprocess
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import tlite
import tlite.transformers as hf
from conftest import DEMO, PACKAGE
from hf import ANSWER, EOS, PAD, PATH, chat, model, new_text, tokenizer

COMMIT = "0123456789abcdef0123456789abcdef01234567"


@pytest.fixture
def cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Hugging Face's cache with the demo model as t-tech/demo, its files links as there."""
    folder = tmp_path / "hub" / "models--t-tech--demo"
    snapshot = folder / "snapshots" / COMMIT
    snapshot.mkdir(parents=True)
    (folder / "blobs").mkdir()
    for file in DEMO.iterdir():
        (folder / "blobs" / file.name).write_bytes(file.read_bytes())
        (snapshot / file.name).symlink_to(f"../../blobs/{file.name}")
    (folder / "refs").mkdir()
    (folder / "refs" / "main").write_text(COMMIT)
    monkeypatch.delenv("HF_HUB_CACHE", raising=False)
    monkeypatch.delenv("HUGGINGFACE_HUB_CACHE", raising=False)
    monkeypatch.setenv("HF_HOME", str(tmp_path))
    return tmp_path / "hub"


def test_a_name_in_the_cache(cache: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """By the environment's variables, a revision, an argument."""
    name = "t-tech/demo"
    assert hf.AutoTokenizer.from_pretrained(name).eos_token_id == EOS
    made = hf.AutoModelForCausalLM.from_pretrained(name, revision=COMMIT)
    assert made.name_or_path == made.config.name_or_path == name
    out = made.generate(**chat(), do_sample=False, max_new_tokens=40)
    assert new_text(chat(), out) == [ANSWER]
    assert hf.AutoConfig.from_pretrained(name).vocab_size == 2560
    monkeypatch.setenv("HF_HOME", "/nowhere")
    with pytest.raises(FileNotFoundError, match="t-tech/demo"):
        hf.AutoTokenizer.from_pretrained(name)
    assert len(hf.AutoTokenizer.from_pretrained(name, cache_dir=cache)) == 2560
    monkeypatch.setenv("HF_HUB_CACHE", str(cache))
    assert len(hf.AutoTokenizer.from_pretrained(name)) == 2560
    with pytest.raises(FileNotFoundError, match="v2"):
        hf.AutoTokenizer.from_pretrained(name, revision="v2")
    with pytest.raises(FileNotFoundError, match=r"\.\./demo"):
        hf.AutoTokenizer.from_pretrained("../demo", revision="../../main")


@pytest.mark.parametrize("name", ["/no/such", "no such", "a/b/c", ""])
def test_what_is_no_model(name: str) -> None:
    """FileNotFoundError names it."""
    for kind in (hf.AutoTokenizer, hf.AutoModelForCausalLM, hf.AutoConfig):
        with pytest.raises(FileNotFoundError):
            kind.from_pretrained(name)


def test_the_auto_classes_are_not_made() -> None:
    """OSError, as in transformers."""
    with pytest.raises(OSError, match="from_pretrained"):
        hf.AutoTokenizer()


def test_a_gguf_file(tmp_path: Path) -> None:
    """The same answers; its ends, padding and sampling are in its metadata."""
    file = tmp_path / "demo.gguf"
    tlite.quantize(DEMO, file, "bf16")
    for given in ({"name": file}, {"name": tmp_path}, {"name": tmp_path, "gguf_file": file.name}):
        name = str(given.pop("name"))
        tok = hf.AutoTokenizer.from_pretrained(name, **given)
        assert tok("Привет, мир!")["input_ids"] == [750, 11, 294, 989, 0]
        assert (tok.eos_token_id, tok.pad_token_id, tok.vocab_size) == (EOS, PAD, 2557)
        assert tok.chat_template == tokenizer().chat_template
        made = hf.AutoModelForCausalLM.from_pretrained(name, **given)
        out = made.generate(**chat(), do_sample=False, max_new_tokens=40)
        assert new_text(chat(), out) == [ANSWER]
        config = made.generation_config
        assert (config.do_sample, config.top_k, config.pad_token_id) == (True, 20, PAD)
        assert config.eos_token_id == [EOS, PAD]
        assert made.config.rope_parameters == {"rope_theta": 10000.0, "rope_type": "default"}
    tlite.quantize(DEMO, tmp_path / "other.gguf", "q8_0")
    with pytest.raises(ValueError, match=r"demo\.gguf, other\.gguf"):
        hf.AutoTokenizer.from_pretrained(tmp_path)
    with pytest.raises(FileNotFoundError, match="third"):
        hf.AutoTokenizer.from_pretrained(tmp_path, gguf_file="third.gguf")


@pytest.mark.parametrize(
    "given",
    [
        {},
        {"torch_dtype": "auto", "device_map": "auto"},
        {"dtype": "float32", "device_map": "cpu"},
        {"dtype": "bfloat16", "torch_dtype": "float16", "device_map": {"": "cpu"}},
        {"attn_implementation": "sdpa", "low_cpu_mem_usage": True, "token": "x"},
    ],
)
def test_weights_stay_as_they_are_stored(given: dict[str, Any]) -> None:
    """By all that asks for nothing else."""
    made = hf.AutoModelForCausalLM.from_pretrained(PATH, **given)
    assert made.native.decode_bytes == model().native.decode_bytes
    out = made.generate(**chat(), do_sample=False, max_new_tokens=40)
    assert new_text(chat(), out) == [ANSWER]


def test_weights_of_another_kind(tmp_path: Path) -> None:
    """Quantized, or bfloat16 of float32."""
    small = hf.AutoModelForCausalLM.from_pretrained(PATH, weights="q8_0", threads=1)
    assert small.native.decode_bytes < model().native.decode_bytes
    tlite.quantize(DEMO, tmp_path / "f32.gguf", "f32")
    wide = hf.AutoModelForCausalLM.from_pretrained(tmp_path)
    narrow = hf.AutoModelForCausalLM.from_pretrained(tmp_path, dtype="bfloat16")
    assert narrow.native.decode_bytes < wide.native.decode_bytes
    with pytest.raises(ValueError, match="dtype and weights"):
        hf.AutoModelForCausalLM.from_pretrained(tmp_path, dtype="bfloat16", weights="q8_0")
    for made in (small, narrow):
        out = made.generate(**chat(), do_sample=False, max_new_tokens=40)
        assert new_text(chat(), out) == [ANSWER]


@pytest.mark.parametrize(
    "given",
    [
        {"dtype": "int8"},
        {"dtype": "float16"},
        {"device_map": "cuda"},
        {"device_map": 0},
        {"device_map": {"model.layers.0": "disk"}},
        {"load_in_4bit": True},
        {"quantization_config": object()},
        {"config": object()},
    ],
)
def test_what_is_not_done(given: dict[str, Any]) -> None:
    """NotSupported names the argument."""
    with pytest.raises(tlite.NotSupported, match=next(iter(given))):
        hf.AutoModelForCausalLM.from_pretrained(PATH, **given)


def test_what_nobody_knows() -> None:
    """TypeError names it."""
    with pytest.raises(TypeError, match="foo"):
        hf.AutoModelForCausalLM.from_pretrained(PATH, foo=1)
    with pytest.raises(TypeError, match="foo"):
        hf.AutoTokenizer.from_pretrained(PATH, foo=1)
    with pytest.raises(TypeError, match="device_map"):
        hf.AutoModelForCausalLM.from_pretrained(PATH, device_map=1.5)
    with pytest.raises(ValueError, match="'up'"):
        hf.AutoTokenizer.from_pretrained(PATH, padding_side="up")


def test_what_a_model_is() -> None:
    """Its attributes, and the moves that change nothing."""
    made = model()
    assert made.device == "cpu"
    assert made.device.type == "cpu"
    assert str(made.dtype).endswith("bfloat16")
    assert made.to("cpu").eval().float().cpu().train(False).requires_grad_(False) is made
    assert made.to(dtype="float32") is made
    assert made.num_parameters() == 2887424
    assert made.can_generate()
    assert not made.training
    assert made.get_memory_footprint() == 5774848
    config = made.config
    assert (config.vocab_size, config.model_type, config.hidden_act) == (2560, "qwen2", "silu")
    assert config.get_text_config() is config
    assert config.to_dict()["num_hidden_layers"] == 4
    with pytest.raises(AttributeError, match="rope_theta"):
        config.rope_theta  # noqa: B018
    made.resize_token_embeddings(2560)
    for call in (
        lambda: made.to("cuda"),
        lambda: made.to("float16"),
        lambda: made.train(),
        lambda: made.resize_token_embeddings(3000),
        lambda: made.save_pretrained("somewhere"),
        lambda: tokenizer().save_pretrained("somewhere"),
    ):
        with pytest.raises(tlite.NotSupported):
            call()


def test_the_card_s_program() -> None:
    """As printed, but for the import line and the model's path."""
    program = PACKAGE / "examples" / "card_transformers.py"
    done = subprocess.run(
        [sys.executable, str(program), PATH, "Какая столица Франции?"],
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    assert "Париж" in done.stdout
    assert done.stderr == ""


def test_it_needs_neither_torch_nor_transformers() -> None:
    """And does not import them by itself."""
    code = (
        "import sys, tlite.transformers as t\n"
        f"tok = t.AutoTokenizer.from_pretrained({PATH!r})\n"
        f"m = t.AutoModelForCausalLM.from_pretrained({PATH!r})\n"
        "out = m.generate(tok(['Да'], return_tensors='np').input_ids, max_new_tokens=2)\n"
        "assert type(out).__module__ == 'numpy'\n"
        "assert not {'torch', 'transformers'} & set(sys.modules)\n"
    )
    subprocess.run([sys.executable, "-c", code], check=True)


def test_encodings_are_dicts() -> None:
    """Attributes, names, and what is not there."""
    made = tokenizer()("Да")
    assert isinstance(made.data, dict)
    assert made.is_fast
    with pytest.raises(KeyError, match="labels"):
        made["labels"]
    with pytest.raises(KeyError):
        made[0]
    with pytest.raises(AttributeError, match="pixel_values"):
        made.pixel_values  # noqa: B018
    assert made.convert_to_tensors("np").input_ids.dtype == np.int64
    assert made.to("cpu") is made
    again = pickle.loads(pickle.dumps(made))
    assert again.input_ids.tolist() == made.input_ids.tolist()
    with pytest.raises(ValueError, match="tokens"):
        again.tokens()
