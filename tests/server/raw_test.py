"""The server's edges: what is no HTTP, breaks a limit, never reads, or goes away."""

from __future__ import annotations

import contextlib
import json
import socket
import struct
import tempfile
import threading
import time
from pathlib import Path
from typing import Any

from client import Server, ServerTest, main

CHAT = "/v1/chat/completions"


def head(method: str, path: str, *lines: str) -> bytes:
    """The head of a request."""
    return "\r\n".join([f"{method} {path} HTTP/1.1", "Host: localhost", *lines, "", ""]).encode()


def chat_request(**body: object) -> bytes:
    """A request as bytes."""
    fields: dict[str, object] = {"messages": [{"role": "user", "content": "Привет"}], **body}
    data = json.dumps(fields).encode()
    return head("POST", CHAT, f"Content-Length: {len(data)}", "Connection: close") + data


def status(answer: bytes) -> int:
    """Of an answer as bytes."""
    return int(answer.split(b" ", 2)[1])


class RawTest(ServerTest):
    """Whatever is sent, the answer is defined, and the next client is served."""

    flags = ("--heartbeat", "0.2", "--max-body", "4")

    def tearDown(self) -> None:
        """The server is well after each of them."""
        self.assertEqual(self.request("GET", "/health").json, {"status": "ok"})

    def test_bodies(self) -> None:
        """What is no JSON of the right kind is 400, with what is wrong with it."""
        deep = b"[" * 100000
        for body, message in (
            (b"", "not JSON"),
            (b"{", "not JSON"),
            (b'{"messages": [}', "not JSON"),
            (b"\xff\xfe", "not JSON"),
            (b'{"messages": "\xd0"}', "not JSON"),
            (b'{"messages": 1e999}', "not JSON"),
            (deep, "in each other"),
            (b'{"messages":' + deep, "in each other"),
            (b"[]", "body is [], it must be an object"),
            (b"null", "body is null, it must be an object"),
            (b'{"model": 5}', "model is 5, it must be a string"),
        ):
            answer = self.request("POST", CHAT, body)
            self.assertEqual(answer.status, 400, answer.body)
            self.assertIn(message, answer.error["message"])
            self.assertEqual(answer.error["type"], "invalid_request_error")

    def test_large_bodies(self) -> None:
        """A body over the limit is refused before it is read, announced or not."""
        answer = self.raw(head("POST", CHAT, "Content-Length: 100000000") + b"x" * 3000000)
        self.assertEqual(status(answer), 413)
        self.assertIn(b"longer than 4194304 bytes", answer)
        piece = b"10000\r\n" + b"x" * 65536 + b"\r\n"
        answer = self.raw(head("POST", CHAT, "Transfer-Encoding: chunked") + piece * 80)
        self.assertEqual(status(answer), 413)

    def test_heads(self) -> None:
        """Heads that are too long, broken or ambiguous."""
        body = b'{"messages": []}'
        long = f"Content-Length: {len(body)}"
        for data, expected in (
            (head("GET", "/health", "X: " + "a" * 70000), 431),
            (head("GET", "/health", *[f"X{i}: a" for i in range(5000)]), 431),
            (head("GET", "/" + "a" * 70000), 431),
            (b"nonsense\r\n\r\n", 400),
            (b"GET /health HTTP/9.9\r\n\r\n", 400),
            (b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03" * 9, 400),
            (head("POST", CHAT, long, "Transfer-Encoding: chunked") + b"0\r\n\r\n", 400),
            (head("POST", CHAT, long, "Content-Length: 3") + body, 400),
            (head("POST", CHAT, "Content-Length: -1") + body, 400),
            (head("POST", CHAT, "Content-Length: 99999999999999999999") + body, 400),
            (head("POST", CHAT, "Transfer-Encoding: gzip") + body, 400),
            (head("POST", CHAT, "Transfer-Encoding: chunked") + b"zz\r\n\r\n", 400),
            (head("GET", "/health", "Host: evil.example"), 400),
            (b"GET /health HTTP/1.1\r\n\r\n", 400),
            (head("GET", "/health", "no colon"), 400),
            (head("GET", "/health", "A\0: b"), 400),
            (head("GET", "/health").replace(b"\r\n", b"\n"), 400),
        ):
            answer = self.raw(data)
            self.assertEqual(status(answer), expected, (data[:200], answer))
            self.assertIn("message", json.loads(answer.split(b"\r\n\r\n", 1)[1])["error"])

    def test_framing(self) -> None:
        """What could be read as two requests, or as another one, is one answer and the end."""
        body = b'{"messages": []}'
        chunks = b"10\r\n" + body + b"\r\n0\r\n\r\n"
        hidden = head("GET", "/health")
        for *lines, data in (
            ("Transfer-Encoding: gzip, chunked", chunks),
            ("Transfer-Encoding: chunked", "Content-Length: 16", chunks),
            ("Content-Length: 16", "Transfer-Encoding: chunked", chunks),
            ("Content-Length: 16", "Content-Length: 0", body),
            ("Content-Length: 16, 0", body),
            ("Content-Length: +16", body),
            ("Content-Length: 0x10", body),
            ("Content-Length: 1 6", body),
            ("Content-Length: ", body),
            ("Transfer-Encoding: chunked", b"-1\r\n" + body + b"\r\n0\r\n\r\n"),
            ("Transfer-Encoding: chunked", b"10\r\n" + body + b"XX0\r\n\r\n"),
            ("Transfer-Encoding: chunked", b"f" * 17 + b"\r\n" + body),
        ):
            answer = self.raw(head("POST", CHAT, *lines) + data + hidden)
            self.assertEqual(status(answer), 400, (lines, answer))
            self.assertEqual(answer.count(b"HTTP/1.1 "), 1, (lines, answer))
            self.assertIn(b"Connection: close\r\n", answer)

    def test_paths(self) -> None:
        """There are no files behind paths."""
        for path in ("/../../etc/passwd", "/%2e%2e/%2e%2e/etc/passwd", "//etc/passwd", "/v1", "/."):
            answer = self.request("GET", path)
            self.assertEqual(answer.status, 404)
            self.assertEqual(answer.error["code"], "not_found")
        answer = self.request("GET", CHAT)
        self.assertEqual(answer.status, 405)
        self.assertEqual(answer.error["code"], "method_not_allowed")
        self.assertEqual(self.request("HEAD", "/health").body, b"")
        self.assertEqual(self.request("GET", "/health?x=1").status, 200)

    def test_hosts_and_origins(self) -> None:
        """Pages of other sites reach nothing through a browser on this machine."""
        for headers, expected in (
            ({"Host": "evil.example"}, 403),
            ({"Host": f"localhost:{self.server.port}"}, 200),
            ({"Host": "[::1]:80"}, 200),
            ({"Origin": "https://evil.example"}, 403),
            ({"Origin": "null"}, 403),
            ({"Origin": f"http://127.0.0.1:{self.server.port}"}, 200),
        ):
            answer = self.request("GET", "/v1/models", headers=headers)
            self.assertEqual(answer.status, expected, headers)
            self.assertNotIn("access-control-allow-origin", answer.headers)

    def test_connections_are_kept(self) -> None:
        """Several requests on one connection, the later ones sent before the first is answered."""
        one = chat_request(max_tokens=2, temperature=0).replace(b"Connection: close\r\n", b"")
        answer = self.raw(one + head("GET", "/health") + chat_request(max_tokens=1))
        self.assertEqual(answer.count(b"HTTP/1.1 200 OK\r\n"), 3)
        self.assertLess(answer.index(b"chat.completion"), answer.index(b'{"status":"ok"}'))

    def test_expect(self) -> None:
        """A client that asks first is told to go on."""
        data = json.dumps(
            {"messages": [{"role": "user", "content": "а"}], "max_tokens": 1}
        ).encode()
        with self.socket() as raw:
            lines = (f"Content-Length: {len(data)}", "Expect: 100-continue", "Connection: close")
            raw.sendall(head("POST", CHAT, *lines))
            self.assertEqual(raw.recv(1000), b"HTTP/1.1 100 Continue\r\n\r\n")
            raw.sendall(data)
            self.assertEqual(status(raw.recv(1000)), 200)

    def test_old_clients(self) -> None:
        """HTTP/1.0 knows no chunks: a stream ends with its connection."""
        data = chat_request(max_tokens=3, stream=True).replace(b"HTTP/1.1", b"HTTP/1.0")
        answer = self.raw(data)
        self.assertNotIn(b"chunked", answer)
        self.assertTrue(answer.endswith(b"data: [DONE]\n\n"))

    def test_slow_heads(self) -> None:
        """Who sends a head byte by byte is let go after ten seconds, and told if it began."""
        with self.socket() as silent, self.socket() as slow:
            begin = time.monotonic()
            read = b""
            slow.settimeout(1)
            while not read and time.monotonic() - begin < 30:
                with contextlib.suppress(TimeoutError, BrokenPipeError):
                    slow.sendall(b"GET /h" if time.monotonic() - begin < 0.1 else b"x")
                    read = slow.recv(1000)
            self.assertEqual(status(read), 408)
            self.assertGreater(time.monotonic() - begin, 9)
            self.assertEqual(silent.recv(10), b"")

    def test_page(self) -> None:
        """The page, where there is one, loads nothing and is framed by nobody."""
        answer = self.request("GET", "/")
        self.assertIn(answer.status, (200, 404))
        if answer.status == 200:
            self.assertIn(b"<!doctype html>", answer.body[:100].lower())
            self.assertEqual(answer.headers["content-type"], "text/html; charset=utf-8")
            self.assertEqual(answer.headers["content-security-policy"], "frame-ancestors 'none'")

    def test_many_silent_connections(self) -> None:
        """Connections that say nothing keep nobody out."""
        with contextlib.ExitStack() as stack:
            for _ in range(500):
                stack.enter_context(self.socket())
            self.assertEqual(self.request("GET", "/health").status, 200)
            self.assertGreaterEqual(self.metric("tlite:connections"), 500)

    def wait_idle(self) -> None:
        """Until no request runs."""
        end = time.monotonic() + 30
        while self.metric("vllm:num_requests_running") > 0:
            self.assertLess(time.monotonic(), end)
            time.sleep(0.01)

    def test_client_goes(self) -> None:
        """Nobody is answered who has gone: streams and whole answers, closed or reset."""
        before = self.metric("vllm:generation_tokens_total")
        for stream in (True, False):
            for reset in (True, False):
                with self.socket() as raw:
                    if reset:
                        linger = struct.pack("ii", 1, 0)
                        raw.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, linger)
                    raw.sendall(chat_request(stream=stream, ignore_eos=True, max_tokens=1900))
                    while self.metric("vllm:num_requests_running") == 0:
                        time.sleep(0.001)
                self.wait_idle()
        spent = self.metric("vllm:generation_tokens_total") - before
        self.assertLess(spent, 4 * 1900 / 2)
        self.assertGreaterEqual(
            self.metric('vllm:request_success_total{finished_reason="cancelled"}'), 4
        )

    def test_heartbeat(self) -> None:
        """A stream that has nothing to say says that it lives."""
        blockers = [threading.Thread(target=self.long_chat) for _ in range(16)]
        for thread in blockers:
            thread.start()
        while self.metric("vllm:num_requests_running") < 16:
            time.sleep(0.01)
        answer = self.raw(chat_request(stream=True, max_tokens=1))
        for thread in blockers:
            thread.join()
        self.assertIn(b": still at work\n\n", answer)
        self.assertIn(b"data: [DONE]", answer)

    def long_chat(self) -> None:
        """A request that takes its time."""
        self.chat("Расскажи", ignore_eos=True, max_tokens=900)

    def test_slow_reader(self) -> None:
        """A client that reads little by little gets all of it."""
        body = chat_request(
            stream=True, ignore_eos=True, max_tokens=300, seed=1, logprobs=True, top_logprobs=5
        )
        whole = self.raw(body)
        with self.socket() as raw:
            raw.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 2048)
            raw.sendall(body)
            read = b""
            while piece := raw.recv(1000):
                read += piece
                time.sleep(0.002)

        def said(answer: bytes) -> list[Any]:
            blocks = [line for line in answer.split(b"\n") if line.startswith(b"data: {")]
            return [json.loads(block[6:])["choices"][0] for block in blocks]

        self.assertEqual(said(read), said(whole))
        self.assertGreater(len(whole), 100000)


