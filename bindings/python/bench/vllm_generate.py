"""LLM.generate beside vLLM's: tokens a second, peak memory, and the time to a first answer.

Usage: vllm_generate.py MODEL [--vllm PYTHON] [--rounds N] [--prompts N] [--tokens N] [--threads N]
                        [--at-once N...]

PYTHON is the interpreter of a venv with vLLM for CPUs (differential/install_vllm.sh); without it
this package alone is measured. Each round starts a process for each library, by turns: it loads
the model, answers one prompt with one token (the cold start, from before the interpreter), and then
all prompts at once, of 8 to 24 tokens each, with exactly --tokens tokens an answer. Medians. Beside
the tokens a second stand those of a second of processor time, which other load changes less.
--at-once measures in the same process also what so many requests at once get: prompts of mixed
lengths (16 to 250 tokens), each with an answer of --tokens; tokens of prompts are counted too.
"""

from __future__ import annotations

import argparse
import json
import os
import statistics
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

SOURCE = Path(__file__).resolve().parent.parent / "src"


def measured(library: str, given: argparse.Namespace) -> dict[str, float]:
    """In the process of one library: what it did and when."""
    if library == "vllm":
        from vllm import LLM, SamplingParams

        # The engine in this process, so that its memory is this process's.
        # Room for keys and values as here; it would take 0.92 of the machine's memory.
        room = {"gpu_memory_utilization": 0.25, "kv_cache_memory_bytes": 2**29}
        options: dict[str, Any] = {"enforce_eager": not given.compile, **room}
    else:
        from tlite.vllm import LLM, SamplingParams  # type: ignore[assignment]

        options = {"threads": given.threads, **({"dtype": given.dtype} if given.dtype else {})}
    llm = LLM(model=given.model, max_model_len=2048, seed=0, **options)
    one = SamplingParams(temperature=0, max_tokens=1)
    llm.generate([{"prompt_token_ids": [11, 12, 13]}], one, use_tqdm=False)
    cold = {"first": time.time() - given.start, "first_work": time.process_time()}
    prompts = [prompt_of(i, 8 + i % 17) for i in range(given.prompts)]
    params = SamplingParams(temperature=0, max_tokens=given.tokens, ignore_eos=True)
    begin, worked = time.monotonic(), time.process_time()
    outputs = llm.generate(prompts, params, use_tqdm=False)
    seconds, worked = time.monotonic() - begin, time.process_time() - worked
    said = sum(len(output.outputs[0].token_ids) for output in outputs)
    assert said == given.prompts * given.tokens
    rates = {"rate": said / seconds, "work_rate": said / worked}
    rates |= {f"at {count}": rate_at_once(llm, params, count) for count in given.at_once}
    return {**cold, **rates, "memory": peak() / 2**20}


def prompt_of(seed: int, length: int) -> dict[str, list[int]]:
    """Ids like nobody else's."""
    return {"prompt_token_ids": [(7 * seed + 13 * j) % 5000 + 100 for j in range(length)]}


def rate_at_once(llm: Any, params: Any, count: int) -> float:
    """Tokens a second, those of the prompts included, of so many requests at once."""
    lengths = [16 + 53 * i % 235 for i in range(count)]
    prompts = [prompt_of(1000 * count + i, length) for i, length in enumerate(lengths)]
    begin = time.monotonic()
    outputs = llm.generate(prompts, params, use_tqdm=False)
    said = sum(len(output.outputs[0].token_ids) for output in outputs)
    return (sum(lengths) + said) / (time.monotonic() - begin)


def peak() -> int:
    """Bytes that were resident at most, mapped files included."""
    for line in Path("/proc/self/status").read_text().splitlines():
        if line.startswith("VmHWM"):
            return int(line.split()[1]) * 1024
    raise RuntimeError("there is no VmHWM")


def started(library: str, python: str, given: argparse.Namespace) -> dict[str, float]:
    """The same from a process of its own."""
    threads = str(given.threads)
    environment = {
        **os.environ,
        "PYTHONPATH": str(SOURCE) if library == "tlite" else "",
        "OMP_NUM_THREADS": threads,
        "VLLM_ENABLE_V1_MULTIPROCESSING": "0",
        "VLLM_LOGGING_LEVEL": "ERROR",
        "VLLM_NO_USAGE_STATS": "1",
    }
    command = [python, __file__, given.model, "--library", library, "--start", str(time.time())]
    for name in ("prompts", "tokens", "threads"):
        command += [f"--{name}", str(getattr(given, name))]
    command += ["--at-once", *map(str, given.at_once)] if given.at_once else []
    command += ["--compile"] * given.compile
    if given.dtype:
        command += ["--dtype", given.dtype]
    run = subprocess.run(command, env=environment, capture_output=True, text=True, check=False)
    if run.returncode:
        raise RuntimeError(f"{library} failed:\n{run.stderr[-2000:]}")
    made: dict[str, float] = json.loads(run.stdout.splitlines()[-1])
    return made


def main() -> None:
    """Prints a row a library, and ratios."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("model")
    parser.add_argument("--vllm", default="", help="Python of vLLM's venv")
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--prompts", type=int, default=200)
    parser.add_argument("--tokens", type=int, default=8)
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--at-once", type=int, nargs="+", default=[], help="requests at once")
    parser.add_argument("--dtype", default="", help="of tlite; none: auto")
    parser.add_argument("--compile", action="store_true", help="vLLM without enforce_eager")
    parser.add_argument("--library", default="", help=argparse.SUPPRESS)
    parser.add_argument("--start", type=float, default=0.0, help=argparse.SUPPRESS)
    given = parser.parse_args()
    if given.library:
        print(json.dumps(measured(given.library, given)))
        return
    pythons = {"tlite": sys.executable, **({"vllm": given.vllm} if given.vllm else {})}
    found: dict[str, list[dict[str, float]]] = {name: [] for name in pythons}
    for _ in range(given.rounds):
        for name, python in pythons.items():
            found[name].append(started(name, python, given))
            print(name, found[name][-1], flush=True)
    middle = {
        name: {key: statistics.median(row[key] for row in rows) for key in rows[0]}
        for name, rows in found.items()
    }
    for name, row in middle.items():
        print(
            f"{name}: {row['rate']:.1f} tokens/s, {row['work_rate']:.1f} a second of a processor,"
            f" {row['memory']:.0f} MiB at most,"
            f" first answer after {row['first']:.2f} s, {row['first_work']:.2f} of a processor"
        )
        for count in given.at_once:
            print(f"{name}: {count} at once, {row[f'at {count}']:.1f} tokens/s")
    if "vllm" in middle:
        mine, theirs = middle["tlite"], middle["vllm"]
        print(
            f"tlite / vllm: {mine['rate'] / theirs['rate']:.2f} of the tokens a second,"
            f" {mine['work_rate'] / theirs['work_rate']:.2f} by processor time,"
            f" {mine['memory'] / theirs['memory']:.2f} of the memory,"
            f" first answer {theirs['first'] / mine['first']:.1f} times sooner,"
            f" {theirs['first_work'] / mine['first_work']:.1f} by processor time"
        )
        for count in given.at_once:
            ratio = mine[f"at {count}"] / theirs[f"at {count}"]
            print(f"tlite / vllm: {count} at once, {ratio:.2f} of the tokens a second")


if __name__ == "__main__":
    main()
