"""compare.py over programs that print what llama-bench and its relatives print."""

from __future__ import annotations

import json
import subprocess
import sys
import tempfile
import unittest
from pathlib import Path

COMPARE = Path(__file__).with_name("compare.py")

# Speeds are 10, 20 and 90 from run to run, divided by the factor: a median is no mean. Notes its
# arguments in a file.
PROGRAM = """#!{python}
import json, pathlib, sys
calls = pathlib.Path(__file__ + ".calls")
with calls.open("a") as file:
    print(json.dumps(sys.argv[1:]), file=file)
number = len(calls.read_text().splitlines())
speed = 10 * (1 if number == 1 else 2 if number == 2 else 9) / {factor}
def of(flag, default=0):
    return int(sys.argv[sys.argv.index(flag) + 1]) if flag in sys.argv else default
if "-npl" in sys.argv:
    print("|    PP |     TG |    B |   N_KV |   T_PP s | S_PP t/s |   T_TG s | S_TG t/s |")
    print("|", of("-npp"), "|", of("-ntg"), "|", of("-npl"), "| 9 | 9.0 | 9.0 | 9.0 |", speed, "|")
elif "--sweep-stride" in sys.argv:
    for n_kv in range(0, of("-c"), of("-ub") * of("--sweep-stride")):
        row = {{"n_kv": n_kv, "speed_pp": speed + n_kv, "speed_tg": speed + n_kv + 1}}
        print(json.dumps(row), file=sys.stderr)
else:
    print("some forks greet")
    row = {{"n_prompt": of("-p"), "n_gen": of("-n"), "avg_ts": speed, "resident_bytes": 3e9}}
    print(json.dumps([row | ({{"bandwidth_share": 0.5}} if of("-n") else {{}})]))
"""


