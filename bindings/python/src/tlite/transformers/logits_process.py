"""What changes scores before a token is chosen: transformers' processors, on numpy.

`processor(input_ids, scores)` takes (rows, length) ids and (rows, vocab_size) scores, arrays or
tensors, and gives scores of the same kind. The rules are transformers'; the library's own sampler,
which has the same ones, is what runs where nobody wants to look at scores in between.
"""

from __future__ import annotations

import inspect
from collections.abc import Iterable, Mapping
from typing import Any, Callable

import numpy as np

from ._arrays import TORCH, as_numpy, is_tensor, made

NOT = -np.inf


def token_list(tokens: Any) -> list[int]:
    """One id or several, as a list."""
    if isinstance(tokens, (int, np.integer)):
        return [int(tokens)]
    return [int(token) for token in np.atleast_1d(as_numpy(tokens))] if tokens is not None else []


def above_zero(value: Any, name: str) -> float:
    """A float above 0; ints are none here, as in transformers."""
    if not isinstance(value, float) or not value > 0:
        raise ValueError(f"{name} is {value!r}, and must be a float above 0")
    return value


class LogitsProcessor:
    """Base of processors: write `__call__(self, input_ids, scores)`, which returns scores."""

    def __call__(self, input_ids: Any, scores: Any) -> Any:
        """Scores as they shall be."""
        raise NotImplementedError(f"{type(self).__name__} has no __call__")


class NumpyProcessor(LogitsProcessor):
    """Base of the processors of this package, which compute on numpy."""

    def apply(self, ids: Any, scores: Any) -> Any:
        """Scores as they shall be; `scores` is left as it is."""
        raise NotImplementedError

    def __call__(self, input_ids: Any, scores: Any) -> Any:
        """Arrays give an array, tensors a tensor."""
        result = self.apply(as_numpy(input_ids), as_numpy(scores))
        return made(TORCH, result) if is_tensor(scores) else result


class LogitsProcessorList(list):  # type: ignore[type-arg]
    """Processors, one behind the other."""

    def __call__(self, input_ids: Any, scores: Any, **kwargs: Any) -> Any:
        """Scores as they shall be."""
        for processor in self:
            wanted = list(inspect.signature(processor.__call__).parameters)[2:]
            missing = [name for name in wanted if name not in kwargs]
            if missing:
                raise ValueError(f"{type(processor).__name__} needs {', '.join(missing)}")
            scores = processor(input_ids, scores, **{name: kwargs[name] for name in wanted})
        return scores


def _without(scores: Any, tokens: list[int]) -> Any:
    """Scores in which these tokens cannot come."""
    result = scores.copy()
    result[:, [token for token in tokens if token < scores.shape[1]]] = NOT
    return result


def _nothing_but(scores: Any, tokens: list[int]) -> Any:
    """Scores in which only these tokens can come."""
    result = np.full_like(scores, NOT)
    result[:, tokens] = 0
    return result


class SequenceBiasLogitsProcessor(NumpyProcessor):
    """Adds to the last token of each sequence where what came before ends with the others."""

    def __init__(self, sequence_bias: Any) -> None:
        pairs = list(sequence_bias.items() if isinstance(sequence_bias, Mapping) else sequence_bias)
        if not pairs:
            raise ValueError("sequence_bias is empty")
        self.sequence_bias: dict[tuple[int, ...], float] = {}
        for tokens, bias in pairs:
            ids = tuple(token_list(tokens))
            if not ids or min(ids) < 0 or not isinstance(bias, float):
                raise ValueError(
                    f"sequence_bias has {tokens!r}: {bias!r}, and wants token ids and a float"
                )
            self.sequence_bias[ids] = bias

    def apply(self, ids: Any, scores: Any) -> Any:
        """The biases of a step are added up first."""
        width = scores.shape[1]
        outside = [t for tokens in self.sequence_bias for t in tokens if t >= width]
        if outside:
            raise ValueError(f"the vocabulary has {width} tokens, and no {outside}")
        bias = np.zeros_like(scores)
        single = {
            tokens[0]: value for tokens, value in self.sequence_bias.items() if len(tokens) == 1
        }
        for token, value in single.items():
            bias[:, token] = value
        for tokens, value in self.sequence_bias.items():
            before = len(tokens) - 1
            if 0 < before <= ids.shape[1]:
                fits = (ids[:, -before:] == np.array(tokens[:-1])).all(axis=1)
                bias[fits, tokens[-1]] += value
        return scores + bias


