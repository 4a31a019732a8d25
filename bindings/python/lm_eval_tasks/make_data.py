"""Writes data/*.jsonl: small data for the tasks here, and for tasks that ship with the harness.

Usage: make_data.py

Everything is made up by this program with a fixed seed, in the forms of the benchmarks that the
tasks are modelled on; none of it is theirs, and scores on it say nothing of a model's knowledge.
"""

from __future__ import annotations

import json
import pathlib
import random
from typing import Any

Row = dict[str, Any]

CAPITALS = {
    **{"Франции": "Париж", "Италии": "Рим", "Испании": "Мадрид", "Австрии": "Вена"},
    **{"Польши": "Варшава", "Греции": "Афины", "Японии": "Токио", "Египта": "Каир"},
    **{"Финляндии": "Хельсинки", "Норвегии": "Осло", "Кубы": "Гавана", "Сербии": "Белград"},
}
ANIMALS = {
    **{"собака": "млекопитающее", "орёл": "птица", "щука": "рыба", "кит": "млекопитающее"},
    **{"воробей": "птица", "муравей": "насекомое", "карась": "рыба", "пчела": "насекомое"},
}
NAMES = ("Маша", "Петя", "Оля", "Ваня", "Лена", "Коля", "Аня", "Дима")
THINGS = ("яблок", "карандашей", "книг", "марок", "конфет", "орехов", "открыток", "значков")


def options(source: random.Random, right: str, all_of: list[str], count: int) -> tuple[Row, str]:
    """Choices by letter, and the letter of the right one."""
    others = source.sample([other for other in all_of if other != right], count - 1)
    chosen = [right, *others]
    source.shuffle(chosen)
    letters = "ABCDEFGHIJ"[:count]
    return dict(zip(letters, chosen, strict=True)), letters[chosen.index(right)]


def choices(source: random.Random, facts: dict[str, str], words: str, count: int) -> list[Row]:
    """A question of several choices for each fact."""
    rows = []
    values = sorted(set(facts.values()))
    for key, value in facts.items():
        listed, letter = options(source, value, values, count)
        rows.append({"question": words.format(key), "options": listed, "answer": letter})
    return rows


def sums(source: random.Random, count: int) -> list[Row]:
    """Word problems of two steps, answered as GSM8K answers."""
    rows = []
    for i in range(count):
        name, other = source.sample(NAMES, 2)
        thing = THINGS[i % len(THINGS)]
        have, times, gone = source.randint(3, 20), source.randint(2, 4), source.randint(1, 5)
        all_of = have * times
        rows.append(
            {
                "question": f"У {name} было {have} {thing}, у {other} в {times} раза больше."
                f" {other} отдаёт {gone}. Сколько {thing} осталось у {other}?",
                "answer": f"{have} * {times} = {all_of}. {all_of} - {gone} = {all_of - gone}."
                f"\n#### {all_of - gone}",
            }
        )
    return rows


def maths(source: random.Random, count: int) -> list[Row]:
    """Equations, answered in a box as MATH answers."""
    rows = []
    for _ in range(count):
        a, x, b = source.randint(2, 9), source.randint(-9, 9), source.randint(1, 20)
        rows.append(
            {
                "problem": f"Решите уравнение ${a}x + {b} = {a * x + b}$.",
                "solution": f"${a}x = {a * x}$, значит $x = {x}$. Ответ: $\\boxed{{{x}}}$.",
                "answer": str(x),
            }
        )
    return rows


PROGRAMS = (
    ("sum_of_even", "возвращает сумму чётных чисел списка", "numbers",
     "return sum(n for n in numbers if n % 2 == 0)",
     ("sum_of_even([1, 2, 4]) == 6", "sum_of_even([]) == 0", "sum_of_even([3, 5]) == 0")),
    ("count_vowels", "считает гласные буквы в русском слове", "word",
     "return sum(letter in 'аеёиоуыэюя' for letter in word.lower())",
     ("count_vowels('молоко') == 3", "count_vowels('') == 0", "count_vowels('Ёж') == 1")),
    ("is_palindrome", "говорит, читается ли строка одинаково в обе стороны", "text",
     "return text == text[::-1]",
     ("is_palindrome('шалаш')", "not is_palindrome('дом')", "is_palindrome('')")),
    ("largest", "возвращает наибольшее число списка или None", "numbers",
     "return max(numbers, default=None)",
     ("largest([3, 9, 2]) == 9", "largest([]) is None", "largest([-5]) == -5")),
    ("factorial", "возвращает факториал числа", "n",
     "result = 1\n    for i in range(2, n + 1):\n        result *= i\n    return result",
     ("factorial(0) == 1", "factorial(5) == 120", "factorial(1) == 1")),
    ("unique", "убирает повторы, сохраняя порядок", "items",
     "return list(dict.fromkeys(items))",
     ("unique([1, 2, 1]) == [1, 2]", "unique([]) == []", "unique('аба') == ['а', 'б']")),
)  # fmt: skip


