"""Writing models: quantized GGUF files, and what a quantizer spends its precision on."""

from __future__ import annotations

from ctypes import byref
from typing import TYPE_CHECKING, Any

from . import _ffi
from ._convert import PathLike, constant, filled, path_bytes, token_array, view_of
from ._host import Files, host, raising
from ._library import lib
from ._native import call, ready
from .model import Progress, watched

if TYPE_CHECKING:
    from ._convert import TokenIds
    from .model import Model


def quantize(
    source: PathLike,
    target: PathLike,
    mix: str,
    *,
    importance: PathLike | None = None,
    allow_requantize: bool = False,
    threads: int | None = None,
    files: Files | None = None,
    progress: Progress = None,
) -> None:
    """Writes a Hugging Face directory or a .gguf file to the .gguf file `target`.

    - `mix`: "q4_k_m", "q8_0", "bf16", ...: which type each matrix gets.
    - `importance`: an importance matrix, of `measure_importance` or of llama.cpp.
    - `allow_requantize`: take a source that is quantized already.
    - `files`: of the source, as for a `Model`; the target is a file of the operating system.

    The file appears when it is complete: after an error, or Ctrl-C, there is no trace of it.
    InputOutput, NotFound, Corrupt, NotSupported, InvalidArgument, OutOfMemory.
    """
    ready()
    names = path_bytes(source), path_bytes(target)
    kind = constant(mix, "tlite_weight_mix", "mix")
    keep: list[Any] = []
    options = filled(
        _ffi.tlite_quantize_options,
        lib.tlite_quantize_options_init,
        keep,
        threads=threads,
        allow_requantize=bool(allow_requantize),
    )
    if importance is not None:
        options.importance = view_of(path_bytes(importance), keep)
    environment = host(threads, files)
    sized = [part for name in names for part in (name, len(name))]

    def work() -> None:
        with raising():
            call(lib.tlite_quantize, environment.pointer, *sized, kind, byref(options))

    with watched("quantizing", progress) as (handle, run):
        options.progress = handle.pointer
        run(work)


def measure_importance(
    model: Model,
    ids: TokenIds,
    target: PathLike,
    *,
    chunk: int | None = None,
    format: str | None = None,
    dataset: str | None = None,
    threads: int | None = None,
    progress: Progress = None,
) -> None:
    """Runs a text through a model and writes how much each input of each matrix counts.

    - `ids`: the text; only whole chunks of `chunk` tokens (512) count, each from an empty context.
    - `format`: "gguf" (the default), or "dat" as older llama.cpp writes it.
    - `dataset`: the text's name, kept in the file.

    As in `quantize`, the file appears when it is complete.
    """
    values = token_array(ids)
    name = path_bytes(target)
    keep: list[Any] = []
    options = filled(
        _ffi.tlite_importance_options,
        lib.tlite_importance_options_init,
        keep,
        chunk=chunk,
        format=None if format is None else constant(format, "tlite_importance_format", "format"),
        dataset=dataset,
        threads=threads,
    )
    parent = model._live()

    def work() -> None:
        call(
            *(lib.tlite_measure_importance, parent.pointer, *values.buffer_info()),
            *(name, len(name), byref(options)),
        )

    with watched("measuring", progress) as (handle, run):
        options.progress = handle.pointer
        run(work)
