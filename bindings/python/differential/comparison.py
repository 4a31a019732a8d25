"""Two libraries side by side: every call, then the first tokens of many samples.

A program of this folder says in a `Comparison` what its two libraries are and how outcomes of a
call are compared, and is then a command: PROGRAM MODEL [--only PART] [--draws N].
"""

from __future__ import annotations

import argparse
import logging
from collections import Counter
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from frequencies import distance


@dataclass(frozen=True)
class Comparison:
    """What is compared. The original is always the first of two, this package the second."""

    description: str
    sides: Callable[[str], tuple[Any, Any]]
    """Both libraries with a checkpoint loaded."""
    calls: Mapping[str, object]
    meant: Mapping[str, str]
    """Calls that are meant to differ, and why: equal ones are a fault too."""
    outcome: Callable[[Any, str], Any]
    """What a call of this name gives, or raises."""
    differs: Callable[[Any, Any], str]
    """How two outcomes do; empty where they do not."""
    distributions: Mapping[str, dict[str, Any]]
    """What samples are asked for."""
    drawn: Callable[[Any, int, dict[str, Any]], Counter[int]]
    """The first tokens of so many samples."""

    def differing_calls(self, sides: tuple[Any, Any], names: list[str]) -> list[str]:
        """A line for each call that is not as it should be."""
        wrong = []
        for name in names:
            theirs, mine = (self.outcome(side, name) for side in sides)
            how = self.differs(theirs, mine)
            if bool(how) != (name in self.meant):
                wrong.append(f"{name}: {how or 'is equal, though it is meant to differ'}")
        return wrong

    def differing_draws(self, sides: tuple[Any, Any], draws: int) -> list[str]:
        """A line for each distribution whose tokens do not come as often on both sides."""
        wrong = []
        for name, given in self.distributions.items():
            theirs, mine = (self.drawn(side, draws, given) for side in sides)
            half, chance = distance(theirs, mine, draws)
            print(f"  {name}: {len(theirs)} and {len(mine)} tokens, {half:.4f} of {chance:.4f}")
            if half > chance:
                wrong.append(f"distribution {name}: {half:.4f} apart, chance makes {chance:.4f}")
        return wrong

    def main(self) -> int:
        """Prints what differs; 0 where nothing does."""
        parser = argparse.ArgumentParser(description=self.description.splitlines()[0])
        parser.add_argument("model")
        parser.add_argument("--only", default="", help="calls whose name has this in it")
        parser.add_argument("--draws", type=int, default=2000)
        given = parser.parse_args()
        logging.disable(logging.WARNING)
        sides = self.sides(given.model)
        names = [name for name in self.calls if given.only in name]
        wrong = self.differing_calls(sides, names)
        if given.draws and not given.only:
            wrong += self.differing_draws(sides, given.draws)
        for line in wrong:
            print(line if len(line) < 1500 else line[:1500] + " ...")
        print(f"{len(names)} calls, {len(wrong)} differ")
        return 1 if wrong else 0
