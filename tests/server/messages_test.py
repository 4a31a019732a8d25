"""Anthropic's form, /v1/messages and count_tokens, by a model that says what it is told."""

from __future__ import annotations

import json
import tempfile
from pathlib import Path
from typing import Any

from client import Answer, Server, ServerTest, main
from scripted_server import ARGUMENTS, CITY, PLAIN, SCRIPTS, ScriptedTest

MESSAGES = "/v1/messages"
COUNT = "/v1/messages/count_tokens"
TOOLS = [{"name": name, "input_schema": {"type": "object"}} for name in ("weather", "a", "b")]
HELLO: list[dict[str, object]] = [{"role": "user", "content": "say:plain"}]
TEXT = {"type": "text", "text": PLAIN}
DAYS = json.loads(ARGUMENTS)


def gather(stream: list[Any]) -> dict[str, Any]:
    """The message that a stream is of, put together as clients do; asserts its order."""
    assert stream[0]["type"] == "message_start" and stream[-1] == {"type": "message_stop"}
    message = stream[0]["message"]
    assert message["content"] == [] and message["stop_reason"] is None
    is_open = False
    inputs: dict[int, str] = {}
    for event in stream[1:-1]:
        kind = event["type"]
        if kind == "content_block_start":
            assert not is_open and event["index"] == len(message["content"])
            is_open = True
            message["content"].append(event["content_block"])
        elif kind in ("content_block_delta", "content_block_stop"):
            assert is_open and event["index"] == len(message["content"]) - 1
            is_open = kind == "content_block_delta"
            for name, text in event.get("delta", {}).items():
                if name == "partial_json":
                    inputs[event["index"]] = inputs.get(event["index"], "") + text
                elif name != "type":
                    assert event["delta"]["type"] == name + "_delta"
                    message["content"][-1][name] += text
        elif kind == "message_delta":
            assert not is_open
            message |= event["delta"]
            message["usage"] = event["usage"]
        else:
            assert event == {"type": "ping"}, event
    for index, text in inputs.items():
        message["content"][index]["input"] = json.loads(text)
    return message


def without_ids(message: dict[str, Any]) -> dict[str, Any]:
    """What does not change from one answer to the same one again."""
    content = [{k: v for k, v in block.items() if k != "id"} for block in message["content"]]
    usage = message["usage"]
    usage["input_tokens"] += usage.pop("cache_read_input_tokens")
    return {**message, "id": None, "content": content}


