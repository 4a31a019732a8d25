"""OpenAI's /v1/responses, by a model that says what it is told."""

from __future__ import annotations

from typing import Any

from client import Answer, main
from scripted_server import ARGUMENTS, CITY, PLAIN, SCRIPTS, ScriptedTest

RESPONSES = "/v1/responses"
TOOLS = [
    {"type": "function", "name": name, "parameters": {"type": "object"}}
    for name in ("weather", "a", "b")
]


def events(answer: Answer) -> list[Any]:
    """The stream's events, which are numbered."""
    found = answer.named_events()
    assert [event["sequence_number"] for event in found] == list(range(len(found)))
    return found


def gather(stream: list[Any]) -> dict[str, Any]:
    """The response at the end of a stream; asserts that the events before say the same."""
    assert [e["type"] for e in stream[:2]] == ["response.created", "response.in_progress"]
    output: list[Any] = []
    text = ""
    for event in stream[2:-1]:
        kind = event["type"].removeprefix("response.")
        if kind == "output_item.added":
            assert event["output_index"] == len(output)
            assert event["item"]["status"] == "in_progress"
            output.append(event["item"])
            text = ""
            continue
        assert event["output_index"] == len(output) - 1
        if kind == "output_item.done":
            assert event["item"]["id"] == output[-1]["id"]
            output[-1] = event["item"]
            continue
        assert event["item_id"] == output[-1]["id"]
        if kind.endswith(".delta"):
            text += event["delta"]
        elif kind == "function_call_arguments.done":
            assert event["arguments"] == text
        elif kind.endswith("_text.done"):
            assert event["text"] == text
        elif kind == "content_part.done":
            assert event["part"]["text"] == text
        else:
            assert kind == "content_part.added" and event["part"]["text"] == "", kind
    last = stream[-1]
    assert last["type"] == "response." + last["response"]["status"]
    assert last["response"]["output"] == output
    response: dict[str, Any] = last["response"]
    return response


def without_ids(response: dict[str, Any]) -> dict[str, Any]:
    """What does not change from one answer to the same one again."""
    output = [
        {k: v for k, v in item.items() if k not in ("id", "call_id")} for item in response["output"]
    ]
    usage = {k: v for k, v in response["usage"].items() if k != "input_tokens_details"}
    return {**response, "id": None, "created_at": None, "output": output, "usage": usage}


