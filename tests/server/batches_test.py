"""Files and batches: what is uploaded is kept, each line is answered once, whatever happens."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import tempfile
import time
import unittest
from pathlib import Path
from typing import Any

from client import BINARY, MODEL, Answer, Server, ServerTest, main

CHAT = "/v1/chat/completions"
BOUNDARY = "a-line-that-is-nowhere-else"


def line(name: str, url: str = CHAT, **body: object) -> dict[str, Any]:
    """A request of a batch."""
    if url == CHAT:
        given = {"messages": [{"role": "user", "content": f"Привет {name}"}], "max_tokens": 4}
        body = {**given, "seed": 1, **body}
    return {"custom_id": name, "method": "POST", "url": url, "body": body}


def jsonl(lines: list[dict[str, Any]]) -> bytes:
    """A file of them."""
    return b"".join(json.dumps(one, ensure_ascii=False).encode() + b"\n" for one in lines)


def form(fields: dict[str, str], content: bytes | None, filename: str = "in.jsonl") -> bytes:
    """A body of multipart/form-data."""
    out = b""
    for name, value in fields.items():
        out += f'--{BOUNDARY}\r\nContent-Disposition: form-data; name="{name}"\r\n\r\n'.encode()
        out += value.encode() + b"\r\n"
    if content is not None:
        out += (
            f"--{BOUNDARY}\r\n"
            f'Content-Disposition: form-data; name="file"; filename="{filename}"\r\n'
            "Content-Type: application/octet-stream\r\n\r\n"
        ).encode()
        out += content + b"\r\n"
    return out + f"--{BOUNDARY}--\r\n".encode()


class StoredTest(ServerTest):
    """Calls of /v1/files and /v1/batches."""

    folder: Path

    def upload_answer(
        self,
        body: bytes,
        content_type: str = f"multipart/form-data; boundary={BOUNDARY}",
    ) -> Answer:
        """What an upload is answered with."""
        return self.request("POST", "/v1/files", body, {"Content-Type": content_type})

    def upload(self, content: bytes, filename: str = "in.jsonl", **fields: str) -> Any:  # noqa: ANN401
        """A file that is there now."""
        answer = self.upload_answer(form({"purpose": "batch", **fields}, content, filename))
        self.assertEqual(answer.status, 200, answer.body)
        return answer.json

    def get(self, path: str) -> Any:  # noqa: ANN401
        """JSON that must be there."""
        answer = self.request("GET", path)
        self.assertEqual(answer.status, 200, answer.body)
        return answer.json

    def batch(self, lines: list[dict[str, Any]], **fields: object) -> Any:  # noqa: ANN401
        """A batch of these lines that has just been made."""
        given = {"endpoint": CHAT, "completion_window": "24h", **fields}
        return self.ok("/v1/batches", input_file_id=self.upload(jsonl(lines))["id"], **given)

    def ended(self, batch: Any, seconds: float = 120) -> Any:  # noqa: ANN401
        """The same when it has ended."""
        deadline = time.monotonic() + seconds
        while time.monotonic() < deadline:
            now = self.get("/v1/batches/" + batch["id"])
            if now["status"] not in {"validating", "in_progress", "cancelling"}:
                return now
            time.sleep(0.02)
        raise AssertionError(now)

    def results(self, file_id: str | None) -> dict[str, Any]:
        """Of a file, by custom_id; each is there once."""
        if file_id is None:
            return {}
        text = self.request("GET", f"/v1/files/{file_id}/content").body.decode("utf-8")
        found = [json.loads(one) for one in text.splitlines()]
        by_id = {one["custom_id"]: one for one in found}
        self.assertEqual(len(by_id), len(found))
        return by_id


class FilesTest(StoredTest):
    """A folder of files."""

    @classmethod
    def setUpClass(cls) -> None:
        """A folder that was not there."""
        cls.folder = Path(cls.enterClassContext(tempfile.TemporaryDirectory())) / "new"
        cls.flags = ("--files", str(cls.folder), "--files-limit", "0.003", "--max-body", "2")
        super().setUpClass()

    def test_file(self) -> None:
        """What is uploaded comes back byte for byte, and goes."""
        content = bytes(range(256)) * 1000 + b"\r\n--" + BOUNDARY[:-1].encode()
        file = self.upload(content, 'имя "1".jsonl'.replace('"', "%22"))
        self.assertEqual(file["bytes"], len(content))
        self.assertEqual(file["filename"], "имя %221%22.jsonl")
        self.assertEqual((file["object"], file["purpose"]), ("file", "batch"))
        self.assertNotIn("expires_at", file)
        path = "/v1/files/" + file["id"]
        self.assertEqual(self.get(path), file)
        self.assertEqual(self.request("GET", path + "/content").body, content)
        head = self.request("HEAD", path + "/content")
        self.assertEqual((head.headers["content-length"], head.body), (str(len(content)), b""))
        gone = self.request("DELETE", path)
        self.assertEqual(gone.json, {"id": file["id"], "object": "file", "deleted": True})
        for method, where in (("GET", path), ("GET", path + "/content"), ("DELETE", path)):
            answer = self.request(method, where)
            self.assertEqual((answer.status, answer.error["code"]), (404, "not_found"))
        self.assertEqual([p.name for p in (self.folder / "files").glob(file["id"] + "*")], [])

    def test_names(self) -> None:
        """Forms of a file's name, none of which is a path here."""
        for written, name in (
            ("../../etc/passwd", "../../etc/passwd"),
            ('a\\"b', 'a"b'),
            ("C:\\\\dir\\\\x", "C:\\dir\\x"),
            ("C:\\dir", "C:\\dir"),
        ):
            file = self.upload(b"x", written)
            self.assertEqual(file["filename"], name)
            self.assertEqual(self.request("DELETE", "/v1/files/" + file["id"]).status, 200)
        for path in ("..%2F..%2Fetc%2Fpasswd", "../batches", "lock", "%00"):
            self.assertEqual(self.request("GET", f"/v1/files/{path}/content").status, 404)

    def test_list(self) -> None:
        """Pages, in both orders."""
        ids = [self.upload(b"x", f"{i}")["id"] for i in range(3)]
        down = self.get("/v1/files")
        self.assertEqual([file["id"] for file in down["data"]], ids[::-1])
        self.assertEqual((down["object"], down["has_more"]), ("list", False))
        page = self.get(f"/v1/files?order=asc&limit=1&after={ids[0]}&purpose=batch")
        self.assertEqual([file["id"] for file in page["data"]], ids[1:2])
        self.assertEqual(
            (page["first_id"], page["last_id"], page["has_more"]), (ids[1], ids[1], True)
        )
        self.assertEqual(self.get("/v1/files?purpose=batch_output")["data"], [])
        for query, field in (
            ("limit=0", "limit"), ("limit=x", "limit"), ("limit=-1", "limit"),
            ("order=up", "order"), ("after=file-x", "after"), ("limit=1&limit=2", "limit"),
            ("size=1", "size"),
        ):  # fmt: skip
            answer = self.request("GET", "/v1/files?" + query)
            self.assertEqual((answer.status, answer.error["param"]), (400, field), answer.body)
        for one in ids:
            self.request("DELETE", "/v1/files/" + one)

    def test_bad_forms(self) -> None:
        """Bodies that are no form, or not the one that is wanted."""
        good = form({"purpose": "batch"}, b"{}")
        b = BOUNDARY.encode()
        kind = "multipart/form-data; boundary="
        form_type = kind + BOUNDARY
        cases: list[tuple[bytes, str, str]] = [
            (b"{}", "application/json", "must be multipart/form-data"),
            (good, "multipart/form-data", "needs a boundary"),
            (good, kind, "needs a boundary"),
            (good, kind + "x" * 71, "needs a boundary"),
            (good, kind + '"a@b"', "needs a boundary"),
            (good, kind + '"a', "without an end"),
            (good, kind + "a; boundary=b", "two boundaries"),
            (good, kind + "other", "does not begin with the boundary"),
            (b"", form_type, "does not begin with the boundary"),
            (b"preamble\r\n" + good, form_type, "does not begin with the boundary"),
            (good + b"more", form_type, "text behind the last boundary"),
            (good[:-4], form_type, "a boundary without an end of line"),
            (good[:60], form_type, "a part without an empty line"),
            (good[: good.index(b"{}") + 2], form_type, "without a boundary behind it"),
            (good.replace(b"\r\n", b"\n"), form_type, "a boundary without an end of line"),
            (b"--" + b + b"--\r\n", form_type, "purpose is null"),
            (good.replace(b'; name="purpose"', b""), form_type, "a part without a name"),
            (good.replace(b"form-data", b"attachment", 1), form_type, "is not form-data"),
            (good.replace(b"Content-Type:", b"Content-Type"), form_type, "that is no header"),
            (good.replace(b"Content-Type:", b"X: \ny:"), form_type, "that is no header"),
            (good.replace(b'name="file"', b'name="file'), form_type, "text behind a quoted value"),
            (good.replace(b'name="file"', b'name="x"; name="file"'), form_type, "two names"),
            (good.replace(b"Content-Type: ", b"X: " + b"y" * 9000), form_type, "head of a part"),
            (good.replace(b"Content-Type: application/octet-stream",
                          b"Content-Transfer-Encoding: base64"), form_type, "not supported"),
            (good.replace(b'; filename="in.jsonl"', b""), form_type, "a part with a filename"),
            (form({"purpose": "batch"}, None), form_type, "file is null"),
            (form({"purpose": "batch"}, b"x", ""), form_type, "filename"),
            (form({"purpose": "batch"}, b"x", "n" * 256), form_type, "filename"),
            (form({"purpose": "vision"}, b"x"), form_type, "not supported: purpose"),
            (form({"purpose": "batch", "other": "1"}, b"x"), form_type, 'the field "other"'),
            (form({str(i): "" for i in range(40)}, b"x"), form_type, "more than 32 parts"),
            (form({"purpose": "batch", "expires_after[seconds]": "7200"}, b"x"), kind + BOUNDARY,
             "expires_after.anchor is null"),
            (form({"purpose": "batch", "expires_after[anchor]": "created_at",
                   "expires_after[seconds]": "10"}, b"x"), form_type, "it must be 3600 to"),
            (form({"purpose": "batch", "expires_after[anchor]": "created_at",
                   "expires_after[seconds]": "1e9"}, b"x"), form_type, "expires_after.seconds"),
        ]  # fmt: skip
        for body, content_type, message in cases:
            answer = self.upload_answer(body, content_type)
            self.assertEqual(answer.status, 400, (message, answer.body))
            self.assertIn(message, answer.error["message"])
        self.assertEqual(self.get("/v1/files")["data"], [])

    def test_any_body(self) -> None:
        """A good form with any one byte of its head changed or left out: an answer, never 500."""
        good = form({"purpose": "batch"}, b"{}")
        for i in range(len(good)):
            for changed in (good[:i] + good[i + 1 :], good[:i] + b"\r" + good[i + 1 :], good[:i]):
                answer = self.upload_answer(changed)
                self.assertIn(answer.status, (200, 400), changed)
                if answer.status == 200:
                    self.request("DELETE", "/v1/files/" + answer.json["id"])

    def test_room(self) -> None:
        """The limits of a body and of all files."""
        large = form({"purpose": "batch"}, b"x" * (2 << 20))
        self.assertEqual(self.upload_answer(large).status, 413)
        first = self.upload(b"x" * 1_900_000)
        answer = self.upload_answer(form({"purpose": "batch"}, b"x" * 1_900_000))
        self.assertEqual((answer.status, answer.error["param"]), (413, "file"))
        self.assertIn("3800000 bytes; the limits are 10000 and 3000000", answer.error["message"])
        self.assertEqual(self.request("DELETE", "/v1/files/" + first["id"]).status, 200)
        self.upload(b"x" * 1_900_000)
        self.request("DELETE", "/v1/files/" + self.get("/v1/files")["data"][0]["id"])

    def test_expiry(self) -> None:
        """What a file is told to live."""
        fields = {"expires_after[anchor]": "created_at", "expires_after[seconds]": "3600"}
        file = self.upload(b"x", "f", **fields)
        self.assertEqual(file["expires_at"], file["created_at"] + 3600)
        self.request("DELETE", "/v1/files/" + file["id"])

    def test_one_server(self) -> None:
        """Two servers do not share a folder; one that is no such folder is left alone."""
        command = [str(BINARY), MODEL, "--port", "0", "--files"]
        second = subprocess.run([*command, str(self.folder)], capture_output=True, check=False)
        self.assertEqual(second.returncode, 1)
        self.assertIn(b"another server uses it", second.stderr)
        with tempfile.TemporaryDirectory() as other:
            notes = Path(other) / "files" / "notes.json"
            notes.parent.mkdir()
            notes.write_text("{}", encoding="utf-8")
            third = subprocess.run([*command, other], capture_output=True, check=False)
            self.assertEqual(third.returncode, 1)
            self.assertIn(b"notes.json: not written by this server", third.stderr)
            self.assertEqual(notes.read_text(encoding="utf-8"), "{}")
            fourth = subprocess.run([*command, str(notes)], capture_output=True, check=False)
            self.assertEqual(fourth.returncode, 1)


