"""Programs and the notebook of examples/ run; the card's are in test_transformers_loading.py."""

from __future__ import annotations

import os
import runpy
import subprocess
import sys
from pathlib import Path

import pytest
import tlite
from conftest import DEMO, PACKAGE

EXAMPLES = PACKAGE / "examples"


def rag(*arguments: object) -> subprocess.CompletedProcess[str]:
    """The program with the demo model."""
    command = [sys.executable, EXAMPLES / "rag.py", "--model", DEMO, *arguments]
    return subprocess.run(
        list(map(str, command)),
        capture_output=True,
        text=True,
        encoding="utf-8",
        env={**os.environ, "PYTHONIOENCODING": "utf-8"},
        check=False,
    )


# Of what the demo model was taught.
KNOWN = {
    "столицы": "Столица Франции — Париж.\n\nСтолица Испании — Мадрид.",
    "счёт": "5 + 6 = 11.\n\n2 + 3 = 5.",
    "цвета": "Трава зелёная.\n\nСнег белый.",
}
QUESTIONS = [
    ("Какая столица Италии?", "столицы"),
    ("Какого цвета лимон?", "цвета"),
]


@pytest.mark.parametrize(("question", "topic"), QUESTIONS)
def test_a_question_finds_its_topic(
    model: tlite.Model, tmp_path: Path, question: str, topic: str
) -> None:
    """The nearest paragraph is of the topic, though no name in it is the question's."""
    for name, text in KNOWN.items():
        (tmp_path / f"{name}.txt").write_text(text, encoding="utf-8")
    names = runpy.run_path(str(EXAMPLES / "rag.py"))
    paragraphs = names["read"](tmp_path)
    assert len(paragraphs) == 6
    with tlite.Engine(model, context=2048) as engine:
        index = names["Index"](engine, paragraphs)
        found = index.find(question, 3)
        for paragraph in paragraphs:
            score, itself = index.find(paragraph.text, 1)[0]
            assert itself == paragraph and abs(score - 1) < 1e-5
    scores = [score for score, _ in found]
    assert scores == sorted(scores, reverse=True)
    assert found[0][1].file == f"{topic}.txt"


def test_answers_from_a_folder(tmp_path: Path) -> None:
    """The program: paragraphs with their files, then what the model says."""
    done = rag("Когда сажают чеснок?", "--top", 2)
    assert done.returncode == 0, done.stderr
    sources, answer = done.stdout.strip("\n").split("\n\n", 1)
    assert len(sources.splitlines()) == 2 and answer.strip()
    (tmp_path / "one.txt").write_text("Снег бел.\n\n\n\nТрава зелена.\n", encoding="utf-8")
    done = rag("Какого цвета снег?", "--folder", tmp_path, "--top", 9)
    assert done.returncode == 0, done.stderr
    assert "one.txt: Снег бел." in done.stdout and "one.txt: Трава зелена." in done.stdout
    (tmp_path / "one.txt").write_text(" \n\n ", encoding="utf-8")
    done = rag("Какого цвета снег?", "--folder", tmp_path)
    assert done.returncode == 2 and "no .txt file with text" in done.stderr


def test_the_notebook(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """Every cell runs, and shows what it is there for."""
    nbclient = pytest.importorskip("nbclient")
    import nbformat

    monkeypatch.setenv("TLITE_MODEL", str(DEMO))
    monkeypatch.setenv("IPYTHONDIR", str(tmp_path))
    notebook = nbformat.read(EXAMPLES / "first_steps.ipynb", as_version=4)
    nbformat.validate(notebook)
    assert not any(cell.get("outputs") for cell in notebook.cells), "outputs are not committed"
    nbclient.NotebookClient(
        notebook, timeout=300, resources={"metadata": {"path": str(EXAMPLES)}}
    ).execute()
    shown = {
        cell.id: "".join(
            str(output.get("text", "")) + str(output.get("data", {}))
            for output in cell.get("outputs", [])
        )
        for cell in notebook.cells
    }
    assert "Сперва модель совсем не знала" in shown["chat"] and 'class="t s0"' in shown["chat"]
    assert "entropy" in shown["score"] and "image/svg+xml" in shown["entropy"]
    assert "Рим" in shown["engine"] and "Токио" in shown["engine"]
    assert "Париж" in shown["beam"] and "1." in shown["embed"]
