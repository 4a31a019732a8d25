"""The tokenizer with the methods of transformers' tokenizers."""

from __future__ import annotations

import os
from collections.abc import Mapping
from typing import Any

from ..errors import NotSupported
from ..templates import ChatTemplate, Prompt
from ..tokenizer import Tokenizer
from . import _chat, _padding
from ._arguments import refuse
from ._arrays import plain
from ._log import warn_once
from ._vocabulary import BYTES, SPECIAL_NAMES, Vocabulary
from .batch_encoding import BatchEncoding


class _SpecialToken:
    """`eos_token` and the like: a str or None, which may be set to any token of the vocabulary."""

    def __init__(self, name: str) -> None:
        self._name = name

    def __get__(self, owner: Any, _: Any = None) -> Any:
        return self if owner is None else owner._special.get(self._name)

    def __set__(self, owner: Any, value: Any) -> None:
        content = getattr(value, "content", value)
        if content is not None and not isinstance(content, str):
            raise ValueError(f"{self._name} must be a str, not {type(value).__name__}")
        owner._special[self._name] = content


class _SpecialTokenId:
    """`eos_token_id` and the like: an int or None."""

    def __init__(self, name: str) -> None:
        self._name = name

    def __get__(self, owner: Any, _: Any = None) -> Any:
        if owner is None:
            return self
        token = owner._special.get(self._name)
        return None if token is None else owner.convert_tokens_to_ids(token)

    def __set__(self, owner: Any, value: Any) -> None:
        owner._special[self._name] = None if value is None else owner.convert_ids_to_tokens(value)


