"""Choosing tokens and ending answers, for loops of one's own over an `Evaluator`."""

from __future__ import annotations

from array import array
from collections.abc import Iterable
from ctypes import POINTER, byref
from typing import TYPE_CHECKING, Any, NamedTuple

from . import _ffi
from ._convert import TokenIds, integer, text_of, token_array, utf8, view_of
from ._library import lib
from ._native import Native, Turn, call, created
from .errors import InvalidArgument
from .generation import TokenLogprob, logprob_of
from .sampling import SamplingParams, native_params

if TYPE_CHECKING:
    from .model import Model


class SampledToken(NamedTuple):
    """A chosen token."""

    token: int
    logprob: TokenLogprob | None
    """None where `SamplingParams.logprobs` does not ask for it."""
    top_logprobs: tuple[TokenLogprob, ...]


class Sampler(Native):
    """Chooses the tokens of one sequence, the same that a session chooses with these params.

        sampler = tlite.Sampler(model, params)
        sampler.observe_prompt(ids)
        token = sampler.sample(evaluator.logits()[0]).token

    When to stop is the caller's to say. For one thread at a time. InvalidArgument.
    """

    _unpicklable = "it is in the middle of a sequence"

    def __init__(self, model: Model, sampling: SamplingParams | None = None) -> None:
        self._turn = Turn(self)
        parent = model._live()
        self._handle = created(
            *(lib.tlite_sampler_create, lib.tlite_sampler_free),
            *(parent.pointer, native_params(sampling)),
        )

    def observe_prompt(self, ids: TokenIds) -> None:
        """The tokens in front of the answer; BadState once a token was chosen."""
        handle = self._live()
        values = token_array(ids)
        with self._turn:
            call(lib.tlite_sampler_observe_prompt, handle.pointer, *values.buffer_info())

    def sample(self, logits: Any, *, allowed: Iterable[int] | None = None) -> SampledToken:
        """Chooses the next token and remembers it.

        `logits`: a buffer of vocab_size float32, such as a row of `Evaluator.logits`, left as it
        is. `allowed`: the tokens that may come; None: all. Corrupt for a logit that is NaN or
        +infinity, InvalidArgument where no token is left; the sampler is then as before.
        """
        handle = self._live()
        values = _floats(logits)
        mask = _mask(allowed, len(values))
        out = POINTER(_ffi.tlite_sampled_token)()
        with self._turn:
            call(
                *(lib.tlite_sampler_sample, handle.pointer, *values.buffer_info()),
                *(*(mask.buffer_info() if mask else (None, 0)), byref(out)),
            )
            chosen = out[0]
            top = chosen.top_logprobs
            return SampledToken(
                chosen.token,
                logprob_of(chosen.logprob[0]) if chosen.logprob else None,
                tuple(map(logprob_of, top[: chosen.top_logprob_count])) if top else (),
            )

    def accept(self, token: int) -> None:
        """The next token was chosen elsewhere; it uses up one random number."""
        handle = self._live()
        with self._turn:
            call(lib.tlite_sampler_accept, handle.pointer, integer(token, "token"))

    def end_thinking(self) -> None:
        """Has the next token be </think>, where it is thinking; else no effect."""
        handle = self._live()
        with self._turn:
            lib.tlite_sampler_end_thinking(handle.pointer)

    def reset(self) -> None:
        """Forgets prompt and answer; the same seed begins anew."""
        handle = self._live()
        with self._turn:
            call(lib.tlite_sampler_reset, handle.pointer)

    @property
    def seed(self) -> int:
        """That of the params, or what was drawn in its place."""
        handle = self._live()
        return int(lib.tlite_sampler_seed(handle.pointer))


def _floats(logits: Any) -> array[float]:
    """A copy of the logits, one row of them."""
    try:
        view = memoryview(logits)
    except TypeError:
        name = type(logits).__name__
        raise TypeError(f"logits must be a buffer of float32, not {name}") from None
    if view.format != "f":
        raise TypeError(f"logits must be float32, not of format {view.format!r}")
    if view.ndim != 1:
        raise InvalidArgument(f"logits has {view.ndim} dimensions in place of one")
    values = array("f")
    values.frombytes(view.tobytes())
    return values


def _mask(allowed: Iterable[int] | None, size: int) -> array[int] | None:
    """One bit a token, 32 a word."""
    if allowed is None:
        return None
    words = array("I", bytes(4 * ((size + 31) // 32)))
    for token in token_array(allowed, "allowed"):
        if not 0 <= token < size:
            raise InvalidArgument(f"allowed has {token}, and there are {size} logits")
        words[token // 32] |= 1 << (token % 32)
    return words


class StopMatcher(Native):
    """Finds stop strings in a text that comes in pieces, and holds back what may become one.

    `keep` leaves a stop string that is found in the text. InvalidArgument for an empty one. For one
    thread at a time.
    """

    _unpicklable = "it is in the middle of a text"

    def __init__(self, stop: str | Iterable[str], *, keep: bool = False) -> None:
        self._turn = Turn(self)
        texts = (stop,) if isinstance(stop, str) else tuple(stop)
        alive: list[Any] = []
        views = [view_of(utf8(text, "stop"), alive) for text in texts]
        kind: Any = _ffi.tlite_text * len(views)
        self._handle = created(
            *(lib.tlite_stop_matcher_create, lib.tlite_stop_matcher_free),
            *(kind(*views), len(views), bool(keep)),
        )

    def push(self, text: str) -> tuple[str, str | None]:
        """The text that no stop string can need any more, and the stop string that was found.

        What follows that in `text` is lost, and the next push starts anew.
        """
        handle = self._live()
        data = utf8(text, "text")
        out, found = _ffi.tlite_text(), _ffi.tlite_text()
        with self._turn:
            call(
                *(lib.tlite_stop_matcher_push, handle.pointer, data, len(data)),
                *(byref(out), byref(found)),
            )
            return text_of(out), text_of(found) or None

    def flush(self) -> str:
        """What is held back, for a text that ends here; then the matcher is as new."""
        handle = self._live()
        out = _ffi.tlite_text()
        with self._turn:
            call(lib.tlite_stop_matcher_flush, handle.pointer, byref(out))
            return text_of(out)
