"""The packages `llama-index-llms-openai-like` and `llama-index-embeddings-openai-like`."""

from __future__ import annotations

import json
from typing import Any

from client import MODEL, main
from llama_index.core import Document, VectorStoreIndex
from llama_index.core.llms import ChatMessage
from llama_index.core.tools import FunctionTool
from llama_index.embeddings.openai_like import OpenAILikeEmbedding
from llama_index.llms.openai_like import OpenAILike
from pydantic import BaseModel
from scripted_server import ARGUMENTS, CITY, PLAIN, ScriptedTest

HELLO = [ChatMessage(role="user", content="Привет")]


class City(BaseModel):
    """What the scripted model says where it has to."""

    city: str


def weather(city: str, days: list[int]) -> str:
    """The weather of some days, which the model then repeats."""
    return f"say:plain {city} {days}"


class LlamaIndexTest(ScriptedTest):
    """The demo model and the scripted one."""

    beside = (f"demo={MODEL}",)

    def model(self, name: str, **settings: Any) -> OpenAILike:  # noqa: ANN401
        """One that asks the server."""
        given: dict[str, Any] = {
            "temperature": 0,
            "max_tokens": 24,
            "is_chat_model": True,
            "context_window": 1024,
            **settings,
        }
        return OpenAILike(model=name, api_base=self.url(), api_key="none", max_retries=0, **given)

    def url(self) -> str:
        """The server's."""
        return f"http://127.0.0.1:{self.server.port}/v1"

    def test_chat(self) -> None:
        """Whole, as a stream, and of several turns."""
        model = self.model("demo")
        answer = model.chat(HELLO)
        text = answer.message.content
        self.assertTrue(text)
        self.assertEqual("".join(part.delta or "" for part in model.stream_chat(HELLO)), text)
        self.assertEqual(model.complete("Привет").text, text)
        turns = [*HELLO, answer.message, ChatMessage(role="user", content="Столица?")]
        self.assertTrue(model.chat(turns).message.content)

    def test_completion(self) -> None:
        """By the older route, with log probabilities."""
        model = self.model("demo", is_chat_model=False, logprobs=True, top_logprobs=2)
        answer = model.complete("Столица")
        self.assertEqual(
            "".join(part.delta or "" for part in model.stream_complete("Столица")), answer.text
        )
        direct = self.ok(
            "/v1/completions", prompt="Столица", temperature=0, max_tokens=24, logprobs=2
        )
        self.assertEqual(answer.text, direct["choices"][0]["text"])
        self.assertEqual(
            [best[0].logprob for best in answer.logprobs],
            direct["choices"][0]["logprobs"]["token_logprobs"],
        )

    def test_tools(self) -> None:
        """Calls, whole and streamed, forced, and carried out."""
        tool = FunctionTool.from_defaults(weather)
        model = self.model("scripted", max_tokens=64, is_function_calling_model=True)
        answer = model.chat_with_tools([tool], user_msg="say:one")
        (call,) = model.get_tool_calls_from_response(answer)
        self.assertEqual((call.tool_name, call.tool_kwargs), ("weather", json.loads(ARGUMENTS)))
        *_, last = model.stream_chat_with_tools([tool], user_msg="say:one")
        self.assertEqual(
            model.get_tool_calls_from_response(last)[0].tool_kwargs, json.loads(ARGUMENTS)
        )
        forced = model.chat_with_tools([tool], user_msg="say:plain", tool_required=True)
        (call,) = model.get_tool_calls_from_response(forced)
        self.assertEqual((call.tool_name, call.tool_kwargs), ("weather", json.loads(CITY)))
        done = model.predict_and_call([tool], user_msg="say:one")
        self.assertEqual(str(done), "say:plain Москва [1, 2]")

    def test_structured(self) -> None:
        """A class of pydantic's, by a call that is forced."""
        model = self.model("scripted", max_tokens=64, is_function_calling_model=True)
        answer = model.as_structured_llm(City).complete("say:plain")
        self.assertEqual(answer.raw, City(city="Тверь"))

    def test_retrieval(self) -> None:
        """Documents found by their embeddings, and an answer over them."""
        embeddings = OpenAILikeEmbedding(model_name="demo", api_base=self.url(), max_retries=0)
        one, two = embeddings.get_text_embedding_batch(["Привет", "Столица"])
        self.assertEqual(len(one), len(two))
        self.assertEqual(embeddings.get_query_embedding("Привет"), one)
        texts = ["Столица Франции - Париж.", "Мама мыла раму.", "Погода в Твери."]
        index = VectorStoreIndex.from_documents(
            [Document(text=text) for text in texts], embed_model=embeddings
        )
        # The very text is the nearest.
        (found,) = index.as_retriever(similarity_top_k=1).retrieve(texts[1])
        self.assertEqual(found.node.get_content(), texts[1])
        engine = index.as_query_engine(llm=self.model("demo"), similarity_top_k=1)
        answer = engine.query(texts[0])
        self.assertEqual(answer.source_nodes[0].node.get_content(), texts[0])
        self.assertNotIn(answer.response, ("", "Empty Response"))

    def test_plain(self) -> None:
        """The scripted model, through all of it."""
        self.assertEqual(self.model("scripted").complete("say:plain").text, PLAIN)


if __name__ == "__main__":
    main()
