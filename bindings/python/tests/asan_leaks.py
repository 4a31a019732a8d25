"""A pytest plugin: at the end, what the library has allocated and nobody can reach any more.

For a library that was built with ASan, whose runtime is preloaded (tests/run.sh --only
python_asan). Asked before the interpreter ends, which leaves its objects to the system.
"""

from __future__ import annotations

import ctypes
import gc
import sys

import pytest


def pytest_sessionfinish(session: pytest.Session) -> None:
    """Fails the run where there is a leak; the runtime says where it came from."""
    for shared in ("model", "tokenizer"):
        cached = getattr(sys.modules.get("hf"), shared, None)
        if cached is not None:
            cached.cache_clear()
    gc.collect()
    # An int of Python's does not hold a pointer in one piece, so what a live object owns would be
    # taken for a leak: there must be none.
    from tlite._native import Handle

    alive = [thing for thing in gc.get_objects() if isinstance(thing, Handle)]
    names = sorted(thing._free.__name__ for thing in alive)
    found = ctypes.CDLL(None).__lsan_do_recoverable_leak_check()
    print(f"\nleaks: {'found, see above' if found else 'none'}; alive: {names}", flush=True)
    if found or alive:
        session.exitstatus = 1
