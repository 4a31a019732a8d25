"""A checkpoint of noise with the demo model's tokenizer: slow, and its answers do not end."""

from __future__ import annotations

import json
import struct
from pathlib import Path
from typing import Any

_DEMO = Path(__file__).resolve().parents[3] / "examples" / "demo-model" / "model"


def _shapes_of(config: dict[str, int]) -> dict[str, tuple[int, ...]]:
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


def _write_noise(path: Path, shapes: dict[str, tuple[int, ...]]) -> None:
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


def write_noise_model(folder: Path) -> None:
    """Its files into a folder that is there."""
    config = json.loads((_DEMO / "config.json").read_text())
    config |= {"hidden_size": 768, "intermediate_size": 3072, "num_hidden_layers": 6}
    config |= {"num_attention_heads": 12, "num_key_value_heads": 12, "head_dim": 64}
    config |= {"max_position_embeddings": 8192, "tie_word_embeddings": True}
    config.pop("layer_types", None)
    (folder / "config.json").write_text(json.dumps(config))
    for name in ("tokenizer.json", "tokenizer_config.json"):
        (folder / name).write_bytes((_DEMO / name).read_bytes())
    _write_noise(folder / "model.safetensors", _shapes_of(config))
