"""An office of a test's own, driven over a pipe, with the extension in a fresh profile."""

from __future__ import annotations

import contextlib
import os
import signal
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, NamedTuple

import uno
import unohelper
from com.sun.star.beans import PropertyValue
from com.sun.star.frame import XDispatchResultListener, XStatusListener
from com.sun.star.util import URL

ROOT = Path(__file__).resolve().parents[2]
DEMO = ROOT / "examples" / "demo-model" / "model"
EXTENSION = ROOT / "examples" / "libreoffice"

PATIENCE = 120.0
"""Seconds that anything may take on a machine that does much else."""


def until(true: Callable[[], object], what: str) -> None:
    """Waits for it."""
    deadline = time.monotonic() + PATIENCE
    while not true():
        if time.monotonic() > deadline:
            raise AssertionError(f"{what}: not within {PATIENCE:.0f} s")
        time.sleep(0.01)


def properties(**values: object) -> tuple[Any, ...]:
    """As UNO takes named values."""
    made = []
    for name, value in values.items():
        entry = PropertyValue()
        entry.Name, entry.Value = name, value
        made.append(entry)
    return tuple(made)


class Outcome(NamedTuple):
    """How a command ended."""

    good: bool
    sentence: str


class Dispatch(unohelper.Base, XDispatchResultListener):  # type: ignore[misc]
    """A command on its way."""

    def __init__(self) -> None:
        self._ended = threading.Event()
        self._event: Any = None

    def dispatchFinished(self, event: Any) -> None:
        """Of XDispatchResultListener."""
        self._event = event
        self._ended.set()

    def disposing(self, event: Any) -> None:
        """Of XEventListener."""

    @property
    def ended(self) -> bool:
        """Whether it has."""
        return self._ended.is_set()

    def outcome(self) -> Outcome:
        """How it ended, once it has."""
        if not self._ended.wait(PATIENCE):
            raise AssertionError("a command has not ended")
        return Outcome(self._event.State == 1, self._event.Result)


class States(unohelper.Base, XStatusListener):  # type: ignore[misc]
    """Whether a command can be used, each time that is told."""

    def __init__(self) -> None:
        self.told: list[bool] = []

    def statusChanged(self, event: Any) -> None:
        """Of XStatusListener."""
        self.told.append(event.IsEnabled)

    def disposing(self, event: Any) -> None:
        """Of XEventListener."""


def _as_user(command: list[str]) -> list[str]:
    """unopkg refuses root, who is somebody else here for its length."""
    if os.getuid() != 0:
        return command
    return ["unshare", "--user", "--map-user=1000", "--map-group=1000", *command]


