"""Puts an answer into a document as it comes, as one thing to undo."""

from __future__ import annotations

from typing import Any

from com.sun.star.beans import PropertyAttribute  # type: ignore[attr-defined]

from ..text.layout import Step, joint
from .passage import Passage

_PARAGRAPH_BREAK, _LINE_BREAK = 0, 1  # com.sun.star.text.ControlCharacter
_LINK = ("HyperLinkURL", "HyperLinkTarget", "HyperLinkName")
_DERIVED = ("CharAutoStyleName", "CharInteropGrabBag", "CharStyleNames")
"""Other names for what the rest tells."""


class _Look:
    """How all of a passage looks, which its answer shall; what only parts of it have is lost."""

    def __init__(self, target: Any) -> None:
        self._names = tuple(
            each.Name
            for each in target.getPropertySetInfo().getProperties()
            if (each.Name.startswith("Char") or each.Name in _LINK)
            and each.Name not in _DERIVED
            and not each.Attributes & PropertyAttribute.READONLY
        )
        states = target.getPropertyStates(self._names)
        self._states = [state.value for state in states]
        self._values = target.getPropertyValues(self._names)

    def apply(self, target: Any) -> None:
        """Has a new text look so, which looks like what stands before it.

        What is as it should be is not touched: "default" is the state of what a paragraph has
        beside its style as well, and to set that to its default would take it away.
        """
        plain, direct = [], {}
        now = target.getPropertyValues(self._names)
        for name, state, wanted, found in zip(self._names, self._states, self._values, now):
            if state == "DIRECT_VALUE" and wanted != found and wanted is not None:
                direct[name] = wanted
            elif state == "AMBIGUOUS_VALUE" or wanted != found:
                plain.append(name)
        if plain:
            target.setPropertiesToDefault(tuple(plain))
        if direct:
            target.setPropertyValues(tuple(direct), tuple(direct.values()))


class Placement:
    """Writes into a passage, paragraph for paragraph; nothing is changed before the first text.

    A paragraph keeps its style, and the passage's further ones stand until the answer comes to
    them. What the user does meanwhile is part of the same step back: a document has one chain of
    them.
    """

    def __init__(self, passage: Passage, title: str, replaces: bool) -> None:
        self._passage = passage
        self._text = passage.text
        self._undo = passage.document.getUndoManager()
        self._title = title
        self._replaces = replaces
        self._next = 0 if replaces else len(passage.targets)
        self._pen: Any = None
        self._look: _Look | None = None  # of a place where nothing was written yet
        self.begun = False

    def put(self, step: Step) -> None:
        """One step more."""
        if not self.begun:
            self._begin(step.text)
        if step.kind == "line":
            self._text.insertControlCharacter(self._pen, _LINE_BREAK, False)
        elif step.kind == "paragraph":
            self._go_on()
        elif self._look is None:
            self._text.insertString(self._pen, step.text, False)
        else:
            self._pen.setString(step.text)
            self._look.apply(self._pen)
            self._pen.collapseToEnd()
            self._look = None

    def finish(self) -> None:
        """The answer is whole: what it has no text for goes."""
        last = self._passage.targets[-1]
        if self.begun and self._next < len(self._passage.targets):
            rest = self._text.createTextCursorByRange(self._pen)
            rest.gotoRange(last.getEnd(), True)
            rest.setString("")

    def close(self) -> None:
        """Ends what one Undo takes back; whatever happened, once."""
        if self.begun:
            self.begun = False
            self._undo.leaveUndoContext()

    def take_back(self) -> None:
        """The same, and takes it back."""
        if self.begun:
            self.close()
            self._undo.undo()

    def _begin(self, text: str) -> None:
        self._undo.enterUndoContext(self._title)
        self.begun = True
        if self._replaces:
            self._go_on()
            return
        last = self._passage.targets[-1]
        self._pen = self._text.createTextCursorByRange(last.getEnd())
        self._text.insertString(self._pen, joint(self._passage.paragraphs[-1], text), False)

    def _go_on(self) -> None:
        """To the passage's next paragraph, or to a new one behind its last."""
        if self._next == len(self._passage.targets):
            self._text.insertControlCharacter(self._pen, _PARAGRAPH_BREAK, False)
            return
        target = self._passage.targets[self._next]
        self._next += 1
        self._look = _Look(target)
        # Where changes are tracked what is deleted stays, and a cursor over it.
        self._pen = self._text.createTextCursorByRange(target.getEnd())
        target.setString("")
