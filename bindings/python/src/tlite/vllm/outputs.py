"""What comes out, with vLLM's fields."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Callable

from .logprobs import PromptLogprobs, SampleLogprobs


@dataclass
class CompletionOutput:
    """One answer."""

    index: int
    """Which of the prompt's answers, from 0."""
    text: str
    """Without what ended it, unless include_stop_str_in_output asks for it."""
    token_ids: Sequence[int]
    """Every sampled id, the ending one and those of a stop string included."""
    cumulative_logprob: float | None
    """The sum of the tokens' log probabilities; None where `logprobs` is None."""
    logprobs: SampleLogprobs | None
    routed_experts: Any = None
    finish_reason: str | None = None
    """"stop", "length" or "abort"."""
    stop_reason: int | str | None = None
    """The stop string or id that ended it; None for the tokenizer's end token."""
    lora_request: Any = None
    sampling_mask: Any = None
    spec_decode_metrics: Any = None
    weight_versions: Any = None

    def finished(self) -> bool:
        """Whether it has ended."""
        return self.finish_reason is not None

    def __repr__(self) -> str:
        names = (
            *("index", "text", "token_ids", "routed_experts", "sampling_mask"),
            *("cumulative_logprob", "logprobs", "finish_reason"),
        )
        # vLLM writes strings bare but for the text.
        told = (f"{n}={self.text!r}" if n == "text" else f"{n}={getattr(self, n)}" for n in names)
        return f"CompletionOutput({', '.join(told)}, stop_reason={self.stop_reason})"


@dataclass(repr=False)
class RequestOutput:
    """A prompt and its answers."""

    request_id: str
    """A number, counted by the LLM."""
    prompt: str | None
    """Its text, of conversations as rendered; None where only ids were given."""
    prompt_token_ids: list[int] | None
    prompt_logprobs: PromptLogprobs | None
    outputs: list[CompletionOutput]
    finished: bool
    metrics: Any = None
    lora_request: Any = None
    encoder_prompt: str | None = None
    encoder_prompt_token_ids: list[int] | None = None
    num_cached_tokens: int | None = None
    """Tokens of the prompt that were taken from the prefix cache."""
    num_cache_creation_tokens: int | None = None
    """0: vLLM counts them for statistics that are off."""
    prompt_token_id_logprobs: Any = None
    kv_transfer_params: dict[str, Any] | None = None
    ec_transfer_params: dict[str, Any] | None = None

    def __repr__(self) -> str:
        names = (
            *("request_id", "prompt", "prompt_token_ids", "encoder_prompt"),
            *("encoder_prompt_token_ids", "prompt_logprobs", "prompt_token_id_logprobs"),
            *("outputs", "finished", "metrics", "lora_request", "num_cached_tokens"),
            "num_cache_creation_tokens",
        )
        quoted = ("prompt", "encoder_prompt")
        values = ((n, getattr(self, n)) for n in names)
        told = (f"{n}={value!r}" if n in quoted else f"{n}={value}" for n, value in values)
        return f"RequestOutput({', '.join(told)})"


class BeamSearchSequence:
    """One of the likeliest answers, prompt included."""

    def __init__(
        self,
        *,
        tokens: list[int],
        cum_logprob: float,
        text: str,
        scores: Callable[[], SampleLogprobs],
    ) -> None:
        self.tokens = tokens
        """Of the prompt and the answer."""
        self.cum_logprob = cum_logprob
        """Of the answer's tokens."""
        self.text: str | None = text
        """Of all tokens."""
        self.finish_reason: str | None = None
        self.stop_reason: int | str | None = None
        self.lora_request: Any = None
        self._scores = scores
        self._logprobs: SampleLogprobs | None = None

    @property
    def logprobs(self) -> SampleLogprobs:
        """Of each token of the answer the 2 * beam_width likeliest in its place.

        Computed when it is first asked for.
        """
        if self._logprobs is None:
            self._logprobs = self._scores()
        return self._logprobs

    def __repr__(self) -> str:
        return (
            f"BeamSearchSequence(tokens={self.tokens}, cum_logprob={self.cum_logprob},"
            f" text={self.text!r})"
        )


@dataclass
class BeamSearchOutput:
    """The answers to a prompt, the best first."""

    sequences: list[BeamSearchSequence]


@dataclass
class PoolingOutput:
    """A vector."""

    data: Any
    """float32: a torch tensor where torch was imported, else a numpy array."""

    def __eq__(self, other: object) -> bool:
        return isinstance(other, PoolingOutput) and bool((self.data == other.data).all())


@dataclass
class EmbeddingOutput:
    """An embedding."""

    embedding: list[float]

    @property
    def hidden_size(self) -> int:
        """How many numbers it has."""
        return len(self.embedding)

    def __repr__(self) -> str:
        return f"EmbeddingOutput(hidden_size={self.hidden_size})"


@dataclass
class ScoringOutput:
    """The cosine of two embeddings."""

    score: float


class PoolingRequestOutput:
    """A prompt and what was made of it."""

    def __init__(
        self,
        request_id: str,
        outputs: Any,
        prompt_token_ids: list[int],
        num_cached_tokens: int,
        finished: bool,
        *,
        error: Any = None,
    ) -> None:
        self.request_id = request_id
        self.outputs = outputs
        self.prompt_token_ids = prompt_token_ids
        self.num_cached_tokens = num_cached_tokens
        self.finished = finished
        self.error = error

    def __repr__(self) -> str:
        return (
            f"{type(self).__name__}(request_id={self.request_id!r}, outputs={self.outputs!r},"
            f" prompt_token_ids={self.prompt_token_ids},"
            f" num_cached_tokens={self.num_cached_tokens}, finished={self.finished})"
        )


class EmbeddingRequestOutput(PoolingRequestOutput):
    """A prompt and its embedding: `outputs.embedding`."""


class ScoringRequestOutput(PoolingRequestOutput):
    """Two prompts and how alike they are: `outputs.score`."""
