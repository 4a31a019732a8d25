"""Trains the byte-level BPE tokenizer, built like that of Qwen2.5, on the generated dialogues.

python train_tokenizer.py --data DIR --out model
"""

from __future__ import annotations

import argparse
import json
from pathlib import Path

import chat
from tokenizers import (
    AddedToken,
    Regex,
    Tokenizer,
    decoders,
    models,
    normalizers,
    pre_tokenizers,
    processors,
    trainers,
)

SPECIAL = ["<|endoftext|>", "<|im_start|>", "<|im_end|>"]
VOCAB_SIZE = 2560
# The pre-tokenizer's pattern of the Qwen2 family.
PATTERN = (
    r"(?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\r\n\p{L}\p{N}]?\p{L}+|\p{N}| ?[^\s\p{L}\p{N}]+[\r\n]*"
    r"|\s*[\r\n]+|\s+(?!\S)|\s+"
)


def build(corpus: list[str]) -> Tokenizer:
    """Trains on `corpus`, with the pipeline of Qwen2.5."""
    tokenizer = Tokenizer(models.BPE())
    tokenizer.normalizer = normalizers.NFC()
    tokenizer.pre_tokenizer = pre_tokenizers.Sequence(
        [
            pre_tokenizers.Split(Regex(PATTERN), behavior="isolated", invert=False),
            pre_tokenizers.ByteLevel(add_prefix_space=False, trim_offsets=False, use_regex=False),
        ]
    )
    tokenizer.post_processor = processors.ByteLevel(
        add_prefix_space=False, trim_offsets=False, use_regex=False
    )
    tokenizer.decoder = decoders.ByteLevel()
    trainer = trainers.BpeTrainer(
        vocab_size=VOCAB_SIZE - len(SPECIAL),
        initial_alphabet=pre_tokenizers.ByteLevel.alphabet(),
        show_progress=False,
    )
    tokenizer.train_from_iterator(corpus, trainer)
    # Added after training, so that their ids follow the vocabulary's as in Qwen2.5.
    tokenizer.add_special_tokens(
        [AddedToken(content, normalized=False, special=True) for content in SPECIAL]
    )
    return tokenizer


def file_like_qwen(tokenizer: Tokenizer) -> str:
    """tokenizer.json with the fields and spellings of the file that Qwen2.5 comes with."""
    content = json.loads(tokenizer.to_str())
    content["decoder"] = content["post_processor"]
    model = content["model"]
    model["continuing_subword_prefix"] = model["end_of_word_suffix"] = ""
    model.pop("ignore_merges", None)
    model["merges"] = [" ".join(pair) for pair in model["merges"]]
    text = json.dumps(content, ensure_ascii=False, indent=2) + "\n"
    again = Tokenizer.from_str(text)
    sample = "Привет! it's 12 + 7,\n\n  «ёлка» <|im_end|>\n"
    assert again.encode(sample).ids == tokenizer.encode(sample).ids
    assert again.decode(again.encode(sample).ids, skip_special_tokens=False) == sample
    return text


def config(tokenizer: Tokenizer) -> dict[str, object]:
    """The content of tokenizer_config.json."""
    added = {
        str(tokenizer.token_to_id(content)): {
            "content": content,
            "lstrip": False,
            "normalized": False,
            "rstrip": False,
            "single_word": False,
            "special": True,
        }
        for content in SPECIAL
    }
    return {
        "add_bos_token": False,
        "add_prefix_space": False,
        "added_tokens_decoder": added,
        "additional_special_tokens": ["<|im_start|>", "<|im_end|>"],
        "bos_token": None,
        "chat_template": chat.TEMPLATE,
        "clean_up_tokenization_spaces": False,
        "eos_token": "<|im_end|>",
        "errors": "replace",
        "model_max_length": 2048,
        "pad_token": "<|endoftext|>",
        "split_special_tokens": False,
        "tokenizer_class": "Qwen2Tokenizer",
        "unk_token": None,
    }


def main() -> None:
    """Trains and writes."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--data", type=Path, required=True)
    parser.add_argument("--out", type=Path, required=True)
    args = parser.parse_args()
    # What every conversation has is worth whole tokens.
    corpus = ["system\n", "user\n", "assistant\n", chat.SYSTEM] * 5000
    with open(args.data / "train.jsonl", encoding="utf-8") as file:
        for line in file:
            corpus += [text for turn in json.loads(line)["turns"] for text in turn]
    tokenizer = build(corpus)
    args.out.mkdir(parents=True, exist_ok=True)
    (args.out / "tokenizer.json").write_text(file_like_qwen(tokenizer), encoding="utf-8")
    text = json.dumps(config(tokenizer), ensure_ascii=False, indent=2)
    (args.out / "tokenizer_config.json").write_text(text + "\n", encoding="utf-8")
    print(f"vocabulary: {tokenizer.get_vocab_size()}")


if __name__ == "__main__":
    main()
