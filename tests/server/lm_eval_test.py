"""lm-eval's clients of such servers, against what its own `hf` model says of the same checkpoint.

bindings/python/tests/data/lm_eval_hf.json is what `hf` answers, in float32; its requests are those
of bindings/python/differential. The tokenizer is the server's.
"""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Any

from client import ServerTest, main

ROOT = Path(__file__).resolve().parents[2]
sys.path.append(str(ROOT / "bindings" / "python" / "differential"))

import lm_eval_cases as cases  # noqa: E402
from lm_eval.models.openai_completions import (  # noqa: E402
    LocalChatCompletion,
    LocalCompletionsAPI,
)

GOLDEN = json.loads(
    (ROOT / "bindings/python/tests/data/lm_eval_hf.json").read_text(encoding="utf-8")
)["single"]
# What this client can ask a server for: beams are not among it, nor lengths by other names.
FIELDS = {
    "until", "max_gen_toks", "do_sample", "temperature",
    "repetition_penalty", "no_repeat_ngram_size", "suppress_tokens",
}  # fmt: skip


class LmEvalTest(ServerTest):
    """The demo model, with keys and values in float32 as there."""

    flags = ("--kv-type", "f32")

    def model(self, kind: Any, path: str, **given: Any) -> Any:  # noqa: ANN401
        """A model of the harness."""
        url = f"http://127.0.0.1:{self.server.port}{path}"
        return kind(base_url=url, model="demo", max_retries=1, **given)

    def same(self, theirs: Any, mine: Any) -> None:  # noqa: ANN401
        """No score and no text differs."""
        self.assertEqual(list(cases.differences(theirs, json.loads(json.dumps(mine)))), [])

    def test_scores(self) -> None:
        """Of pairs and of texts, one by one, in batches, and at the same time."""
        pairs = [cases.asked("loglikelihood", *pair) for pair in cases.PAIRS]
        texts = [cases.asked("loglikelihood_rolling", text) for text in cases.TEXTS]
        for given in (
            {},
            {"batch_size": 4},
            {"num_concurrent": 3},
        ):
            with self.subTest(given):
                model = self.model(LocalCompletionsAPI, "/v1/completions", **given)
                self.assertEqual(model.tokenizer_backend, "remote")
                self.same(GOLDEN["pairs"], model.loglikelihood(pairs))
                self.same(GOLDEN["rolling"], model.loglikelihood_rolling(texts))
        self.assertEqual(model.prefix_token_id, GOLDEN["prefix"])
        self.same(GOLDEN["ids"], [model.tok_encode(text) for text in cases.TEXTS])

    def test_texts(self) -> None:
        """That go on, up to what ends them."""
        rows = [
            (row, answer)
            for row, answer in zip(cases.GENERATIONS, GOLDEN["generations"], strict=True)
            if set(row[1]) <= FIELDS
            and "" not in row[1].get("until", [])
            and not row[1].get("temperature")
        ]
        self.assertGreater(len(rows), 9)
        for given in ({}, {"tokenized_requests": False}, {"num_concurrent": 3}):
            model = self.model(LocalCompletionsAPI, "/v1/completions", **given)
            for row, answer in rows:
                with self.subTest(row, given=given):
                    self.assertEqual(
                        model.generate_until([cases.asked("generate_until", *row)]), [answer]
                    )

    def test_chats(self) -> None:
        """The same, where the server has the template."""
        model = self.model(LocalChatCompletion, "/v1/chat/completions")
        written = self.model(LocalCompletionsAPI, "/v1/completions")
        turns = [{"role": "user", "content": "Кто ты?"}]
        prompt = self.ok("/apply-template", messages=turns)["prompt"]
        for fields in ({"max_gen_toks": 30}, {"until": [" демонстрационная"], "max_gen_toks": 30}):
            with self.subTest(fields):
                whole = [cases.asked("generate_until", prompt, fields)]
                chat = [cases.asked("generate_until", model.apply_chat_template(turns), fields)]
                self.assertEqual(model.generate_until(chat), written.generate_until(whole))


if __name__ == "__main__":
    main()
