"""Calls of tools and thoughts, by a model that says what the test has it say."""

from __future__ import annotations

import json
from typing import Any

from client import main
from scripted_server import ARGUMENTS, CITY, PLAIN, SCRIPTS, ScriptedTest

CHAT = "/v1/chat/completions"
TOOLS = [
    {"type": "function", "function": {"name": name, "parameters": {"type": "object"}}}
    for name in ("weather", "a", "b")
]


def function(name: object) -> dict[str, object]:
    """A tool_choice, or one of the allowed ones."""
    return {"type": "function", "function": {"name": name}}


def said(answer: Any) -> tuple[Any, ...]:  # noqa: ANN401
    """What a message says: content, thoughts, calls, why it ended."""
    choice = answer["choices"][0]
    message = choice["message"]
    calls = [
        (call["type"], call["function"]["name"], call["function"]["arguments"])
        for call in message.get("tool_calls", [])
    ]
    return message["content"], message.get("reasoning_content"), calls, choice["finish_reason"]


class ToolsTest(ScriptedTest):
    """The scripted model."""

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
        expected = [("function", "weather", ARGUMENTS)]
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

    def both(self, script: str, **body: object) -> tuple[Any, ...]:
        """What the answer says, which its stream must say too."""
        whole = said(self.say(script, **body))
        content, thoughts, calls, reason, _ = self.stream(script, **body)
        streamed = (content or None, thoughts or None, calls, reason)
        self.assertEqual(streamed, (whole[0] or None, *whole[1:]))
        return whole

    def test_required(self) -> None:
        """A model that would rather talk calls the tool that it likes best."""
        self.assertEqual(said(self.say("plain")), (PLAIN, None, [], "stop"))
        call = ("function", "weather", CITY)
        forced = self.both("plain", tool_choice="required")
        self.assertEqual(forced, ("Это всё.", None, [call], "tool_calls"))
        # The only call is the answer's end.
        one = {"tool_choice": "required", "parallel_tool_calls": False}
        self.assertEqual(self.both("plain", **one), (None, None, [call], "tool_calls"))
        longer = self.say("plain", tool_choice="required")["usage"]["completion_tokens"]
        tokens = self.say("plain", **one)["usage"]["completion_tokens"]
        self.assertEqual(tokens, longer - 1)
        some = {"mode": "required", "tools": [function("b"), function("a")]}
        allowed = self.both("plain", tool_choice={"type": "allowed_tools", "allowed_tools": some})
        self.assertEqual(allowed[2], [("function", "a", CITY)])
        # Each of several answers is forced.
        several = self.say("plain", tool_choice="required", n=3)
        self.assertEqual(
            [c["message"]["tool_calls"][0]["function"]["name"] for c in several["choices"]],
            ["weather"] * 3,
        )

    def test_named(self) -> None:
        """The tool that is named, once; the reason is OpenAI's for it."""
        for name in ("weather", "b"):
            named = self.both("plain", tool_choice=function(name))
            self.assertEqual(named, (None, None, [("function", name, CITY)], "stop"))
        # An argument-less call, behind which the model would call another tool.
        likes_empty = {"logit_bias": {str(ord("}")): 15}}
        empty = self.both("plain", tool_choice=function("b"), **likes_empty)
        self.assertEqual(empty, (None, None, [("function", "b", "{}")], "stop"))
        two = self.both("plain", tool_choice="required", **likes_empty)
        calls = [("function", "weather", "{}"), ("function", "a", "{}")]
        self.assertEqual(two, (None, None, calls, "tool_calls"))
        self.assertEqual(said(self.say("two", tool_choice="none"))[2], [])

    def test_required_behind_thoughts(self) -> None:
        """A model that thinks thinks first, and does not end before its call."""
        call = ("function", "weather", CITY)
        required = {"tool_choice": "required", "parallel_tool_calls": False}
        thinks = self.both("thinks", **required)
        self.assertEqual(thinks, (None, "Думаю.", [call], "tool_calls"))
        opened = {"chat_template_kwargs": {"opened": True}}
        self.assertEqual(self.both("plain", **required, **opened), thinks)
        # This one would end at once: it does behind the beginning of the call.
        (end,) = self.ok("/tokenize", prompt="<|im_end|>")["tokens"]
        ends = {"logit_bias": {str(end): 25}}
        self.assertEqual(said(self.say("thinks", **ends))[:2], ("", None))
        begun = '<tool_call>\n{"name": "weather", "arguments": {"city": "Тве'
        short = said(self.say("thinks", **required, **ends))
        self.assertEqual(short, (begun, "Думаю.", [], "stop"))

    def test_required_and_broken(self) -> None:
        """What the model makes of the arguments is its own: no call is text, or cut."""
        named = {"tool_choice": function("a")}
        begun = '<tool_call>\n{"name": "a", "arguments": {"city": "Тве'
        tokens = self.ok("/tokenize", prompt=begun)["count"]
        content, _, calls, reason = said(self.say("plain", **named, max_tokens=tokens))
        self.assertEqual((content, calls, reason), (begun, [], "length"))
        content, _, calls, reason = said(self.say("plain", **named, stop="рь"))
        self.assertEqual((content, calls, reason), (begun, [], "stop"))
        # In a stream it has begun by then.
        calls = self.stream("plain", **named, stop="рь")[2]
        self.assertEqual(calls, [("function", "a", '{"city": "Тве')])

    def test_tool_choice_refused(self) -> None:
        """By the field, and what is wrong with it."""
        cases: list[tuple[str, object, object, str]] = [
            ("tool_choice", "required", None, "there is no tool"),
            ("tool_choice", "required", [], "there is no tool"),
            ("tool_choice", "always", TOOLS, 'tool_choice is "always"'),
            ("tool_choice", 1, TOOLS, "tool_choice is 1"),
            ("tool_choice", {"type": "custom"}, TOOLS, 'tool_choice is {"type":"custom"}'),
            ("tool_choice", {"type": "function"}, TOOLS, "a function with a name"),
            ("tool_choice", function("c"), TOOLS, 'tool_choice is "c"'),
            ("tool_choice", function("a"), None, 'tool_choice is "a"'),
            ("tool_choice.function.name", function(1), TOOLS, "is 1"),
            ("tool_choice", {"type": "allowed_tools"}, TOOLS, "an object with allowed_tools"),
            ("tool_choice.allowed_tools.tools[0]",
             {"type": "allowed_tools", "allowed_tools": {"tools": [function("c")]}}, TOOLS, '"c"'),
            ("tool_choice", {"type": "allowed_tools",
             "allowed_tools": {"tools": [], "mode": "required"}}, TOOLS, "there is no tool"),
            ("tool_choice", {"type": "allowed_tools",
             "allowed_tools": {"tools": [], "mode": "all"}}, TOOLS, "tool_choice is "),
        ]  # fmt: skip
        turn = [{"role": "user", "content": "say:plain"}]
        for field, choice, tools, words in cases:
            with self.subTest(choice=choice, tools=tools):
                error = self.refused(CHAT, 400, messages=turn, tools=tools, tool_choice=choice)
                self.assertEqual(error["param"], field)
                self.assertIn(words, error["message"])
        # What leaves no way to a call is no call, and no other answer either.
        error = self.refused(
            CHAT, 400, messages=turn, tools=TOOLS, tool_choice="required", allowed_token_ids=[5]
        )
        self.assertIn("no token is left", error["message"])

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
        for script, details in (("thinks", 4), ("plain", 0)):
            usage = self.say(script)["usage"]
            self.assertEqual(usage["completion_tokens_details"], {"reasoning_tokens": details})
        closed = said(self.say("opened", tools=None))
        self.assertEqual(closed[:2], ("".join(SCRIPTS["opened"]), None))

    def test_template_variables(self) -> None:
        """chat_template_kwargs reach the template."""
        body: dict[str, Any] = {"messages": [{"role": "user", "content": "а"}]}
        plain = self.ok("/apply-template", **body)["prompt"]
        opened = self.ok("/apply-template", **body, chat_template_kwargs={"opened": True})["prompt"]
        self.assertEqual(opened, plain + "<think>")
        with_tools = self.ok("/apply-template", **body, tools=TOOLS)["prompt"]
        self.assertTrue(with_tools.startswith('tools: [{"type": "function"'))

    def test_suffix(self) -> None:
        """Without the tokens for it there is none."""
        error = self.refused("/v1/completions", 400, prompt="а", suffix="б")
        self.assertEqual(error["param"], "suffix")


if __name__ == "__main__":
    main()
