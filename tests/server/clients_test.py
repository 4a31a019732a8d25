"""Real clients against the server: openai, anthropic, langchain-openai; a cache folder has them."""

from __future__ import annotations

import json
import struct
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Any, Literal

import anthropic
import openai
from client import MODEL, Answer, ServerTest, main
from jsonschema import Draft202012Validator
from langchain_core.messages import AIMessage, HumanMessage
from langchain_openai import ChatOpenAI, OpenAIEmbeddings
from openai.types import chat, responses
from openapi_spec_validator import validate
from pydantic import BaseModel, TypeAdapter
from scripted_server import CITY, ScriptedTest

HELLO = [{"role": "user", "content": "Привет"}]
TOOLS = [{"type": "function", "function": {"name": "f", "parameters": {"type": "object"}}}]


class Ping(BaseModel):
    """An event that Anthropic documents, and its package has no type for."""

    type: Literal["ping"]


class OpenAiTest(ServerTest):
    """The package `openai`."""

    def client(self) -> openai.OpenAI:
        """One that does not try again."""
        url = f"http://127.0.0.1:{self.server.port}/v1"
        return openai.OpenAI(base_url=url, api_key="none", max_retries=0)

    def test_chat(self) -> None:
        """Whole, as a stream, with its usage, and by the client's own gatherer."""
        client = self.client()
        asked = {"model": "demo", "messages": HELLO, "temperature": 0, "max_tokens": 12}
        whole = client.chat.completions.create(**asked)
        text = whole.choices[0].message.content
        self.assertTrue(text)
        chunks = list(
            client.chat.completions.create(
                **asked, stream=True, stream_options={"include_usage": True}
            )
        )
        said = "".join(c.choices[0].delta.content or "" for c in chunks if c.choices)
        self.assertEqual(said, text)
        self.assertEqual(chunks[-1].usage.total_tokens, whole.usage.total_tokens)
        with client.chat.completions.stream(**asked, logprobs=True, top_logprobs=2) as stream:
            final = stream.get_final_completion()
        self.assertEqual(final.choices[0].message.content, text)
        self.assertEqual(len(final.choices[0].logprobs.content), whole.usage.completion_tokens)

    def test_completions(self) -> None:
        """The older form, with its log probabilities."""
        answer = self.client().completions.create(
            model="demo", prompt="Столица", max_tokens=3, logprobs=1, temperature=0, echo=True
        )
        logprobs = answer.choices[0].logprobs
        self.assertEqual("".join(logprobs.tokens)[:7], "Столица")
        self.assertEqual(len(logprobs.token_logprobs), answer.usage.total_tokens)

    def test_embeddings(self) -> None:
        """As base64, which the client asks for by itself, and as numbers."""
        client = self.client()
        coded = client.embeddings.create(model="demo", input="Привет").data[0].embedding
        plain = client.embeddings.create(model="demo", input="Привет", encoding_format="float")
        floats = struct.pack(f"<{len(coded)}f", *plain.data[0].embedding)
        self.assertEqual(struct.pack(f"<{len(coded)}f", *coded), floats)

    def test_responses(self) -> None:
        """Whole, as events, and by the client's own gatherer; cut at their limit."""
        client = self.client()
        asked = {"model": "demo", "input": "Привет", "temperature": 0, "max_output_tokens": 12}
        whole = client.responses.create(**asked, instructions="Кратко.")
        self.assertTrue(whole.output_text)
        events = list(client.responses.create(**asked, instructions="Кратко.", stream=True))
        said = "".join(e.delta for e in events if e.type == "response.output_text.delta")
        self.assertEqual(said, whole.output_text)
        self.assertEqual(events[-1].response.usage.total_tokens, whole.usage.total_tokens)
        with client.responses.stream(**asked, instructions="Кратко.") as stream:
            for _ in stream:
                pass
            final = stream.get_final_response()
        self.assertEqual(final.output_text, whole.output_text)
        cut = client.responses.create(**asked | {"max_output_tokens": 1})
        self.assertEqual(cut.status, "incomplete")
        self.assertEqual(cut.incomplete_details.reason, "max_output_tokens")
        with self.assertRaises(openai.BadRequestError) as refused:
            client.responses.create(**asked, text={"format": {"type": "json_object"}})
        self.assertEqual(refused.exception.param, "text.format")

    def test_models(self) -> None:
        """The list."""
        self.assertEqual([model.id for model in self.client().models.list()], ["demo"])

    def test_errors(self) -> None:
        """Each of the right class, with its field."""
        create = self.client().chat.completions.create
        with self.assertRaises(openai.BadRequestError) as bad:
            create(model="demo", messages=HELLO, temperature=-1)
        self.assertEqual(
            (bad.exception.param, bad.exception.code), ("temperature", "invalid_value")
        )
        with self.assertRaises(openai.NotFoundError) as missing:
            create(model="gpt-9", messages=HELLO)
        self.assertEqual(missing.exception.code, "model_not_found")
        for change in (
            {"response_format": {"type": "json_object"}},
            {"tools": TOOLS, "tool_choice": "required"},
            {"tools": TOOLS, "tool_choice": {"type": "function", "function": {"name": "f"}}},
        ):
            with self.assertRaises(openai.BadRequestError) as refused:
                create(model="demo", messages=HELLO, **change)
            self.assertEqual(refused.exception.code, "not_supported")


