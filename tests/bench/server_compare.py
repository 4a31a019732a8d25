"""The server over HTTP, beside the engine in process and beside llama.cpp's server, by turns.

    server_compare.py TLITE_SERVER ENGINE_BENCH MODEL.gguf [--clients 1 4 16] [--rounds 3]
                      [--requests 24] [--llama LLAMA_SERVER]
    server_compare.py TLITE_SERVER ENGINE_BENCH MODEL.gguf --start [--llama LLAMA_SERVER]

All get the same requests: those of `engine_bench throughput`, prompts as ids and answers of a given
length, as streams of /v1/completions. So many clients at once take the next request when the last
one is answered; the engine runs as many sequences. Prints the medians of the rounds, and ratios: of
time, and, beside the engine, of processor time too, which says what HTTP costs where other programs
share the machine. --start: from a server's start to its first answer, of one token.
"""

from __future__ import annotations

import argparse
import contextlib
import http.client
import json
import os
import shlex
import statistics
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from engine_compare import ask, free_port


class Server:
    """One that runs."""

    def __init__(self, command: list[str]) -> None:
        self.port = free_port()
        where = ["--host", "127.0.0.1", "--port", str(self.port)]
        self.started = time.monotonic()
        self.process = subprocess.Popen(
            [*command, *where], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
        )

    def processor_time(self) -> float:
        """Seconds that all its threads have worked."""
        text = Path(f"/proc/{self.process.pid}/stat").read_text(encoding="ascii")
        user, system = text.rsplit(")", 1)[1].split()[11:13]
        return (int(user) + int(system)) / os.sysconf("SC_CLK_TCK")

    def complete(self, request: dict[str, Any]) -> int | None:
        """The tokens of a streamed answer; None while the server does not answer yet."""
        body = {
            "prompt": request["prompt"],
            "max_tokens": request["answer"],
            "ignore_eos": True,
            "temperature": 0,
            "stream": True,
            "stream_options": {"include_usage": True},
        }
        connection = http.client.HTTPConnection("127.0.0.1", self.port)
        with contextlib.closing(connection):
            try:
                connection.request(
                    "POST",
                    "/v1/completions",
                    json.dumps(body),
                    {"Content-Type": "application/json"},
                )
            except ConnectionRefusedError:
                return None
            answer = connection.getresponse()
            read = answer.read()
        if answer.status == 503:
            return None
        if answer.status != 200:
            sys.exit(f"{self.process.args!r} answered {answer.status}: {read[:500]!r}")
        usage = [line for line in read.split(b"\n") if b'"usage":{' in line]
        return int(json.loads(usage[-1].removeprefix(b"data: "))["usage"]["completion_tokens"])

    def wait(self, request: dict[str, Any]) -> float:
        """Seconds from the start to this answer."""
        while self.complete(request) is None:
            if self.process.poll() is not None:
                sys.exit(f"{self.process.args!r} ended with {self.process.returncode}")
            time.sleep(0.002)
        return time.monotonic() - self.started


@contextlib.contextmanager
def serving(command: list[str]) -> Iterator[Server]:
    """One that ends."""
    server = Server(command)
    try:
        yield server
    finally:
        server.process.terminate()
        server.process.wait()


def ours(flags: argparse.Namespace, clients: int) -> list[str]:
    """Our server with as much room as engine_bench gives its engine."""
    sizes = ["--parallel", str(clients), "--context", str(max(4096, clients * 1100))]
    return [flags.server, flags.model, "--threads", str(flags.threads), *sizes]


def theirs(flags: argparse.Namespace, clients: int) -> list[str]:
    """llama.cpp's with the same."""
    threads = ["-t", str(flags.threads), "-tb", str(flags.threads)]
    sizes = ["-np", str(clients), "-c", str(max(4096, clients * 1100))]
    return [flags.llama, "-m", flags.model, *threads, *sizes, *shlex.split(flags.llama_flags)]


