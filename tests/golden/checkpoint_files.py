"""What transformers makes of a checkpoint's small files, in the forms its releases left behind.

Usage: python tests/golden/checkpoint_files.py
Needs transformers 5.24 and torch; writes tests/golden/data/checkpoint_files.json, which is
committed: a tiny tokenizer in two forms, and for each case the files beside it and what
AutoTokenizer then encodes and renders.
"""

import json
import tempfile
from pathlib import Path
from typing import Any

import transformers
from tokenizers.pre_tokenizers import ByteLevel

transformers.logging.set_verbosity_error()
AutoTokenizer: Any = transformers.AutoTokenizer

TEXT = "<|im_start|>ab <tool> мир<|im_end|><|endoftext|><|new|><|more|>"
ADDED = ["<|endoftext|>", "<|im_start|>", "<|im_end|>"]
SPLIT = (
    r"(?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\r\n\p{L}\p{N}]?\p{L}+|\p{N}| ?[^\s\p{L}\p{N}]+[\r\n]*"
    r"|\s*[\r\n]+|\s+(?!\S)|\s+"
)
MERGES = [["a", "b"], ["Ð", "¼"], ["Ð", "¸"], ["Ð¼", "Ð¸"]]

LETTERS = sorted(ByteLevel.alphabet())
VOCABULARY = {token: i for i, token in enumerate([*LETTERS, *("".join(merge) for merge in MERGES)])}


def flags(content: str, special: bool = True) -> dict[str, object]:
    """An entry of added_tokens_decoder."""
    token = dict.fromkeys(("lstrip", "normalized", "rstrip", "single_word"), False)
    return {"content": content, "special": special, **token}


def tokenizer_json(processor: object = None) -> dict[str, object]:
    """The new form."""
    byte_level = {"type": "ByteLevel", "add_prefix_space": False, "use_regex": False}
    split = {"type": "Split", "pattern": {"Regex": SPLIT}, "behavior": "Isolated", "invert": False}
    byte_level["trim_offsets"] = False
    return {
        "version": "1.0",
        "added_tokens": [
            {"id": len(VOCABULARY) + i, **flags(token)} for i, token in enumerate(ADDED)
        ],
        "normalizer": {"type": "NFC"},
        "pre_tokenizer": {"type": "Sequence", "pretokenizers": [split, byte_level]},
        "post_processor": processor,
        "decoder": byte_level,
        "model": {"type": "BPE", "vocab": VOCABULARY, "merges": MERGES},
    }


def around(before: list[str], behind: list[str]) -> dict[str, object]:
    """A TemplateProcessing."""
    ids = {token: len(VOCABULARY) + i for i, token in enumerate(ADDED)}

    def special(token: str) -> dict[str, object]:
        return {"SpecialToken": {"id": token, "type_id": 0}}

    text = {"Sequence": {"id": "A", "type_id": 0}}
    return {
        "type": "TemplateProcessing",
        "single": [*map(special, before), text, *map(special, behind)],
        "pair": [text, {"Sequence": {"id": "B", "type_id": 1}}],
        "special_tokens": {
            token: {"id": token, "ids": [ids[token]], "tokens": [token]} for token in ids
        },
    }


CLASS = {"tokenizer_class": "Qwen2Tokenizer"}
EOS = {**CLASS, "eos_token": "<|im_end|>", "pad_token": "<|endoftext|>"}
DECODER = {str(len(VOCABULARY) + i): flags(token) for i, token in enumerate([*ADDED, "<tool>"])}
MAP = {
    "eos_token": "<|im_start|>",
    "pad_token": "<|im_end|>",
    "additional_special_tokens": ["<tool>", "<|new|>"],
}
OLDER = {token: len(VOCABULARY) + i for i, token in enumerate([*ADDED, "<tool>"])}
BYTE_LEVEL = {"type": "ByteLevel", "add_prefix_space": False, "trim_offsets": False}