class ResponsesTest(ScriptedTest):
    """The scripted model."""

    def say(self, asked: object, **body: object) -> Any:  # noqa: ANN401
        """One response; its stream is of the same."""
        fields: dict[str, object] = {"input": asked, "temperature": 0, **body}
        response = self.ok(RESPONSES, **fields)
        answer = self.post(RESPONSES, **fields, stream=True)
        self.assertEqual(answer.status, 200, answer.body)
        self.assertEqual(without_ids(gather(events(answer))), without_ids(response))
        return response

    def text(self, response: Any) -> str:  # noqa: ANN401
        """Of a response that is one message."""
        (message,) = response["output"]
        (part,) = message["content"]
        self.assertEqual((message["type"], part["type"]), ("message", "output_text"))
        return str(part["text"])

    def test_text(self) -> None:
        """A string, or messages, whose contents are strings or parts."""
        response = self.say("say:plain")
        self.assertEqual(self.text(response), PLAIN)
        self.assertEqual((response["object"], response["status"]), ("response", "completed"))
        self.assertIsNone(response["incomplete_details"])
        self.assertIs(response["store"], False)
        usage = response["usage"]
        self.assertEqual(usage["input_tokens"] + usage["output_tokens"], usage["total_tokens"])
        parts = [{"type": "input_text", "text": "say:"}, {"type": "input_text", "text": "plain"}]
        turns = [
            {"role": "user", "content": "say:plain"},
            response["output"][0],
            {"type": "message", "role": "user", "content": parts},
        ]
        again = self.say(turns, instructions="Кратко.")
        self.assertEqual(self.text(again), PLAIN)
        chat = [
            {"role": "system", "content": "Кратко."},
            {"role": "user", "content": "say:plain"},
            {"role": "assistant", "content": PLAIN},
            {"role": "user", "content": "say:plain"},
        ]
        count = self.ok("/tokenize", messages=chat)["count"]
        self.assertEqual(again["usage"]["input_tokens"], count)

    def test_cut(self) -> None:
        """What max_output_tokens ends is incomplete, and so is its last item."""
        response = self.say("say:plain", max_output_tokens=2)
        self.assertEqual(self.text(response), "Добрый день")
        self.assertEqual(response["status"], "incomplete")
        self.assertEqual(response["incomplete_details"], {"reason": "max_output_tokens"})
        self.assertEqual(response["output"][0]["status"], "incomplete")

    def test_tools(self) -> None:
        """Calls are items of their own, and what the tools said goes back."""
        response = self.say("say:one", tools=TOOLS)
        message, call = response["output"]
        self.assertEqual(message["content"][0]["text"], "Сейчас.")
        self.assertEqual(
            (call["type"], call["name"], call["arguments"]), ("function_call", "weather", ARGUMENTS)
        )
        user = {"role": "user", "content": "say:one"}
        result = {"type": "function_call_output", "call_id": call["call_id"], "output": "тепло"}
        then = {"role": "user", "content": "say:plain"}
        last = self.say([user, message, call, result, then], tools=TOOLS)
        self.assertEqual(self.text(last), PLAIN)
        two = self.say("say:two", tools=TOOLS)["output"]
        self.assertEqual(
            [(i["name"], i["arguments"]) for i in two], [("a", "{}"), ("b", '{"x": "}"}')]
        )
        self.assertEqual(len({item["call_id"] for item in two}), 2)
        one = self.say("say:two", tools=TOOLS, parallel_tool_calls=False)["output"]
        self.assertEqual(len(one), 1)
        silent = self.say("say:one", tools=TOOLS, tool_choice="none")
        self.assertEqual(self.text(silent), "".join(SCRIPTS["one"]))
        stream = events(
            self.post(RESPONSES, input="say:one", tools=TOOLS, temperature=0, stream=True)
        )
        pieces = [e for e in stream if e["type"] == "response.function_call_arguments.delta"]
        self.assertGreaterEqual(len(pieces), 3)

    def test_forced_tools(self) -> None:
        """A model that would rather talk calls a tool."""
        required = self.say("say:plain", tools=TOOLS, tool_choice="required")["output"]
        self.assertEqual((required[0]["name"], required[0]["arguments"]), ("weather", CITY))
        choice = {"type": "function", "name": "b"}
        (named,) = self.say("say:plain", tools=TOOLS, tool_choice=choice)["output"]
        self.assertEqual((named["name"], named["arguments"]), ("b", CITY))
        allowed = {"type": "allowed_tools", "mode": "required", "tools": [choice]}
        response = self.say("say:plain", tools=TOOLS, tool_choice=allowed)
        self.assertEqual(response["output"][0]["name"], "b")
        self.assertEqual(response["tool_choice"], allowed)
        # Of one that may be called it has the choice.
        allowed["mode"] = "auto"
        self.assertEqual(self.text(self.say("say:plain", tools=TOOLS, tool_choice=allowed)), PLAIN)

    def test_thinking(self) -> None:
        """Thoughts are an item, which may come back."""
        response = self.say("say:thinks")
        self.assertEqual(response["usage"]["output_tokens_details"], {"reasoning_tokens": 4})
        thought, message = response["output"]
        self.assertEqual(thought["content"], [{"type": "reasoning_text", "text": "Думаю."}])
        self.assertEqual(message["content"][0]["text"], "Да так.")
        then = {"role": "user", "content": "say:plain"}
        turns = [{"role": "user", "content": "say:thinks"}, thought, message, then]
        self.assertEqual(self.text(self.say(turns)), PLAIN)

    def test_refused(self) -> None:
        """What is wrong, and where."""
        call = {"type": "function_call", "call_id": "x", "name": "a", "arguments": "{}"}
        user = {"role": "user", "content": "а"}
        cases: list[tuple[str, dict[str, Any]]] = [
            ("input", {"input": None}),
            ("input", {"input": []}),
            ("input[0]", {"input": [1]}),
            ("input[0].role", {"input": [{"role": "tool", "content": "а"}]}),
            ("input[0].content", {"input": [{"role": "user", "content": 1}]}),
            ("input[0].content[0]",
             {"input": [{"role": "user", "content": [{"type": "input_image"}]}]}),
            ("input[0]", {"input": [{"type": "item_reference", "id": "x"}]}),
            ("input[1].arguments", {"input": [user, {**call, "arguments": "[1"}, user]}),
            ("input[1].name", {"input": [user, {**call, "name": 1}, user]}),
            ("instructions", {"instructions": 1}),
            ("max_output_tokens", {"max_output_tokens": 0}),
            ("text.format", {"text": {"format": {"type": "json_object"}}}),
            ("text.format", {"text": {"format": {"type": "json_schema", "schema": {}}}}),
            ("tools[0]", {"tools": [{"type": "web_search"}]}),
            ("tools[0]", {"tools": [{"type": "function"}]}),
            ("tool_choice", {"tool_choice": "required"}),
            ("tool_choice", {"tools": TOOLS, "tool_choice": {"type": "file_search"}}),
            ("tool_choice", {"tools": TOOLS, "tool_choice": {"type": "function"}}),
            ("tool_choice", {"tools": TOOLS, "tool_choice": {"type": "function", "name": "c"}}),
            ("tool_choice.tools",
             {"tools": TOOLS, "tool_choice": {"type": "allowed_tools", "tools": 1}}),
            ("tool_choice.tools[0]",
             {"tools": TOOLS,
              "tool_choice": {"type": "allowed_tools", "tools": [{"type": "mcp"}]}}),
            ("previous_response_id", {"previous_response_id": "resp_1"}),
            ("conversation", {"conversation": "c"}),
            ("background", {"background": True}),
            ("truncation", {"truncation": "auto"}),
            ("include", {"include": ["message.output_text.logprobs"]}),
            ("top_logprobs", {"top_logprobs": 2}),
            ("messages", {"messages": []}),
            ("top_p", {"top_p": 2}),
        ]  # fmt: skip
        for field, change in cases:
            with self.subTest(field, change=change):
                body: dict[str, Any] = {"input": "а", **change}
                error = self.refused(RESPONSES, 400, **body)
                self.assertEqual(error["param"], field, error)
                self.assertIn(field, error["message"])


if __name__ == "__main__":
    main()
