"""Beam search: the likeliest whole answers, not the likeliest next token."""

from __future__ import annotations

from ctypes import byref
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from . import _ffi
from ._convert import choice, filled, name_of, receiver, text_of, token_array
from ._library import lib
from ._native import call, created
from .model import watched
from .templates import Prompt

if TYPE_CHECKING:
    from ._convert import TokenIds
    from .engine import Engine
    from .model import Progress


@dataclass(frozen=True)
class Beam:
    """One of the likeliest answers."""

    text: str
    """Without the ending token."""
    tokens: tuple[int, ...]
    """Of the answer, the ending one included."""
    finish_reason: str
    """"end_of_text", "length" or "cancelled"."""
    score: float
    """By the scoring; the best comes first."""
    logprob: float
    """Of all its tokens."""


def beam_search(
    engine: Engine,
    prompt: str | Prompt | TokenIds,
    *,
    max_new_tokens: int,
    beam_width: int | None = None,
    scoring: str | None = None,
    early_stopping: str | None = None,
    length_penalty: float | None = None,
    ignore_eos: bool = False,
    num_return: int | None = None,
    temperature: float | None = None,
    seed: int | None = None,
    priority: int | None = None,
    progress: Progress = False,
) -> list[Beam]:
    """The likeliest answers to a prompt, the best first, by requests of an engine.

    - `beam_width`: 1 to 256 (4); `num_return`: the best so many, None: all.
    - `scoring`: "huggingface" or "vllm", each its reference's to the letter; `early_stopping` of
      the first: "heuristic" (False there), "at_once" (True) or "never".
    - `length_penalty` (1): above 0 it favours long answers. `ignore_eos`: no token ends a beam.
    - `temperature` of vLLM's: each beam also goes on with a token drawn at it; `seed` of these.

    Ctrl-C, and what a progress function raises, end the search, in the prompt too.
    InvalidArgument, ContextFull.
    """
    handle = engine._live()
    if isinstance(prompt, (str, Prompt)):
        prompt = engine.model.tokenizer.encode(prompt)
    ids = token_array(prompt, "prompt")
    keep: list[Any] = []
    options = filled(
        _ffi.tlite_beam_options,
        lib.tlite_beam_options_init,
        keep,
        max_new_tokens=max_new_tokens,
        beam_width=beam_width,
        scoring=choice(scoring, "tlite_beam_scoring", "scoring"),
        early_stopping=choice(early_stopping, "tlite_beam_stopping", "early_stopping"),
        length_penalty=length_penalty,
        ignore_eos=bool(ignore_eos),
        num_return=num_return,
        temperature=temperature,
        has_seed=seed is not None,
        seed=seed,
        priority=priority,
    )

    def search() -> list[Beam]:
        made = created(
            *(lib.tlite_engine_beam_search, lib.tlite_beams_free),
            *(handle.pointer, *ids.buffer_info(), byref(options)),
        )
        return [_beam(made.pointer, i) for i in range(lib.tlite_beams_count(made.pointer))]

    with watched("beam search", progress) as (object_, run):
        options.progress = object_.pointer
        result: list[Beam] = run(search)
    return result


def _beam(beams: int, index: int) -> Beam:
    out = receiver(_ffi.tlite_beam)
    call(lib.tlite_beams_get, beams, index, byref(out))
    return Beam(
        text=text_of(out.text),
        tokens=tuple(out.tokens[: out.token_count]) if out.token_count else (),
        finish_reason=name_of(out.finish_reason, "tlite_finish_reason"),
        score=out.score,
        logprob=out.logprob,
    )
