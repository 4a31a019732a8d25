"""What of an answer is text: not its thoughts, an announcement, a fence around it, blank ends."""

from __future__ import annotations

import re

_ANNOUNCES = re.compile(
    r"[*_#\s]*(?:вот|ниже|конечно|хорошо|исправленн|переписанн|сокращ[её]нн|перевод|продолжение|"
    r"here|below|sure|certainly|of course|okay|the (?:corr|rewr|shor|trans)|correct|rewrit|short|"
    r"translat)",
    re.IGNORECASE,
)
"""How a line begins that announces a text; it ends in a colon."""
_LONGEST = 120
"""Characters of an announcement at most: so many are held back where one may begin."""
_SURE = 14
"""So many characters tell whether one begins: as long as the beginnings above."""
_FENCE = "```"
_UNSEEN = re.compile("[\x00-\x08\x0b-\x1f\x7f]")


def _announces(line: str) -> bool:
    bare = line.rstrip("*_ \t")
    return len(line) <= _LONGEST and bare.endswith(":") and bool(_ANNOUNCES.match(line))


def _without_thoughts(head: str, last: bool) -> str | None:
    """None: not known yet."""
    head = head.lstrip()
    if not head.startswith("<think>"):
        return None if not last and "<think>".startswith(head) else head
    _, closed, rest = head.partition("</think>")
    rest = rest.lstrip()
    return None if not last and not rest else rest if closed else ""


def _without_announcement(head: str, last: bool) -> str | None:
    line, ended, rest = head.partition("\n")
    if not ended:
        may = len(line) < _SURE or (len(line) < _LONGEST and _ANNOUNCES.match(line))
        return None if may and not last else head
    if not _announces(line):
        return head
    rest = rest.lstrip()
    return None if not last and not rest else rest


def _without_fence(head: str, last: bool) -> str | None:
    """The same for the line of ``` that opens one."""
    if not head.startswith(_FENCE):
        return None if not last and _FENCE.startswith(head) else head
    _, ended, rest = head.partition("\n")
    return rest if ended or last else None


class Cleaner:
    """Takes an answer piece by piece, and gives what of it is text as soon as that is certain.

    `passage`: what was asked about. Where it begins like an announcement, or has fences, so may
    its answer.
    """

    def __init__(self, passage: str = "") -> None:
        self._may_announce = _announces(passage.lstrip().split("\n", 1)[0])
        self._may_fence = _FENCE in passage
        self._begun = False
        self._fenced = False
        self._held = ""  # before the text has begun its head, after that blanks that may be its end

    def feed(self, piece: str) -> str:
        """The text that became certain, possibly none."""
        self._held += _UNSEEN.sub("", piece)
        return self._certain(last=False)

    def finish(self) -> str:
        """The rest."""
        return self._certain(last=True)

    def _certain(self, last: bool) -> str:
        if not self._begun:
            head = self._opened(last)
            if head is None:
                return ""
            self._begun, self._held = True, head
        end = re.search(r"\s*`{0,3}\s*\Z" if self._fenced else r"\s*\Z", self._held)
        cut = end.start() if end else len(self._held)
        text, self._held = self._held[:cut], self._held[cut:]
        if last and self._held.strip() != _FENCE:
            text += self._held
        return text.rstrip() if last else text

    def _opened(self, last: bool) -> str | None:
        """The head without what is no text."""
        head = _without_thoughts(self._held, last)
        if head is not None and not self._may_announce:
            head = _without_announcement(head, last)
        if head is None or self._may_fence:
            return head
        text = _without_fence(head, last)
        self._fenced = text is not None and text != head
        return text
