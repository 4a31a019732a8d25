"""How tokens are chosen and when an answer ends."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterable, Mapping
from ctypes import POINTER, byref, c_float, c_int32, cast, sizeof
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Callable

from . import _ffi
from ._convert import fill, integer, real, text_of, token_array, utf8, view_of
from ._library import lib
from ._native import call

if TYPE_CHECKING:
    from .model import Model

_Ids = tuple[int, ...]

# Fields that are -1 where they are not set.
_UNSET = frozenset(
    (
        *("forced_bos_token_id", "max_new_tokens", "max_length", "length_decay_start", "logprobs"),
        *("dry_penalty_last_n", "adaptive_target", "thinking_budget"),
    )
)
_ID_LISTS = (
    *("suppress_tokens", "begin_suppress_tokens", "forced_eos_token_ids"),
    *("stop_token_ids", "allowed_token_ids"),
)
_KINDS: dict[str, Any] = {entry[0]: entry[1] for entry in _ffi.tlite_sampling_params._fields_}
_SEQUENCE_LISTS = ("bad_words", "dry_sequence_breakers")


@dataclass(frozen=True, repr=False)
class SamplingParams:
    """How tokens are chosen and when an answer ends. All fields are keyword arguments.

    `SamplingParams()` draws from the whole distribution, until the model ends its turn;
    `SamplingParams(temperature=0)` is greedy. What a checkpoint asks for in its
    generation_config.json is `model.default_sampling`, which is what sessions and requests without
    params use; `preset("vllm")` has another program's defaults. `params.replace(seed=1)` is a copy
    with changes. Lists may be given as any iterable; they are kept as tuples.

    Ranges are checked where the params are used, or by `validate`: InvalidArgument names the field
    and the value. Something of a wrong type is a TypeError, and so is an unknown name.
    """

    # What is drawn from.
    temperature: float = 1.0
    """>= 0; 0 is greedy."""
    top_k: int = 0
    """Keep the k largest and their ties; 0: all."""
    top_p: float = 1.0
    """(0, 1]: the smallest set of tokens that reaches p."""
    min_p: float = 0.0
    """[0, 1]: drop what is less likely than min_p times the likeliest."""
    typical_p: float = 1.0
    """(0, 1]; 1: off."""
    epsilon_cutoff: float = 0.0
    """[0, 1): drop what is less likely."""
    eta_cutoff: float = 0.0
    """[0, 1): the same, less where much is likely."""
    # Penalties, and which tokens may come.
    repetition_penalty: float = 1.0
    """> 0, over prompt and output."""
    presence_penalty: float = 0.0
    """Subtracted once per token that is in the output."""
    frequency_penalty: float = 0.0
    """Subtracted per occurrence in the output."""
    no_repeat_ngram_size: int = 0
    """No n tokens twice, prompt included; 0: off."""
    forced_bos_token_id: int | None = None
    """Behind a prompt of one token comes this."""
    # Lengths and ends.
    max_new_tokens: int | None = None
    """None: until the context is full."""
    min_new_tokens: int = 0
    """No end of sequence and no stop id before this many."""
    max_length: int | None = None
    """Of prompt and answer, where max_new_tokens is None."""
    min_length: int = 0
    """The same beside min_new_tokens."""
    length_decay_start: int | None = None
    """From this token of the answer on the end gets likelier."""
    length_decay_factor: float = 1.0
    """> 0; the penalty grows as its power."""
    ignore_eos: bool = False
    """Go on after an end-of-sequence token."""
    include_stop_in_output: bool = False
    """Keep the stop string in the text."""
    logprobs: int | None = None
    """None: none; 0: of the chosen tokens; n <= 64: and of the n likeliest."""
    seed: int | None = None
    """[0, 2**64); None: drawn from the operating system."""
    # Lists.
    logit_bias: Mapping[int, float] = field(default_factory=dict)
    """Added to the logits of these tokens; -inf bans one."""
    sequence_bias: Iterable[tuple[Iterable[int], float]] = ()
    """(ids, bias): added to the last id where what came before ends with the others."""
    suppress_tokens: Iterable[int] = ()
    """Never chosen."""
    begin_suppress_tokens: Iterable[int] = ()
    """Not as the first of the answer."""
    bad_words: Iterable[Iterable[int]] = ()
    """Sequences of ids that never become complete."""
    forced_eos_token_ids: Iterable[int] = ()
    """One of these is the last that max_new_tokens allows."""
    stop_token_ids: Iterable[int] = ()
    """End the answer, beside the model's own ends."""
    stop: str | Iterable[str] = ()
    """Strings that end the answer, none empty."""
    allowed_token_ids: Iterable[int] = ()
    """Nothing but these may come; empty: all."""
    dry_sequence_breakers: Iterable[Iterable[int]] = ()
    """Ids over which no repetition reaches."""
    # llama.cpp's samplers.
    top_n_sigma: float = 0.0
    """> 0: keep logits within n standard deviations of the largest."""
    xtc_probability: float = 0.0
    """[0, 1]: how often all tokens above the threshold go but the least likely of them."""
    xtc_threshold: float = 0.1
    dry_multiplier: float = 0.0
    """> 0: what goes on with a repetition loses multiplier * base**(length - allowed_length)."""
    dry_base: float = 1.75
    dry_allowed_length: int = 2
    dry_penalty_last_n: int | None = None
    """Tokens looked at; None: all."""
    mirostat: int = 0
    """1 or 2: the version, in place of all filters."""
    mirostat_tau: float = 5.0
    """The surprise aimed at, in bits."""
    mirostat_eta: float = 0.1
    """How fast it learns."""
    dynatemp_range: float = 0.0
    """> 0: temperatures from temperature - range to temperature + range."""
    dynatemp_exponent: float = 1.0
    adaptive_target: float | None = None
    """[0, 1]: draw near this probability."""
    adaptive_decay: float = 0.9
    """[0, 0.99]."""

    thinking_budget: int | None = None
    """Tokens that may follow an open <think>, those of the prompt included; then </think> comes. A
    model that has no such tokens takes nothing but None."""

    def __new__(cls, *positional: object, **_: object) -> SamplingParams:
        """Refuses positional arguments, whose meaning would change with the next field."""
        if positional:
            raise TypeError(f"{cls.__name__} takes keyword arguments only")
        return super().__new__(cls)

    def __post_init__(self) -> None:
        for name in _ID_LISTS:
            self._set(name, tuple(token_array(getattr(self, name), name)))
        for name, (form, copy) in _COPIES.items():
            try:
                self._set(name, copy(getattr(self, name)))
            except (TypeError, ValueError) as error:
                raise type(error)(f"{name} must be {form}: {error}") from None
        self._native()  # what has a wrong type is said here

    def _set(self, name: str, value: object) -> None:
        object.__setattr__(self, name, value)

    def __repr__(self) -> str:
        changed = (
            f"{entry.name}={getattr(self, entry.name)!r}"
            for entry in dataclasses.fields(self)
            if getattr(self, entry.name) != getattr(_DEFAULTS, entry.name)
        )
        return f"{type(self).__name__}({', '.join(changed)})"

    def __hash__(self) -> int:
        return hash(repr(self))

    def __getstate__(self) -> dict[str, object]:
        return {name: value for name, value in self.__dict__.items() if name != "_struct"}

    def __setstate__(self, state: dict[str, object]) -> None:
        self.__dict__.update(state)

    def replace(self, **changes: Any) -> SamplingParams:
        """A copy with changes."""
        return dataclasses.replace(self, **changes)

    @classmethod
    def preset(cls, name: str) -> SamplingParams:
        """A named set: "greedy", "vllm", "huggingface", "llama_cpp"; InvalidArgument for others."""
        struct = _ffi.tlite_sampling_params()
        struct.struct_size = sizeof(struct)
        data = utf8(name, "name")
        call(lib.tlite_sampling_params_get_preset, data, len(data), byref(struct))
        return params_of(struct)

    def validate(self, model: Model) -> None:
        """InvalidArgument names the field and the value that is out of range."""
        size = model.vocab_size
        call(lib.tlite_sampling_params_validate, byref(self._native()), size)

    def _native(self) -> _ffi.tlite_sampling_params:
        """The library's structure; it lives as long as these params."""
        made: _ffi.tlite_sampling_params | None = self.__dict__.get("_struct")
        if made is None:
            made = _struct_of(self)
            self._set("_struct", made)
        return made


