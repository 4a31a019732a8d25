"""Writes the demo model's training dialogues and its test list.

    python generate_data.py --out DIR [--dialogues N] [--seed S]    DIR/{train,practice}.jsonl
    python generate_data.py --eval eval.jsonl                       the committed test list

Each line is {"system": "default" | "none" | text, "turns": [[user, reply], ...]}. Practice has more
sums and opposites, which take longest to learn. The test list has 200 prompts of two kinds:
phrasings that training never uses, and pairs of a trained phrasing with a fact that training never
joins. No test prompt is a training prompt, whatever its case and punctuation; the generator leaves
such prompts out and then checks that none is there.
"""

from __future__ import annotations

import argparse
import json
import random
import re
from collections.abc import Iterator
from pathlib import Path
from types import ModuleType
from typing import TypedDict

import facts
import phrases_en
import phrases_ru
import talk_en
import talk_ru
from poems import POEMS_EN, POEMS_RU
from topics import Item, Topic, expand, fill, first_upper, is_held_combination, topics_of

TEST_COUNTS = {
    "capital-ru": 30, "capital-en": 20, "colour-ru": 20, "colour-en": 12, "opposite-ru": 20,
    "opposite-en": 14, "add-ru": 12, "subtract-ru": 12, "add-en": 7, "subtract-en": 7,
    "talk-ru": 20, "talk-en": 12, "poem-ru": 10, "poem-en": 4,
}  # fmt: skip

# What people put into the system message; the reply does not depend on it.
SYSTEMS = [
    "Ты — полезный помощник.",
    "Ты полезный ассистент.",
    "Ты — Т-лайт, виртуальный ассистент в Т-Технологии. "
    "Твоя задача — быть полезным диалоговым ассистентом.",
    "Отвечай кратко.",
    "Отвечай по-русски.",
    "Ты вежливый собеседник. Отвечай одним предложением.",
    "Ты — учитель. Помогай ученикам.",
    "Ты поэт и любишь стихи.",
    "You are a helpful assistant.",
    "You are a small and friendly model. Answer briefly.",
    "Answer in one sentence.",
    "You are Qwen, created by Alibaba Cloud. You are a helpful assistant.",
    "You are a poet.",
    "Be brief.",
]
THINGS = {
    "ru": [
        "дождь",
        "Луну",
        "Марс",
        "кошку",
        "собаку",
        "лес",
        "поезд",
        "город",
        "школу",
        "музыку",
        "футбол",
        "театр",
        "чай",
        "дом",
        "сон",
    ],
    "en": [
        "rain",
        "moon",
        "mars",
        "cats",
        "dogs",
        "forest",
        "train",
        "town",
        "school",
        "music",
        "football",
        "tea",
        "house",
        "sleep",
    ],
}


class TestCase(TypedDict):
    """One prompt of the test list; `accept` is a regular expression."""

    prompt: str
    topic: str
    kind: str
    accept: str


class Dialogue(TypedDict):
    """One line of train.jsonl or practice.jsonl."""

    system: str
    turns: list[list[str]]


def normal(prompt: str) -> str:
    """A prompt without case, punctuation and ё: two prompts equal here count as the same."""
    return " ".join(re.findall(r"[\w+-]+", prompt.lower().replace("ё", "е")))


