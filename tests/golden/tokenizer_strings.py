"""Strings that find differences between tokenizers; the same seed gives the same strings."""

# ruff: noqa: SIM905

import random
from collections.abc import Callable

RUSSIAN = (
    "в и не на я что с он как это по но они мы она к у же вы так за бы от его о из ну то человек "
    "время рука дело жизнь день год раз работа слово место лицо друг глаз вопрос дом сторона "
    "страна мир случай голова ребёнок сила конец вид система часть город отношение женщина деньги "
    "земля машина вода отец проблема час право нога решение дверь образ история власть "
    "закон война бог "
    "голос тысяча книга возможность результат ночь стол имя область статья число компания народ "
    "Москва Санкт-Петербург Ёлка объявление съезд подъезд щётка йогурт экзамен юла язык чай цирк "
    "стихотворение машинное обучение нейросеть градиентный спуск переобучение токенизация кто-то"
).split()
ENGLISH = (
    "the of and to in is that it's was he for on are as with his they I'm at be this have from or "
    "one had by word but not what all were we'll when your can said there use an each which she do "
    "how their if will up other about out many then them these so some her would make like him "
    "into time has look two more write go see number no way could people my than first "
    "water been call "
    "don't you've DON'T we'Re I'LL 'tis o'clock rock'n'roll naïve café résumé state-of-the-art e.g."
).split()
CODE = [
    "for (int i = 0; i < n; ++i) {",
    "    return x->y[i] & 0xFF;",
    "\t\tif (!p) goto fail;",
    "}\n",
    "def f(a, *b, **c) -> None:",
    "    pass  # TODO",
    "std::vector<std::pair<int, double>> v;",
    "#include <stdio.h>\r\n",
    "/* comment */",
    "SELECT * FROM t WHERE a >= 1.5e-10;",
    "λ = x => x**2",
    '"a\\tb\\n"',
    "'c'",
    "&&",
    "||",
    "!==",
    "...",
    '<?xml version="1.0"?>',
    "{{ user.name }}",
    "$HOME/.config",
    "https://example.org/a?b=c&d=%20#e",
    "user_name@mail.ru",
    "C:\\Windows\\",
]
EMOJI = [
    "😀",
    "👨‍👩‍👧‍👦",
    "👩🏽‍💻",
    "🏳️‍🌈",
    "🇷🇺",
    "❤️",
    "☺",
    "👍🏿",
    "1️⃣",
    "🧑‍🚀",
    "©",
    "™",
    "→",
    "∑",
    "½",
    "Ⅷ",
    "²",
]
CJK = [
    *"我们的模型在中文和日本語カタカナひらがな한국어텍스트도처리해야합니다。、「」！？㍿ｱｲｳ",
    "你好，世界",
    "東京都",
    "안녕하세요",
]
ARABIC = "السلام عليكم كيف الحال؟ مَدْرَسَة قُرْآن ١٢٣ لا إله עִבְרִית שָׁלוֹם".split()
HINDI = "नमस्ते दुनिया क्षत्रिय ज़िंदगी हिन्दी में १२३ क़लम தமிழ் ไทย ภาษา မြန်မာ ខ្មែរ".split()
MARKS = [
    "e\u0301",
    "и\u0306",
    "е\u0308",
    "a\u0323\u0302",
    "a\u0302\u0323",
    "q\u0307\u0323",
    "\u1e9b\u0323",
    "\u0344",
    "\u212b",
    "\u2126",
    "\u1100\u1161\u11a8",
    "\uac00\u11a8",
    "\u0958",
    "\ufb1d",
    "\u2f801",
    "\U0002f800",
    "\u0340",
    "\u0374",
    "\u037e",
    "\u0387",
    "\u1fef",
    "\u1ffd",
    "\u2000",
    "\u2001",
    "\u0b47\u0b3e",
    "\u09c7\u09be",
    "\u0dd9\u0dca",
    "\u3099",
    "か\u3099",
    "\u0f73",
    "\u0f71\u0f72",
    "\U0001d15e",
    "\U00011099\U000110ba",
    "\U00011935\U00011930",
    "\U000105d2\u0307",
    "\u0301",
    "\u0327",
    "\u0e38\u0e48",
    "\u05d0\u05bc\u05b7",
    "\u0653\u0654\u0655",
    "\u0915\u093c",
    "\u1b11\u1b35",
]
SPACES = [
    chr(c)
    for c in (
        *(*range(9, 14), 0x1C, 0x1D, 0x1E, 0x1F, 0x20, 0x85, 0xA0, 0x1680, 0x180E),
        *(*range(0x2000, 0x200C), 0x2028, 0x2029, 0x202F, 0x205F, 0x2060, 0x3000, 0xFEFF),
    )
]
SPECIAL = [
    "<|endoftext|>",
    "<|im_start|>",
    "<|im_end|>",
    "<tool_call>",
    "</tool_call>",
    "<|fim_prefix|>",
    "<|im_start",
    "|im_end|>",
    "<|im_start|><|im_end|>",
    "<|box_start|>",
    "<|file_sep|>",
    "<|x|>",
    "<|",
]
CONTRACTIONS = "'s 'S 'ſ 't 'T 're 'rE 'VE 'm 'll 'Ll 'd 'D ' '' 'l 'r ’s".split()

