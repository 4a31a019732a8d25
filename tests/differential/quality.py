"""Compares what quantization costs here and in llama.cpp: KL divergence from the unquantized model.

Usage: quality.py --tlite TLITE --perplexity LLAMA_PERPLEXITY --quantize LLAMA_QUANTIZE
                  --model F32_OR_BF16.gguf --text TEXT --work DIR [--context 512] [--threads T]
                  [--types Q8_0,Q4_K_S,...]

The base is our run of the unquantized file with f32 keys and values. llama-quantize --pure makes a
file of each type, both programs run it over the same chunks and save their log probabilities in
llama.cpp's format, and the divergence of every scored token is computed here, in double, from the
two files: one arithmetic for both. The difference is paired, token by token; its error is that of
the mean difference. After the table the files are exchanged: each program reads the base that the
other one wrote, and the figures it prints are compared with those computed here.

Prints the table of docs/quality.md and fails where ours is worse by more than three errors, or
where an exchanged file gives other figures. Needs PyPI numpy.
"""

from __future__ import annotations

import argparse
import json
import re
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

if TYPE_CHECKING:
    from collections.abc import Iterator

TYPES = "F16,BF16,Q8_0,Q6_K,Q5_K_S,Q5_1,Q5_0,Q4_K_S,Q4_1,Q4_0,IQ4_NL,IQ4_XS,Q3_K_S,Q2_K"


def run(command: list[str | Path]) -> str:
    """Output of a command that must succeed, errors included."""
    words = [str(word) for word in command]
    done = subprocess.run(words, capture_output=True, check=False)
    text = done.stdout.decode("utf-8", "replace") + done.stderr.decode("utf-8", "replace")
    if done.returncode != 0:
        sys.exit(f"{' '.join(words)}: status {done.returncode}\n{text[-2000:]}")
    return text


