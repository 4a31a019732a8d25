"""What is left to be drawn from: temperature and transformers' filters, on numpy."""

from __future__ import annotations

from typing import Any

import numpy as np

from .logits_process import NOT, NumpyProcessor, above_zero


def softmax(scores: Any) -> Any:
    """Probabilities of scores, along the last axis."""
    weights = np.exp(scores - scores.max(axis=-1, keepdims=True))
    return weights / weights.sum(axis=-1, keepdims=True)


def log_softmax(scores: Any) -> Any:
    """Their logarithms."""
    shifted = scores - scores.max(axis=-1, keepdims=True)
    return shifted - np.log(np.exp(shifted).sum(axis=-1, keepdims=True))


def _largest(scores: Any, count: int) -> Any:
    """The count-th largest of each row, as a column."""
    count = min(count, scores.shape[1])
    return np.partition(scores, -count, axis=1)[:, -count][:, None]


def _kept(scores: Any, removed: Any, count: int) -> Any:
    """Scores without the removed ones, of which the `count` largest stay."""
    return np.where(removed & (scores < _largest(scores, count)), NOT, scores).astype(scores.dtype)


def between(value: float, low: float, high: float, name: str, *, open_ends: bool) -> float:
    """A number of an interval, its ends counted or not."""
    fits = low < value < high if open_ends else low <= value <= high
    if not fits:
        ends = f"({low}, {high})" if open_ends else f"[{low}, {high}]"
        raise ValueError(f"{name} is {value}, which is not in {ends}")
    return value


class TemperatureLogitsWarper(NumpyProcessor):
    """Scores divided by a temperature."""

    def __init__(self, temperature: float) -> None:
        self.temperature = above_zero(temperature, "temperature")

    def apply(self, ids: Any, scores: Any) -> Any:
        """Below 1 the likely gets likelier."""
        return scores / np.float32(self.temperature)


class TopKLogitsWarper(NumpyProcessor):
    """The k largest and their ties."""

    def __init__(self, top_k: int, filter_value: float = NOT, min_tokens_to_keep: int = 1) -> None:
        if not isinstance(top_k, int) or top_k <= 0:
            raise ValueError(f"top_k is {top_k!r}, and must be an int above 0")
        self.top_k = max(top_k, min_tokens_to_keep)

    def apply(self, ids: Any, scores: Any) -> Any:
        """Without the rest."""
        return np.where(scores < _largest(scores, self.top_k), NOT, scores).astype(scores.dtype)


class TopPLogitsWarper(NumpyProcessor):
    """The smallest set whose probability reaches p."""

    def __init__(
        self, top_p: float, filter_value: float = NOT, min_tokens_to_keep: int = 1
    ) -> None:
        self.top_p = between(float(top_p), 0, 1, "top_p", open_ends=False)
        self.count = min_tokens_to_keep

    def apply(self, ids: Any, scores: Any) -> Any:
        """Without the rest."""
        order = np.argsort(scores, axis=1, kind="stable")
        total = softmax(np.take_along_axis(scores, order, axis=1)).cumsum(axis=1)
        removed = total <= 1 - self.top_p
        removed[:, -self.count :] = False
        scattered = np.zeros_like(removed)
        np.put_along_axis(scattered, order, removed, axis=1)
        return np.where(scattered, NOT, scores).astype(scores.dtype)


class TopHLogitsWarper(NumpyProcessor):
    """The likeliest tokens, up to a share of the entropy of the hundred likeliest."""

    def __init__(self, top_h: float, filter_value: float = NOT) -> None:
        if not 0 < top_h <= 1:
            raise ValueError(f"top_h is {top_h}, which is not in (0, 1]")
        self.top_h = top_h

    def apply(self, ids: Any, scores: Any) -> Any:
        """Without the rest."""
        order = np.argsort(-scores, axis=1, kind="stable")[:, :100]
        logs = log_softmax(np.take_along_axis(scores, order, axis=1))
        terms = -np.exp(logs) * np.where(np.isneginf(logs), 0, logs)
        kept = terms.cumsum(axis=1) <= terms.sum(axis=1, keepdims=True) * self.top_h
        kept[:, 0] = True
        scattered = np.zeros(scores.shape, dtype=bool)
        np.put_along_axis(scattered, order, kept, axis=1)
        return np.where(scattered, scores, NOT).astype(scores.dtype)


