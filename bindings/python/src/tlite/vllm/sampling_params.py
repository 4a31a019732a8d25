"""How tokens are chosen, by vLLM's names."""

from __future__ import annotations

import copy
import enum
import math
from dataclasses import dataclass, fields
from typing import Any

from ..errors import NotSupported
from ._arguments import refuse
from ._log import logger
from .exceptions import VLLMValidationError

_MOST_ANSWERS = 16384
_LEAST_TEMPERATURE = 0.01
_GREEDY_BELOW = 1e-5


class RequestOutputKind(enum.Enum):
    """What a stream hands out; `LLM` has no streams, and takes any."""

    CUMULATIVE = 0
    DELTA = 1
    FINAL_ONLY = 2


@dataclass(repr=False)
class SamplingParams:
    """How tokens are chosen and when an answer ends; see docs/python-vllm.md.

    VLLMValidationError names what is out of range, TypeError a name that there is not.
    """

    n: int = 1
    presence_penalty: float = 0.0
    frequency_penalty: float = 0.0
    repetition_penalty: float = 1.0
    temperature: float = 1.0
    watermarking: bool | None = None
    top_p: float = 1.0
    top_k: int = 0
    min_p: float = 0.0
    seed: int | None = None
    stop: Any = None
    stop_token_ids: list[int] | None = None
    ignore_eos: bool = False
    max_tokens: int | None = 16
    min_tokens: int = 0
    logprobs: int | None = None
    prompt_logprobs: int | None = None
    prompt_logprob_token_ids: Any = None
    prompt_logprob_start: int | None = None
    logprob_token_ids: list[int] | None = None
    flat_logprobs: bool = False
    detokenize: bool = True
    skip_special_tokens: bool = True
    spaces_between_special_tokens: bool = True
    include_stop_str_in_output: bool = False
    output_kind: RequestOutputKind = RequestOutputKind.CUMULATIVE
    stream_interval: int | None = None
    skip_clone: bool = False
    structured_outputs: Any = None
    logit_bias: dict[int, float] | None = None
    allowed_token_ids: list[int] | None = None
    extra_args: dict[str, Any] | None = None
    bad_words: list[str] | None = None
    skip_reading_prefix_cache: bool | None = None
    thinking_token_budget: int | None = None
    repetition_detection: Any = None
    routed_experts_prompt_start: int = 0
    trace_decode_token_ids: list[int] | None = None

    def __post_init__(self) -> None:
        refuse("SamplingParams", **{entry.name: getattr(self, entry.name) for entry in _FIELDS})
        self._settle()
        self._check()
        if self.temperature < _GREEDY_BELOW:
            self.top_p, self.top_k, self.min_p = 1.0, 0, 0.0
            if self.n > 1:
                raise _bad("n", self.n, "must be 1 where the temperature is 0")

    def _settle(self) -> None:
        """Gives every field the form that it keeps."""
        for name in ("temperature", "top_p", "min_p", "repetition_penalty"):
            _number(getattr(self, name), name)
        if 0 < self.temperature < _LEAST_TEMPERATURE:
            logger.warning(
                "temperature %s is raised to %s, as vLLM does", self.temperature, _LEAST_TEMPERATURE
            )
            self.temperature = _LEAST_TEMPERATURE
        self.seed = None if self.seed == -1 else self.seed
        if self.thinking_token_budget == -1:
            self.thinking_token_budget = None
        stop = self.stop
        self.stop = [] if stop is None else [stop] if isinstance(stop, str) else list(stop)
        self.stop_token_ids = list(dict.fromkeys(self.stop_token_ids or ()))
        self.bad_words = list(dict.fromkeys(self.bad_words or ()))
        for name in ("logprobs", "prompt_logprobs"):
            if getattr(self, name) is True:
                setattr(self, name, 1)

    def _check(self) -> None:
        self._check_choice()
        self._check_lengths()
        self._check_lists()

    def _check_choice(self) -> None:
        """What tokens are drawn from."""
        if isinstance(self.n, bool) or not isinstance(self.n, int):
            raise _bad("n", self.n, "must be an int")
        if not 1 <= self.n <= _MOST_ANSWERS:
            raise _bad("n", self.n, f"must be in [1, {_MOST_ANSWERS}]")
        for name in ("presence_penalty", "frequency_penalty"):
            if not -2 <= _number(getattr(self, name), name) <= 2:
                raise _bad(name, getattr(self, name), "must be in [-2, 2]")
        if not 0 < self.repetition_penalty < math.inf:
            raise _bad("repetition_penalty", self.repetition_penalty, "must be above 0 and finite")
        if not 0 <= self.temperature <= 2:
            raise _bad("temperature", self.temperature, "must be in [0, 2]")
        if not 0 < self.top_p <= 1:
            raise _bad("top_p", self.top_p, "must be in (0, 1]")
        if isinstance(self.top_k, bool) or not isinstance(self.top_k, int) or self.top_k < -1:
            raise _bad("top_k", self.top_k, "must be an int, at least 1, or 0 or -1 for all")
        if not 0 <= self.min_p <= 1:
            raise _bad("min_p", self.min_p, "must be in [0, 1]")
        if self.seed is not None and not isinstance(self.seed, int):
            raise TypeError(f"seed must be an int, not {type(self.seed).__name__}")

    def _check_lengths(self) -> None:
        if self.max_tokens is not None and _whole(self.max_tokens, "max_tokens") < 1:
            raise _bad("max_tokens", self.max_tokens, "must be at least 1")
        if _whole(self.min_tokens, "min_tokens") < 0:
            raise _bad("min_tokens", self.min_tokens, "must be at least 0")
        if self.max_tokens is not None and self.min_tokens > self.max_tokens:
            raise _bad("min_tokens", self.min_tokens, f"is above max_tokens={self.max_tokens}")
        budget = self.thinking_token_budget
        if budget is not None and (
            isinstance(budget, bool) or not isinstance(budget, int) or budget < 0
        ):
            raise _bad("thinking_token_budget", budget, "must be an int, at least 0, or -1")
        if self.stream_interval is not None and self.stream_interval < 1:
            raise _bad("stream_interval", self.stream_interval, "must be at least 1")
        for name in ("logprobs", "prompt_logprobs"):
            count = getattr(self, name)
            if count is not None and _whole(count, name) < -1:
                raise _bad(name, count, "must be at least 0, or -1 for the whole vocabulary")

    def _check_lists(self) -> None:
        ids = self.stop_token_ids or []
        if not all(isinstance(token, int) for token in ids):
            raise _bad("stop_token_ids", ids, "must be ints")
        for text in (*self.stop, *(self.bad_words or ())):
            if not isinstance(text, str):
                raise TypeError(f"stop and bad_words must be str, not {type(text).__name__}")
        if "" in self.stop:
            raise _bad("stop", self.stop, "has an empty string")
        if self.stop and not self.detokenize:
            raise _bad("stop", self.stop, "needs the text, and detokenize is False")
        if "" in (self.bad_words or ()):
            raise _bad("bad_words", self.bad_words, "has an empty string")

    def __repr__(self) -> str:
        return f"SamplingParams({', '.join(f'{n}={getattr(self, n)}' for n in _SHOWN)})"

    def clone(self) -> SamplingParams:
        """A copy."""
        return copy.copy(self) if self.skip_clone else copy.deepcopy(self)

    @classmethod
    def from_optional(cls, **given: Any) -> SamplingParams:
        """Of arguments where None means the default, and logit_bias may have ids as strings."""
        defaults = {entry.name: entry.default for entry in _FIELDS}
        kept = {
            name: value
            for name, value in given.items()
            if value is not None or defaults.get(name) is None or name == "max_tokens"
        }
        if kept.get("logit_bias") is not None:
            kept["logit_bias"] = {
                _token(token): min(100.0, max(-100.0, bias))
                for token, bias in kept["logit_bias"].items()
            }
        return cls(**kept)


