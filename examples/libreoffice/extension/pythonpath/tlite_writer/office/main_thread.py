"""The office's main thread, on which documents are changed and windows shown."""

from __future__ import annotations

import contextlib
import threading
from typing import Any, Callable

import unohelper
from com.sun.star.awt import XCallback


class _Call(unohelper.Base, XCallback):  # type: ignore[misc]
    def __init__(self, function: Callable[[], object]) -> None:
        self._function = function

    def notify(self, data: object) -> None:
        """Of XCallback, whose exceptions would end the office: a window may have gone meanwhile."""
        with contextlib.suppress(Exception):
            self._function()


def on_main(context: Any, function: Callable[[], object]) -> None:
    """Has the main thread call it, soon."""
    poster = context.ServiceManager.createInstanceWithContext(
        "com.sun.star.awt.AsyncCallback", context
    )
    poster.addCallback(_Call(function), None)


class Pulse:
    """Has the main thread call `beat` again and again, until that answers False.

    UNO has no timers, so a thread waits in between. A callback that posted the next one would leave
    an office that GTK draws no idle time: its buttons stay as they were (tried with 7.4). No two
    calls are under way at once, also where the first runs the office's event loop.
    """

    def __init__(self, context: Any, beat: Callable[[], bool], seconds: float) -> None:
        self._context = context
        self._beat = beat
        self._seconds = seconds
        self._called = threading.Event()
        self._called.set()
        self._over = threading.Event()
        self._thread = threading.Thread(target=self._run, name="tlite pulse", daemon=True)

    def start(self) -> None:
        """Begins."""
        self._thread.start()

    def stop(self) -> None:
        """No further call begins; from any thread."""
        self._over.set()
        self._called.set()

    def _run(self) -> None:
        while not self._over.wait(self._seconds):
            self._called.clear()
            on_main(self._context, self._call)
            self._called.wait()

    def _call(self) -> None:
        try:
            if self._over.is_set() or not self._beat():
                self._over.set()
        finally:
            self._called.set()