class CompareTest(unittest.TestCase):
    """The command lines that it gives and the table that it makes of the answers."""

    def setUp(self) -> None:
        """Programs of two speeds, and a model."""
        scratch = tempfile.TemporaryDirectory()
        self.addCleanup(scratch.cleanup)
        self.folder = Path(scratch.name)
        for name, factor in (("ours", 1), ("slow", 8), ("fast", 4), ("fast-batched", 2)):
            path = self.folder / name
            path.write_text(PROGRAM.format(python=sys.executable, factor=factor))
            path.chmod(0o755)
        (self.folder / "m.gguf").write_bytes(b"GGUF")

    def run_compare(self, *arguments: str) -> subprocess.CompletedProcess[str]:
        """Run it in the folder of the programs."""
        return subprocess.run(
            [sys.executable, COMPARE, "m.gguf", *arguments],
            capture_output=True,
            text=True,
            check=False,
            cwd=self.folder,
        )

    def rows(self, *arguments: str) -> dict[str, dict[str, float]]:
        """Give the rows of --json by test."""
        done = self.run_compare(*arguments, "--json", "out.json")
        self.assertEqual(done.returncode, 0, done.stderr)
        rows = json.loads((self.folder / "out.json").read_text())
        return {row.pop("test"): row for row in rows}

    def calls(self, name: str) -> list[list[str]]:
        """Give the arguments of each call of a program."""
        lines = (self.folder / f"{name}.calls").read_text().splitlines()
        return [json.loads(line) for line in lines]

    def test_medians(self) -> None:
        """Medians of the rounds, and the ratio to the faster peer."""
        rows = self.rows(
            *("--ours", "./ours", "--peer", "slow=./slow", "--peer", "fast=./fast"),
            *("-p", "7", "-n", "0", "--flags", "fast=-rtr 1"),
        )
        self.assertEqual(rows["pp7"], {"ours": 20, "slow": 2.5, "fast": 5, "ratio": 4})
        self.assertEqual(rows["memory, pp7 (GB)"]["ours"], 3)
        common = ["-p", "7", "-n", "0", "-t", "2", "-r", "1"]
        fast = ["-rtr", "1", "-m", "m.gguf", "-o", "json", *common]
        self.assertEqual(self.calls("fast"), [fast] * 3)
        ours = ["bench", "m.gguf", "--json", "-b", "1", *common]
        self.assertEqual(self.calls("ours"), [ours] * 3)

    def test_batched(self) -> None:
        """Several sequences go to llama-batched-bench; who has none has no value."""
        rows = self.rows(
            *("--ours", "./ours", "--peer", "slow=./slow", "--peer", "fast=./fast"),
            *("--batched", "fast=./fast-batched", "--batched-flags", "fast=-rtr"),
            *("-p", "0", "-n", "5", "-b", "4", "-d", "64", "--rounds", "1"),
        )
        self.assertEqual(rows["tg5 x4 @ d64"], {"ours": 10, "fast": 5, "ratio": 2})
        self.assertEqual(rows["of bandwidth, tg5 x4 @ d64 (%)"], {"ours": 50})
        (call,) = self.calls("fast-batched")
        self.assertEqual(call[:3], ["-rtr", "-m", "m.gguf"])
        self.assertEqual(call[-6:], ["-npp", "64", "-ntg", "5", "-npl", "4"])
        self.assertFalse((self.folder / "fast.calls").exists())

    def test_sweep(self) -> None:
        """At depth, llama-sweep-bench goes there in steps, and is believed about the last."""
        common = ("--peer", "fast=./fast", "--sweep", "fast=./slow", "--sweep-flags", "fast=-rtr")
        rows = self.rows(*common, "-p", "64", "-n", "5", "-d", "1024", "--rounds", "1")
        self.assertEqual(rows["pp64 @ d1024"], {"fast": 1024 + 10 / 8})
        self.assertEqual(rows["tg5 @ d1024"], {"fast": 1025 + 20 / 8})
        first, second = self.calls("slow")
        start = ["-rtr", "-m", "m.gguf", "-t", "2"]
        sizes = ["-c", "1088", "-b", "64", "-ub", "64", "-n", "1", "--sweep-stride", "16"]
        self.assertEqual(first, [*start, *sizes, "--output-format", "jsonl"])
        self.assertEqual(second[5:13], ["-c", "1536", "-b", "512", "-ub", "512", "-n", "5"])
        done = self.run_compare(*common, "-p", "64", "-n", "0", "-d", "100")
        self.assertEqual(done.returncode, 1)
        self.assertIn("a sweep by 64 tokens does not come to -d 100", done.stderr)

    def test_flags_of_ours(self) -> None:
        """Ours may have flags as well."""
        self.rows("--ours", "./ours", "-p", "7", "-n", "0", "--flags", "ours=--kv-type bf16")
        self.assertEqual(self.calls("ours")[0][:4], ["bench", "--kv-type", "bf16", "m.gguf"])

    def test_load(self) -> None:
        """Loads are seconds of the whole process, and fewer are better."""
        rows = self.rows(
            *("--ours", "./ours", "--peer", "fast=./fast", "--load", "--cold"),
            *("-p", "0", "-n", "0", "--rounds", "1"),
        )
        self.assertEqual(set(rows), {"load, warm (s)", "load, cold (s)"})
        for row in rows.values():
            self.assertGreater(row["ours"], 0)

    def test_failure(self) -> None:
        """A program that fails, or gives no row of the test, ends it and is shown."""
        broken = self.folder / "broken"
        broken.write_text("#!/bin/sh\necho no such model >&2\nexit 3\n")
        broken.chmod(0o755)
        done = self.run_compare("--peer", "broken=./broken")
        self.assertEqual(done.returncode, 1)
        self.assertIn("status 3:\nno such model", done.stderr)
        broken.write_text("#!/bin/sh\necho '[]'\n")
        done = self.run_compare("--peer", "broken=./broken")
        self.assertEqual(done.returncode, 1)
        self.assertIn("gave no pp512", done.stderr)


if __name__ == "__main__":
    unittest.main()
