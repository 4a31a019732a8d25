"""Models: what a checkpoint is, what it takes, and loading one."""

from __future__ import annotations

import contextlib
import os
from collections.abc import Iterator
from ctypes import POINTER, byref, c_int64
from dataclasses import dataclass
from typing import Any, Callable, Union

from . import _ffi
from ._convert import PathLike, choice, filled, name_of, path_bytes, receiver, text_of, view_of
from ._ffi import tlite_model_info
from ._host import Files, host, raising
from ._library import lib
from ._native import Handle, Native, call, created, in_background, ready
from .sampling import SamplingParams, params_of
from .templates import ChatTemplate
from .tokenizer import Tokenizer

Progress = Union[bool, Callable[[int, int], object], None]
"""How a long call tells how far it is: None draws tqdm's bar where that is installed, stderr is a
terminal and it takes longer than half a second; True draws it at once; False is silent; a function
gets (done, total) some ten times a second, and what it raises stops the call."""


@dataclass(frozen=True)
class ModelInfo:
    """What a checkpoint is. Numbers are named as in Hugging Face's config.json."""

    path: str
    name: str
    """File or directory name, or the file's own metadata."""
    format: str
    """"safetensors" or "gguf"."""
    architecture: str
    """"qwen2"."""
    weight_type: str
    """Of the matrices: "bf16", "q4_k", ...; norms and biases may differ."""
    parameter_count: int
    """Tied embeddings counted once."""
    weight_bytes: int
    eos_token_ids: tuple[int, ...]
    has_chat_template: bool
    vocab_size: int
    """Rows of the embedding table, padding included: the number of logits."""
    hidden_size: int
    intermediate_size: int
    num_hidden_layers: int
    num_attention_heads: int
    num_key_value_heads: int
    head_dim: int
    max_position_embeddings: int
    tie_word_embeddings: bool
    rope_theta: float
    yarn_factor: float
    """1: positions are not scaled by yarn."""
    rms_norm_eps: float
    sliding_window: int | None


@dataclass(frozen=True)
class MemoryPlan:
    """Bytes of memory by class."""

    weights: int
    """Mapped from files as stored."""
    weights_resident: int
    """Copied into memory of the library's own."""
    kv_cache: int
    scratch: int
    """Activations and logits."""
    total: int


def _info_of(struct: tlite_model_info) -> ModelInfo:
    plain = {name: getattr(struct, name) for name in ModelInfo.__dataclass_fields__}
    for name in ("path", "name", "format", "architecture"):
        plain[name] = text_of(plain[name])
    for name in ("has_chat_template", "tie_word_embeddings"):
        plain[name] = bool(plain[name])
    plain["weight_type"] = name_of(struct.weight_type, "tlite_data_type")
    plain["eos_token_ids"] = tuple(struct.eos_token_ids[: struct.eos_token_id_count])
    plain["sliding_window"] = None if struct.sliding_window < 0 else struct.sliding_window
    return ModelInfo(**plain)


def _taken_info(function: Callable[..., int], *arguments: object) -> ModelInfo:
    out = POINTER(tlite_model_info)()
    call(function, *arguments, byref(out))
    try:
        return _info_of(out[0])
    finally:
        lib.tlite_model_info_free(out)


class _Bar:
    """tqdm's bar, drawn when it is worth it; nothing where tqdm is not installed."""

    def __init__(self, what: str, wish: Progress) -> None:
        self._what, self._wish = what, wish
        self._calls = 0
        self._bar: Any = None

    def __call__(self, done: int, total: int) -> None:
        self._calls += 1
        if callable(self._wish):
            self._wish(done, total)
        elif self._bar is not None:
            self._bar.update(done - self._bar.n)
        elif self._wish or (self._wish is None and self._calls > 5):
            self._open(done, total)

    def _open(self, done: int, total: int) -> None:
        self._wish = self._wish or False  # one try
        try:
            from tqdm.auto import tqdm
        except ImportError:
            return
        disable = None if self._wish is False else False  # None: where stderr is no terminal
        form = "{desc}: {percentage:3.0f}%|{bar}| {elapsed}"
        self._bar = tqdm(
            desc=self._what, total=total, initial=done, disable=disable, bar_format=form
        )

    def close(self) -> None:
        """Takes the bar away."""
        if self._bar is not None:
            self._bar.close()


