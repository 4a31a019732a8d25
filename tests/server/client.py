"""Starts `tlite-server` for the tests and talks to it; Python's standard library only."""

from __future__ import annotations

import atexit
import contextlib
import http.client
import json
import os
import re
import signal
import socket
import subprocess
import sys
import threading
import unittest
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

BINARY = Path(sys.argv[1]).resolve() if len(sys.argv) > 1 else Path("tlite-server")
MODEL = str(Path(sys.argv[2]).resolve()) if len(sys.argv) > 2 else "model"


class Server:
    """A running server, over the demo model unless other models are named."""

    def __init__(
        self,
        *flags: str,
        models: tuple[str, ...] = (f"demo={MODEL}",),
        port: int = 0,
        before: Callable[[], None] | None = None,
    ) -> None:
        """`before` is called in the process that becomes the server."""
        self.process = subprocess.Popen(
            [str(BINARY), *models, "--port", str(port), *flags],
            preexec_fn=before,
            stderr=subprocess.PIPE,
            text=True,
            encoding="utf-8",
        )
        atexit.register(self.process.kill)  # it must not outlive a test that failed
        self.lines: list[str] = []
        ready = threading.Event()
        self.port = 0

        def listen() -> None:
            assert self.process.stderr is not None
            for line in self.process.stderr:
                self.lines.append(line)
                found = re.search(r"ready at http://.*:(\d+)", line)
                if found:
                    self.port = int(found[1])
                    ready.set()
            ready.set()

        self.reader = threading.Thread(target=listen, daemon=True)
        self.reader.start()
        ready.wait(120)
        if self.port == 0:
            self.process.kill()
            raise AssertionError("the server did not start: " + "".join(self.lines))

    def stop(self) -> int:
        """Asks for an end; the exit status."""
        if self.process.poll() is None:
            self.process.send_signal(signal.SIGTERM)
        try:
            status = self.process.wait(60)
        except subprocess.TimeoutExpired:
            self.process.kill()
            raise
        self.reader.join(10)
        assert self.process.stderr is not None
        self.process.stderr.close()
        return status

    def memory(self) -> int:
        """Resident bytes."""
        pages = Path(f"/proc/{self.process.pid}/statm").read_text(encoding="ascii").split()[1]
        return int(pages) * os.sysconf("SC_PAGE_SIZE")


class Answer:
    """A whole answer."""

    def __init__(self, status: int, headers: dict[str, str], body: bytes) -> None:
        self.status = status
        self.headers = headers
        self.body = body

    @property
    def json(self) -> Any:  # noqa: ANN401
        """The body as JSON."""
        return json.loads(self.body)

    @property
    def error(self) -> Any:  # noqa: ANN401
        """OpenAI's error object."""
        return self.json["error"]

    def events(self) -> list[Any]:
        """The data of server-sent events, each a line and an empty one."""
        found = []
        for block in self.body.decode("utf-8").split("\n\n")[:-1]:
            if not block.startswith(":"):
                assert block.startswith("data: ") and "\n" not in block, block
                found.append(block[6:])
        assert found[-1] == "[DONE]", found[-1]
        return [json.loads(data) for data in found[:-1]]

    def named_events(self) -> list[Any]:
        """The data of server-sent events whose names are the types of their data."""
        found = []
        for block in self.body.decode("utf-8").split("\n\n")[:-1]:
            name, data = block.split("\n")
            event = json.loads(data.removeprefix("data: "))
            assert name == "event: " + event["type"], block
            found.append(event)
        return found


class ServerTest(unittest.TestCase):
    """One server for the tests of a class."""

    flags: tuple[str, ...] = ()
    models: tuple[str, ...] = (f"demo={MODEL}",)
    server: Server

    @classmethod
    def setUpClass(cls) -> None:
        """Starts it."""
        cls.server = Server(*cls.flags, models=cls.models)

    @classmethod
    def tearDownClass(cls) -> None:
        """It ends well, whatever was done to it."""
        status = cls.server.stop()
        assert status == 0, (status, cls.server.lines)

    def request(
        self,
        method: str,
        path: str,
        body: object = None,
        headers: dict[str, str] | None = None,
    ) -> Answer:
        """One request on a connection of its own; a body that is no bytes goes as JSON."""
        connection = http.client.HTTPConnection("127.0.0.1", self.server.port, timeout=120)
        with contextlib.closing(connection):
            data = body if isinstance(body, bytes) or body is None else json.dumps(body).encode()
            connection.request(method, path, data, headers or {})
            response = connection.getresponse()
            read = response.read()
            return Answer(response.status, {k.lower(): v for k, v in response.getheaders()}, read)

    def post(self, path: str, **body: object) -> Answer:
        """A request with these fields."""
        return self.request("POST", path, body)

    def ok(self, path: str, **body: object) -> Any:  # noqa: ANN401
        """The same, which must succeed: its JSON."""
        answer = self.post(path, **body)
        self.assertEqual(answer.status, 200, answer.body)
        return answer.json

    def chat(self, text: str, **body: object) -> Any:  # noqa: ANN401
        """One turn."""
        fields: dict[str, object] = {"messages": [{"role": "user", "content": text}], **body}
        return self.ok("/v1/chat/completions", **fields)

    def refused(self, path: str, status: int, **body: object) -> Any:  # noqa: ANN401
        """What must be refused: its error."""
        answer = self.post(path, **body)
        self.assertEqual(answer.status, status, answer.body)
        error = answer.error
        self.assertEqual(set(error), {"message", "type", "param", "code"})
        return error

    @contextlib.contextmanager
    def socket(self) -> Iterator[socket.socket]:
        """A bare connection."""
        with socket.create_connection(("127.0.0.1", self.server.port), timeout=60) as raw:
            yield raw

    def raw(self, data: bytes) -> bytes:
        """What comes back for these bytes until the connection ends."""
        with self.socket() as raw:
            with contextlib.suppress(BrokenPipeError, ConnectionResetError):
                raw.sendall(data)
            read = b""
            with contextlib.suppress(ConnectionResetError):
                while piece := raw.recv(65536):
                    read += piece
            return read

    def metric(self, name: str) -> float:
        """A number of /metrics."""
        text = self.request("GET", "/metrics").body.decode("utf-8")
        found = re.search(rf"^{re.escape(name)} (\S+)$", text, re.MULTILINE)
        assert found is not None, text
        return float(found[1])


def main() -> None:
    """Runs the tests of the calling module; the arguments are BINARY and MODEL."""
    unittest.main(argv=[sys.argv[0]], verbosity=1)
