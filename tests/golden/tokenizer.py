"""Writes small tokenizers and what `tokenizers` and `transformers` make of many strings.

    python tests/golden/tokenizer.py tests/golden/data/tokenizer [--count N]

A folder for each of the kinds below: tokenizer.json, perhaps tokenizer_config.json, and cases.json,
a list of [text, ids, ids with special tokens off, decoded, decoded without special tokens].
"""

import argparse
import json
from pathlib import Path
from typing import Any

from tokenizer_strings import ENGLISH, KINDS, RUSSIAN, Random, strings
from tokenizers import AddedToken, Regex, Tokenizer, models, pre_tokenizers, trainers
from tokenizers.decoders import ByteLevel as ByteLevelDecoder
from tokenizers.normalizers import NFC
from tokenizers.pre_tokenizers import ByteLevel, Split
from transformers import AutoTokenizer

QWEN_PATTERN = (
    r"(?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\r\n\p{L}\p{N}]?\p{L}+|\p{N}| ?[^\s\p{L}\p{N}]+[\r\n]*"
    r"|\s*[\r\n]+|\s+(?!\S)|\s+"
)
# Spelled otherwise, so that re2 splits and not our scanner; numbers in groups.
OTHER_PATTERN = (
    r"\p{Sc}|(?:'[sS]|'[tT])| ?[\p{L}\p{M}]+|\p{N}{1,3}|[^\s\p{L}\p{N}]+[\r\n]*|\s*[\r\n]"
    r"|\s+(?!\S)|\s+"
)


def corpus() -> list[str]:
    """Text to train on: enough that merges of several levels appear."""
    r = Random(7)
    texts = [" ".join(r.choice(source) for _ in range(12)) for source in (RUSSIAN, ENGLISH) * 150]
    return texts + [kind(r) for kind in KINDS for _ in range(10)]


def train(split: pre_tokenizers.PreTokenizer, size: int, alphabet: list[str]) -> Tokenizer:
    """A byte-level BPE tokenizer without added tokens."""
    tokenizer = Tokenizer(models.BPE())
    tokenizer.pre_tokenizer = split
    tokenizer.decoder = ByteLevelDecoder()
    trainer = trainers.BpeTrainer(
        vocab_size=size, initial_alphabet=alphabet, show_progress=False, special_tokens=[]
    )
    tokenizer.train_from_iterator(corpus(), trainer)
    return tokenizer


def as_json(tokenizer: Tokenizer) -> dict[str, Any]:
    """What the tokenizer's file holds."""
    data: dict[str, Any] = json.loads(tokenizer.to_str())
    return data


def qwen() -> dict[str, Any]:
    """The structure of Qwen2.5's file, and added tokens with each flag."""
    split = pre_tokenizers.Sequence(
        [
            Split(Regex(QWEN_PATTERN), "isolated"),
            ByteLevel(add_prefix_space=False, use_regex=False),
        ]
    )
    tokenizer = train(split, 560, ByteLevel.alphabet())
    tokenizer.normalizer = NFC()
    plain = {"normalized": False, "special": False}
    tokenizer.add_tokens(
        [
            *(AddedToken(t, special=True, normalized=False) for t in SPECIAL),
            *(AddedToken(t, **plain) for t in ("<tool_call>", "</tool_call>", "<|fim_prefix|>")),
            AddedToken("<left>", lstrip=True, **plain),
            AddedToken("<right>", rstrip=True, special=True, normalized=False),
            AddedToken("<both>", lstrip=True, rstrip=True, **plain),
            AddedToken("слово", single_word=True, **plain),
            AddedToken("cafe\u0301", normalized=True, special=False),
            AddedToken("<é>", normalized=True, special=True),
            AddedToken("<|im_start|>user", **plain),
            AddedToken("Ġ", **plain),
            AddedToken("é", single_word=True, normalized=True, special=False),
        ]
    )
    return as_json(tokenizer)


SPECIAL = ["<|endoftext|>", "<|im_start|>", "<|im_end|>"]


def gpt2() -> dict[str, Any]:
    """ByteLevel alone, a prefix space, merges as strings, no normalizer, bytes without a token."""
    tokenizer = train(ByteLevel(add_prefix_space=True), 380, [])
    tokenizer.add_tokens([AddedToken("<|endoftext|>", special=True, normalized=False)])
    data = as_json(tokenizer)
    data["model"]["merges"] = [" ".join(pair) for pair in data["model"]["merges"]]
    return data


