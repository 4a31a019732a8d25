"""One command at work: its answer goes into the document, and the user sees how far it is."""

from __future__ import annotations

import contextlib
from typing import Any

import unohelper
from com.sun.star.util import XCloseListener

from ..engine.answer import Answer, Work
from ..text.layout import Splitter
from ..text.words import Words
from .passage import Passage
from .placing import Placement
from .undo_guard import UndoGuard
from .windows import Status, said


class _Closing(unohelper.Base, XCloseListener):  # type: ignore[misc]
    """Hears that the document goes."""

    def __init__(self, run: Run) -> None:
        self._run = run

    def queryClosing(self, event: Any, owner: bool) -> None:
        """Of XCloseListener: no objection."""

    def notifyClosing(self, event: Any) -> None:
        """Of XCloseListener."""
        self.disposing(event)

    def disposing(self, event: Any) -> None:
        """Of XEventListener."""
        self._run.closed = True
        self._run.answer.cancel()


class Run:
    """An answer on its way into a passage. For the main thread, but for `answer`."""

    def __init__(
        self, frame: Any, words: Words, passage: Passage, work: Work, answer: Answer
    ) -> None:
        self.answer = answer
        self.frame = frame
        self.closed = False
        """The document is no more."""
        self._words = words
        self._passage = passage
        title = "T-lite: " + words(work.command.name)
        self._placement = Placement(passage, title, work.command.replaces)
        self._splitter = Splitter(passage.paragraphs)
        self._restores = False
        self._failure: Exception | None = None
        self._closing = _Closing(self)
        passage.document.addCloseListener(self._closing)
        self._guard = UndoGuard(frame, self._undo)
        self._status = Status(frame)

    def beat(self) -> bool:
        """Writes what has come; whether there may be more."""
        ended = self.answer.ended  # asked first: what comes between the two is taken
        text = self.answer.take()
        if not self.closed and self._failure is None and not self._restores:
            try:
                for step in self._splitter.feed(text):
                    self._placement.put(step)
            except Exception as error:  # whatever the document says no with
                self._failure = error
                self.answer.cancel()
        if not self.closed:
            self._show()
        return not ended

    def finish(self) -> tuple[bool, str]:
        """Ends it in the document; whether it went well, and how to say so."""
        if self.closed:
            return False, self._words("closed")
        self._leave()
        try:
            return self._finished()
        except Exception as error:
            return False, self._words("changed", reason=error)
        finally:
            with contextlib.suppress(Exception):
                self._placement.close()

    def _leave(self) -> None:
        document = self._passage.document
        leave = (lambda: document.removeCloseListener(self._closing), self._guard.remove)
        for part in (*leave, self._status.close):
            with contextlib.suppress(Exception):  # this window went, the document has others
                part()

    def _undo(self) -> None:
        self._restores = True
        self.answer.cancel()

    def _finished(self) -> tuple[bool, str]:
        words, answer = self._words, self.answer
        begun = self._placement.begun
        if self._failure is not None:
            return False, words("changed", reason=self._failure)
        if self._restores:
            self._placement.take_back()
            return False, words("undone" if begun else "stopped_early")
        if answer.failure is not None:
            return False, said(words, answer.failure)
        if answer.reason == "cancelled":
            return False, words("stopped" if begun else "stopped_early")
        self._placement.finish()
        if not begun:
            return False, words("empty")
        if answer.reason in ("length", "context_full"):
            return False, words("cut", tokens=answer.tokens)
        return True, words("done", tokens=answer.tokens)

    def _show(self) -> None:
        stage, part = self.answer.stage
        values = {"tokens": self.answer.tokens} if stage == "writing" else {}
        with contextlib.suppress(Exception):  # as above
            self._status.show(self._words(stage, **values), int(100 * part))