class NoBadWordsLogitsProcessor(SequenceBiasLogitsProcessor):
    """Keeps sequences from becoming complete, but for those that are an end token alone."""

    def __init__(self, bad_words_ids: Any, eos_token_id: Any = None) -> None:
        if not isinstance(bad_words_ids, list) or not bad_words_ids:
            raise ValueError(f"bad_words_ids is {bad_words_ids!r}, and must be a list of lists")
        for words in bad_words_ids:
            if not isinstance(words, list) or any(int(token) < 0 for token in words):
                raise ValueError(f"bad_words_ids has {words!r}, which is no list of token ids")
        ends = token_list(eos_token_id)
        self.sequence_bias = {
            tuple(words): NOT
            for words in bad_words_ids
            if not (len(words) == 1 and words[0] in ends)
        }


class RepetitionPenaltyLogitsProcessor(NumpyProcessor):
    """Makes tokens of prompt and answer less likely, each once however often it came.

    `prompt_ignore_length`: leading places that do not count, of all rows or of each.
    """

    def __init__(self, penalty: float, prompt_ignore_length: Any = None) -> None:
        self.penalty = above_zero(penalty, "repetition_penalty")
        self.prompt_ignore_length = prompt_ignore_length

    def apply(self, ids: Any, scores: Any) -> Any:
        """Above zero divided, below multiplied."""
        result = scores.copy()
        skipped = np.zeros(len(ids), dtype=np.int64)
        if self.prompt_ignore_length is not None:
            skipped = np.broadcast_to(as_numpy(self.prompt_ignore_length), (len(ids),))
        for row, (tokens, start) in enumerate(zip(ids, skipped)):
            seen = np.unique(tokens[start:])
            seen = seen[seen < scores.shape[1]]
            old = scores[row, seen]
            penalty = np.float32(self.penalty)
            result[row, seen] = np.where(old < 0, old * penalty, old / penalty)
        return result


class NoRepeatNGramLogitsProcessor(NumpyProcessor):
    """No n tokens in a row twice, prompt included."""

    def __init__(self, ngram_size: int) -> None:
        if not isinstance(ngram_size, int) or ngram_size <= 0:
            raise ValueError(f"no_repeat_ngram_size is {ngram_size!r}, and must be an int above 0")
        self.ngram_size = ngram_size

    def apply(self, ids: Any, scores: Any) -> Any:
        """Bans what would complete one that was."""
        size, length = self.ngram_size, ids.shape[1]
        result = scores.copy()
        if length < size:
            return result
        windows = np.lib.stride_tricks.sliding_window_view(ids, size, axis=1)
        last = ids[:, length + 1 - size :]
        same = (windows[:, :, :-1] == last[:, None, :]).all(axis=2)
        for row, fits in enumerate(same):
            banned = windows[row, fits, -1]
            result[row, banned[banned < scores.shape[1]]] = NOT
        return result


class MinLengthLogitsProcessor(NumpyProcessor):
    """No end before prompt and answer are so long."""

    def __init__(self, min_length: int, eos_token_id: Any, device: Any = "cpu") -> None:
        if not isinstance(min_length, int) or min_length < 0:
            raise ValueError(f"min_length is {min_length!r}, and must be an int of at least 0")
        self.min_length = min_length
        self.eos_token_id = token_list(eos_token_id)

    def apply(self, ids: Any, scores: Any) -> Any:
        """Bans the ends."""
        return _without(scores, self.eos_token_id) if ids.shape[1] < self.min_length else scores


class MinNewTokensLengthLogitsProcessor(NumpyProcessor):
    """No end before the answer is so long."""

    def __init__(
        self,
        prompt_length_to_skip: int,
        min_new_tokens: int,
        eos_token_id: Any,
        device: Any = "cpu",
    ) -> None:
        for name, value in (
            ("prompt_length_to_skip", prompt_length_to_skip),
            ("min_new_tokens", min_new_tokens),
        ):
            if not isinstance(value, int) or value < 0:
                raise ValueError(f"{name} is {value!r}, and must be an int of at least 0")
        self.length = prompt_length_to_skip + min_new_tokens
        self.eos_token_id = token_list(eos_token_id)

    def apply(self, ids: Any, scores: Any) -> Any:
        """Bans the ends."""
        return _without(scores, self.eos_token_id) if ids.shape[1] < self.length else scores


