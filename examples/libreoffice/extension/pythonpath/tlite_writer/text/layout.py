"""Paragraphs and lines of a document, as a model reads and writes them."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import NamedTuple


class Step(NamedTuple):
    """What is to be done at the place of writing."""

    kind: str
    """"text", "line" (a break within the paragraph) or "paragraph" (the next one)."""
    text: str = ""


def joined(paragraphs: list[str]) -> str:
    """One text of them. Where a paragraph has line breaks, an empty line stands between two."""
    return (_between(paragraphs)).join(paragraphs)


def _between(paragraphs: list[str]) -> str:
    return "\n\n" if any("\n" in paragraph for paragraph in paragraphs) else "\n"


class Splitter:
    """Makes steps of a text that comes in pieces, for paragraphs that were `joined`.

    Models are not exact about empty lines: where no paragraph had line breaks, any run of line
    ends is the end of a paragraph.
    """

    def __init__(self, paragraphs: list[str]) -> None:
        self._least = len(_between(paragraphs))
        self._ends = 0  # line ends that came and mean nothing yet

    def feed(self, text: str) -> Iterator[Step]:
        """Steps; what the last line ends mean is told with the text behind them."""
        for part in re.split(r"(\n)", text):
            if part == "\n":
                self._ends += 1
            elif part.strip() or (part and not self._ends):
                if self._ends:
                    yield Step("paragraph" if self._ends >= self._least else "line")
                self._ends = 0
                yield Step("text", part)


def joint(before: str, after: str) -> str:
    """What stands between a text and what a model continues it with: a blank, or nothing."""
    if not before or before[-1].isspace() or not after:
        return ""
    return " " if after[0].isalnum() or after[0] in '«“"(—–-' else ""
