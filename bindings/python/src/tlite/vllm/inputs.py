"""What a prompt may be."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TypedDict, Union


class _CacheOptions(TypedDict, total=False):
    cache_salt: str


class TextPrompt(_CacheOptions):
    """A text."""

    prompt: str


class _Text(_CacheOptions, total=False):
    prompt: str


class TokensPrompt(_Text):
    """Ids, and the text that they were made of where it is known."""

    prompt_token_ids: list[int]


PromptType = Union[str, TextPrompt, Sequence[int], TokensPrompt]
"""A text, ids, or one of the two dicts."""
