"""The lighthouse in LÖVE under a virtual screen: python3 check.py LIBRARY

A scene plays itself for some hundred frames, and its picture has its colours; what cannot be loaded
is said; models are loaded and unloaded 200 times in one process without growth.
"""

from __future__ import annotations

import os
import re
import signal
import struct
import subprocess
import sys
import tempfile
import time
import zlib
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "screen"))

from virtual_screen import screen

ROOT = Path(__file__).resolve().parents[2]

GAME = ROOT / "examples" / "game-love"
MODEL = ROOT / "examples" / "demo-model" / "model"
CYCLES = 200
# KiB between a quarter of the cycles and their end. What a single cycle allocates is more than the
# fiftieth part of it, so that a leak of any of it shows.
MOST_GROWTH = 4096


def colours_of(png: bytes) -> tuple[int, int, int]:
    """Width, height and the number of colours of an 8-bit RGB or RGBA picture."""
    position, data, header = 8, b"", b""
    while position < len(png):
        size, kind = struct.unpack_from(">I4s", png, position)
        body = png[position + 8 : position + 8 + size]
        header = body if kind == b"IHDR" else header
        data += body if kind == b"IDAT" else b""
        position += 12 + size
    width, height, depth, colour = struct.unpack_from(">IIBB", header)
    if depth != 8 or colour not in (2, 6):
        raise ValueError(f"a picture of depth {depth} and colour type {colour}")
    pixel = 3 if colour == 2 else 4
    raw = zlib.decompress(data)
    # Lines may be filtered; differences of neighbours tell drawn from blank as well as colours do.
    line = 1 + width * pixel
    starts = (y * line + 1 + x * pixel for y in range(height) for x in range(width))
    return width, height, len({raw[i : i + pixel] for i in starts})


def play(environment: dict[str, str], *arguments: str) -> tuple[int, str]:
    """Exit status and what was said."""
    command = ["love", str(GAME), *arguments]
    done = subprocess.run(
        command, env=environment, capture_output=True, text=True, timeout=300, check=False
    )
    return done.returncode, done.stdout + done.stderr


def close_after(environment: dict[str, str], seconds: float) -> tuple[int, str]:
    """Exit status and what was said where the window is closed: SDL takes the signal for it."""
    command = ["love", str(GAME), str(MODEL)]
    game = subprocess.Popen(
        command, env=environment, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True
    )
    time.sleep(seconds)
    game.send_signal(signal.SIGTERM)
    said, _ = game.communicate(timeout=60)
    return game.returncode, said


def require(holds: bool, what: str, said: str) -> None:
    """Ends the check where it does not hold."""
    if not holds:
        sys.exit(f"game_love: {what}:\n{said}")
    print(f"game_love: {what}: ok")


def main() -> int:
    """All checks."""
    with tempfile.TemporaryDirectory() as folder, screen("1280x720") as display:
        environment = dict(
            os.environ,
            DISPLAY=display,
            TLITE_LIBRARY=str(Path(sys.argv[1]).resolve()),
            LIBGL_ALWAYS_SOFTWARE="1",
            SDL_AUDIODRIVER="dummy",
            XDG_DATA_HOME=folder,
        )
        picture = Path(folder) / "scene.png"
        status, said = play(
            environment, str(MODEL), "--frames", "300", "--screenshot", str(picture)
        )
        require(status == 0, "a scene plays for 300 frames", said)
        match = re.search(r"frames: 300, longest update [\d.]+ ms, sentences: (\d+)", said)
        require(match is not None and int(match[1]) >= 10, "its people have talked", said)
        width, height, colours = colours_of(picture.read_bytes())
        size = (width, height) == (960, 540)
        require(size and colours > 200, "its picture is one", f"{width} x {height}, {colours}")

        status, said = play(environment, "no/such/model", "--frames", "10")
        missing = "no/such/model: no such file or directory"
        require(status == 1 and missing in said, "what is not there is said", said)
        status, said = play(environment, str(MODEL), "--frames", "-1")
        require(status == 2 and "--frames is -1" in said, "arguments are checked", said)

        for seconds in (0.5, 0.6, 0.8, 1.5):  # while it loads and later
            status, said = close_after(environment, seconds)
            require(status == 0 and not said, f"closed after {seconds} s", f"{status} {said}")

        status, said = play(environment, str(MODEL), "--cycles", str(CYCLES))
        match = re.search(rf"cycles: {CYCLES}, grown by (-?\d+) KiB", said)
        grown = int(match[1]) if match else None
        fits = status == 0 and grown is not None and grown < MOST_GROWTH
        require(fits, f"{CYCLES} loads and unloads grew by {grown} KiB", said)
    return 0


if __name__ == "__main__":
    sys.exit(main())
