"""The nodes for Godot 3 and their scene: python3 check.py PROJECT

The scripts beside this one use and misuse the nodes in Godot's headless server; games are closed at
all times; models are loaded and unloaded 200 times in one process without growth; the scene plays
itself for some hundred frames, on no screen and on a virtual one, whose picture has its colours.
How long frames take is measured, not tested: docs/characters.md.
"""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parents[2]
HERE = Path(__file__).resolve().parent
MODEL = ROOT / "examples" / "demo-model" / "model"
FRAMES = 300
CYCLES = 200
# KiB between a quarter of the cycles and their end. What a single cycle allocates is more than the
# fiftieth part of it, so that a leak of any of it shows.
MOST_GROWTH = 4096
# What the tests of the nodes check, at least: a script that Godot cannot read checks nothing.
FEWEST_CHECKS = 350
SERVER = ["godot3-server"]
WINDOW = ["xvfb-run", "-a", "-s", "-screen 0 1280x720x24", "godot3", "--audio-driver", "Dummy"]


class Godot:
    """Runs Godot over the project, with folders of its own for what it writes."""

    def __init__(self, project: str, folder: str) -> None:
        self.project = project
        homes = {}
        for name in ("DATA", "CONFIG", "CACHE"):
            path = Path(folder) / name.lower()
            path.mkdir()
            homes[f"XDG_{name}_HOME"] = str(path)
        self.environment = dict(os.environ, LIBGL_ALWAYS_SOFTWARE="1", LC_ALL="C.UTF-8", **homes)

    def run(self, program: list[str], *arguments: str) -> tuple[int, str]:
        """Exit status and what was said."""
        done = subprocess.run(
            [*program, "--path", self.project, *arguments],
            env=self.environment,
            capture_output=True,
            text=True,
            errors="replace",
            timeout=200,
            check=False,
        )
        return done.returncode, done.stdout + done.stderr

    def script(self, name: str, *arguments: str) -> tuple[int, str]:
        """The same, of a script beside this one."""
        script = str(HERE / f"{name}.gd")
        return self.run(SERVER, "-s", script, f"--model={MODEL}", *arguments)


def require(holds: bool, what: str, said: str) -> None:
    """Ends the check where it does not hold."""
    if not holds:
        sys.exit(f"game_godot: {what}:\n{said}")
    print(f"game_godot: {what}: ok")


def told(said: str) -> dict[str, Any]:
    """The line of JSON that a script has printed; nothing where there is none."""
    for line in said.splitlines():
        if line.startswith("{"):
            found: dict[str, Any] = json.loads(line)
            return found
    return {}


def check_nodes(godot: Godot) -> None:
    """What scripts do with the nodes."""
    status, said = godot.script("nodes_test")
    match = re.search(r"(\d+) checks, 0 failed", said)
    checks = int(match[1]) if match else 0
    fits = status == 0 and checks >= FEWEST_CHECKS and "SCRIPT ERROR" not in said
    require(fits, f"{checks} checks of the nodes", said)
    for when in ("loading", "prefill", "answer", "signal"):
        status, said = godot.script("close_test", f"--when={when}")
        clean = not any(word in said for word in ("FAILED", "SCRIPT ERROR", "ObjectDB"))
        require(status == 0 and clean, f"closed in the middle: {when}", f"{status} {said}")
    status, said = godot.script("cycles_test", f"--count={CYCLES}")
    series = told(said).get("resident_kib", [])
    fits = status == 0 and len(series) == 8 and series[-1] - series[1] < MOST_GROWTH
    require(fits, f"{CYCLES} loads and unloads, resident KiB {series}", said)


def check_scene(godot: Godot, folder: str) -> None:
    """The scene, without a screen and with one."""
    model = f"--model={MODEL}"
    status, said = godot.run(SERVER, model, f"--frames={FRAMES}", "--threads=1")
    report = told(said)
    require(status == 0 and report.get("frames") == FRAMES, f"{FRAMES} frames", said)
    usage = report["usage"]
    talked = report["answers"] >= 9 and report["sentences"] >= 9 and None not in usage
    require(talked and "SCRIPT ERROR" not in said, "everybody has talked", said)
    # The first one's prompt was prepared, and the others' begin as it does.
    cached = min(each["cached_tokens"] for each in usage)
    require(cached >= 64, f"{cached} tokens of each prompt were there", said)
    print(f"game_godot: frames of {report['budget_ms']} ms for talk: {report['process_ms']}")

    picture = str(Path(folder) / "scene.png")
    status, said = godot.run(WINDOW, model, f"--frames={FRAMES}", f"--screenshot={picture}")
    require(status == 0 and told(said)["answers"] >= 9, "in a window", said)
    status, said = godot.script("picture_test", f"--picture={picture}")
    about = told(said)
    size = (about.get("width"), about.get("height")) == (960, 540)
    require(size and about["colours"] > 200, "its picture is one", said)


def check_mistakes(godot: Godot, folder: str) -> None:
    """What the player is told."""
    status, said = godot.run(SERVER, "--model=no/such/model", "--frames=10")
    missing = "no/such/model: no such file or directory"
    require(status == 1 and missing in said, "what is not there is said", said)
    broken = Path(folder) / "broken.gguf"
    broken.write_bytes((MODEL / "config.json").read_bytes())
    status, said = godot.run(SERVER, f"--model={broken}", "--frames=10")
    require(status == 1 and "broken.gguf" in said, "what is broken too", said)
    for argument in ("--frames=-1", "--wiondow", "--font=no/such/font"):
        status, said = godot.run(SERVER, f"--model={MODEL}", argument)
        value = argument.split("=")[-1]
        require(status == 2 and value in said, f"arguments are checked: {argument}", said)


def main() -> int:
    """All checks."""
    with tempfile.TemporaryDirectory() as folder:
        godot = Godot(sys.argv[1], folder)
        check_nodes(godot)
        check_scene(godot, folder)
        check_mistakes(godot, folder)
    return 0


if __name__ == "__main__":
    sys.exit(main())
