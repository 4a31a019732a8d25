"""Compares the GGUF files that `tlite quantize` writes with llama.cpp's own.

Usage: compare.py TLITE LLAMA_CPP MODEL_DIR WORK_DIR [--types q8_0,q4_k_m,...] [--text FILE]

LLAMA_CPP is a source tree with build/bin/llama-quantize and llama-perplexity; MODEL_DIR a Hugging
Face directory. Checked are
- metadata and tensors against those of convert_hf_to_gguf.py: every key of ours that is there too
  has the same value, tokenizer keys are all there, tensors are equal bit for bit;
- the type of each tensor and the size of the data for each type, against llama-quantize;
- that llama.cpp loads each file: the perplexity of --text, beside that of its own file.
Files stay in WORK_DIR. Exit status 1 where something differs. Needs numpy, gguf, torch,
transformers and safetensors.
"""

from __future__ import annotations

import argparse
import re
import subprocess
import sys
from pathlib import Path
from typing import Any

import numpy as np
from gguf import GGUFReader

TYPES = "q4_0,q4_1,q5_0,q5_1,q8_0,q2_k,q3_k_m,q4_k_s,q4_k_m,q5_k_s,q5_k_m,q6_k,iq4_nl,iq4_xs"
# Keys whose values need not agree: names and counts made up from the folder's name.
OWN_WORDS = ("general.name", "general.file_type", "general.sampling.")

problems: list[str] = []


def check(same: bool, what: str) -> None:
    """Notes a difference."""
    if not same:
        problems.append(what)
        print(f"DIFFERS: {what}")


def run(*command: str | Path) -> str:
    """Runs a command that must succeed; what it printed."""
    done = subprocess.run([str(c) for c in command], capture_output=True, text=True, check=False)
    if done.returncode != 0:
        sys.exit(f"{command[0]}: {done.stderr[-2000:]}")
    return done.stdout + done.stderr


def convert(llama_cpp: Path, model: Path, out: Path) -> None:
    """llama.cpp's converter, in a process of its own as it brings its own gguf package."""
    if not out.exists():
        run(sys.executable, Path(__file__).with_name("convert.py"), llama_cpp, model, out)


def metadata(reader: GGUFReader) -> dict[str, Any]:
    """Keys and values."""
    return {
        key: field.contents() for key, field in reader.fields.items() if not key.startswith("GGUF.")
    }


def compare_metadata(ours: GGUFReader, theirs: GGUFReader) -> None:
    """Equal where both have a key; no tokenizer key and no hyperparameter missing."""
    a, b = metadata(ours), metadata(theirs)
    for key in sorted(a.keys() & b.keys()):
        if not key.startswith(OWN_WORDS):
            check(a[key] == b[key], f"{key}: {str(a[key])[:80]} and {str(b[key])[:80]}")
    for key in sorted(b.keys() - a.keys()):
        check(not key.startswith(("tokenizer.", "qwen2.")), f"{key} is missing")
    print(f"{len(a.keys() & b.keys())} common keys; ours alone: {sorted(a.keys() - b.keys())}")


def compare_tensors(ours: GGUFReader, theirs: GGUFReader) -> None:
    """The same tensors, bit for bit."""
    a = {tensor.name: tensor for tensor in ours.tensors}
    b = {tensor.name: tensor for tensor in theirs.tensors}
    check(a.keys() == b.keys(), f"tensors {sorted(a.keys() ^ b.keys())}")
    for name in a.keys() & b.keys():
        same = a[name].tensor_type == b[name].tensor_type
        same = same and np.array_equal(a[name].data, b[name].data)
        check(same, f"tensor {name}")


def compare_types(ours: Path, theirs: Path, mix: str) -> None:
    """The same type for each tensor."""
    a = {tensor.name: tensor.tensor_type.name for tensor in GGUFReader(ours).tensors}
    b = {tensor.name: tensor.tensor_type.name for tensor in GGUFReader(theirs).tensors}
    for name, kind in a.items():
        check(kind == b.get(name), f"{mix}: {name} is {kind}, llama.cpp's {b.get(name)}")


def perplexity(llama_cpp: Path, model: Path, text: Path) -> float:
    """What llama.cpp computes with a file."""
    program = llama_cpp / "build/bin/llama-perplexity"
    out = run(program, "-m", model, "-f", text, "-c", "128", "--chunks", "4", "-t", "2")
    found = re.search(r"Final estimate: PPL = ([0-9.]+)", out)
    return float(found[1]) if found else float("nan")


def main() -> int:
    """Compares what the command line asks for."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    for name in ("tlite", "llama_cpp", "model", "work"):
        parser.add_argument(name, type=Path)
    parser.add_argument("--types", default=TYPES)
    parser.add_argument("--text", type=Path)
    options = parser.parse_args()
    options.work.mkdir(parents=True, exist_ok=True)
    ours, theirs = options.work / "ours-bf16.gguf", options.work / "theirs-bf16.gguf"
    run(options.tlite, "quantize", options.model, ours, "--type", "bf16")
    convert(options.llama_cpp, options.model, theirs)
    compare_metadata(GGUFReader(ours), GGUFReader(theirs))
    compare_tensors(GGUFReader(ours), GGUFReader(theirs))
    for mix in options.types.split(","):
        quantized, reference = (options.work / f"{who}-{mix}.gguf" for who in ("ours", "theirs"))
        run(options.tlite, "quantize", options.model, quantized, "--type", mix)
        run(options.llama_cpp / "build/bin/llama-quantize", theirs, reference, mix.upper(), "2")
        compare_types(quantized, reference, mix)
        line = f"{mix}: {quantized.stat().st_size} bytes, llama.cpp {reference.stat().st_size}"
        if options.text is not None:
            values = [
                perplexity(options.llama_cpp, f, options.text) for f in (quantized, reference)
            ]
            check(all(np.isfinite(values)), f"{mix}: perplexities {values}")
            line += f"; perplexity {values[0]:.4f}, llama.cpp {values[1]:.4f}"
        print(line, flush=True)
    print(f"{len(problems)} differences")
    return 1 if problems else 0


if __name__ == "__main__":
    sys.exit(main())
