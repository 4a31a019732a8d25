"""The model's configuration, as its files say it."""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import Any

from ..model import Model, ModelInfo
from ._vocabulary import read_json
from .hub import resolve

_FROM_INFO = (
    *("vocab_size", "hidden_size", "intermediate_size", "num_hidden_layers"),
    *("num_attention_heads", "num_key_value_heads", "max_position_embeddings"),
    *("tie_word_embeddings", "rms_norm_eps", "sliding_window"),
)


class Qwen2Config:
    """What config.json says, as attributes; of a .gguf file what its metadata says of it.

    Base frequency and scaling of positions are in `rope_parameters`, as version 5 of transformers
    has them.
    """

    model_type = "qwen2"
    is_encoder_decoder = False

    def __init__(self, **values: Any) -> None:
        self.__dict__.update(values)

    def to_dict(self) -> dict[str, Any]:
        """All of it, by name."""
        return {"model_type": self.model_type, **self.__dict__}

    def get_text_config(self, decoder: bool = False) -> Qwen2Config:
        """Itself: the model is a language model and nothing else."""
        return self

    def to_json_string(self) -> str:
        """As a config.json has it."""
        return json.dumps(self.to_dict(), indent=2, sort_keys=True) + "\n"

    def __repr__(self) -> str:
        return f"{type(self).__name__} {self.to_json_string()}"

    def __getattr__(self, name: str) -> Any:
        raise AttributeError(f"this Qwen2Config has no {name!r}")

    @classmethod
    def from_pretrained(
        cls,
        pretrained_model_name_or_path: str | os.PathLike[str],
        *,
        revision: str | None = None,
        cache_dir: str | os.PathLike[str] | None = None,
        subfolder: str | None = None,
        gguf_file: str | None = None,
    ) -> Qwen2Config:
        """Of a directory, a .gguf file or a name in Hugging Face's cache; reads headers only."""
        path = resolve(
            pretrained_model_name_or_path,
            revision=revision,
            cache_dir=cache_dir,
            subfolder=subfolder,
            gguf_file=gguf_file,
        )
        return config_of(path, Model.inspect(path), os.fspath(pretrained_model_name_or_path))


def _rope(values: dict[str, Any], info: ModelInfo) -> dict[str, Any]:
    """Base frequency and scaling from where they stand."""
    given = values.pop("rope_parameters", None)
    scaling = values.pop("rope_scaling", None) or {}
    theta = values.pop("rope_theta", None)
    if isinstance(given, dict):
        return given
    kind = scaling.get("rope_type", scaling.get("type", "default"))
    theta = float(theta if theta is not None else info.rope_theta)
    return {**scaling, "rope_theta": theta, "rope_type": kind}


def config_of(path: str, info: ModelInfo, name: str) -> Qwen2Config:
    """The configuration of a checkpoint."""
    values = read_json(Path(path) / "config.json") if os.path.isdir(path) else {}
    values.pop("model_type", None)
    stored = values.pop("torch_dtype", None)
    names = {"bf16": "bfloat16", "f16": "float16", "f32": "float32"}
    values.setdefault("dtype", stored or names.get(info.weight_type, info.weight_type))
    for key in _FROM_INFO:
        values.setdefault(key, getattr(info, key))
    ends = list(info.eos_token_ids)
    values.setdefault("eos_token_id", ends[0] if len(ends) == 1 else ends or None)
    values.setdefault("bos_token_id", None)
    values.setdefault("pad_token_id", None)
    values.setdefault("use_cache", True)
    values["rope_parameters"] = _rope(values, info)
    return Qwen2Config(**values, name_or_path=name, _name_or_path=name)