_FIELDS = fields(SamplingParams)
_SHOWN = (
    *("n", "presence_penalty", "frequency_penalty", "repetition_penalty", "temperature"),
    *("watermarking", "top_p", "top_k", "min_p", "seed", "stop", "stop_token_ids", "bad_words"),
    *("thinking_token_budget", "include_stop_str_in_output", "ignore_eos", "max_tokens"),
    *("min_tokens", "logprobs", "prompt_logprobs", "skip_special_tokens"),
    *("spaces_between_special_tokens", "structured_outputs", "extra_args"),
)


def _bad(name: str, value: Any, how: str) -> VLLMValidationError:
    return VLLMValidationError(f"{name} is {value!r}, and {how}", parameter=name, value=value)


def _number(value: Any, name: str) -> float:
    if isinstance(value, bool) or not isinstance(value, (int, float)):
        raise TypeError(f"{name} must be a number, not {type(value).__name__}")
    return value


def _whole(value: Any, name: str) -> int:
    if not isinstance(value, int):
        raise TypeError(f"{name} must be an int, not {type(value).__name__}")
    return value


def _token(token: Any) -> int:
    try:
        return int(token)
    except (TypeError, ValueError):
        raise _bad("logit_bias", token, "is no token id") from None


class StructuredOutputsParams:
    """NotSupported: answers by a schema, a regular expression or a grammar."""

    def __init__(self, *_: object, **given: object) -> None:
        raise NotSupported(
            f"StructuredOutputsParams({', '.join(given)}): this version has no grammars"
        )


@dataclass
class BeamSearchParams:
    """How `LLM.beam_search` searches; see docs/python-vllm.md."""

    beam_width: int
    max_tokens: int
    ignore_eos: bool = False
    temperature: float = 0.0
    length_penalty: float = 1.0
    include_stop_str_in_output: bool = False
    structured_outputs: Any = None
    skip_special_tokens: bool = True
    watermarking: bool | None = None

    def __post_init__(self) -> None:
        refuse("BeamSearchParams", **vars(self))
        if isinstance(self.beam_width, bool) or not isinstance(self.beam_width, int):
            raise _bad("beam_width", self.beam_width, "must be an int")
        if not 1 <= self.beam_width <= _MOST_ANSWERS:
            raise _bad("beam_width", self.beam_width, f"must be in [1, {_MOST_ANSWERS}]")
