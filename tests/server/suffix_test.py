"""`suffix` of completions, by a model that has Qwen2.5's tokens for it.

Its weights are random, so that what it says depends on all of its prompt.
"""

from __future__ import annotations

import random
import struct
import tempfile
from pathlib import Path
from typing import Any

from checkpoint import BYTES, SPECIAL, Tensor, write_checkpoint
from client import MODEL, Server, ServerTest, main

COMPLETIONS = "/v1/completions"
# As Qwen2.5-Coder's tokenizer has them.
FIM = [
    "<|fim_prefix|>", "<|fim_middle|>", "<|fim_suffix|>", "<|fim_pad|>",
    "<|repo_name|>", "<|file_sep|>",
]  # fmt: skip
HIDDEN, INNER, LAYERS = 64, 128, 2


def random_tensors(vocabulary: int) -> dict[str, Tensor]:
    """Weights large enough for answers that differ."""
    source = random.Random(1)

    def drawn(*shape: int) -> Tensor:
        count = shape[0] * (shape[1] if len(shape) > 1 else 1)
        return list(shape), struct.pack(f"<{count}f", *(source.gauss(0, 0.2) for _ in range(count)))

    def ones() -> Tensor:
        return [HIDDEN], struct.pack("<f", 1.0) * HIDDEN

    values = {
        "model.embed_tokens.weight": drawn(vocabulary, HIDDEN),
        "model.norm.weight": ones(),
        "lm_head.weight": drawn(vocabulary, HIDDEN),
    }
    for i in range(LAYERS):
        layer = f"model.layers.{i}."
        values |= {
            layer + "input_layernorm.weight": ones(),
            layer + "post_attention_layernorm.weight": ones(),
            layer + "self_attn.o_proj.weight": drawn(HIDDEN, HIDDEN),
            layer + "mlp.gate_proj.weight": drawn(INNER, HIDDEN),
            layer + "mlp.up_proj.weight": drawn(INNER, HIDDEN),
            layer + "mlp.down_proj.weight": drawn(HIDDEN, INNER),
        }
        for name in "qkv":
            values[f"{layer}self_attn.{name}_proj.weight"] = drawn(HIDDEN, HIDDEN)
            values[f"{layer}self_attn.{name}_proj.bias"] = drawn(HIDDEN)
    return values


class SuffixTest(ServerTest):
    """The model."""

    @classmethod
    def setUpClass(cls) -> None:
        """Writes it, and serves it."""
        folder = cls.enterClassContext(tempfile.TemporaryDirectory())
        path = Path(folder) / "coder"
        values = random_tensors(BYTES + len(SPECIAL) + len(FIM))
        write_checkpoint(path, Path(MODEL), values, added=FIM, special=FIM, template="")
        cls.server = Server(models=(str(path),))

    def said(self, **body: object) -> tuple[Any, ...]:
        """Text and log probabilities of an answer, and how long its prompt was."""
        fields: dict[str, object] = {"temperature": 0, "max_tokens": 8, "logprobs": 2, **body}
        answer = self.ok(COMPLETIONS, **fields)
        choice = answer["choices"][0]
        return choice["text"], choice["logprobs"], answer["usage"]["prompt_tokens"]

    def test_prompt(self) -> None:
        """Is the one that is built by hand, as text and as tokens."""
        prefix, suffix = "def сумма(a, b):\n    return ", "\n\nprint(сумма(1, 2))\n"
        written = f"<|fim_prefix|>{prefix}<|fim_suffix|>{suffix}<|fim_middle|>"
        answer = self.said(prompt=prefix, suffix=suffix)
        self.assertEqual(answer, self.said(prompt=written))
        ids = self.ok("/tokenize", prompt=prefix)["tokens"]
        self.assertEqual(answer, self.said(prompt=ids, suffix=suffix))
        token = {text: BYTES + len(SPECIAL) + i for i, text in enumerate(FIM)}
        by_hand = [
            token["<|fim_prefix|>"], *prefix.encode(),
            token["<|fim_suffix|>"], *suffix.encode(), token["<|fim_middle|>"],
        ]  # fmt: skip
        self.assertEqual(answer, self.said(prompt=by_hand))
        scores = self.ok(
            COMPLETIONS, prompt=prefix, suffix=suffix, max_tokens=0, prompt_logprobs=0
        )["choices"][0]["prompt_logprobs"]
        self.assertEqual([int(next(iter(entry))) for entry in scores[1:]], by_hand[1:])
        # All of it matters.
        others = [
            self.said(prompt=prefix),
            self.said(prompt=prefix, suffix="\n"),
            self.said(prompt="", suffix=suffix),
        ]
        self.assertEqual(len({str(found[1]["token_logprobs"]) for found in [answer, *others]}), 4)
        self.assertEqual(self.said(prompt=prefix, suffix=""), others[0])

    def test_forms(self) -> None:
        """Several prompts, several answers, streams."""
        both = self.ok(
            COMPLETIONS, prompt=["раз", "два"], suffix="три", n=2, temperature=0, max_tokens=8
        )["choices"]
        texts = [self.said(prompt=text, suffix="три")[0] for text in ("раз", "два")]
        self.assertEqual([c["text"] for c in both], [texts[0], texts[0], texts[1], texts[1]])
        events = self.post(
            COMPLETIONS, prompt="раз", suffix="три", temperature=0, max_tokens=8, stream=True
        ).events()
        self.assertEqual("".join(e["choices"][0]["text"] for e in events), texts[0])

    def test_control_tokens(self) -> None:
        """Of a suffix they are text; of an answer they are its end."""
        ids = self.ok("/tokenize", content="a<|fim_middle|>b", parse_special=False)["tokens"]
        self.assertEqual(len(ids), 16)
        self.assertEqual(self.said(prompt="x", suffix="a<|fim_middle|>b")[2], 3 + 1 + len(ids))
        for i, text in enumerate(FIM):
            likes = {str(BYTES + len(SPECIAL) + i): 100}
            with self.subTest(text):
                answer = self.ok(
                    COMPLETIONS, prompt="x", suffix="y", logit_bias=likes, max_tokens=4
                )
                choice = answer["choices"][0]
                self.assertEqual((choice["text"], choice["finish_reason"]), ("", "stop"))
                plain = self.ok(COMPLETIONS, prompt="x", logit_bias=likes, max_tokens=4)
                self.assertEqual(plain["choices"][0]["finish_reason"], "length")

    def test_refused(self) -> None:
        """What has no meaning beside it."""
        error = self.refused(COMPLETIONS, 400, prompt="a", suffix="b", echo=True)
        self.assertEqual(error["param"], "echo")
        error = self.refused(COMPLETIONS, 400, prompt="a", suffix=1)
        self.assertEqual(error["param"], "suffix")


if __name__ == "__main__":
    main()