def _id_lists(lists: Iterable[Iterable[int]]) -> tuple[tuple[int, ...], ...]:
    return tuple(tuple(token_array(ids)) for ids in lists)


def _biases(pairs: Iterable[tuple[Iterable[int], float]]) -> tuple[tuple[_Ids, float], ...]:
    entries: list[tuple[Any, ...]] = [tuple(pair) for pair in pairs]
    if any(len(entry) != 2 for entry in entries):
        raise TypeError("there is one that is no pair")
    return tuple((tuple(token_array(ids)), bias) for ids, bias in entries)


def _stops(stop: str | Iterable[str]) -> tuple[str, ...]:
    return (stop,) if isinstance(stop, str) else tuple(stop)


# What a list is turned into, so that the params are as frozen as they say.
_COPIES: dict[str, tuple[str, Callable[[Any], Any]]] = {
    "bad_words": ("lists of token ids", _id_lists),
    "dry_sequence_breakers": ("lists of token ids", _id_lists),
    "sequence_bias": ("pairs of ids and a number", _biases),
    "logit_bias": ("a dict of ids and numbers", dict),
    "stop": ("strings", _stops),
}


def _count_of(name: str) -> str:
    """The field that says how long a list is: "bad_word_count", but "logit_bias_count"."""
    plural = name.endswith("s") and not name.endswith("bias")
    return (name[:-1] if plural else name) + "_count"


