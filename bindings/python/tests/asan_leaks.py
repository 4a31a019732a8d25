"""A pytest plugin: at the end, what the library has allocated and nobody can reach any more.

For a library that was built with ASan, whose runtime is preloaded (tests/run.sh --only
python_asan). Asked before the interpreter ends, which leaves its objects to the system.
"""

from __future__ import annotations

import ctypes
import functools
import gc
import sys
from pathlib import Path

import pytest


def forget_what_tests_share() -> None:
    """Empties the caches of the modules beside this one, which hold models for many tests."""
    here = str(Path(__file__).resolve().parent)
    for module in list(sys.modules.values()):
        if (getattr(module, "__file__", None) or "").startswith(here):
            for value in vars(module).values():
                if isinstance(value, functools._lru_cache_wrapper):
                    value.cache_clear()


def pytest_sessionfinish(session: pytest.Session) -> None:
    """Fails the run where there is a leak; the runtime says where it came from."""
    forget_what_tests_share()
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
