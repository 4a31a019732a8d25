"""The one place that knows what runs: commands come in here, from whichever window."""

from __future__ import annotations

from typing import Any, Callable

import unohelper
from com.sun.star.frame import FeatureStateEvent, XTerminateListener

from ..engine.answer import Answer, Work
from ..engine.refusal import Refusal
from ..engine.shelf import Shelf
from ..text.commands import COMMANDS, Command
from ..text.words import Words
from . import settings, windows
from .main_thread import Pulse, on_main
from .passage import passage_of
from .run import Run

Report = Callable[[bool, str], object]
"""Gets whether a command did what it is for, and the sentence that says so."""

_BEAT = 0.05
"""Seconds between two looks at an answer: text that flows for the eye, and time for the office."""
_PATIENCE = 10.0
"""Seconds that the office's end waits for a thread that was told to stop; it takes milliseconds."""


class _Terminating(unohelper.Base, XTerminateListener):  # type: ignore[misc]
    def __init__(self, conductor: Conductor) -> None:
        self._conductor = conductor

    def queryTermination(self, event: Any) -> None:
        """Of XTerminateListener: no objection."""

    def notifyTermination(self, event: Any) -> None:
        """Of XTerminateListener."""
        self._conductor.end()

    def disposing(self, event: Any) -> None:
        """Of XEventListener."""


class Conductor:
    """Runs one command at a time, with one model for the whole office."""

    def __init__(self, context: Any) -> None:
        self._context = context
        self._shelf = Shelf()
        self._run: Run | None = None
        self._report: Report | None = None
        self._pulse: Pulse | None = None
        self._listeners: list[tuple[Any, Any, Any]] = []
        self._desktop = context.ServiceManager.createInstanceWithContext(
            "com.sun.star.frame.Desktop", context
        )
        self._desktop.addTerminateListener(_Terminating(self))

    def perform(self, frame: Any, name: str, report: Report) -> None:
        """Does what a URL says, soon, on the main thread. From any thread.

        `frame`: the window; None: the one that is in front.
        """

        def perform() -> None:
            self._perform(frame or self._desktop.getCurrentFrame(), name, report)

        on_main(self._context, perform)

    def listen(self, source: Any, listener: Any, url: Any) -> None:
        """Tells the listener, now and when that changes, whether the URL's command can be used."""
        self._listeners.append((source, listener, url))
        self._tell(source, listener, url)

    def forget(self, listener: Any, url: Any) -> None:
        """No more."""
        self._listeners = [
            entry
            for entry in self._listeners
            if entry[1] != listener or entry[2].Complete != url.Complete
        ]

    def end(self) -> None:
        """The office ends: so does what runs, before the process takes its memory away."""
        run, self._run = self._run, None
        if self._pulse is not None:
            self._pulse.stop()
        if run is not None:
            run.answer.cancel()
            run.answer.join(_PATIENCE)

    def _perform(self, frame: Any, name: str, report: Report) -> None:
        words = Words(settings.language_of(self._context))
        try:
            if name == "stop":
                self._stop(words, report)
            elif frame is None:
                raise Refusal("no_document")
            elif name == "settings":
                report(self._ask(frame, words), "")
            elif name in COMMANDS:
                self._begin(frame, words, COMMANDS[name], report)
            else:
                raise Refusal("unknown", name=name)
        except Exception as error:
            self._say(frame, words, report, windows.said(words, error))

    def _say(self, frame: Any, words: Words, report: Report, sentence: str) -> None:
        report(False, sentence)
        windows.show(self._context, frame, words, sentence)

    def _stop(self, words: Words, report: Report) -> None:
        if self._run is None:
            report(False, words("idle"))
            return
        self._run.answer.cancel()
        report(True, "")

    def _ask(self, frame: Any, words: Words) -> bool:
        """The settings; whether they were confirmed."""
        wish = settings.wish_of(self._context)
        chosen = windows.SettingsDialog(self._context, frame, words, wish).execute()
        if chosen is None:
            return False
        settings.save(self._context, chosen)
        if chosen != wish and self._run is None:
            self._shelf.clear()
        return True

    def _begin(self, frame: Any, words: Words, command: Command, report: Report) -> None:
        if self._run is not None:
            raise Refusal("busy")
        wish = settings.wish_of(self._context)
        passage = passage_of(frame.getController(), wish.context)
        if not wish.model:
            self._ask(frame, words)
            wish = settings.wish_of(self._context)
        if not wish.model:
            raise Refusal("no_model")
        work = Work(command, passage.string, wish, settings.seed_of(self._context))
        answer = Answer(work, self._shelf)
        self._run = Run(frame, words, passage, work, answer)
        self._report = report
        answer.start()
        self._pulse = Pulse(self._context, lambda: self._beat(words), _BEAT)
        self._pulse.start()
        self._tell_all()

    def _beat(self, words: Words) -> bool:
        run = self._run
        if run is None or run.beat():
            return run is not None
        good, sentence = run.finish()
        report, self._run = self._report, None
        self._tell_all()
        if report is not None:
            report(good, sentence)
        shown = not good and run.answer.reason != "cancelled"
        if shown and not run.closed:
            windows.show(self._context, run.frame, words, sentence)
        return False

    def _tell_all(self) -> None:
        for entry in list(self._listeners):
            self._tell(*entry)

    def _tell(self, source: Any, listener: Any, url: Any) -> None:
        name = url.Path
        event = FeatureStateEvent()
        event.Source, event.FeatureURL, event.Requery = source, url, False
        event.IsEnabled = name == "settings" or (name == "stop") == (self._run is not None)
        try:
            listener.statusChanged(event)
        except Exception:  # its window went without a word
            self.forget(listener, url)


_conductor: Conductor | None = None


def conductor(context: Any) -> Conductor:
    """The office's."""
    global _conductor
    if _conductor is None:
        _conductor = Conductor(context)
    return _conductor
