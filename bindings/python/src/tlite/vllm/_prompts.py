"""Prompts of every form as ids."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from ..transformers._arrays import plain
from ._arguments import refuse
from .exceptions import VLLMValidationError


@dataclass
class IdsPrompt:
    """One prompt."""

    text: str | None
    ids: list[int]


class PromptReader:
    """Texts to ids by a tokenizer, and checks of both.

    `most`: tokens that fit; `generates`: there must be room for one more behind them.
    """

    def __init__(self, tokenizer: Any, vocab_size: int, most: int, generates: bool) -> None:
        self._tokenizer = tokenizer
        self._vocab_size = vocab_size
        self._most = most
        self._generates = generates

    def read(self, prompt: Any, tokenization: dict[str, Any] | None = None) -> IdsPrompt:
        """One that `split` gave."""
        made = self._ids_of(prompt, tokenization or {})
        self._check(made.ids)
        return made

    def _ids_of(self, prompt: Any, tokenization: dict[str, Any]) -> IdsPrompt:
        if isinstance(prompt, str):
            return IdsPrompt(prompt, self._encode(prompt, tokenization))
        if isinstance(prompt, Mapping):
            return self._of_mapping(prompt, tokenization)
        if isinstance(prompt, list):
            return IdsPrompt(None, _checked_ids(prompt))
        raise TypeError(
            f"a prompt is a str, a list of token ids or a dict, not {type(prompt).__name__}"
        )

    def _of_mapping(self, prompt: Mapping[str, Any], tokenization: dict[str, Any]) -> IdsPrompt:
        refuse("prompt", **prompt)
        text, ids = prompt.get("prompt"), prompt.get("prompt_token_ids")
        if ids is None and text is None:
            raise TypeError("a dict that is a prompt has 'prompt' or 'prompt_token_ids'")
        if text is not None and not isinstance(text, str):
            raise TypeError(f"'prompt' of a prompt must be a str, not {type(text).__name__}")
        if ids is None:
            return IdsPrompt(text, self._encode(text or "", tokenization))
        return IdsPrompt(text, _checked_ids(plain(ids)))

    def _encode(self, text: str, tokenization: dict[str, Any]) -> list[int]:
        ids: list[int] = self._tokenizer(text, verbose=False, **tokenization)["input_ids"]
        return ids

    def _check(self, ids: list[int]) -> None:
        """VLLMValidationError for what the model cannot take."""
        if not ids:
            raise VLLMValidationError("the prompt is empty, and must have a token")
        low, high = min(ids), max(ids)
        if low < 0 or high >= self._vocab_size:
            token = low if low < 0 else high
            raise VLLMValidationError(
                f"token id {token} is not in the vocabulary of {self._vocab_size}",
                parameter="prompt_token_ids",
            )
        if len(ids) > self._most:
            raise VLLMValidationError(
                f"the prompt has {len(ids)} tokens, and max_model_len is {self._most}",
                parameter="input_tokens",
                value=len(ids),
            )
        if len(ids) == self._most and self._generates:
            raise VLLMValidationError(
                f"the prompt has {len(ids)} tokens, and max_model_len is {self._most}: there is no"
                " room for an answer",
                parameter="input_tokens",
                value=len(ids),
            )


def _checked_ids(ids: Any) -> list[int]:
    if not isinstance(ids, list) or not all(type(token) is int for token in ids):
        raise TypeError(f"token ids must be a list of ints, not {_kind(ids)}")
    return ids


def _kind(value: Any) -> str:
    if not isinstance(value, list):
        return type(value).__name__
    odd = next(item for item in value if type(item) is not int)
    return f"a list with {type(odd).__name__}"


def split(prompts: Any, prompt_token_ids: Any = None) -> list[Any]:
    """The single prompts of an argument, and of the older argument beside it."""
    if prompt_token_ids is None:
        return _several(prompts)
    rows = _several(prompt_token_ids)
    if prompts is None:
        return rows
    texts = _several(prompts)
    if len(texts) != len(rows):
        raise VLLMValidationError(
            f"there are {len(texts)} prompts and {len(rows)} prompt_token_ids",
            parameter="prompt_token_ids",
        )
    return [
        {"prompt": text, "prompt_token_ids": ids} if isinstance(text, str) else ids
        for text, ids in zip(texts, rows)
    ]


def _several(given: Any) -> list[Any]:
    """A list of prompts; a str, a dict or a flat list of ids is one."""
    if given is None:
        raise TypeError("there are no prompts")
    if isinstance(given, Mapping) and "input_ids" in given:
        return _of_encoding(given)
    if isinstance(given, (str, bytes, Mapping)):
        return [given]
    if hasattr(given, "tolist"):
        given = given.tolist()
    rows = list(given)
    if rows and all(type(item) is int for item in rows):
        return [rows]
    made: list[Any] = []
    for row in rows:
        if isinstance(row, Mapping) and "input_ids" in row:
            made += _of_encoding(row)
        else:
            made.append(plain(row) if not isinstance(row, (str, bytes, Mapping)) else row)
    return made


def _of_encoding(encoding: Mapping[str, Any]) -> list[list[int]]:
    """What a tokenizer or apply_chat_template gave: rows of ids, without padding."""
    refuse("prompt", **encoding)
    rows, masks = plain(encoding["input_ids"]), plain(encoding.get("attention_mask"))
    if rows and not isinstance(rows[0], list):
        rows, masks = [rows], None if masks is None else [masks]
    if masks is None:
        return list(rows)
    if [len(row) for row in rows] != [len(mask) for mask in masks]:
        raise VLLMValidationError(
            "attention_mask has another shape than input_ids", parameter="attention_mask"
        )
    return [[token for token, counts in zip(row, mask) if counts] for row, mask in zip(rows, masks)]
