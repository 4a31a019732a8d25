"""Writes a model that says what it is told: after each token one other comes.

Its one layer does nothing, so the next token depends on the last one alone, and the head says
which: row `next` of it is the last token's embedding, a unit vector. Scripts are added tokens, one
a piece; a prompt that ends in the token `say:NAME` is answered by the script of that name. Links
say what follows other tokens, the heaviest first.
"""

from __future__ import annotations

import itertools
import struct
from pathlib import Path

from checkpoint import BYTES, SPECIAL, Tensor, write_checkpoint

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


def tensors(vocabulary: int, links: list[tuple[int, int, float]]) -> dict[str, Tensor]:
    """The checkpoint."""
    heads = HIDDEN // 64
    inner = 64

    def zeros(*shape: int) -> Tensor:
        count = 4
        for size in shape:
            count *= size
        return list(shape), bytes(count)

    def ones(size: int) -> Tensor:
        return [size], struct.pack("<f", 1.0) * size

    def rows(units: list[tuple[int, int, float]]) -> Tensor:
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
    pieces = [piece for script in scripts.values() for piece in script]
    assert len(set(pieces)) == len(pieces)
    added = [*(f"say:{name}" for name in scripts), *pieces]
    if "<think>" not in added:
        added += ["<think>", "</think>"]
    ids = {text: BYTES + i for i, text in enumerate([*SPECIAL, *added])}
    assert BYTES + len(ids) <= HIDDEN
    known = ids | {chr(byte): byte for byte in range(128)}
    following = [(known[before], known[after], weight) for before, after, weight in links]
    for name, script in scripts.items():
        chain = [f"say:{name}", *script, "<|im_end|>"]
        following += [(ids[before], ids[after], 1.0) for before, after in itertools.pairwise(chain)]
    values = tensors(BYTES + len(ids), following)
    write_checkpoint(folder, demo, values, added=added, special=[], template=TEMPLATE)
