"""The commands, and what a model is asked for each."""

from __future__ import annotations

import re
from dataclasses import dataclass


@dataclass(frozen=True)
class Command:
    """What can be done with a passage."""

    name: str
    """The path of its URL, and the key of its words."""
    asked: dict[str, str]
    """The instruction, by the language of the passage."""
    replaces: bool = True
    """The answer stands in place of the passage; else behind it."""
    exact: bool = False
    """There is a right answer: always the likeliest token, whatever the checkpoint asks for."""
    growth: float = 1.25
    """Room for the answer, in lengths of the passage, and"""
    spare: int = 64
    """in tokens beside. An answer of twice the room is cut."""


_ONLY = {
    "ru": "Ответь только готовым текстом, без пояснений и разметки.",
    "en": "Reply with the text alone, without comments or markup.",
}
_PARAGRAPHS = {
    "ru": "Абзацы раздели так же, как в исходном тексте.",
    "en": "Keep the paragraphs of the original.",
}

COMMANDS = {
    command.name: command
    for command in (
        Command(
            "rewrite",
            {
                "ru": "Перепиши текст так, чтобы он читался ясно и естественно. "
                "Сохрани смысл, язык и тон.",
                "en": "Rewrite the text so that it reads clearly and naturally. "
                "Keep its meaning, language and tone.",
            },
        ),
        Command(
            "shorten",
            {
                "ru": "Сократи текст примерно вдвое. Сохрани главное, язык и тон.",
                "en": "Shorten the text to about half. Keep what matters, its language and tone.",
            },
            growth=1.0,
        ),
        Command(
            "correct",
            {
                "ru": "Исправь в тексте ошибки: орфографию, пунктуацию, грамматику. "
                "Больше ничего не меняй.",
                "en": "Correct the mistakes in the text: spelling, punctuation, grammar. "
                "Change nothing else and keep its language.",
            },
            exact=True,
        ),
        Command(
            "continue",
            {
                "ru": "Продолжи текст одним абзацем в том же стиле. Сам текст не повторяй.",
                "en": "Continue the text with one paragraph in the same style and language. "
                "Do not repeat the text itself.",
            },
            replaces=False,
            growth=0.0,
            spare=256,
        ),
        Command(
            "translate",
            {
                "ru": "Переведи текст на английский язык.",
                "en": "Translate the text into Russian.",
            },
            exact=True,
            growth=1.75,
        ),
    )
}


def language_of(text: str) -> str:
    """ "ru" where most letters are Cyrillic, else "en"."""
    cyrillic = len(re.findall("[А-Яа-яЁё]", text))
    letters = sum(map(str.isalpha, text))
    return "ru" if 2 * cyrillic > letters else "en"


def prompt_of(command: Command, passage: str) -> str:
    """The user's message. No system message: small models follow what is said last."""
    language = language_of(passage)
    parts = [command.asked[language], _ONLY[language]]
    if command.replaces:
        parts.append(_PARAGRAPHS[language])
    return " ".join(parts) + "\n\n" + passage