class PrefixConstrainedLogitsProcessor(NumpyProcessor):
    """Asks a function which tokens may come: `allowed(row, ids)`, a list that is not empty."""

    def __init__(self, prefix_allowed_tokens_fn: Callable[[int, Any], Any], num_beams: int) -> None:
        self._allowed = prefix_allowed_tokens_fn
        self._rows = num_beams
        self.kind = ""
        """Of the ids that the function gets; "": numpy's."""

    def apply(self, ids: Any, scores: Any) -> Any:
        """Bans the rest; where everything is banned already, the allowed ones come."""
        mask = np.full_like(scores, NOT)
        for row, tokens in enumerate(ids):
            shown = made(self.kind, tokens) if self.kind else tokens
            allowed = token_list(self._allowed(row // self._rows, shown))
            if not allowed:
                raise ValueError(
                    f"prefix_allowed_tokens_fn allowed nothing for row {row // self._rows}"
                )
            mask[row, allowed] = 0
        result = scores + mask
        nothing = np.isneginf(result.max(axis=1))
        result[nothing] = mask[nothing]
        return result


class ForcedBOSTokenLogitsProcessor(NumpyProcessor):
    """Behind a prompt of one token comes this."""

    def __init__(self, bos_token_id: int) -> None:
        self.bos_token_id = bos_token_id

    def apply(self, ids: Any, scores: Any) -> Any:
        """Nothing else may come then."""
        return _nothing_but(scores, [self.bos_token_id]) if ids.shape[1] == 1 else scores


class ForcedEOSTokenLogitsProcessor(NumpyProcessor):
    """The last that fits is one of these."""

    def __init__(self, max_length: int, eos_token_id: Any, device: Any = "cpu") -> None:
        self.max_length = max_length
        self.eos_token_id = token_list(eos_token_id)

    def apply(self, ids: Any, scores: Any) -> Any:
        """Nothing else may come then."""
        last = ids.shape[1] == self.max_length - 1
        return _nothing_but(scores, self.eos_token_id) if last else scores


class ExponentialDecayLengthPenalty(NumpyProcessor):
    """From a length on the end gets likelier with each token."""

    def __init__(
        self,
        exponential_decay_length_penalty: tuple[int, float],
        eos_token_id: Any,
        input_ids_seq_length: int,
    ) -> None:
        start, self.factor = exponential_decay_length_penalty
        self.start = start + input_ids_seq_length
        self.eos_token_id = token_list(eos_token_id)

    def apply(self, ids: Any, scores: Any) -> Any:
        """Adds |score| * (factor**tokens beyond it - 1)."""
        beyond = ids.shape[1] - self.start
        if beyond <= 0:
            return scores
        result = scores.copy()
        old = scores[:, self.eos_token_id]
        added = np.abs(old) * np.float32(self.factor**beyond - 1)
        result[:, self.eos_token_id] = old + np.where(np.isfinite(old), added, 0)
        return result


class SuppressTokensLogitsProcessor(NumpyProcessor):
    """These never come."""

    def __init__(self, suppress_tokens: Iterable[int], device: Any = "cpu") -> None:
        self.suppress_tokens = token_list(list(suppress_tokens))

    def apply(self, ids: Any, scores: Any) -> Any:
        """Bans them."""
        return _without(scores, self.suppress_tokens)


class SuppressTokensAtBeginLogitsProcessor(NumpyProcessor):
    """These do not come first."""

    def __init__(
        self, begin_suppress_tokens: Iterable[int], begin_index: int, device: Any = "cpu"
    ) -> None:
        self.begin_suppress_tokens = token_list(list(begin_suppress_tokens))
        self.begin_index = begin_index

    def apply(self, ids: Any, scores: Any) -> Any:
        """Bans them."""
        first = ids.shape[1] == self.begin_index
        return _without(scores, self.begin_suppress_tokens) if first else scores


class InfNanRemoveLogitsProcessor(NumpyProcessor):
    """No score is NaN or infinite."""

    def apply(self, ids: Any, scores: Any) -> Any:
        """NaN becomes 0, infinity the largest number."""
        ends = np.finfo(scores.dtype)
        return np.nan_to_num(scores, nan=0.0, posinf=ends.max, neginf=ends.min)