class LimitsTest(ServerTest):
    """Few places."""

    flags = ("--parallel", "1", "--queue", "1")

    def test_full(self) -> None:
        """Who finds no place is told to come again."""
        statuses: list[Any] = []

        def ask() -> None:
            answer = self.post(
                CHAT, messages=[{"role": "user", "content": "а"}], ignore_eos=True, max_tokens=1500
            )
            statuses.append((answer.status, answer.headers.get("retry-after")))

        threads = [threading.Thread(target=ask) for _ in range(6)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        self.assertEqual(statuses.count((200, None)), 2)
        self.assertEqual(statuses.count((429, "1")), 4)

    def test_never_reads(self) -> None:
        """A client that reads nothing holds little memory and does not stop the others."""
        before = self.server.memory()
        with contextlib.ExitStack() as stack:
            for _ in range(8):
                raw = stack.enter_context(self.socket())
                raw.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 2048)
                raw.sendall(
                    chat_request(
                        stream=True,
                        ignore_eos=True,
                        max_tokens=1900,
                        logprobs=True,
                        top_logprobs=20,
                    )
                )
                # Let go in its turn: each would be 10 MB and more.
                while self.metric("vllm:num_requests_running") == 0:
                    time.sleep(0.01)
                while self.metric("vllm:num_requests_running") > 0:
                    time.sleep(0.05)
            self.assertEqual(
                self.metric('vllm:request_success_total{finished_reason="cancelled"}'), 8
            )
            self.assertLess(self.server.memory() - before, 60 << 20)
            answer = self.request("GET", "/health")
            self.assertEqual(answer.status, 200)


