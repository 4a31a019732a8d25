"""What happens around an answer while it is made: Stop, Undo, other commands, windows that go."""

from __future__ import annotations

import tempfile
import unittest
from functools import partial
from pathlib import Path
from typing import Any

import uno  # noqa: F401 (it lets what follows be imported)
from com.sun.star.document import UndoContextNotClosedException
from noise_model import write_noise_model
from office import DEMO, Dispatch, Office, office, paragraphs, until

QUESTION = "Сколько будет два плюс три?"


def last(told: list[bool]) -> bool:
    """Whether a command can be used."""
    return told[-1]


def changed(document: Any, passage: str) -> bool:
    """Whether it is no longer there."""
    return passage not in document.Text.getString()


class Running(unittest.TestCase):
    """One office for all, with a model that reads for a second and does not stop writing."""

    office: Office
    slow: str
    passages = 0

    @classmethod
    def setUpClass(cls) -> None:
        """With both models."""
        cls.slow = cls.enterClassContext(tempfile.TemporaryDirectory())
        write_noise_model(Path(cls.slow))
        cls.office = cls.enterClassContext(office())

    def setUp(self) -> None:
        """The slow one, whatever the last test set."""
        self.office.set(Model=self.slow, Context=4096, Seed=7)
        # A passage that was read before need not be read again.
        Running.passages += 1
        self.long = f"{self.passages} " + "слово за словом, " * 60

    def document(self, *paragraphs: str) -> Any:
        """One that goes with the test."""
        document = self.office.document(*paragraphs)
        self.addCleanup(document.close, True)
        return document

    def reading(self, document: Any) -> Dispatch:
        """A command that reads."""
        dispatch = self.office.dispatch(document, "rewrite")
        states = self.office.states(document, "stop")
        until(partial(last, states.told), "a command at work")
        self.assertIn(self.long, document.Text.getString())
        return dispatch

    def writing(self, document: Any) -> Dispatch:
        """A command that writes: its first words are there."""
        dispatch = self.office.dispatch(document, "rewrite")
        until(partial(changed, document, self.long), "a command that writes")
        self.assertFalse(dispatch.ended)
        return dispatch

    def works_on(self) -> None:
        """The next command is as ever."""
        self.office.set(Model=str(DEMO), Context=2048)
        document = self.office.document(QUESTION)
        outcome = self.office.perform(document, "correct")
        self.assertTrue(outcome.good, outcome.sentence)
        document.close(True)

    def test_stop_while_it_reads_changes_nothing(self) -> None:
        """And leaves nothing to undo."""
        document = self.document("Раз.", self.long)
        titles = document.UndoManager.getAllUndoActionTitles()
        dispatch = self.reading(document)
        self.assertTrue(self.office.perform(document, "stop").good)
        self.assertEqual(dispatch.outcome(), (False, "Stopped, the text is as it was."))
        self.assertEqual(paragraphs(document), ["Раз.", self.long])
        self.assertEqual(document.UndoManager.getAllUndoActionTitles(), titles)
        self.works_on()

    def test_stop_while_it_writes_keeps_what_was_written(self) -> None:
        """One Undo brings the old text back."""
        document = self.document("Раз.", self.long)
        dispatch = self.writing(document)
        self.assertTrue(self.office.perform(document, "stop").good)
        self.assertIn("what was written stays", dispatch.outcome().sentence)
        self.assertEqual(document.Text.getString()[:5], "Раз.\n")
        self.assertNotIn(self.long, document.Text.getString())
        document.UndoManager.undo()
        self.assertEqual(paragraphs(document), ["Раз.", self.long])
        self.works_on()

    def test_stop_leaves_paragraphs_that_it_did_not_come_to(self) -> None:
        """They are as they were."""
        document = self.document("Раз.", self.long, "Три.")
        document.CurrentController.ViewCursor.gotoStart(True)
        dispatch = self.office.dispatch(document, "rewrite")
        until(partial(changed, document, "Раз."), "a command that writes")
        self.office.perform(document, "stop")
        dispatch.outcome()
        self.assertEqual(paragraphs(document)[-1], "Три.")

    def test_undo_stops_it_and_brings_the_old_text_back(self) -> None:
        """While it reads as while it writes; the key is the office's again after that."""
        for begin in (self.reading, self.writing):
            with self.subTest(begin.__name__):
                self.setUp()
                document = self.document("Раз.", self.long)
                dispatch = begin(document)
                self.office.office_command(document, ".uno:Undo")
                self.assertFalse(dispatch.outcome().good)
                self.assertEqual(paragraphs(document), ["Раз.", self.long])
                self.office.office_command(document, ".uno:Undo")
                self.assertEqual(paragraphs(document), [""])
        self.works_on()

    def test_a_program_cannot_undo_half_of_it(self) -> None:
        """The office says so, and the answer goes on."""
        document = self.document(self.long)
        dispatch = self.writing(document)
        with self.assertRaises(UndoContextNotClosedException):
            document.UndoManager.undo()
        self.assertFalse(dispatch.ended)
        self.office.perform(document, "stop")
        self.assertIn("what was written stays", dispatch.outcome().sentence)

    def test_one_command_at_a_time(self) -> None:
        """Another is refused, in whichever document; Stop works from both."""
        document, other = self.document(self.long), self.document(QUESTION)
        dispatch = self.reading(document)
        for each in (document, other):
            outcome = self.office.perform(each, "correct")
            self.assertEqual((outcome.good, "writing" in outcome.sentence), (False, True))
        self.assertTrue(self.office.perform(other, "stop").good)
        dispatch.outcome()
        self.assertEqual(paragraphs(other), [QUESTION])
        self.assertFalse(self.office.perform(document, "stop").good)

    def test_menu_and_toolbar_know_what_can_be_done(self) -> None:
        """Commands while nothing runs, Stop while something does, settings always."""
        document = self.document(self.long)
        states = {
            name: self.office.states(document, name) for name in ("rewrite", "stop", "settings")
        }
        dispatch = self.office.dispatch(document, "rewrite")
        until(lambda: len(states["stop"].told) > 1, "a command at work")
        self.office.perform(document, "stop")
        dispatch.outcome()
        told = {name: each.told for name, each in states.items()}
        self.assertEqual(told["rewrite"], [True, False, True])
        self.assertEqual(told["stop"], [False, True, False])
        self.assertEqual(set(told["settings"]), {True})

    def test_the_user_writes_on_meanwhile(self) -> None:
        """In front of the answer and behind it; the document is saved with what is there."""
        document = self.document("Раз.", self.long, "Три.")
        view = document.CurrentController.ViewCursor
        view.goUp(1, False)
        dispatch = self.writing(document)
        text = document.Text
        text.insertString(text.getStart(), "Ноль. ", False)
        text.insertString(text.getEnd(), " Четыре.", False)
        with tempfile.TemporaryDirectory() as folder:
            path = Path(folder) / "text.odt"
            document.storeToURL(path.as_uri(), ())
            saved = self.office.open(path, Hidden=True)
            self.assertEqual(paragraphs(saved)[::2], ["Ноль. Раз.", "Три. Четыре."])
            saved.close(True)
        self.office.perform(document, "stop")
        dispatch.outcome()
        found = paragraphs(document)
        self.assertEqual((found[0], found[-1]), ("Ноль. Раз.", "Три. Четыре."))

    def test_the_place_of_the_answer_is_deleted(self) -> None:
        """Whatever becomes of it, the office lives and the next command works."""
        document = self.document("Раз.", self.long)
        dispatch = self.writing(document)
        document.Text.setString("")
        self.office.perform(document, "stop")
        dispatch.outcome()
        self.works_on()

    def test_a_document_is_closed(self) -> None:
        """While it is read, and while it is written to."""
        for begin in (self.reading, self.writing):
            with self.subTest(begin.__name__):
                self.setUp()
                document = self.office.document("Раз.", self.long)
                dispatch = begin(document)
                document.close(True)
                outcome = dispatch.outcome()
                self.assertEqual((outcome.good, "closed" in outcome.sentence), (False, True))
                self.works_on()

    def test_the_office_quits(self) -> None:
        """While a model is loaded, reads, writes: the process ends as if nothing ran."""
        for begin in ("loading", "reading", "writing"):
            with self.subTest(begin), office() as own:
                own.set(Model=self.slow, Context=4096, Seed=7)
                document = own.document(self.long)
                own.dispatch(document, "rewrite")
                states = own.states(document, "stop")
                if begin != "loading":
                    until(partial(last, states.told), "a command at work")
                if begin == "writing":
                    until(partial(changed, document, self.long), "a command that writes")
                document.setModified(False)
                self.assertEqual(own.end(), 0)

    def test_an_answer_that_does_not_end_is_cut(self) -> None:
        """And that is said."""
        document = self.document("Раз.")
        outcome = self.office.perform(document, "correct")
        self.assertEqual((outcome.good, "cut at" in outcome.sentence), (False, True))
        document.UndoManager.undo()
        self.assertEqual(paragraphs(document), ["Раз."])

    def test_what_is_no_model_is_a_sentence(self) -> None:
        """That names the file; the document stays, and the next model works."""
        document = self.document(QUESTION)
        with tempfile.TemporaryDirectory() as name:
            folder = Path(name)
            broken = folder / "broken"
            broken.mkdir()
            (folder / "empty").mkdir()
            for file in DEMO.iterdir():
                data = file.read_bytes()
                (broken / file.name).write_bytes(data[: 1 << 20])
            (folder / "noise.gguf").write_bytes(b"no model")
            cases = (
                ("", "No model is chosen"),
                (str(folder / "gone.gguf"), "not there"),
                (str(folder / "empty"), "not there"),
                (str(broken), "damaged"),
                (str(folder / "noise.gguf"), "damaged"),
            )
            for path, words in cases:
                with self.subTest(words, path=path):
                    self.office.set(Model=path, Context=2048)
                    outcome = self.office.perform(document, "rewrite")
                    self.assertFalse(outcome.good)
                    self.assertIn(words, outcome.sentence)
                    self.assertIn(path, outcome.sentence)
                    self.assertEqual(paragraphs(document), [QUESTION])
        self.office.set(Model=str(DEMO), Context=4096)
        self.assertIn("2048", self.office.perform(document, "rewrite").sentence)
        self.works_on()


if __name__ == "__main__":
    unittest.main()
