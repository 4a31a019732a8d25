"""tlite batch: OpenAI's batch form, many requests at once, and going on after a kill."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

from cli import BINARY, MODEL, CliTest, main

# The model that says what it is told.
sys.path.append(str(Path(__file__).resolve().parent.parent / "server"))
from scripted_model import write_model


def chat(custom_id: str, **body: object) -> dict[str, Any]:
    """A request for a chat."""
    messages = body.pop("messages", [{"role": "user", "content": f"Привет {custom_id}"}])
    return {
        "custom_id": custom_id,
        "method": "POST",
        "url": "/v1/chat/completions",
        "body": {"model": "demo", "messages": messages, "max_tokens": 8, "seed": 1, **body},
    }


def completion(custom_id: str, prompt: object, **body: object) -> dict[str, Any]:
    """A request for a completion."""
    given = {"prompt": prompt, "max_tokens": 8, "temperature": 0, **body}
    return {"custom_id": custom_id, "method": "POST", "url": "/v1/completions", "body": given}


class BatchTest(CliTest):
    """A file of requests in, a file of results out."""

    def lines(self, requests: list[dict[str, Any]]) -> str:
        """A file with a request a line."""
        text = "".join(json.dumps(request, ensure_ascii=False) + "\n" for request in requests)
        return self.file("in.jsonl", text)

    def results(self) -> dict[str, dict[str, Any]]:
        """The results by custom_id; each is there once."""
        text = (self.folder / "out.jsonl").read_text(encoding="utf-8")
        found = [json.loads(line) for line in text.splitlines()]
        by_id = {result["custom_id"]: result for result in found}
        self.assertEqual(len(by_id), len(found))
        return by_id

    def batch(
        self, requests: list[dict[str, Any]], *flags: str, model: str = MODEL
    ) -> dict[str, dict[str, Any]]:
        """Answers requests, and gives the results."""
        self.run_ok("batch", model, "--in", self.lines(requests), "--out", "out.jsonl", *flags)
        return self.results()

    def test_answers_as_alone(self) -> None:
        """Each answer is the one that generate gives to the same request."""
        requests = [chat(str(i), seed=i) for i in range(6)]
        requests.append(
            chat(
                "system",
                messages=[
                    {"role": "system", "content": "Кратко."},
                    {"role": "user", "content": "Столица?"},
                ],
            )
        )
        results = self.batch(requests, "--parallel", "3")
        self.assertEqual(set(results), {request["custom_id"] for request in requests})
        for request in requests:
            body = request["body"]
            alone = self.run_ok(
                "generate",
                MODEL,
                "--messages",
                self.file("m.json", body["messages"]),
                "--json",
                "--seed",
                str(body["seed"]),
                "-n",
                "8",
            ).json
            result = results[request["custom_id"]]
            self.assertIsNone(result["error"])
            self.assertEqual(result["response"]["status_code"], 200)
            answer = result["response"]["body"]
            self.assertEqual(answer["object"], "chat.completion")
            self.assertEqual(answer["model"], "demo")
            choice = answer["choices"][0]
            self.assertEqual(choice["message"]["content"], alone["text"])
            reason = "length" if alone["finish_reason"] == "length" else "stop"
            self.assertEqual(choice["finish_reason"], reason)
            self.assertEqual(answer["usage"]["prompt_tokens"], alone["prompt_tokens"])
            self.assertEqual(answer["usage"]["completion_tokens"], alone["generated_tokens"])

    def test_forms(self) -> None:
        """Completions of text and ids, several answers, log probabilities, stops."""
        ids = self.run_ok("tokenize", MODEL, "--json", stdin="Столица").json
        results = self.batch(
            [
                completion("text", "Столица"),
                completion("ids", ids),
                completion("logprobs", "Столица", logprobs=2, ignore_eos=True),
                chat("n", n=3, temperature=2.0, top_p=1, top_k=-1, ignore_eos=True),
                chat("top", logprobs=True, top_logprobs=3, ignore_eos=True),
            ]
        )
        body = {name: result["response"]["body"] for name, result in results.items()}
        text = body["text"]["choices"][0]["text"]
        self.assertEqual(body["ids"]["choices"][0]["text"], text)
        logprobs = body["logprobs"]["choices"][0]["logprobs"]
        self.assertEqual(len(logprobs["token_logprobs"]), 8)
        self.assertEqual(len(body["n"]["choices"]), 3)
        answers = {choice["message"]["content"] for choice in body["n"]["choices"]}
        self.assertEqual(len(answers), 3)
        self.assertEqual(body["n"]["usage"]["completion_tokens"], 24)
        content = body["top"]["choices"][0]["logprobs"]["content"]
        self.assertEqual(len(content), 8)
        for entry in content:
            self.assertEqual(len(entry["top_logprobs"]), 3)
            self.assertEqual(bytes(entry["bytes"]).decode("utf-8", "replace"), entry["token"])

    def test_scores(self) -> None:
        """echo and prompt_logprobs: what the model thinks of the prompt, in both spellings."""
        ids = self.run_ok("tokenize", MODEL, "--json", stdin="Столица России").json
        results = self.batch(
            [
                completion("echo", "Столица России", echo=True, logprobs=2, max_tokens=0, n=2),
                completion("ids", ids, echo=True, logprobs=0, max_tokens=4, ignore_eos=True),
                completion("plain", "Столица России", echo=True, max_tokens=4, ignore_eos=True),
                completion("vllm", "Столица России", prompt_logprobs=1, max_tokens=1),
                chat("chat", prompt_logprobs=0),
            ]
        )
        body = {name: result["response"]["body"] for name, result in results.items()}
        self.assertEqual(body["echo"]["usage"]["completion_tokens"], 0)
        first, second = body["echo"]["choices"]
        self.assertEqual(first["text"], "Столица России")
        self.assertEqual(first["finish_reason"], "length")
        self.assertEqual(first["logprobs"], second["logprobs"])
        scores = first["logprobs"]["token_logprobs"]
        self.assertEqual(len(scores), len(ids))
        self.assertIsNone(scores[0])
        self.assertIsNone(first["logprobs"]["top_logprobs"][0])
        self.assertEqual(len(first["logprobs"]["top_logprobs"][1]), 2)

        choice = body["ids"]["choices"][0]
        self.assertTrue(choice["text"].startswith("Столица России"))
        self.assertEqual(choice["text"], body["plain"]["choices"][0]["text"])
        self.assertEqual(len(choice["logprobs"]["tokens"]), len(ids) + 4)
        self.assertEqual(choice["logprobs"]["token_logprobs"][: len(ids)], scores)
        said = "".join(choice["logprobs"]["tokens"][: len(ids)])
        self.assertEqual(said, "Столица России")
        self.assertIsNone(body["plain"]["choices"][0]["logprobs"])

        listed = body["vllm"]["choices"][0]["prompt_logprobs"]
        self.assertIsNone(listed[0])
        self.assertEqual(
            [entry[str(i)]["logprob"] for i, entry in zip(ids[1:], listed[1:], strict=True)],
            scores[1:],
        )
        for entry in listed[1:]:
            self.assertIn(1, [token["rank"] for token in entry.values()])
        self.assertEqual(
            len(body["chat"]["prompt_logprobs"]), body["chat"]["usage"]["prompt_tokens"]
        )

    def test_sampling_fields(self) -> None:
        """Fields of vLLM, llama.cpp and Hugging Face act under their names."""
        ids = self.run_ok("tokenize", MODEL, "--json", stdin="Столица").json
        both = self.run_ok("tokenize", MODEL, "--json", stdin=" a c").json
        off: dict[str, object] = {"dry_multiplier": 0, "allowed_token_ids": both}
        on = {**off, "dry_multiplier": 9}
        breakers: tuple[list[str], ...] = ([], ["a", "c"])
        dry = [off, on, *({**on, "dry_sequence_breakers": texts} for texts in breakers)]
        results = self.batch(
            [
                completion("plain", "а а а а", max_tokens=12),
                completion("allowed", "а", allowed_token_ids=ids, temperature=1, seed=3),
                completion("ngram", "а а а а", no_repeat_ngram_size=1, max_tokens=12),
                completion("predict", "а", max_tokens=None, n_predict=3, ignore_eos=True),
                completion("stop", "а", stop=["а", "о", "е", "и"], include_stop_str_in_output=True),
                completion(
                    "many",
                    "а",
                    temperature=0.9,
                    seed=5,
                    top_n_sigma=-1,
                    typical_p=0.9,
                    xtc_probability=0.5,
                    xtc_threshold=0.1,
                    dynatemp_range=0.2,
                    dynatemp_exponent=1.5,
                    epsilon_cutoff=0.0001,
                    eta_cutoff=0.0001,
                    repeat_penalty=1.1,
                    bad_words=["слово"],
                    dry_multiplier=0.8,
                    dry_base=1.5,
                    dry_allowed_length=3,
                    dry_penalty_last_n=64,
                    dry_sequence_breakers=["\n", "; "],
                ),
                *(completion(f"dry{i}", "Привет", **body) for i, body in enumerate(dry)),
                completion("mirostat", "а", mirostat=2, mirostat_tau=3, mirostat_eta=0.2, seed=1),
                completion("adaptive", "а", adaptive_target=0.4, adaptive_decay=0.8, seed=1),
            ]
        )
        texts = {}
        for name, result in results.items():
            self.assertIsNone(result["error"], name)
            texts[name] = result["response"]["body"]["choices"][0]["text"]
        self.assertLessEqual(set(texts["allowed"]), set("Столица"))
        usage = results["allowed"]["response"]["body"]["usage"]
        self.assertEqual(usage["completion_tokens"], 8)
        self.assertNotEqual(texts["plain"], texts["ngram"])
        # A token that has a breaker in it is one: with both, nothing is a repetition.
        self.assertNotEqual(texts["dry0"], texts["dry1"])
        self.assertEqual(texts["dry1"], texts["dry2"])
        self.assertEqual(texts["dry0"], texts["dry3"])
        usage = results["predict"]["response"]["body"]["usage"]
        self.assertEqual(usage["completion_tokens"], 3)

    def test_tools(self) -> None:
        """Calls that a model makes, and those that it would not make by itself."""
        said = {
            "call": ['<tool_call>\n{"name": "b", "argu', 'ments": {}}', "\n</tool_call>"],
            "words": ["Нет", ", спасибо."],
            "city": ['city": 1}', "}\n</tool_call>\n", "Вот."],
        }
        path = self.folder / "scripted"
        write_model(path, Path(MODEL), said, [('"', 'city": 1}', 1.0), ("{", '"', 1.0)])
        tools = [{"type": "function", "function": {"name": name}} for name in ("a", "b")]

        def asked(name: str, script: str, **body: object) -> dict[str, Any]:
            turns = [{"role": "user", "content": f"say:{script}"}]
            fields = {"tools": tools, "temperature": 0, "max_tokens": 99, **body}
            return chat(name, messages=turns, **fields)

        named = {"type": "function", "function": {"name": "b"}}
        results = self.batch(
            [
                asked("own", "call"),
                asked("none", "words"),
                asked("required", "words", tool_choice="required"),
                asked("named", "words", tool_choice=named, n=2),
                asked("one", "words", tool_choice="required", parallel_tool_calls=False),
            ],
            model=str(path),
        )
        found = {}
        for name, result in results.items():
            self.assertIsNone(result["error"], name)
            for choice in result["response"]["body"]["choices"]:
                message = choice["message"]
                calls = [
                    (call["function"]["name"], call["function"]["arguments"])
                    for call in message.get("tool_calls", [])
                ]
                found[name] = (message["content"], calls, choice["finish_reason"])
        city = '{"city": 1}'
        self.assertEqual(
            found,
            {
                "own": (None, [("b", "{}")], "tool_calls"),
                "none": ("Нет, спасибо.", [], "stop"),
                "required": ("Вот.", [("a", city)], "tool_calls"),
                "named": (None, [("b", city)], "stop"),
                "one": (None, [("a", city)], "tool_calls"),
            },
        )

    def test_bad_requests(self) -> None:
        """A request that is wrong has an error, by field and value, and the others an answer."""
        cases: dict[str, tuple[dict[str, object], str]] = {
            "no_messages": ({"body": {}}, "body has no messages"),
            "no_body": ({"body": None}, "body is null, it must be an object"),
            "url": ({"url": "/v1/images"}, 'not supported: url "/v1/images"'),
            "method": ({"method": "GET"}, 'not supported: the method "GET"'),
        }
        fields: dict[str, tuple[object, str]] = {
            "temperature": ("hot", 'temperature is "hot", it must be a number'),
            "top_p": (2, "sampling: top_p is 2, it must be"),
            "n": (0, "n is 0, it must be 1 to 128"),
            "max_tokens": (-1, "max_tokens is -1, it must be 0 or more"),
            "stop": ([1], "stop is [1], it must be a string or a list of strings"),
            "logit_bias": ({"x": 1}, 'logit_bias is "x", it must be a token id'),
            "top_logprobs": (2, "top_logprobs is 2, it must be absent where logprobs is not true"),
            "stream": (True, "not supported: stream in a batch"),
            "tool_choice": ("required", "tool_choice wants a call, and there is no tool to call"),
            "response_format": (
                {"type": "json_object"},
                'not supported: response_format "json_object"',
            ),
            "echo": (True, 'not supported: the field "echo" with true'),
            "prompt_logprobs": (-1, "prompt_logprobs is -1, it must be 0 or more"),
            "thinking_token_budget": (
                5,
                "thinking_budget is 5, and the model has no tokens <think>",
            ),
            "allowed_token_ids": ("x", 'allowed_token_ids is "x", it must be a list of token ids'),
            "dry_sequence_breakers": ([""], "a sequence breaker is empty"),
            "bad_words": ([" "], 'bad_words is [" "], it must be words that are not empty'),
            "mirostat": (3, "sampling: mirostat is 3, it must be 0 (off), 1 or 2"),
            "best_of": (2, 'not supported: the field "best_of" with 2'),
        }
        requests = [{**chat(name), **change} for name, (change, _) in cases.items()]
        requests += [chat(name, **{name: value}) for name, (value, _) in fields.items()]
        requests.append(chat("good"))
        results = self.batch(requests)
        messages = {name: case[1] for name, case in (*cases.items(), *fields.items())}
        for name, result in results.items():
            if name == "good":
                self.assertIsNone(result["error"])
                continue
            self.assertIsNone(result["response"])
            self.assertIn(messages[name], result["error"]["message"])

    def test_positions(self) -> None:
        """No request runs past what the model was made for, whatever room the engine has."""
        requests = [
            chat("chat", messages=[{"role": "user", "content": "да " * 2100}]),
            completion("ids", [[65] * 2049, [65]]),
            completion("fits", [65] * 2040, max_tokens=100, ignore_eos=True),
            {"custom_id": "input", "url": "/v1/embeddings", "body": {"input": [[65] * 2049]}},
            {"custom_id": "whole", "url": "/v1/embeddings", "body": {"input": [[65] * 2048]}},
        ]
        results = self.batch(requests)
        most = "tokens, the model takes 2048 at most (max_position_embeddings)"
        self.assertRegex(results["chat"]["error"]["message"], "messages has [0-9]{4} tokens, the ")
        self.assertIn(f"prompt has 2049 {most}", results["ids"]["error"]["message"])
        self.assertIn(f"input has 2049 {most}", results["input"]["error"]["message"])
        self.assertIsNone(results["whole"]["error"])
        answer = results["fits"]["response"]["body"]
        self.assertEqual(answer["choices"][0]["finish_reason"], "length")
        self.assertEqual(answer["usage"]["completion_tokens"], 8)

    def test_bad_files(self) -> None:
        """What is wrong with a file is said before anything is answered, with its line."""
        one = chat("a")
        for text, message in (
            (json.dumps(one) + "\n{\n", "in.jsonl:2: not a JSON object"),
            (
                json.dumps(one) + "\n\n" + json.dumps(one),
                'in.jsonl:3: the custom_id "a" is there twice',
            ),
            ('{"custom_id": 1}', "in.jsonl:1: custom_id must be a string"),
        ):
            result = self.call("batch", MODEL, "--in", self.file("in.jsonl", text), "--out", "o")
            self.assertEqual(result.status, 1)
            self.assertIn(message, result.error)
            self.assertFalse((self.folder / "o").exists())
        other = self.file("o", "notes\n")
        result = self.call("batch", MODEL, "--in", self.lines([one]), "--out", other)
        self.assertIn("o:1: no result of a batch: it is not changed", result.error)
        self.assertEqual(Path(other).read_text(encoding="utf-8"), "notes\n")

    def test_goes_on(self) -> None:
        """A line that was cut is made anew, whole ones stay."""
        requests = [chat(str(i)) for i in range(4)]
        whole = self.batch(requests)
        out = self.folder / "out.jsonl"
        text = out.read_text(encoding="utf-8").splitlines(keepends=True)
        out.write_text(text[0] + text[1] + text[2][:40], encoding="utf-8")
        self.assertEqual(set(self.batch(requests)), set(whole))
        after = out.read_text(encoding="utf-8").splitlines(keepends=True)
        self.assertEqual(after[:2], text[:2])
        for name, result in self.results().items():
            first = whole[name]["response"]["body"]
            again = result["response"]["body"]
            self.assertEqual(again["choices"], first["choices"])

    def test_killed(self) -> None:
        """Killed at any time and started again: no result is lost or there twice."""
        requests = [chat(str(i), max_tokens=40, ignore_eos=True) for i in range(40)]
        source = self.lines(requests)
        command: list[str] = [
            str(BINARY),
            "batch",
            MODEL,
            "--in",
            str(source),
            "--out",
            "out.jsonl",
            "--parallel",
            "2",
        ]
        out = self.folder / "out.jsonl"
        kills = 0
        for lines in (1, 9, 20):
            process = subprocess.Popen(
                command, cwd=self.folder, env=self.environment(), stdout=subprocess.DEVNULL
            )
            deadline = time.monotonic() + 60
            while process.poll() is None and time.monotonic() < deadline:
                if out.exists() and out.read_bytes().count(b"\n") >= lines:
                    os.kill(process.pid, signal.SIGKILL)
                    break
                time.sleep(0.001)
            kills += process.wait() == -signal.SIGKILL
        self.assertGreater(kills, 0)
        results = self.batch(requests)
        self.assertEqual(set(results), {str(i) for i in range(40)})
        self.assertTrue(all(result["error"] is None for result in results.values()))


if __name__ == "__main__":
    main()
