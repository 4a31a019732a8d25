"""The passage that a command works on: what is selected, or the cursor's paragraph."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cmp_to_key
from typing import Any

from com.sun.star.lang import IllegalArgumentException

from ..engine.refusal import Refusal
from ..text.layout import joined

_PLAIN = {"Text", "SoftPageBreak", "Bookmark"}
"""Portions of a paragraph that a new text may take the place of."""
_LONGEST_TOKEN = 16
"""Characters, on the average of a text: more than any language has."""


@dataclass(frozen=True)
class Passage:
    """Text of a document, paragraph by paragraph, those without any left out."""

    document: Any
    text: Any
    """The XText that it is in: body, cell, header, footnote, frame."""
    targets: list[Any]
    """A text cursor each, over what is selected of the paragraph."""
    paragraphs: list[str]

    @property
    def string(self) -> str:
        """All of it, for a model."""
        return joined(self.paragraphs)


def _selected(controller: Any) -> Any:
    """A cursor over what is selected, possibly nothing."""
    selection = controller.getSelection()
    if selection is None or not hasattr(selection, "supportsService"):
        raise Refusal("object")
    if selection.supportsService("com.sun.star.text.TextTableCursor"):
        raise Refusal("cells")
    if not selection.supportsService("com.sun.star.text.TextRanges"):
        raise Refusal("object")
    ranges = [selection.getByIndex(i) for i in range(selection.getCount())]
    return _joined([each for each in ranges if each.getString()] or ranges[-1:])


def _joined(ranges: list[Any]) -> Any:
    """A cursor over ranges with no text between them: Undo leaves a selection in such pieces."""
    text = ranges[0].getText()
    try:
        ranges.sort(key=cmp_to_key(lambda a, b: text.compareRegionStarts(b, a)))
    except IllegalArgumentException:  # they are of different texts
        raise Refusal("several", count=len(ranges)) from None
    whole = text.createTextCursorByRange(ranges[0])
    for each in ranges[1:]:
        gap = text.createTextCursorByRange(whole.getEnd())
        gap.gotoRange(each.getStart(), True)
        if gap.getString().strip():
            raise Refusal("several", count=len(ranges))
        whole.gotoRange(each.getEnd(), True)
    return whole


def _check_place(target: Any) -> None:
    """Refuses what the user may not change: the API could."""
    section = target.TextSection
    while section is not None:
        if section.IsProtected:
            raise Refusal("protected")
        section = section.ParentSection
    if target.Cell is not None and target.Cell.IsProtected:
        raise Refusal("protected")
    frame = target.TextFrame
    if frame is not None and frame.ContentProtected:
        raise Refusal("protected")


def _check_portions(paragraph: Any) -> None:
    portions = paragraph.createEnumeration()
    while portions.hasMoreElements():
        kind = portions.nextElement().TextPortionType
        if kind not in _PLAIN:
            raise Refusal("holds", kind=kind)


def _target(text: Any, whole: Any, paragraph: Any) -> Any:
    """A cursor over what the paragraph has of the whole."""
    begins = text.compareRegionStarts(whole, paragraph) < 0
    ends = text.compareRegionEnds(whole, paragraph) > 0
    target = text.createTextCursorByRange((whole if begins else paragraph).getStart())
    target.gotoRange((whole if ends else paragraph).getEnd(), True)
    return target


def passage_of(controller: Any, context: int) -> Passage:
    """What is selected in a window; Refusal where it cannot be worked on.

    `context`: tokens. What can never fit is refused before all of it was looked at.
    """
    most = _LONGEST_TOKEN * context
    document = controller.getModel() if controller is not None else None
    service = "com.sun.star.text.GenericTextDocument"
    if document is None or not document.supportsService(service):
        raise Refusal("no_document")
    if document.isReadonly():
        raise Refusal("read_only")
    whole = _selected(controller)
    text = whole.getText()
    if whole.isCollapsed():
        whole.gotoStartOfParagraph(False)
        whole.gotoEndOfParagraph(True)
    targets, paragraphs, length = [], [], 0
    elements = whole.createEnumeration()
    while elements.hasMoreElements():
        paragraph = elements.nextElement()
        if not paragraph.supportsService("com.sun.star.text.Paragraph"):
            raise Refusal("table")
        target = _target(text, whole, paragraph)
        string = target.getString()
        length += len(string)
        if length > most:
            raise Refusal("too_many", characters=most, context=context)
        _check_place(target)
        _check_portions(paragraph)
        if string.strip():
            targets.append(target)
            paragraphs.append(string)
    if not targets:
        raise Refusal("nothing")
    return Passage(document, text, targets, paragraphs)
