"""Embeddings of prompts, in vLLM's form."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

import numpy as np

from ..engine import Engine
from ..errors import InvalidArgument, NotSupported
from ..transformers import _arrays
from ._progress import Bar
from ._prompts import IdsPrompt
from .config import PoolerConfig
from .outputs import (
    EmbeddingOutput,
    EmbeddingRequestOutput,
    PoolingOutput,
    PoolingRequestOutput,
    ScoringOutput,
    ScoringRequestOutput,
)
from .pooling_params import PoolingParams

_TASKS = ("classify", "token_classify", "token_embed", "plugin", "score", "reward")


def check_task(task: str | None) -> None:
    """ValueError, NotSupported."""
    if task is None:
        raise InvalidArgument("encode needs pooling_task='embed'; LLM.embed is the short way")
    if task in _TASKS:
        raise NotSupported(f"pooling_task is {task!r}: 'embed' is what these models can")
    if task != "embed":
        raise InvalidArgument(f"pooling_task is {task!r}, which is none")


def run(
    engine: Engine,
    numbers: Sequence[str],
    prompts: Sequence[IdsPrompt],
    params: Sequence[Any],
    config: PoolerConfig,
    bar: Bar,
) -> list[PoolingRequestOutput]:
    """One vector a prompt."""
    each: list[Any] = [{"normalize": _normalizes(own, config)} for own in params]

    def tell(_done: int, _total: int) -> None:
        bar.done(0, [0])

    answers = engine.map(
        [prompt.ids for prompt in prompts], each=each, pooling=config.pooling, progress=tell
    )
    return [
        PoolingRequestOutput(
            number,
            PoolingOutput(_vector(answer.embedding)),
            prompt.ids,
            answer.cached_tokens,
            finished=True,
        )
        for number, prompt, answer in zip(numbers, prompts, answers)
    ]


def _normalizes(params: Any, config: PoolerConfig) -> bool:
    if params is not None and not isinstance(params, PoolingParams):
        raise TypeError(f"pooling_params must be PoolingParams, not {type(params).__name__}")
    own = None if params is None else params.use_activation
    if own is None:
        own = config.use_activation
    return own is not False


def _vector(embedding: Any) -> Any:
    return _arrays.made(_arrays.usual_kind(), np.array(embedding, dtype=np.float32))


def embedding_of(output: PoolingRequestOutput) -> EmbeddingRequestOutput:
    """The same as a list of floats."""
    return EmbeddingRequestOutput(
        output.request_id,
        EmbeddingOutput(output.outputs.data.tolist()),
        output.prompt_token_ids,
        output.num_cached_tokens,
        output.finished,
    )


def scores_of(
    first: Sequence[PoolingRequestOutput], second: Sequence[PoolingRequestOutput], pad: int | None
) -> list[ScoringRequestOutput]:
    """Of each pair; one in `first` is paired with all."""
    pairs = zip(list(first) * len(second) if len(first) == 1 else first, second)
    between = [] if pad is None else [pad]
    return [
        ScoringRequestOutput(
            f"{one.request_id}_{other.request_id}",
            ScoringOutput(_cosine(one.outputs.data.tolist(), other.outputs.data.tolist())),
            [*one.prompt_token_ids, *between, *other.prompt_token_ids],
            one.num_cached_tokens + other.num_cached_tokens,
            finished=True,
        )
        for one, other in pairs
    ]


def _cosine(one: list[float], other: list[float]) -> float:
    dot = math.fsum(a * b for a, b in zip(one, other))
    return dot / max(math.hypot(*one) * math.hypot(*other), 1e-12)
