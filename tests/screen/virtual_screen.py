"""A screen without a device, for windows that tests look at."""

from __future__ import annotations

import contextlib
import os
import subprocess
from collections.abc import Iterator


@contextlib.contextmanager
def screen(size: str) -> Iterator[str]:
    """The name of a display of our own, of a size like "1280x720"."""
    reader, writer = os.pipe()
    command = ["Xvfb", "-displayfd", str(writer), "-screen", "0", f"{size}x24", "-nolisten", "tcp"]
    # Between two windows of a program there may be no client (an office's splash screen and what
    # follows), and a server that begins anew with the last one's end takes none meanwhile.
    command.append("-noreset")
    server = subprocess.Popen(command, pass_fds=[writer], stderr=subprocess.DEVNULL)
    os.close(writer)
    try:
        with os.fdopen(reader) as told:
            yield ":" + told.readline().strip()
    finally:
        server.terminate()
        server.wait()
