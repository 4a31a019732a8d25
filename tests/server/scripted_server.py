"""A server over a model that says what the test has it say: text, thoughts, calls of tools."""

from __future__ import annotations

import tempfile
from pathlib import Path

from client import MODEL, Server, ServerTest
from scripted_model import write_model

PLAIN = "Добрый день, мир!"
CITY = '{"city": "Тверь"}'  # of "object"
ARGUMENTS = '{"city": "Моск\\u0432а", "days": [1, 2]}'  # of "one", as they are written
SCRIPTS = {
    "plain": ["Добрый", " день", ", мир!"],
    "one": ["Сейчас", ".\n", "<tool_", 'call>\n{"name": "wea', 'ther", "argu',
            'ments": {"city": "Мо', 'ск\\u0432а", "days": ', "[1, 2]}", "}\n</tool_call>"],
    "two": ['<tool_call>\n{"name": "a", "arguments": {}}\n</tool_call>\n<tool_',
            'call>{"name": "b", "arguments": {"x": "}"}}', "</tool_call>\n"],
    "broken": ["Так: <tool_call>", '{"name": "x", "arguments": ', "нет}", "</tool_call>", " и всё"],
    "thinks": ["<think>", "\nДум", "аю.\n", "</think>", "\n\n", "Да", " так."],
    "opened": ["\nПодумал.", "\n", "</thi", "nk>\n\nНет."],
    # What it goes on with where `{"` has been begun for it, and where `{}` has.
    "object": ['city": "Тве', 'рь"}', "}\n</tool_call>\n", "Это всё."],
    "empty": ["}\n</tool_", 'call>\n<tool_call>\n{"name": "a", "arguments": {}',
              "}\n</tool_call> "],
}  # fmt: skip
LINKS = [
    ('"', 'city": "Тве', 2.0),
    ('"', "w", 1.0),  # of all names
    ("{", '"', 1.0),
    ("{", "}", 0.5),
    ("}", "}\n</tool_", 1.0),
]


class ScriptedTest(ServerTest):
    """Its server; `beside` are models that it has before this one."""

    beside: tuple[str, ...] = ()

    @classmethod
    def setUpClass(cls) -> None:
        """Writes the model, and serves it."""
        folder = cls.enterClassContext(tempfile.TemporaryDirectory())
        path = Path(folder) / "scripted"
        write_model(path, Path(MODEL), SCRIPTS, LINKS)
        cls.server = Server(*cls.flags, models=(*cls.beside, str(path)))
