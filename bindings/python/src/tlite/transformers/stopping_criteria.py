"""What ends answers: transformers' criteria.

`criterion(input_ids, scores)` says it for each row.
"""

from __future__ import annotations

import time
from collections.abc import Iterable
from typing import Any

import numpy as np

from ._arrays import TORCH, as_numpy, is_tensor, made
from ._log import warn_once
from .logits_process import token_list


class StoppingCriteria:
    """Base of criteria: write `__call__(self, input_ids, scores, **kwargs)`.

    It gets (rows, length) ids, the prompt in front, and the scores so far where `output_scores`
    asks for them, and says for each row, or by one bool for all, whether it ends here.
    """

    def __call__(self, input_ids: Any, scores: Any, **kwargs: Any) -> Any:
        """Whether rows end here."""
        raise NotImplementedError(f"{type(self).__name__} has no __call__")


class NumpyCriterion(StoppingCriteria):
    """Base of the criteria of this package."""

    def ends(self, ids: Any) -> Any:
        """Whether each row ends here."""
        raise NotImplementedError

    def __call__(self, input_ids: Any, scores: Any, **kwargs: Any) -> Any:
        """A bool a row, as an array, or as a tensor where the ids are one."""
        result = np.broadcast_to(self.ends(as_numpy(input_ids)), (len(input_ids),)).copy()
        return made(TORCH, result) if is_tensor(input_ids) else result


class StoppingCriteriaList(list):  # type: ignore[type-arg]
    """Criteria of which any one ends a row."""

    def __call__(self, input_ids: Any, scores: Any, **kwargs: Any) -> Any:
        """Whether rows end here."""
        result = np.zeros(len(input_ids), dtype=bool)
        for criterion in self:
            result = result | as_numpy(criterion(input_ids, scores, **kwargs)).astype(bool)
        return made(TORCH, result) if is_tensor(input_ids) else result

    @property
    def max_length(self) -> int | None:
        """Of the criterion that has one."""
        return next((c.max_length for c in self if isinstance(c, MaxLengthCriteria)), None)


class MaxLengthCriteria(NumpyCriterion):
    """Prompt and answer are so long."""

    def __init__(self, max_length: int, max_position_embeddings: int | None = None) -> None:
        self.max_length = max_length
        self.max_position_embeddings = max_position_embeddings

    def ends(self, ids: Any) -> Any:
        """All rows at once."""
        length, most = ids.shape[1], self.max_position_embeddings
        if most is not None and self.max_length > length > most:
            warn_once(f"the answer is longer than the model was made for, {most} tokens")
        return length >= self.max_length


class MaxTimeCriteria(NumpyCriterion):
    """So many seconds have gone."""

    def __init__(self, max_time: float, initial_timestamp: float | None = None) -> None:
        self.max_time = max_time
        self.initial_timestamp = time.time() if initial_timestamp is None else initial_timestamp

    def ends(self, ids: Any) -> Any:
        """All rows at once."""
        return time.time() - self.initial_timestamp > self.max_time


class EosTokenCriteria(NumpyCriterion):
    """The last token is one of these."""

    def __init__(self, eos_token_id: Any) -> None:
        self.eos_token_id = token_list(eos_token_id)

    def ends(self, ids: Any) -> Any:
        """By its last token."""
        return np.isin(ids[:, -1], self.eos_token_id)


class StopStringMatcher:
    """Whether the last token completes a stop string.

    The string may begin in the prompt and end inside the token, but its end must be in the token.
    It is looked for in bytes: a token may be half a letter.
    """

    def __init__(self, tokenizer: Any, stop_strings: str | Iterable[str]) -> None:
        texts = [stop_strings] if isinstance(stop_strings, str) else list(stop_strings)
        for text in texts:
            if not isinstance(text, str):
                raise TypeError(f"stop_strings has {text!r}, which is no str")
        self.texts = tuple(texts)
        self._stops = [text.encode() for text in texts]
        self.longest = max((len(stop) for stop in self._stops), default=0)
        """Of the strings, in bytes."""
        self._tokenizer = tokenizer
        self._bytes: dict[int, bytes] = {}

    def _of(self, token: int) -> bytes:
        known = self._bytes.get(token)
        if known is None:
            native = getattr(self._tokenizer, "native", None)
            if native is None:  # transformers' own tokenizer
                known = _bytes_of(self._tokenizer, token)
            else:
                known = native.token_bytes(token) if 0 <= token < native.vocab_size else b""
            self._bytes[token] = known
        return known

    def ends(self, ids: Any) -> bool:
        """`ids` of one row, prompt and answer."""
        last = self._of(int(ids[-1]))
        data = last
        for token in reversed(ids[:-1]):
            if len(data) >= len(last) + self.longest:
                break
            data = self._of(int(token)) + data
        begins = len(data) - len(last)
        for stop in self._stops:
            # The earliest match whose end is behind the beginning of the last token.
            if stop and data.find(stop, max(0, begins - len(stop) + 1)) >= 0:
                return True
        return False


def _bytes_of(tokenizer: Any, token: int) -> bytes:
    from ._vocabulary import BYTES

    name = tokenizer.convert_ids_to_tokens(token)
    if name is None:
        return b""
    if all(letter in BYTES for letter in name):
        return bytes(BYTES[letter] for letter in name)
    return str(name).encode()


class StopStringCriteria(NumpyCriterion):
    """The text ends with, or in its last token goes beyond, one of these strings."""

    def __init__(self, tokenizer: Any, stop_strings: str | Iterable[str]) -> None:
        self.matcher = StopStringMatcher(tokenizer, stop_strings)
        self.stop_strings = self.matcher.texts

    def ends(self, ids: Any) -> Any:
        """Row by row."""
        return np.array([self.matcher.ends(row.tolist()) for row in ids], dtype=bool)
