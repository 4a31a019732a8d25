"""Calls of tools and thoughts, by a model that says what the test has it say."""

from __future__ import annotations

import json
import tempfile
from pathlib import Path
from typing import Any

from client import MODEL, Server, ServerTest, main
from scripted_model import write_model

CHAT = "/v1/chat/completions"
ONE = '{"city": "Моск\\u0432а", "days": [1, 2]}'
SCRIPTS = {
    "one": ["Сейчас", ".\n", "<tool_", 'call>\n{"name": "wea', 'ther", "argu',
            'ments": {"city": "Мо', 'ск\\u0432а", "days": ', "[1, 2]}", "}\n</tool_call>"],
    "two": ['<tool_call>\n{"name": "a", "arguments": {}}\n</tool_call>\n<tool_',
            'call>{"name": "b", "arguments": {"x": "}"}}', "</tool_call>\n"],
    "broken": ["Так: <tool_call>", '{"name": "a", "arguments": ', "нет}", "</tool_call>", " и всё"],
    "thinks": ["<think>", "\nДум", "аю.\n", "</think>", "\n\n", "Да", " так."],
    "opened": ["\nПодумал.", "\n", "</thi", "nk>\n\nНет."],
}  # fmt: skip
TOOLS = [
    {"type": "function", "function": {"name": name, "parameters": {"type": "object"}}}
    for name in ("weather", "a", "b")
]


def said(answer: Any) -> tuple[Any, ...]:  # noqa: ANN401
    """What a message says: content, thoughts, calls, why it ended."""
    choice = answer["choices"][0]
    message = choice["message"]
    calls = [
        (call["type"], call["function"]["name"], call["function"]["arguments"])
        for call in message.get("tool_calls", [])
    ]
    return message["content"], message.get("reasoning_content"), calls, choice["finish_reason"]


class ToolsTest(ServerTest):
    """The scripted model."""

    folder: tempfile.TemporaryDirectory[str]

    @classmethod
    def setUpClass(cls) -> None:
        """Writes it, and serves it."""
        cls.folder = tempfile.TemporaryDirectory()
        path = Path(cls.folder.name) / "scripted"
        write_model(path, Path(MODEL), SCRIPTS)
        cls.server = Server(models=(str(path),))

    @classmethod
    def tearDownClass(cls) -> None:
        """And it goes."""
        super().tearDownClass()
        cls.folder.cleanup()

    def say(self, script: str, **body: object) -> Any:  # noqa: ANN401
        """One answer."""
        fields: dict[str, object] = {"tools": TOOLS, "temperature": 0, **body}
        return self.chat(f"say:{script}", **fields)

    def stream(self, script: str, **body: object) -> tuple[Any, ...]:
        """The same as a stream, put together as clients do, and the pieces of arguments."""
        answer = self.post(
            CHAT,
            messages=[{"role": "user", "content": f"say:{script}"}],
            **{"tools": TOOLS, "temperature": 0, "stream": True, **body},
        )
        self.assertEqual(answer.status, 200, answer.body)
        content, thoughts, reason = "", "", None
        calls: list[list[str]] = []
        ids: list[str] = []
        pieces = 0
        for event in answer.events():
            choice = event["choices"][0]
            delta = choice["delta"]
            content += delta.get("content") or ""
            thoughts += delta.get("reasoning_content") or ""
            for part in delta.get("tool_calls", []):
                if "id" in part:
                    self.assertEqual(part["index"], len(calls))
                    ids.append(part["id"])
                    calls.append([part["type"], part["function"]["name"], ""])
                pieces += part["function"]["arguments"] != ""
                calls[part["index"]][2] += part["function"]["arguments"]
            reason = choice["finish_reason"] or reason
        self.assertEqual(len(set(ids)), len(calls))
        return content, thoughts, [tuple(call) for call in calls], reason, pieces

    def test_one_call(self) -> None:
        """Text, then a call, whose arguments come as they are written."""
        expected = [("function", "weather", ONE)]
        self.assertEqual(said(self.say("one")), ("Сейчас.", None, expected, "tool_calls"))
        content, _, calls, reason, pieces = self.stream("one")
        self.assertEqual((content, calls, reason), ("Сейчас.", expected, "tool_calls"))
        self.assertGreaterEqual(pieces, 3)
        self.assertEqual(json.loads(calls[0][2]), {"city": "Москва", "days": [1, 2]})

    def test_calls_in_parallel(self) -> None:
        """Two calls, or the first alone where that is asked for."""
        calls = [("function", "a", "{}"), ("function", "b", '{"x": "}"}')]
        self.assertEqual(said(self.say("two")), (None, None, calls, "tool_calls"))
        self.assertEqual(self.stream("two")[:4], ("", "", calls, "tool_calls"))
        first = self.say("two", parallel_tool_calls=False)
        self.assertEqual(said(first), (None, None, calls[:1], "tool_calls"))

    def test_text(self) -> None:
        """What is no call, and calls that nobody asked for, are text."""
        text = "".join(SCRIPTS["broken"])
        self.assertEqual(said(self.say("broken")), (text, None, [], "stop"))
        self.assertEqual(self.stream("broken")[:4], (text, "", [], "stop"))
        one = "".join(SCRIPTS["one"])
        self.assertEqual(said(self.say("one", tools=None)), (one, None, [], "stop"))
        self.assertEqual(said(self.say("one", tool_choice="none")), (one, None, [], "stop"))
        # Cut in the middle of a call: whole answers have it as text.
        content, _, calls, reason = said(self.say("one", max_tokens=6))
        self.assertEqual((calls, reason), ([], "length"))
        self.assertTrue(content.endswith('"arguments": {"city": "Мо'))

    def test_history(self) -> None:
        """An answer with calls and what the tools said goes back as it came."""
        call = self.say("one")["choices"][0]["message"]
        result = {"role": "tool", "tool_call_id": call["tool_calls"][0]["id"], "content": "тепло"}
        user = {"role": "user", "content": "say:thinks"}
        answer = self.ok(CHAT, messages=[user, call, result, user], tools=TOOLS, temperature=0)
        self.assertEqual(said(answer), ("Да так.", "Думаю.", [], "stop"))

    def test_thoughts(self) -> None:
        """Apart from what is said, also where the template has opened them."""
        self.assertEqual(said(self.say("thinks")), ("Да так.", "Думаю.", [], "stop"))
        self.assertEqual(self.stream("thinks")[:4], ("Да так.", "Думаю.", [], "stop"))
        closed = said(self.say("opened", tools=None))
        self.assertEqual(closed[:2], ("".join(SCRIPTS["opened"]), None))

    def test_template_variables(self) -> None:
        """chat_template_kwargs reach the template."""
        body: dict[str, Any] = {"messages": [{"role": "user", "content": "а"}]}
        plain = self.ok("/apply-template", **body)["prompt"]
        opened = self.ok("/apply-template", **body, chat_template_kwargs={"opened": True})["prompt"]
        self.assertEqual(opened, plain.removesuffix("а") + "<think>а")
        with_tools = self.ok("/apply-template", **body, tools=TOOLS)["prompt"]
        self.assertTrue(with_tools.startswith('tools: [{"type": "function"'))

    def test_suffix(self) -> None:
        """Without the tokens for it there is none."""
        error = self.refused("/v1/completions", 400, prompt="а", suffix="б")
        self.assertEqual(error["param"], "suffix")


if __name__ == "__main__":
    main()
