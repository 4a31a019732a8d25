"""What the tests of tlite.transformers share; all of them run without torch and transformers."""

from __future__ import annotations

import functools
from typing import Any

import numpy as np
import tlite.transformers as hf
from conftest import DEMO
from greedy_cases import TEXTS

PATH = str(DEMO)
EOS, PAD = 2559, 2557
ANSWER = "Я маленькая демонстрационная модель libtlite."


@functools.cache
def tokenizer() -> hf.Qwen2Tokenizer:
    """The demo model's; nobody changes its settings."""
    return hf.AutoTokenizer.from_pretrained(PATH)


@functools.cache
def model() -> hf.Qwen2ForCausalLM:
    """The demo model."""
    return hf.AutoModelForCausalLM.from_pretrained(PATH)


def chat(text: str = "Кто ты?") -> hf.BatchEncoding:
    """A prompt as arrays."""
    messages = [{"role": "user", "content": text}]
    made: hf.BatchEncoding = tokenizer().apply_chat_template(
        messages, add_generation_prompt=True, return_tensors="np"
    )
    return made


def batch(texts: list[str] | None = None) -> hf.BatchEncoding:
    """Prompts of several lengths, as arrays."""
    return tokenizer()(texts or TEXTS, padding=True, padding_side="left", return_tensors="np")


def new_text(inputs: Any, sequences: Any, **decoding: Any) -> list[str]:
    """The answers."""
    width = np.asarray(inputs["input_ids"]).shape[1]
    decoding.setdefault("skip_special_tokens", True)
    return tokenizer().batch_decode(sequences[:, width:], **decoding)