Random = random.Random


def words(r: Random, source: list[str]) -> str:
    """Words of a language with punctuation and capitals."""
    out = ""
    for _ in range(r.randint(1, 20)):
        word = r.choice(source)
        word = r.choice([word, word, word, word.capitalize(), word.upper()])
        out += word + r.choice([" "] * 8 + [", ", ". ", "! ", "\n", " — ", "  ", "? "])
    return out


def numbers(r: Random) -> str:
    """Numbers in many spellings."""
    kinds: list[Callable[[], str]] = [
        lambda: str(r.randint(0, 10**12)),
        lambda: f"{r.uniform(-1e6, 1e6):.3f}",
        lambda: f"{r.randint(1, 31):02}.{r.randint(1, 12):02}.{r.randint(1900, 2030)}",
        lambda: f"{r.randint(1, 999)} {r.randint(100, 999)} руб.",
        lambda: hex(r.getrandbits(64)),
        lambda: "".join(
            chr(r.choice([0x660, 0x966, 0xFF10, 0x1D7CE, 0x30]) + r.randint(0, 9)) for _ in range(5)
        ),
    ]
    return r.choice([" ", "", ",", "\t"]).join(r.choice(kinds)() for _ in range(r.randint(1, 8)))


def pieces(r: Random, source: list[str], separators: list[str]) -> str:
    """Items of a list with separators."""
    return "".join(r.choice(source) + r.choice(separators) for _ in range(r.randint(1, 12)))


def whitespace(r: Random) -> str:
    """Every kind of white space around text."""
    out = ""
    for _ in range(r.randint(1, 10)):
        out += r.choice(SPACES) * r.randint(1, 4)
        out += r.choice(["", "a", "слово", "1", "!", "\n", "\r\n", " ", "'s", "e\u0301", "中"])
    return out


def controls(r: Random) -> str:
    """Control characters."""
    return "".join(
        chr(r.choice([*range(32), *range(0x7F, 0xA0), 0x61, 0x20])) for _ in range(r.randint(1, 20))
    )


def long_runs(r: Random) -> str:
    """One character many times."""
    unit: str = r.choice([*"a \n\r\t\u00a0я=-1!é\u0301😀中Ā'", "ab"])
    return r.choice(["", "x", " "]) + unit * r.randint(1, 300) + r.choice(["", "x", " ", "\n"])


def random_point(r: Random) -> int:
    """A code point, small ones more often."""
    high = r.choice([0x80, 0x250, 0x600, 0x3000, 0x10000, 0x20000, 0x110000])
    point = r.randrange(high)
    return point if not 0xD800 <= point < 0xE000 else point - 0x800


def random_unicode(r: Random) -> str:
    """Code points without any sense."""
    return "".join(chr(random_point(r)) for _ in range(r.randint(1, 25)))


def near(r: Random) -> str:
    """Neighbours in one block: scripts with marks, unassigned code points among them."""
    base = random_point(r)
    points = (base + r.randint(0, 60) for _ in range(r.randint(1, 15)))
    return "".join(chr(p) for p in points if p < 0x110000 and not 0xD800 <= p < 0xE000)


def marks(r: Random) -> str:
    """Combining marks in all orders."""
    out = ""
    for _ in range(r.randint(1, 10)):
        out += r.choice(MARKS) + r.choice(
            ["", "", "a", "е", " ", "\u0323", chr(r.randrange(0x300, 0x370))]
        )
    return out


KINDS: list[Callable[[Random], str]] = [
    lambda r: words(r, RUSSIAN),
    lambda r: words(r, ENGLISH),
    lambda r: pieces(r, CODE, ["", " ", "\n", "\n    ", "\r\n", "\t"]),
    numbers,
    lambda r: pieces(r, EMOJI, ["", "", " ", "а", "\u200d", "\ufe0f"]),
    lambda r: pieces(r, CJK, ["", "", " ", "，", "a"]),
    lambda r: pieces(r, ARABIC, [" ", "", "، "]),
    lambda r: pieces(r, HINDI, [" ", "", "। "]),
    marks,
    whitespace,
    controls,
    long_runs,
    lambda r: pieces(r, SPECIAL, ["", "", " ", "text", "\n", "é", "e\u0301"]),
    random_unicode,
    near,
    lambda r: pieces(r, CONTRACTIONS, ["", "a", " ", "s", "1", "\n", "ш"]),
]


def mixed(r: Random) -> str:
    """Several kinds in one string."""
    return "".join(r.choice(KINDS)(r) for _ in range(r.randint(2, 4)))


def strings(count: int, seed: int = 1) -> list[str]:
    """The list of `count` strings."""
    r = Random(seed)
    out = ["", " ", "\n", "a", "\U0010ffff", "\u0000", "Привет, мир!"]
    kinds = [*KINDS, mixed]
    while len(out) < count:
        out.append(kinds[len(out) % len(kinds)](r))
    return out[:count]
