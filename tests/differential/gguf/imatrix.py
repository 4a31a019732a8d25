"""Compares the importance matrices of `tlite imatrix` with those of llama.cpp's imatrix.

Usage: imatrix.py --tlite TLITE --imatrix LLAMA_IMATRIX --quantize LLAMA_QUANTIZE
                  --model F32.gguf --text TEXT --work DIR [--context 512] [--chunks 8] [--threads T]

Both programs measure the same chunks of the text, llama.cpp with f32 keys and values and without
flash attention, so that both compute in f32 alone. Checked are, in both formats,
- that the same matrices are there, with the same counts, chunks and chunk size;
- each sum of squares, within the bound that `bounds` derives;
- that llama-quantize takes our file, with all its entries, and that `tlite quantize` gives the
  same tensors whichever of our two formats it reads.
Prints the largest difference of each, and fails where something differs. Needs PyPI numpy and gguf.
"""

from __future__ import annotations

import argparse
import struct
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt
from gguf import GGUFReader

problems: list[str] = []


def check(same: bool, what: str) -> None:
    """Notes a difference."""
    if not same:
        problems.append(what)
        print(f"DIFFERS: {what}")


def run(*command: str | Path) -> str:
    """Runs a command that must succeed; what it printed."""
    done = subprocess.run([str(c) for c in command], capture_output=True, check=False)
    text = done.stdout.decode("utf-8", "replace") + done.stderr.decode("utf-8", "replace")
    if done.returncode != 0:
        sys.exit(f"{' '.join(str(c) for c in command)}: status {done.returncode}\n{text[-2000:]}")
    return text


@dataclass
class Matrix:
    """A file: sums by the matrix's name, rows that were summed up, and what it says of itself."""

    sums: dict[str, npt.NDArray[np.float64]]
    counts: dict[str, float]
    chunks: int
    chunk_size: int


def read_gguf(path: Path) -> Matrix:
    """The current format."""
    reader = GGUFReader(path)
    tensors = {tensor.name: tensor.data.astype(np.float64).reshape(-1) for tensor in reader.tensors}
    names = [name.removesuffix(".in_sum2") for name in tensors if name.endswith(".in_sum2")]
    check(len(tensors) == 2 * len(names), f"{path}: {len(tensors)} tensors, {len(names)} sums")

    def number(key: str) -> int:
        return int(reader.fields[key].contents())

    check(reader.fields["general.type"].contents() == "imatrix", f"{path}: general.type")
    return Matrix(
        {name: tensors[f"{name}.in_sum2"] for name in names},
        {name: float(tensors[f"{name}.counts"][0]) for name in names},
        number("imatrix.chunk_count"),
        number("imatrix.chunk_size"),
    )


def read_dat(path: Path, chunk_size: int) -> Matrix:
    """The older format: means times chunks. They are multiplied to the sums that they came from."""
    data = path.read_bytes()
    at = 0

    def number() -> int:
        nonlocal at
        at += 4
        return int(struct.unpack_from("<i", data, at - 4)[0])

    sums: dict[str, npt.NDArray[np.float64]] = {}
    for _ in range(number()):
        size = number()
        name = data[at : at + size].decode()
        at += size
        check(number() > 0, f"{path}: {name}: calls")
        size = number()
        sums[name] = np.frombuffer(data, "<f4", size, at).astype(np.float64) * chunk_size
        at += 4 * size
    chunks = number()
    check(len(data) == at + 4 + number(), f"{path}: the end")
    return Matrix(sums, {name: float(chunks * chunk_size) for name in sums}, chunks, chunk_size)


def bounds(sums: npt.NDArray[np.float64], rows: float) -> npt.NDArray[np.float64]:
    """How far the sums of a matrix may be apart.

    Inputs are right to 1e-4 of the largest column's root mean square in both programs: issue 2's
    bound for logits, taken for every input. The squares of n numbers with errors below e sum up to
    |S' - S| <= 2 sqrt(S n) e + n e^2 (Cauchy and Schwarz). On top of that llama.cpp sums in f32: n
    additions, each of which rounds by 2^-24 of a sum that is no larger than S, and a means format
    that rounds twice more.
    """
    error = 1e-4 * np.sqrt(sums.max() / rows)
    return 2 * np.sqrt(sums * rows) * error + rows * error**2 + sums * (rows + 2) * 2.0**-24