class KeysTest(ServerTest):
    """A server with keys."""

    folder: tempfile.TemporaryDirectory[str]

    @classmethod
    def setUpClass(cls) -> None:
        """Two keys."""
        cls.folder = tempfile.TemporaryDirectory()
        path = Path(cls.folder.name) / "keys"
        path.write_text("# two\nfirst-key\n\nвторой\n", encoding="utf-8")
        cls.server = Server("--api-key-file", str(path), "--cors", "https://app.example")

    @classmethod
    def tearDownClass(cls) -> None:
        """And the file goes."""
        super().tearDownClass()
        cls.folder.cleanup()

    def test_keys(self) -> None:
        """One of the keys, in either header, whole."""
        for headers, expected in (
            ({}, 401),
            ({"Authorization": "Bearer first-key"}, 200),
            ({"Authorization": "bearer first-key"}, 200),
            ({"x-api-key": "first-key"}, 200),
            ({"x-api-key": "второй".encode().decode("latin-1")}, 200),
            ({"Authorization": "Bearer first-ke"}, 401),
            ({"Authorization": "Bearer first-keyfirst-key"}, 401),
            ({"Authorization": "Bearer "}, 401),
            ({"Authorization": "Basic first-key"}, 401),
            ({"x-api-key": "# two"}, 401),
            ({"x-api-key": ""}, 401),
        ):
            answer = self.request("GET", "/v1/models", headers=headers)
            self.assertEqual(answer.status, expected, headers)
        self.assertEqual(answer.error["code"], "invalid_api_key")
        self.assertEqual(answer.headers["www-authenticate"], "Bearer")
        self.assertEqual(self.request("GET", "/health").status, 200)
        other = {"Host": "anything.example", "x-api-key": "first-key"}
        self.assertEqual(self.request("GET", "/v1/models", headers=other).status, 200)

    def test_refused_before_the_body(self) -> None:
        """Without a key nothing is read."""
        answer = self.raw(head("POST", CHAT, "Content-Length: 4000000") + b"x" * 100)
        self.assertEqual(status(answer), 401)

    def test_cors(self) -> None:
        """A page that may ask is told so, others are not."""
        headers = {
            "Origin": "https://app.example",
            "Access-Control-Request-Method": "POST",
            "Access-Control-Request-Headers": "authorization,content-type",
        }
        answer = self.request("OPTIONS", CHAT, headers=headers)
        self.assertEqual(answer.status, 204)
        self.assertEqual(answer.headers["access-control-allow-origin"], "https://app.example")
        self.assertEqual(
            answer.headers["access-control-allow-headers"], "authorization,content-type"
        )
        asked = {"Origin": "https://app.example", "x-api-key": "first-key"}
        answer = self.request("GET", "/v1/models", headers=asked)
        self.assertEqual(answer.headers["access-control-allow-origin"], "https://app.example")
        other = self.request("OPTIONS", CHAT, headers={**headers, "Origin": "https://x.example"})
        self.assertEqual(other.status, 403)