class AnthropicTest(ServerTest):
    """The package `anthropic`."""

    def client(self) -> anthropic.Anthropic:
        """One that does not try again."""
        url = f"http://127.0.0.1:{self.server.port}"
        return anthropic.Anthropic(base_url=url, api_key="none", max_retries=0)

    def test_messages(self) -> None:
        """Whole, as raw events, and by the client's own gatherer."""
        client = self.client()
        # This client has no word for the temperature any more.
        asked = {"model": "demo", "messages": HELLO, "max_tokens": 12, "system": "Кратко."}
        asked["extra_body"] = {"temperature": 0}
        whole = client.messages.create(**asked)
        text = whole.content[0].text
        self.assertTrue(text)
        types = [e.type for e in client.messages.create(**asked, stream=True)]
        self.assertEqual((types[0], types[-1]), ("message_start", "message_stop"))
        with client.messages.stream(**asked) as stream:
            self.assertEqual("".join(stream.text_stream), text)
            final = stream.get_final_message()
        self.assertEqual(final.content[0].text, text)
        self.assertEqual(final.stop_reason, whole.stop_reason)
        self.assertEqual(final.usage.output_tokens, whole.usage.output_tokens)
        count = client.messages.count_tokens(model="demo", messages=HELLO, system="Кратко.")
        read = final.usage.input_tokens + final.usage.cache_read_input_tokens
        self.assertEqual(count.input_tokens, read)

    def test_errors(self) -> None:
        """Each of the right class."""
        create = self.client().messages.create
        with self.assertRaises(anthropic.BadRequestError) as bad:
            create(model="demo", messages=HELLO, max_tokens=4, extra_body={"temperature": -1})
        self.assertIn("temperature", bad.exception.body["error"]["message"])
        with self.assertRaises(anthropic.NotFoundError):
            create(model="claude-9", messages=HELLO, max_tokens=4)


class TypesTest(ScriptedTest):
    """Answers by the clients' own types, which they do not hold answers to by themselves."""

    beside = (f"demo={MODEL}",)

    def fits(self, kind: Any, value: object) -> None:  # noqa: ANN401
        """The type takes it as it is."""
        TypeAdapter(kind).validate_json(json.dumps(value), strict=True)

    def both(self, path: str, whole: Any, part: Any, **body: object) -> None:  # noqa: ANN401
        """An answer and the events of its stream."""
        for script in ("plain", "one", "thinks"):
            message = {"role": "user", "content": f"say:{script}"}
            turns = {"input" if path == "/v1/responses" else "messages": [message]}
            asked = {"model": "scripted", **turns, **body}
            with self.subTest(path, script=script):
                self.fits(whole, self.ok(path, **asked))
                answer = self.post(path, **asked, stream=True)
                named = b"event: " in answer.body
                for event in answer.named_events() if named else answer.events():
                    self.fits(part, event)

    def test_openai(self) -> None:
        """Chats, responses, completions, embeddings, models."""
        usage = {"stream_options": {"include_usage": True}, "logprobs": True, "top_logprobs": 1}
        self.both(
            "/v1/chat/completions",
            chat.ChatCompletion,
            chat.ChatCompletionChunk,
            tools=TOOLS,
            **usage,
        )
        flat = [
            {"type": "function", "strict": False, "name": "f", "parameters": {"type": "object"}}
        ]
        self.both("/v1/responses", responses.Response, responses.ResponseStreamEvent, tools=flat)
        completion = self.ok("/v1/completions", prompt="а", max_tokens=2, logprobs=1)
        self.fits(openai.types.Completion, completion)
        numbers = self.ok("/v1/embeddings", input="а", encoding_format="float")
        self.fits(openai.types.CreateEmbeddingResponse, numbers)
        self.fits(openai.types.Model, self.request("GET", "/v1/models/demo").json)

    def test_anthropic(self) -> None:
        """Messages and counts."""
        tools = [{"name": "weather", "input_schema": {"type": "object"}}]
        self.both(
            "/v1/messages",
            anthropic.types.Message,
            anthropic.types.RawMessageStreamEvent | Ping,
            max_tokens=64,
            tools=tools,
        )
        count = self.ok("/v1/messages/count_tokens", model="scripted", messages=HELLO, tools=tools)
        self.fits(anthropic.types.MessageTokensCount, count)


