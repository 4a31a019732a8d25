"""Writes a model that says what it is told: after each token one other comes.

Its one layer does nothing, so the next token depends on the last one alone, and the head says
which: row `next` of it is the last token's embedding, a unit vector. Scripts are added tokens, one
a piece; a prompt that ends in the token `say:NAME` is answered by the script of that name. Links
say what follows other tokens, the heaviest first.
"""

from __future__ import annotations

import itertools
import json
import struct
from pathlib import Path

HIDDEN = 512  # at least as many as there are tokens

TEMPLATE = """{%- if tools %}{{- 'tools: ' + (tools | tojson) + '\\n' }}{%- endif %}
{%- for message in messages %}
    {{- '<|im_start|>' + message.role + '\\n' + (message.content or '') + '<|im_end|>\\n' }}
{%- endfor %}
{%- if add_generation_prompt %}
    {{- '<|im_start|>assistant\\n' }}
    {{- messages[-1].content }}
    {%- if opened %}{{- '<think>' }}{%- endif %}
{%- endif %}
"""


def byte_names() -> list[str]:
    """GPT-2's characters for the 256 bytes."""
    plain = [*range(33, 127), *range(161, 173), *range(174, 256)]
    names = {byte: chr(byte) for byte in plain}
    for byte in range(256):
        if byte not in names:
            names[byte] = chr(256 + len(names) - len(plain))
    return [names[byte] for byte in range(256)]


def tensors(
    vocabulary: int, links: list[tuple[int, int, float]]
) -> dict[str, tuple[list[int], bytes]]:
    """The checkpoint: shapes and float32 values."""
    heads = HIDDEN // 64
    inner = 64

    def zeros(*shape: int) -> tuple[list[int], bytes]:
        count = 4
        for size in shape:
            count *= size
        return list(shape), bytes(count)

    def ones(size: int) -> tuple[list[int], bytes]:
        return [size], struct.pack("<f", 1.0) * size

    def rows(units: list[tuple[int, int, float]]) -> tuple[list[int], bytes]:
        data = bytearray(vocabulary * HIDDEN * 4)
        for column, row, weight in units:
            struct.pack_into("<f", data, (row * HIDDEN + column) * 4, weight)
        return [vocabulary, HIDDEN], bytes(data)

    layer = "model.layers.0."
    return {
        "model.embed_tokens.weight": rows([(i, i, 1.0) for i in range(vocabulary)]),
        layer + "input_layernorm.weight": ones(HIDDEN),
        layer + "post_attention_layernorm.weight": ones(HIDDEN),
        layer + "self_attn.q_proj.weight": zeros(HIDDEN, HIDDEN),
        layer + "self_attn.q_proj.bias": zeros(HIDDEN),
        layer + "self_attn.k_proj.weight": zeros(HIDDEN, HIDDEN),
        layer + "self_attn.k_proj.bias": zeros(heads * 64),
        layer + "self_attn.v_proj.weight": zeros(HIDDEN, HIDDEN),
        layer + "self_attn.v_proj.bias": zeros(heads * 64),
        layer + "self_attn.o_proj.weight": zeros(HIDDEN, HIDDEN),
        layer + "mlp.gate_proj.weight": zeros(inner, HIDDEN),
        layer + "mlp.up_proj.weight": zeros(inner, HIDDEN),
        layer + "mlp.down_proj.weight": zeros(HIDDEN, inner),
        "model.norm.weight": ones(HIDDEN),
        "lm_head.weight": rows(links),
    }


def write_tensors(path: Path, values: dict[str, tuple[list[int], bytes]]) -> None:
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


def write_model(
    folder: Path,
    demo: Path,
    scripts: dict[str, list[str]],
    links: list[tuple[str, str, float]],
) -> None:
    """The model of these scripts; `demo` lends the form of its tokenizer.

    No piece may be in two scripts, nor be one byte, which is a token already. A link is a token,
    one that follows it, and a weight: 1 is that of what follows in a script.
    """
    names = byte_names()
    special = ["<|endoftext|>", "<|im_start|>", "<|im_end|>"]
    pieces = [piece for script in scripts.values() for piece in script]
    assert len(set(pieces)) == len(pieces)
    added = [*special, *(f"say:{name}" for name in scripts), *pieces]
    if "<think>" not in added:
        added += ["<think>", "</think>"]
    ids = {text: 256 + i for i, text in enumerate(added)}
    vocabulary = 256 + len(added)
    assert vocabulary <= HIDDEN
    known = ids | {chr(byte): byte for byte in range(128)}
    following = [(known[before], known[after], weight) for before, after, weight in links]
    for name, script in scripts.items():
        chain = [f"say:{name}", *script, "<|im_end|>"]
        following += [(ids[before], ids[after], 1.0) for before, after in itertools.pairwise(chain)]

    folder.mkdir()
    write_tensors(folder / "model.safetensors", tensors(vocabulary, following))
    config = json.loads((demo / "config.json").read_text(encoding="utf-8"))
    config |= {
        "torch_dtype": "float32", "hidden_size": HIDDEN, "intermediate_size": 64,
        "num_hidden_layers": 1, "num_attention_heads": HIDDEN // 64,
        "num_key_value_heads": HIDDEN // 64, "tie_word_embeddings": False,
        "vocab_size": vocabulary, "bos_token_id": 256, "eos_token_id": 258,
    }  # fmt: skip
    (folder / "config.json").write_text(json.dumps(config), encoding="utf-8")
    tokenizer = json.loads((demo / "tokenizer.json").read_text(encoding="utf-8"))
    tokenizer["model"]["vocab"] = {name: i for i, name in enumerate(names)}
    tokenizer["model"]["merges"] = []
    flags = {"single_word": False, "lstrip": False, "rstrip": False, "normalized": False}
    tokenizer["added_tokens"] = [
        {"id": ids[text], "content": text, **flags, "special": text in special} for text in added
    ]
    (folder / "tokenizer.json").write_text(json.dumps(tokenizer), encoding="utf-8")
    settings = json.loads((demo / "tokenizer_config.json").read_text(encoding="utf-8"))
    del settings["added_tokens_decoder"]
    settings["chat_template"] = TEMPLATE
    (folder / "tokenizer_config.json").write_text(json.dumps(settings), encoding="utf-8")
