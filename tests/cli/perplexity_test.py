"""tlite perplexity against llama.cpp's definitions, written down here in plain Python."""

from __future__ import annotations

import json
import math
import shutil
import struct
from dataclasses import dataclass
from typing import Any

from cli import MODEL, CliTest, main
from npy import read_npy

CONTEXT = 32
FIRST = CONTEXT // 2
ROWS = CONTEXT - 1 - FIRST

# One line end at the end is not read, and <|im_end|> is text here.
TEXT = "".join(
    f"{i}. Столица Франции — Париж. The capital of France: Paris <|im_end|>. {i} + {i} = {2 * i}\n"
    for i in range(7)
)

# Sums of 2,560 doubles near 1 are right to 2560 x 2^-53 = 3e-13 here and there, logarithms and
# exponentials add as little; perplexity multiplies it by the log of the perplexity, below 10.
RELATIVE = 1e-10

Row = list[float]


def log_sum_exp(row: Row) -> float:
    """The logarithm of the sum of exponentials."""
    largest = max(row)
    return largest + math.log(math.fsum(math.exp(x - largest) for x in row))


def estimate(values: list[float]) -> tuple[float, float]:
    """Mean and standard error."""
    count = len(values)
    mean = math.fsum(values) / count
    variance = math.fsum((x - mean) ** 2 for x in values) / count
    return mean, math.sqrt(variance / (count - 1))


def quantile(values: list[float], fraction: float) -> float:
    """Linear between neighbours."""
    values = sorted(values)
    at = fraction * (len(values) - 1)
    low = math.floor(at)
    return values[low] + (at - low) * (values[min(low + 1, len(values) - 1)] - values[low])


def to_f32(value: float) -> float:
    """Rounded to f32."""
    (rounded,) = struct.unpack("<f", struct.pack("<f", value))
    assert isinstance(rounded, float)
    return rounded


@dataclass
class Coded:
    """A row of a base file."""

    scale: float
    minimum: float
    codes: list[int]

    def log_probs(self) -> Row:
        """As the format defines them."""
        return [self.minimum + self.scale * code for code in self.codes]

    def bytes(self) -> bytes:
        """As in the file; the vocabulary of the demo model is even, so there is no padding."""
        return struct.pack(f"<2f{len(self.codes)}H", self.scale, self.minimum, *self.codes)


def encode(row: Row) -> Coded:
    """The reference's 16-bit form of a row of logits."""
    low = max(min(row), max(row) - 16)
    scale = to_f32((max(row) - low) / 65535)
    codes = [max(0, round((x - low) / scale)) for x in row]
    return Coded(scale, to_f32(low - log_sum_exp(row)), [min(code, 65535) for code in codes])


def base_file(tokens: list[int], rows: list[Coded], **header: int) -> bytes:
    """A base file; `header` replaces numbers of it."""
    sizes = {
        "context": CONTEXT,
        "vocab": len(rows[0].codes),
        "chunks": len(tokens) // CONTEXT,
        **header,
    }
    out = b"_logits_" + struct.pack("<3i", *sizes.values())
    return out + struct.pack(f"<{len(tokens)}i", *tokens) + b"".join(row.bytes() for row in rows)