def programs() -> list[Row]:
    """Functions with their tests."""
    rows = []
    for i, (name, what, argument, body, tests) in enumerate(PROGRAMS):
        rows.append(
            {
                "task_id": i,
                "text": f"Напишите функцию {name}({argument}), которая {what}.",
                "prompt": f'def {name}({argument}):\n    """Функция {what}."""\n',
                "code": f"def {name}({argument}):\n    {body}",
                "canonical_solution": f"    {body}\n",
                "test_list": [f"assert {test}" for test in tests],
            }
        )
    return rows


def shipped(source: random.Random) -> dict[str, list[Row]]:
    """Rows of data sets that the harness's own Russian tasks would download."""
    countries, cities = list(CAPITALS), list(CAPITALS.values())
    arc, belebele, mgsm, winograd, xnli = [], [], [], [], []
    for i, (country, city) in enumerate(CAPITALS.items()):
        listed, letter = options(source, city, cities, 4)
        names = {f"option_{key.lower()}": name for key, name in listed.items()}
        arc.append(
            {"id": str(i), "instruction": f"Какой город - столица {country}?", **names,
             "option_e": "", "answer": letter}
        )  # fmt: skip
        belebele.append(
            {
                "flores_passage": f"{city} - столица {country}. Город стоит на реке.",
                "question": f"Столица какой страны {city}?",
                **{
                    f"mc_answer{j + 1}": name
                    for j, name in enumerate([country, *source.sample(countries, 3)])
                },
                "correct_answer_num": "1",
            }
        )
        xnli.append(
            {
                "premise": f"{city} - столица {country}",
                "hypothesis": f"{source.choice(cities)} - большой город",
                "label": i % 3,
            }
        )
        first, second = source.sample(NAMES, 2)
        winograd.append(
            {
                "sentence": f"{first} позвонила {second}, потому что _ скучала.",
                **{"option1": first, "option2": second, "answer": str(1 + i % 2)},
            }
        )
    for row in sums(source, 8):
        number = int(row["answer"].rsplit(" ", 1)[1])
        mgsm.append({"question": row["question"], "answer": None, "answer_number": number})
    return {
        "arc_ru": arc[:10],
        "belebele_rus_Cyrl": belebele[:10],
        "mgsm_direct_ru": mgsm,
        "xnli_ru": xnli[:10],
        "xwinograd_ru": winograd[:10],
    }


def main() -> None:
    """Writes all files."""
    source = random.Random(16)
    kinds = dict(enumerate(sorted(set(ANIMALS.values()))))
    animals = choices(source, ANIMALS, "К какому виду относится {}?", len(kinds))
    capitals = choices(source, CAPITALS, "Какой город - столица {}?", 4)
    many = choices(source, CAPITALS, "Какой город - столица {}?", 10)
    for row in many:
        row["reasoning"] = f"Столица - {row['options'][row['answer']]}."
    files = {
        "mera_worldtree": animals,
        "mamuramu_geography": capitals,
        "mamuramu_biology": animals[::-1],
        "rummlu_pro": many,
        "rugsm8k": sums(source, 12),
        "rumath": maths(source, 10),
        "programs": programs(),
        **shipped(source),
    }
    folder = pathlib.Path(__file__).parent / "data"
    for name, rows in files.items():
        lines = (json.dumps(row, ensure_ascii=False) + "\n" for row in rows)
        (folder / f"{name}.jsonl").write_text("".join(lines), encoding="utf-8")


if __name__ == "__main__":
    main()