class MinPLogitsWarper(NumpyProcessor):
    """Tokens at least min_p times as likely as the likeliest."""

    def __init__(
        self, min_p: float, filter_value: float = NOT, min_tokens_to_keep: int = 1
    ) -> None:
        self.min_p = between(min_p, 0, 1, "min_p", open_ends=False)
        self.count = min_tokens_to_keep

    def apply(self, ids: Any, scores: Any) -> Any:
        """Without the rest."""
        likely = softmax(scores)
        removed = likely < self.min_p * likely.max(axis=1, keepdims=True)
        return _kept(scores, removed, self.count)


class TypicalLogitsWarper(NumpyProcessor):
    """Tokens that surprise about as much as the distribution does on the whole."""

    def __init__(
        self, mass: float = 0.9, filter_value: float = NOT, min_tokens_to_keep: int = 1
    ) -> None:
        self.mass = between(float(mass), 0, 1, "typical_p", open_ends=True)
        self.count = min_tokens_to_keep

    def apply(self, ids: Any, scores: Any) -> Any:
        """Without the rest."""
        logs = log_softmax(scores)
        likely = np.exp(logs)
        entropy = -np.nansum(logs * likely, axis=1, keepdims=True)
        distance = np.abs(-logs - entropy)
        order = np.argsort(distance, axis=1, kind="stable")
        total = np.take_along_axis(likely, order, axis=1).cumsum(axis=1)
        last = np.minimum((total < self.mass).sum(axis=1), scores.shape[1] - 1)
        sorted_distance = np.take_along_axis(distance, order, axis=1)
        removed = sorted_distance > np.take_along_axis(sorted_distance, last[:, None], axis=1)
        removed[:, : self.count] = False
        scattered = np.zeros_like(removed)
        np.put_along_axis(scattered, order, removed, axis=1)
        return np.where(scattered, NOT, scores).astype(scores.dtype)


class EpsilonLogitsWarper(NumpyProcessor):
    """Tokens at least so likely."""

    def __init__(
        self, epsilon: float, filter_value: float = NOT, min_tokens_to_keep: int = 1
    ) -> None:
        self.epsilon = between(float(epsilon), 0, 1, "epsilon_cutoff", open_ends=True)
        self.count = min_tokens_to_keep

    def apply(self, ids: Any, scores: Any) -> Any:
        """Without the rest."""
        return _kept(scores, softmax(scores) < self.epsilon, self.count)


class EtaLogitsWarper(NumpyProcessor):
    """The same, less where much is likely."""

    def __init__(
        self,
        epsilon: float,
        filter_value: float = NOT,
        min_tokens_to_keep: int = 1,
        device: Any = "cpu",
    ) -> None:
        self.epsilon = between(float(epsilon), 0, 1, "eta_cutoff", open_ends=True)
        self.count = min_tokens_to_keep

    def apply(self, ids: Any, scores: Any) -> Any:
        """Without the rest."""
        logs = log_softmax(scores)
        likely = np.exp(logs)
        entropy = -(likely * np.where(np.isneginf(logs), 0, logs)).sum(axis=1, keepdims=True)
        eta = np.minimum(self.epsilon, np.sqrt(self.epsilon) * np.exp(-entropy))
        return _kept(scores, likely < eta, self.count)


class LogitNormalization(NumpyProcessor):
    """Scores as logarithms of probabilities."""

    def apply(self, ids: Any, scores: Any) -> Any:
        """The order of tokens stays."""
        return log_softmax(scores)