class BaseFile:
    """Log probabilities saved by either program."""

    def __init__(self, path: Path) -> None:
        data = np.memmap(path, dtype=np.uint8, mode="r")
        assert data[:8].tobytes() == b"_logits_", path
        self.length, self.vocab, self.chunks = data[8:20].view(np.int32).tolist()
        end = 20 + 4 * self.length * self.chunks
        self.tokens = data[20:end].view(np.int32).copy()
        codes = 4 + self.vocab + self.vocab % 2
        self.rows = data[end:].view(np.uint16).reshape(-1, codes)
        assert len(self.rows) == self.chunks * (self.length - 1 - self.length // 2), path

    def log_probs(self) -> Iterator[npt.NDArray[np.float64]]:
        """Normalized again: rounding to 16 bits moves the sum by some 1e-5."""
        for row in self.rows:
            scale, minimum = row[:4].view(np.float32).astype(np.float64)
            values = minimum + scale * row[4 : 4 + self.vocab].astype(np.float64)
            yield values - np.logaddexp.reduce(values)

    def nll(self) -> npt.NDArray[np.float64]:
        """What each scored token costs."""
        first = self.length // 2
        following = self.tokens.reshape(self.chunks, self.length)[:, first + 1 :].reshape(-1)
        rows = zip(self.log_probs(), following, strict=True)
        return np.array([-log_probs[token] for log_probs, token in rows])


@dataclass(frozen=True)
class Comparison:
    """One number a scored token."""

    divergence: npt.NDArray[np.float64]
    same_top: npt.NDArray[np.bool_]


def compare(base: BaseFile, other: BaseFile) -> Comparison:
    """The divergence of the base from the other, row by row."""
    assert np.array_equal(base.tokens, other.tokens), "the programs read different tokens"
    divergence, same_top = [], []
    for p, q in zip(base.log_probs(), other.log_probs(), strict=True):
        divergence.append(float(np.exp(p) @ (p - q)))
        same_top.append(bool(np.argmax(p) == np.argmax(q)))
    return Comparison(np.array(divergence), np.array(same_top))


class Programs:
    """The two that are compared."""

    def __init__(self, options: argparse.Namespace) -> None:
        self.options = options

    def ours(self, model: Path, *flags: str | Path) -> dict[str, Any]:
        """What `tlite perplexity` reports."""
        command = [self.options.tlite, "perplexity", model, "--json", *flags]
        report = json.loads(run([*command, "--threads", str(self.options.threads)]))
        assert isinstance(report, dict)
        return report

    def scored(self, model: Path, *flags: str | Path) -> dict[str, Any]:
        """The same over the text."""
        return self.ours(
            model, "--file", self.options.text, "--context", str(self.options.context), *flags
        )

    def ours_saved(self, model: Path, base: Path, *flags: str) -> BaseFile:
        """Our log probabilities."""
        self.scored(model, "--kl-base", base, "--save-base", *flags)
        return BaseFile(base)

    def theirs(self, model: Path, base: Path, *flags: str) -> str:
        """What llama-perplexity prints."""
        size = str(self.options.context)
        command = [self.options.perplexity, "-m", model, "-c", size, "-b", size, "-ub", size]
        if self.options.threads > 0:
            command += ["-t", str(self.options.threads)]
        return run([*command, "--kl-divergence-base", base, *flags])

    def theirs_saved(self, model: Path, base: Path) -> BaseFile:
        """The peer's log probabilities."""
        self.theirs(model, base, "-f", str(self.options.text))
        return BaseFile(base)


def check(what: str, got: float, expected: float, bound: float) -> bool:
    """Compares a figure that a program prints with what it should be."""
    good = abs(got - expected) <= bound
    print(f"{what}: {got:.7g}, here {expected:.7g}{'' if good else ': DIFFERENT'}")
    return good


def last_line(printed: str, pattern: str) -> tuple[int, float]:
    """Chunks, and the figure over them, of the last line that llama-perplexity gave out.

    It ends without waiting for its log: the summary and the last chunks may be missing.
    """
    found = re.findall(pattern, printed)
    if not found:
        sys.exit(f"llama-perplexity prints no line like {pattern}\n{printed[-2000:]}")
    return int(found[-1][0]), float(found[-1][1])


def exchange(programs: Programs, model: Path, base: BaseFile, work: Path) -> bool:
    """Each program reads the other's base; `model` is the one that both have just saved."""
    ours, theirs = BaseFile(work / "ours.bin"), BaseFile(work / "theirs.bin")
    original = programs.options.model
    text = ["-f", str(programs.options.text)]
    printed = programs.theirs(original, work / "their-base.bin", *text)
    their_base = BaseFile(work / "their-base.bin")
    rows = len(base.rows) // base.chunks
    # The programs round the base to 16 bits and do not normalize it again; here the other side is
    # rounded too. Steps of 16 / 65535 move a mean over hundreds of tokens by less than one.
    step = 16 / 65535

    report = programs.ours(model, "--kl-base", work / "their-base.bin")
    mean = float(report["kl_divergence"]["mean"])
    expected = float(compare(their_base, ours).divergence.mean())
    good = check("divergence, tlite on llama.cpp's base", mean, expected, step)

    lines = programs.theirs(model, work / "base.bin", "--kl-divergence")
    # chunk, perplexity, log of its ratio to the base's, divergence, ...: each with its error
    value = r" +-?[\d.]+ ± +[\d.]+"
    chunks, mean = last_line(lines, rf"(?m)^ *(\d+){value}{value} +([\d.]+) ±")
    expected = float(compare(base, theirs).divergence[: chunks * rows].mean())
    good = check("divergence, llama.cpp on tlite's base", mean, expected, step) and good

    # Both programs on the unquantized file, f16 keys and values in both. The files cannot tell this
    # figure: they end 16 below the largest log probability, a perplexity does not.
    chunks, perplexity = last_line(printed, r"\[(\d+)\]([\d.]+),")
    report = programs.scored(original, "--kv-type", "f16", "--chunks", str(chunks))
    difference = (their_base.nll() - base.nll())[: chunks * rows]
    bound = 5 * float(difference.std()) / (len(difference) - 1) ** 0.5
    name = f"log perplexity of {chunks} chunks, llama.cpp"
    return (
        check(name, float(np.log(perplexity)), float(np.log(report["perplexity"])), bound) and good
    )


def row(name: str, ours: Comparison, theirs: Comparison) -> tuple[str, bool]:
    """A line of the table, and whether ours is no worse."""
    difference = ours.divergence - theirs.divergence
    mean = difference.mean()
    error = difference.std() / np.sqrt(len(difference) - 1)
    good = bool(mean <= 3 * error)

    def cells(values: Comparison) -> list[str]:
        largest = np.quantile(values.divergence, 0.99)
        return [
            f"{values.divergence.mean():.3g}",
            f"{largest:.3g}",
            f"{values.same_top.mean():.1%}",
        ]

    mine, peer = cells(ours), cells(theirs)
    pairs = [f"{a} / {b}" for a, b in zip(mine, peer, strict=True)]
    ratio = ours.divergence.mean() / theirs.divergence.mean()
    text = " | ".join([name, *pairs, f"{ratio:.3f}", f"{mean:+.1e} ± {error:.1e}"])
    return f"| {text} |" + ("" if good else " <- worse"), good


def absolute(path: str) -> Path:
    """So that a program in this folder is not looked for in PATH."""
    return Path(path).absolute()


def main() -> None:
    """Prints the table."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    for name in ("tlite", "perplexity", "quantize", "model", "text", "work"):
        parser.add_argument(f"--{name}", type=absolute, required=True)
    parser.add_argument("--context", type=int, default=512)
    parser.add_argument("--threads", type=int, default=0)
    parser.add_argument("--types", default=TYPES)
    options = parser.parse_args()
    options.work.mkdir(parents=True, exist_ok=True)
    programs = Programs(options)
    work: Path = options.work
    base = programs.ours_saved(options.model, work / "base.bin", "--kv-type", "f32")
    print(f"{len(base.rows)} scored tokens, chunks of {base.length}, vocabulary {base.vocab}\n")
    good = True
    kinds = options.types.split(",")
    for kind in kinds:
        model = work / f"{kind}.gguf"
        if not model.exists():
            run([options.quantize, "--pure", options.model, model, kind])
        ours = compare(base, programs.ours_saved(model, work / "ours.bin"))
        theirs = compare(base, programs.theirs_saved(model, work / "theirs.bin"))
        lines = [row(kind, ours, theirs)]
        if kind == "BF16":  # the peer rounds what the weights multiply; we do when we are asked to
            rounded = programs.ours_saved(model, work / "rounded.bin", "--weights", "bf16")
            lines.append(row("BF16, `--weights bf16`", compare(base, rounded), theirs))
        for line, no_worse in lines:
            good = good and no_worse
            print(line, flush=True)
        # In the middle of the table: coarser types have tokens more than 16 below the largest log
        # probability, as far as the files go: of Q2_K's divergence that hides a thousandth.
        if kind == kinds[len(kinds) // 2]:
            good = exchange(programs, model, base, work) and good
    sys.exit(0 if good else 1)


if __name__ == "__main__":
    main()
