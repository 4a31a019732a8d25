"""How likely tokens were, in vLLM's form."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Optional


@dataclass
class Logprob:
    """Of one token in one place."""

    logprob: float
    """Natural logarithm, before temperature, penalties and filters."""
    rank: int | None = None
    """1: the likeliest."""
    decoded_token: str | None = None
    """Its text; a token that ends within a character has none, the one that ends it has all."""


LogprobsOnePosition = dict[int, Logprob]
"""By token: the one that was chosen first, then the likeliest in their order."""
PromptLogprobs = list[Optional[LogprobsOnePosition]]
"""One a token of the prompt; None for the first, which nothing precedes."""
SampleLogprobs = list[LogprobsOnePosition]
"""One a token of the answer."""
