"""Crowds: thousands of connections, few descriptors, heads and answers that pile up."""

from __future__ import annotations

import contextlib
import json
import resource
import select
import socket
import threading
import time
from collections.abc import Iterator
from pathlib import Path

from client import Server, ServerTest, main
from raw_test import CHAT, chat_request, head, status

HERE = 128  # descriptors of this process besides those of a crowd


def raise_limit() -> int:
    """As many descriptors as there may be."""
    _, most = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (most, most))
    return most


class Crowd:
    """Connections that are not waited for."""

    def __init__(self, port: int) -> None:
        self.port = port
        self.all: list[socket.socket] = []

    def add(self, count: int, data: bytes = b"") -> None:
        """More of them, each of which has sent this."""
        for _ in range(count):
            one = socket.create_connection(("127.0.0.1", self.port), timeout=60)
            self.all.append(one)
            if data:
                # The server may have let it go.
                with contextlib.suppress(ConnectionResetError, BrokenPipeError):
                    one.sendall(data)

    def alive(self) -> int:
        """How many the server has not ended."""
        poll = select.poll()
        for one in self.all:
            poll.register(one, select.POLLIN)
        ended = 0
        by_number = {one.fileno(): one for one in self.all}
        for number, _ in poll.poll(0):
            try:
                ended += by_number[number].recv(1, socket.MSG_PEEK) == b""
            except OSError:
                ended += 1
        return len(self.all) - ended


class CrowdTest(ServerTest):
    """Whoever is there, a client that knows what it wants is served."""

    @contextlib.contextmanager
    def crowd(self) -> Iterator[Crowd]:
        """One that goes in the end, which the server notices."""
        crowd = Crowd(self.server.port)
        try:
            yield crowd
        finally:
            for one in crowd.all:
                one.close()
            end = time.monotonic() + 60
            while self.metric("tlite:connections") > 1 and time.monotonic() < end:
                time.sleep(0.05)
            self.assertEqual(self.metric("tlite:connections"), 1)

    def processor_time(self) -> float:
        """Seconds that the server has worked."""
        fields = Path(f"/proc/{self.server.process.pid}/stat").read_text(encoding="ascii")
        user, system = fields.rsplit(")", 1)[1].split()[11:13]
        return (int(user) + int(system)) / 100

    def served(self) -> None:
        """A whole answer and a stream."""
        self.assertEqual(len(self.chat("Привет", max_tokens=2)["choices"]), 1)
        answer = self.raw(chat_request(max_tokens=2, stream=True))
        self.assertIn(b"data: [DONE]", answer)


class ManyTest(CrowdTest):
    """Ten thousand, or what this machine lets a process have."""

    def test_silent(self) -> None:
        """Those that say nothing cost some kilobytes each, and no time."""
        count = min(10000, raise_limit() - HERE)
        before = self.server.memory()
        with self.crowd() as crowd:
            crowd.add(count)
            self.served()
            self.assertGreater(self.metric("tlite:connections"), count * 0.9)
            self.assertEqual(crowd.alive(), count)
            self.assertLess(self.server.memory() - before, count * 8192 + (8 << 20))
            spent = self.processor_time()
            time.sleep(1)
            self.assertLess(self.processor_time() - spent, 0.5)

    def test_asking(self) -> None:
        """All ask at once: as many as there are places for are answered, the others told."""
        count = min(2000, raise_limit() - HERE)
        request = chat_request(max_tokens=2)
        with self.crowd() as crowd:
            crowd.add(count, request)
            statuses = []
            for one in crowd.all:
                read = b""
                while piece := one.recv(65536):
                    read += piece
                statuses.append(status(read))
                json.loads(read.split(b"\r\n\r\n", 1)[1])
            self.assertEqual(set(statuses) - {200, 429}, set())
            self.assertGreaterEqual(statuses.count(200), 80)
            self.served()


