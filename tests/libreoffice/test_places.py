"""Where in a document a command works, what stays as it was, and what is refused."""

from __future__ import annotations

import tempfile
import unittest
from pathlib import Path
from typing import Any

from office import DEMO, Dispatch, Office, office, paragraphs, select_all
from tlite_writer.office.passage import passage_of
from tlite_writer.office.placing import Placement
from tlite_writer.text.layout import Splitter

QUESTION = "Сколько будет два плюс три?"
ANSWER = "Два плюс три будет пять."
BOLD, PLAIN = 150.0, 100.0


class Places(unittest.TestCase):
    """One office for all."""

    office: Office

    @classmethod
    def setUpClass(cls) -> None:
        """With a model."""
        cls.office = cls.enterClassContext(office())
        cls.office.set(Model=str(DEMO), Context=2048, Seed=7)
        document = cls.office.document(QUESTION)
        assert cls.office.perform(document, "correct").good
        cls.answer = document.Text.getString()
        document.close(True)

    answer: str
    """What the model makes of QUESTION."""

    def document(self, *paragraphs: str) -> Any:
        """One that goes with the test."""
        document = self.office.document(*paragraphs)
        self.addCleanup(document.close, True)
        return document

    def insert(self, document: Any, service: str, before: Any = None) -> Any:
        """A new content of text, at a range or the end."""
        content = document.createInstance("com.sun.star.text." + service)
        document.Text.insertTextContent(before or document.Text.getEnd(), content, False)
        return content

    def write(self, document: Any, answer: str, size: int = 3) -> None:
        """An answer into what is selected, as if a model gave it in pieces."""
        passage = passage_of(document.CurrentController, 4096)
        placement, splitter = Placement(passage, "test", True), Splitter(passage.paragraphs)
        for i in range(0, len(answer), size):
            for step in splitter.feed(answer[i : i + size]):
                placement.put(step)
        placement.finish()
        placement.close()

    def refused(self, document: Any, *words: str) -> None:
        """With a sentence that has these words, and no change."""
        before = paragraphs(document)
        titles = document.UndoManager.getAllUndoActionTitles()
        outcome = self.office.perform(document, "rewrite")
        self.assertFalse(outcome.good)
        for word in words:
            self.assertIn(word, outcome.sentence)
        self.assertEqual(paragraphs(document), before)
        self.assertEqual(document.UndoManager.getAllUndoActionTitles(), titles)

    # Texts that are not the body.

    def replaced(self, document: Any, text: Any) -> None:
        """What stands in a text of its own, and nothing else."""
        body = paragraphs(document)
        document.CurrentController.select(text.createTextCursor())
        outcome = self.office.perform(document, "correct")
        self.assertTrue(outcome.good, outcome.sentence)
        self.assertEqual(text.getString(), self.answer)
        document.UndoManager.undo()
        self.assertEqual(text.getString(), QUESTION)
        self.assertEqual(paragraphs(document), body)

    def test_a_cell_of_a_table(self) -> None:
        """Its neighbours stay."""
        document = self.document("До.")
        table = document.createInstance("com.sun.star.text.TextTable")
        table.initialize(2, 2)
        document.Text.insertTextContent(document.Text.getEnd(), table, False)
        for name in table.getCellNames():
            table.getCellByName(name).setString(QUESTION)
        self.replaced(document, table.getCellByName("B1"))
        self.assertEqual(table.getCellByName("A1").getString(), QUESTION)

    def test_a_header(self) -> None:
        """Of the page style."""
        document = self.document("Текст.")
        style = document.StyleFamilies.getByName("PageStyles").getByName("Standard")
        style.HeaderIsOn = True
        style.HeaderText.setString(QUESTION)
        self.replaced(document, style.HeaderText)

    def test_a_footnote(self) -> None:
        """Its text, not its number."""
        document = self.document("Текст.")
        footnote = self.insert(document, "Footnote")
        footnote.setString(QUESTION)
        self.replaced(document, footnote)
        self.assertEqual(document.Footnotes.getCount(), 1)

    def test_a_frame(self) -> None:
        """A text beside the body."""
        document = self.document("Текст.")
        frame = self.insert(document, "TextFrame")
        frame.Text.setString(QUESTION)
        self.replaced(document, frame.Text)

    # What stays.

    def test_paragraphs_keep_their_styles(self) -> None:
        """Each its own, further ones of an answer the last one's, empty ones where they are."""
        document = self.document("Заголовок", "", "Текст.", "Конец.")
        styles = ["Heading 1", "Standard", "Quotations", "Standard"]
        cursor = document.Text.createTextCursor()
        for style in styles:
            cursor.ParaStyleName = style
            cursor.gotoNextParagraph(False)
        view = document.CurrentController.ViewCursor
        view.gotoStart(False)
        view.goDown(3, True)
        view.goLeft(1, True)
        self.write(document, "Новый\n\nПервый.\nВторой.\n")
        self.assertEqual(paragraphs(document), ["Новый", "", "Первый.", "Второй.", "Конец."])
        found = []
        elements = document.Text.createEnumeration()
        while elements.hasMoreElements():
            found.append(elements.nextElement().ParaStyleName)
        self.assertEqual(found, [*styles[:3], "Quotations", "Standard"])

    def test_a_shorter_answer_takes_its_paragraphs_alone(self) -> None:
        """What the selection had more goes; what stands around it stays."""
        document = self.document("Раз, два.", "Три.", "", "Четыре, пять.")
        view = document.CurrentController.ViewCursor
        view.gotoStart(False)
        view.goRight(5, False)
        view.goDown(3, True)
        view.gotoStartOfLine(True)
        view.goRight(6, True)
        self.assertEqual(view.getString().split(), ["два.", "Три.", "Четыре"])
        self.write(document, "2.")
        self.assertEqual(paragraphs(document), ["Раз, 2., пять."])

    def test_breaks_within_a_paragraph(self) -> None:
        """Of lines stay such, where the passage has some."""
        document = self.document("Роза", "Конец.")
        text = document.Text
        cursor = text.createTextCursor()
        cursor.gotoEndOfParagraph(False)
        text.insertControlCharacter(cursor, 1, False)
        text.insertString(cursor, "мороза", False)
        self.assertEqual(paragraphs(document), ["Роза\nмороза", "Конец."])
        select_all(document)
        self.write(document, "Ель\nметель\n\nФин.")
        self.assertEqual(paragraphs(document), ["Ель\nметель", "Фин."])

    def weights(self, document: Any) -> list[tuple[str, float, int]]:
        """Portions of the first paragraph: text, weight, colour."""
        portions = document.Text.createEnumeration().nextElement().createEnumeration()
        found = []
        while portions.hasMoreElements():
            portion = portions.nextElement()
            found.append((portion.getString(), portion.CharWeight, portion.CharColor))
        return found

    def test_what_all_of_the_passage_looks_like_the_answer_does(self) -> None:
        """What a word of it looks like it does not, be it the first or the last."""
        for word in (0, 4):
            with self.subTest(word):
                document = self.document("раз и два")
                cursor = document.Text.createTextCursor()
                cursor.gotoEnd(True)
                cursor.CharColor = 0xAA0000
                cursor.gotoStart(False)
                cursor.goRight(word, False)
                cursor.goRight(5, True)
                cursor.CharWeight = BOLD
                before = self.weights(document)
                self.assertEqual({weight for _, weight, _ in before}, {BOLD, PLAIN})
                self.write(document, "три 😀 четыре")
                self.assertEqual(self.weights(document), [("три 😀 четыре", PLAIN, 0xAA0000)])
                document.UndoManager.undo()
                self.assertEqual(self.weights(document), before)

    def test_the_answer_does_not_look_like_what_stands_around_it(self) -> None:
        """A bold word in front of a plain passage, and the other way round."""
        for around, own in ((BOLD, PLAIN), (PLAIN, BOLD)):
            with self.subTest(own):
                document = self.document("раз и два")
                cursor = document.Text.createTextCursor()
                for length, weight in ((4, around), (1, own), (4, around)):
                    cursor.collapseToEnd()
                    cursor.goRight(length, True)
                    cursor.CharWeight = weight
                view = document.CurrentController.ViewCursor
                view.gotoStart(False)
                view.goRight(4, False)
                view.goRight(1, True)
                self.write(document, "или не")
                found = [each[:2] for each in self.weights(document)]
                self.assertEqual(found, [("раз ", around), ("или не", own), (" два", around)])

    def test_tracked_changes_show_what_the_answer_changed(self) -> None:
        """The old text is marked as deleted, the new one as inserted."""
        document = self.document("Раз.", QUESTION, "Три.")
        document.RecordChanges = True
        view = document.CurrentController.ViewCursor
        view.gotoStart(False)
        view.goDown(1, False)
        self.assertTrue(self.office.perform(document, "correct").good)
        self.assertEqual(paragraphs(document), ["Раз.", QUESTION + self.answer, "Три."])
        kinds = [each.RedlineType for each in self.enumerated(document.Redlines)]
        self.assertEqual(sorted(kinds), ["Delete", "Insert"])
        self.refused(document, "tracked change")
        self.office.office_command(document, ".uno:AcceptAllTrackedChanges")
        self.assertEqual(paragraphs(document), ["Раз.", self.answer, "Три."])
        document.UndoManager.undo()
        document.UndoManager.undo()
        self.assertEqual(paragraphs(document), ["Раз.", QUESTION, "Три."])

    def test_tracked_changes_over_several_paragraphs(self) -> None:
        """Accepted they are the answer, be it shorter or longer; rejected the old text."""
        passage = ["Раз.", "Два.", "Три."]
        for answer in (["1."], ["1.", "2.", "3.", "4."]):
            for command, result in (("Accept", answer), ("Reject", passage)):
                with self.subTest(command, answer=answer):
                    document = self.document(*passage)
                    document.RecordChanges = True
                    select_all(document)
                    self.write(document, "\n".join(answer))
                    self.office.office_command(document, f".uno:{command}AllTrackedChanges")
                    self.assertEqual(paragraphs(document), result)

    def enumerated(self, source: Any) -> list[Any]:
        """All of an enumeration."""
        found = []
        elements = source.createEnumeration()
        while elements.hasMoreElements():
            found.append(elements.nextElement())
        return found

    # What is refused.

    def test_no_text(self) -> None:
        """An empty paragraph, a selection of blanks."""
        document = self.document("Раз.", "")
        self.refused(document, "There is no text")
        document = self.document("", "  ", "")
        select_all(document)
        self.refused(document, "There is no text")

    def test_several_selections(self) -> None:
        """With text between them, or in different texts."""
        document = self.document("раз два три")
        search = document.createSearchDescriptor()
        search.SearchRegularExpression = True
        search.SearchString = "раз|три"
        document.CurrentController.select(document.findAll(search))
        self.assertEqual(document.CurrentController.getSelection().getCount(), 2)
        self.refused(document, "2 places")
        style = document.StyleFamilies.getByName("PageStyles").getByName("Standard")
        style.HeaderIsOn = True
        style.HeaderText.setString("три")
        document.CurrentController.select(document.findAll(search))
        self.assertEqual(document.CurrentController.getSelection().getCount(), 3)
        self.refused(document, "3 places")

    def test_cells_and_objects(self) -> None:
        """That are selected as such."""
        document = self.document("До.")
        table = document.createInstance("com.sun.star.text.TextTable")
        table.initialize(2, 2)
        document.Text.insertTextContent(document.Text.getEnd(), table, False)
        document.CurrentController.select(table.getCellRangeByName("A1:B1"))
        self.refused(document, "Cells")
        frame = self.insert(document, "TextFrame")
        document.CurrentController.select(frame)
        self.refused(document, "object")

    def test_a_table_between(self) -> None:
        """Would be lost."""
        document = self.document("До.")
        table = document.createInstance("com.sun.star.text.TextTable")
        table.initialize(1, 1)
        document.Text.insertTextContent(document.Text.getEnd(), table, False)
        document.Text.insertString(document.Text.getEnd(), "После.", False)
        whole = document.Text.createTextCursor()
        whole.gotoStart(False)
        whole.gotoEnd(True)
        document.CurrentController.select(whole)
        self.refused(document, "table")

    def test_what_a_new_text_would_lose(self) -> None:
        """Is named."""
        for service, words in (
            ("Footnote", "a footnote"),
            ("textfield.PageNumber", "a field"),
            ("textfield.Annotation", "a comment"),
            ("DocumentIndexMark", "an index entry"),
        ):
            with self.subTest(service):
                document = self.document("Раз два.")
                self.insert(document, service)
                self.refused(document, words)
                self.assertEqual(len(self.enumerated(document.Text)), 1)

    def test_protected_places(self) -> None:
        """A section, and what is in one; a cell."""
        document = self.document("Раз.", "Два.", "Три.")
        outer = document.createInstance("com.sun.star.text.TextSection")
        whole = document.Text.createTextCursor()
        whole.gotoEnd(True)
        document.Text.insertTextContent(whole, outer, True)
        inner = document.createInstance("com.sun.star.text.TextSection")
        second = document.Text.createTextCursor()
        second.gotoNextParagraph(False)
        second.gotoEndOfParagraph(True)
        self.assertEqual(second.getString(), "Два.")
        document.Text.insertTextContent(second, inner, True)
        outer.IsProtected = True
        for section in (outer, inner):
            document.CurrentController.select(section.getAnchor())
            self.refused(document, "protected")
        document = self.document("До.")
        table = document.createInstance("com.sun.star.text.TextTable")
        table.initialize(1, 1)
        document.Text.insertTextContent(document.Text.getEnd(), table, False)
        cell = table.getCellByName("A1")
        cell.setString(QUESTION)
        document.CurrentController.select(cell.createTextCursor())
        cell.IsProtected = True
        self.refused(document, "protected")

    def test_a_document_that_is_read_only(self) -> None:
        """As its file says."""
        with tempfile.TemporaryDirectory() as folder:
            path = Path(folder) / "text.odt"
            self.document(QUESTION).storeToURL(path.as_uri(), ())
            document = self.office.open(path, ReadOnly=True)
            self.addCleanup(document.close, True)
            self.refused(document, "read-only")

    def test_passages_that_are_too_long(self) -> None:
        """By their tokens, and without counting them where there are too many letters."""
        document = self.document(QUESTION * 200)
        self.refused(document, "tokens", "2048")
        document = self.document(*[QUESTION * 20] * 100)
        select_all(document)
        self.refused(document, str(16 * 2048), "2048")

    def test_without_a_window(self) -> None:
        """A handler of nobody's, as a macro may make one: it takes the window in front, if any."""
        handler = self.office.service("org.libtlite.writer.Handler")
        dispatch = Dispatch()
        handler.dispatchWithNotification(
            self.office.url("org.libtlite.writer:rewrite"), (), dispatch
        )
        outcome = dispatch.outcome()
        self.assertEqual((outcome.good, "text documents" in outcome.sentence), (False, True))

    def test_an_unknown_command(self) -> None:
        """Is named."""
        outcome = self.office.perform(self.document("Раз."), "sing")
        self.assertEqual((outcome.good, "sing" in outcome.sentence), (False, True))


if __name__ == "__main__":
    unittest.main()
