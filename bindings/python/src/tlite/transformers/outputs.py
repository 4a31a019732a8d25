"""What generate and forward give back: dicts whose entries are attributes too."""

from __future__ import annotations

from dataclasses import dataclass, fields
from typing import Any


class ModelOutput:
    """Base of results: read `out.logits`, `out["logits"]`, `out[0]` or `out.to_tuple()`.

    Entries that are None do not count, as in transformers.
    """

    def keys(self) -> list[str]:
        """The names of its entries."""
        names = [entry.name for entry in fields(self)]  # type: ignore[arg-type]
        return [name for name in names if getattr(self, name) is not None]

    def values(self) -> list[Any]:
        """Its entries."""
        return [getattr(self, name) for name in self.keys()]

    def items(self) -> list[tuple[str, Any]]:
        """Names and entries."""
        return [(name, getattr(self, name)) for name in self.keys()]

    def to_tuple(self) -> tuple[Any, ...]:
        """Its entries."""
        return tuple(self.values())

    def get(self, name: str, default: Any = None) -> Any:
        """An entry, or the default."""
        return getattr(self, name) if name in self else default

    def __getitem__(self, key: Any) -> Any:
        if isinstance(key, str):
            if key not in self:
                raise KeyError(key)
            return getattr(self, key)
        return self.to_tuple()[key]

    def __contains__(self, name: object) -> bool:
        return name in self.keys()

    def __iter__(self) -> Any:
        return iter(self.keys())

    def __len__(self) -> int:
        return len(self.keys())


@dataclass
class GenerateDecoderOnlyOutput(ModelOutput):
    """Of `generate(return_dict_in_generate=True)`."""

    sequences: Any = None
    """(rows, length) int64: prompt and answer, filled up with the padding token."""
    scores: Any = None
    """One (rows, vocab_size) float32 a new token: what was drawn from."""
    logits: Any = None
    """One (rows, vocab_size) float32 a new token, as the model said it."""


@dataclass
class GenerateBeamDecoderOnlyOutput(ModelOutput):
    """Of `generate(num_beams=4, return_dict_in_generate=True)`."""

    sequences: Any = None
    """(rows, length) int64: of each prompt its best answers, the best first."""
    sequences_scores: Any = None
    """(rows,) float32: the sum of the tokens' logarithms by length ** length_penalty; with
    `output_scores`."""
    scores: Any = None
    """One (prompts * num_beams, vocab_size) float32 a new token: logarithms, processed."""
    logits: Any = None
    """One (prompts * num_beams, vocab_size) float32 a new token, as the model said it."""
    beam_indices: Any = None
    """(rows, new tokens) int32: from which row of a step's `scores` each token is; -1 behind the
    answer."""


@dataclass
class CausalLMOutputWithPast(ModelOutput):
    """Of `model(...)`."""

    loss: Any = None
    """The mean negative log-likelihood of the labels; where there were labels."""
    logits: Any = None
    """(rows, length, vocab_size) float32; zeros where the attention mask is 0."""
