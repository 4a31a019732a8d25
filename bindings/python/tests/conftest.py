"""What tests share: the library that was built, the demo model, and a larger one of noise."""

from __future__ import annotations

import json
import os
import struct
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

ROOT = Path(__file__).resolve().parents[3]
PACKAGE = ROOT / "bindings" / "python"
DEMO = ROOT / "examples" / "demo-model" / "model"

# Where the package is installed, that is what is tested; else the tree and what was built in it.
if "TLITE_TEST_INSTALLED" not in os.environ:
    os.environ.setdefault("TLITE_LIBRARY", str(ROOT / "build-release/capi/libtlite_c.so"))
    sys.path.insert(0, str(PACKAGE / "src"))
    os.environ["PYTHONPATH"] = str(PACKAGE / "src")  # for the programs that tests start

import tlite  # noqa: E402


@pytest.fixture(scope="session")
def model() -> tlite.Model:
    """The demo model, for everybody."""
    return tlite.Model(DEMO)


@pytest.fixture
def greedy() -> tlite.SamplingParams:
    """No chance, and an end."""
    return tlite.SamplingParams(temperature=0, max_new_tokens=40)


@pytest.fixture
def engine(model: tlite.Model) -> Iterator[tlite.Engine]:
    """An engine of a test's own."""
    with tlite.Engine(model, context=4096) as made:
        yield made


def who(text: str = "Кто ты?") -> list[dict[str, str]]:
    """A conversation whose answer the demo model knows."""
    return [{"role": "user", "content": text}]


ANSWER = "Я маленькая демонстрационная модель libtlite."


@pytest.fixture(scope="session")
def slow_path(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A checkpoint of noise with the demo model's tokenizer, whose prompts take seconds."""
    folder = tmp_path_factory.mktemp("slow")
    config = json.loads((DEMO / "config.json").read_text())
    config |= {"hidden_size": 768, "intermediate_size": 3072, "num_hidden_layers": 6}
    config |= {"num_attention_heads": 12, "num_key_value_heads": 12, "head_dim": 64}
    config |= {"max_position_embeddings": 8192, "tie_word_embeddings": True}
    config.pop("layer_types", None)
    (folder / "config.json").write_text(json.dumps(config))
    for name in ("tokenizer.json", "tokenizer_config.json"):
        (folder / name).write_bytes((DEMO / name).read_bytes())
    write_noise(folder / "model.safetensors", shapes_of(config))
    return folder


def shapes_of(config: dict[str, int]) -> dict[str, tuple[int, ...]]:
    """The tensors of a Qwen2 checkpoint with tied embeddings."""
    hidden, inner = config["hidden_size"], config["intermediate_size"]
    shapes: dict[str, tuple[int, ...]] = {
        "model.embed_tokens.weight": (config["vocab_size"], hidden)
    }
    for layer in range(config["num_hidden_layers"]):
        at = f"model.layers.{layer}"
        for name in ("q", "k", "v"):
            shapes[f"{at}.self_attn.{name}_proj.weight"] = (hidden, hidden)
            shapes[f"{at}.self_attn.{name}_proj.bias"] = (hidden,)
        shapes[f"{at}.self_attn.o_proj.weight"] = (hidden, hidden)
        shapes[f"{at}.mlp.gate_proj.weight"] = shapes[f"{at}.mlp.up_proj.weight"] = (inner, hidden)
        shapes[f"{at}.mlp.down_proj.weight"] = (hidden, inner)
        for name in ("input", "post_attention"):
            shapes[f"{at}.{name}_layernorm.weight"] = (hidden,)
    return shapes | {"model.norm.weight": (hidden,)}


def write_noise(path: Path, shapes: dict[str, tuple[int, ...]]) -> None:
    """A safetensors file of small bf16 numbers."""
    header: dict[str, dict[str, Any]] = {}
    end = 0
    for name, shape in shapes.items():
        size = 2 * shape[0] * (shape[1] if len(shape) > 1 else 1)
        header[name] = {"dtype": "BF16", "shape": list(shape), "data_offsets": [end, end + size]}
        end += size
    head = json.dumps(header).encode()
    # bf16 from 0.0078 to 0.0156, of both signs
    noise = b"".join(struct.pack("<H", (i * 40503 & 0x807F) | 0x3C00) for i in range(4096))
    with path.open("wb") as file:
        file.write(struct.pack("<Q", len(head)) + head)
        for entry in header.values():
            begin, end = entry["data_offsets"]
            size = end - begin
            file.write((noise * (size // len(noise) + 1))[:size])
