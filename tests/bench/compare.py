"""Our speed beside that of other engines, on the same file, fairly: programs take turns, round by
round, and medians are compared.

    compare.py MODEL.gguf --peer NAME=PATH [--peer ...] [--ours PATH/tlite] [-p 512]... [-n 128]...
               [-d 0]... [-t 2] [--rounds 3] [--flags NAME="-rtr 1"] [--json FILE]

PATH is a llama-bench of llama.cpp or of a fork; --flags gives it its best switches. Ours is
`tlite bench MODEL ... --json`, which writes llama-bench's rows. Prints a row a test: median tokens
a second of each program and ours over the faster peer.
"""

import argparse
import json
import shlex
import statistics
import subprocess
import sys
from collections import defaultdict
from dataclasses import dataclass, field
from pathlib import Path

Test = tuple[int, int, int]  # prompt tokens, generated tokens, depth


@dataclass
class Program:
    """A program under test and what it reached."""

    name: str
    command: list[str]
    speeds: dict[Test, list[float]] = field(default_factory=lambda: defaultdict(list))


def test_of(row: dict[str, object]) -> Test:
    """Which test a row of llama-bench belongs to."""
    number = {key: int(str(row.get(key, 0) or 0)) for key in ("n_prompt", "n_gen", "n_depth")}
    return number["n_prompt"], number["n_gen"], number["n_depth"]


def run(program: Program, model: str, test: Test, threads: int) -> None:
    """Run one test once and note its speed."""
    prompt, generate, depth = test
    command = (
        [*program.command, "-m", model] if program.name != "ours" else [*program.command, model]
    )
    command += ["-p", str(prompt), "-n", str(generate), "-t", str(threads), "-r", "1"]
    if depth > 0:
        command += ["-d", str(depth)]
    command += ["--json"] if program.name == "ours" else ["-o", "json"]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    try:
        # Some forks print other things before the rows.
        rows = json.loads(done.stdout[done.stdout.index("[") :])
    except ValueError:
        called = shlex.join(command)
        status = f"gave no rows (status {done.returncode})"
        sys.exit(f"compare.py: {called} {status}:\n{done.stderr[-2000:]}")
    for row in rows:
        if test_of(row)[:2] == (prompt, generate):
            program.speeds[test].append(float(row["avg_ts"]))


def name_of(test: Test) -> str:
    """Name a test as llama-bench does: pp512, tg128 @ d4096."""
    prompt, generate, depth = test
    return (f"pp{prompt}" if prompt else f"tg{generate}") + (f" @ d{depth}" if depth else "")


def table(programs: list[Program], tests: list[Test]) -> list[dict[str, object]]:
    """Medians by test, and ours over the fastest peer."""
    result: list[dict[str, object]] = []
    for test in tests:
        row: dict[str, object] = {"test": name_of(test)}
        medians = {p.name: statistics.median(p.speeds[test]) for p in programs if p.speeds[test]}
        row |= {name: round(speed, 2) for name, speed in medians.items()}
        peers = [speed for name, speed in medians.items() if name != "ours"]
        if "ours" in medians and peers:
            row["ratio"] = round(medians["ours"] / max(peers), 2)
        result.append(row)
    return result


def show(rows: list[dict[str, object]]) -> None:
    """Print the rows as a Markdown table."""
    columns = list(dict.fromkeys(key for row in rows for key in row))
    print("| " + " | ".join(columns) + " |")
    print("|---" * len(columns) + "|")
    for row in rows:
        print("| " + " | ".join(str(row.get(column, "-")) for column in columns) + " |")


def main() -> None:
    """Run all rounds and print the table."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("model")
    parser.add_argument("--peer", action="append", default=[], metavar="NAME=PATH")
    parser.add_argument("--flags", action="append", default=[], metavar="NAME=FLAGS")
    parser.add_argument("--ours", type=Path, help="the tlite program; without it only peers run")
    parser.add_argument("-p", type=int, action="append", help="prompt tokens", dest="prompts")
    parser.add_argument("-n", type=int, action="append", help="generated tokens", dest="generated")
    parser.add_argument(
        "-d", type=int, action="append", help="tokens already in the cache", dest="depths"
    )
    parser.add_argument("-t", type=int, default=2, help="threads", dest="threads")
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--json", type=Path, help="also write the table here")
    options = parser.parse_args()
    flags = dict(text.split("=", 1) for text in options.flags)
    programs = [Program("ours", [str(options.ours), "bench"])] if options.ours else []
    for text in options.peer:
        name, _, path = text.partition("=")
        programs.append(Program(name, [path, *shlex.split(flags.get(name, ""))]))
    if not programs:
        parser.error("nothing to run: give --ours or --peer")
    tests: list[Test] = []
    for depth in options.depths or [0]:
        tests += [(prompt, 0, depth) for prompt in options.prompts or [512]]
        tests += [(0, count, depth) for count in options.generated or [128]]
    for _ in range(options.rounds):
        for test in tests:
            for program in programs:
                run(program, options.model, test, options.threads)
    rows = table(programs, tests)
    show(rows)
    if options.json:
        options.json.write_text(json.dumps(rows, indent=2) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
