"""What transformers makes of config.json and generation_config.json.

Usage: python tests/golden/qwen2_configs.py
Needs transformers 5.24 and torch; writes tests/golden/data/qwen2_configs.json, which is committed.
"""

import json
from pathlib import Path
from typing import Any

from transformers import GenerationConfig, Qwen2Config
from transformers.models.qwen2.modeling_qwen2 import Qwen2RotaryEmbedding

# transformers' own constructors carry no types.
make_config: Any = Qwen2Config
make_generation_config: Any = GenerationConfig

# hidden, intermediate, layers, heads, key-value heads, vocabulary, tied: the published sizes.
SIZES = {
    "0.5B": (896, 4864, 24, 14, 2, 151936, True),
    "1.5B": (1536, 8960, 28, 12, 2, 151936, True),
    "3B": (2048, 11008, 36, 16, 2, 151936, True),
    "7B": (3584, 18944, 28, 28, 4, 152064, False),
    "14B": (5120, 13824, 48, 40, 8, 152064, False),
    "32B": (5120, 27648, 64, 40, 8, 152064, False),
    "72B": (8192, 29568, 80, 64, 8, 152064, False),
}


def base(size: str = "7B", **changes: object) -> dict[str, object]:
    """A config.json of a published size, with changes; a value of `...` removes the field."""
    hidden, inner, layers, heads, kv, vocabulary, tied = SIZES[size]
    config: dict[str, object] = {
        "architectures": ["Qwen2ForCausalLM"],
        "attention_dropout": 0.0,
        "bos_token_id": 151643,
        "eos_token_id": 151645,
        "hidden_act": "silu",
        "hidden_size": hidden,
        "initializer_range": 0.02,
        "intermediate_size": inner,
        "max_position_embeddings": 32768,
        "max_window_layers": layers,
        "model_type": "qwen2",
        "num_attention_heads": heads,
        "num_hidden_layers": layers,
        "num_key_value_heads": kv,
        "rms_norm_eps": 1e-06,
        "rope_theta": 1000000.0,
        "sliding_window": 131072,
        "tie_word_embeddings": tied,
        "torch_dtype": "bfloat16",
        "transformers_version": "4.43.1",
        "use_cache": True,
        "use_sliding_window": False,
        "vocab_size": vocabulary,
    }
    config.update(changes)
    return {key: value for key, value in config.items() if value is not ...}


def yarn(**fields: object) -> dict[str, object]:
    """A config with this rope_scaling."""
    return base(rope_scaling=fields)


DEFAULT = {"rope_type": "default"}
YARN = {"type": "yarn", "factor": 4.0, "original_max_position_embeddings": 32768}
FULL = ["full_attention"] * 28

CONFIGS: list[dict[str, object]] = [
    *(base(size) for size in SIZES),
    base(head_dim=64),
    base(num_key_value_heads=None),
    base(rope_theta=..., rms_norm_eps=..., max_position_embeddings=..., tie_word_embeddings=...),
    base(use_sliding_window=..., sliding_window=..., max_window_layers=...),
    base(use_sliding_window=True),
    base(use_sliding_window=True, sliding_window=4096, max_window_layers=21),
    base(use_sliding_window=True, sliding_window=None, max_window_layers=21),
    base(use_sliding_window=True, sliding_window=..., max_window_layers=0),
    base(use_sliding_window=True, max_window_layers=..., num_hidden_layers=32),
    base(use_sliding_window=False, sliding_window=512, max_window_layers=0),
    base(
        use_sliding_window=True,
        sliding_window=512,
        layer_types=["full_attention"] * 10 + ["sliding_attention"] * 18,
    ),
    base(use_sliding_window=True, sliding_window=512, layer_types=["full_attention"] * 28),
    base(rope_scaling=None),
    yarn(rope_type="default"),
    yarn(type="yarn", factor=4.0, original_max_position_embeddings=32768),
    yarn(rope_type="yarn", factor=4.0, original_max_position_embeddings=32768),
    yarn(rope_type="yarn", factor=2, original_max_position_embeddings=16384, truncate=False),
    yarn(rope_type="yarn", factor=8.0),
    yarn(rope_type="yarn", factor=1.0),
    yarn(rope_type="yarn", factor=4.0, attention_factor=1.5),
    yarn(rope_type="yarn", factor=4.0, beta_fast=16, beta_slow=2.5),
    yarn(rope_type="yarn", factor=4.0, beta_fast=0, beta_slow=None),
    yarn(rope_type="yarn", factor=40.0, mscale=1.0, mscale_all_dim=0.8),
    yarn(rope_type="yarn", factor=40.0, mscale=0.707, mscale_all_dim=0.707),
    yarn(rope_type="yarn", factor=40.0, mscale=0.5),
    yarn(rope_type="yarn", factor=40.0, mscale=0, mscale_all_dim=1),
    # One setting in two spellings: which of them counts.
    base(rope_parameters={"rope_type": "default", "rope_theta": 2e6}),
    base(rope_theta=..., rope_parameters={"rope_type": "default", "rope_theta": 2e6}),
    base(rope_theta=..., rope_parameters={"rope_type": "default"}),
    base(rope_theta=..., rope_parameters={**YARN, "rope_theta": 2e6}),
    base(rope_theta=..., rope_parameters={**DEFAULT, "rope_theta": 2e6}, rope_scaling=YARN),
    base(rope_parameters={**DEFAULT, "rope_theta": 2e6}, rope_scaling=YARN),
    base(rope_parameters={**DEFAULT, "rope_theta": 2e6}, rope_scaling={**YARN, "rope_theta": 3e6}),
    base(rope_parameters={**YARN, "rope_theta": 2e6}, rope_scaling=DEFAULT),
    base(rope_parameters={**YARN, "rope_theta": 2e6}, rope_scaling={}),
    base(rope_parameters={**YARN, "rope_theta": 2e6}, rope_scaling=None),
    base(rope_parameters={}, rope_scaling=YARN),
    base(rope_parameters={}),
    base(rope_parameters=None),
    yarn(),
    yarn(factor=4.0),
    yarn(type="linear", factor=4.0),
    yarn(rope_type="linear", factor=0.5),
    yarn(type="linear", rope_type="yarn", factor=4.0),
    yarn(type="yarn", rope_type="linear", factor=4.0),
    yarn(type="mrope", rope_type="default", mrope_section=[16, 24, 24]),
    base(hidden_act="swish"),
    base(dtype="float32", torch_dtype="bfloat16"),
    base(use_sliding_window=True, sliding_window=512, max_window_layers=0, layer_types=FULL),
]