class MessagesTest(ScriptedTest):
    """The scripted model."""

    def say(self, script: str, **body: object) -> Any:  # noqa: ANN401
        """One message; its stream is of the same."""
        fields: dict[str, object] = {"max_tokens": 64, "temperature": 0, **body}
        fields.setdefault("messages", [{"role": "user", "content": f"say:{script}"}])
        message = self.ok(MESSAGES, **fields)
        self.assertRegex(message["id"], "^msg_")
        answer = self.post(MESSAGES, **fields, stream=True)
        self.assertEqual(answer.status, 200, answer.body)
        self.assertEqual(
            without_ids(gather(answer.named_events())), without_ids(json.loads(json.dumps(message)))
        )
        return message

    def no(self, status: int, kind: str, path: str = MESSAGES, **body: object) -> str:
        """What must be refused in Anthropic's form: its message."""
        fields: dict[str, object] = {"max_tokens": 8, "messages": HELLO, **body}
        answer = self.post(path, **{k: v for k, v in fields.items() if v is not None})
        return self.is_error(answer, status, kind)

    def is_error(self, answer: Answer, status: int, kind: str) -> str:
        """The message of the error that the answer must be."""
        self.assertEqual(answer.status, status, answer.body)
        self.assertEqual((set(answer.json), answer.json["type"]), ({"type", "error"}, "error"))
        self.assertEqual(answer.error["type"], kind, answer.body)
        return str(answer.error["message"])

    def test_text(self) -> None:
        """Contents and system as strings and as blocks are the same."""
        message = self.say("plain")
        self.assertEqual(message["content"], [TEXT])
        self.assertEqual(
            (message["type"], message["role"], message["stop_reason"], message["stop_sequence"]),
            ("message", "assistant", "end_turn", None),
        )
        blocks = [{"type": "text", "text": "say:"}, {"type": "text", "text": "plain"}]
        system = [{"type": "text", "text": "Кратко.", "cache_control": {"type": "ephemeral"}}]
        turns: list[dict[str, object]] = [
            *HELLO,
            {"role": "assistant", "content": [TEXT]},
            {"role": "user", "content": blocks},
        ]
        self.assertEqual(self.say("", messages=turns, system=system)["content"], [TEXT])
        one = self.ok(COUNT, messages=turns, system=system)
        turns[1]["content"] = PLAIN
        self.assertEqual(self.ok(COUNT, messages=turns, system="Кратко."), one)

    def test_turns_of_one_role(self) -> None:
        """Turns of one role that follow each other are one."""
        call = {"type": "tool_use", "id": "x", "name": "a", "input": {}}
        result = {"type": "tool_result", "tool_use_id": "x", "content": "да"}
        hello = {"type": "text", "text": "Привет"}
        apart: list[dict[str, object]] = [
            {"role": "user", "content": "раз"},
            {"role": "user", "content": [{"type": "text", "text": "два"}]},
            {"role": "assistant", "content": [hello]},
            {"role": "assistant", "content": [call]},
            {"role": "user", "content": [result]},
            {"role": "user", "content": "и"},
            {"role": "user", "content": [{"type": "text", "text": "say:plain"}]},
        ]
        joined: list[dict[str, object]] = [
            {"role": "user", "content": "раз\nдва"},
            {"role": "assistant", "content": [hello, call]},
            {"role": "user", "content": [result, {"type": "text", "text": "и\nsay:plain"}]},
        ]
        self.assertEqual(self.say("", messages=apart)["content"], [TEXT])
        one = self.ok(MESSAGES, messages=joined, max_tokens=1)["usage"]
        other = self.ok(MESSAGES, messages=apart, max_tokens=1)["usage"]
        # Of the other all is in the cache but the last token, which is always computed.
        self.assertEqual(other["input_tokens"], 1)
        self.assertEqual(
            one["input_tokens"] + one["cache_read_input_tokens"],
            1 + other["cache_read_input_tokens"],
        )

    def test_ends(self) -> None:
        """At max_tokens, at a sequence, which is named, and without a token."""
        cut = self.say("plain", max_tokens=2)
        self.assertEqual((cut["stop_reason"], cut["usage"]["output_tokens"]), ("max_tokens", 2))
        self.assertEqual(cut["content"], [{"type": "text", "text": "Добрый день"}])
        stopped = self.say("plain", stop_sequences=["нет", "ень"])
        self.assertEqual(
            (stopped["stop_reason"], stopped["stop_sequence"], stopped["content"][0]["text"]),
            ("stop_sequence", "ень", "Добрый д"),
        )
        none = self.say("plain", max_tokens=0)
        self.assertEqual((none["content"], none["stop_reason"]), ([], "max_tokens"))

    def test_usage(self) -> None:
        """Cached tokens are counted apart, and count_tokens counts the same."""
        long = [{"role": "user", "content": "слово " * 60 + "say:plain"}]
        count = self.ok(COUNT, messages=long)["input_tokens"]
        first = self.ok(MESSAGES, messages=long, max_tokens=4)["usage"]
        again = self.ok(MESSAGES, messages=long, max_tokens=4)["usage"]
        for usage in (first, again):
            self.assertEqual(usage["input_tokens"] + usage["cache_read_input_tokens"], count)
        self.assertGreater(again["cache_read_input_tokens"], 100)
        self.assertEqual(again["output_tokens_details"], {"thinking_tokens": 0})
        start = self.post(MESSAGES, messages=long, max_tokens=4, stream=True).named_events()[0]
        self.assertEqual(start["message"]["usage"]["input_tokens"], count)

    def test_tools(self) -> None:
        """Calls as blocks, their arguments as objects, and what the tools said goes back."""
        message = self.say("one", tools=TOOLS)
        text, call = message["content"]
        self.assertEqual((text["text"], message["stop_reason"]), ("Сейчас.", "tool_use"))
        self.assertEqual((call["type"], call["name"], call["input"]), ("tool_use", "weather", DAYS))
        result = {"type": "tool_result", "tool_use_id": call["id"], "content": [TEXT]}
        turns = [
            {"role": "user", "content": "say:one"},
            {"role": "assistant", "content": message["content"]},
            {"role": "user", "content": [result, {"type": "text", "text": "say:plain"}]},
        ]
        self.assertEqual(self.say("", messages=turns, tools=TOOLS)["content"], [TEXT])
        two = self.say("two", tools=TOOLS, tool_choice={"type": "auto"})["content"]
        self.assertEqual([(b["name"], b["input"]) for b in two], [("a", {}), ("b", {"x": "}"})])
        self.assertEqual(len({block["id"] for block in two}), 2)
        single = {"type": "auto", "disable_parallel_tool_use": True}
        self.assertEqual(len(self.say("two", tools=TOOLS, tool_choice=single)["content"]), 1)
        silent = self.say("one", tools=TOOLS, tool_choice={"type": "none"})["content"]
        self.assertEqual(silent, [{"type": "text", "text": "".join(SCRIPTS["one"])}])
        # The template has them where OpenAI's form has them.
        nested = [
            {"type": "function", "function": {"name": t["name"], "parameters": t["input_schema"]}}
            for t in TOOLS
        ]
        tokens = self.ok("/tokenize", messages=HELLO, tools=nested)["count"]
        self.assertEqual(self.ok(COUNT, messages=HELLO, tools=TOOLS)["input_tokens"], tokens)

    def test_forced_tools(self) -> None:
        """A model that would rather talk calls a tool; nothing follows the only call."""
        any_tool = self.say("plain", tools=TOOLS, tool_choice={"type": "any"})
        call, text = any_tool["content"]
        self.assertEqual((call["name"], call["input"]), ("weather", json.loads(CITY)))
        self.assertEqual((text["text"], any_tool["stop_reason"]), ("Это всё.", "tool_use"))
        one = {"type": "any", "disable_parallel_tool_use": True}
        self.assertEqual(len(self.say("plain", tools=TOOLS, tool_choice=one)["content"]), 1)
        named = self.say("plain", tools=TOOLS, tool_choice={"type": "tool", "name": "b"})
        (call,) = named["content"]
        self.assertEqual((call["name"], call["input"]), ("b", json.loads(CITY)))
        self.assertEqual(named["stop_reason"], "tool_use")

    def test_streamed_arguments(self) -> None:
        """Arguments come as they are written."""
        fields: dict[str, object] = {"max_tokens": 64, "temperature": 0, "tools": TOOLS}
        turn = [{"role": "user", "content": "say:one"}]
        stream = self.post(MESSAGES, messages=turn, stream=True, **fields).named_events()
        pieces = [e for e in stream if e.get("delta", {}).get("type") == "input_json_delta"]
        self.assertGreaterEqual(len(pieces), 3)

    def test_thinking(self) -> None:
        """Thoughts are blocks, which may come back; they end where the budget does."""
        message = self.say("thinks")
        # <think> and </think> are among them.
        self.assertEqual(message["usage"]["output_tokens_details"], {"thinking_tokens": 4})
        thought, text = message["content"]
        self.assertEqual((thought["type"], thought["thinking"]), ("thinking", "Думаю."))
        self.assertEqual(text["text"], "Да так.")
        turns = [*HELLO, {"role": "assistant", "content": [thought, text]}, *HELLO]
        self.assertEqual(self.say("", messages=turns)["content"], [TEXT])
        enabled = {"type": "enabled", "budget_tokens": 32}
        self.assertEqual(self.say("thinks", thinking=enabled)["content"][0], thought)
        ended = self.say("thinks", thinking={"type": "enabled", "budget_tokens": 1})["content"]
        self.assertNotEqual(ended[0], thought)

    def test_refused(self) -> None:
        """What is wrong, by the name that the request has for it."""
        cases: list[tuple[str, dict[str, Any]]] = [
            ("max_tokens", {"max_tokens": None}),
            ("max_tokens is -1", {"max_tokens": -1}),
            ("max_tokens is \"8\"", {"max_tokens": "8"}),
            ("messages", {"messages": None}),
            ("messages is []", {"messages": []}),
            ("messages[0] is 1", {"messages": [1]}),
            ("messages[0].role is \"tool\"", {"messages": [{"role": "tool", "content": "а"}]}),
            ("messages[0].content is 1", {"messages": [{"role": "user", "content": 1}]}),
            ("messages[0].content is []", {"messages": [{"role": "user", "content": []}]}),
            ("messages[0].content[0]", {"messages": [{"role": "user", "content": ["а"]}]}),
            ("messages[0].content[0], a block of type \"image\"",
             {"messages": [{"role": "user", "content": [{"type": "image", "source": {}}]}]}),
            ("messages[0].content[0].tool_use_id is \"x\"",
             {"messages": [{"role": "user", "content": [
                 {"type": "tool_result", "tool_use_id": "x"}]}]}),
            ("messages[1].content[0].input is 1",
             {"messages": [*HELLO, {"role": "assistant", "content": [
                 {"type": "tool_use", "id": "x", "name": "a", "input": 1}]}, *HELLO]}),
            ("messages[1] of the assistant",
             {"messages": [*HELLO, {"role": "assistant", "content": "а"}]}),
            ("system is 1", {"system": 1}),
            ("tools[0]", {"tools": [{"name": "a"}]}),
            ("tools[0] of type \"web_search\"", {"tools": [{"type": "web_search", "name": "w"}]}),
            ("tool_choice wants a call", {"tool_choice": {"type": "any"}}),
            ("tool_choice is {", {"tools": TOOLS, "tool_choice": {"type": "tool"}}),
            ("tool_choice is \"c\"",
             {"tools": TOOLS, "tool_choice": {"type": "tool", "name": "c"}}),
            ("tool_choice.type is \"some\"", {"tool_choice": {"type": "some"}}),
            ("stop_sequences is \"а\"", {"stop_sequences": "а"}),
            ("thinking.type is \"much\"", {"thinking": {"type": "much"}}),
            ("thinking is", {"thinking": {"type": "enabled"}}),
            ("output_config.format", {"output_config": {"format": {"type": "json_schema"}}}),
            ("mcp_servers", {"mcp_servers": [{}]}),
            ("\"n\"", {"n": 2}),
            ("top_p is 2", {"top_p": 2}),
        ]  # fmt: skip
        for words, change in cases:
            with self.subTest(words):
                self.assertIn(words, self.no(400, "invalid_request_error", **change))
        self.assertIn("messages[0]", self.no(400, "invalid_request_error", COUNT, messages=[1]))
        self.is_error(self.request("POST", MESSAGES, b"{"), 400, "invalid_request_error")
        self.is_error(self.request("GET", MESSAGES), 405, "invalid_request_error")
        self.assertIn("gpt-9", self.no(404, "not_found_error", model="gpt-9"))
        self.assertIn("gpt-9", self.no(404, "not_found_error", COUNT, model="gpt-9"))
        for path in (MESSAGES, COUNT):
            answer = self.post(path, max_tokens=8, messages=HELLO, colour="red")
            self.assertIn("colour", answer.headers["warning"])