def other() -> dict[str, Any]:
    """A pattern for re2, split twice, words kept whole, an unknown token that fuses."""
    split = pre_tokenizers.Sequence(
        [
            Split("ая", "isolated"),
            Split(Regex(OTHER_PATTERN), "isolated"),
            ByteLevel(add_prefix_space=False, use_regex=False),
        ]
    )
    tokenizer = train(split, 360, [])
    data = as_json(tokenizer)
    vocabulary = data["model"]["vocab"]
    for token in ("ĠÑĩÐµÐ»Ð¾Ð²ÐµÐº", "Ġtokenization", "<unk>"):
        vocabulary.setdefault(token, len(vocabulary))
    data["model"] |= {"ignore_merges": True, "unk_token": "<unk>", "fuse_unk": True}
    return data


def config() -> dict[str, Any]:
    """What transformers adds from this file to the "gpt2" tokenizer."""
    flags = {"lstrip": False, "rstrip": False, "single_word": False}
    end = {"__type": "AddedToken", "content": "<|end|>", "normalized": False, **flags}
    return {
        "tokenizer_class": "PreTrainedTokenizerFast",
        "add_prefix_space": False,
        "clean_up_tokenization_spaces": False,
        "bos_token": None,
        "eos_token": end,
        "pad_token": "<|pad|>",
        "unk_token": "<|endoftext|>",
        "additional_special_tokens": ["<|im_start|>", "<|im_end|>"],
        "added_tokens_decoder": {
            "381": {"content": "<|x|>", "normalized": False, "special": True, **flags},
            "382": {"content": "слово", "normalized": True, "special": False, **flags},
        },
    }


def texts_for(count: int) -> list[str]:
    """Strings for the cases: the usual ones and some around the added tokens' flags."""
    r = Random(3)
    added = [*SPECIAL, "<left>", "<right>", "<both>", "слово", "слова", "café", "cafe\u0301", "<é>"]
    added += [
        "<e\u0301>",
        "<|im_start|>user",
        "<tool_call>",
        "Ġ",
        "é",
        "<|x|>",
        "<|end|>",
        "<|pad|>",
    ]
    between = ["", "", " ", "  \n", "\u00a0", "x", "_", ".", "\u0301", "\u3000", "ё", "²"]
    texts = [
        "".join(r.choice(between) + r.choice(added) for _ in range(r.randint(1, 6)))
        + r.choice(between)
        for _ in range(count // 3)
    ]
    return [t for t in strings(2 * count, seed=11) if len(t.encode()) < 60][: count // 2] + texts


def write(folder: Path, data: dict[str, Any], settings: dict[str, Any] | None, count: int) -> None:
    """One folder: the tokenizer and its cases."""
    folder.mkdir(parents=True, exist_ok=True)
    text = json.dumps(data, ensure_ascii=False, separators=(",", ":"))
    (folder / "tokenizer.json").write_text(text + "\n", encoding="utf-8")
    reference = Tokenizer.from_str(text)
    if settings is not None:
        text = json.dumps(settings, ensure_ascii=False, indent=1)
        (folder / "tokenizer_config.json").write_text(text + "\n", encoding="utf-8")
        reference = AutoTokenizer.from_pretrained(folder).backend_tokenizer  # type: ignore
    lines = []
    for text in texts_for(count):
        reference.encode_special_tokens = False
        ids = reference.encode(text, add_special_tokens=False).ids
        reference.encode_special_tokens = True
        plain = reference.encode(text, add_special_tokens=False).ids
        decoded = reference.decode(ids, skip_special_tokens=False)
        skipped = reference.decode(ids, skip_special_tokens=True)
        lines.append(json.dumps([text, ids, plain, decoded, skipped], separators=(",", ":")))
    (folder / "cases.json").write_text("[\n" + ",\n".join(lines) + "\n]\n", encoding="ascii")


def main() -> None:
    """Writes all folders."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("out", type=Path)
    parser.add_argument("--count", type=int, default=84)
    arguments = parser.parse_args()
    write(arguments.out / "qwen", qwen(), None, arguments.count)
    write(arguments.out / "gpt2", gpt2(), None, arguments.count // 2)
    write(arguments.out / "config", gpt2(), config(), arguments.count // 2)
    write(arguments.out / "other", other(), None, arguments.count // 2)


if __name__ == "__main__":
    main()
