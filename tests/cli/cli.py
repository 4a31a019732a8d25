"""Runs the binary `tlite` for the tests; Python's standard library only."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tempfile
import unittest
from pathlib import Path
from typing import Any

BINARY = Path(sys.argv[1]).resolve() if len(sys.argv) > 1 else Path("tlite")
MODEL = str(Path(sys.argv[2]).resolve()) if len(sys.argv) > 2 else "model"


class Result:
    """What a command printed, and its status."""

    def __init__(self, status: int, out: bytes, error: bytes) -> None:
        self.status = status
        self.bytes = out
        self.error = error.decode("utf-8")

    @property
    def text(self) -> str:
        """Stdout as text."""
        return self.bytes.decode("utf-8")

    @property
    def json(self) -> Any:  # noqa: ANN401
        """Stdout as JSON."""
        return json.loads(self.bytes)


class CliTest(unittest.TestCase):
    """A folder for files, and calls of the binary in it."""

    def setUp(self) -> None:
        """An empty folder, deleted afterwards."""
        scratch = tempfile.TemporaryDirectory()
        self.addCleanup(scratch.cleanup)
        self.folder = Path(scratch.name)

    def file(self, name: str, content: object) -> str:
        """A file of text, or of anything else as JSON."""
        path = self.folder / name
        text = content if isinstance(content, str) else json.dumps(content, ensure_ascii=False)
        path.write_text(text, encoding="utf-8")
        return str(path)

    def environment(self) -> dict[str, str]:
        """No history or settings of the one who runs the tests."""
        return {**os.environ, "HOME": str(self.folder), "XDG_STATE_HOME": str(self.folder)}

    def call(self, *arguments: str, stdin: str = "") -> Result:
        """Runs to the end, whatever the status."""
        done = subprocess.run(
            [BINARY, *arguments],
            input=stdin.encode("utf-8"),
            capture_output=True,
            timeout=300,
            cwd=self.folder,
            env=self.environment(),
            check=False,
        )
        return Result(done.returncode, done.stdout, done.stderr)

    def run_ok(self, *arguments: str, stdin: str = "") -> Result:
        """Runs what must succeed, and say nothing on stderr as that is a pipe."""
        result = self.call(*arguments, stdin=stdin)
        self.assertEqual(result.status, 0, result.error)
        self.assertEqual(result.error, "")
        return result


def main() -> None:
    """Runs the tests of the calling module; the arguments are BINARY and MODEL."""
    unittest.main(argv=[sys.argv[0]], verbosity=1)
