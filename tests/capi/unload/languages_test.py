"""Hosts in other languages that unload the library, or end with it in use, end well.

    languages_test.py LIBRARY MODEL [LUAJIT [NODE]]

koffi comes from npm, into ${TLITE_TEST_CACHE:-${XDG_CACHE_HOME:-~/.cache}/libtlite}.
"""

from __future__ import annotations

import os
import subprocess
import sys
import unittest
from pathlib import Path

KOFFI = "koffi@3.3.4"
RUNS = 5  # each crashed now and then only: LuaJIT in 4 of 18 runs
HERE = Path(__file__).parent
LIBRARY, MODEL, LUAJIT, NODE = (*sys.argv[1:], "", "", "")[:4]


def with_koffi() -> Path:
    """A folder of node modules."""
    named = os.environ.get("TLITE_TEST_CACHE")
    home = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "libtlite"
    folder = (Path(named) if named else home) / KOFFI.replace("@", "-")
    if not (folder / "ready").exists():
        folder.mkdir(parents=True, exist_ok=True)
        install = ["npm", "install", "--silent", "--no-audit", "--prefix", str(folder), KOFFI]
        subprocess.run(install, check=True)
        (folder / "ready").touch()
    return folder / "node_modules"


class UnloadTest(unittest.TestCase):
    """One host a test."""

    def ends_well(self, *command: str, **environment: str) -> None:
        """Runs it both ways, again and again."""
        for way in ["freed", "leaked"] * RUNS:
            with self.subTest(way):
                done = subprocess.run(
                    [*command, LIBRARY, MODEL, way],
                    env={**os.environ, **environment},
                    capture_output=True,
                    text=True,
                    timeout=60,
                    check=False,
                )
                self.assertEqual((done.returncode, done.stdout, done.stderr), (0, "", ""))

    def test_ctypes(self) -> None:
        """Python."""
        self.ends_well(sys.executable, str(HERE / "host.py"))

    @unittest.skipUnless(LUAJIT, "no luajit")
    def test_luajit(self) -> None:
        """LuaJIT."""
        self.ends_well(LUAJIT, str(HERE / "host.lua"))

    @unittest.skipUnless(NODE, "no node")
    def test_node(self) -> None:
        """Node."""
        self.ends_well(NODE, str(HERE / "host.js"), NODE_PATH=str(with_koffi()))


if __name__ == "__main__":
    unittest.main(argv=sys.argv[:1])
