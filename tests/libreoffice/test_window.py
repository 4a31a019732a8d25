"""What is seen: menu, toolbar, dialogs, on a virtual screen, by what they tell a screen reader."""

from __future__ import annotations

import contextlib
import unittest
from functools import partial
from typing import Any

import uno  # noqa: F401 (it lets what follows be imported)
from com.sun.star.accessibility.AccessibleRole import (
    MENU,
    PUSH_BUTTON,
    SPIN_BOX,
    TEXT,
    TOOL_BAR,
)
from office import DEMO, Office, office, paragraphs, until
from tlite_writer.engine.plan import plan_of
from tlite_writer.engine.wish import Wish
from tlite_writer.text.words import Words
from virtual_screen import screen

QUESTION = "Сколько будет два плюс три?"
COMMANDS = ["Rewrite", "Shorten", "Correct", "Continue", "Translate"]


def parts_of(context: Any) -> list[Any]:
    """What it shows, as a screen reader gets it."""
    count = context.getAccessibleChildCount()
    return [context.getAccessibleChild(i).getAccessibleContext() for i in range(count)]


def children(accessible: Any) -> list[Any]:
    """Of a window, which may go meanwhile."""
    with contextlib.suppress(Exception):
        return parts_of(accessible.getAccessibleContext())
    return []


def everything(context: Any) -> list[Any]:
    """What it shows, and what that shows."""
    parts = parts_of(context)
    return parts + [each for part in parts for each in everything(part)]


