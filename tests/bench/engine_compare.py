"""An engine's throughput beside llama.cpp's server (PyPI xllamacpp), by turns.

    engine_compare.py ENGINE_BENCH MODEL.gguf [--parallel 1 4 16 64] [--requests 24] [--rounds 3]

Both get the same requests, all at once: prompts as ids, answers of a given length. llama.cpp's
server runs in a process of its own with as many slots, continuous batching and its prompt cache.
Prints for each number of parallel requests the medians of all tokens a second, and their ratio.
"""

from __future__ import annotations

import argparse
import json
import statistics
import subprocess
import sys
import threading
import time
from typing import Any


def ask(bench: str, *arguments: str) -> list[dict[str, Any]]:
    """The rows that engine_bench prints."""
    done = subprocess.run([bench, *arguments], capture_output=True, text=True, check=True)
    return [json.loads(line) for line in done.stdout.splitlines()]


def serve(model: str, parallel: int, requests: list[dict[str, Any]], threads: int) -> float:
    """Tokens a second of llama.cpp's server."""
    import xllamacpp

    params = xllamacpp.CommonParams()
    params.model.path = model
    params.n_parallel = parallel
    params.n_ctx = max(4096, parallel * 1100)
    params.n_batch = 512
    params.n_ubatch = 512
    params.cpuparams.n_threads = threads
    params.cpuparams_batch.n_threads = threads
    params.warmup = True
    params.n_gpu_layers = 0
    params.cont_batching = True
    server = xllamacpp.Server(params)
    tokens: list[int] = []

    def complete(request: dict[str, Any]) -> None:
        body = {
            "prompt": request["prompt"],
            "n_predict": request["answer"],
            "ignore_eos": True,
            "temperature": 0,
            "cache_prompt": True,
        }
        answer = server.handle_completions(body)
        if isinstance(answer, str):
            answer = json.loads(answer)
        if isinstance(answer, list):
            answer = answer[0]
        said = answer.get("tokens_predicted")
        if said is None:
            said = answer["usage"]["completion_tokens"]
        tokens.append(len(request["prompt"]) + int(said))

    workers = [threading.Thread(target=complete, args=(request,)) for request in requests]
    start = time.monotonic()
    for worker in workers:
        worker.start()
    for worker in workers:
        worker.join()
    seconds = time.monotonic() - start
    expected = sum(len(request["prompt"]) + request["answer"] for request in requests)
    if sum(tokens) != expected:
        sys.exit(f"llama.cpp worked on {sum(tokens)} tokens where {expected} were asked for")
    return expected / seconds


def main() -> None:
    """Runs both by turns."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("bench")
    parser.add_argument("model")
    parser.add_argument("--parallel", type=int, nargs="+", default=[1, 4, 16, 64])
    parser.add_argument("--requests", type=int, default=24)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--peer", action="store_true", help="one run of llama.cpp alone")
    flags = parser.parse_args()
    requests = ask(flags.bench, flags.model, "requests", str(flags.requests))
    if flags.peer:
        print(
            json.dumps(serve(flags.model, flags.parallel[0], requests, flags.threads)), flush=True
        )
        return
    for parallel in flags.parallel:
        ours: list[float] = []
        theirs: list[float] = []
        for _ in range(flags.rounds):
            row = ask(flags.bench, flags.model, "throughput", str(parallel), str(flags.requests))
            ours.append(row[0]["tokens_per_second"])
            command = [
                sys.executable,
                __file__,
                flags.bench,
                flags.model,
                "--peer",
                "--parallel",
                str(parallel),
                "--requests",
                str(flags.requests),
            ]
            done = subprocess.run(command, capture_output=True, text=True, check=True)
            theirs.append(float(json.loads(done.stdout.splitlines()[-1])))
        mine, peer = statistics.median(ours), statistics.median(theirs)
        print(
            f"{parallel:3} requests at once: {mine:8.1f} tokens/s, llama.cpp {peer:8.1f}, "
            f"ratio {mine / peer:.2f}",
            flush=True,
        )


if __name__ == "__main__":
    main()
