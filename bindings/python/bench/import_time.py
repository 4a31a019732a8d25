"""How long `import tlite` takes, beside a bare interpreter: medians of runs in turn."""

from __future__ import annotations

import resource
import statistics
import subprocess
import sys
import time

RUNS = 21


def once(code: str) -> tuple[float, float]:
    """Milliseconds of wall and of processor time."""
    before, begun = resource.getrusage(resource.RUSAGE_CHILDREN), time.perf_counter()
    subprocess.run([sys.executable, "-c", code], check=True)
    wall, after = time.perf_counter() - begun, resource.getrusage(resource.RUSAGE_CHILDREN)
    cpu = after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime
    return 1000 * wall, 1000 * cpu


def main() -> None:
    """Prints the difference."""
    codes = ("pass", "import tlite")
    runs: dict[str, list[tuple[float, float]]] = {code: [] for code in codes}
    for _ in range(RUNS):
        for code in codes:
            runs[code].append(once(code))
    for index, kind in enumerate(("wall", "processor")):
        bare, full = (statistics.median(run[index] for run in runs[code]) for code in codes)
        print(f"import tlite: {full - bare:.1f} ms of {kind} time, beside {bare:.1f} of python")


if __name__ == "__main__":
    main()