class Qwen2Tokenizer:
    """Text to ids and back, with what transformers' tokenizers can.

    See docs/python-transformers.md. Made by `AutoTokenizer.from_pretrained`; `native` is the
    `tlite.Tokenizer` below it. Immutable but for its settings, which are attributes:
    `padding_side`, `pad_token`, `chat_template`, ...
    """

    model_input_names: list[str]

    bos_token, bos_token_id = _SpecialToken("bos_token"), _SpecialTokenId("bos_token")
    eos_token, eos_token_id = _SpecialToken("eos_token"), _SpecialTokenId("eos_token")
    unk_token, unk_token_id = _SpecialToken("unk_token"), _SpecialTokenId("unk_token")
    sep_token, sep_token_id = _SpecialToken("sep_token"), _SpecialTokenId("sep_token")
    pad_token, pad_token_id = _SpecialToken("pad_token"), _SpecialTokenId("pad_token")
    cls_token, cls_token_id = _SpecialToken("cls_token"), _SpecialTokenId("cls_token")
    mask_token, mask_token_id = _SpecialToken("mask_token"), _SpecialTokenId("mask_token")

    is_fast = True
    pad_token_type_id = 0

    def __init__(self, path: str, *, name: str = "", **settings: Any) -> None:
        self.native = Tokenizer(path)
        self._vocabulary = Vocabulary(path, self.native)
        self._special = self._vocabulary.special_tokens()
        config = self._vocabulary.config
        self.name_or_path = name or path
        self.extra_special_tokens = self._vocabulary.extra_special_tokens()
        self.model_input_names = ["input_ids", "attention_mask"]
        self.model_max_length = config.get("model_max_length") or _padding.VERY_LARGE
        self.padding_side = _padding.side(config.get("padding_side", "right"), "padding_side")
        self.truncation_side = _padding.side(
            config.get("truncation_side", "right"), "truncation_side"
        )
        self.clean_up_tokenization_spaces = bool(config.get("clean_up_tokenization_spaces", False))
        self.split_special_tokens = bool(config.get("split_special_tokens", False))
        self.chat_template: str | dict[str, str] | None = self._vocabulary.chat_templates()
        self._templates: dict[tuple[str, str, str], ChatTemplate] = {}
        for key, value in settings.items():
            setattr(self, key, value)
        _padding.side(self.padding_side, "padding_side")
        _padding.side(self.truncation_side, "truncation_side")

    def __repr__(self) -> str:
        return (
            f"{type(self).__name__}(name_or_path={self.name_or_path!r},"
            f" vocab_size={self.vocab_size}, model_max_length={self.model_max_length},"
            f" padding_side={self.padding_side!r}, truncation_side={self.truncation_side!r},"
            f" special_tokens={self.special_tokens_map})"
        )

    # ---- The vocabulary.

    def __len__(self) -> int:
        return self.native.vocab_size

    def __bool__(self) -> bool:
        return True

    @property
    def vocab_size(self) -> int:
        """Tokens without the added ones; `len(tokenizer)` counts all."""
        return self._vocabulary.base_size()

    @property
    def special_tokens_map(self) -> dict[str, str]:
        """Special tokens that have a name, and are set."""
        pairs = ((name, self._special.get(name)) for name in SPECIAL_NAMES)
        return {name: token for name, token in pairs if token is not None}

    @property
    def all_special_tokens(self) -> list[str]:
        """Special tokens, with and without a name, each once."""
        return list(dict.fromkeys([*self.special_tokens_map.values(), *self.extra_special_tokens]))

    @property
    def all_special_ids(self) -> list[int]:
        """Their ids."""
        ids: list[int] = self.convert_tokens_to_ids(self.all_special_tokens)
        return ids

    @property
    def extra_special_tokens_ids(self) -> list[int]:
        """Ids of special tokens without a name."""
        ids: list[int] = self.convert_tokens_to_ids(self.extra_special_tokens)
        return ids

    def get_vocab(self) -> dict[str, int]:
        """Every token by name, as the vocabulary writes it."""
        names = ((self._vocabulary.name_of(i), i) for i in range(len(self)))
        return {name: i for name, i in names if name}

    @property
    def vocab(self) -> dict[str, int]:
        """`get_vocab()`."""
        return self.get_vocab()

    def get_added_vocab(self) -> dict[str, int]:
        """Added tokens, special or not."""
        return dict(self._vocabulary.added())

    def convert_tokens_to_ids(self, tokens: Any) -> Any:
        """The id of a token as the vocabulary writes it, or of several; unk's for what is none."""
        if isinstance(tokens, str):
            number = self._vocabulary.id_of(tokens)
            unknown = self._special.get("unk_token")
            if number is None and unknown is not None:
                number = self._vocabulary.id_of(unknown)
            return number
        return [self.convert_tokens_to_ids(token) for token in tokens]

    def convert_ids_to_tokens(self, ids: Any, skip_special_tokens: bool = False) -> Any:
        """How the vocabulary writes an id, or several; None for an id that is none."""
        ids = plain(ids)
        if isinstance(ids, int):
            return self._vocabulary.name_of(ids)
        special = set(self.all_special_ids) if skip_special_tokens else set()
        return [self._vocabulary.name_of(int(i)) for i in ids if i not in special]

    def convert_tokens_to_string(self, tokens: list[str]) -> str:
        """The text of tokens as the vocabulary writes them."""
        data = b""
        for token in tokens:
            whole = all(letter in BYTES for letter in token)
            data += bytes(BYTES[letter] for letter in token) if whole else token.encode()
        return data.decode("utf-8", "replace")

    def get_special_tokens_mask(
        self,
        token_ids_0: list[int],
        token_ids_1: list[int] | None = None,
        already_has_special_tokens: bool = False,
    ) -> list[int]:
        """1 for each special token of a row that has them."""
        refuse("get_special_tokens_mask", token_ids_1=token_ids_1)
        special = set(self.all_special_ids) if already_has_special_tokens else set()
        return [int(token in special) for token in token_ids_0]

    def num_special_tokens_to_add(self, pair: bool = False) -> int:
        """How many tokens `add_special_tokens` adds to a text."""
        return len(self.native.encode("")) * (2 if pair else 1)

    def add_special_tokens(self, special_tokens_dict: Mapping[str, Any], **_: Any) -> int:
        """Names tokens that the vocabulary has; NotSupported for others, as it cannot grow."""
        for name, value in special_tokens_dict.items():
            tokens = value if isinstance(value, (list, tuple)) else [value]
            self.add_tokens(tokens)
            if name in SPECIAL_NAMES:
                setattr(self, name, value)
            else:
                self.extra_special_tokens = [str(getattr(t, "content", t)) for t in tokens]
        return 0

    def add_tokens(self, new_tokens: Any, special_tokens: bool = False) -> int:
        """0 where the vocabulary has them all; else NotSupported, as it cannot grow."""
        tokens = new_tokens if isinstance(new_tokens, (list, tuple)) else [new_tokens]
        for token in tokens:
            content = str(getattr(token, "content", token))
            if self._vocabulary.id_of(content) is None:
                raise NotSupported(f"the vocabulary has no token {content!r}, and cannot grow")
        return 0

    # ---- Text to ids.

    def _ids(self, text: str | Prompt, add_special: bool, split_special: bool) -> list[int]:
        return self.native.encode(text, add_special=add_special, parse_special=not split_special)

    def _lengths(
        self,
        padding: Any,
        truncation: Any,
        max_length: int | None,
        multiple: int | None = None,
        padding_side: str | None = None,
        verbose: bool = True,
    ) -> _padding.Lengths:
        return _padding.lengths_of(
            *(padding, truncation, max_length, multiple),
            padding_side=padding_side or self.padding_side,
            truncation_side=self.truncation_side,
            model_max_length=self.model_max_length,
            has_pad=self.pad_token_id is not None,
            verbose=verbose,
        )

    def _warn_of_length(self, rows: list[list[int]], max_length: int | None) -> None:
        longest = max((len(row) for row in rows), default=0)
        if max_length is None and longest > self.model_max_length:
            warn_once(
                f"{longest} tokens are more than this model was made for, {self.model_max_length}"
            )

    def __call__(
        self,
        text: Any = None,
        text_pair: Any = None,
        text_target: Any = None,
        text_pair_target: Any = None,
        add_special_tokens: bool = True,
        padding: Any = False,
        truncation: Any = None,
        max_length: int | None = None,
        stride: int = 0,
        is_split_into_words: bool = False,
        pad_to_multiple_of: int | None = None,
        padding_side: str | None = None,
        return_tensors: str | None = None,
        return_token_type_ids: bool | None = None,
        return_attention_mask: bool | None = None,
        return_overflowing_tokens: bool = False,
        return_special_tokens_mask: bool = False,
        return_offsets_mapping: bool = False,
        return_length: bool = False,
        verbose: bool = True,
        tokenizer_kwargs: dict[str, Any] | None = None,
        split_special_tokens: bool | None = None,
        **further: Any,
    ) -> BatchEncoding:
        """The ids of a text, or of a list of texts, with their attention mask.

        A text gives flat lists, a list of texts lists of lists; `return_tensors` "pt" or "np" gives
        int64 of shape (rows, length), "pt" as numpy arrays where torch is not installed. What each
        argument does: docs/python-transformers.md.
        """
        refuse(
            "tokenizer",
            text_pair=text_pair,
            text_target=text_target,
            text_pair_target=text_pair_target,
            stride=stride,
            is_split_into_words=is_split_into_words,
            return_overflowing_tokens=return_overflowing_tokens,
            return_offsets_mapping=return_offsets_mapping,
            tokenizer_kwargs=tokenizer_kwargs,
            **further,
        )
        texts = _texts_of(text)
        split = self.split_special_tokens if split_special_tokens is None else split_special_tokens
        lengths = self._lengths(
            *(padding, truncation, max_length, pad_to_multiple_of, padding_side, verbose)
        )
        rows = [self._ids(one, add_special_tokens, split) for one in texts]
        rows = [_padding.truncated(row, lengths) for row in rows]
        if verbose:
            self._warn_of_length(rows, lengths.max_length)
        data = self._padded(rows, lengths)
        if return_attention_mask is False:
            del data["attention_mask"]
        if return_token_type_ids:
            data["token_type_ids"] = [[0] * len(row) for row in data["input_ids"]]
        if return_special_tokens_mask:
            data["special_tokens_mask"] = self._special_mask(rows, data, lengths)
        if return_length:
            data["length"] = [len(row) for row in data["input_ids"]]
        return self._encoding(data, isinstance(text, str), return_tensors)

    def _special_mask(
        self, rows: list[list[int]], data: dict[str, Any], lengths: _padding.Lengths
    ) -> list[list[int]]:
        """1 for what was added: padding, and what `add_special_tokens` puts around a text."""
        length = len(data["input_ids"][0]) if data["input_ids"] else 0
        if lengths.padding == "do_not_pad":
            length = 0
        return [_padding.padded([0] * len(row), length, 1, lengths.padding_side) for row in rows]

    def _padded(self, rows: list[list[int]], lengths: _padding.Lengths) -> dict[str, Any]:
        length, where = _padding.padded_length(rows, lengths), lengths.padding_side
        filling = self.pad_token_id if length else 0
        return {
            "input_ids": [_padding.padded(row, length, filling, where) for row in rows],
            "attention_mask": [_padding.padded([1] * len(row), length, 0, where) for row in rows],
        }

    def _encoding(
        self, data: dict[str, Any], single: bool, return_tensors: str | None
    ) -> BatchEncoding:
        rows = data["input_ids"]

        def tokens_of(row: int) -> list[str]:
            names: list[str] = self.convert_ids_to_tokens(rows[row])
            return names

        if single and return_tensors is None:
            data = {
                name: value[0] if isinstance(value[0], list) else value
                for name, value in data.items()
            }
        return BatchEncoding(data, tensor_type=return_tensors, tokens_of=tokens_of)

    def encode(self, text: Any, text_pair: Any = None, **arguments: Any) -> Any:
        """The ids alone of what a call with the same arguments gives."""
        return self(text, text_pair, **arguments)["input_ids"]

    def tokenize(
        self, text: str, pair: str | None = None, add_special_tokens: bool = False
    ) -> list[str]:
        """The tokens of a text, as the vocabulary writes them."""
        refuse("tokenizer", text_pair=pair)
        names: list[str] = self.convert_ids_to_tokens(
            self._ids(text, add_special_tokens, self.split_special_tokens)
        )
        return names

    def pad(
        self,
        encoded_inputs: Any,
        padding: Any = True,
        max_length: int | None = None,
        pad_to_multiple_of: int | None = None,
        padding_side: str | None = None,
        return_attention_mask: bool | None = None,
        return_tensors: str | None = None,
        verbose: bool = True,
    ) -> BatchEncoding:
        """Rows that were encoded one by one, filled up to one length."""
        if isinstance(encoded_inputs, (list, tuple)) and encoded_inputs:
            encoded_inputs = {
                key: [entry[key] for entry in encoded_inputs] for key in encoded_inputs[0]
            }
        if "input_ids" not in encoded_inputs:
            raise ValueError(f"there is no 'input_ids' among {list(encoded_inputs)}")
        data = {key: plain(value) for key, value in dict(encoded_inputs).items()}
        single = bool(data["input_ids"]) and not isinstance(data["input_ids"][0], list)
        if single:
            data = {key: [value] for key, value in data.items()}
        lengths = self._lengths(
            *(padding, False, max_length, pad_to_multiple_of, padding_side, verbose)
        )
        rows, masks = data["input_ids"], data.pop("attention_mask", None)
        length = _padding.padded_length(rows, lengths)
        result = {**data, **self._padded(rows, lengths)}
        if masks is not None:
            result["attention_mask"] = [
                _padding.padded(mask, length, 0, lengths.padding_side) for mask in masks
            ]
        if return_attention_mask is False:
            del result["attention_mask"]
        return self._encoding(result, single, return_tensors)

    # ---- Ids to text.

    def decode(
        self,
        token_ids: Any,
        skip_special_tokens: bool = False,
        clean_up_tokenization_spaces: bool | None = None,
        **further: Any,
    ) -> Any:
        """The text of ids, or of one id; of a list of lists, or a matrix, a list of texts.

        Ids that the vocabulary does not have are left out; bytes that are no character become
        U+FFFD.
        """
        refuse("decode", **further)
        if isinstance(token_ids, Mapping):
            token_ids = token_ids["input_ids"]
        ids = plain(token_ids)
        if isinstance(ids, list) and ids and isinstance(ids[0], list):
            return [self._text(row, skip_special_tokens) for row in ids]
        return self._text([ids] if isinstance(ids, int) else ids, skip_special_tokens)

    def _text(self, ids: list[int], skip_special: bool) -> str:
        size = self.native.vocab_size
        known = [token for token in ids if token < size]
        return self.native.decode(known, skip_special=skip_special)

    def batch_decode(
        self,
        sequences: Any,
        skip_special_tokens: bool = False,
        clean_up_tokenization_spaces: bool | None = None,
        **further: Any,
    ) -> list[str]:
        """The texts of rows of ids."""
        rows = plain(sequences)
        if not rows:
            return []
        result = self.decode(rows, skip_special_tokens, **further)
        if isinstance(result, str):
            warn_once("batch_decode is for several rows; decode takes one")
            return [result]
        texts: list[str] = result
        return texts

    # ---- Conversations.

    def get_chat_template(self, chat_template: str | None = None, tools: Any = None) -> str:
        """The template that a conversation would be rendered with. ValueError: there is none."""
        known = self.chat_template
        if isinstance(known, dict):
            if chat_template is not None:
                return known.get(chat_template, chat_template)
            name = "tool_use" if tools is not None and "tool_use" in known else "default"
            if name not in known:
                raise ValueError(f"say by chat_template which template: {sorted(known)}")
            return known[name]
        chosen = known if chat_template is None else chat_template
        if chosen is None:
            raise ValueError(
                "this tokenizer has no chat_template: set the attribute, or give the argument"
            )
        return chosen

    def _template(self, source: str) -> ChatTemplate:
        key = (source, self.bos_token or "", self.eos_token or "")
        if key not in self._templates:
            self._templates[key] = ChatTemplate.parse(source, bos_token=key[1], eos_token=key[2])
        return self._templates[key]

    def apply_chat_template(
        self,
        conversation: Any,
        tools: Any = None,
        documents: Any = None,
        chat_template: str | None = None,
        add_generation_prompt: bool = False,
        continue_final_message: bool | str = False,
        tokenize: bool = True,
        sanitize_control_tokens: bool = False,
        padding: Any = False,
        truncation: Any = False,
        max_length: int | None = None,
        return_tensors: str | None = None,
        return_dict: bool = True,
        return_assistant_tokens_mask: bool = False,
        tokenizer_kwargs: dict[str, Any] | None = None,
        chat_template_kwargs: Mapping[str, Any] | None = None,
        **kwargs: Any,
    ) -> Any:
        """A conversation, or a list of them, rendered by the chat template.

        A BatchEncoding as version 5 of transformers gives it; `return_dict=False`: the ids alone;
        `tokenize=False`: the text. `tools` are definitions or Python functions. Further keyword
        arguments, and those of `chat_template_kwargs`, are variables of the template.

        Special tokens in messages are special tokens, as in transformers; with
        `sanitize_control_tokens` they are plain text.
        """
        refuse("apply_chat_template", return_assistant_tokens_mask=return_assistant_tokens_mask)
        chats, batched = _chat.conversations_of(conversation)
        if continue_final_message and add_generation_prompt:
            raise ValueError(
                "continue_final_message and add_generation_prompt exclude each other: an answer"
                " either goes on or begins"
            )
        if sanitize_control_tokens and not tokenize:
            raise ValueError("sanitize_control_tokens needs tokenize=True: a text cannot show it")
        source = self.get_chat_template(chat_template, tools)
        variables = {**self.special_tokens_map, **(chat_template_kwargs or {}), **kwargs}
        if documents is not None:
            variables["documents"] = documents
        prompts = [
            _chat.render(
                *(self._template(source), source, chat),
                tools=_chat.tools_of(tools),
                variables=_chat.plain_data(variables),
                add_generation_prompt=add_generation_prompt,
                continue_final_message=continue_final_message,
            )
            for chat in chats
        ]
        if not tokenize:
            texts = [prompt.text for prompt in prompts]
            return texts if batched else texts[0]
        inputs = [prompt if sanitize_control_tokens else prompt.text for prompt in prompts]
        options = dict(padding=padding, truncation=truncation, max_length=max_length)
        out = self(
            inputs if batched or return_tensors or sanitize_control_tokens else inputs[0],
            **{**options, **(tokenizer_kwargs or {})},
            add_special_tokens=False,
            return_tensors=return_tensors,
        )
        if sanitize_control_tokens and not batched and not return_tensors:
            out = BatchEncoding({name: value[0] for name, value in out.items()})
        return out if return_dict else out["input_ids"]

    def save_pretrained(self, save_directory: Any, **_: Any) -> Any:
        """NotSupported: the files of a checkpoint are not written anew."""
        raise NotSupported(
            f"save_pretrained to {os.fspath(save_directory)!r}: copy {self.name_or_path!r} instead"
        )


def _texts_of(text: Any) -> list[str | Prompt]:
    """The texts of a call."""
    if text is None:
        raise ValueError("there is no text")
    texts = list(text) if isinstance(text, (list, tuple)) else [text]
    for one in texts:
        if not isinstance(one, (str, Prompt)):
            raise ValueError(
                f"a text is a str, and several are a list of str, not {type(one).__name__}"
            )
    return texts
