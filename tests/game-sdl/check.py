"""The schoolroom on SDL's dummy screen: python3 check.py PROGRAM

It plays itself for some hundred frames, everybody has talked, and its picture has its colours. How
long frames take is measured, not tested: docs/characters.md.
"""

from __future__ import annotations

import json
import os
import struct
import subprocess
import sys
import tempfile
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
MODEL = ROOT / "examples" / "demo-model" / "model"
FRAMES = 300


def play(*arguments: str) -> tuple[int, str]:
    """Exit status and what was said."""
    done = subprocess.run(
        [sys.argv[1], *arguments],
        env=dict(os.environ, SDL_VIDEODRIVER="dummy"),
        capture_output=True,
        text=True,
        timeout=300,
        check=False,
    )
    return done.returncode, done.stdout + done.stderr


def colours_of(bmp: bytes) -> tuple[int, int, int]:
    """Width, height and the number of colours of a picture of 24 bits."""
    (offset,) = struct.unpack_from("<I", bmp, 10)
    width, height = struct.unpack_from("<ii", bmp, 18)
    return width, abs(height), len({bmp[i : i + 3] for i in range(offset, len(bmp) - 2, 3)})


def require(holds: bool, what: str, said: str) -> None:
    """Ends the check where it does not hold."""
    if not holds:
        sys.exit(f"game_sdl: {what}:\n{said}")
    print(f"game_sdl: {what}: ok")


def main() -> int:
    """All checks."""
    with tempfile.TemporaryDirectory() as folder:
        picture = Path(folder) / "room.bmp"
        status, said = play(
            str(MODEL), "--frames", str(FRAMES), "--screenshot", str(picture), "--threads", "1"
        )
        require(status == 0, f"{FRAMES} frames", said)
        report = json.loads(said)
        talked = report["answers"] >= 9 and min(report["first_syllable_s"]) >= 0
        require(report["frames"] == FRAMES and talked, "everybody has talked", said)
        width, height, colours = colours_of(picture.read_bytes())
        size = (width, height) == (960, 540)
        require(size and colours > 100, "its picture is one", f"{width} x {height}, {colours}")
        status, said = play("no/such/model", "--frames", "10")
        missing = "no/such/model: no such file or directory"
        require(status == 1 and missing in said, "what is not there is said", said)
        status, said = play(str(MODEL), "--font", "no/such/font", "--frames", "10")
        require(status == 1 and "no/such/font" in said, "a font too", said)
        status, said = play(str(MODEL), "--wiondow")
        require(status == 2 and "--wiondow" in said, "arguments are checked", said)
    return 0


if __name__ == "__main__":
    sys.exit(main())
