"""What is asked, what of an answer is text, and what is said."""

from __future__ import annotations

import re
import string

import pytest
from conftest import EXTENSION
from tlite_writer.text.cleaning import Cleaner
from tlite_writer.text.commands import COMMANDS, language_of, prompt_of
from tlite_writer.text.layout import Splitter, Step, joined, joint
from tlite_writer.text.words import _EN, _RU, Words

CLEANED = [
    ("Привет, мир.", "Привет, мир."),
    ("\n\n  Привет.\n\n", "Привет."),
    ("", ""),
    (" \n", ""),
    ("Вот исправленный текст:\n\nПривет.", "Привет."),
    ("**Исправленный текст:**\nПривет.", "Привет."),
    ("Конечно! Вот сокращённый вариант:\nПривет.", "Привет."),
    ("Here is the rewritten text:\n\nHello.\n\nBye.", "Hello.\n\nBye."),
    ("Sure, here you go:\n```text\nHello.\n```\n", "Hello."),
    ("```\nраз\n\n```два", "раз\n\n```два"),
    ("```\nраз", "раз"),
    ("```", ""),
    ("`", "`"),
    ("<think>\nЧто бы сказать:\n</think>\n\nПривет.", "Привет."),
    ("<think></think>Вот перевод:\nHello.", "Hello."),
    ("<think>и не кончилось", ""),
    ("<thinking aloud", "<thinking aloud"),
    # Text, and no announcement.
    ("Вот и лето пришло.", "Вот и лето пришло."),
    ("Вот", "Вот"),
    ("Вот:", "Вот:"),
    ("Купить:\nхлеб", "Купить:\nхлеб"),
    ("Вот " + "слово " * 40 + ":\nда", "Вот " + "слово " * 40 + ":\nда"),
    ("раз\r\nдва\x00\x07\tтри", "раз\nдва\tтри"),
    ("😀 смех", "😀 смех"),
]


@pytest.mark.parametrize(("answer", "text"), CLEANED)
@pytest.mark.parametrize("size", [1, 2, 3, 7, 1000])
def test_cleaning_does_not_depend_on_the_pieces(answer: str, text: str, size: int) -> None:
    """However an answer is cut, the same of it is text."""
    cleaner = Cleaner("Прошлое лето.")
    parts = [cleaner.feed(answer[i : i + size]) for i in range(0, len(answer), size)]
    assert "".join([*parts, cleaner.finish()]) == text


@pytest.mark.parametrize(
    ("passage", "answer"),
    [
        ("Вот список:\nхлеб", "Вот перечень:\nхлеб и соль"),
        ("Пример:\n```\ncode\n```", "```\ncode()\n```"),
    ],
)
def test_what_the_passage_has_too_is_kept(passage: str, answer: str) -> None:
    """An announcement and a fence that were asked about are text."""
    cleaner = Cleaner(passage)
    assert cleaner.feed(answer) + cleaner.finish() == answer


def test_text_is_given_as_soon_as_it_is_certain() -> None:
    """Nothing waits but what may be no text."""
    cleaner = Cleaner()
    assert cleaner.feed("Сегодня мы пошли") == "Сегодня мы пошли"
    assert cleaner.feed(" в лес.\n") == " в лес."
    assert cleaner.feed("\nДа") == "\n\nДа"


@pytest.mark.parametrize(
    ("paragraphs", "asked", "answer", "steps"),
    [
        (["а", "б"], "а\nб", "1\n2\n\n\n3", ["1", "paragraph", "2", "paragraph", "3"]),
        (["а\nб", "в"], "а\nб\n\nв", "1\n2\n\n3", ["1", "line", "2", "paragraph", "3"]),
        (["а"], "а", "1\n   \n2", ["1", "paragraph", "2"]),
        (["а"], "а", "1  2 ", ["1  2 "]),
    ],
)
@pytest.mark.parametrize("size", [1, 2, 100])
def test_paragraphs_there_and_back(
    paragraphs: list[str], asked: str, answer: str, steps: list[str], size: int
) -> None:
    """As a model gets them, and as its answer is cut."""
    assert joined(paragraphs) == asked
    splitter = Splitter(paragraphs)
    made: list[str] = []
    for i in range(0, len(answer), size):
        for step in splitter.feed(answer[i : i + size]):
            if step.kind == "text" and made and made[-1] not in ("line", "paragraph"):
                made[-1] += step.text
            else:
                made.append(step.text or step.kind)
    assert made == steps


def test_a_continuation_is_joined_by_a_blank_where_words_would_touch() -> None:
    """And by none before a comma."""
    cases = [("Раз.", "Два"), ("Раз. ", "Два"), ("Раз", ", два"), ("", "Два"), ("Раз", "«Два»")]
    assert [joint(*case) for case in cases] == [" ", "", "", "", " "]
    assert Step("line").text == ""


def test_prompts_are_in_the_language_of_the_passage_and_end_with_it() -> None:
    """Each command has both."""
    for command in COMMANDS.values():
        assert set(command.asked) == {"ru", "en"}
        for passage in ("Мама мыла раму.\nДа.", "Mum washed the window."):
            prompt = prompt_of(command, passage)
            assert prompt.endswith("\n\n" + passage)
            assert language_of(prompt) == language_of(passage)


@pytest.mark.parametrize(
    ("text", "language"),
    [("Привет, hi", "ru"), ("Hello, мир и all", "en"), ("123", "en"), ("", "en"), ("Ґедзь", "ru")],
)
def test_language_of_a_text(text: str, language: str) -> None:
    """By its letters."""
    assert language_of(text) == language


def _fields(sentence: object) -> set[str]:
    return {field for _, field, _, _ in string.Formatter().parse(str(sentence)) if field}


def test_both_languages_say_the_same_things() -> None:
    """The same keys with the same values in them."""
    assert _RU.keys() == _EN.keys()
    for key, sentence in _RU.items():
        if isinstance(sentence, str):
            assert _fields(sentence) == _fields(_EN[key]), key


def test_every_refusal_has_its_sentence_with_all_its_values() -> None:
    """A refusal that could not be told would be silence."""
    found = set()
    for path in (EXTENSION / "extension" / "pythonpath").rglob("*.py"):
        for key, values in re.findall(r'Refusal\(\s*"(\w+)"([^)]*)', path.read_text()):
            given = set(re.findall(r"(\w+)=", values)) | ({"what"} if "kind=" in values else set())
            assert _fields(_RU[key]) <= given, (key, given)
            found.add(key)
    assert {"too_long", "too_many", "holds", "several", "no_model"} <= found


@pytest.mark.parametrize(
    ("count", "ru", "en"),
    [
        (0, "0 Б", "0 B"),
        (999, "999 Б", "999 B"),
        (1000, "1,00 КБ", "1.00 KB"),
        (4_683_073_184, "4,68 ГБ", "4.68 GB"),
        (99_960_000, "100 МБ", "100 MB"),
        (999_600_000, "1,00 ГБ", "1.00 GB"),
        (10**15, "1000 ТБ", "1000 TB"),
    ],
)
def test_bytes_in_words(count: int, ru: str, en: str) -> None:
    """Three digits."""
    assert (Words("ru").size(count), Words("en-US").size(count)) == (ru, en)


def test_words_of_other_languages_are_english() -> None:
    """And Russian by any of its names."""
    assert Words("de")("stop") == "Stop"
    assert Words("")("stop") == "Stop"
    assert Words("ru-RU")("stop") == "Остановить"
    assert "Foo" in Words("en")("something", kind="Foo")
    assert Words("ru").lost("Footnote") == "сноска"
    assert "Foo" in Words("ru").lost("Foo")
