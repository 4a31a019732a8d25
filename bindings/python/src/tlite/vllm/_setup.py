"""What the arguments of LLM() mean for a model, and what its files say."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from ..errors import InvalidArgument
from ..model import Model
from ..transformers._loading import generation_config_of
from ..transformers.auto import AutoTokenizer
from ..transformers.hub import resolve
from ..transformers.tokenization import Qwen2Tokenizer
from ._sampling import MOST_LOGPROBS

_USUAL = 32768  # tokens of several requests

SAMPLING = (
    *("repetition_penalty", "presence_penalty", "frequency_penalty", "temperature", "top_k"),
    *("top_p", "min_p", "max_new_tokens"),
)
"""What generation_config says of sampling."""


def runner_of(runner: str, convert: str) -> str:
    """Whether it answers, or embeds. InvalidArgument."""
    if runner not in ("auto", "generate", "pooling"):
        raise InvalidArgument(f"runner is {runner!r}, which is none of auto, generate, pooling")
    if convert not in ("auto", "none", "embed"):
        raise InvalidArgument(f"convert is {convert!r}, which is none of auto, none, embed")
    return "pooling" if runner == "pooling" else "generate"


def precision(path: str, dtype: Any, weights: str | None) -> dict[str, Any]:
    """What is loaded; of a bfloat16 checkpoint `auto` means products of such numbers, as in vLLM.

    A GGUF file stays as it is stored, but for an explicit bfloat16.
    """
    if weights is not None:
        return {"dtype": dtype, "weights": weights}
    name = str(dtype or "auto").replace("torch.", "")
    if name in ("auto", "bfloat16"):
        info = Model.inspect(path)
        if info.weight_type == "bf16" and (name == "bfloat16" or info.format != "gguf"):
            return {"weights": "bf16"}
    return {"dtype": dtype}


def tokenizer_of(
    name: Any, revision: str | None, cache_dir: str | None, model: Model
) -> Qwen2Tokenizer:
    """InvalidArgument where it does not have the model's tokens."""
    made = AutoTokenizer.from_pretrained(name, revision=revision, cache_dir=cache_dir)
    own, given = model.tokenizer, made.native
    size = own.vocab_size
    if given.vocab_size != size or any(
        own.token_bytes(token) != given.token_bytes(token) for token in range(0, size, 61)
    ):
        raise InvalidArgument(f"tokenizer is {str(name)!r}, whose tokens are not the model's")
    return made


def length_of(given: int | None, most: int) -> int:
    """max_model_len, in tokens. TypeError, InvalidArgument."""
    if given is None:
        return most
    if isinstance(given, bool) or not isinstance(given, int):
        raise TypeError(f"max_model_len must be an int, not {type(given).__name__}")
    if not 1 <= given <= most:
        raise InvalidArgument(
            f"max_model_len is {given}, and the model was made for 1 to {most} tokens"
        )
    return given


def generation_of(
    path: str, config: Any, model: Model, source: str
) -> tuple[list[int], dict[str, Any]]:
    """The end tokens of generation_config, and what it says of sampling."""
    found = generation_config_of(
        path if source in ("auto", "vllm") else resolve(source), config, model
    )
    ends = found.eos_token_id
    ends = [] if ends is None else [ends] if isinstance(ends, int) else list(ends)
    if source == "vllm":
        return ends, {}
    values = {name: getattr(found, name, None) for name in SAMPLING}
    return ends, {name: value for name, value in values.items() if value is not None}


def most_logprobs(given: int) -> int:
    """max_logprobs. TypeError, InvalidArgument."""
    if isinstance(given, bool) or not isinstance(given, int):
        raise TypeError(f"max_logprobs must be an int, not {type(given).__name__}")
    if not 0 <= given <= MOST_LOGPROBS:
        raise InvalidArgument(
            f"max_logprobs is {given}, and this library tells of {MOST_LOGPROBS} tokens at most"
        )
    return given


def template_of(given: Any) -> str | None:
    """A template: a file's, or as it is."""
    if given is None:
        return None
    if isinstance(given, Path) or (len(str(given)) < 4096 and "{" not in str(given)):
        return Path(given).read_text(encoding="utf-8")
    return str(given)


def usual_tokens(memory: int | None, path: str, most: int) -> int:
    """Tokens that several requests share: what fits into so many bytes, or the usual."""
    if memory is None:
        return max(_USUAL, most)
    plan = Model.plan(path, context=1024)
    return max(1024, int(memory // max(1, plan.kv_cache // 1024)))
