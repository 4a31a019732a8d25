"""From start to end: a server that is killed, models that come and go, limits of memory."""

from __future__ import annotations

import contextlib
import json
import os
import re
import shutil
import signal
import socket
import subprocess
import tempfile
import threading
import time
from pathlib import Path
from typing import Any

from client import BINARY, MODEL, Answer, Server, ServerTest, main
from raw_test import CHAT, chat_request

HELLO = [{"role": "user", "content": "Привет"}]


class KillTest(ServerTest):
    """Nothing that a server leaves behind is in the way of the next one."""

    def test_killed_in_the_middle(self) -> None:
        """Killed while it answers, it starts on the same port at once, and is the same."""
        with tempfile.TemporaryDirectory() as folder:
            flags = ("--packed-cache", folder, "--weights", "q8_0")
            server = Server(*flags)
            packed = self.files(folder)
            with self.at(server):
                first = self.chat("Привет", temperature=0, max_tokens=16)
            for _ in range(3):
                streams = [
                    socket.create_connection(("127.0.0.1", server.port), timeout=60)
                    for _ in range(8)
                ]
                for stream in streams:
                    stream.sendall(chat_request(stream=True, ignore_eos=True, max_tokens=1900))
                for stream in streams:
                    self.assertTrue(stream.recv(100).startswith(b"HTTP/1.1 200"))
                server.process.send_signal(signal.SIGKILL)
                server.process.wait()
                # Its clients are still there, with what they have not read.
                server = Server(*flags, port=server.port)
                self.assertEqual(self.files(folder), packed)
                for stream in streams:
                    stream.close()
                with self.at(server):
                    again = self.chat("Привет", temperature=0, max_tokens=16)
                    self.assertEqual(again["choices"], first["choices"])
                    self.assertEqual(self.metric("vllm:num_requests_running"), 0)
            self.assertEqual(server.stop(), 0)

    def test_killed_while_it_packs(self) -> None:
        """A cache of weights that was being written is written anew."""
        with tempfile.TemporaryDirectory() as folder:
            for wait in (0.0, 0.01, 0.02, 0.04, 0.08):
                flags = ("--port", "0", "--packed-cache", folder, "--weights", "q8_0")
                process = subprocess.Popen([str(BINARY), MODEL, *flags], stderr=subprocess.DEVNULL)
                time.sleep(wait)
                process.kill()
                process.wait()
            server = Server("--packed-cache", folder, "--weights", "q8_0")
            with self.at(server):
                self.chat("Привет", temperature=0, max_tokens=16)
            self.assertEqual(server.stop(), 0)

    def test_taken_port(self) -> None:
        """Two do not serve one port: the second says so and ends."""
        done = subprocess.run(
            [str(BINARY), MODEL, "--port", str(self.server.port)],
            capture_output=True, text=True, encoding="utf-8", check=False,
        )  # fmt: skip
        self.assertEqual(done.returncode, 1)
        port = self.server.port
        self.assertEqual(
            done.stderr,
            f"tlite-server: cannot listen on 127.0.0.1:{port}: Address already in use\n",
        )
        self.assertEqual(self.request("GET", "/health").status, 200)

    @contextlib.contextmanager
    def at(self, server: Server) -> Any:  # noqa: ANN401
        """Asks this one meanwhile."""
        usual, self.server = self.server, server  # type: ignore[misc]
        try:
            yield
        finally:
            self.server = usual  # type: ignore[misc]

    @staticmethod
    def files(folder: str) -> list[tuple[str, int]]:
        """What lies in it."""
        return sorted((path.name, path.stat().st_size) for path in Path(folder).iterdir())


class IdleTest(ServerTest):
    """Models that nobody asks for."""

    models = (f"demo={MODEL}", f"second={MODEL}")
    flags = ("--idle-unload", "1")

    def loaded(self) -> set[str]:
        """Their names."""
        models = self.request("GET", "/v1/models").json["data"]
        return {model["id"] for model in models if model["loaded"]}

    def until(self, names: set[str]) -> None:
        """Until just these are loaded."""
        end = time.monotonic() + 60
        while self.loaded() != names:
            self.assertLess(time.monotonic(), end, (self.loaded(), names))
            time.sleep(0.05)

    def test_idle_ones_go(self) -> None:
        """They are let go with their memory, and come again when they are asked for."""
        first = self.chat("Привет", temperature=0, max_tokens=8)
        self.chat("Привет", model="second", temperature=0, max_tokens=8)
        with_both = self.server.memory()
        self.until(set())
        # The kept keys and values alone are 16,384 tokens of 4 KiB, of which few were in use.
        self.assertLess(self.server.memory(), with_both)
        again = self.chat("Привет", temperature=0, max_tokens=8)
        self.assertEqual(again["choices"], first["choices"])
        self.assertEqual(again["usage"]["prompt_tokens_details"]["cached_tokens"], 0)
        self.assertEqual(self.loaded(), {"demo"})

    def test_one_at_work_stays(self) -> None:
        """A stream that is longer than the time keeps its model, and its alone."""
        self.chat("Привет", model="second", max_tokens=1)
        with self.socket() as raw:
            raw.sendall(chat_request(stream=True, ignore_eos=True, max_tokens=1900))
            read = b""
            while piece := raw.recv(65536):
                read += piece
                # As slow as a reader may be, so that the model outlives the time.
                time.sleep(0.02)
                if self.metric("vllm:num_requests_running") > 0:
                    self.assertIn("demo", self.loaded())
            self.assertIn(b"data: [DONE]", read)
        self.until(set())

    def test_again_and_again(self) -> None:
        """Loading and letting go leaves nothing behind: six models less than one would take."""
        series = []
        for _ in range(6):
            for name in ("demo", "second"):
                self.chat("Привет", model=name, max_tokens=4)
            with_both = self.server.memory()
            self.until(set())
            time.sleep(0.5)  # a model is not listed any more before its memory is given back
            series.append(self.server.memory())
        one = (with_both - series[-1]) // 2
        self.assertLess(max(series[3:]) - max(series[:3]), one, series)