class Office:
    """A running office with the extension of a library's build."""

    def __init__(self, folder: Path, oxt: Path, environment: dict[str, str]) -> None:
        """With windows where the environment names a DISPLAY."""
        self.profile = (folder / "profile").as_uri()
        self._environment = {**os.environ, "LC_ALL": "C.UTF-8", **environment}
        self._windows = "DISPLAY" in environment
        self.unopkg("add", str(oxt))
        self.start()

    def unopkg(self, *arguments: str) -> str:
        """The office's tool for extensions, over this profile."""
        command = ["unopkg", *arguments, f"-env:UserInstallation={self.profile}"]
        done = subprocess.run(
            _as_user(command), env=self._environment, capture_output=True, text=True, check=False
        )
        if done.returncode != 0:
            raise AssertionError(f"{command}: {done.stdout}{done.stderr}")
        return done.stdout

    def start(self) -> None:
        """Begins a process."""
        pipe = f"tlite{os.getpid()}x{time.monotonic_ns()}"
        command = ["soffice", "--norestore", "--nologo", "--nofirststartwizard"]
        if self._windows:  # of the office's own widgets, which every installation has
            self._environment["SAL_USE_VCLPLUGIN"] = "gen"
        else:
            command.append("--headless")
        command += [f"-env:UserInstallation={self.profile}", f"--accept=pipe,name={pipe};urp;"]
        self.process = subprocess.Popen(
            command,
            env=self._environment,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.STDOUT,
            start_new_session=True,  # soffice is a script, whose office would outlive it
        )
        local = uno.getComponentContext()
        resolver = local.ServiceManager.createInstanceWithContext(
            "com.sun.star.bridge.UnoUrlResolver", local
        )
        address = f"uno:pipe,name={pipe};urp;StarOffice.ComponentContext"

        def connected() -> bool:
            if self.process.poll() is not None:
                raise AssertionError(f"soffice ended with {self.process.returncode}")
            with contextlib.suppress(Exception):
                self.context = resolver.resolve(address)
                return True
            return False

        until(connected, "an office")
        self.desktop = self.service("com.sun.star.frame.Desktop")

    def service(self, name: str) -> Any:
        """A new object of the office's."""
        return self.context.ServiceManager.createInstanceWithContext(name, self.context)

    def set(self, **values: object) -> None:
        """Settings of the extension."""
        provider = self.service("com.sun.star.configuration.ConfigurationProvider")
        node = provider.createInstanceWithArguments(
            "com.sun.star.configuration.ConfigurationUpdateAccess",
            properties(nodepath="/org.libtlite.Writer/Settings"),
        )
        for name, value in values.items():
            setattr(node, name, value)
        node.commitChanges()

    def document(self, *paragraphs: str) -> Any:
        """A new one, the cursor in its last paragraph."""
        document = self.desktop.loadComponentFromURL(
            "private:factory/swriter", "_blank", 0, properties()
        )
        document.Text.setString("\r".join(paragraphs))
        document.CurrentController.ViewCursor.gotoEnd(False)
        return document

    def open(self, path: Path, **how: object) -> Any:
        """One of the disk's."""
        return self.desktop.loadComponentFromURL(path.as_uri(), "_blank", 0, properties(**how))

    def url(self, complete: str) -> Any:
        """Parsed."""
        url = URL()
        url.Complete = complete
        return self.service("com.sun.star.util.URLTransformer").parseStrict(url)[1]

    def dispatch(self, document: Any, name: str) -> Dispatch:
        """Begins a command, as menu and toolbar do."""
        url = self.url("org.libtlite.writer:" + name)
        frame = document.CurrentController.Frame
        dispatch = Dispatch()
        frame.queryDispatch(url, "_self", 0).dispatchWithNotification(url, (), dispatch)
        return dispatch

    def perform(self, document: Any, name: str) -> Outcome:
        """And waits for its end."""
        return self.dispatch(document, name).outcome()

    def office_command(self, document: Any, name: str) -> None:
        """One of the office's own: .uno:Undo, as a key gives it."""
        url = self.url(name)
        frame = document.CurrentController.Frame
        frame.queryDispatch(url, "_self", 0).dispatch(url, ())

    def states(self, document: Any, name: str) -> States:
        """Hears of a command."""
        url = self.url("org.libtlite.writer:" + name)
        states = States()
        frame = document.CurrentController.Frame
        frame.queryDispatch(url, "_self", 0).addStatusListener(states, url)
        return states

    def end(self) -> int:
        """Quits, and gives the exit status."""
        with contextlib.suppress(Exception):  # the bridge goes with it
            self.desktop.terminate()
        return self.process.wait(PATIENCE)

    def close(self) -> None:
        """Whatever state it is in."""
        with contextlib.suppress(ProcessLookupError):
            os.killpg(self.process.pid, signal.SIGKILL)
        self.process.wait()


def library() -> Path:
    """The one that is tested."""
    return Path(os.environ["TLITE_LIBRARY"])


@contextlib.contextmanager
def office(**environment: str) -> Iterator[Office]:
    """An office with the extension, in a folder that goes with it."""
    with tempfile.TemporaryDirectory(ignore_cleanup_errors=True) as name:
        folder = Path(name)
        oxt = folder / "tlite.oxt"
        make = [sys.executable, str(EXTENSION / "make_oxt.py"), str(oxt)]
        subprocess.run([*make, "--library", str(library())], check=True)
        made = Office(folder, oxt, environment)
        try:
            yield made
        finally:
            made.close()


def paragraphs(document: Any) -> list[str]:
    """Of the body."""
    found = []
    elements = document.Text.createEnumeration()
    while elements.hasMoreElements():
        element = elements.nextElement()
        if element.supportsService("com.sun.star.text.Paragraph"):
            found.append(element.getString())
    return found


def select_all(document: Any) -> None:
    """All of the body."""
    cursor = document.CurrentController.ViewCursor
    cursor.gotoStart(False)
    cursor.gotoEnd(True)