class BatchesTest(StoredTest):
    """Batches of one server."""

    @classmethod
    def setUpClass(cls) -> None:
        """It answers two at once."""
        cls.folder = Path(cls.enterClassContext(tempfile.TemporaryDirectory()))
        cls.flags = ("--files", str(cls.folder), "--parallel", "2", "--queue", "2")
        super().setUpClass()

    def test_answers(self) -> None:
        """Each line is answered as the same request alone, what is wrong with one is told of it."""
        good = [line(str(i)) for i in range(9)]
        bad = {
            "field": (line("field", temperature="hot"), 400, "temperature"),
            "model": (line("model", model="no"), 404, "model"),
            "url": (line("url", "/v1/embeddings", input="x"), 400, "url"),
            "method": ({**line("method"), "method": "GET"}, 400, "method"),
            "body": ({**line("body"), "body": "x"}, 400, "body"),
            "stream": (line("stream", stream=True), 400, "stream"),
        }
        batch = self.batch(
            good[:4] + [one[0] for one in bad.values()] + good[4:], metadata={"a": "b"}
        )
        self.assertEqual((batch["object"], batch["status"]), ("batch", "validating"))
        end = self.ended(batch)
        self.assertEqual(end["status"], "completed", end)
        self.assertEqual(end["request_counts"], {"total": 15, "completed": 9, "failed": 6})
        self.assertEqual((end["metadata"], end["errors"]), ({"a": "b"}, None))
        self.assertEqual(end["expires_at"], end["created_at"] + 86400)
        for when in ("in_progress_at", "finalizing_at", "completed_at"):
            self.assertGreaterEqual(end[when], end["created_at"])
        answers = self.results(end["output_file_id"])
        self.assertEqual(set(answers), {one["custom_id"] for one in good})
        for one in good:
            response = answers[one["custom_id"]]["response"]
            self.assertEqual(response["status_code"], 200)
            alone = self.ok(CHAT, **one["body"])
            self.assertEqual(response["body"]["choices"], alone["choices"])
        failures = self.results(end["error_file_id"])
        self.assertEqual(set(failures), set(bad))
        for name, (_, status, field) in bad.items():
            response = failures[name]["response"]
            self.assertEqual(response["status_code"], status, response)
            self.assertEqual(response["body"]["error"]["param"], field)
        output = self.get("/v1/files/" + end["output_file_id"])
        self.assertEqual(output["purpose"], "batch_output")

    def test_endpoints(self) -> None:
        """Any that asks a model; none that does not."""
        for url, body in (
            ("/v1/embeddings", {"input": "x"}),
            ("/v1/completions", {"prompt": "x", "max_tokens": 2}),
            ("/v1/responses", {"input": "x", "max_output_tokens": 2}),
            ("/v1/messages", {"messages": [{"role": "user", "content": "x"}], "max_tokens": 2}),
            ("/tokenize", {"content": "x"}),
        ):
            end = self.ended(self.batch([line("a", url, **body)], endpoint=url))
            self.assertEqual(end["request_counts"], {"total": 1, "completed": 1, "failed": 0}, end)
            self.assertIsNone(end["error_file_id"])
        file = self.upload(jsonl([line("a")]))["id"]
        for url in ("/v1/files", "/v1/batches", "/metrics", "/v1/images"):
            error = self.refused("/v1/batches", 400, input_file_id=file, endpoint=url,
                                 completion_window="24h")  # fmt: skip
            self.assertEqual(error["param"], "endpoint")

    def test_bad_batches(self) -> None:
        """What is wrong with a batch is said by field and value."""
        file = self.upload(jsonl([line("a")]))["id"]
        good = {"input_file_id": file, "endpoint": CHAT, "completion_window": "24h"}
        for name, value in (
            ("input_file_id", "file-none"), ("input_file_id", 1), ("input_file_id", None),
            ("endpoint", "x"), ("endpoint", None), ("completion_window", "31d"),
            ("completion_window", "0h"), ("completion_window", "24"), ("completion_window", 24),
            ("completion_window", "99999999999999999999h"), ("completion_window", "-1h"),
            ("metadata", []), ("metadata", {"a": 1}), ("metadata", {"a": "b" * 513}),
            ("metadata", {str(i): "" for i in range(17)}), ("unknown", 1),
            ("output_expires_after.seconds", None),
        ):  # fmt: skip
            given: dict[str, object] = {name: value}
            if name == "output_expires_after.seconds":
                given = {"output_expires_after": {"anchor": "created_at", "seconds": 5}}
            error = self.refused("/v1/batches", 400, **{**good, **given})
            self.assertEqual(error["param"], name)
        answer = self.request("GET", "/v1/batches/batch_none")
        self.assertEqual((answer.status, answer.error["code"]), (404, "not_found"))
        self.assertEqual(self.request("POST", "/v1/batches/batch_none/cancel").status, 404)
        self.assertEqual(self.request("POST", "/v1/batches", b"{").status, 400)

    def test_bad_lines(self) -> None:
        """A file that is none of requests: the batch fails with the line's number."""
        for content, number in (
            (jsonl([line("a")]) + b"{\n", 2),
            (jsonl([line("a")]) + b"\n" + jsonl([line("a")]), 3),
            (b'{"custom_id": 1}', 1),
            (b"[" * 100000, 1),
            (b"\xff\xfe\n", 1),
        ):
            file = self.upload(content)["id"]
            batch = self.ok(
                "/v1/batches", input_file_id=file, endpoint=CHAT, completion_window="1d"
            )
            end = self.ended(batch)
            self.assertEqual(end["status"], "failed")
            self.assertIsNotNone(end["failed_at"])
            self.assertEqual([e["line"] for e in end["errors"]["data"]], [number], end)
            self.assertIn(f"in.jsonl:{number}: ", end["errors"]["data"][0]["message"])
            self.assertIsNone(end["output_file_id"])
        empty = self.ok("/v1/batches", input_file_id=self.upload(b"\n")["id"], endpoint=CHAT,
                        completion_window="24h")  # fmt: skip
        self.assertEqual(self.ended(empty)["request_counts"]["total"], 0)

    def test_live_first(self) -> None:
        """Who waits is answered while a batch has the engine's places, and counts alone."""
        many = [line(str(i), max_tokens=200, ignore_eos=True) for i in range(40)]
        batch = self.batch(many)
        time.sleep(0.2)
        for _ in range(3):
            self.chat("Привет", max_tokens=2)
        now = self.get("/v1/batches/" + batch["id"])
        self.assertEqual(now["status"], "in_progress")
        answer = self.request("DELETE", "/v1/files/" + batch["input_file_id"])
        self.assertEqual((answer.status, answer.error["param"]), (400, "file_id"))
        self.assertEqual(self.ok(f"/v1/batches/{batch['id']}/cancel")["status"], "cancelling")
        end = self.ended(batch, 20)
        self.assertEqual(end["status"], "cancelled")
        counts = end["request_counts"]
        self.assertLess(counts["completed"], 40)
        self.assertEqual(counts["failed"], 0)
        self.assertEqual(len(self.results(end["output_file_id"])), counts["completed"])
        error = self.refused(f"/v1/batches/{batch['id']}/cancel", 400)
        self.assertIn('status is "cancelled"', error["message"])
        deadline = time.monotonic() + 30
        while self.metric("vllm:num_requests_running") > 0 and time.monotonic() < deadline:
            time.sleep(0.05)
        self.assertEqual(self.metric("vllm:num_requests_running"), 0)

    def test_expires(self) -> None:
        """What is not answered in time is told of, line by line."""
        many = [line(str(i), max_tokens=400, ignore_eos=True) for i in range(30)]
        end = self.ended(self.batch(many, completion_window="1s"), 30)
        self.assertEqual(end["status"], "expired")
        answered, left = self.results(end["output_file_id"]), self.results(end["error_file_id"])
        self.assertEqual(set(answered) | set(left), {str(i) for i in range(30)})
        self.assertEqual(len(answered) + len(left), 30)
        self.assertEqual({one["error"]["code"] for one in left.values()}, {"batch_expired"})
        counts = {"total": 30, "completed": len(answered), "failed": len(left)}
        self.assertEqual(end["request_counts"], counts)

    def test_list(self) -> None:
        """The newest first."""
        ids = [self.batch([line("a")])["id"] for _ in range(3)]
        page = self.get("/v1/batches?limit=2")
        self.assertEqual({one["object"] for one in page["data"]}, {"batch"})
        self.assertTrue(page["has_more"])
        self.assertTrue({one["id"] for one in page["data"]} <= set(ids))
        self.assertNotIn("tlite", page["data"][0])
        for query in ("limit=101", "order=asc"):
            self.assertEqual(self.request("GET", "/v1/batches?" + query).status, 400)