class RoomTest(ServerTest):
    """A limit of memory that one model fits in."""

    models = (f"demo={MODEL}", f"second={MODEL}")
    need: int

    @classmethod
    def setUpClass(cls) -> None:
        """One and a half of what one takes by its plan."""
        server = Server()
        cls.server = server
        cls.need = cls().request("GET", "/v1/models").json["data"][0]["memory_bytes"]
        server.stop()
        cls.flags = ("--memory-limit", str(cls.need * 1.5 / 1e9))
        super().setUpClass()

    def test_by_turns(self) -> None:
        """Many ask for both at once: each waits for its turn and none is refused."""
        found: list[Any] = []

        def ask(name: str) -> None:
            for _ in range(3):
                found.append((name, self.chat("Привет", model=name, max_tokens=8)["model"]))

        threads = [threading.Thread(target=ask, args=(name,)) for name in ("demo", "second") * 4]
        for thread in threads:
            thread.start()
        most = 0
        while any(thread.is_alive() for thread in threads):
            models = self.request("GET", "/v1/models").json["data"]
            most = max(most, sum(model["memory_bytes"] for model in models if model["loaded"]))
        for thread in threads:
            thread.join()
        self.assertEqual(len(found), 24)
        for asked, answered in found:
            self.assertEqual(asked, answered)
        self.assertLessEqual(most, self.need * 1.5)

    def test_waiting_bodies(self) -> None:
        """Large requests that wait for a model have 64 MiB together, and take no more for it."""
        body = json.dumps({"model": "second", "content": "x"})
        # Small lists, which take sixteen times as much memory once they are read.
        large = body[:-1] + ', "more": [' + "[]," * ((15 << 20) // 3) + "0]}"
        self.chat("Привет", model="demo", max_tokens=1)
        before = self.server.memory()
        answers: list[Answer] = []

        def ask() -> None:
            answers.append(self.request("POST", "/tokenize", large.encode()))

        with self.socket() as raw:
            # They keep the only place.
            raw.sendall(chat_request(model="demo", n=16, ignore_eos=True, max_tokens=1900))
            threads = [threading.Thread(target=ask) for _ in range(6)]
            for thread in threads:
                thread.start()
            while len(answers) < 2:
                time.sleep(0.01)
            self.assertEqual([answer.status for answer in answers], [429, 429])
            self.assertEqual({answer.headers["retry-after"] for answer in answers}, {"1"})
            self.assertEqual(self.post("/tokenize", model="demo", content="x").status, 200)
            time.sleep(0.5)
            # One is read at a time, which takes 250 MB, and the allocator may keep that.
            self.assertLess(self.server.memory() - before, 500 << 20)
            self.assertEqual(len(answers), 2)  # the others wait
        for thread in threads:
            thread.join()
        refused = [answer.error["message"] for answer in answers if answer.status == 400]
        self.assertEqual(refused, ['not supported: the field "more"'] * 4)

    def test_too_large(self) -> None:
        """One that can never fit is refused at the start, by its name and with the figures."""
        limit = int(self.need * 0.5)
        done = subprocess.run(
            [str(BINARY), f"big={MODEL}", "--port", "0", "--memory-limit", str(limit / 1e9)],
            capture_output=True, text=True, encoding="utf-8", check=False,
        )  # fmt: skip
        self.assertEqual(done.returncode, 1)
        self.assertEqual(
            done.stderr,
            f"tlite-server: the model big takes {self.need} bytes, the limit is {limit}\n",
        )


class GoneTest(ServerTest):
    """A model whose files are taken away while it is not loaded."""

    folder: tempfile.TemporaryDirectory[str]

    @classmethod
    def setUpClass(cls) -> None:
        """A copy of the model."""
        cls.folder = tempfile.TemporaryDirectory()
        copy = Path(cls.folder.name) / "copy"
        shutil.copytree(MODEL, copy)
        cls.models = (f"demo={MODEL}", f"copy={copy}")
        super().setUpClass()

    @classmethod
    def tearDownClass(cls) -> None:
        """And it goes."""
        super().tearDownClass()
        cls.folder.cleanup()

    def test_gone(self) -> None:
        """Its requests fail, by name; the other model's do not, and it may come back."""
        weights = Path(self.folder.name) / "copy" / "model.safetensors"
        os.rename(weights, weights.with_suffix(".away"))
        answer = self.post(CHAT, model="copy", messages=HELLO, max_tokens=1)
        self.assertEqual(answer.status, 500, answer.body)
        self.assertRegex(answer.error["message"], re.escape("model.safetensors"))
        self.assertEqual(self.chat("Привет", max_tokens=1)["model"], "demo")
        os.rename(weights.with_suffix(".away"), weights)
        self.assertEqual(self.chat("Привет", model="copy", max_tokens=1)["model"], "copy")


if __name__ == "__main__":
    main()