class City(BaseModel):
    """What the scripted model says where it has to."""

    city: str


class ForcedToolsTest(ScriptedTest):
    """Classes of pydantic's, which a model that would rather talk has to fill."""

    def test_openai(self) -> None:
        """By a call, whole and from a stream."""
        url = f"http://127.0.0.1:{self.server.port}/v1"
        client = openai.OpenAI(base_url=url, api_key="none", max_retries=0)
        asked: dict[str, Any] = {
            "model": "scripted",
            "messages": [{"role": "user", "content": "say:plain"}],
            "temperature": 0,
            "tools": [openai.pydantic_function_tool(City)],
            "tool_choice": {"type": "function", "function": {"name": "City"}},
        }
        choice = client.chat.completions.parse(**asked).choices[0]
        (call,) = choice.message.tool_calls
        self.assertEqual(call.function.parsed_arguments, City(city="Тверь"))
        self.assertEqual(choice.finish_reason, "stop")
        with client.chat.completions.stream(**asked) as stream:
            last = [e for e in stream if e.type == "tool_calls.function.arguments.done"][-1]
        self.assertEqual(last.parsed_arguments, City(city="Тверь"))

    def test_anthropic(self) -> None:
        """By a block."""
        url = f"http://127.0.0.1:{self.server.port}"
        client = anthropic.Anthropic(base_url=url, api_key="none", max_retries=0)
        message = client.messages.create(
            model="scripted",
            max_tokens=64,
            messages=[{"role": "user", "content": "say:plain"}],
            tools=[{"name": "city", "input_schema": City.model_json_schema()}],
            tool_choice={"type": "tool", "name": "city"},
            extra_body={"temperature": 0},
        )
        self.assertEqual(
            (message.content[0].input, message.stop_reason), (json.loads(CITY), "tool_use")
        )

    def test_langchain(self) -> None:
        """By its structured output, and by tools that must be called."""
        url = f"http://127.0.0.1:{self.server.port}/v1"
        model = ChatOpenAI(
            base_url=url, api_key="none", model="scripted", max_retries=0, temperature=0
        )
        structured = model.with_structured_output(City, method="function_calling")
        self.assertEqual(structured.invoke("say:plain"), City(city="Тверь"))
        bound = model.bind_tools([City], tool_choice="any", parallel_tool_calls=False)
        (call,) = bound.invoke("say:plain").tool_calls
        self.assertEqual((call["name"], call["args"]), ("City", json.loads(CITY)))
        first, *others = bound.stream("say:plain")
        (call,) = sum(others, start=first).tool_calls
        self.assertEqual(call["args"], json.loads(CITY))


