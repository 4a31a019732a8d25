"""What the tests of tlite.lm_eval share; they are skipped where the harness is not installed."""

from __future__ import annotations

import functools
import sys
import warnings
from typing import Any

import pytest
from conftest import DEMO, PACKAGE

with warnings.catch_warnings():
    warnings.simplefilter("ignore")  # of the harness's own packages
    pytest.importorskip("lm_eval", reason="lm-evaluation-harness is not installed")
    import tlite.lm_eval

sys.path.insert(0, str(PACKAGE / "differential"))
with warnings.catch_warnings():
    warnings.simplefilter("ignore")
    import lm_eval_cases as cases

__all__ = ["TASKS", "cases", "model"]

TASKS = str(cases.TASKS)


@functools.cache
def model() -> Any:
    """The demo model."""
    return tlite.lm_eval.TliteLM(DEMO)
