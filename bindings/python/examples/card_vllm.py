"""The model card's program for vLLM, on libtlite: only the import lines are others.

Usage: card_vllm.py [MODEL] [PROMPT] [MAX_MODEL_LEN]

MODEL is a directory, a .gguf file, or a name in Hugging Face's cache on disk. The card gives what
apply_chat_template makes to `prompt_token_ids=`, which vLLM has no more; today's spelling is below
it, and gives the same prompt.
"""

import sys

from tlite.transformers import AutoTokenizer
from tlite.vllm import LLM, SamplingParams

SYSTEM = (
    "Ты T-lite, виртуальный ассистент в Т-Технологии. Твоя задача - быть полезным диалоговым"
    " ассистентом."
)


def answers(model_name: str, prompt: str, max_model_len: int) -> list[str]:
    """What the model says to a prompt, asked in the card's way and in today's."""
    tokenizer = AutoTokenizer.from_pretrained(model_name)
    llm = LLM(model=model_name, max_model_len=max_model_len)
    sampling_params = SamplingParams(temperature=0.7, repetition_penalty=1.05, top_p=0.8, top_k=70)
    messages = [{"role": "system", "content": SYSTEM}, {"role": "user", "content": prompt}]
    prompt_token_ids = tokenizer.apply_chat_template(messages, add_generation_prompt=True)
    outputs = llm.generate(prompt_token_ids=prompt_token_ids, sampling_params=sampling_params)
    outputs += llm.generate(prompt_token_ids, sampling_params)
    return [output.outputs[0].text for output in outputs]


if __name__ == "__main__":
    given = dict(enumerate(sys.argv))
    for text in answers(
        given.get(1, "t-tech/T-lite-it-1.0"),
        given.get(2, "Напиши стих про машинное обучение"),
        int(given.get(3, 8192)),
    ):
        print(text)