# name, tokenizer.json's post-processor or None for the older form, the files beside it.
TOKENIZERS: list[tuple[str, object, dict[str, object]]] = [
    ("new form", {}, {"tokenizer_config": EOS}),
    ("added_tokens_decoder", {}, {"tokenizer_config": {**EOS, "added_tokens_decoder": DECODER}}),
    ("extra list", {}, {"tokenizer_config": {**EOS, "extra_special_tokens": ["<|new|>"]}}),
    ("extra dict", {}, {"tokenizer_config": {**EOS, "extra_special_tokens": {"x": "<|new|>"}}}),
    ("additional", {}, {"tokenizer_config": {**EOS, "additional_special_tokens": ["<|new|>"]}}),
    (
        "extra wins",
        {},
        {
            "tokenizer_config": {
                **EOS,
                "extra_special_tokens": ["<|new|>"],
                "additional_special_tokens": ["<|more|>"],
            }
        },
    ),
    (
        "empty extra",
        {},
        {
            "tokenizer_config": {
                **EOS,
                "extra_special_tokens": [],
                "additional_special_tokens": ["<|more|>"],
            }
        },
    ),
    (
        "decoder makes a token special",
        {},
        {
            "tokenizer_config": {
                **EOS,
                "added_tokens_decoder": DECODER,
                "extra_special_tokens": ["<tool>"],
            }
        },
    ),
    (
        "map beside a decoder",
        {},
        {
            "tokenizer_config": {**EOS, "added_tokens_decoder": DECODER},
            "special_tokens_map": MAP,
        },
    ),
    ("map wins", {}, {"tokenizer_config": EOS, "special_tokens_map": MAP}),
    ("map alone", {}, {"tokenizer_config": CLASS, "special_tokens_map": MAP}),
    (
        "additional beside a map",
        {},
        {
            "tokenizer_config": {**EOS, "additional_special_tokens": ["<|more|>"]},
            "special_tokens_map": MAP,
        },
    ),
    (
        "add_bos of no effect",
        {},
        {"tokenizer_config": {**EOS, "add_bos_token": True, "bos_token": "<|endoftext|>"}},
    ),
    ("template before", around(["<|endoftext|>"], []), {"tokenizer_config": EOS}),
    ("template behind", around([], ["<|im_end|>"]), {"tokenizer_config": EOS}),
    (
        "template around",
        around(["<|endoftext|>", "<|im_start|>"], ["<|im_end|>"]),
        {"tokenizer_config": {**EOS, "add_bos_token": False}},
    ),
    (
        "template in a sequence",
        {"type": "Sequence", "processors": [BYTE_LEVEL, around(["<|endoftext|>"], [])]},
        {"tokenizer_config": EOS},
    ),
    ("older form", None, {"tokenizer_config": {**EOS, "added_tokens_decoder": DECODER}}),
    ("older form, added_tokens", None, {"tokenizer_config": EOS, "added_tokens": OLDER}),
    (
        "older form, added_tokens and map",
        None,
        {"tokenizer_config": CLASS, "added_tokens": OLDER, "special_tokens_map": MAP},
    ),
    ("older form, added_tokens alone", None, {"tokenizer_config": CLASS, "added_tokens": OLDER}),
    ("older form, names alone", None, {"tokenizer_config": EOS}),
    ("older form, nothing", None, {"tokenizer_config": CLASS}),
    (
        "older form, bos",
        None,
        {
            "tokenizer_config": {
                **EOS,
                "added_tokens_decoder": DECODER,
                "add_bos_token": True,
                "bos_token": "<|endoftext|>",
            }
        },
    ),
    (
        "older form, eos",
        None,
        {
            "tokenizer_config": {
                **EOS,
                "added_tokens_decoder": DECODER,
                "add_eos_token": True,
            }
        },
    ),
]


def named(**templates: str) -> list[dict[str, str]]:
    """chat_template as a list."""
    return [{"name": name, "template": text} for name, text in templates.items()]


