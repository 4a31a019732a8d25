"""What a call of generate asks for, worked out: rows, lengths, ends, rules.

In the order in which transformers' generate works it out, so that the same mistakes are the same
kinds of errors.
"""

from __future__ import annotations

import math
import warnings
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

from ..errors import NotSupported
from . import _arrays
from ._arguments import ACCEPTED, HONOURED, REFUSED, refuse
from ._log import logger, warn_once
from .generation_config import DEFAULTS, GenerationConfig, config_like
from .logits_process import token_list


@dataclass
class Plan:
    """A call of generate."""

    config: GenerationConfig
    """Every field as it counts."""
    kind: str
    """Of what comes out and of what callbacks get."""
    ids: Any
    """(rows, width) int64: the prompts as they were given, num_return_sequences or num_beams of
    each."""
    mask: Any
    """(rows, width): 0 where a token does not count."""
    prompts: list[list[int]]
    """A list a row: the tokens that count."""
    eos: list[int]
    pad: int | None
    max_new_tokens: int
    min_new_tokens: int
    processors: list[Any]
    """logits_processor."""
    criteria: list[Any]
    """stopping_criteria."""
    allowed: Any = None
    """prefix_allowed_tokens_fn."""
    streamer: Any = None
    tokenizer: Any = None
    generator: Any = None

    @property
    def width(self) -> int:
        """The length of the prompts, padding included."""
        return int(self.ids.shape[1])

    @property
    def samples(self) -> bool:
        """Whether tokens are drawn."""
        return bool(self.config.do_sample)

    @property
    def searches(self) -> bool:
        """Whether beams are searched, so many rows of each prompt."""
        return bool(self.config.num_beams > 1)

    @property
    def skipped(self) -> Any:
        """Of each row how many tokens its padding in front takes."""
        return (self.mask != 0).argmax(axis=1)


_ARGUMENTS = (
    *("logits_processor", "stopping_criteria", "prefix_allowed_tokens_fn", "streamer"),
    *("tokenizer", "generator"),
)


def plan_of(
    defaults: GenerationConfig,
    most_positions: int | None,
    inputs: Any,
    generation_config: Any,
    arguments: dict[str, Any],
) -> Plan:
    """The plan of a call: `arguments` are all but the first two. `defaults`: the checkpoint's."""
    given = {name: arguments.pop(name, None) for name in _ARGUMENTS}
    if isinstance(inputs, Mapping):  # what apply_chat_template gave
        arguments = {**inputs, **arguments}
        inputs = None
    config, rest, had_max, had_min = _config_of(defaults, generation_config, arguments)
    _check_names(rest, config)
    _check_beams(config, given["streamer"])
    kind, ids, mask = _inputs_of(inputs, rest, config)
    eos = token_list(config.eos_token_id)
    pad = config.pad_token_id
    if pad is None and eos:
        pad = eos[0]
    mask = _mask_of(ids, mask, pad, eos)
    _warn_of_right_padding(mask)
    width = ids.shape[1]
    _resolve_lengths(config, width, had_max, had_min, most_positions)
    rows = max(config.num_beams, config.num_return_sequences, 1)
    ids, mask = np.repeat(ids, rows, axis=0), np.repeat(mask, rows, axis=0)
    prompts = [row[keep != 0].tolist() for row, keep in zip(ids, mask)]
    if not all(prompts):
        raise ValueError(f"the prompt of row {prompts.index([]) // rows} is empty")
    return Plan(
        *(config, kind, ids, mask, prompts, eos, pad),
        max_new_tokens=config.max_length - width,
        min_new_tokens=max(0, (config.min_length or 0) - width),
        processors=list(given["logits_processor"] or ()),
        criteria=list(given["stopping_criteria"] or ()),
        allowed=given["prefix_allowed_tokens_fn"],
        streamer=given["streamer"],
        tokenizer=given["tokenizer"],
        generator=given["generator"],
    )


def _config_of(
    defaults: GenerationConfig, given: Any, arguments: dict[str, Any]
) -> tuple[GenerationConfig, dict[str, Any], bool, bool]:
    """What counts: arguments before the given config, before the checkpoint's, before defaults.

    And the arguments that are no part of it, and whether somebody set max_length and min_length.
    """
    config = GenerationConfig() if given is None else config_like(given)

    def is_set(name: str) -> bool:
        own = arguments.get(name)
        return any(x is not None for x in (own, getattr(config, name), getattr(defaults, name)))

    had_max, had_min = is_set("max_length"), is_set("min_length")
    config.update(defaults_only=True, allow_custom_entries=True, **defaults.to_dict())
    config.update(defaults_only=True, **DEFAULTS)
    rest = config.update(**arguments)
    if given is not None and len(rest) < len(arguments):
        warn_once("generate was given generation_config and arguments; the arguments count more")
    return config, rest, had_max, had_min


def _check_names(rest: dict[str, Any], config: GenerationConfig) -> None:
    """ValueError for names that nobody knows, NotSupported for what is refused."""
    known = {*HONOURED["generate"], *ACCEPTED["generate"], *REFUSED["generate"]}
    unknown = [name for name, value in rest.items() if name not in known and value is not None]
    if unknown:
        raise ValueError(f"generate has no argument {', '.join(map(repr, unknown))}")
    for name in REFUSED["generate"]:
        if name in rest:
            refuse("generate", **{name: rest[name]})
        elif hasattr(config, name):
            refuse("generate", **{name: getattr(config, name)})