class NoFilesTest(ServerTest):
    """A server without a folder."""

    def test_refused(self) -> None:
        """It says so."""
        for method, path in (
            ("GET", "/v1/files"),
            ("POST", "/v1/files"),
            ("POST", "/v1/batches"),
            ("GET", "/v1/batches/x"),
            ("POST", "/v1/batches/x/cancel"),
        ):
            answer = self.request(method, path, b"" if method == "POST" else None)
            self.assertEqual(answer.status, 400)
            self.assertEqual(answer.error["message"], "not supported: --files is not given")


class EndsTest(StoredTest):
    """Servers that end in the middle of a batch."""

    def setUp(self) -> None:
        """A folder that outlives them."""
        self.folder = Path(self.enterContext(tempfile.TemporaryDirectory()))

    @classmethod
    def setUpClass(cls) -> None:
        """Each test has its own."""

    @classmethod
    def tearDownClass(cls) -> None:
        """Likewise."""

    def serve(self) -> None:
        """The next one."""
        type(self).server = Server("--files", str(self.folder), "--parallel", "2")

    def check_whole(self, end: Any, count: int) -> None:  # noqa: ANN401
        """All lines are answered, each once."""
        self.assertEqual(end["status"], "completed", end)
        self.assertEqual(end["request_counts"], {"total": count, "completed": count, "failed": 0})
        self.assertEqual(set(self.results(end["output_file_id"])), {str(i) for i in range(count)})

    def run_through(self, sign: signal.Signals) -> None:
        """A batch, and servers that get this signal in the middle."""
        count = 40
        self.serve()
        batch = self.batch([line(str(i), max_tokens=40, ignore_eos=True) for i in range(count)])
        ends = 0
        for least in (1, 12, 25):
            deadline = time.monotonic() + 60
            now = batch
            while now["request_counts"]["completed"] < least and time.monotonic() < deadline:
                now = self.get("/v1/batches/" + batch["id"])
                time.sleep(0.002)
            ends += now["status"] == "in_progress"
            os.kill(self.server.process.pid, sign)
            self.server.process.wait(60)
            self.serve()
        self.assertGreater(ends, 0)
        self.check_whole(self.ended(batch), count)
        self.assertEqual(len(self.get("/v1/files")["data"]), 2)
        self.assertEqual(self.server.stop(), 0)

    def test_killed(self) -> None:
        """By kill -9."""
        self.run_through(signal.SIGKILL)

    def test_ended(self) -> None:
        """By SIGTERM, which does not wait for the batch."""
        self.run_through(signal.SIGTERM)

    def test_cut(self) -> None:
        """A line that was cut is made anew, what was left by halves goes, the end is told once."""
        self.serve()
        batch = self.batch([line(str(i)) for i in range(4)])
        end = self.ended(batch)
        self.assertEqual(self.server.stop(), 0)
        record = self.folder / "batches" / (batch["id"] + ".json")
        stored = json.loads(record.read_text(encoding="utf-8"))
        stored["status"] = "in_progress"
        record.write_text(json.dumps(stored), encoding="utf-8")
        files = self.folder / "files"
        output = files / end["output_file_id"]
        whole = output.read_text(encoding="utf-8").splitlines(keepends=True)
        output.write_text(whole[0] + whole[1][:30], encoding="utf-8")
        (files / (end["output_file_id"] + ".json")).unlink()
        strays = [files / "file-stray", files / "file-stray2.json.part"]
        for stray in strays:
            stray.write_text("x", encoding="utf-8")
        self.serve()
        self.check_whole(self.ended(batch), 4)
        self.assertFalse(any(stray.exists() for stray in strays))
        after = output.read_text(encoding="utf-8").splitlines(keepends=True)
        self.assertEqual(after[0], whole[0])
        self.assertEqual(
            self.get("/v1/files/" + end["output_file_id"])["bytes"], output.stat().st_size
        )
        self.assertEqual(self.server.stop(), 0)


if __name__ == "__main__":
    unittest.TestCase.maxDiff = None
    main()