class EndTest(ServerTest):
    """The end of a server."""

    def test_end(self) -> None:
        """What runs is answered, what comes is told that it is too late."""
        server = Server()
        self.server = server
        answers: list[Any] = []

        def ask() -> None:
            answers.append(self.chat("Расскажи", ignore_eos=True, max_tokens=1500))

        thread = threading.Thread(target=ask)
        thread.start()
        while self.metric("vllm:num_requests_running") == 0:
            time.sleep(0.001)
        server.process.terminate()
        while self.request("GET", "/health").status != 503:
            time.sleep(0.001)
        error = self.refused(CHAT, 503, messages=[{"role": "user", "content": "а"}])
        self.assertEqual(error["code"], "unavailable")
        thread.join()
        self.assertEqual(answers[0]["usage"]["completion_tokens"], 1500)
        self.assertEqual(server.stop(), 0)

    def test_end_at_once(self) -> None:
        """A second signal does not wait."""
        server = Server()
        self.server = server
        found: list[int] = []

        def ask() -> None:
            answer = self.post(
                CHAT, messages=[{"role": "user", "content": "а"}], ignore_eos=True, max_tokens=1900
            )
            found.append(answer.status)

        thread = threading.Thread(target=ask)
        thread.start()
        while self.metric("vllm:num_requests_running") == 0:
            time.sleep(0.001)
        server.process.terminate()
        while self.request("GET", "/health").status != 503:
            time.sleep(0.001)
        server.process.terminate()
        thread.join()
        self.assertEqual(found, [503])
        self.assertEqual(server.stop(), 0)


if __name__ == "__main__":
    main()