class PerplexityTest(CliTest):
    """The text once, with its scored rows of logits."""

    def setUp(self) -> None:
        """Runs every chunk through `tlite logits`."""
        super().setUp()
        self.text = self.file("text", TEXT)
        ids = self.run_ok("tokenize", MODEL, TEXT[:-1], "--special", "none", "--json").json
        self.tokens: list[int] = ids[: len(ids) // CONTEXT * CONTEXT]
        self.logits: list[Row] = []
        self.next: list[int] = []
        for begin in range(0, len(self.tokens), CONTEXT):
            chunk = self.tokens[begin : begin + CONTEXT]
            out = str(self.folder / "chunk.npy")
            self.run_ok("logits", MODEL, "--ids", self.file("ids", chunk), "--out", out)
            (_, self.vocab), values = read_npy(self.folder / "chunk.npy")
            for position in range(FIRST, CONTEXT - 1):
                self.logits.append(list(values[position * self.vocab :][: self.vocab]))
                self.next.append(chunk[position + 1])
        self.assertGreater(len(self.tokens), 3 * CONTEXT)

    def bytes_file(self, name: str, content: bytes) -> str:
        """A binary file."""
        path = self.folder / name
        path.write_bytes(content)
        return str(path)

    def report(self, *arguments: str) -> Any:  # noqa: ANN401
        """The JSON of `tlite perplexity`."""
        return self.run_ok("perplexity", MODEL, *arguments, "--json").json

    def close(self, got: float, expected: float) -> None:
        """Equal but for the rounding of doubles."""
        self.assertTrue(math.isclose(got, expected, rel_tol=RELATIVE), f"{got} {expected}")

    def nll(self) -> list[float]:
        """What each scored token costs."""
        return [log_sum_exp(x) - x[t] for x, t in zip(self.logits, self.next, strict=True)]

    def check_perplexity(self, report: dict[str, Any]) -> None:
        """The figures that need no base."""
        mean, error = estimate(self.nll())
        self.close(report["perplexity"], math.exp(mean))
        self.close(report["perplexity_error"], math.exp(mean) * error)
        self.assertEqual(report["scored_tokens"], len(self.logits))
        self.assertEqual(report["chunks"], len(self.tokens) // CONTEXT)
        self.assertEqual(report["context"], CONTEXT)

    def test_perplexity(self) -> None:
        """Whole chunks, their second half scored; the same from stdin."""
        flags = ("-c", str(CONTEXT))
        self.check_perplexity(self.report("--file", self.text, *flags))
        result = self.run_ok("perplexity", MODEL, "--file", "-", "-c", "32", "--json", stdin=TEXT)
        self.check_perplexity(result.json)
        one = self.report("--file", self.text, *flags, "--chunks", "1")
        self.close(one["perplexity"], math.exp(estimate(self.nll()[:ROWS])[0]))
        special = self.file("special", "<|im_end|>" * CONTEXT)
        self.assertEqual(self.report("--file", special, *flags, "--parse-special")["chunks"], 1)
        self.assertGreater(self.report("--file", special, *flags)["chunks"], 1)
        text = self.run_ok("perplexity", MODEL, "--file", self.text, *flags).text
        self.assertRegex(text, r"^perplexity +[\d.]+ ± [\d.]+\nover \d+ tokens: \d+ chunks of 32")

    def test_token_before_each_chunk(self) -> None:
        """A model with a token before every text has it at the head of each chunk."""
        model = self.folder / "bos"
        shutil.copytree(MODEL, model)
        path = model / "tokenizer.json"
        tokenizer = json.loads(path.read_text(encoding="utf-8"))
        ids = {token["content"]: token["id"] for token in tokenizer["added_tokens"]}
        bos = "<|endoftext|>"
        special = {"id": bos, "ids": [ids[bos]], "tokens": [bos]}
        tokenizer["post_processor"] = {
            "type": "TemplateProcessing",
            "single": [{"SpecialToken": {"id": bos}}, {"Sequence": {"id": "A"}}],
            "special_tokens": {bos: special},
        }
        path.write_text(json.dumps(tokenizer), encoding="utf-8")
        path = model / "tokenizer_config.json"
        config = json.loads(path.read_text(encoding="utf-8"))
        path.write_text(json.dumps({**config, "bos_token": bos}), encoding="utf-8")
        # Digits are tokens of their own: 31 behind the first token, one that gives way, 31 more.
        digits = "".join(str(i * 7 % 10) for i in range(63))
        flags = ("-c", "32", "--json", "--parse-special")
        with_bos = self.run_ok(
            "perplexity", str(model), "--file", self.file("digits", digits), *flags
        ).json
        written = bos + digits[:31] + bos + digits[32:]
        plain = self.run_ok(
            "perplexity", MODEL, "--file", self.file("written", written), *flags
        ).json
        self.assertEqual(with_bos["perplexity"], plain["perplexity"])
        self.assertEqual(with_bos["chunks"], 2)

    def test_saved_base(self) -> None:
        """The file that is written is the reference's, to a rounding of the codes."""
        path = self.folder / "base"
        flags = ("--kl-base", str(path), "--save-base", "--context", str(CONTEXT))
        self.check_perplexity(self.report("--file", self.text, *flags))
        data = path.read_bytes()
        expected = [encode(row) for row in self.logits]
        whole = base_file(self.tokens, expected)
        self.assertEqual(len(data), len(whole))
        rows = len(whole) - len(self.logits) * (8 + 2 * self.vocab)
        self.assertEqual(data[:rows], whole[:rows])
        for i, row in enumerate(expected):
            start = rows + i * (8 + 2 * self.vocab)
            scale, minimum = struct.unpack_from("<2f", data, start)
            codes = struct.unpack_from(f"<{self.vocab}H", data, start + 8)
            # f32 arithmetic there, double here: one rounding more each, of numbers below 32.
            self.assertLessEqual(abs(scale - row.scale), row.scale * 2**-22)
            self.assertLessEqual(abs(minimum - row.minimum), 32 * 2**-23)
            self.assertLessEqual(max(abs(a - b) for a, b in zip(codes, row.codes, strict=True)), 1)
        self.assertEqual([p.name for p in self.folder.glob("*.part")], [])

    def test_against_base(self) -> None:
        """All figures, against the base of a flatter model."""
        base = [encode([0.8 * x for x in row]) for row in self.logits]
        path = self.bytes_file("base", base_file(self.tokens, base))
        report = self.report("--kl-base", path)
        self.check_perplexity(report)
        base_nll, ratio, divergence, same = [], [], [], 0
        for coded, logits, token, nll in zip(base, self.logits, self.next, self.nll(), strict=True):
            p, normalizer = coded.log_probs(), log_sum_exp(logits)
            base_nll.append(-p[token])
            ratio.append(nll + p[token])
            divergence.append(
                math.fsum(
                    math.exp(a) * (a - (b - normalizer))
                    for a, b in zip(p, logits, strict=True)
                    if a > -16
                )
            )
            same += p.index(max(p)) == logits.index(max(logits))
        mean, error = estimate(base_nll)
        self.close(report["base_perplexity"], math.exp(mean))
        self.close(report["base_perplexity_error"], math.exp(mean) * error)
        for name, values in (("log_perplexity_ratio", ratio), ("kl_divergence", divergence)):
            mean, error = estimate(values)
            self.close(report[name]["mean"], mean)
            self.close(report[name]["error"], error)
        self.assertGreater(mean, 0.01)
        self.close(report["kl_divergence"]["median"], quantile(divergence, 0.5))
        self.close(report["kl_divergence"]["p90"], quantile(divergence, 0.9))
        self.close(report["kl_divergence"]["p99"], quantile(divergence, 0.99))
        self.close(report["kl_divergence"]["max"], max(divergence))
        share = same / len(self.logits)
        self.close(report["same_top"]["mean"], share)
        self.close(
            report["same_top"]["error"], math.sqrt(share * (1 - share) / (len(self.logits) - 1))
        )
        # The same with the text given too, and as a table.
        again = self.report("--kl-base", path, "--file", self.text, "-c", str(CONTEXT))
        self.assertEqual(again, report)
        table = self.run_ok("perplexity", MODEL, "--kl-base", path).text
        self.assertRegex(table, r"KL divergence +[\d.]+ ± [\d.]+\n +median +[\d.]+")
        self.assertRegex(table, r"same top token +[\d.]+ ± [\d.]+ %")

    def test_bad_base(self) -> None:
        """A base that is not one, or not of this text or model, is refused; nothing is printed."""
        tokens, rows = self.tokens, [encode(row) for row in self.logits]
        good = base_file(tokens, rows)
        nan = Coded(math.nan, -1.0, rows[0].codes)
        for message, content in (
            ("does not begin with", b"GGUF" + good[4:]),
            ("ends too early", good[:5]),
            ("ends too early", good[:15]),
            ("bytes, which is not what", good[:-1]),
            ("bytes, which is not what", good + b"\0\0"),
            ("bytes, which is not what", base_file(tokens, rows, chunks=2**31 - 1)),
            ("bytes, which is not what", base_file(tokens, rows, context=2**31 - 1)),
            ("chunks of 2 tokens have no rows", base_file(tokens, rows, context=2)),
            ("says that it has -1 chunks", base_file(tokens, rows, chunks=-1)),
            ("has a vocabulary of 7; the model has", base_file(tokens, rows, vocab=7)),
            ("token 1 is 2560, out of range", base_file([0, self.vocab, *tokens[2:]], rows)),
            ("row 1 has the scale nan", base_file(tokens, [rows[0], nan, *rows[2:]])),
        ):
            with self.subTest(message=message):
                path = self.bytes_file("bad", content)
                self.check_error(1, f"{path}: ", "--kl-base", path)
                self.check_error(1, message, "--kl-base", path)
        path = self.bytes_file("good", good)
        other = self.file("other", TEXT.replace("Paris", "Rome"))
        self.check_error(1, "was made of another text than", "--kl-base", path, "--file", other)
        self.check_error(
            1, "has chunks of 32 tokens, --context is 64", "--kl-base", path, "-c", "64"
        )

    def check_error(self, status: int, message: str, *arguments: str) -> None:
        """One line on stderr, nothing on stdout."""
        result = self.call("perplexity", MODEL, *arguments)
        self.assertEqual(result.status, status, result.error)
        self.assertEqual(result.bytes, b"")
        self.assertEqual(result.error.count("\n"), 1)
        self.assertIn(message, result.error)

    def test_errors(self) -> None:
        """Flags that do not go together, a short text, files that cannot be opened or written."""
        self.check_error(2, "--file is required")
        self.check_error(2, "--file is required", "--kl-base", "x", "--save-base")
        self.check_error(2, "--kl-base", "--file", self.text, "--save-base")
        self.check_error(2, "must be 4 or more", "--file", self.text, "--context", "3")
        short = self.file("short", "Привет")
        self.check_error(1, "a chunk has 512", "--file", short)
        self.check_error(1, "gone: cannot open: No such file", "--kl-base", "gone")
        flags = ("--file", self.text, "-c", "32", "--save-base", "--kl-base")
        self.check_error(1, "no/such: cannot write: No such file", *flags, "no/such")


if __name__ == "__main__":
    main()