class Window(unittest.TestCase):
    """One office for all."""

    office: Office

    @classmethod
    def setUpClass(cls) -> None:
        """On a screen, without a model."""
        display = cls.enterClassContext(screen("1280x800"))
        cls.office = cls.enterClassContext(office(DISPLAY=display))

    def setUp(self) -> None:
        """Whatever the last test set."""
        self.office.set(Model="", Context=2048, Threads=0, Seed=7)

    def document(self, *paragraphs: str) -> Any:
        """One that goes with the test."""
        document = self.office.document(*paragraphs)
        self.addCleanup(document.close, True)
        return document

    def shown(self, title: str) -> list[Any]:
        """The parts of the window of that title, as soon as it is there."""
        toolkit = self.office.service("com.sun.star.awt.Toolkit")
        found: list[Any] = []

        def there() -> bool:
            for i in range(toolkit.getTopWindowCount()):
                with contextlib.suppress(Exception):  # one that goes meanwhile
                    window = toolkit.getTopWindow(i)
                    if window.getAccessibleContext().getAccessibleName() == title:
                        found[:] = everything(window.getAccessibleContext())
            return any(each.getAccessibleRole() == PUSH_BUTTON for each in found)

        until(there, f"a window {title!r}")
        return found

    def part(self, parts: list[Any], role: int, name: str) -> Any:
        """The one of that role and name."""
        for each in parts:
            if each.getAccessibleRole() == role and each.getAccessibleName() == name:
                return each
        names = [(each.getAccessibleRole(), each.getAccessibleName()) for each in parts]
        raise AssertionError(f"no {name!r} among {names}")

    def said(self, parts: list[Any]) -> str:
        """Its sentences."""
        return "\n".join(each.getAccessibleName() for each in parts)

    def says(self, parts: list[Any], words: str) -> bool:
        """Whether it does."""
        return words in self.said(parts)

    def found(self, document: Any, role: int, name: str) -> Any:
        """A part of a document's window, by the way there that screen readers go."""
        window = document.CurrentController.Frame.getContainerWindow()
        for part in children(window):
            for each in (part, *parts_of(part)):
                if (each.getAccessibleRole(), each.getAccessibleName()) == (role, name):
                    return each
        raise AssertionError(f"no {name!r} in the window")

    def test_menu_and_toolbar(self) -> None:
        """Have the commands; the toolbar has its name, and is docked below the others."""
        document = self.document("Раз.")
        bar = self.found(document, TOOL_BAR, "T-lite")
        buttons = [each.getAccessibleName() for each in parts_of(bar)]
        self.assertEqual([each for each in buttons if each], [*COMMANDS, "Stop"])
        layout = document.CurrentController.Frame.LayoutManager
        name = "private:resource/toolbar/addon_org.libtlite.writer.bar"
        self.assertTrue(layout.isElementVisible(name))
        self.assertFalse(layout.isElementFloating(name))
        menu = self.found(document, MENU, "T-lite")
        entries = [each.getAccessibleName() for each in parts_of(menu)]
        self.assertEqual([each for each in entries if each], [*COMMANDS, "Stop", "Settings…"])

    def test_a_button_does_what_it_says(self) -> None:
        """As a click does."""
        self.office.set(Model=str(DEMO))
        document = self.document(QUESTION)
        bar = self.found(document, TOOL_BAR, "T-lite")
        self.part(parts_of(bar), PUSH_BUTTON, "Correct").doAccessibleAction(0)
        until(lambda: paragraphs(document) != [QUESTION], "an answer")
        title = document.UndoManager.getCurrentUndoActionTitle
        until(lambda: title() == "T-lite: Correct", "its end")
        self.office.office_command(document, ".uno:Undo")
        self.assertEqual(paragraphs(document), [QUESTION])

    def test_the_first_command_asks_for_a_model(self) -> None:
        """And shows what it takes before it is loaded, then does what it is for."""
        document = self.document(QUESTION)
        dispatch = self.office.dispatch(document, "correct")
        parts = self.shown("T-lite: settings")
        words = Words("en")
        self.assertTrue(self.says(parts, words("no_model")), self.said(parts))
        path = self.part(parts, TEXT, words("model"))
        self.assertTrue(path.setText(str(DEMO / "gone")))
        until(lambda: "not there" in self.said(parts), "a sentence of a missing file")
        self.assertTrue(path.setText(str(DEMO)))
        until(lambda: "Memory" in self.said(parts), "a plan")
        plan = plan_of(Wish(str(DEMO), 2048))
        for size in (plan.total, plan.weights, plan.cache, plan.scratch):
            self.assertIn(words.size(size), self.said(parts))
        self.assertIn("are free", self.said(parts))
        context = self.part(parts, SPIN_BOX, words("context"))
        self.assertEqual(context.getText(), "2048")
        self.part(parts, PUSH_BUTTON, "OK").doAccessibleAction(0)
        outcome = dispatch.outcome()
        self.assertTrue(outcome.good, outcome.sentence)
        self.assertNotEqual(paragraphs(document), [QUESTION])

    def test_a_refusal_is_a_box_with_its_sentence(self) -> None:
        """Here that of the settings that were left: the document stays."""
        document = self.document(QUESTION)
        dispatch = self.office.dispatch(document, "correct")
        parts = self.shown("T-lite: settings")
        self.part(parts, PUSH_BUTTON, "Cancel").doAccessibleAction(0)
        outcome = dispatch.outcome()
        box = self.shown("T-lite")
        self.assertEqual(outcome, (False, Words("en")("no_model")))
        self.assertIn(outcome.sentence, self.said(box))
        self.part(box, PUSH_BUTTON, "OK").doAccessibleAction(0)
        self.assertEqual(paragraphs(document), [QUESTION])

    def test_settings_are_kept(self) -> None:
        """With OK, not with Cancel; what cannot be used is said before that."""
        document = self.document(QUESTION)
        words = Words("en")
        self.office.set(Model=str(DEMO))
        for button, kept in (("Cancel", "2048"), ("OK", "1024"), ("OK", "9999")):
            dispatch = self.office.dispatch(document, "settings")
            parts = self.shown("T-lite: settings")
            value = 1024 if kept == "2048" else int(kept)
            self.part(parts, SPIN_BOX, words("context")).setCurrentValue(float(value))
            if kept == "9999":  # what is set so is not typed, and no event tells of it
                self.part(parts, TEXT, words("model")).setText(f"{DEMO}/")
                until(partial(self.says, parts, "1 to 2048"), "a sentence")
            self.part(parts, PUSH_BUTTON, button).doAccessibleAction(0)
            self.assertEqual(dispatch.outcome().good, button == "OK")
            dispatch = self.office.dispatch(document, "settings")
            parts = self.shown("T-lite: settings")
            self.assertEqual(self.part(parts, SPIN_BOX, words("context")).getText(), kept)
            self.part(parts, PUSH_BUTTON, "Cancel").doAccessibleAction(0)
            dispatch.outcome()


if __name__ == "__main__":
    unittest.main()