GENERATION_CONFIGS: list[dict[str, object]] = [
    {},
    {
        "do_sample": False,
        "eos_token_id": 151643,
        "max_new_tokens": 2048,
        "transformers_version": "4.37.0",
    },
    {
        "bos_token_id": 151643,
        "pad_token_id": 151643,
        "do_sample": True,
        "eos_token_id": [151645, 151643],
        "repetition_penalty": 1.05,
        "temperature": 0.7,
        "top_p": 0.8,
        "top_k": 20,
    },
    {"do_sample": True},
    {"do_sample": True, "top_k": 0, "min_p": 0.05},
    {"do_sample": True, "top_k": None, "temperature": 1},
    {"do_sample": True, "min_new_tokens": 3, "stop_strings": ["###", "</s>"]},
    {"do_sample": True, "stop_strings": "END", "no_such_field": {"a": 1}},
]


def read_config(fields: dict[str, object]) -> dict[str, object]:
    """The settings that the forward pass of transformers' Qwen2 would run with."""
    config = make_config(**json.loads(json.dumps(fields)))
    head_dim = getattr(config, "head_dim", config.hidden_size // config.num_attention_heads)
    rope = Qwen2RotaryEmbedding(config)
    return {
        "vocab_size": config.vocab_size,
        "hidden_size": config.hidden_size,
        "intermediate_size": config.intermediate_size,
        "num_hidden_layers": config.num_hidden_layers,
        "num_attention_heads": config.num_attention_heads,
        "num_key_value_heads": config.num_key_value_heads,
        "head_dim": head_dim,
        "max_position_embeddings": config.max_position_embeddings,
        "rms_norm_eps": config.rms_norm_eps,
        "rope_theta": config.rope_parameters["rope_theta"],
        "tie_word_embeddings": config.tie_word_embeddings,
        "yarn": rope.rope_type == "yarn",
        "linear": config.rope_parameters["factor"] if rope.rope_type == "linear" else 1,
        "attention_factor": rope.attention_scaling,
        "windows": [
            config.sliding_window if kind == "sliding_attention" else 0
            for kind in config.layer_types
        ],
    }


def read_generation_config(fields: dict[str, object]) -> dict[str, object]:
    """The sampling settings that transformers' generate would use."""
    config = make_generation_config(**fields)
    for name, value in config._get_default_generation_params().items():
        if getattr(config, name, None) is None:
            setattr(config, name, value)
    eos = config.eos_token_id
    stops = config.stop_strings or []
    return {
        "temperature": config.temperature if config.do_sample else 0.0,
        "top_k": config.top_k or 0,
        "top_p": config.top_p,
        "min_p": config.min_p or 0.0,
        "repetition_penalty": config.repetition_penalty,
        "max_new_tokens": config.max_new_tokens or -1,
        "min_new_tokens": config.min_new_tokens or 0,
        "stop": [stops] if isinstance(stops, str) else stops,
        "eos_token_id": [] if eos is None else eos if isinstance(eos, list) else [eos],
    }


def main() -> None:
    """Writes the file."""
    cases = {
        "configs": [{"config": fields, "expected": read_config(fields)} for fields in CONFIGS],
        "generation_configs": [
            {"config": fields, "expected": read_generation_config(fields)}
            for fields in GENERATION_CONFIGS
        ],
    }
    path = Path(__file__).parent / "data" / "qwen2_configs.json"
    path.write_text(json.dumps(cases, separators=(",", ":")) + "\n")


if __name__ == "__main__":
    main()
