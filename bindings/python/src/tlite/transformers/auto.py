"""from_pretrained: tokenizers, models and configurations by path or by name."""

from __future__ import annotations

import os
from typing import Any

from .._convert import PathLike
from ._arguments import HONOURED, refuse
from ._loading import load_options
from .configuration import Qwen2Config
from .hub import resolve
from .modeling import Qwen2ForCausalLM
from .tokenization import Qwen2Tokenizer

_WHERE = ("revision", "cache_dir", "subfolder", "gguf_file")


class _Factory:
    """Base of classes that nobody makes objects of."""

    def __init__(self, *_: object, **__: object) -> None:
        name = type(self).__name__
        raise OSError(f"{name} is made by {name}.from_pretrained(path)")


def _path(name: PathLike, arguments: dict[str, Any]) -> str:
    """Resolves a name by the arguments that say where, which are taken out."""
    where = {key: arguments.pop(key) for key in _WHERE if key in arguments}
    return resolve(name, **where)


class AutoTokenizer(_Factory):
    """Tokenizers by path or name."""

    @classmethod
    def from_pretrained(
        cls, pretrained_model_name_or_path: PathLike, **kwargs: Any
    ) -> Qwen2Tokenizer:
        """Of a Hugging Face directory, a .gguf file, or a name in Hugging Face's cache on disk.

        Settings such as `padding_side="left"` and `pad_token=` may be given; see
        docs/python-transformers.md. FileNotFoundError; NotSupported; TypeError for an argument
        that there is not.
        """
        path = _path(pretrained_model_name_or_path, kwargs)
        settings = {
            key: kwargs.pop(key) for key in HONOURED["tokenizer.from_pretrained"] if key in kwargs
        }
        refuse("tokenizer.from_pretrained", **kwargs)
        return Qwen2Tokenizer(path, name=os.fsdecode(pretrained_model_name_or_path), **settings)


class AutoModelForCausalLM(_Factory):
    """Models by path or name."""

    @classmethod
    def from_pretrained(
        cls, pretrained_model_name_or_path: PathLike, **kwargs: Any
    ) -> Qwen2ForCausalLM:
        """Of a Hugging Face directory, a .gguf file, or a name in Hugging Face's cache on disk.

        `dtype` "auto" or a dtype of torch, `device_map` "auto" or "cpu"; beside transformers'
        arguments `weights`, `threads`, `packed_cache` and `progress` of `tlite.Model`. See
        docs/python-transformers.md. FileNotFoundError; NotSupported; TypeError for an argument
        that there is not.
        """
        path = _path(pretrained_model_name_or_path, kwargs)
        options = load_options(path, kwargs)
        return Qwen2ForCausalLM(path, name=os.fsdecode(pretrained_model_name_or_path), **options)


class AutoConfig(_Factory):
    """Configurations by path or name."""

    @classmethod
    def from_pretrained(cls, pretrained_model_name_or_path: PathLike, **kwargs: Any) -> Qwen2Config:
        """Of a Hugging Face directory, a .gguf file, or a name in Hugging Face's cache on disk."""
        path = _path(pretrained_model_name_or_path, kwargs)
        refuse("tokenizer.from_pretrained", **kwargs)
        return Qwen2Config.from_pretrained(path)
