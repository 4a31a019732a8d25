"""Random Qwen2 checkpoints that C++ and Python make alike, out of a seed.

Value i of a tensor is a pure function of (seed, tensor name, i): SplitMix64 of a counter, as in
lib/base/rng.hpp. tests/unit/model/synthetic.hpp is the other half; keep the two alike.
"""

from __future__ import annotations

import dataclasses
import math

import numpy as np
import torch

MASK = (1 << 64) - 1
GAMMA = 0x9E3779B97F4A7C15
PIECE = 1 << 22  # draws at once


@dataclasses.dataclass(frozen=True)
class Spec:
    """Shape and kind of a checkpoint."""

    name: str
    seed: int
    hidden: int
    inner: int
    layers: int
    heads: int
    kv_heads: int
    head_dim: int
    vocab: int
    tied: bool = False
    rope_theta: float = 1e6
    yarn_factor: float = 0.0
    yarn_original: int = 0
    window: int = 0
    max_window_layers: int = 0
    dtype: torch.dtype = torch.float32


def mix(z: np.ndarray) -> np.ndarray:
    """The mixing function of SplitMix64."""
    z = (z ^ (z >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
    z = (z ^ (z >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
    return z ^ (z >> np.uint64(31))


def uniform(seed: int, count: int, first: int = 0) -> np.ndarray:
    """Draws `first` to `first + count` of CounterRng(seed): doubles in [0, 1)."""
    with np.errstate(over="ignore"):
        start = mix(np.array([seed & MASK], dtype=np.uint64))
        counter = np.arange(first + 1, first + count + 1, dtype=np.uint64)
        bits = mix(start + np.uint64(GAMMA) * counter)
    return (bits >> np.uint64(11)).astype(np.float64) * 2.0**-53


def name_hash(name: str) -> int:
    """FNV-1a."""
    value = 0xCBF29CE484222325
    for byte in name.encode():
        value = ((value ^ byte) * 0x100000001B3) & MASK
    return value


def tensor(spec: Spec, name: str, shape: tuple[int, ...]) -> torch.Tensor:
    """Matrices of variance 1/in, norms near one, biases with the outliers of real checkpoints."""
    count = math.prod(shape)
    seed = spec.seed ^ name_hash(name)
    if len(shape) == 2:
        values = np.empty(count, dtype=np.float32)
        scale = math.sqrt(3.0 / shape[-1])
        for first in range(0, count, PIECE):
            draws = uniform(seed, min(PIECE, count - first), first)
            values[first : first + len(draws)] = (draws * 2.0 - 1.0) * scale
        return torch.from_numpy(values).to(spec.dtype).reshape(shape)
    centred = uniform(seed, count) * 2.0 - 1.0
    if name.endswith("norm.weight"):
        values = 1.0 + 0.25 * centred
    elif name.endswith("k_proj.bias"):
        values = 2.0 * centred
        layer = int(name.split(".")[2])
        if layer in (0, spec.layers - 1):
            # Key biases of first and last layers have norms in the hundreds, in the slowly
            # turning dimensions.
            half = spec.head_dim // 2
            for i in range(count):
                if i % half >= half - 2:
                    values[i] *= 200.0
    else:
        values = centred
    flat = torch.from_numpy(values.astype(np.float32)).to(spec.dtype)
    return flat.reshape(shape)


def shapes(spec: Spec) -> dict[str, tuple[int, ...]]:
    """Names and shapes of the tensors of a checkpoint."""
    q = spec.heads * spec.head_dim
    kv = spec.kv_heads * spec.head_dim
    out: dict[str, tuple[int, ...]] = {"model.embed_tokens.weight": (spec.vocab, spec.hidden)}
    for i in range(spec.layers):
        p = f"model.layers.{i}."
        out[p + "input_layernorm.weight"] = (spec.hidden,)
        out[p + "post_attention_layernorm.weight"] = (spec.hidden,)
        for letter, rows in (("q", q), ("k", kv), ("v", kv)):
            out[p + f"self_attn.{letter}_proj.weight"] = (rows, spec.hidden)
            out[p + f"self_attn.{letter}_proj.bias"] = (rows,)
        out[p + "self_attn.o_proj.weight"] = (spec.hidden, q)
        out[p + "mlp.gate_proj.weight"] = (spec.inner, spec.hidden)
        out[p + "mlp.up_proj.weight"] = (spec.inner, spec.hidden)
        out[p + "mlp.down_proj.weight"] = (spec.hidden, spec.inner)
    out["model.norm.weight"] = (spec.hidden,)
    if not spec.tied:
        out["lm_head.weight"] = (spec.vocab, spec.hidden)
    return out


def state_dict(spec: Spec) -> dict[str, torch.Tensor]:
    """All tensors of a checkpoint."""
    return {name: tensor(spec, name, shape) for name, shape in shapes(spec).items()}


def config(spec: Spec) -> dict[str, object]:
    """What config.json says."""
    out: dict[str, object] = {
        "architectures": ["Qwen2ForCausalLM"],
        "model_type": "qwen2",
        "hidden_act": "silu",
        "vocab_size": spec.vocab,
        "hidden_size": spec.hidden,
        "intermediate_size": spec.inner,
        "num_hidden_layers": spec.layers,
        "num_attention_heads": spec.heads,
        "num_key_value_heads": spec.kv_heads,
        "head_dim": spec.head_dim,
        "max_position_embeddings": 32768,
        "rms_norm_eps": 1e-6,
        "rope_theta": spec.rope_theta,
        "tie_word_embeddings": spec.tied,
        "attention_dropout": 0.0,
        "use_sliding_window": spec.window > 0,
        "max_window_layers": spec.max_window_layers,
        "torch_dtype": str(spec.dtype).removeprefix("torch."),
    }
    if spec.window > 0:
        out["sliding_window"] = spec.window
    if spec.yarn_factor > 0:
        out["rope_scaling"] = {
            "type": "yarn",
            "rope_type": "yarn",
            "factor": spec.yarn_factor,
            "original_max_position_embeddings": spec.yarn_original,
        }
    return out


def reference(spec: Spec) -> torch.nn.Module:
    """transformers' Qwen2 in float32 with the (rounded) weights of the spec."""
    from transformers import Qwen2Config, Qwen2ForCausalLM

    made = Qwen2Config(**config(spec))  # type: ignore[arg-type]
    made._attn_implementation = "eager"
    with torch.device("meta"):
        model = Qwen2ForCausalLM(made)
    model = model.to_empty(device="cpu").to(torch.float32).eval()
    weights = {name: value.float() for name, value in state_dict(spec).items()}
    model.load_state_dict(weights, strict=not spec.tied)
    if spec.tied:
        model.tie_weights()
    model.model.rotary_emb = type(model.model.rotary_emb)(config=made)
    return model


def token_ids(spec: Spec, count: int) -> list[int]:
    """A prompt of random tokens."""
    draws = uniform(spec.seed ^ name_hash("tokens"), count)
    return [int(x * spec.vocab) for x in draws]
