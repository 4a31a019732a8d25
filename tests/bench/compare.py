"""Our speed beside that of other engines, on the same file, fairly: programs take turns, round by
round, and medians are compared.

    compare.py MODEL.gguf --ours PATH/tlite --peer NAME=PATH/llama-bench [--peer ...]
               [--batched NAME=PATH/llama-batched-bench ...]
               [--sweep NAME=PATH/llama-sweep-bench ...] [-p 512]... [-n 128]... [-d 0]...
               [-b 4]... [--load] [--cold] [-t 2] [--rounds 3] [--json FILE]
               [--flags NAME="-rtr 1 -fa 1"] [--batched-flags NAME="-rtr -fa"]
               [--sweep-flags NAME="-rtr"]

PATH is a program of llama.cpp or of a fork; the flags give it its best switches, and a program may
be given several times, under names of its own, with other flags. Ours is `tlite bench --json`; its
flags go by the name of ours (--flags ours="--weights bf16").

Speeds are tokens a second, all sequences together. -b B: B sequences decode together, by
llama-batched-bench where B is above 1. -d D: after D tokens; a fork whose llama-bench has no -d
(ik_llama.cpp) gives its llama-sweep-bench, which goes through the cache in steps of -p tokens and
times the last, so that D must be a multiple of it. --load: seconds from the start of the program
until it has loaded the model, which is in the page cache, and computed a token, warm-up runs
included. --cold: the same with the file dropped from the page cache before. Memory is the most that
was resident in the runs of a test, mapped files included; ours is what the bench itself finds after
the test, for its most has the buffer in it that the bandwidth is measured with. Of bandwidth: the
part of it that our decoding used (docs/bench.md). The ratio is how many times better ours is than
the best peer. -p 0 or -n 0 leaves such tests out.
"""

from __future__ import annotations

import argparse
import json
import os
import shlex
import statistics
import subprocess
import sys
import tempfile
import time
from collections import defaultdict
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

OURS = "ours"
SWEEP_STEP = 512  # tokens, where a test of generating sweeps


@dataclass(frozen=True)
class Test:
    """What is measured: a speed, or how long a load takes."""

    prompt: int
    generated: int
    depth: int = 0
    sequences: int = 1
    load: str = ""  # "warm" or "cold"

    @property
    def name(self) -> str:
        """As llama-bench names it: pp512, tg128 @ d4096; tg128 x4 for four sequences."""
        if self.load:
            return f"load, {self.load} (s)"
        name = f"pp{self.prompt}" if self.prompt else f"tg{self.generated}"
        name += f" x{self.sequences}" if self.sequences > 1 else ""
        return name + (f" @ d{self.depth}" if self.depth else "")


@dataclass
class Program:
    """A program under test and what it reached."""

    name: str
    bench: list[str]  # llama-bench or ours, with flags
    batched: list[str] = field(default_factory=list)  # llama-batched-bench, with flags
    sweep: list[str] = field(default_factory=list)  # llama-sweep-bench, with flags
    values: dict[Test, list[float]] = field(default_factory=lambda: defaultdict(list))
    memory: dict[Test, list[float]] = field(default_factory=lambda: defaultdict(list))  # GB
    shares: dict[Test, list[float]] = field(default_factory=lambda: defaultdict(list))  # %


@dataclass
class Run:
    """What a process printed, how it ended, how long it ran and how much memory it had at most."""

    text: str
    errors: str
    status: int
    seconds: float
    gigabytes: float


def execute(command: list[str]) -> Run:
    """Run to the end."""
    with tempfile.TemporaryFile("w+") as out, tempfile.TemporaryFile("w+") as error:
        begin = time.monotonic()
        process = subprocess.Popen(command, stdout=out, stderr=error)
        _, status, usage = os.wait4(process.pid, 0)
        seconds = time.monotonic() - begin
        process.returncode = os.waitstatus_to_exitcode(status)
        out.seek(0)
        error.seek(0)
        gigabytes = usage.ru_maxrss * 1024 / 1e9
        return Run(out.read(), error.read(), process.returncode, seconds, gigabytes)


def bench_row(text: str, test: Test) -> dict[str, float]:
    """Find the test's row in the JSON of llama-bench. Some forks print other things before it."""
    for row in json.loads(text[text.index("[") :]):
        if (row["n_prompt"], row["n_gen"]) == (test.prompt, test.generated):
            return dict(row)
    raise ValueError(test.name)


