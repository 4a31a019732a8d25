"""What tests share: the library that was built, the demo model, and a larger one of noise."""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[3]
PACKAGE = ROOT / "bindings" / "python"
DEMO = ROOT / "examples" / "demo-model" / "model"

# Where the package is installed, that is what is tested; else the tree and what was built in it.
if "TLITE_TEST_INSTALLED" not in os.environ:
    os.environ.setdefault("TLITE_LIBRARY", str(ROOT / "build-release/capi/libtlite_c.so"))
    sys.path.insert(0, str(PACKAGE / "src"))
    os.environ["PYTHONPATH"] = str(PACKAGE / "src")  # for the programs that tests start

import tlite  # noqa: E402
from noise_model import write_noise_model  # noqa: E402


@pytest.fixture(scope="session")
def model() -> tlite.Model:
    """The demo model, for everybody."""
    return tlite.Model(DEMO)


@pytest.fixture
def greedy() -> tlite.SamplingParams:
    """No chance, and an end."""
    return tlite.SamplingParams(temperature=0, max_new_tokens=40)


@pytest.fixture
def engine(model: tlite.Model) -> Iterator[tlite.Engine]:
    """An engine of a test's own."""
    with tlite.Engine(model, context=4096) as made:
        yield made


def who(text: str = "Кто ты?") -> list[dict[str, str]]:
    """A conversation whose answer the demo model knows."""
    return [{"role": "user", "content": text}]


ANSWER = "Я маленькая демонстрационная модель libtlite."


@pytest.fixture(scope="session")
def slow_path(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A checkpoint of noise with the demo model's tokenizer, whose prompts take seconds."""
    folder = tmp_path_factory.mktemp("slow")
    write_noise_model(folder)
    return folder
