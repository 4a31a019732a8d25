"""Every command by its URL, with the demo model, in an office without windows."""

from __future__ import annotations

import tempfile
import unittest
from pathlib import Path
from typing import Any

import tlite
from office import DEMO, Office, office, paragraphs, select_all
from tlite_writer.text.commands import COMMANDS, prompt_of

POEM = "Напиши стих."  # a passage that the demo model takes for a wish
SEED = 7


def said(command: str, passage: str) -> list[str]:
    """The lines of what the model says, asked without an office."""
    model = tlite.Model(DEMO)
    sampling = model.default_sampling.replace(seed=SEED)
    if COMMANDS[command].exact:
        sampling = tlite.SamplingParams(temperature=0)
    session = tlite.Session(model, sampling=sampling)
    text = session.chat(prompt_of(COMMANDS[command], passage)).text
    return [line for line in text.split("\n") if line]


class Commands(unittest.TestCase):
    """One office for all."""

    office: Office

    @classmethod
    def setUpClass(cls) -> None:
        """With a model."""
        cls.office = cls.enterClassContext(office())
        cls.office.set(Model=str(DEMO), Context=2048, Seed=SEED)

    def document(self, *paragraphs: str) -> Any:
        """One that goes with the test."""
        document = self.office.document(*paragraphs)
        self.addCleanup(document.close, True)
        return document

    def test_a_paragraph_becomes_what_the_model_says(self) -> None:
        """That of the cursor; its neighbours stay, and one Undo brings it back."""
        for command, what in COMMANDS.items():
            with self.subTest(command):
                lines = said(command, POEM)
                document = self.document("Раз.", POEM, "Три.")
                cursor = document.CurrentController.ViewCursor
                cursor.gotoStart(False)
                cursor.goDown(1, False)
                outcome = self.office.perform(document, command)
                self.assertTrue(outcome.good, outcome.sentence)
                if not what.replaces:
                    lines[0] = f"{POEM} {lines[0]}"
                self.assertEqual(paragraphs(document), ["Раз.", *lines, "Три."])
                undo = document.UndoManager
                self.assertEqual(
                    undo.getAllUndoActionTitles()[0], f"T-lite: {command.capitalize()}"
                )
                undo.undo()
                self.assertEqual(paragraphs(document), ["Раз.", POEM, "Три."])
                undo.redo()
                self.assertEqual(paragraphs(document), ["Раз.", *lines, "Три."])

    def test_a_selection_of_several_paragraphs(self) -> None:
        """Is asked as one text; each line takes the place of one, and what is left over goes."""
        passage = [f"Абзац {i}." for i in range(40)] + [POEM]
        lines = said("rewrite", "\n".join(passage))
        self.assertLess(len(lines), len(passage))
        document = self.document(*passage)
        select_all(document)
        self.assertTrue(self.office.perform(document, "rewrite").good)
        self.assertEqual(paragraphs(document), lines)
        document.UndoManager.undo()
        self.assertEqual(paragraphs(document), passage)
        # Undo leaves the selection in pieces, which are as good as it was.
        self.assertTrue(self.office.perform(document, "rewrite").good)
        self.assertEqual(paragraphs(document), lines)

    def test_a_part_of_a_paragraph(self) -> None:
        """What stands around it stays."""
        lines = said("correct", "Столица Франции?")
        document = self.document("До. Столица Франции? После.")
        cursor = document.CurrentController.ViewCursor
        cursor.gotoStart(False)
        cursor.goRight(4, False)
        cursor.goRight(16, True)
        self.assertTrue(self.office.perform(document, "correct").good)
        lines[0] = "До. " + lines[0]
        lines[-1] += " После."
        self.assertEqual(paragraphs(document), lines)

    def test_what_is_written_is_saved(self) -> None:
        """And is there when the file is opened again."""
        document = self.document("Раз.", POEM)
        self.assertTrue(self.office.perform(document, "rewrite").good)
        written = paragraphs(document)
        with tempfile.TemporaryDirectory() as folder:
            path = Path(folder) / "text.odt"
            document.storeAsURL(path.as_uri(), ())
            again = self.office.open(path)
            self.assertEqual(paragraphs(again), written)
            again.close(True)

    def test_words_around_it_do_not_change_the_answer(self) -> None:
        """The same again gives the same: the model keeps nothing of what it was asked before."""
        first = self.document(POEM)
        self.assertTrue(self.office.perform(first, "rewrite").good)
        second = self.document(POEM)
        self.assertTrue(self.office.perform(second, "rewrite").good)
        self.assertEqual(paragraphs(first), paragraphs(second))

    def test_the_russian_office_speaks_russian(self) -> None:
        """By its own language, whatever the document's."""
        with office(LC_ALL="ru_RU.UTF-8") as russian:
            document = russian.document("")
            outcome = russian.perform(document, "rewrite")
            self.assertEqual(outcome.good, False)
            self.assertIn("поставьте курсор в абзац", outcome.sentence)
            russian.set(Model=str(DEMO), Context=2048)
            document.Text.setString(POEM)
            self.assertIn("Готово", russian.perform(document, "rewrite").sentence)
            self.assertEqual(document.UndoManager.getCurrentUndoActionTitle(), "T-lite: Переписать")
            document.close(True)
            self.assertEqual(russian.end(), 0)

    def test_the_extension_comes_and_goes(self) -> None:
        """Is listed, can be put over itself, and leaves no command behind."""
        with office() as own:
            self.assertEqual(own.end(), 0)
            self.assertIn("org.libtlite.writer", own.unopkg("list"))
            own.unopkg("remove", "org.libtlite.writer")
            self.assertNotIn("org.libtlite.writer", own.unopkg("list"))
            own.start()
            document = own.document("Раз.")
            frame = document.CurrentController.Frame
            url = own.url("org.libtlite.writer:rewrite")
            self.assertIsNone(frame.queryDispatch(url, "_self", 0))
            document.close(True)
            self.assertEqual(own.end(), 0)


if __name__ == "__main__":
    unittest.main()
