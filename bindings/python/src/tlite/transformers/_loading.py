"""What a checkpoint says of generating, and what arguments say of how it is loaded."""

from __future__ import annotations

import os
import re
from pathlib import Path
from typing import Any

from ..errors import InvalidArgument, NotSupported
from ..model import Model
from ..sampling import SamplingParams
from ._arguments import refuse
from ._vocabulary import read_json
from .configuration import Qwen2Config
from .generation_config import GenerationConfig

_OF_GGUF = ("temperature", "top_k", "top_p", "min_p", "repetition_penalty")


def generation_config_of(path: str, config: Qwen2Config, model: Model) -> GenerationConfig:
    """The checkpoint's; where it has none, the ends that its configuration names."""
    file = Path(path) / "generation_config.json"
    if file.is_file():
        return GenerationConfig.from_dict(read_json(file))
    given: dict[str, Any] = dict(
        bos_token_id=config.bos_token_id,
        eos_token_id=config.eos_token_id,
        pad_token_id=config.pad_token_id,
    )
    if os.path.isfile(path):
        given.update(_of_gguf(model))
    return GenerationConfig(_from_model_config=True, **given)


def _of_gguf(model: Model) -> dict[str, Any]:
    """What the metadata of a .gguf file says of it."""
    tokens, sampling, plain = model.tokenizer, model.default_sampling, SamplingParams()
    values = {name: getattr(sampling, name) for name in _OF_GGUF}
    changed = {name: value for name, value in values.items() if value != getattr(plain, name)}
    if changed:
        samples = changed.get("temperature") != 0
        changed = {**changed, "do_sample": samples, "top_k": sampling.top_k}
        if not samples:
            del changed["temperature"]
    return {"bos_token_id": tokens.bos_token_id, "pad_token_id": tokens.pad_token_id, **changed}


_STORED = {"float32": "f32", "float16": "f16", "bfloat16": "bf16"}


def load_options(path: str, arguments: dict[str, Any]) -> dict[str, Any]:
    """What `tlite.Model` takes of the arguments of from_pretrained. NotSupported, TypeError."""
    own: dict[str, Any] = {
        name: arguments.pop(name)
        for name in ("threads", "packed_cache", "progress", "weights")
        if name in arguments
    }
    old, dtype = arguments.pop("torch_dtype", None), arguments.pop("dtype", None)
    _check_device_map(arguments.pop("device_map", None))
    refuse("model.from_pretrained", **arguments)
    weights = _weights_of(path, dtype if dtype is not None else old)
    if weights is not None:
        if own.get("weights") not in (None, weights):
            raise InvalidArgument("dtype and weights are given, and say different things")
        own["weights"] = weights
    return own


def _weights_of(path: str, dtype: Any) -> str | None:
    """The mix that a dtype asks for; None where the weights stay as they are stored."""
    if dtype is None or dtype == "auto":
        return None
    name = str(dtype).replace("torch.", "")
    stored = Model.inspect(path).weight_type
    # What is computed is the same in float32, as every stored number is one.
    if name == "float32" or _STORED.get(name) == stored:
        return None
    if name == "bfloat16" and stored in ("f32", "f16"):
        return "bf16"
    raise NotSupported(
        f"dtype is {dtype!r}, and the weights are {stored}: 'auto' and float32 leave them so, of"
        " float32 and float16 bfloat16 can be made; weights='q4_k_m' and the like quantize"
    )


def _check_device_map(device_map: Any) -> None:
    """NotSupported for anything but a CPU."""
    if device_map is None or device_map in ("auto", "balanced", "balanced_low_0", "sequential"):
        return
    places = device_map.values() if isinstance(device_map, dict) else [device_map]
    for place in places:
        if not isinstance(place, (str, int)) and not hasattr(place, "type"):
            raise TypeError(f"device_map must name a device, not {type(place).__name__}")
        if not re.fullmatch(r"cpu(:0)?", str(place)):
            raise NotSupported(f"device_map is {device_map!r}: this library computes on the CPU")