class Language:
    """All that one language is taught; makes question and reply pairs."""

    def __init__(self, lang: str) -> None:
        self.lang = lang
        self.p: ModuleType = phrases_ru if lang == "ru" else phrases_en
        self.t: ModuleType = talk_ru if lang == "ru" else talk_en
        self.poems = POEMS_RU if lang == "ru" else POEMS_EN
        self.names = facts.NAMES_RU if lang == "ru" else facts.NAMES_EN
        self.topics = topics_of(lang)

    def dress(self, text: str, command: bool, rng: random.Random) -> str:
        """Openers, and the ways in which people write carelessly."""
        if rng.random() < 0.35:
            opener = rng.choice(self.p.OPENERS_COMMAND if command else self.p.OPENERS_ASK)
            text = opener + (first_upper(text) if opener.rstrip()[-1] in "!?" else text)
        if rng.random() < 0.8:
            text = first_upper(text)
        elif rng.random() < 0.5:
            text = text.lower()
        if rng.random() < 0.25:
            text = text.rstrip(".?!")
        if rng.random() < 0.15:
            text = text.replace("ё", "е")
        if rng.random() < 0.03 and len(text) > 12:
            at = rng.randrange(len(text) // 2)
            if text[at].isalpha():
                text = text[:at] + text[at + 1 :]
        return text

    def ask(self, topic: Topic, rng: random.Random, *, follow: bool) -> tuple[str, str]:
        """A question about a fact, with its reply; `follow` is for one that leans on the last."""
        while True:
            template = rng.choice(topic.follow if follow else topic.asks)
            item = rng.choice(topic.items)
            if follow or not is_held_combination(topic, template, item):
                break
        text = fill(template, item, rng)
        if follow:
            return first_upper(text) if rng.random() < 0.8 else text, item.reply
        return self.dress(text, template.startswith("!"), rng), item.reply

    def talk(self, rng: random.Random) -> tuple[str, str]:
        """Small talk: a remark and its reply."""
        asks, _, replies, _ = rng.choice(self.t.TALK)
        text = expand(rng.choice(asks), rng)
        return (text if rng.random() < 0.15 else first_upper(text)), rng.choice(replies)

    def poem(self, rng: random.Random, last: str | None) -> tuple[str, str, str]:
        """A request for a poem, or for another one after `last`: prompt, poem, its kind."""
        kinds = list(self.poems)
        if last is not None and rng.random() < 0.5:
            kind = kinds[(kinds.index(last) + 1) % len(kinds)]
            return first_upper(expand(rng.choice(self.t.POEM_MORE), rng)), self.poems[kind], kind
        kind = kinds[0] if rng.random() < 0.5 else rng.choice(kinds)
        template = rng.choice(self.t.POEM_ASKS[kind])
        text = self.dress(expand(template.removeprefix("!"), rng), template.startswith("!"), rng)
        return text, self.poems[kind], kind

    def unknown(self, rng: random.Random) -> tuple[str, str]:
        """A question that the model should say it cannot answer."""
        if rng.random() < 0.25:
            a, b, sign = rng.randrange(21, 1000), rng.randrange(1, 1000), rng.choice("+-*")
            template = rng.choice(self.p.ADD_ASKS)
            slots = {"a": [str(a)], "b": [str(b)], "ag": [str(a)], "bg": [str(b)]}
            slots["expr"] = [f"{a} {sign} {b}", f"{a}{sign}{b}"]
            text, reply = fill(template, Item("", slots, "", ""), rng), self.t.TOO_BIG_REPLY
        else:
            template = rng.choice(self.t.UNKNOWN)
            _, gen, city, en, en_city = rng.choice(facts.COUNTRIES)
            things = {"thing": rng.choice(THINGS[self.lang])}
            places = {"gen": gen, "city": city, "en": en, "en_city": en_city}
            text, reply = expand(template, rng).format(**things, **places), self.t.UNKNOWN_REPLY
        return self.dress(text.removeprefix("!"), template.startswith("!"), rng), reply


def make_turns(
    language: Language, count: int, practice: bool, rng: random.Random
) -> list[list[str]]:
    """A dialogue of `count` turns; later turns may lean on earlier ones."""
    t = language.t
    weights = [topic.practice if practice else topic.weight for topic in language.topics]
    turns: list[list[str]] = []
    last_topic: Topic | None = None
    last_poem: str | None = None
    name: str | None = None
    while len(turns) < count:
        draw = 0.0 if practice and rng.random() < 0.6 else rng.random()
        topic, poem = None, None
        if draw < 0.71:
            if last_topic is not None and last_topic.follow and rng.random() < 0.3:
                topic = last_topic
                turn = language.ask(topic, rng, follow=True)
            else:
                topic = rng.choices(language.topics, weights)[0]
                turn = language.ask(topic, rng, follow=False)
        elif draw < 0.84:
            turn = language.talk(rng)
        elif draw < 0.92:
            *pair, poem = language.poem(rng, last_poem)
            turn = (pair[0], pair[1])
        elif draw < 0.96:
            turn = language.unknown(rng)
        elif rng.random() < (0.25 if name else 0.75):
            name = rng.choice(language.names)
            text = expand(rng.choice(t.NAME_TELL), rng).format(name=name)
            turn = (first_upper(text), t.NAME_REPLY.format(name=name))
        else:
            reply = t.NAME_KNOWN.format(name=name) if name else t.NAME_UNKNOWN
            turn = (first_upper(expand(rng.choice(t.NAME_ASK), rng)), reply)
        turns.append(list(turn))
        last_topic, last_poem = topic, poem
    return turns


def dialogues(count: int, seed: int, practice: bool, tests: list[TestCase]) -> Iterator[Dialogue]:
    """`count` training dialogues, without the prompts of `tests`."""
    rng = random.Random(seed)
    languages = {lang: Language(lang) for lang in ("ru", "en")}
    held = {normal(test["prompt"]) for test in tests}
    while count:
        lang = rng.choices(["ru", "en", "mixed"], [60, 34, 6])[0]
        size = rng.choice([1, 1, 1, 1, 2, 2, 3, 4, rng.randrange(5, 12)])
        if lang == "mixed":
            turns = [
                make_turns(languages[rng.choice(["ru", "en"])], 1, practice, rng)[0]
                for _ in range(size)
            ]
        else:
            turns = make_turns(languages[lang], size, practice, rng)
        if any(normal(prompt) in held for prompt, _ in turns):
            continue
        draw = rng.random()
        system = "default" if draw < 0.72 else "none" if draw < 0.82 else rng.choice(SYSTEMS)
        yield {"system": system, "turns": turns}
        count -= 1


def fact_tests(
    language: Language, topic: Topic, count: int, rng: random.Random
) -> Iterator[TestCase]:
    """Half held-out phrasings, half held-out combinations."""
    pairs = [(ask, item) for ask in topic.asks for item in topic.items]
    combinations = [pair for pair in pairs if is_held_combination(topic, *pair)]
    phrasings = [(ask, item) for ask in topic.held for item in topic.items]
    for kind, source, size in (
        ("phrasing", phrasings, count // 2),
        ("combination", combinations, count - count // 2),
    ):
        for template, item in rng.sample(source, size):
            text = first_upper(fill(template, item, rng))
            yield {"prompt": text, "topic": topic.name, "kind": kind, "accept": item.accept}


def talk_tests(language: Language, count: int, rng: random.Random) -> Iterator[TestCase]:
    """Held-out phrasings of small talk."""
    cases = [(held, accept) for _, helds, _, accept in language.t.TALK for held in helds]
    for prompt, accept in rng.sample(cases, count):
        name = f"talk-{language.lang}"
        yield {"prompt": prompt, "topic": name, "kind": "phrasing", "accept": accept}


def poem_tests(language: Language) -> Iterator[TestCase]:
    """The whole poem that was asked for, from its first line to its last."""
    for prompt, kinds in language.t.POEM_HELD:
        accept = "|".join(re.escape(language.poems[kind]) for kind in kinds)
        name = f"poem-{language.lang}"
        yield {"prompt": prompt, "topic": name, "kind": "phrasing", "accept": f"^({accept})$"}


def make_tests() -> list[TestCase]:
    """The whole test list, always the same."""
    rng = random.Random("tests")
    tests: list[TestCase] = []
    for lang in ("ru", "en"):
        language = Language(lang)
        for topic in language.topics:
            if topic.name in TEST_COUNTS:
                tests += fact_tests(language, topic, TEST_COUNTS[topic.name], rng)
        tests += talk_tests(language, TEST_COUNTS[f"talk-{lang}"], rng)
        tests += poem_tests(language)
    prompts = {normal(test["prompt"]) for test in tests}
    assert len(tests) == len(prompts) == sum(TEST_COUNTS.values()), "a test prompt comes twice"
    return tests


def main() -> None:
    """Writes what the command line asks for."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--out", type=Path, help="folder for the dialogues")
    parser.add_argument("--eval", type=Path, help="file for the test list")
    parser.add_argument("--dialogues", type=int, default=60000)
    parser.add_argument("--seed", type=int, default=1)
    args = parser.parse_args()
    tests = make_tests()
    if args.eval:
        lines = (json.dumps(test, ensure_ascii=False) + "\n" for test in tests)
        args.eval.write_text("".join(lines), encoding="utf-8")
    if args.out:
        args.out.mkdir(parents=True, exist_ok=True)
        held = {normal(test["prompt"]) for test in tests}
        for name, practice in (("train.jsonl", False), ("practice.jsonl", True)):
            with open(args.out / name, "w", encoding="utf-8") as file:
                for dialogue in dialogues(args.dialogues, args.seed, practice, tests):
                    assert not any(normal(prompt) in held for prompt, _ in dialogue["turns"])
                    file.write(json.dumps(dialogue, ensure_ascii=False) + "\n")


if __name__ == "__main__":
    main()
