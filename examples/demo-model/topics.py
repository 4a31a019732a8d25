"""Topics: the facts of facts.py joined to the phrasings of phrases_ru.py and phrases_en.py."""

from __future__ import annotations

import random
import re
import zlib
from dataclasses import dataclass, field
from types import ModuleType

import facts
import phrases_en
import phrases_ru

CHOICE = re.compile(r"\(([^()]*\|[^()]*)\)")


@dataclass(frozen=True)
class Item:
    """One fact: its slots with their possible spellings, the reply, what a reply must match."""

    key: str
    slots: dict[str, list[str]]
    reply: str
    accept: str


@dataclass(frozen=True)
class Topic:
    """Facts of one kind in one language, and the ways to ask for them."""

    name: str
    lang: str
    weight: float
    practice: float
    asks: list[str]
    items: list[Item]
    held: list[str] = field(default_factory=list)
    follow: list[str] = field(default_factory=list)


def expand(template: str, rng: random.Random) -> str:
    """Takes one alternative of every `(a|b)`."""
    return CHOICE.sub(lambda match: rng.choice(match.group(1).split("|")), template)


def fill(template: str, item: Item, rng: random.Random) -> str:
    """One wording of `template` for `item`."""
    text = expand(template.removeprefix("!"), rng)
    return text.format(**{name: rng.choice(values) for name, values in item.slots.items()})


def is_held_combination(topic: Topic, template: str, item: Item) -> bool:
    """One (phrasing, fact) pair in 25 is never trained on."""
    return zlib.crc32(f"{topic.name}/{template}/{item.key}".encode()) % 25 == 0


def ends_with(*answers: str) -> str:
    """A pattern for replies that end with one of `answers`."""
    return r"(?i)\b(" + "|".join(re.escape(answer) for answer in answers) + r")\W*$"


def first_upper(text: str) -> str:
    """`text` with a capital first letter."""
    return text[:1].upper() + text[1:]


def capital_items(lang: str) -> list[Item]:
    """Country to capital."""
    items = []
    for nom, gen, city, en, en_city in facts.COUNTRIES:
        if lang == "ru":
            slots = {"nom": [nom], "gen": [gen], "city": [city]}
            reply, answer = f"Столица {gen} — {city}.", city
        else:
            slots = {"en": [en], "city": [en_city]}
            reply, answer = f"The capital of {en} is {en_city}.", en_city
        items.append(Item(nom, slots, reply, ends_with(answer)))
    return items


def country_items(lang: str) -> list[Item]:
    """Capital to country."""
    items = []
    for nom, gen, city, en, en_city in facts.COUNTRIES:
        if lang == "ru":
            reply, slots = f"{city} — столица {gen}.", {"city": [city]}
        else:
            reply, slots = f"{en_city} is the capital of {en}.", {"city": [en_city]}
        items.append(Item(nom, slots, reply, ends_with(gen, en)))
    return items


def accusative(nom: str, gen: str) -> str:
    """The object case of the things in COLOURS_RU."""
    if nom in facts.ANIMATE_RU:
        return gen
    head, *rest = nom.split()
    if head[-1] in "ая":
        head = head[:-1] + ("у" if head[-1] == "а" else "ю")
    return " ".join([head, *rest])


def colour_items(lang: str) -> list[Item]:
    """Thing to colour."""
    if lang == "ru":
        return [
            Item(
                nom,
                {"nom": [nom], "gen": [gen], "acc": [accusative(nom, gen)]},
                f"{first_upper(nom)} {colour}.",
                ends_with(colour),
            )
            for nom, gen, colour in facts.COLOURS_RU
        ]
    return [
        Item(thing, {"en": [thing]}, f"{first_upper(thing)} is {colour}.", ends_with(colour))
        for thing, colour in facts.COLOURS_EN
    ]


def opposite_items(lang: str) -> list[Item]:
    """Word to antonym, both ways."""
    pairs = facts.OPPOSITES_RU if lang == "ru" else facts.OPPOSITES_EN
    items = []
    for word, other in pairs + [(other, word) for word, other in pairs]:
        if lang == "ru":
            quoted = [f"«{word}»", f"«{word}»", f'"{word}"', word]
            reply = f"Антоним слова «{word}» — «{other}»."
        else:
            quoted = [f'"{word}"', f"'{word}'", word, word]
            reply = f'The opposite of "{word}" is "{other}".'
        items.append(Item(word, {"q": quoted}, reply, ends_with(other)))
    return items


def sum_items(lang: str, *, add: bool) -> list[Item]:
    """a + b and a - b with everything between zero and twenty, in digits and in words."""
    sign = "+" if add else "-"
    ru_sign, en_sign = ("плюс", "plus") if add else ("минус", "minus")
    word_sign, column = (ru_sign, 0) if lang == "ru" else (en_sign, 2)
    items = []
    for a in range(21):
        for b in range(21 - a if add else a + 1):
            c = a + b if add else a - b
            word = [facts.NUMBERS[n][column] for n in (a, b, c)]
            gen = [facts.NUMBERS[n][1] for n in (a, b)]
            accept = rf"(?i)\b({c}|{word[2]})\W*$"
            spelled = [f"{a} {sign} {b}", f"{a}{sign}{b}", f"{a} {word_sign} {b}"]
            digits = {"a": [str(a)], "b": [str(b)], "ag": [str(a)], "bg": [str(b)], "expr": spelled}
            items.append(Item(f"{a}{sign}{b}", digits, f"{a} {sign} {b} = {c}.", accept))
            phrase = f"{word[0]} {word_sign} {word[1]}"
            words = {
                "a": [word[0]],
                "b": [word[1]],
                "ag": [gen[0]],
                "bg": [gen[1]],
                "expr": [phrase],
            }
            equals = "будет" if lang == "ru" else "is"
            reply = f"{first_upper(phrase)} {equals} {word[2]}."
            items.append(Item(phrase, words, reply, accept))
    return items


def topics_of(lang: str) -> list[Topic]:
    """All topics of a language."""
    p: ModuleType = phrases_ru if lang == "ru" else phrases_en
    capitals = capital_items(lang)
    return [
        Topic(
            f"capital-{lang}",
            lang,
            16,
            9,
            p.CAPITAL_ASKS,
            capitals,
            p.CAPITAL_HELD,
            p.CAPITAL_FOLLOW,
        ),
        Topic(f"country-{lang}", lang, 3, 2, p.COUNTRY_ASKS, country_items(lang)),
        Topic(
            f"colour-{lang}",
            lang,
            11,
            9,
            p.COLOUR_ASKS,
            colour_items(lang),
            p.COLOUR_HELD,
            p.COLOUR_FOLLOW,
        ),
        Topic(
            f"opposite-{lang}",
            lang,
            15,
            22,
            p.OPPOSITE_ASKS,
            opposite_items(lang),
            p.OPPOSITE_HELD,
            p.OPPOSITE_FOLLOW,
        ),
        Topic(
            f"add-{lang}",
            lang,
            13,
            29,
            p.ADD_ASKS,
            sum_items(lang, add=True),
            p.ADD_HELD,
            p.SUM_FOLLOW,
        ),
        Topic(
            f"subtract-{lang}",
            lang,
            13,
            29,
            p.SUB_ASKS,
            sum_items(lang, add=False),
            p.SUB_HELD,
            p.SUM_FOLLOW,
        ),
    ]
