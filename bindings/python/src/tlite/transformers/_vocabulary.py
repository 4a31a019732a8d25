"""What a tokenizer's files say beside its tokens: their names, which were added, its settings."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from ..errors import Corrupt, NotFound, TokenMissing
from ..templates import ChatTemplate
from ..tokenizer import Tokenizer

SPECIAL_NAMES = (
    *("bos_token", "eos_token", "unk_token", "sep_token", "pad_token", "cls_token", "mask_token"),
)
# Of Qwen2Tokenizer, for what a tokenizer_config.json does not name.
_QWEN2_DEFAULTS = {name: "<|endoftext|>" for name in ("eos_token", "unk_token", "pad_token")}


def _letters() -> list[str]:
    """GPT-2's letter for each byte: itself where it can be seen, else one from U+0100 on."""
    seen = {*range(0x21, 0x7F), *range(0xA1, 0xAD), *range(0xAE, 0x100)}
    hidden = iter(range(0x100, 0x200))
    return [chr(byte if byte in seen else next(hidden)) for byte in range(256)]


LETTERS = _letters()
BYTES = {letter: byte for byte, letter in enumerate(LETTERS)}


def read_json(path: Path) -> dict[str, Any]:
    """A JSON object; empty where there is no such file."""
    try:
        value = json.loads(path.read_text(encoding="utf-8"))
    except FileNotFoundError:
        return {}
    except ValueError as error:
        raise Corrupt(f"{path}: {error}") from None
    if not isinstance(value, dict):
        raise Corrupt(f"{path} is no JSON object")
    return value


def _content(token: Any) -> str | None:
    """A token as tokenizer_config.json writes it: a string, or an object with its content."""
    return token.get("content") if isinstance(token, dict) else token


class Vocabulary:
    """The tokens of a directory or .gguf file by name."""

    def __init__(self, path: str, tokenizer: Tokenizer) -> None:
        self.path = Path(path)
        self.tokenizer = tokenizer
        self.is_gguf = self.path.is_file() and self.path.suffix == ".gguf"
        folder = self.path if self.path.is_dir() else self.path.parent
        self.folder = folder
        self.config = {} if self.is_gguf else read_json(folder / "tokenizer_config.json")
        self._added: dict[str, int] | None = None
        self._base_size: int | None = None

    def special_tokens(self) -> dict[str, str | None]:
        """bos_token and the like."""
        tokens: dict[str, str | None] = dict.fromkeys(SPECIAL_NAMES)
        if self.config:
            for name in SPECIAL_NAMES:
                tokens[name] = _content(self.config.get(name, _QWEN2_DEFAULTS.get(name)))
            return tokens
        for name in ("bos_token", "eos_token", "pad_token"):
            number = getattr(self.tokenizer, f"{name}_id")
            tokens[name] = None if number is None else self.name_of(number)
        return tokens

    def extra_special_tokens(self) -> list[str]:
        """Special tokens that have no name."""
        for key in ("extra_special_tokens", "additional_special_tokens"):
            tokens = self.config.get(key)
            if isinstance(tokens, list):
                return [str(_content(token)) for token in tokens]
        return []

    def name_of(self, token: int) -> str | None:
        """How the vocabulary writes an id; None for what is none."""
        if not 0 <= token < self.tokenizer.vocab_size:
            return None
        data = self.tokenizer.token_bytes(token)
        name = "".join(LETTERS[byte] for byte in data)
        return name if self.id_of(name) == token else data.decode("utf-8", "replace")

    def id_of(self, name: str) -> int | None:
        """The id of a token as the vocabulary writes it."""
        try:
            return self.tokenizer.token_id(name)
        except TokenMissing:
            return None

    def added(self) -> dict[str, int]:
        """Added tokens by name, whether special or not."""
        self._look()
        return self._added or {}

    def base_size(self) -> int:
        """How many tokens there are without them."""
        self._look()
        return self._base_size or 0

    def _look(self) -> None:
        if self._added is not None:
            return
        file = {} if self.is_gguf else read_json(self.folder / "tokenizer.json")
        model = file.get("model")
        if isinstance(model, dict) and isinstance(model.get("vocab"), dict):
            self._base_size = len(model["vocab"])
            entries = file.get("added_tokens") or []
            added = {str(entry["content"]): int(entry["id"]) for entry in entries}
            self._added = dict(sorted(added.items(), key=lambda item: item[1]))
            return
        # A .gguf file does not say which tokens were added; they are behind the others, and the
        # first of them is special.
        size = self.tokenizer.vocab_size
        first = next((i for i in range(size) if self.tokenizer.is_special(i)), size)
        self._base_size = first
        self._added = {self.name_of(i) or "": i for i in range(first, size)}

    def chat_templates(self) -> str | dict[str, str] | None:
        """The chat template, or several by name."""
        try:
            default: str | None = ChatTemplate(str(self.path)).source
        except NotFound:
            default = None
        named: dict[str, str] = {}
        listed = self.config.get("chat_template")
        if isinstance(listed, list):
            named = {str(entry["name"]): str(entry["template"]) for entry in listed}
        for file in sorted((self.folder / "additional_chat_templates").glob("*.jinja")):
            named[file.stem] = file.read_text(encoding="utf-8")
        if self.is_gguf or not named:
            return default
        return {**({} if default is None else {"default": default}), **named}
