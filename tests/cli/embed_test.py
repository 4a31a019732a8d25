"""tlite embed, and embeddings in tlite batch."""

from __future__ import annotations

import array
import base64
import json
import math
import sys
from typing import Any

from cli import MODEL, CliTest, main

TEXTS = ["Привет", "hello there", "a longer text, so that batches are shared", "hello there"]


def floats(text: str) -> list[float]:
    """The numbers of OpenAI's encoding_format "base64"."""
    numbers = array.array("f", base64.b64decode(text, validate=True))
    if sys.byteorder == "big":
        numbers.byteswap()
    return numbers.tolist()


def single(numbers: list[float]) -> list[float]:
    """The same as float32."""
    return array.array("f", numbers).tolist()


class EmbedTest(CliTest):
    """Texts in, JSON lines out."""

    def embed(self, texts: list[str], *flags: str) -> list[dict[str, Any]]:
        """The objects of a call that reads stdin."""
        text = "".join(line + "\n" for line in texts)
        out = self.run_ok("embed", MODEL, *flags, stdin=text).text
        return [json.loads(line) for line in out.splitlines()]

    def test_lines(self) -> None:
        """One object a text, in their order, of length 1, and the same alone."""
        results = self.embed(TEXTS)
        self.assertEqual([result["index"] for result in results], [0, 1, 2, 3])
        self.assertEqual(results[1]["embedding"], results[3]["embedding"])
        self.assertNotEqual(results[0]["embedding"], results[1]["embedding"])
        sizes = {len(result["embedding"]) for result in results}
        self.assertEqual(
            sizes, {self.run_ok("info", MODEL, "--json").json["config"]["hidden_size"]}
        )
        for text, result in zip(TEXTS, results, strict=True):
            length = math.sqrt(sum(x * x for x in result["embedding"]))
            self.assertAlmostEqual(length, 1, delta=2**-22)
            alone = self.embed([text], "--threads", "1")[0]
            self.assertEqual(alone["embedding"], result["embedding"])
            self.assertEqual(alone["prompt_tokens"], result["prompt_tokens"])

    def test_many(self) -> None:
        """More texts than run at once keep their order; a file is read as stdin is."""
        texts = [f"text {i}" for i in range(50)]
        results = self.embed(texts, "--parallel", "3")
        self.assertEqual([result["index"] for result in results], list(range(50)))
        path = self.file("texts.txt", "".join(text + "\n" for text in texts))
        out = self.run_ok("embed", MODEL, "--in", path).text
        self.assertEqual([json.loads(line) for line in out.splitlines()], results)

    def test_pooling(self) -> None:
        """The poolings differ, a text of one token is the same in all, and length is kept."""
        by_name = {
            name: self.embed(["hello there"], "--pooling", name, "--no-normalize")[0]["embedding"]
            for name in ("last", "mean", "cls")
        }
        self.assertEqual(len({str(numbers) for numbers in by_name.values()}), 3)
        for numbers in by_name.values():
            self.assertGreater(math.sqrt(sum(x * x for x in numbers)), 2)
        one = [self.embed(["a"], "--pooling", name)[0] for name in by_name]
        self.assertEqual(one[0]["prompt_tokens"], 1)
        self.assertEqual(one[0]["embedding"], one[1]["embedding"])
        self.assertEqual(one[0]["embedding"], one[2]["embedding"])

    def test_errors(self) -> None:
        """What is wrong is named by its line, behind the embeddings of the lines before."""
        result = self.call("embed", MODEL, stdin="good\n\nnever\n")
        self.assertEqual(result.status, 1)
        self.assertEqual(result.error, "tlite: -:2: empty prompt\n")
        self.assertEqual(len(result.text.splitlines()), 1)
        result = self.call("embed", MODEL, "-c", "32", stdin="x y z " * 40)
        self.assertEqual(result.status, 1)
        self.assertIn("-:1: the prompt takes ", result.error)
        self.assertEqual(self.call("embed", MODEL, "--pooling", "max").status, 2)
        result = self.call("embed", MODEL, "--in", "absent.txt")
        self.assertEqual(result.status, 1)
        self.assertIn("absent.txt", result.error)

    def batch(self, bodies: dict[str, object], *flags: str) -> dict[str, dict[str, Any]]:
        """Results of a batch of embeddings, by custom_id."""
        requests = [
            {"custom_id": name, "method": "POST", "url": "/v1/embeddings", "body": body}
            for name, body in bodies.items()
        ]
        path = self.file("in.jsonl", "".join(json.dumps(line) + "\n" for line in requests))
        self.run_ok("batch", MODEL, "--in", path, "--out", "out.jsonl", *flags)
        text = (self.folder / "out.jsonl").read_text(encoding="utf-8")
        (self.folder / "out.jsonl").unlink()
        return {line["custom_id"]: line for line in map(json.loads, text.splitlines())}

    def test_batch(self) -> None:
        """OpenAI's form: one input or many, text or ids, numbers or base64."""
        ids = self.run_ok("tokenize", MODEL, "--json", stdin="hello there").json
        expected = {
            name: [line["embedding"] for line in self.embed(TEXTS, "--pooling", name)]
            for name in ("last", "mean")
        }
        results = self.batch(
            {
                "one": {"model": "demo", "input": TEXTS[0]},
                "many": {"input": TEXTS, "encoding_format": "float", "user": "u"},
                "ids": {"input": ids},
                "both": {"input": [TEXTS[0], ids], "encoding_format": "base64"},
            }
        )
        one = results["one"]["response"]["body"]
        self.assertEqual(one["object"], "list")
        self.assertEqual(one["model"], "demo")
        self.assertEqual(one["data"][0]["object"], "embedding")
        self.assertEqual(one["data"][0]["embedding"], expected["last"][0])
        many = results["many"]["response"]["body"]
        self.assertEqual([entry["index"] for entry in many["data"]], [0, 1, 2, 3])
        self.assertEqual([entry["embedding"] for entry in many["data"]], expected["last"])
        tokens = sum(line["prompt_tokens"] for line in self.embed(TEXTS))
        self.assertEqual(many["usage"], {"prompt_tokens": tokens, "total_tokens": tokens})
        data = results["ids"]["response"]["body"]["data"]
        self.assertEqual([entry["embedding"] for entry in data], [expected["last"][1]])
        data = results["both"]["response"]["body"]["data"]
        decoded = [floats(entry["embedding"]) for entry in data]
        self.assertEqual(decoded, [single(numbers) for numbers in expected["last"][:2]])
        mean = self.batch({"mean": {"input": TEXTS}}, "--pooling", "mean")
        data = mean["mean"]["response"]["body"]["data"]
        self.assertEqual([entry["embedding"] for entry in data], expected["mean"])

    def test_batch_errors(self) -> None:
        """Wrong requests are errors of their own, by field and value."""
        rule = "it must be a string, a list of token ids, or a list of either"
        cases: dict[str, tuple[object, str]] = {
            "none": ({}, "body has no input"),
            "null": (None, "body is null, it must be an object"),
            "empty": ({"input": []}, f"input is [], {rule}"),
            "number": ({"input": 5}, f"input is 5, {rule}"),
            "nested": ({"input": [[]]}, f"input is [[]], {rule}"),
            "ids": ({"input": [1, "x"]}, 'input is "x", it must be an integer'),
            "far": ({"input": ["fine", [999999]]}, "prompt[0] is 999999"),
            "format": (
                {"input": "x", "encoding_format": "int8"},
                'encoding_format is "int8", it must be "float" or "base64"',
            ),
            "fewer": ({"input": "x", "dimensions": 3}, 'not supported: the field "dimensions"'),
            "chat": ({"input": "x", "messages": []}, 'not supported: the field "messages"'),
        }
        bodies = {name: body for name, (body, _) in cases.items()}
        results = self.batch({**bodies, "good": {"input": "x"}})
        for name, (_, message) in cases.items():
            with self.subTest(name):
                self.assertIsNone(results[name]["response"])
                self.assertIn(message, results[name]["error"]["message"])
        self.assertIsNone(results["good"]["error"])


if __name__ == "__main__":
    main()
