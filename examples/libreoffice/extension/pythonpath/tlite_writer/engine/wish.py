"""What a user has set: which model, and how it is used."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Wish:
    """A model and its use; two that are equal need no other load."""

    model: str = ""
    """Path of a .gguf file or of a Hugging Face directory; empty: none was chosen."""
    context: int = 4096
    """Tokens of instruction, passage and answer together."""
    threads: int = 0
    """0: one per physical core."""


BATCH_ROWS = 128
"""Tokens of a prompt at a time: progress is told, and shown, by so many."""
