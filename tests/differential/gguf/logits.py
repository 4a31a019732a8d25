"""Compares the logits of GGUF files with llama.cpp's, position by position, and greedy answers.

Usage: logits.py TLITE MODEL WORK_DIR [--types f32,bf16,q8_0,...] [--text FILE] [--tokens N]
                 [--quantize LLAMA_QUANTIZE] [--generate N]

MODEL is unquantized, a directory or a .gguf. For each type a file is written by `tlite quantize`
(and by llama-quantize where it is given), both programs compute the logits of the first N tokens of
the text from that very file, and the reference is our f32 run over the weights that the file holds,
dequantized. What remains is each program's own noise: rounded activations, f32 in another order.

    max      largest |ours - llama.cpp| over the largest |reference|
    noise    root mean square of (ours - reference) over that of (llama.cpp - reference)
    clear    positions where llama.cpp's first token leads by more than twice its largest error
             there, so that a run without noise must choose it; `missed`: where ours does not
    greedy   tokens that agree before the answers part, of --generate N, and by what margin, in
             reference root mean squares of noise, llama.cpp had chosen the first that differs

Fails where a clear position is missed or ours has over 1.5 times the noise. f32 itself is held
against transformers by tests/differential/forward.py: a chaotic random model multiplies the
shortcuts of llama.cpp's own f32, too. Needs PyPI numpy and llama-cpp-python.
"""

from __future__ import annotations

import argparse
import json
import subprocess
import sys
from pathlib import Path

import llama_cpp
import numpy as np
import numpy.typing as npt

TYPES = "f32,f16,bf16,q8_0,q6_k,q5_k_m,q5_1,q5_0,q4_k_m,q4_k_s,q4_1,q4_0,iq4_nl,iq4_xs,q3_k_m,q2_k"


def run(*command: str | Path, text: str = "") -> str:
    """Runs a command that must succeed; what it printed."""
    done = subprocess.run(
        [str(word) for word in command], input=text, capture_output=True, text=True, check=False
    )
    if done.returncode != 0:
        sys.exit(f"{command[0]}: {done.stderr[-2000:]}")
    return done.stdout


def ours(tlite: Path, file: Path, ids: list[int]) -> npt.NDArray[np.float32]:
    """[positions, vocabulary], with f32 keys and values."""
    out = file.with_suffix(".npy")
    command = (tlite, "logits", file, "--ids", "-", "--out", out, "--kv-type", "f32")
    run(*command, text=json.dumps(ids))
    logits: npt.NDArray[np.float32] = np.load(out)
    return logits


class Peer:
    """llama.cpp with f32 keys and values."""

    def __init__(self, file: Path, context: int) -> None:
        self.llama = llama_cpp.Llama(
            str(file),
            n_ctx=context,
            n_batch=context,
            n_ubatch=context,
            logits_all=True,
            n_threads=2,
            n_threads_batch=2,
            type_k=llama_cpp.GGML_TYPE_F32,
            type_v=llama_cpp.GGML_TYPE_F32,
            verbose=False,
        )

    def logits(self, ids: list[int]) -> npt.NDArray[np.float32]:
        """[positions, vocabulary]."""
        self.llama.reset()
        self.llama.eval(ids)
        return np.array(self.llama.scores[: len(ids)], dtype=np.float32)

    def greedy(self, ids: list[int], count: int) -> tuple[list[int], list[float]]:
        """Tokens without those that end a text, and by how much each led the next."""
        tokens: list[int] = []
        margins: list[float] = []
        ends = [self.llama.tokenize(end, False, True) for end in (b"<|im_end|>", b"<|endoftext|>")]
        self.llama.reset()
        self.llama.eval(ids)
        for _ in range(count):
            row = np.array(self.llama.scores[self.llama.n_tokens - 1])
            for end in ends:
                row[end] = -np.inf
            second, first = np.argpartition(row, -2)[-2:]
            if row[second] > row[first]:
                second, first = first, second
            tokens.append(int(first))
            margins.append(float(row[first] - row[second]))
            self.llama.eval([int(first)])
        return tokens, margins