class OpenAiBatchTest(ServerTest):
    """Files and batches by the package `openai`."""

    @classmethod
    def setUpClass(cls) -> None:
        """With a folder for them."""
        cls.flags = ("--files", cls.enterClassContext(tempfile.TemporaryDirectory()))
        super().setUpClass()

    def client(self) -> openai.OpenAI:
        """One that does not try again."""
        url = f"http://127.0.0.1:{self.server.port}/v1"
        return openai.OpenAI(base_url=url, api_key="none", max_retries=0)

    def test_batch(self) -> None:
        """A file goes up, is answered, and the answers come down."""
        client = self.client()
        body = {"model": "demo", "messages": HELLO, "max_tokens": 4, "temperature": 0}
        lines = [
            {
                "custom_id": name,
                "method": "POST",
                "url": "/v1/chat/completions",
                "body": body | more,
            }
            for name, more in (("a", {}), ("б", {}), ("wrong", {"temperature": "hot"}))
        ]
        text = "\n".join(json.dumps(line, ensure_ascii=False) for line in lines).encode()
        expires = {"anchor": "created_at", "seconds": 7200}
        file = client.files.create(
            file=("запросы.jsonl", text), purpose="batch", expires_after=expires
        )
        self.assertEqual((file.filename, file.bytes), ("запросы.jsonl", len(text)))
        self.assertEqual(file.expires_at, file.created_at + 7200)
        self.assertEqual(client.files.retrieve(file.id), file)
        self.assertEqual(client.files.content(file.id).read(), text)
        batch = client.batches.create(
            input_file_id=file.id, endpoint="/v1/chat/completions", completion_window="24h",
            metadata={"for": "test"}, output_expires_after=expires,
        )  # fmt: skip
        deadline = time.monotonic() + 60
        while batch.status in {"validating", "in_progress"} and time.monotonic() < deadline:
            batch = client.batches.retrieve(batch.id)
        self.assertEqual((batch.status, batch.metadata), ("completed", {"for": "test"}))
        counts = batch.request_counts
        self.assertEqual((counts.total, counts.completed, counts.failed), (3, 2, 1))
        answers = [
            json.loads(one) for one in client.files.content(batch.output_file_id).iter_lines()
        ]
        alone = client.chat.completions.create(**body).choices[0].message.content
        for answer in answers:
            read = chat.ChatCompletion.model_validate(answer["response"]["body"])
            self.assertEqual(read.choices[0].message.content, alone)
        self.assertEqual({answer["custom_id"] for answer in answers}, {"a", "б"})
        self.assertIn('"temperature"', client.files.content(batch.error_file_id).text)
        output = client.files.retrieve(batch.output_file_id)
        self.assertEqual(output.expires_at - output.created_at, 7200)
        self.assertIn(batch.id, [one.id for one in client.batches.list(limit=1)])
        names = [one.id for one in client.files.list(limit=2)]  # page by page
        self.assertEqual(set(names), {file.id, batch.output_file_id, batch.error_file_id})
        for name in names:
            self.assertTrue(client.files.delete(name).deleted)
        with self.assertRaises(openai.NotFoundError):
            client.files.retrieve(file.id)

    def test_cancel(self) -> None:
        """A batch that nobody wants any more, and errors as the right classes."""
        client = self.client()
        lines = b"".join(
            json.dumps(
                {"custom_id": str(i), "url": "/v1/completions",
                 "body": {"prompt": "x", "max_tokens": 500, "ignore_eos": True}}
            ).encode() + b"\n"
            for i in range(500)
        )  # fmt: skip
        file = client.files.create(file=lines, purpose="batch")
        batch = client.batches.create(
            input_file_id=file.id, endpoint="/v1/completions", completion_window="24h"
        )
        with self.assertRaises(openai.BadRequestError):
            client.files.delete(file.id)
        self.assertEqual(client.batches.cancel(batch.id).status, "cancelling")
        deadline = time.monotonic() + 60
        while client.batches.retrieve(batch.id).status != "cancelled":
            self.assertLess(time.monotonic(), deadline)
        with self.assertRaises(openai.BadRequestError):
            client.batches.cancel(batch.id)
        with self.assertRaises(openai.BadRequestError):
            client.files.create(file=b"x", purpose="vision")


