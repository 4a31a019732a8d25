"""Times our tokenizer against PyPI `tokenizers`, taking turns, one thread each.

    python tests/bench/tokenizer_bench.py PROGRAM MODEL [--megabytes 10] [--rounds 5]

Texts come from this machine: C++ from /usr/include, English from /usr/share/doc, Russian from the
message catalogues of installed programs. Where those are too short, sentences of the catalogues'
words, drawn with Zipf's frequencies and with case endings changed, fill up the rest: no sentence
comes twice, so that a cache of words finds what it would find in prose. The texts are cut into
parts of some kilobytes, with which the reference is at its best. Prints medians of processor
time, and ratios.
"""

# ruff: noqa: SIM905

import argparse
import gettext
import itertools
import os
import random
import re
import statistics
import subprocess
import tempfile
import time
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

os.environ["TOKENIZERS_PARALLELISM"] = "false"
os.environ["RAYON_NUM_THREADS"] = "1"

from tokenizers import Tokenizer

ENDINGS = "а я ы и у ю ой ей ом ем ами ями ах ях ого ему ый ая ое ые ть л ла ли ет ют".split()


def files(folder: str, pattern: str) -> Iterator[Path]:
    """Files below a folder, in a fixed order that mixes the sub-folders."""
    found = sorted(p for p in Path(folder).rglob(pattern) if p.is_file())
    random.Random(1).shuffle(found)
    return iter(found)


def texts_of(paths: Iterator[Path], size: int) -> str:
    """The first `size` bytes of the files' text, each file once, copies left out."""
    out: list[str] = []
    seen: set[int] = set()
    total = 0
    for path in paths:
        try:
            text = path.read_text(encoding="utf-8")
        except (UnicodeDecodeError, OSError):
            continue
        lines = [line for line in text.splitlines(keepends=True) if hash(line) not in seen]
        if len(lines) < 3:
            continue
        seen.update(hash(line) for line in lines if len(line) > 40)
        out.append("".join(lines))
        total += len(out[-1].encode())
        if total >= size:
            break
    return cut("".join(out), size)


def cut(text: str, size: int) -> str:
    """At most `size` bytes."""
    return text.encode()[:size].decode(errors="ignore")


def english(size: int) -> str:
    """Licences, manuals, change logs and the documentation strings of Python's library."""
    python = files(os.path.dirname(os.__file__), "*.py")
    notes = itertools.chain(files("/usr/share/doc", "*"), files("/usr/share/perl", "*.pod"))
    prose = texts_of(itertools.chain(notes, files("/usr/share/common-licenses", "*")), size)
    strings: list[str] = []
    missing = size - len(prose.encode())
    for path in python:
        if missing <= 0:
            break
        try:
            text = path.read_text(encoding="utf-8")
        except (UnicodeDecodeError, OSError):
            continue
        for found in re.findall(r'"""(.{80,}?)"""', text, re.DOTALL):
            strings.append(found + "\n\n")
            missing -= len(strings[-1].encode())
    return cut(prose + "".join(strings), size)


def catalogue() -> list[str]:
    """Russian messages of installed programs, each once."""
    messages: dict[str, None] = {}
    for path in files("/usr/share/locale/ru", "*.mo"):
        try:
            with path.open("rb") as file:
                translations = gettext.GNUTranslations(file)
        except (OSError, ValueError, UnicodeDecodeError):
            continue
        for text in vars(translations).get("_catalog", {}).values():
            if isinstance(text, str) and len(re.findall("[а-яё]", text)) > 20:
                messages[text] = None
    return list(messages)


def russian(size: int) -> tuple[str, int]:
    """The text, and how many bytes of it are real messages."""
    messages = catalogue()
    real = cut("\n".join(messages), size)
    counts = Counter(re.findall("[а-яё]+", real.lower()))
    if len(counts) < 5000:
        raise SystemExit("no Russian message catalogues on this machine")
    r = random.Random(1)
    words = [word for word, _ in counts.most_common()]
    stems = [w[: max(3, len(w) - r.randint(1, 3))] for w in words if len(w) > 4]
    rare = {r.choice(stems) + r.choice(ENDINGS) for _ in range(120000)} - set(words)
    words += sorted(rare, key=lambda w: (len(w), w))
    weights = list(itertools.accumulate(1 / (rank + 3) for rank in range(len(words))))
    out = [real]
    total = len(real.encode())
    while total < size:
        sentence = r.choices(words, cum_weights=weights, k=r.randint(4, 20))
        sentence[0] = sentence[0].capitalize()
        text = "".join(w + r.choice([" "] * 9 + [", "]) for w in sentence[:-1])
        out.append(text + sentence[-1] + r.choice([". ", ". ", "! ", "? ", ".\n"]))
        total += len(out[-1].encode())
    return cut("".join(out), size), len(real.encode())


def main() -> None:
    """Prints a line a text."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("program")
    parser.add_argument("model")
    parser.add_argument("--megabytes", type=float, default=10)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--part", type=int, default=8000, help="characters of a part")
    arguments = parser.parse_args()
    size = int(arguments.megabytes * 1e6)
    reference = Tokenizer.from_file(str(Path(arguments.model) / "tokenizer.json"))
    program = subprocess.Popen(
        [arguments.program, arguments.model],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
        bufsize=1,
    )

    def ask(command: str) -> tuple[float, int]:
        assert program.stdin is not None and program.stdout is not None
        program.stdin.write(command + "\n")
        program.stdin.flush()
        answer = program.stdout.readline().split()
        return float(answer[0]), int(answer[1])

    loads = [ask("load")[0] for _ in range(2 * arguments.rounds + 1)]
    print(f"load: median {statistics.median(loads):.1f} ms, best {min(loads):.1f} ms")
    prose, real = russian(size)
    print(f"Russian: {real / 1e6:.1f} MB are real messages")
    code = itertools.chain(files("/usr/include", "*.hpp"), files("/usr/include", "*.h"))
    texts = {"russian": prose, "english": english(size), "c++": texts_of(code, size)}
    with tempfile.TemporaryDirectory() as folder:
        for name, text in texts.items():
            path = Path(folder) / name
            text = text.replace("\0", "")
            parts = [text[i : i + arguments.part] for i in range(0, len(text), arguments.part)]
            path.write_bytes("\0".join(parts).encode())
            ours: list[float] = []
            theirs: list[float] = []
            for _ in range(arguments.rounds):
                milliseconds, count = ask(f"encode {path}")
                ours.append(milliseconds)
                start = time.process_time()
                expected = sum(len(reference.encode(part).ids) for part in parts)
                theirs.append((time.process_time() - start) * 1e3)
                assert count == expected, f"{name}: {count} tokens, the reference has {expected}"
            size_mb = len(text.encode()) / 1e6
            words = len(set(text.split()))
            us, them = statistics.median(ours), statistics.median(theirs)
            print(
                f"{name}: {size_mb:.1f} MB, {words} different words, {count} tokens: "
                f"{size_mb / us * 1e3:.1f} MB/s, tokenizers {size_mb / them * 1e3:.2f} MB/s, "
                f"ratio {them / us:.1f}",
                flush=True,
            )
    assert program.stdin is not None
    program.stdin.close()
    program.wait()


if __name__ == "__main__":
    main()