@contextlib.contextmanager
def watched(
    what: str, wish: Progress
) -> Iterator[tuple[Handle, Callable[[Callable[[], Any]], Any]]]:
    """A progress object, and what runs a call that was given it, telling how far it is."""
    progress = created(lib.tlite_progress_create, lib.tlite_progress_free)
    bar = _Bar(what, wish)
    done, total = c_int64(), c_int64()

    def watch() -> None:
        lib.tlite_progress_get(progress.pointer, byref(done), byref(total))
        if total.value:
            bar(done.value, total.value)

    def run(work: Callable[[], Any]) -> Any:
        def stop() -> None:
            lib.tlite_progress_cancel(progress.pointer)

        result = in_background(work, watch, stop)
        if wish:
            watch()
        return result

    try:
        yield progress, run
    finally:
        bar.close()


class Model(Native):
    """A loaded checkpoint: immutable, shared by any number of threads, sessions and engines.

    `path` is a Hugging Face directory or a .gguf file. Weights are mapped from the file.

    - `weights`: quantize while loading, by the name of a mix ("q4_k_m", "q8_0", "bf16", ...).
    - `packed_cache`: a directory that keeps the packed form of quantized weights for later loads.
    - `read_into_memory`: read in place of map, for files that may change while the model is used.
    - `check_weights`: read the whole file and look for NaN and infinity.
    - `threads`: of sessions and engines that do not say; None: one per physical core.
    - `files`: an object with a method `read(path) -> bytes | None` in place of the system's files.
    - `progress`: see `tlite.Progress`. Ctrl-C and what a progress function raises stop the load.

    FileNotFoundError (`NotFound`), InputOutput, Corrupt, NotSupported, OutOfMemory.
    """

    _unpicklable = "load it from its path in each process, or before a fork()"

    def __init__(
        self,
        path: PathLike,
        *,
        weights: str | None = None,
        packed_cache: PathLike | None = None,
        read_into_memory: bool = False,
        check_weights: bool = False,
        threads: int | None = None,
        files: Files | None = None,
        progress: Progress = None,
    ) -> None:
        ready()
        name = path_bytes(path)
        keep: list[Any] = []
        options = filled(
            _ffi.tlite_load_options,
            lib.tlite_load_options_init,
            keep,
            weights=choice(weights, "tlite_weight_mix", "weights"),
            read_into_memory=bool(read_into_memory),
            check_weights=bool(check_weights),
        )
        if packed_cache is not None:
            options.packed_cache = view_of(path_bytes(packed_cache), keep)
        environment = host(threads, files)
        base = os.path.basename(os.fsdecode(name).rstrip("/")) or "model"

        def load() -> Handle:
            with raising():
                return created(
                    *(lib.tlite_model_load, lib.tlite_model_free, environment.pointer),
                    *(name, len(name), byref(options)),
                )

        with watched(f"loading {base}", progress) as (handle, run):
            options.progress = handle.pointer
            self._handle = run(load)
        self._info: ModelInfo | None = None
        self._tokenizer: Tokenizer | None = None
        self._chat_template: ChatTemplate | None = None

    def __repr__(self) -> str:
        if self._handle is None:
            return "<tlite.Model, closed>"
        return f"<tlite.Model {self.info.name!r}, {self.info.weight_type}>"

    @staticmethod
    def inspect(path: PathLike, *, files: Files | None = None) -> ModelInfo:
        """What a checkpoint is, without loading it; reads headers only."""
        ready()
        name = path_bytes(path)
        environment = host(files=files)
        with raising():
            return _taken_info(lib.tlite_model_inspect, environment.pointer, name, len(name))

    @staticmethod
    def plan(
        path: PathLike,
        *,
        context: int | None = None,
        max_sequences: int | None = None,
        max_batch_rows: int | None = None,
        max_logits_rows: int | None = None,
        max_hidden_rows: int | None = None,
        threads: int | None = None,
        kv_type: str | None = None,
        weights: str | None = None,
        read_into_memory: bool = False,
        packed_cache: PathLike | None = None,
        files: Files | None = None,
    ) -> MemoryPlan:
        """What a load and a session take, to the byte; reads headers only.

        Each further session, evaluator or engine takes `kv_cache` and `scratch` of its own.
        """
        ready()
        name = path_bytes(path)
        keep: list[Any] = []
        options = filled(
            _ffi.tlite_plan_options,
            lib.tlite_plan_options_init,
            keep,
            context=context,
            max_sequences=max_sequences,
            max_batch_rows=max_batch_rows,
            max_logits_rows=max_logits_rows,
            max_hidden_rows=max_hidden_rows,
            threads=threads,
            kv_type=choice(kv_type, "tlite_data_type", "kv_type"),
            weights=choice(weights, "tlite_weight_mix", "weights"),
            read_into_memory=bool(read_into_memory),
        )
        if packed_cache is not None:
            options.packed_cache = view_of(path_bytes(packed_cache), keep)
        environment = host(files=files)
        out = receiver(_ffi.tlite_memory_plan)
        with raising():
            call(
                *(lib.tlite_model_plan, environment.pointer, name, len(name)),
                *(byref(options), byref(out)),
            )
        return MemoryPlan(**{key: getattr(out, key) for key in MemoryPlan.__dataclass_fields__})

    @property
    def info(self) -> ModelInfo:
        """What it is."""
        handle = self._live()
        if self._info is None:
            self._info = _taken_info(lib.tlite_model_get_info, handle.pointer)
        return self._info

    @property
    def tokenizer(self) -> Tokenizer:
        """Its tokenizer, which may outlive it."""
        handle = self._live()
        if self._tokenizer is None or self._tokenizer.closed:
            self._tokenizer = Tokenizer._adopt(
                created(lib.tlite_model_get_tokenizer, lib.tlite_tokenizer_free, handle.pointer)
            )
        return self._tokenizer

    @property
    def chat_template(self) -> ChatTemplate:
        """Its chat template, which may outlive it; NotFound for a base model."""
        handle = self._live()
        if self._chat_template is None or self._chat_template.closed:
            self._chat_template = ChatTemplate._adopt(
                created(
                    *(lib.tlite_model_get_chat_template, lib.tlite_chat_template_free),
                    handle.pointer,
                )
            )
        return self._chat_template

    @property
    def default_sampling(self) -> SamplingParams:
        """What its generation_config.json asks for."""
        handle = self._live()
        out = receiver(_ffi.tlite_sampling_params)
        call(lib.tlite_model_get_default_sampling, handle.pointer, byref(out))
        return params_of(out)

    @property
    def vocab_size(self) -> int:
        """The number of logits, and the bound of the ids that it takes."""
        handle = self._live()
        return int(lib.tlite_model_vocab_size(handle.pointer))

    @property
    def hidden_size(self) -> int:
        """Numbers of a hidden state, and so of an embedding."""
        handle = self._live()
        return int(lib.tlite_model_hidden_size(handle.pointer))

    @property
    def cpu_tier(self) -> str:
        """The instruction set that it runs on: "scalar", "avx2", "avx512", "amx", "neon", ..."""
        handle = self._live()
        return str(lib.tlite_model_cpu_tier(handle.pointer), "ascii")

    @property
    def decode_bytes(self) -> int:
        """Bytes of weights that a decoded token must read."""
        handle = self._live()
        return int(lib.tlite_model_decode_bytes(handle.pointer))