class DescriptionTest(ServerTest):
    """/openapi.json, by packages that read such descriptions."""

    document: dict[str, Any]

    @classmethod
    def setUpClass(cls) -> None:
        """With a folder for files."""
        cls.flags = ("--files", cls.enterClassContext(tempfile.TemporaryDirectory()))
        super().setUpClass()

    def setUp(self) -> None:
        """Reads it."""
        self.document = self.request("GET", "/openapi.json").json

    def fits(self, schema: dict[str, object], value: object) -> None:
        """The value is as the schema says."""
        whole = {**schema, "components": self.document["components"]}
        Draft202012Validator(whole).validate(value)

    def fits_answer(self, path: str, method: str, answer: Answer) -> str:
        """It succeeded, and is as described; its media type."""
        self.assertEqual(answer.status, 200, answer.body)
        kinds = self.document["paths"][path][method]["responses"]["200"]["content"]
        kind = answer.headers["content-type"].split(";")[0]
        self.assertIn(kind, kinds)
        if kind == "application/json":
            self.fits(kinds[kind]["schema"], answer.json)
        return kind

    def test_description(self) -> None:
        """It is one, its examples are answered, and requests and answers are as it says."""
        validate(self.document)
        for path, methods in self.document["paths"].items():
            for method, operation in methods.items():
                if path.startswith(("/v1/files", "/v1/batches")):
                    continue  # test_stored
                with self.subTest(path):
                    asked = None
                    if "requestBody" in operation:
                        content = operation["requestBody"]["content"]["application/json"]
                        asked = content["example"]
                        self.fits(content["schema"], asked)
                    answer = self.request(method.upper(), path.replace("{id}", "demo"), asked)
                    kind = self.fits_answer(path, method, answer)
                    if asked is not None:
                        wrong = self.request(method.upper(), path, {"model": 1})
                        self.assertEqual(wrong.status, 400)
                        self.fits(
                            operation["responses"]["default"]["content"][kind]["schema"],
                            wrong.json,
                        )

    def test_stored(self) -> None:
        """The same of files and batches, which must be there before they can be asked for."""
        ids: dict[str, str] = {}
        boundary = b"--b\r\nContent-Disposition: form-data; name="
        body = {"messages": HELLO, "max_tokens": 1000, "ignore_eos": True}
        lines = b"\n".join(  # not done before they are cancelled
            json.dumps({"custom_id": str(i), "url": "/v1/chat/completions", "body": body}).encode()
            for i in range(100)
        )
        upload = (
            boundary + b'"purpose"\r\n\r\nbatch\r\n'
            + boundary + b'"file"; filename="a"\r\n\r\n' + lines + b"\r\n--b--\r\n"
        )  # fmt: skip
        document = self.document["paths"]
        example = document["/v1/batches"]["post"]["requestBody"]["content"]["application/json"]
        self.fits(example["schema"], example["example"])
        tried = set()

        def call(method: str, path: str, body: object = None, kind: str = "") -> str:
            tried.add((path, method))
            where = path.replace("{id}", ids[path.split("/")[2]] if "{id}" in path else "")
            answer = self.request(method.upper(), where, body, {"Content-Type": kind})
            self.fits_answer(path, method, answer)
            return answer.json["id"] if method == "post" else ""

        ids["files"] = call("post", "/v1/files", upload, "multipart/form-data; boundary=b")
        given = {**example["example"], "input_file_id": ids["files"]}
        ids["batches"] = call("post", "/v1/batches", given)
        call("post", "/v1/batches/{id}/cancel")
        for path, methods in document.items():
            if path.startswith(("/v1/files", "/v1/batches")) and "get" in methods:
                call("get", path)
        while self.request("DELETE", "/v1/files/" + ids["files"]).status == 400:
            time.sleep(0.05)  # the batch is at its end
        ids["files"] = call("post", "/v1/files", upload, "multipart/form-data; boundary=b")
        call("delete", "/v1/files/{id}")
        stored = [path for path in document if path.startswith(("/v1/files", "/v1/batches"))]
        self.assertEqual(tried, {(path, method) for path in stored for method in document[path]})

    def test_generated_requests(self) -> None:
        """What `schemathesis` makes of it: no 500, no hang, answers as described."""
        url = f"http://127.0.0.1:{self.server.port}/openapi.json"
        checks = "not_a_server_error,response_schema_conformance,content_type_conformance"
        command = [
            str(Path(sys.executable).with_name("st")), "run", url, "--checks", checks,
            "--phases", "examples,coverage,fuzzing", "--max-examples", "20", "--seed", "1",
            "--request-timeout", "60", "--no-color",
        ]  # fmt: skip
        with tempfile.TemporaryDirectory() as folder:
            run = subprocess.run(
                command, cwd=folder, capture_output=True, text=True, check=False, timeout=600
            )
        self.assertEqual(run.returncode, 0, run.stdout + run.stderr)
        self.assertGreater(self.metric('tlite:request_failure_total{status="400"}'), 100)


class LangChainTest(ServerTest):
    """The package `langchain-openai`."""

    def model(self, **settings: object) -> ChatOpenAI:
        """A chat model."""
        url = f"http://127.0.0.1:{self.server.port}/v1"
        return ChatOpenAI(base_url=url, api_key="none", model="demo", max_retries=0, **settings)

    def test_chat(self) -> None:
        """One answer, the same as a stream, and a longer conversation."""
        model = self.model(temperature=0, max_tokens=12)
        answer = model.invoke("Привет")
        self.assertTrue(answer.content)
        self.assertGreater(answer.usage_metadata["input_tokens"], 0)
        self.assertEqual("".join(chunk.content for chunk in model.stream("Привет")), answer.content)
        turns = [HumanMessage("Привет"), AIMessage(answer.content), HumanMessage("Столица?")]
        self.assertTrue(model.invoke(turns).content)

    def test_embeddings(self) -> None:
        """Without its own tokenizer, which needs the internet."""
        url = f"http://127.0.0.1:{self.server.port}/v1"
        embeddings = OpenAIEmbeddings(
            base_url=url, api_key="none", model="demo", check_embedding_ctx_length=False
        )
        one, two = embeddings.embed_documents(["Привет", "Столица"])
        self.assertEqual(len(one), len(two))
        self.assertEqual(embeddings.embed_query("Привет"), one)


if __name__ == "__main__":
    main()
