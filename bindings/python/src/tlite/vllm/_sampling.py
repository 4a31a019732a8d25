"""vLLM's parameters as those of the library's sampler, and what is checked by the model."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from .. import sampling as native
from . import _logits
from .exceptions import VLLMValidationError
from .sampling_params import SamplingParams

MOST_LOGPROBS = 64  # of the engine


@dataclass
class Rules:
    """What an LLM's requests have in common."""

    tokenizer: Any
    """Of transformers' kind."""
    vocab_size: int
    main_end: int | None
    """The tokenizer's end token, which is no stop_reason."""
    other_ends: list[int]
    """Further ones, of generation_config.json."""
    most: int
    """max_model_len."""
    max_logprobs: int
    _words: dict[tuple[str, ...], list[list[int]]] = field(default_factory=dict)

    @property
    def ends(self) -> list[int]:
        """All end tokens."""
        return [*([] if self.main_end is None else [self.main_end]), *self.other_ends]


@dataclass
class Wish:
    """One request, as the engine is asked."""

    params: SamplingParams
    sampling: native.SamplingParams
    hook_rules: list[_logits.Rule]
    watched: bool
    """Its stop strings are looked for here, not by the engine."""

    @property
    def ends(self) -> tuple[int, ...]:
        """Ids that end the answer."""
        return tuple(self.sampling.stop_token_ids)


def wish_of(params: SamplingParams, prompt: int, seed: int | None, rules: Rules) -> Wish:
    """Of a prompt of so many tokens. `seed` in place of none."""
    _check(params, rules)
    room = rules.most - prompt
    max_tokens = room if params.max_tokens is None else min(params.max_tokens, room)
    if params.max_tokens is None and params.min_tokens > room:
        raise VLLMValidationError(
            f"min_tokens is {params.min_tokens}, and there is room for {room} tokens",
            parameter="min_tokens",
            value=params.min_tokens,
        )
    # Stop strings may begin among the first min_tokens, and then never count, and special tokens
    # are no text of the engine's.
    watched = bool(params.stop) and (params.min_tokens > 0 or not params.skip_special_tokens)
    ends = [] if params.ignore_eos else rules.ends
    made = native.SamplingParams(
        temperature=0.0 if params.temperature < 1e-5 else params.temperature,
        top_k=max(0, params.top_k),
        top_p=params.top_p,
        min_p=params.min_p,
        repetition_penalty=params.repetition_penalty,
        presence_penalty=params.presence_penalty,
        frequency_penalty=params.frequency_penalty,
        max_new_tokens=max_tokens,
        min_new_tokens=min(params.min_tokens, max_tokens),
        ignore_eos=True,
        stop_token_ids=list(dict.fromkeys([*ends, *(params.stop_token_ids or ())])),
        stop=() if watched else params.stop,
        include_stop_in_output=params.include_stop_str_in_output,
        logprobs=params.logprobs,
        seed=seed if params.seed is None else params.seed % 2**64,
        logit_bias={int(token): bias for token, bias in (params.logit_bias or {}).items()},
        allowed_token_ids=params.allowed_token_ids or (),
        bad_words=_bad_words(params, rules),
        thinking_budget=params.thinking_token_budget,
    )
    return Wish(params, made, _hook_rules(params, made, rules), watched)


def _hook_rules(
    params: SamplingParams, made: native.SamplingParams, rules: Rules
) -> list[_logits.Rule]:
    found: list[_logits.Rule] = []
    if params.ignore_eos and params.min_tokens > 0 and rules.ends:
        found.append(_logits.no_early_ends(rules.ends, params.min_tokens))
    if params.min_p > 0 and params.top_p < 1:
        found.append(_logits.min_p_first(made, rules.ends))
    return found


def _check(params: SamplingParams, rules: Rules) -> None:
    """VLLMValidationError for what does not fit the model."""
    for name in ("logprobs", "prompt_logprobs"):
        count = getattr(params, name)
        if count is None:
            continue
        count = rules.vocab_size if count == -1 else count
        if count > rules.max_logprobs:
            raise VLLMValidationError(
                f"{name} is {count}, and max_logprobs of the LLM is {rules.max_logprobs}",
                parameter=name,
                value=count,
            )
    lists = {
        "stop_token_ids": params.stop_token_ids or (),
        "logit_bias": params.logit_bias or (),
        "allowed_token_ids": params.allowed_token_ids or (),
    }
    if params.allowed_token_ids is not None and not params.allowed_token_ids:
        raise VLLMValidationError("allowed_token_ids is empty", parameter="allowed_token_ids")
    for name, ids in lists.items():
        outside = [token for token in ids if not 0 <= int(token) < rules.vocab_size]
        if outside:
            raise VLLMValidationError(
                f"{name} has {outside}, and the vocabulary has {rules.vocab_size} tokens",
                parameter=name,
                value=outside,
            )


def _bad_words(params: SamplingParams, rules: Rules) -> list[list[int]]:
    """Each word, and behind a space where that is as many tokens and begins with another."""
    words = tuple(params.bad_words or ())
    if words not in rules._words:
        rules._words[words] = _encoded_words(words, rules.tokenizer)
    return rules._words[words]


def _encoded_words(words: tuple[str, ...], tokenizer: Any) -> list[list[int]]:
    found: list[list[int]] = []
    for word in words:
        bare = tokenizer.encode(word.lstrip(), add_special_tokens=False)
        if not bare:
            raise VLLMValidationError(
                f"bad_words has {word!r}, which is no token", parameter="bad_words", value=word
            )
        found.append(bare)
        spaced = tokenizer.encode(" " + word.lstrip(), add_special_tokens=False)
        if spaced[0] != bare[0] and len(spaced) == len(bare):
            found.append(spaced)
    return found
