"""A pytest plugin: at the end, what the library has allocated and nobody can reach any more.

For a library that was built with ASan, whose runtime is preloaded (tests/run.sh --only
python_asan). Asked before the interpreter ends, which leaves its objects to the system.
"""

from __future__ import annotations

import ctypes
import gc

import pytest


def pytest_sessionfinish(session: pytest.Session) -> None:
    """Fails the run where there is a leak; the runtime says where it came from."""
    gc.collect()
    found = ctypes.CDLL(None).__lsan_do_recoverable_leak_check()
    print(f"\nleaks: {'found, see above' if found else 'none'}", flush=True)
    if found:
        session.exitstatus = 1
