"""Ids to text as vLLM's incremental detokenizer gives it.

That is the DecodeStream of Hugging Face's tokenizers: text comes out once its bytes are whole
characters, and what still waits at the end of an answer is lost.
"""

from __future__ import annotations

from ..tokenizer import Tokenizer


class TokenTexts:
    """The bytes of tokens, each asked for once."""

    def __init__(self, tokenizer: Tokenizer) -> None:
        self._tokenizer = tokenizer
        self._size = tokenizer.vocab_size
        self._bytes: dict[int, bytes] = {}
        self._special: dict[int, bool] = {}

    def bytes_of(self, token: int) -> bytes:
        """None of an id that the vocabulary does not have."""
        if token not in self._bytes:
            known = 0 <= token < self._size
            self._bytes[token] = self._tokenizer.token_bytes(token) if known else b""
        return self._bytes[token]

    def is_special(self, token: int) -> bool:
        """Whether it is a special token."""
        if token not in self._special:
            self._special[token] = self._tokenizer.is_special(token)
        return self._special[token]


class Detokenizer:
    """Of one answer."""

    def __init__(self, texts: TokenTexts, skip_special: bool) -> None:
        self._texts = texts
        self._skip_special = skip_special
        self._held = b""

    def push(self, token: int) -> str:
        """The text that became whole."""
        if self._skip_special and self._texts.is_special(token):
            return ""
        self._held += self._texts.bytes_of(token)
        text = self._held.decode("utf-8", "replace")
        if text.endswith("\ufffd"):
            return ""
        self._held = b""
        return text


def token_text(texts: TokenTexts, before: list[int], token: int) -> str:
    """The text of one token behind others, for a log probability.

    None where it ends within a character; the one that ends a character has all of it.
    """
    text = texts.bytes_of(token).decode("utf-8", "replace")
    if not text.endswith("\ufffd"):
        return text
    own = texts.bytes_of(token)
    for count in range(1, min(len(before), 4) + 1):
        data = b"".join(texts.bytes_of(earlier) for earlier in before[-count:])
        whole = (data + own).decode("utf-8", "replace")
        if not whole.endswith("\ufffd"):
            return whole[len(_clean(texts, before[-count:])) :]
    return ""


def _clean(texts: TokenTexts, tokens: list[int]) -> str:
    """The text of tokens up to those that end within a character."""
    end = len(tokens)
    while end and texts.bytes_of(tokens[end - 1]).decode("utf-8", "replace").endswith("\ufffd"):
        end -= 1
    return b"".join(map(texts.bytes_of, tokens[:end])).decode("utf-8", "replace")