class FullTest(CrowdTest):
    """A server with few descriptors."""

    limit = 200  # 64 of which are not for connections

    @classmethod
    def setUpClass(cls) -> None:
        """It has this limit from the shell that starts it."""
        raise_limit()

        def lower() -> None:
            resource.setrlimit(resource.RLIMIT_NOFILE, (cls.limit, cls.limit))

        cls.server = Server(before=lower)

    def test_limit_is_said(self) -> None:
        """Who runs it is told."""
        said = f"at most {self.limit - 64} connections at once, as RLIMIT_NOFILE is {self.limit}"
        self.assertIn(said, self.server.lines[0])

    def test_silent_make_room(self) -> None:
        """Who has been silent longest goes for who comes."""
        with self.crowd() as crowd:
            crowd.add(500)
            self.served()
            self.assertLessEqual(self.metric("tlite:connections"), self.limit - 64)
            self.assertLess(crowd.alive(), self.limit)
            self.assertGreater(crowd.alive(), self.limit - 80)
            self.assertEqual(crowd.all[0].recv(1), b"")

    def test_slow_make_room(self) -> None:
        """The same of those who never come to an end with what they ask."""
        with self.crowd() as crowd:
            crowd.add(250, b"GET /health HT")
            crowd.add(250, head("POST", CHAT, "Content-Length: 100") + b"{")
            self.served()

    def test_kept_connections_are_let_go(self) -> None:
        """Those that were answered and wait for the next request as well."""
        with self.crowd() as crowd:
            crowd.add(300, head("GET", "/health"))
            self.served()
            answered = sum(status(one.recv(4096)) == 200 for one in crowd.all)
            self.assertEqual(answered, 300)

    def test_no_descriptor(self) -> None:
        """Where the process has none left, nothing spins, and idle connections give theirs."""
        pid = self.server.process.pid
        used = len(list(Path(f"/proc/{pid}/fd").iterdir()))
        resource.prlimit(pid, resource.RLIMIT_NOFILE, (used + 20, self.limit))
        try:
            with self.crowd() as crowd:
                crowd.add(100)
                self.served()
                spent = self.processor_time()
                time.sleep(1)
                self.assertLess(self.processor_time() - spent, 0.3)
        finally:
            resource.prlimit(pid, resource.RLIMIT_NOFILE, (self.limit, self.limit))


class PilesTest(CrowdTest):
    """What many send or do not take is bounded together: 256 MiB of each, and what malloc keeps."""

    before: int

    @classmethod
    def setUpClass(cls) -> None:
        """Memory is kept from one test to the next."""
        super().setUpClass()
        cls.before = cls.server.memory()

    def tearDown(self) -> None:
        """Bounded after each of them."""
        self.assertLess(self.server.memory() - self.before, 400 << 20)

    def test_heads(self) -> None:
        """Of heads that do not end, the oldest go before memory does."""
        count = min(10000, raise_limit() - HERE)
        piece = b"GET /health HTTP/1.1\r\nX: " + b"a" * 31000
        with self.crowd() as crowd:
            crowd.add(count, piece)
            self.served()
            self.assertLess(crowd.alive(), count)

    def test_many_fields(self) -> None:
        """The same of heads with thousands of lines, whose bodies do not come."""
        lines = [f"a{i}:" for i in range(4000)]
        with self.crowd() as crowd:
            crowd.add(1500, head("POST", CHAT, "Content-Length: 9", *lines))
            self.served()
            self.assertLess(crowd.alive(), 1500)

    def test_answers(self) -> None:
        """Answers that nobody takes."""
        with self.crowd() as crowd:
            # Several on one connection, so that the system's buffers do not hold them.
            crowd.add(3000, head("GET", "/openapi.json") * 20)
            self.served()


class ManyClientsTest(CrowdTest):
    """A crowd that is silent beside clients that are not."""

    def test_beside(self) -> None:
        """Clients are served while thousands connect."""
        failed: list[BaseException] = []
        done = threading.Event()

        def ask() -> None:
            try:
                while not done.is_set():
                    self.served()
            except BaseException as error:
                failed.append(error)

        asking = [threading.Thread(target=ask) for _ in range(4)]
        for thread in asking:
            thread.start()
        with self.crowd() as crowd:
            crowd.add(min(5000, raise_limit() - HERE))
            done.set()
            for thread in asking:
                thread.join()
        self.assertEqual(failed, [])


if __name__ == "__main__":
    main()
