"""Text to token ids and back."""

from __future__ import annotations

from collections.abc import Iterable
from ctypes import byref, c_int32, c_size_t, c_uint64, string_at
from typing import Any, Callable

from . import _ffi
from ._convert import (
    PathLike,
    TokenIds,
    filled,
    integer,
    text_of,
    token_array,
    utf8,
)
from ._host import Files, read
from ._library import lib
from ._native import Native, Turn, call, created
from .errors import TokenMissing
from .templates import Prompt


def taken_bytes(function: Callable[..., int], *arguments: object) -> bytes:
    """The bytes of a tlite_string that a function hands out."""
    made = created(function, lib.tlite_string_free, *arguments)
    size = c_size_t()
    address = lib.tlite_string_data(made.pointer, byref(size))
    return string_at(address, size.value)


class Tokenizer(Native):
    """A byte-level BPE tokenizer: immutable, shared by any number of threads.

    A model's is `model.tokenizer`; `Tokenizer(path)` reads one of a Hugging Face directory, a
    tokenizer.json or a .gguf file, without the weights. NotFound, InputOutput, Corrupt,
    NotSupported.
    """

    _unpicklable = "load it from its path in each process"

    def __init__(self, path: PathLike, *, files: Files | None = None) -> None:
        self._handle = read(lib.tlite_tokenizer_load, lib.tlite_tokenizer_free, path, files)

    def encode(
        self,
        text: str | Prompt,
        *,
        parse_special: bool = True,
        add_special: bool | None = None,
        literal_ranges: Iterable[tuple[int, int]] = (),
    ) -> list[int]:
        """The ids of a text.

        - `parse_special`: special tokens such as <|im_start|> are recognised.
        - `add_special`: with the tokens that the tokenizer puts around every text (Qwen2.5 has
          none). None: yes, but for a `Prompt`, which has them written out.
        - `literal_ranges`: (begin, end) in bytes of UTF-8 where they are not recognised even so,
          sorted, without overlap. A `Prompt` brings its own: what came out of its messages.
        """
        handle = self._live()
        ranges = list(literal_ranges)
        if isinstance(text, Prompt):
            ranges = ranges or list(text.literal_ranges)
            add_special = bool(add_special)
            text = text.text
        data = utf8(text, "text")
        options = filled(
            _ffi.tlite_encode_options,
            lib.tlite_encode_options_init,
            [],
            parse_special=bool(parse_special),
            add_special=None if add_special is None else bool(add_special),
        )
        if ranges:
            pairs = []
            for begin, end in ranges:
                first = integer(begin, "literal_ranges", c_uint64)
                pairs.append((first, integer(end, "literal_ranges", c_uint64)))
            kind: Any = _ffi.tlite_text_range * len(pairs)
            options.literal_ranges = kind(*pairs)
            options.literal_range_count = len(pairs)
        made = created(
            *(lib.tlite_tokenizer_encode, lib.tlite_tokens_free),
            *(handle.pointer, data, len(data), byref(options)),
        )
        count = c_size_t()
        ids = lib.tlite_tokens_data(made.pointer, byref(count))
        return ids[: count.value] if count.value else []

    def decode(self, ids: TokenIds, *, skip_special: bool = False) -> str:
        """The text of ids; bytes that are no character become U+FFFD.

        `skip_special` leaves special tokens out. InvalidArgument for an id outside the vocabulary.
        """
        handle = self._live()
        values = token_array(ids)
        address, count = values.buffer_info()
        options = _decode_options(skip_special)
        return taken_bytes(
            *(lib.tlite_tokenizer_decode, handle.pointer, address, count, byref(options))
        ).decode("utf-8", "replace")

    def token_bytes(self, token: int) -> bytes:
        """The bytes that an id stands for: not necessarily whole characters."""
        handle = self._live()
        return taken_bytes(
            lib.tlite_tokenizer_get_token_bytes, handle.pointer, integer(token, "token")
        )

    def token_id(self, token: str) -> int:
        """The id of a token as the vocabulary writes it: "<|im_end|>". KeyError (`NotFound`)."""
        handle = self._live()
        data = utf8(token, "token")
        out = c_int32()
        call(
            *(lib.tlite_tokenizer_get_token_id, handle.pointer, data, len(data), byref(out)),
            missing=TokenMissing,
        )
        return out.value

    def is_special(self, token: int) -> bool:
        """Whether an id is a special token; False for one outside the vocabulary."""
        handle = self._live()
        return bool(lib.tlite_tokenizer_is_special(handle.pointer, integer(token, "token")))

    @property
    def vocab_size(self) -> int:
        """One more than the largest id that has a text; a model may have more logits."""
        return self._number(lib.tlite_tokenizer_vocab_size)

    @property
    def bos_token_id(self) -> int | None:
        """Of the token that begins a text; None: there is none."""
        return self._id(lib.tlite_tokenizer_bos_token)

    @property
    def eos_token_id(self) -> int | None:
        """Of the token that ends a text; a model may have more of them: `ModelInfo`."""
        return self._id(lib.tlite_tokenizer_eos_token)

    @property
    def pad_token_id(self) -> int | None:
        """Of the token that fills up rows."""
        return self._id(lib.tlite_tokenizer_pad_token)

    def stream_decoder(self, *, skip_special: bool = False) -> StreamDecoder:
        """Ids to text one at a time, in whole characters."""
        return StreamDecoder(self, skip_special=skip_special)

    def _number(self, function: Callable[..., int]) -> int:
        handle = self._live()
        return int(function(handle.pointer))

    def _id(self, function: Callable[..., int]) -> int | None:
        number = self._number(function)
        return None if number < 0 else number


def _decode_options(skip_special: bool) -> Any:
    return filled(
        *(_ffi.tlite_decode_options, lib.tlite_decode_options_init, []),
        skip_special=bool(skip_special),
    )


class StreamDecoder(Native):
    """Ids to text, one at a time, in whole characters. For one thread at a time."""

    _unpicklable = "it is in the middle of a text"

    def __init__(self, tokenizer: Tokenizer, *, skip_special: bool = False) -> None:
        handle = tokenizer._live()
        self._turn = Turn(self)
        self._handle = created(
            *(lib.tlite_stream_decoder_create, lib.tlite_stream_decoder_free),
            *(handle.pointer, byref(_decode_options(skip_special))),
        )

    def push(self, token: int) -> str:
        """The text that became complete with this id, possibly empty."""
        handle = self._live()
        out = _ffi.tlite_text()
        number = integer(token, "token")
        with self._turn:
            call(lib.tlite_stream_decoder_push, handle.pointer, number, byref(out))
            return text_of(out)

    def finish(self) -> str:
        """What is left at the end; then the decoder is as new."""
        handle = self._live()
        out = _ffi.tlite_text()
        with self._turn:
            call(lib.tlite_stream_decoder_finish, handle.pointer, byref(out))
            return text_of(out)
