"""Many streaming clients at once, some of which go away in the middle, for as long as is asked.

    soak.py TLITE_SERVER MODEL [--seconds 300] [--clients 64] [--pool 48] [--longest 8192]
            [--answer 128] [--context 16384] [--parallel 64] [--flags ...] [--seed 1] [--grace 30]

Clients draw from a pool of requests: prompts as token ids, log-uniform up to the longest one, the
longest among them; greedy and sampled with seeds, with and without log probabilities. A third of
the requests is left in the middle: of the head, of the body, before the first token or after some,
by an end or a reset. In the end

- every answer was a whole stream with status 200 and the server said nothing on stderr,
- every finished one is the same, log probabilities included, as that of a fresh server alone,
- no request, connection, descriptor or page of the KV cache is held by anybody,
- resident memory is flat: the series, its slope and the growth in the last third are printed,
  and the last is bounded (--growth, MB). Other requests fill the KV cache before, for the system
  gives memory when it is first written to.
"""

from __future__ import annotations

import argparse
import asyncio
import contextlib
import http.client
import json
import os
import random
import re
import shlex
import socket
import statistics
import struct
import sys
import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from client import Server

ROUTE = "/v1/completions"


@dataclass
class Said:
    """A finished answer: its text, its log probabilities as written, why it ended."""

    text: str = ""
    logprobs: list[Any] = field(default_factory=list)
    reason: str | None = None
    tokens: int = 0

    def take(self, event: dict[str, Any]) -> None:
        """One event of the stream."""
        if event.get("usage"):
            self.tokens = int(event["usage"]["completion_tokens"])
        for choice in event["choices"]:
            self.text += choice["text"]
            if choice["logprobs"]:
                self.logprobs += choice["logprobs"]["token_logprobs"]
            self.reason = choice["finish_reason"] or self.reason


@dataclass
class Tally:
    """What happened."""

    finished: list[tuple[int, Said]] = field(default_factory=list)
    left: int = 0
    errors: list[str] = field(default_factory=list)
    memory: list[tuple[float, int]] = field(default_factory=list)  # seconds, bytes


class LeftError(Exception):
    """The client has gone on purpose."""


def get(port: int, path: str, body: object = None) -> bytes:
    """An answer of the server, which must be 200."""
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=600)
    with contextlib.closing(connection):
        data = None if body is None else json.dumps(body)
        connection.request("GET" if body is None else "POST", path, data)
        response = connection.getresponse()
        read = response.read()
        assert response.status == 200, read
        return read


def metric(port: int, name: str) -> float:
    """A number of /metrics."""
    text = get(port, "/metrics").decode()
    found = re.search(rf"^{re.escape(name)} (\S+)$", text, re.MULTILINE)
    assert found is not None, text
    return float(found[1])


