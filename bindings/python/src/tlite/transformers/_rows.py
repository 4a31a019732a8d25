"""Keys and values of a plan's rows, and the logits of their last tokens."""

from __future__ import annotations

import numpy as np

from ..evaluator import Evaluator
from ..model import Model
from ._plan import Plan

_AHEAD = 256  # tokens a row that there is room for at first, whatever the longest answer is
_PAGE = 32  # positions that a sequence takes memory for at once


class Rows:
    """The rows' keys and values, in an evaluator that grows when it is full."""

    def __init__(self, model: Model, plan: Plan) -> None:
        self._model = model
        self._count = len(plan.prompts)
        ahead = min(plan.max_new_tokens, _AHEAD)
        # Rows of one prompt share it.
        room = sum(len(prompt) for prompt in {tuple(prompt) for prompt in plan.prompts})
        room += self._count * (ahead + 2 * _PAGE)
        self._evaluator = self._make(room)
        self._sequences: list[int] = []
        self.logits = np.empty((self._count, model.vocab_size), dtype=np.float32)
        """Of each row's last token."""
        self._prefill(plan.prompts)

    def _make(self, context: int) -> Evaluator:
        return Evaluator(
            self._model,
            context=context,
            max_sequences=2 * self._count,
            max_logits_rows=self._count,
        )

    def _prefill(self, prompts: list[list[int]]) -> None:
        """Equal prompts are computed once."""
        known: dict[tuple[int, ...], int] = {}
        for row, prompt in enumerate(prompts):
            key = tuple(prompt)
            if key in known:
                first = known[key]
                self._sequences.append(self._evaluator.fork(self._sequences[first]))
                self.logits[row] = self.logits[first]
                continue
            known[key] = row
            sequence = self._evaluator.create_sequence()
            self._evaluator.append(sequence, prompt)
            self.logits[row] = self._evaluator.logits(copy=True)[0]
            self._sequences.append(sequence)

    def reorder(self, parents: list[int]) -> None:
        """Each row goes on from another, or the same, as it is now; several may from one."""
        old = self._sequences
        for gone in set(range(self._count)) - set(parents):
            self._evaluator.destroy_sequence(old[gone])
        taken: set[int] = set()
        self._sequences = []
        for parent in parents:
            first = parent not in taken
            taken.add(parent)
            self._sequences.append(old[parent] if first else self._evaluator.fork(old[parent]))

    def append(self, tokens: list[int]) -> None:
        """One token a row."""
        # Each row may begin a page, or be the first to leave one that it shares.
        if self._evaluator.free_positions < self._count * _PAGE:
            self._grow()
        evaluator = self._evaluator
        evaluator.evaluate(
            (token, sequence, evaluator.length(sequence), True)
            for token, sequence in zip(tokens, self._sequences)
        )
        self.logits[:] = evaluator.logits(copy=True)

    def _grow(self) -> None:
        old = self._evaluator
        new = self._make(2 * int(old.options["context"]))
        self._sequences = [new.adopt(old, sequence) for sequence in self._sequences]
        self._evaluator = new
        old.close()