def _check_beams(config: GenerationConfig, streamer: Any) -> None:
    """ValueError for what no search can be asked for. None is the default, as everywhere."""
    for name in ("num_beams", "length_penalty", "early_stopping"):
        if getattr(config, name) is None:
            setattr(config, name, DEFAULTS[name])
    beams, penalty = config.num_beams, config.length_penalty
    if beams == 1:
        return
    if not isinstance(penalty, (int, float)) or not math.isfinite(penalty):
        raise ValueError(f"length_penalty is {penalty!r}, and must be a finite number")
    if streamer is not None:
        raise ValueError(
            f"streamer is given and num_beams is {beams}: no token is sure before the search ends"
        )


def _inputs_of(inputs: Any, rest: dict[str, Any], config: GenerationConfig) -> tuple[str, Any, Any]:
    """The prompts as (rows, width) int64 and the attention mask, if there is one."""
    named = rest.get("input_ids")
    if inputs is not None and named is not None:
        raise ValueError("generate was given inputs and input_ids, which are the same")
    given = named if inputs is None else inputs
    mask = rest.get("attention_mask")
    if given is None:
        if config.bos_token_id is None:
            raise ValueError("generate needs input_ids, as the model has no bos_token_id")
        return _arrays.usual_kind(), np.array([[config.bos_token_id]], dtype=np.int64), None
    kind = _arrays.kind_of(given)
    ids, padding = ids_of(given, config.pad_token_id)
    return kind, ids, padding if mask is None else mask_of(mask, ids.shape)


def _matrix_of(given: Any, filling: int, name: str, kinds: str) -> tuple[Any, Any]:
    """Numbers as (rows, length), of numpy's `kinds`, and None.

    A list of rows of several lengths is filled up on the left, and in place of None is what mask
    that makes.
    """
    rows = _arrays.plain(given)
    if not isinstance(rows, list) or not rows:
        raise ValueError(f"{name} is {rows!r:.40}, not rows of numbers")
    if not isinstance(rows[0], list):
        rows = [rows]
    mask = None
    if all(isinstance(row, list) for row in rows) and len({len(row) for row in rows}) > 1:
        longest = max(len(row) for row in rows)
        mask = np.array([[0] * (longest - len(row)) + [1] * len(row) for row in rows])
        rows = [[filling] * (longest - len(row)) + row for row in rows]
    try:
        array = np.array(rows)
    except ValueError:  # lists of several depths or, further in, lengths
        raise ValueError(f"{name} is {rows!r:.40}, not rows of numbers") from None
    if array.ndim != 2 or not array.size or array.dtype.kind not in kinds:
        raise ValueError(f"{name} is {array.dtype} of shape {array.shape}, not rows of numbers")
    return array, mask


def ids_of(given: Any, pad: int | None = None, name: str = "input_ids") -> tuple[Any, Any]:
    """Ids as (rows, length) int64; a list of rows of several lengths is filled up on the left.

    And the attention mask of the latter, else None.
    """
    array, mask = _matrix_of(given, pad or 0, name, "iub")
    return array.astype(np.int64), mask


def mask_of(given: Any, shape: tuple[int, ...]) -> Any:
    """An attention mask as (rows, length) int64: 1 where a token counts, else 0.

    Bools and floats may say so too. ValueError where its shape is not that of the ids; NotSupported
    for other numbers, by which transformers' generate stretches the positions.
    """
    mask, _ = _matrix_of(given, 0, "attention_mask", "iubf")
    if mask.shape != shape:
        raise ValueError(f"attention_mask is {mask.shape}, and input_ids are {shape}")
    wrong = np.argwhere((mask != 0) & (mask != 1))
    if len(wrong):
        row, place = wrong[0].tolist()
        raise NotSupported(
            f"attention_mask is {mask[row, place]} in row {row} at {place}: a token counts, 1, or"
            " it does not, 0"
        )
    return mask.astype(np.int64)


def _mask_of(ids: Any, mask: Any, pad: int | None, eos: list[int]) -> Any:
    """The attention mask; without one padding tokens are recognised, if they are nothing else."""
    if mask is not None:
        return mask
    if pad is None or not (ids == pad).any():
        return np.ones_like(ids)
    if pad in eos:
        if len(ids) > 1:
            warn_once(
                "there is no attention_mask, and the padding token is an end token: padding counts"
                " as text"
            )
        return np.ones_like(ids)
    return (ids != pad).astype(np.int64)


def _warn_of_right_padding(mask: Any) -> None:
    if len(mask) > 1 and (mask[:, -1] == 0).any():
        logger.warning(
            "the prompts are padded on the right; answers are as if they were not, where"
            " transformers goes on behind the padding. padding_side='left' is the same in both"
        )


def _resolve_lengths(
    config: GenerationConfig, width: int, had_max: bool, had_min: bool, most: int | None
) -> None:
    """max_length and min_length, which count the prompt, from what was given."""
    if config.max_new_tokens is not None:
        if had_max:
            logger.warning("max_new_tokens and max_length are given; max_new_tokens counts")
        config.max_length = config.max_new_tokens + width
    elif not had_max:  # 20 new tokens
        config.max_length += width
        if most is not None:
            config.max_length = min(config.max_length, most)
        warnings.warn(
            f"neither max_new_tokens nor max_length is given: there will be"
            f" {config.max_length - width} new tokens at most",
            UserWarning,
            stacklevel=5,
        )
    if config.min_new_tokens is not None:
        if had_min:
            logger.warning("min_new_tokens and min_length are given; min_new_tokens counts")
        config.min_length = config.min_new_tokens + width
    if width >= config.max_length:
        raise ValueError(
            f"the prompt has {width} tokens, and max_length is {config.max_length}: nothing can"
            " follow; max_new_tokens counts the answer alone"
        )
    if (config.min_length or 0) > config.max_length:
        warnings.warn(
            f"the shortest length, {config.min_length}, is above the longest, {config.max_length},"
            " which counts",
            UserWarning,
            stacklevel=5,
        )
