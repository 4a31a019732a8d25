"""The model card's program for transformers, on libtlite: only the import line is another.

Usage: card_transformers.py [MODEL] [PROMPT]

MODEL is a directory, a .gguf file, or a name in Hugging Face's cache on disk. torch is used where
it is installed, so that the seed makes the answer repeatable.
"""

import contextlib
import sys

from tlite.transformers import AutoModelForCausalLM, AutoTokenizer

with contextlib.suppress(ImportError):
    import torch

    torch.manual_seed(42)

SYSTEM = (
    "Ты T-lite, виртуальный ассистент в Т-Технологии. Твоя задача - быть полезным диалоговым"
    " ассистентом."
)


def answer(model_name: str, prompt: str) -> str:
    """What the model says to a prompt."""
    tokenizer = AutoTokenizer.from_pretrained(model_name)
    model = AutoModelForCausalLM.from_pretrained(model_name, torch_dtype="auto", device_map="auto")
    messages = [{"role": "system", "content": SYSTEM}, {"role": "user", "content": prompt}]
    text = tokenizer.apply_chat_template(messages, tokenize=False, add_generation_prompt=True)
    model_inputs = tokenizer([text], return_tensors="pt").to(model.device)
    generated_ids = model.generate(**model_inputs, max_new_tokens=256)
    generated_ids = [
        output_ids[len(input_ids) :]
        for input_ids, output_ids in zip(model_inputs.input_ids, generated_ids)
    ]
    return tokenizer.batch_decode(generated_ids, skip_special_tokens=True)[0]


if __name__ == "__main__":
    given = dict(enumerate(sys.argv))
    print(
        answer(
            given.get(1, "t-tech/T-lite-it-1.0"),
            given.get(2, "Напиши стих про машинное обучение"),
        )
    )