def pool_of(flags: argparse.Namespace, port: int) -> list[dict[str, Any]]:
    """The requests. Their ids are those of random words, so that any model has them."""
    draw = random.Random(flags.seed)
    room = json.loads(get(port, "/v1/models"))["data"][0]["max_model_len"]
    longest = min(flags.longest, room - flags.answer)
    letters = "абвгдежзиклмнопрстуфхцчшыьэюя" + "etaoinshrdlu"
    ids: list[int] = []
    while len(ids) < 4 * longest:
        words = ("".join(draw.choices(letters, k=draw.randint(1, 9))) for _ in range(4000))
        ids += json.loads(get(port, "/tokenize", {"content": " ".join(words)}))["tokens"]
    pool: list[dict[str, Any]] = []
    for i in range(flags.pool):
        share = 1.0 if i < max(1, flags.pool // 16) else draw.random()
        length = round(8 * (longest / 8) ** share)
        begin = draw.randrange(len(ids) - length)
        pool.append({
            "prompt": ids[begin : begin + length],
            "max_tokens": draw.randint(1, flags.answer),
            "temperature": draw.choice((0, 0.7, 1.5)),
            "repetition_penalty": draw.choice((1, 1.05)),
            "seed": draw.randrange(1 << 30),
            "logprobs": draw.choice((None, 0, 3)),
            "ignore_eos": True,
            "stream": True,
            "stream_options": {"include_usage": True},
        })  # fmt: skip
    return pool


def fill(flags: argparse.Namespace, port: int) -> None:
    """Prompts of their own until each page of the cache has been in use."""
    left = flags.context
    draw = random.Random(flags.seed + 2)
    while left > 0:
        count = min(1000, left)
        prompt = [draw.randrange(100, 2000) for _ in range(count)]
        get(port, ROUTE, {"prompt": prompt, "max_tokens": 1})
        left -= count


def request_bytes(body: dict[str, Any]) -> tuple[bytes, bytes]:
    """Head and body."""
    data = json.dumps(body).encode()
    lines = (f"POST {ROUTE} HTTP/1.1", "Host: localhost", f"Content-Length: {len(data)}", "", "")
    return "\r\n".join(lines).encode(), data


async def chunk(reader: asyncio.StreamReader) -> bytes:
    """The next piece of a body; the last one is empty."""
    size = int((await reader.readuntil(b"\r\n")).strip(), 16)
    return (await reader.readexactly(size + 2))[:-2]


class Client:
    """One that asks again and again, on one connection for as long as that lives."""

    def __init__(
        self, port: int, pool: list[dict[str, Any]], draw: random.Random, tally: Tally
    ) -> None:
        self.port = port
        self.pool = pool
        self.draw = draw
        self.tally = tally
        self.streams: tuple[asyncio.StreamReader, asyncio.StreamWriter] | None = None

    async def connect(self) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
        """The connection."""
        if self.streams is None:
            self.streams = await asyncio.open_connection("127.0.0.1", self.port, limit=1 << 20)
        return self.streams

    async def leave(self) -> None:
        """Ends it, or resets it."""
        assert self.streams is not None
        writer = self.streams[1]
        if self.draw.random() < 0.5:
            raw = writer.get_extra_info("socket")
            raw.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        await self.close()

    async def close(self) -> None:
        """Whatever state it is in."""
        if self.streams is None:
            return
        writer = self.streams[1]
        self.streams = None
        writer.close()
        with contextlib.suppress(OSError):
            await writer.wait_closed()

    async def send(self, body: dict[str, Any], place: str | None) -> None:
        """The request, or a part of it."""
        _, writer = await self.connect()
        head, data = request_bytes(body)
        if place == "head":
            writer.write(head[: self.draw.randrange(1, len(head))])
        elif place == "body":
            writer.write(head + data[: self.draw.randrange(len(data))])
        else:
            writer.write(head + data)
        await writer.drain()
        if place in ("head", "body"):
            await asyncio.sleep(self.draw.random() * 0.1)
            raise LeftError
        if place == "prompt":
            await asyncio.sleep(self.draw.expovariate(2))
            raise LeftError

    async def read(self, most_events: int | None) -> Said:
        """The stream; of one that is left, so many events."""
        reader, _ = await self.connect()
        head = (await reader.readuntil(b"\r\n\r\n")).decode()
        if not head.startswith("HTTP/1.1 200 "):
            raise ValueError(head)
        text = b""
        said = Said()
        while piece := await chunk(reader):
            text += piece
            *blocks, text = text.split(b"\n\n")
            for block in blocks:
                if block.startswith(b":"):
                    continue
                if block == b"data: [DONE]":
                    assert await chunk(reader) == b""
                    return said
                said.take(json.loads(block.removeprefix(b"data: ")))
                if most_events is not None and (most_events := most_events - 1) <= 0:
                    raise LeftError
        raise ValueError("a stream without its end: " + repr(said))

    async def ask(self, leaves: bool) -> None:
        """One request."""
        at = self.draw.randrange(len(self.pool))
        place = self.draw.choice(("head", "body", "prompt", "answer")) if leaves else None
        try:
            await self.send(self.pool[at], place)
            events = self.draw.randint(1, 64) if place == "answer" else None
            self.tally.finished.append((at, await self.read(events)))
        except LeftError:
            self.tally.left += 1
            await self.leave()

    async def run(self, end: float) -> None:
        """Until the time is over."""
        try:
            while time.monotonic() < end:
                await self.ask(self.draw.random() < 1 / 3)
        except (OSError, ValueError, asyncio.IncompleteReadError, AssertionError) as error:
            self.tally.errors.append(repr(error))
        finally:
            await self.close()


async def soak(flags: argparse.Namespace, server: Server, pool: list[dict[str, Any]]) -> Tally:
    """All clients; what memory the server takes meanwhile."""
    tally = Tally()
    draw = random.Random(flags.seed + 1)
    begin = time.monotonic()
    clients = [
        Client(server.port, pool, random.Random(draw.random()), tally) for _ in range(flags.clients)
    ]
    running = [asyncio.create_task(client.run(begin + flags.seconds)) for client in clients]

    async def watch() -> None:
        while True:
            tally.memory.append((time.monotonic() - begin, server.memory()))
            await asyncio.sleep(min(1.0, flags.seconds / 30))

    watching = asyncio.create_task(watch())
    _, late = await asyncio.wait(running, timeout=flags.seconds + flags.grace)
    for task in late:
        task.cancel()
        tally.left += 1
    await asyncio.wait(running)
    watching.cancel()
    return tally


def alone(port: int, pool: list[dict[str, Any]], which: set[int]) -> dict[int, Said]:
    """The same requests one after the other."""
    tally = Tally()

    async def ask() -> None:
        client = Client(port, [], random.Random(0), tally)
        for at in sorted(which):
            client.pool = [pool[at]]
            await client.ask(leaves=False)
            tally.finished[-1] = (at, tally.finished[-1][1])
        await client.close()

    asyncio.run(ask())
    return dict(tally.finished)


def flatness(series: list[tuple[float, int]]) -> tuple[float, float]:
    """The slope over the last two thirds, MB a minute; the growth from second third to last."""
    third = len(series) // 3
    later = [(at, size / 1e6) for at, size in series[third:]]
    slope = statistics.linear_regression([at for at, _ in later], [mb for _, mb in later]).slope
    middle = max(mb for _, mb in later[:third])
    return slope * 60, max(mb for _, mb in later[third:]) - middle


def held(port: int) -> dict[str, float]:
    """What nobody may hold any more, besides the connection that asks."""
    return {
        "running": metric(port, "vllm:num_requests_running"),
        "waiting": metric(port, "vllm:num_requests_waiting"),
        "connections": metric(port, "tlite:connections") - 1,
        "pages": metric(port, "vllm:kv_cache_usage_perc"),
    }


@contextlib.contextmanager
def serving(flags: argparse.Namespace) -> Iterator[Server]:
    """A server, which is gone afterwards whatever happens."""
    sizes = ("--context", str(flags.context), "--parallel", str(flags.parallel))
    models = (f"model={Path(flags.model).resolve()}",)
    server = Server(*sizes, *shlex.split(flags.flags), models=models)
    try:
        yield server
    finally:
        if server.process.poll() is None:
            server.process.kill()


def descriptors(server: Server) -> int:
    """Those that are open."""
    return len(os.listdir(f"/proc/{server.process.pid}/fd"))


def report(tally: Tally, seconds: float) -> None:
    """What happened, in some lines."""
    tokens = sum(said.tokens for _, said in tally.finished)
    print(
        f"{len(tally.finished)} answers finished ({tokens} tokens), {tally.left} left, "
        f"{len(tally.errors)} errors in {seconds:.0f} s"
    )
    step = max(1, len(tally.memory) // 20)
    print("resident MB:", *(f"{size / 1e6:.0f}" for _, size in tally.memory[::step]))


def check(flags: argparse.Namespace, server: Server, tally: Tally, before: int) -> list[str]:
    """What is wrong."""
    wrong = list(tally.errors)
    end = time.monotonic() + 30
    while any(held(server.port).values()) and time.monotonic() < end:
        time.sleep(0.05)
    wrong += [f"{name}: {count}" for name, count in held(server.port).items() if count != 0]
    while descriptors(server) > before and time.monotonic() < end:
        time.sleep(0.05)
    if descriptors(server) != before:
        wrong.append(f"descriptors: {before} before, {descriptors(server)} after")
    slope, growth = flatness(tally.memory)
    print(f"slope {slope:+.2f} MB a minute, last third {growth:+.1f} MB")
    if growth > flags.growth:
        wrong.append(f"resident memory grew by {growth:.1f} MB in the last third")
    return wrong


def run(flags: argparse.Namespace) -> list[str]:
    """The soak and its checks: what is wrong."""
    with serving(flags) as server:
        pool = pool_of(flags, server.port)
        fill(flags, server.port)
        time.sleep(1)  # until the connections of that are gone
        before = descriptors(server)
        begin = time.monotonic()
        tally = asyncio.run(soak(flags, server, pool))
        report(tally, time.monotonic() - begin)
        wrong = check(flags, server, tally, before)
        if server.stop() != 0 or len(server.lines) != 1:
            wrong.append("the server ended badly or said: " + "".join(server.lines[1:]))
    with serving(flags) as fresh:
        expected = alone(fresh.port, pool, {at for at, _ in tally.finished})
    different = sorted({at for at, said in tally.finished if said != expected[at]})
    if different:
        wrong.append(f"requests {different} were answered in another way than alone")
    if len(tally.finished) < flags.clients // 2 or tally.left < flags.clients // 4:
        wrong.append("too few requests for a test")
    return wrong


def main() -> None:
    """Exit status 0 where nothing is wrong."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("server")
    parser.add_argument("model")
    parser.add_argument("--seconds", type=float, default=300)
    parser.add_argument("--clients", type=int, default=64)
    parser.add_argument("--pool", type=int, default=48, help="different requests")
    parser.add_argument("--longest", type=int, default=8192, help="tokens of a prompt")
    parser.add_argument("--answer", type=int, default=128, help="the most tokens of an answer")
    parser.add_argument("--context", type=int, default=16384, help="tokens in the KV cache")
    parser.add_argument("--parallel", type=int, default=64, help="requests answered at once")
    parser.add_argument("--flags", default="", help="more flags of the server")
    parser.add_argument("--growth", type=float, default=8, help="MB of memory in the last third")
    parser.add_argument("--grace", type=float, default=30, help="seconds for the last answers")
    parser.add_argument("--seed", type=int, default=1)
    flags = parser.parse_args()
    wrong = run(flags)
    for line in wrong:
        print("wrong:", line)
    sys.exit(1 if wrong else 0)


if __name__ == "__main__":
    main()