JINJA = "chat_template.jinja"
MORE = "additional_chat_templates/"
# The files with chat templates: tokenizer_config.json's field under "config".
TEMPLATES: list[dict[str, object]] = [
    {"config": "C"},
    {JINJA: "J"},
    {JINJA: "J", "config": "C"},
    {"config": named(default="D", tool_use="U")},
    {"config": [*named(default="D"), *named(default="E")]},
    {JINJA: "J", "config": named(default="D", tool_use="U")},
    {JINJA: "J", MORE + "tool_use.jinja": "A"},
    {MORE + "default.jinja": "A", MORE + "tool_use.jinja": "B"},
    {MORE + "tool_use.jinja": "A"},
    {"config": named(tool_use="U")},
]
TOOLS: list[dict[str, object]] = [
    {"type": "function", "function": {"name": "f", "parameters": {"type": "object"}}}
]


def write(folder: Path, name: str, value: object) -> None:
    """Writes one file, as text where it is text."""
    path = folder / name
    path.parent.mkdir(exist_ok=True)
    path.write_text(value if isinstance(value, str) else json.dumps(value, ensure_ascii=False))


def write_tokenizer(folder: Path, processor: object, files: dict[str, object]) -> None:
    """Writes the tokenizer of one case."""
    write(folder, "config.json", {"model_type": "qwen2"})
    if processor is None:
        write(folder, "vocab.json", VOCABULARY)
        lines = ["#version: 0.2", *(" ".join(merge) for merge in MERGES)]
        write(folder, "merges.txt", "\r\n".join(lines) + "\r\n")
    else:
        write(folder, "tokenizer.json", tokenizer_json(processor or None))
    for name, value in files.items():
        write(folder, name + ".json", value)


def tokenizer_case(name: str, processor: object, files: dict[str, object]) -> dict[str, object]:
    """The case with what AutoTokenizer does."""
    with tempfile.TemporaryDirectory() as directory:
        write_tokenizer(Path(directory), processor, files)
        tokenizer = AutoTokenizer.from_pretrained(directory)
        ids = tokenizer.encode(TEXT)
        return {
            "name": name,
            "older_form": processor is None,
            "post_processor": processor or None,
            "files": files,
            "ids": ids,
            "plain_ids": tokenizer.encode(TEXT, add_special_tokens=False),
            "visible": tokenizer.decode(ids, skip_special_tokens=True),
            "eos": tokenizer.eos_token_id,
            "pad": tokenizer.pad_token_id,
        }


def rendered(folder: str, tools: list[dict[str, object]] | None) -> str | None:
    """A conversation rendered, None where transformers raises."""
    tokenizer = AutoTokenizer.from_pretrained(folder)
    try:
        return str(
            tokenizer.apply_chat_template(
                [{"role": "user", "content": "x"}], tools=tools, tokenize=False
            )
        )
    except ValueError:
        return None


def template_case(files: dict[str, object]) -> dict[str, object]:
    """The case with which template counts."""
    with tempfile.TemporaryDirectory() as directory:
        folder = Path(directory)
        config = dict(EOS)
        if "config" in files:
            config["chat_template"] = files["config"]  # type: ignore[assignment]
        write_tokenizer(folder, {}, {"tokenizer_config": config})
        for name, text in files.items():
            if name != "config":
                write(folder, name, text)
        return {
            "files": files,
            "plain": rendered(directory, None),
            "tools": rendered(directory, TOOLS),
        }


def main() -> None:
    """Writes the file."""
    cases = {
        "text": TEXT,
        "vocabulary": VOCABULARY,
        "merges": MERGES,
        "split": SPLIT,
        "added": ADDED,
        "tokenizers": [tokenizer_case(*case) for case in TOKENIZERS],
        "templates": [template_case(files) for files in TEMPLATES],
    }
    path = Path(__file__).parent / "data" / "checkpoint_files.json"
    path.write_text(json.dumps(cases, ensure_ascii=False, separators=(",", ":")) + "\n")


if __name__ == "__main__":
    main()