def batched_speed(text: str, test: Test) -> float:
    """Find S_TG in the table of llama-batched-bench: PP TG B N_KV T_PP S_PP T_TG S_TG T S."""
    for line in text.splitlines():
        cells = [cell.strip() for cell in line.strip("|").split("|")]
        if cells[1:3] == [str(test.generated), str(test.sequences)]:
            return float(cells[7])
    raise ValueError(test.name)


def sweep_speed(text: str, test: Test) -> float:
    """Find the row at the test's depth in the JSON lines of llama-sweep-bench."""
    for line in text.splitlines():
        if line.startswith("{"):
            row = json.loads(line)
            if row["n_kv"] == test.depth:
                return float(row["speed_pp" if test.prompt else "speed_tg"])
    raise ValueError(test.name)


def sweep_flags(test: Test) -> list[str]:
    """Say how llama-sweep-bench comes to the test's depth: in steps, of which it times the last."""
    step = test.prompt or SWEEP_STEP
    if test.depth % step:
        sys.exit(f"compare.py: a sweep by {step} tokens does not come to -d {test.depth}")
    flags = ["-c", str(test.depth + step), "-b", str(step), "-ub", str(step)]
    flags += ["-n", str(test.generated or 1), "--sweep-stride", str(test.depth // step)]
    return [*flags, "--output-format", "jsonl"]


def command_of(program: Program, model: str, test: Test, threads: int) -> list[str]:
    """Say how a program is told to run a test."""
    if program.name == OURS:
        command = [*program.bench, model, "--json", "-b", str(test.sequences)]
    elif batches(program, test):
        context = test.sequences * (test.depth + test.generated + 32)
        command = [*program.batched, "-m", model, "-c", str(context), "-t", str(threads)]
        command += ["-npp", str(test.depth), "-ntg", str(test.generated)]
        return [*command, "-npl", str(test.sequences)]
    elif sweeps(program, test):
        return [*program.sweep, "-m", model, "-t", str(threads), *sweep_flags(test)]
    else:
        command = [*program.bench, "-m", model, "-o", "json"]
    command += ["-p", str(test.prompt), "-n", str(test.generated), "-t", str(threads), "-r", "1"]
    return [*command, "-d", str(test.depth)] if test.depth else command


def batches(program: Program, test: Test) -> bool:
    """Whether llama-batched-bench runs the test, or would if there were one."""
    return program.name != OURS and test.sequences > 1


def sweeps(program: Program, test: Test) -> bool:
    """Whether llama-sweep-bench runs the test."""
    return bool(program.sweep) and test.depth > 0 and test.sequences == 1


def speed_of(program: Program, test: Test, done: Run) -> float:
    """Find the test's speed in what the program printed; some forks print tables to stderr."""
    if batches(program, test):
        return batched_speed(done.text + done.errors, test)
    if sweeps(program, test):
        return sweep_speed(done.text + done.errors, test)
    return bench_row(done.text, test)["avg_ts"]


def drop_from_page_cache(path: str) -> None:
    """Make the system forget a file's content."""
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)  # pages that wait to be written stay
        os.posix_fadvise(descriptor, 0, 0, os.POSIX_FADV_DONTNEED)
    finally:
        os.close(descriptor)


def read_into_page_cache(path: str) -> None:
    """Make the system have a file's content in memory."""
    with Path(path).open("rb") as file:
        while file.read(1 << 24):
            pass


def measure(program: Program, model: str, test: Test, threads: int) -> None:
    """Run one test once and note what it gave."""
    if batches(program, test) and not program.batched:
        return
    if test.load == "warm":
        read_into_page_cache(model)
    elif test.load == "cold":
        drop_from_page_cache(model)
    command = command_of(program, model, test, threads)
    done = execute(command)
    # A batched bench that printed its row may fail when it takes itself down, as ik_llama.cpp's of
    # August 2026 does with -rtr.
    if done.status != 0 and not batches(program, test):
        message = f"status {done.status}:\n{done.errors[-2000:]}"
        sys.exit(f"compare.py: {shlex.join(command)}: {message}")
    try:
        speed = speed_of(program, test, done)
    except (ValueError, KeyError):
        output = done.text[-2000:] + done.errors[-2000:]
        sys.exit(f"compare.py: {shlex.join(command)} gave no {test.name}:\n{output}")
    program.values[test].append(done.seconds if test.load else speed)
    if program.name != OURS:
        program.memory[test].append(done.gigabytes)
        return
    row = bench_row(done.text, test)
    program.memory[test].append(row["resident_bytes"] / 1e9)
    if "bandwidth_share" in row:
        program.shares[test].append(100 * row["bandwidth_share"])


def row_of(
    name: str, values: dict[str, float], best: Callable[[list[float]], float]
) -> dict[str, object]:
    """Make a row of the table: each program's value, and how many times better ours is."""
    row: dict[str, object] = {"test": name}
    row |= {program: round(value, 2) for program, value in values.items()}
    peers = [value for program, value in values.items() if program != OURS]
    if OURS in values and peers:
        ratio = values[OURS] / best(peers)
        row["ratio"] = round(ratio if best is max else 1 / ratio, 2)
    return row


def table(programs: list[Program], tests: list[Test]) -> list[dict[str, object]]:
    """Medians of each test, then the memory that it took, then our share of the bandwidth."""
    rows = []
    for test in tests:
        values = {p.name: statistics.median(p.values[test]) for p in programs if p.values[test]}
        rows.append(row_of(test.name, values, min if test.load else max))
    for test in tests:
        if not test.load:
            memory = {p.name: max(p.memory[test]) for p in programs if p.memory[test]}
            rows.append(row_of(f"memory, {test.name} (GB)", memory, min))
    for test in tests:
        shares = {p.name: statistics.median(p.shares[test]) for p in programs if p.shares[test]}
        if shares:
            rows.append(row_of(f"of bandwidth, {test.name} (%)", shares, max))
    return rows


def show(rows: list[dict[str, object]]) -> None:
    """Print the rows as a Markdown table."""
    columns = list(dict.fromkeys(key for row in rows for key in row if key != "ratio"))
    columns += ["ratio"] if any("ratio" in row for row in rows) else []
    print("| " + " | ".join(columns) + " |")
    print("|---" * len(columns) + "|")
    for row in rows:
        print("| " + " | ".join(str(row.get(column, "-")) for column in columns) + " |")


def programs_of(options: argparse.Namespace) -> list[Program]:
    """Join the programs with their flags."""

    def named(texts: list[str]) -> dict[str, str]:
        return dict(text.split("=", 1) for text in texts)

    def command(paths: list[str], flags: list[str], name: str) -> list[str]:
        path = named(paths).get(name)
        return [path, *shlex.split(named(flags).get(name, ""))] if path else []

    programs = []
    if options.ours:
        ours = shlex.split(named(options.flags).get(OURS, ""))
        programs.append(Program(OURS, [str(options.ours.resolve()), "bench", *ours]))
    for name in named(options.peer):
        bench = command(options.peer, options.flags, name)
        batched = command(options.batched, options.batched_flags, name)
        sweep = command(options.sweep, options.sweep_flags, name)
        programs.append(Program(name, bench, batched, sweep))
    return programs


def tests_of(options: argparse.Namespace) -> list[Test]:
    """List what the command line asks for."""
    tests = [Test(1, 0, load="warm")] if options.load else []
    tests += [Test(1, 0, load="cold")] if options.cold else []
    for depth in options.depths or [0]:
        tests += [Test(prompt, 0, depth) for prompt in options.prompts or [512] if prompt]
        for count in options.generated or [128]:
            tests += [Test(0, count, depth, b) for b in options.batches or [1] if count]
    return tests


def main() -> None:
    """Run all rounds and print the table."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("model")
    for name, value in (
        ("--peer", "NAME=PATH"),
        ("--batched", "NAME=PATH"),
        ("--flags", "NAME=FLAGS"),
        ("--batched-flags", "NAME=FLAGS"),
        ("--sweep", "NAME=PATH"),
        ("--sweep-flags", "NAME=FLAGS"),
    ):
        parser.add_argument(name, action="append", default=[], metavar=value)
    parser.add_argument("--ours", type=Path, help="the tlite program; without it only peers run")
    for name, target, text in (
        ("-p", "prompts", "prompt tokens"),
        ("-n", "generated", "generated tokens, of each sequence"),
        ("-d", "depths", "tokens already in the cache"),
        ("-b", "batches", "sequences that generate together"),
    ):
        parser.add_argument(name, type=int, action="append", help=text, dest=target)
    parser.add_argument("--load", action="store_true", help="also time a load, file in memory")
    parser.add_argument("--cold", action="store_true", help="also time a load from the disk")
    parser.add_argument("-t", type=int, default=2, help="threads", dest="threads")
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--json", type=Path, help="also write the table here")
    options = parser.parse_args()
    programs, tests = programs_of(options), tests_of(options)
    if not programs:
        parser.error("nothing to run: give --ours or --peer")
    for _ in range(options.rounds):
        for test in tests:
            for program in programs:
                measure(program, options.model, test, options.threads)
    rows = table(programs, tests)
    show(rows)
    if options.json:
        options.json.write_text(json.dumps(rows, indent=2) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
