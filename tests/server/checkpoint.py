"""Writes a small checkpoint whose tokens are the 256 bytes and what is added to them."""

from __future__ import annotations

import json
import struct
from pathlib import Path

SPECIAL = ["<|endoftext|>", "<|im_start|>", "<|im_end|>"]  # of every checkpoint, first
BYTES = 256

Tensor = tuple[list[int], bytes]  # shape, float32 values


def byte_names() -> list[str]:
    """GPT-2's characters for the 256 bytes."""
    plain = [*range(33, 127), *range(161, 173), *range(174, 256)]
    names = {byte: chr(byte) for byte in plain}
    for byte in range(256):
        if byte not in names:
            names[byte] = chr(256 + len(names) - len(plain))
    return [names[byte] for byte in range(256)]


def write_tensors(path: Path, values: dict[str, Tensor]) -> None:
    """A safetensors file."""
    header: dict[str, object] = {}
    at = 0
    for name, (shape, data) in values.items():
        header[name] = {"dtype": "F32", "shape": shape, "data_offsets": [at, at + len(data)]}
        at += len(data)
    text = json.dumps(header).encode()
    text += b" " * (-len(text) % 8)
    with path.open("wb") as file:
        file.write(struct.pack("<Q", len(text)) + text)
        for _, data in values.values():
            file.write(data)


def write_checkpoint(
    folder: Path,
    demo: Path,
    values: dict[str, Tensor],
    *,
    added: list[str],
    special: list[str],
    template: str,
) -> None:
    """`demo` lends the form of its files; `added` stand behind the bytes and SPECIAL, in turn.

    The sizes are those of the tensors; heads have 64 channels, and there are no fewer for keys.
    """
    tokens = [*SPECIAL, *added]
    hidden = values["model.norm.weight"][0][0]
    config = json.loads((demo / "config.json").read_text(encoding="utf-8"))
    config |= {
        "torch_dtype": "float32", "hidden_size": hidden,
        "intermediate_size": values["model.layers.0.mlp.up_proj.weight"][0][0],
        "num_hidden_layers": sum("input_layernorm" in name for name in values),
        "num_attention_heads": hidden // 64, "num_key_value_heads": hidden // 64,
        "tie_word_embeddings": False, "vocab_size": BYTES + len(tokens),
        "bos_token_id": BYTES, "eos_token_id": BYTES + 2,
    }  # fmt: skip
    flags = {"single_word": False, "lstrip": False, "rstrip": False, "normalized": False}
    tokenizer = json.loads((demo / "tokenizer.json").read_text(encoding="utf-8"))
    tokenizer["model"]["vocab"] = {name: i for i, name in enumerate(byte_names())}
    tokenizer["model"]["merges"] = []
    tokenizer["added_tokens"] = [
        {"id": BYTES + i, "content": text, **flags, "special": text in SPECIAL or text in special}
        for i, text in enumerate(tokens)
    ]
    settings = json.loads((demo / "tokenizer_config.json").read_text(encoding="utf-8"))
    del settings["added_tokens_decoder"]
    settings["chat_template"] = template

    folder.mkdir()
    write_tensors(folder / "model.safetensors", values)
    for name, value in {
        "config.json": config,
        "tokenizer.json": tokenizer,
        "tokenizer_config.json": settings,
    }.items():
        (folder / name).write_text(json.dumps(value), encoding="utf-8")