def run_of(command: list[str], clients: int, requests: list[dict[str, Any]]) -> tuple[float, float]:
    """Seconds for all requests, and of the server's processors."""
    left = list(reversed(requests))
    tokens: list[int] = []

    def work() -> None:
        while left:
            request = left.pop()
            count = server.complete(request)
            if count is None or count != request["answer"]:
                raise ValueError(f"{count} tokens where {request['answer']} were asked for")
            tokens.append(count)

    with serving(command) as server:
        server.wait({"prompt": [1000, 1001], "answer": 1})
        workers = [threading.Thread(target=work) for _ in range(clients)]
        spent = server.processor_time()
        begin = time.monotonic()
        for worker in workers:
            worker.start()
        for worker in workers:
            worker.join()
        seconds = time.monotonic() - begin
        spent = server.processor_time() - spent
    if len(tokens) != len(requests):
        sys.exit(f"{command} answered {len(tokens)} of {len(requests)} requests")
    return seconds, spent


def compare(flags: argparse.Namespace) -> None:
    """Requests a second, for each number of clients."""
    for clients in flags.clients:
        count = max(flags.requests, clients)
        requests = ask(flags.bench, flags.model, "requests", str(count))
        seconds: dict[str, list[float]] = {"engine": [], "server": [], "llama.cpp": []}
        spent: dict[str, list[float]] = {"engine": [], "server": [], "llama.cpp": []}
        for _ in range(flags.rounds):
            row = ask(flags.bench, flags.model, "throughput", str(clients), str(count))[0]
            runs = {"engine": (row["seconds"], row["processor_seconds"])}
            runs["server"] = run_of(ours(flags, clients), clients, requests)
            if flags.llama:
                runs["llama.cpp"] = run_of(theirs(flags, clients), clients, requests)
            for name, (wall, processor) in runs.items():
                seconds[name].append(wall)
                spent[name].append(processor)
        time_of = {name: statistics.median(all_) for name, all_ in seconds.items() if all_}
        work_of = {name: statistics.median(all_) for name, all_ in spent.items() if all_}
        print(
            f"{clients:3} clients: {count / time_of['server']:.3f} requests/s, "
            f"{time_of['server'] / time_of['engine']:.3f} times the engine's time, "
            f"{work_of['server'] / work_of['engine']:.3f} times its processor time",
            end="",
        )
        if flags.llama:
            peer = time_of["llama.cpp"]
            print(f"; llama.cpp {count / peer:.3f}, ratio {peer / time_of['server']:.2f}", end="")
        print(flush=True)


def compare_start(flags: argparse.Namespace) -> None:
    """From the start to the first answer."""
    request = {"prompt": list(range(1000, 1016)), "answer": 1}
    commands = {"server": ours(flags, 1)}
    if flags.llama:
        commands["llama.cpp"] = theirs(flags, 1)
    found: dict[str, list[float]] = {name: [] for name in commands}
    for _ in range(flags.rounds):
        for name, command in commands.items():
            with serving(command) as server:
                found[name].append(server.wait(request))
    for name, all_ in found.items():
        print(
            f"{name}: first answer after {statistics.median(all_):.3f} s, {min(all_):.3f} at best"
        )
    if flags.llama:
        ratio = statistics.median(found["llama.cpp"]) / statistics.median(found["server"])
        print(f"ratio {ratio:.2f}")


def main() -> None:
    """Runs them by turns."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("server")
    parser.add_argument("bench", help="engine_bench")
    parser.add_argument("model")
    parser.add_argument("--llama", help="llama-server")
    parser.add_argument("--llama-flags", default="", help="more flags of it")
    parser.add_argument("--clients", type=int, nargs="+", default=[1, 4, 16])
    parser.add_argument("--requests", type=int, default=24, help="no fewer than there are clients")
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--start", action="store_true", help="how soon the first answer comes")
    flags = parser.parse_args()
    compare_start(flags) if flags.start else compare(flags)


if __name__ == "__main__":
    main()
