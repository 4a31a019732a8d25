"""tlite bench: rows, their numbers against each other, and what is refused. Never how fast."""

from __future__ import annotations

import os
import shutil
import sys
import unittest
from typing import Any

from cli import MODEL, CliTest, main

PROMPT = ("-p", "40", "-n", "0", "-r", "2", "-t", "1")
GENERATION = ("-p", "0", "-n", "3", "-r", "2", "-t", "1")


class BenchTest(CliTest):
    """tlite bench."""

    def rows(self, *arguments: str) -> list[dict[str, Any]]:
        """The rows of --json."""
        rows = self.run_ok("bench", MODEL, "--json", *arguments).json
        assert isinstance(rows, list)
        return rows

    def check_times(self, row: dict[str, Any], tokens: int) -> None:
        """Speeds are tokens over times, and averages those of the samples."""
        self.assertEqual(len(row["samples_ns"]), 2)
        for time, speed in zip(row["samples_ns"], row["samples_ts"], strict=True):
            self.assertGreater(time, 0)
            self.assertAlmostEqual(speed * time / 1e9 / tokens, 1, delta=1e-3)
        self.assertAlmostEqual(row["avg_ts"], sum(row["samples_ts"]) / 2)
        # A sample of two deviates by their distance over the root of two.
        distance = abs(row["samples_ts"][0] - row["samples_ts"][1])
        self.assertAlmostEqual(row["stddev_ts"] * 2**0.5, distance)
        self.assertAlmostEqual(row["avg_ns"], sum(row["samples_ns"]) / 2, delta=1)

    def test_prompt(self) -> None:
        """A prompt's row has llama-bench's keys and says what it ran on."""
        info = self.run_ok("info", MODEL, "--json").json
        (row,) = self.rows(*PROMPT)
        self.assertEqual((row["n_prompt"], row["n_gen"], row["n_depth"]), (40, 0, 0))
        self.assertEqual((row["n_threads"], row["n_parallel"]), (1, 1))
        self.assertEqual(row["model_size"], info["weight_bytes"])
        self.assertEqual(row["model_n_params"], info["parameter_count"])
        self.assertIn(info["weight_type"], row["model_type"])
        tiers = ("scalar", "avx2", "avx_vnni", "avx512", "amx", "neon", "neon_i8mm")
        self.assertIn(row["cpu_tier"], tiers)
        self.assertNotIn("bandwidth_share", row)
        self.assertGreater(row["resident_bytes"], 0)
        self.assertGreater(row["load"]["ready_ns"], 0)
        self.assertGreater(row["load"]["first_token_ns"], row["load"]["ready_ns"])
        for key in ("cpu_info", "backends", "model_filename", "test_time", "type_k"):
            self.assertIsInstance(row[key], str, key)
        self.check_times(row, 40)

    def test_generation(self) -> None:
        """Sequences together: tokens of all, weights once a step, and the share adds up."""
        info = self.run_ok("info", MODEL, "--json").json
        one, four = self.rows(*GENERATION, "-b", "1", "-b", "4", "-d", "50")
        self.assertEqual((one["n_parallel"], four["n_parallel"]), (1, 4))
        self.check_times(one, 3)
        self.check_times(four, 12)
        config = info["config"]
        size = {"f16": 2, "f32": 4}[one["type_k"]]
        position = 2 * config["num_key_value_heads"] * config["head_dim"] * size
        position *= config["num_hidden_layers"]
        for row, sequences in ((one, 1), (four, 4)):
            kv_read = sequences * (50 + 2) * position  # 51, 52 and 53 positions
            # All weights are read: the demo model's embeddings are its output matrix too.
            self.assertEqual(row["bytes_per_step"], info["weight_bytes"] + kv_read)
            steps = row["avg_ts"] / sequences
            share = steps * row["bytes_per_step"] / row["bandwidth"]
            self.assertAlmostEqual(row["bandwidth_share"] / share, 1, delta=1e-6)
        # No machine that runs this reads less than 100 MB/s or more than 10 TB/s.
        self.assertTrue(1e8 < one["bandwidth"] < 1e13, one["bandwidth"])

    def test_all_combinations(self) -> None:
        """Lists multiply, threads outermost; a comma is as good as a second flag."""
        rows = self.rows("-p", "1,2", "-n", "1", "-d", "0", "-d", "8", "-t", "1,2", "-r", "1")
        tests = [(r["n_threads"], r["n_depth"], r["n_prompt"], r["n_gen"]) for r in rows]
        expected = [(1, 0), (2, 0), (0, 1)]
        self.assertEqual(tests, [(t, d, p, n) for t in (1, 2) for d in (0, 8) for p, n in expected])
        self.assertEqual({row["stddev_ts"] for row in rows}, {0})

    def test_tier(self) -> None:
        """The tier that was forced is the one that is named."""
        os.environ["TLITE_CPU"] = "scalar"
        self.addCleanup(os.environ.pop, "TLITE_CPU")
        (row,) = self.rows("-p", "1", "-n", "0", "-r", "1")
        self.assertEqual(row["cpu_tier"], "scalar")

    def test_table(self) -> None:
        """llama-bench's columns first, a row a test, then the load."""
        text = self.run_ok(
            *("bench", MODEL, "-p", "40", "-n", "3", "-r", "2", "-d", "8", "-b", "2")
        ).text
        head, line, *rest = text.splitlines()
        cells = [[cell.strip() for cell in row.strip("|").split("|")] for row in (head, *rest[:2])]
        names = ["model", "size", "params", "backend", "threads", "test", "t/s"]
        self.assertEqual(cells[0][:7], names)
        self.assertTrue(line.startswith("| --- | ---: |"))
        self.assertEqual([row[5] for row in cells[1:]], ["pp40 @ d8", "tg3 x2 @ d8"])
        self.assertRegex(cells[1][6], r"^\d+\.\d\d ± \d+\.\d\d$")
        self.assertRegex(cells[2][7], r"^\d+ % of \d+\.\d GB/s$")
        self.assertIn("first token after", text)

    @unittest.skipUnless(sys.platform == "linux", "other systems cannot drop a file")
    def test_cold_load(self) -> None:
        """A cold load is timed from a copy of the model that nobody else has open."""
        copy = str(shutil.copytree(MODEL, self.folder / "model"))
        (row,) = self.run_ok("bench", copy, "--json", "--load", *PROMPT).json
        for key in ("load_cold", "load"):
            self.assertGreater(row[key]["first_token_ns"], row[key]["ready_ns"], key)
        text = self.run_ok("bench", copy, "--load", "-p", "0", "-n", "0").text
        self.assertIn("load, cold: ", text)
        self.assertIn("load, warm: ", text)

    def test_refused(self) -> None:
        """What cannot be measured is said before the model is loaded, on one line."""
        for arguments in (
            ("-p", "-1"),
            ("-n", "many"),
            ("-b", "0"),
            ("-b", "1000"),
            ("-r", "0"),
            ("-t", "-1"),
            ("--kv-type", "q3"),
            ("-p",),
        ):
            result = self.call("bench", MODEL, *arguments)
            self.assertEqual(result.status, 2, arguments)
            self.assertEqual(result.bytes, b"")
            self.assertTrue(result.error.startswith("tlite: "), result.error)
            self.assertEqual(result.error.count("\n"), 1)
        result = self.call("bench", "nowhere", "-p", "0", "-n", "0")
        self.assertEqual(result.status, 1)
        self.assertIn("nothing to measure", result.error)
        result = self.call("bench", "nowhere")
        self.assertEqual((result.status, result.bytes), (1, b""))
        self.assertIn("nowhere", result.error)


if __name__ == "__main__":
    main()