def compare(what: str, ours: Matrix, theirs: Matrix) -> None:
    """Prints how far two files are apart."""
    check(ours.sums.keys() == theirs.sums.keys(), f"{what}: the names of the matrices")
    check(ours.counts == theirs.counts, f"{what}: counts")
    check(ours.chunks == theirs.chunks, f"{what}: {ours.chunks} and {theirs.chunks} chunks")
    check(ours.chunk_size == theirs.chunk_size, f"{what}: the size of a chunk")
    largest = share = 0.0
    for name in ours.sums.keys() & theirs.sums.keys():
        a, b = ours.sums[name], theirs.sums[name]
        difference = np.abs(a - b)
        allowed = bounds(b, theirs.counts[name])
        check(bool((difference <= allowed).all()), f"{what}: {name}")
        largest = max(largest, float((difference / b).max()))
        share = max(share, float((difference / allowed).max()))
    print(
        f"{what}: {len(ours.sums)} matrices, {ours.chunks} chunks of {ours.chunk_size}; sums differ"
        f" by at most {largest:.2g} of themselves, {share:.2g} of what is allowed"
    )


class Programs:
    """The commands."""

    def __init__(self, options: argparse.Namespace) -> None:
        self.options = options
        self.text = ["-c", str(options.context), "--chunks", str(options.chunks)]

    def ours(self, out: Path) -> Path:
        """`tlite imatrix`; the name of the file tells the format."""
        command = [self.options.tlite, "imatrix", self.options.model, "--file", self.options.text]
        run(*command, *self.text, "-o", out, "--threads", str(self.options.threads))
        return out

    def theirs(self, out: Path) -> Path:
        """llama-imatrix."""
        size = str(self.options.context)
        command = [self.options.imatrix, "-m", self.options.model, "-f", self.options.text]
        flags = ["-b", size, "-ub", size, "-ctk", "f32", "-ctv", "f32", "-fa", "off", "--no-ppl"]
        kind = "dat" if out.suffix == ".dat" else "gguf"
        if self.options.threads > 0:
            flags += ["-t", str(self.options.threads)]
        run(*command, *self.text, *flags, "--output-format", kind, "-o", out)
        return out

    def quantize(self, importance: Path, out: Path) -> list[bytes]:
        """The tensors that `tlite quantize` makes."""
        command = [self.options.tlite, "quantize", self.options.model, out, "--type", "q3_k_m"]
        run(*command, "--imatrix", importance)
        return [tensor.data.tobytes() for tensor in GGUFReader(out).tensors]


def main() -> None:
    """Runs everything."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    for name in ("tlite", "imatrix", "quantize", "model", "text", "work"):
        parser.add_argument(f"--{name}", type=lambda path: Path(path).absolute(), required=True)
    parser.add_argument("--context", type=int, default=512)
    parser.add_argument("--chunks", type=int, default=8)
    parser.add_argument("--threads", type=int, default=0)
    options = parser.parse_args()
    work: Path = options.work
    work.mkdir(parents=True, exist_ok=True)
    programs = Programs(options)
    ours = programs.ours(work / "ours.gguf")
    compare("gguf", read_gguf(ours), read_gguf(programs.theirs(work / "theirs.gguf")))
    ours_dat = programs.ours(work / "ours.dat")
    theirs_dat = programs.theirs(work / "theirs.dat")
    compare("dat", read_dat(ours_dat, options.context), read_dat(theirs_dat, options.context))

    for path in (ours, ours_dat):
        command = [options.quantize, "--imatrix", path, options.model, work / "peer.gguf", "Q3_K_M"]
        entries = f"have {len(read_gguf(ours).sums)} importance matrix entries"
        check(entries in run(*command), f"llama-quantize does not say that it would {entries}")
    same = programs.quantize(ours, work / "a.gguf") == programs.quantize(ours_dat, work / "b.gguf")
    check(same, "tlite quantize by our two files")
    sys.exit(1 if problems else 0)


if __name__ == "__main__":
    main()
