"""The extension's rooms that know no office, and the library of the release build."""

from __future__ import annotations

import os
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[3]
DEMO = ROOT / "examples" / "demo-model" / "model"
EXTENSION = ROOT / "examples" / "libreoffice"

os.environ.setdefault("TLITE_LIBRARY", str(ROOT / "build-release/capi/libtlite_c.so"))
for folder in (
    EXTENSION,
    EXTENSION / "extension" / "pythonpath",
    ROOT / "bindings" / "python" / "src",
    ROOT / "bindings" / "python" / "tests",
):
    sys.path.insert(0, str(folder))

from noise_model import write_noise_model  # noqa: E402


@pytest.fixture(scope="session")
def slow_path(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A checkpoint of noise, whose prompts take seconds and whose answers do not end."""
    folder = tmp_path_factory.mktemp("slow")
    write_noise_model(folder)
    return folder