class StrictTest(ScriptedTest):
    """A server that refuses what it does not know."""

    flags = ("--strict",)

    def test_strict(self) -> None:
        """In counts too, where others warn."""
        for path in (MESSAGES, COUNT):
            answer = self.post(path, max_tokens=1, messages=HELLO, colour="red")
            self.assertEqual(answer.status, 400, path)
            self.assertIn('"colour"', answer.error["message"])
            body = {"max_tokens": 1, "messages": HELLO, "metadata": {"user_id": "x"}}
            self.assertEqual(self.post(path, **body).status, 200)


class KeyTest(ServerTest):
    """A server with a key, and a limit of 1 MiB for bodies."""

    @classmethod
    def setUpClass(cls) -> None:
        """Writes the key."""
        folder = cls.enterClassContext(tempfile.TemporaryDirectory())
        keys = Path(folder) / "keys"
        keys.write_text("secret\n", encoding="utf-8")
        cls.server = Server("--api-key-file", str(keys), "--max-body", "1")

    def test_key(self) -> None:
        """As Anthropic's clients send it, or as OpenAI's do."""
        body = {"messages": HELLO, "max_tokens": 1}
        for headers in ({"x-api-key": "secret"}, {"Authorization": "Bearer secret"}):
            self.assertEqual(self.request("POST", MESSAGES, body, headers).status, 200)
        answer = self.request("POST", MESSAGES, body, {"x-api-key": "other"})
        self.assertEqual((answer.status, answer.error["type"]), (401, "authentication_error"))
        headers = {"x-api-key": "secret"}
        answer = self.request("POST", MESSAGES, b" " * (2 << 20), headers)
        self.assertEqual((answer.status, answer.error["type"]), (413, "request_too_large"))


if __name__ == "__main__":
    main()