def _struct_of(params: SamplingParams) -> _ffi.tlite_sampling_params:
    struct = _ffi.tlite_sampling_params()
    lib.tlite_sampling_params_init(byref(struct), sizeof(struct))
    keep: list[Any] = []
    struct.keep = keep  # type: ignore[attr-defined]
    plain = {entry.name: getattr(params, entry.name) for entry in dataclasses.fields(params)}
    for name in (*_ID_LISTS, *_SEQUENCE_LISTS, "sequence_bias", "logit_bias", "stop"):
        items = plain.pop(name)
        if not items:
            continue
        entries = _entries_of(name, items, keep)
        keep.append(entries)
        setattr(struct, name, cast(entries, _KINDS[name]))
        setattr(struct, _count_of(name), len(entries))
    plain = {name: value for name, value in plain.items() if not (value is None and name in _UNSET)}
    struct.has_seed = int(plain["seed"] is not None)
    plain["seed"] = plain["seed"] or 0
    for name, value in plain.items():
        if value is None:  # which options take as "not given"
            kind = real if _KINDS[name] is c_float else integer
            kind(value, name)
    fill(struct, keep, **plain)
    return struct


def _entries_of(name: str, items: Any, keep: list[Any]) -> Any:
    """A ctypes array of what a list holds."""
    if name == "stop":
        return _array(_ffi.tlite_text, [view_of(utf8(text, name), keep) for text in items])
    if name == "logit_bias":
        pairs = [(integer(token, name), real(bias, name)) for token, bias in items.items()]
        return _array(_ffi.tlite_logit_bias, pairs)
    if name == "sequence_bias":
        rows = [(_id_list(ids, name, keep), real(bias, name)) for ids, bias in items]
        return _array(_ffi.tlite_sequence_bias, rows)
    if name in _SEQUENCE_LISTS:
        return _array(_ffi.tlite_token_list, [_id_list(ids, name, keep) for ids in items])
    return (c_int32 * len(items))(*items)


def _array(kind: Any, items: list[Any]) -> Any:
    return (kind * len(items))(*items)


def _id_list(ids: Iterable[int], name: str, keep: list[Any]) -> _ffi.tlite_token_list:
    values = token_array(ids, name)
    data = (c_int32 * len(values))(*values)
    keep.append(data)
    return _ffi.tlite_token_list(cast(data, POINTER(c_int32)), len(values))


def params_of(struct: _ffi.tlite_sampling_params) -> SamplingParams:
    """A copy of the library's."""
    given: dict[str, Any] = {}
    for entry in dataclasses.fields(SamplingParams):
        name = entry.name
        value = getattr(struct, name)
        if name in _UNSET:
            given[name] = None if value == -1 else value
        elif name in (*_ID_LISTS, *_SEQUENCE_LISTS, "sequence_bias", "logit_bias", "stop"):
            given[name] = _list_of(name, value[: getattr(struct, _count_of(name))] if value else [])
        else:
            given[name] = shortest(value) if isinstance(value, float) else value
    given["seed"] = struct.seed if struct.has_seed else None
    given["ignore_eos"] = bool(struct.ignore_eos)
    given["include_stop_in_output"] = bool(struct.include_stop_in_output)
    return SamplingParams(**given)


def shortest(value: float) -> float:
    """The shortest decimal that is this float32: 0.3, and not 0.30000001192092896."""
    for digits in range(1, 9):
        short = float(f"{value:.{digits}g}")
        if c_float(short).value == value:
            return short
    return value


def _list_of(name: str, entries: list[Any]) -> Any:
    if name == "stop":
        return [text_of(text) for text in entries]
    if name == "logit_bias":
        return {entry.token: shortest(entry.bias) for entry in entries}
    if name == "sequence_bias":
        return [(entry.tokens.data[: entry.tokens.size], shortest(entry.bias)) for entry in entries]
    if name in _SEQUENCE_LISTS:
        return [entry.data[: entry.size] for entry in entries]
    return entries


_DEFAULTS = SamplingParams()


def native_params(params: SamplingParams | None, name: str = "sampling") -> Any:
    """What a function with optional params takes."""
    if params is None:
        return None
    if not isinstance(params, SamplingParams):
        raise TypeError(f"{name} must be SamplingParams, not {type(params).__name__}")
    return byref(params._native())
