"""What comes out: pieces of an answer as it grows, and answers."""

from __future__ import annotations

from array import array
from ctypes import string_at
from dataclasses import dataclass
from typing import Any, NamedTuple

from ._convert import name_of, text_of
from ._ffi import tlite_generation, tlite_token_logprob


class TokenLogprob(NamedTuple):
    """How likely a token was, before temperature, penalties and filters."""

    token: int
    logprob: float
    """Natural logarithm."""
    rank: int
    """1: the likeliest."""
    bytes: bytes
    """What the token stands for: not necessarily whole characters."""


class Piece(str):
    """A piece of an answer: the text that became visible with one token, itself a str.

    Whole characters, possibly none, as a token may be half a letter.
    """

    __slots__ = ("logprob", "token", "top_logprobs")

    token: int | None
    """None: text that was held back, at the end of an answer."""
    logprob: TokenLogprob | None
    """Of the token; None where `SamplingParams.logprobs` does not ask for it."""
    top_logprobs: tuple[TokenLogprob, ...]
    """Of the likeliest tokens, as many as `SamplingParams.logprobs` says."""

    def __new__(
        cls,
        text: str = "",
        token: int | None = None,
        logprob: TokenLogprob | None = None,
        top_logprobs: tuple[TokenLogprob, ...] = (),
    ) -> Piece:
        """A piece of one's own, for tests and adapters."""
        piece = str.__new__(cls, text)
        piece.token, piece.logprob, piece.top_logprobs = token, logprob, top_logprobs
        return piece

    @property
    def text(self) -> str:
        """The same as a plain str."""
        return str.__str__(self)


@dataclass(frozen=True)
class Generation:
    """An answer."""

    text: str
    """With the stop string cut off, or kept where that was asked for."""
    tokens: tuple[int, ...]
    """Every sampled id, the ending one included."""
    finish_reason: str
    """"end_of_text" (the model ended its turn), "stop_token", "stop_string", "length"
    (max_new_tokens), "context_full", "cancelled", "deadline" or "failed"; "none": it goes on."""
    stop_string: str | None
    """The one that ended it."""
    logprobs: tuple[TokenLogprob, ...] | None
    """One a token; None where not asked for."""
    top_logprobs: tuple[tuple[TokenLogprob, ...], ...] | None
    """Of the likeliest at each token; None where not asked for."""
    prompt_tokens: int
    """Tokens of the whole prompt."""
    cached_tokens: int
    """Of these, taken from the KV cache."""
    dropped_messages: int
    """Forgotten by the overflow policy "drop_oldest"."""
    prefill_seconds: float
    decode_seconds: float
    prompt_logprobs: tuple[TokenLogprob, ...] | None = None
    """Of the prompt's own tokens from `prompt_logprobs_start` on; None where not asked for. Fewer
    where the request ended before its prompt was computed."""
    prompt_top_logprobs: tuple[tuple[TokenLogprob, ...], ...] | None = None
    """Of the likeliest in place of each of these."""
    prompt_logprobs_start: int = 0
    embedding: array[float] | None = None
    """Of a request with a pooling: hidden_size float32, a buffer that numpy takes as it is."""

    def __str__(self) -> str:
        return self.text

    def _repr_html_(self) -> str:
        """What a notebook shows: the text, each token by its probability where that is known."""
        from .viz._generation import shown_generation

        return shown_generation(self)._repr_html_()


def logprob_of(entry: tlite_token_logprob) -> TokenLogprob:
    """A copy of the library's."""
    view = entry.bytes
    data = string_at(view.data, view.size) if view.size else b""
    return TokenLogprob(entry.token, entry.logprob, entry.rank, data)


def piece_of(event: Any) -> Piece:
    """A copy of a tlite_piece, or of the piece in a tlite_engine_event."""
    token = event.token
    chosen = None if token < 0 else token
    logprob = event.logprob
    if not logprob:
        return Piece(text_of(event.text), chosen)
    top = event.top_logprobs
    likeliest = tuple(map(logprob_of, top[: event.top_logprob_count])) if top else ()
    return Piece(text_of(event.text), chosen, logprob_of(logprob[0]), likeliest)


def _grouped(entries: Any, offsets: Any, count: int) -> tuple[tuple[TokenLogprob, ...], ...] | None:
    """Of the likeliest: token i has the entries [offsets[i], offsets[i + 1])."""
    if not entries:
        return None
    ends = offsets[: count + 1]
    copies = tuple(map(logprob_of, entries[: ends[-1]]))
    return tuple(copies[begin:end] for begin, end in zip(ends, ends[1:]))


def generation_of(result: tlite_generation) -> Generation:
    """A copy of the library's."""
    count = result.token_count
    logprobs = None
    if result.logprobs:
        logprobs = tuple(map(logprob_of, result.logprobs[:count]))
    top = _grouped(result.top_logprobs, result.top_logprob_offsets, count)
    scored, scores = result.prompt_logprob_count, None
    if result.prompt_logprobs:
        scores = tuple(map(logprob_of, result.prompt_logprobs[:scored]))
    top_scores = _grouped(result.prompt_top_logprobs, result.prompt_top_logprob_offsets, scored)
    embedding = None
    if result.embedding:
        embedding = array("f", result.embedding[: result.embedding_size])
    return Generation(
        text=text_of(result.text),
        tokens=tuple(result.tokens[:count]) if count else (),
        finish_reason=name_of(result.finish_reason, "tlite_finish_reason"),
        stop_string=text_of(result.stop_string) or None,
        logprobs=logprobs,
        top_logprobs=top,
        prompt_tokens=result.prompt_tokens,
        cached_tokens=result.cached_tokens,
        dropped_messages=result.dropped_messages,
        prefill_seconds=result.prefill_seconds,
        decode_seconds=result.decode_seconds,
        prompt_logprobs=scores,
        prompt_top_logprobs=top_scores,
        prompt_logprobs_start=result.prompt_logprobs_start,
        embedding=embedding,
    )
