"""npm's clients against the server: `openai` and `@anthropic-ai/sdk`; a cache folder has them."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

from client import MODEL, main
from scripted_server import ScriptedTest

FOLDER = Path(sys.argv[3]) if len(sys.argv) > 3 else Path("npm")


class NpmTest(ScriptedTest):
    """A server of the demo model and of the scripted one."""

    beside = (f"demo={MODEL}",)

    def test_clients(self) -> None:
        """Their own tests, in Node."""
        for name in ("openai", "anthropic"):
            with self.subTest(name):
                run = subprocess.run(
                    ["node", "--test", f"{name}.test.mjs"],
                    cwd=FOLDER,
                    env={**os.environ, "TLITE_SERVER": f"http://127.0.0.1:{self.server.port}"},
                    capture_output=True,
                    text=True,
                    check=False,
                    timeout=300,
                )
                self.assertEqual(run.returncode, 0, run.stdout + run.stderr)
                self.assertRegex(run.stdout, r"(?m)^(#|ℹ) pass [1-9]")
                self.assertRegex(run.stdout, r"(?m)^(#|ℹ) (cancelled|skipped|todo) 0")


if __name__ == "__main__":
    main()
