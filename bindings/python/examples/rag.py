"""Answers from a folder of texts: embeddings find the paragraphs, the model reads them.

Usage: rag.py QUESTION [--folder DIR] [--model MODEL] [--top N]

DIR has .txt files in UTF-8, whose paragraphs are divided by empty lines; the small one beside this
program if none is given. MODEL is a directory or a .gguf file. Needs numpy.
"""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import NamedTuple

import numpy as np
import tlite

SYSTEM = "Отвечай кратко и только по приведённым отрывкам. Если ответа в них нет, так и скажи."


class Paragraph(NamedTuple):
    """Where it is from and what it says."""

    file: str
    text: str


def read(folder: Path) -> list[Paragraph]:
    """The paragraphs of all files, in order."""
    return [
        Paragraph(file.name, text.strip())
        for file in sorted(folder.glob("*.txt"))
        for text in file.read_text(encoding="utf-8").split("\n\n")
        if text.strip()
    ]


class Index:
    """Paragraphs by what they mean."""

    def __init__(self, engine: tlite.Engine, paragraphs: list[Paragraph]) -> None:
        self._engine = engine
        self.paragraphs = paragraphs
        vectors = engine.embed([p.text for p in paragraphs], pooling="mean")
        # What all texts have in common says nothing about any of them, and is most of a vector.
        self._common = vectors.mean(axis=0)
        self._vectors = self._own(vectors)

    def _own(self, vectors: np.ndarray) -> np.ndarray:
        own = vectors - self._common
        return own / np.maximum(np.linalg.norm(own, axis=1, keepdims=True), 1e-9)

    def find(self, question: str, count: int) -> list[tuple[float, Paragraph]]:
        """The nearest paragraphs with the cosine of their angle to the question."""
        vector = self._own(self._engine.embed([question], pooling="mean"))[0]
        scores = self._vectors @ vector
        best = np.argsort(-scores, kind="stable")[:count]
        return [(float(scores[i]), self.paragraphs[i]) for i in best]


def prompt(question: str, found: list[tuple[float, Paragraph]]) -> list[dict[str, str]]:
    """A conversation that asks about the paragraphs."""
    context = "\n\n".join(f"[{p.file}] {p.text}" for _, p in found)
    return [
        {"role": "system", "content": SYSTEM},
        {"role": "user", "content": f"Отрывки:\n\n{context}\n\nВопрос: {question}"},
    ]


def main() -> None:
    """Prints the paragraphs, then the answer as it comes."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("question")
    parser.add_argument("--folder", type=Path, default=Path(__file__).with_name("texts"))
    parser.add_argument("--model", default="t-tech/T-lite-it-1.0")
    parser.add_argument("--top", type=int, default=3)
    given = parser.parse_args()
    paragraphs = read(given.folder)
    if not paragraphs:
        parser.error(f"--folder {given.folder} has no .txt file with text in it")
    with tlite.Engine(tlite.Model(given.model), context=4096) as engine:
        found = Index(engine, paragraphs).find(given.question, given.top)
        for score, paragraph in found:
            print(f"{score:5.2f}  {paragraph.file}: {paragraph.text}")
        print()
        params = tlite.SamplingParams(temperature=0, max_new_tokens=200)
        for piece in engine.stream(prompt(given.question, found), sampling=params):
            print(piece, end="", flush=True)
        print()


if __name__ == "__main__":
    main()