def rms(error: npt.NDArray[np.float32]) -> float:
    """Root mean square."""
    return float(np.sqrt(np.mean(np.square(error, dtype=np.float64))))


def greedy_ours(tlite: Path, file: Path, prompt: Path, count: int) -> list[int]:
    """Token ids of the answer to a raw prompt."""
    command = (tlite, "generate", file, "--file", prompt, "--raw", "--greedy", "--json")
    more = ("-n", str(count), "--min-new-tokens", str(count), "--kv-type", "f32")
    ids: list[int] = json.loads(run(*command, *more))["token_ids"]
    return ids


def compare(tlite: Path, file: Path, ids: list[int], prompts: list[Path], count: int) -> bool:
    """Prints a row; whether all is well."""
    plain = file.with_name(file.stem + "-plain.gguf")
    run(tlite, "quantize", file, plain, "--type", "f32", "--allow-requantize")
    reference, mine = ours(tlite, plain, ids), ours(tlite, file, ids)
    peer = Peer(file, 1024)
    theirs = peer.logits(ids)
    largest = float(np.abs(reference).max())
    difference = float(np.abs(mine - theirs).max()) / largest
    noise_ours, noise_theirs = rms(mine - reference), rms(theirs - reference)
    top = np.sort(theirs, axis=1)[:, -2:]
    clear = top[:, 1] - top[:, 0] > 2 * np.abs(theirs - reference).max(axis=1)
    missed = int((mine.argmax(axis=1) != theirs.argmax(axis=1))[clear].sum())
    agreed, parted = 0, []
    for prompt in prompts:
        start = json.loads(run(tlite, "tokenize", file, "--file", prompt, "--json"))
        expected, margins = peer.greedy(start, count)
        got = greedy_ours(tlite, file, prompt, count)
        pairs = enumerate(zip(got, expected, strict=False))
        same = next((i for i, pair in pairs if pair[0] != pair[1]), count)
        agreed += same
        if same < count:
            parted.append(f"{margins[same] / max(noise_theirs, 1e-30):.1f}")
    well = missed == 0 and noise_ours <= 1.5 * noise_theirs
    print(
        f"| {file.stem} | {difference:.1e} | {noise_ours / noise_theirs:.2f} | {clear.sum()} of "
        f"{len(ids)} | {missed} | {agreed} of {count * len(prompts)} | {', '.join(parted)} |"
        f"{'' if well else ' <- FAILS'}",
        flush=True,
    )
    plain.unlink()
    return well


def main() -> None:
    """Reads the command line, prints the table."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").split("\n", 1)[0])
    parser.add_argument("tlite", type=Path)
    parser.add_argument("model", type=Path)
    parser.add_argument("work", type=Path)
    parser.add_argument("--types", default=TYPES)
    parser.add_argument("--text", type=Path, default=Path("README.md"))
    parser.add_argument("--tokens", type=int, default=256)
    parser.add_argument("--quantize", type=Path)
    parser.add_argument("--generate", type=int, default=64)
    options = parser.parse_args()
    tlite, work = options.tlite, options.work
    work.mkdir(parents=True, exist_ok=True)
    source = work / "f32-source.gguf"
    run(tlite, "quantize", options.model, source, "--type", "f32")
    text = options.text.read_text()
    ids = json.loads(run(tlite, "tokenize", source, "--file", options.text, "--json"))
    ids = ids[: options.tokens]
    prompts = []
    for i in range(4):
        prompts.append(work / f"prompt{i}.txt")
        prompts[i].write_text(text[200 * i : 200 * i + 150])
    print("| file | max | noise | clear | missed | greedy | parted at |")
    print("|---|---|---|---|---|---|---|")
    well = True
    for name in options.types.split(","):
        file = work / f"{name}.gguf"
        run(tlite, "quantize", source, file, "--type", name)
        well &= compare(tlite, file, ids, prompts, options.generate)
        if options.quantize and name not in {"f32", "f16", "bf16"}:
            theirs = work / f"{name}-llama.gguf"
            run(options.quantize, source, theirs, name.upper())
            well &= compare(tlite, theirs, ids, prompts, options.generate)
    sys.exit(0 if well else 1)


if __name__ == "__main__":
    main()
