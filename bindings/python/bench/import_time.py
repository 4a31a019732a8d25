"""How long `import tlite` takes, beside a bare interpreter: medians of runs in turn.

With bytecode, which pip writes when it installs a package, also where the environment forbids it;
then with everything that the package has, which is imported with its first use.
"""

from __future__ import annotations

import os
import resource
import statistics
import subprocess
import sys
import tempfile
import time

RUNS = 21
CODES = {"import tlite": "import tlite", "all of its names": "from tlite import *"}


def once(code: str, environment: dict[str, str]) -> tuple[float, float]:
    """Milliseconds of wall and of processor time."""
    before, begun = resource.getrusage(resource.RUSAGE_CHILDREN), time.perf_counter()
    subprocess.run([sys.executable, "-c", code], check=True, env=environment)
    wall, after = time.perf_counter() - begun, resource.getrusage(resource.RUSAGE_CHILDREN)
    cpu = after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime
    return 1000 * wall, 1000 * cpu


def main() -> None:
    """Prints the differences."""
    codes = {"python": "pass", **CODES}
    runs: dict[str, list[tuple[float, float]]] = {name: [] for name in codes}
    with tempfile.TemporaryDirectory() as folder:
        environment = {**os.environ, "PYTHONPYCACHEPREFIX": folder}
        environment.pop("PYTHONDONTWRITEBYTECODE", None)
        for turn in range(RUNS + 1):
            for name, code in codes.items():
                found = once(code, environment)
                if turn:  # the first one compiles
                    runs[name].append(found)
    for index, kind in enumerate(("wall", "processor")):
        middle = {name: statistics.median(run[index] for run in runs[name]) for name in codes}
        for name in CODES:
            more = middle[name] - middle["python"]
            print(f"{name}: {more:.1f} ms of {kind} time, beside {middle['python']:.1f} of python")


if __name__ == "__main__":
    main()
