"""tlite.vllm gives what vLLM gave, call by call: data/vllm_calls.json, by vllm_golden.py."""

from __future__ import annotations

import functools
import json
import sys
from typing import Any

import pytest
from conftest import DEMO, PACKAGE

sys.path.insert(0, str(PACKAGE / "differential"))

from vllm_api import differs, ours, outcome, unpacked

GOLDEN: dict[str, Any] = json.loads(
    (PACKAGE / "tests" / "data" / "vllm_calls.json").read_text(encoding="utf-8")
)


@functools.cache
def side() -> Any:
    """Two LLMs of the demo model: one that answers, one that embeds."""
    return ours(str(DEMO))


@pytest.mark.parametrize("name", GOLDEN)
def test_a_call_gives_what_vllm_gives(name: str) -> None:
    """Ids, texts, fields and types, or an error of the same class."""
    assert differs(unpacked(GOLDEN[name]), outcome(side(), name)) == ""


def test_there_are_many() -> None:
    """The file is whole."""
    assert len(GOLDEN) > 150
