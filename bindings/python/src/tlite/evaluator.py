"""The forward pass itself: token ids in, logits out."""

from __future__ import annotations

import weakref
from collections.abc import Iterable
from ctypes import byref, c_int32, c_size_t, c_void_p, string_at
from typing import TYPE_CHECKING, Any, NamedTuple

from . import _ffi
from ._convert import TokenIds, choice, filled, integer, name_of, receiver, token_array
from ._library import lib
from ._native import SLICE, Computing, Handle, Turn, at_work, call, created
from .errors import BadState, InvalidArgument

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from .model import Model


class Row(NamedTuple):
    """One token of a batch."""

    token: int
    sequence: int
    position: int
    """The sequence's length, then one more for each further row of it."""
    wants_logits: bool = False
    wants_hidden: bool = False


class _Logits:
    """What a numpy array of logits is a view of; it keeps their memory."""

    def __init__(self, handle: Handle, address: int, rows: int, columns: int, stride: int) -> None:
        self.handle = handle
        self.__array_interface__ = {
            "version": 3,
            "shape": (rows, columns),
            "typestr": "<f4",
            "data": (address, True),
            "strides": (4 * stride, 4),
        }


class Evaluator(Computing):
    """Batches over sequences: a sequence is a list of tokens whose keys and values are kept.

        sequence = evaluator.create_sequence()
        evaluator.append(sequence, ids)
        token = int(evaluator.logits()[0].argmax())

    - `context`: tokens kept, all sequences together (4096). `max_sequences` (64).
    - `max_batch_rows`: worked on at once (512). `max_logits_rows`: of one batch (64);
      `max_hidden_rows`: likewise of hidden states (0).
    - `threads`, `kv_type`: as of a `Session`.

    All memory is taken here: OutOfMemory. For one thread at a time; `cancel` is for any.
    """

    _unpicklable = "make one of the model in each process"

    def __init__(
        self,
        model: Model,
        *,
        context: int | None = None,
        max_sequences: int | None = None,
        max_batch_rows: int | None = None,
        max_logits_rows: int | None = None,
        max_hidden_rows: int | None = None,
        threads: int | None = None,
        kv_type: str | None = None,
    ) -> None:
        super().__init__()
        parent = model._live()
        options = filled(
            _ffi.tlite_evaluator_options,
            lib.tlite_evaluator_options_init,
            [],
            context=context,
            max_sequences=max_sequences,
            max_batch_rows=max_batch_rows,
            max_logits_rows=max_logits_rows,
            max_hidden_rows=max_hidden_rows,
            threads=threads,
            kv_type=choice(kv_type, "tlite_data_type", "kv_type"),
        )
        self._handle = created(
            *(lib.tlite_evaluator_create, lib.tlite_evaluator_free),
            *(parent.pointer, byref(options)),
        )
        self._turn = Turn(self)
        self._shown: weakref.ref[_Logits] | None = None

    @property
    def options(self) -> dict[str, Any]:
        """Its options as resolved."""
        handle = self._live()
        out = receiver(_ffi.tlite_evaluator_options)
        call(lib.tlite_evaluator_get_options, handle.pointer, byref(out))
        hidden = ("struct_size", "reserved", "kv_type")
        result = {key: getattr(out, key) for key, *_ in out._fields_ if key not in hidden}
        return {**result, "kv_type": name_of(out.kv_type, "tlite_data_type")}

    def create_sequence(self) -> int:
        """A new, empty sequence; BadState when max_sequences exist."""
        return self._made(lib.tlite_evaluator_create_sequence)

    def destroy_sequence(self, sequence: int) -> None:
        """Gives its memory back."""
        handle = self._live()
        call(
            *(lib.tlite_evaluator_destroy_sequence, handle.pointer),
            integer(sequence, "sequence"),
        )

    def length(self, sequence: int) -> int:
        """Tokens in a sequence."""
        return self._made(lib.tlite_evaluator_get_length, integer(sequence, "sequence"))

    def fork(self, sequence: int, length: int | None = None) -> int:
        """A new sequence that shares the first `length` positions (None: all); copies nothing."""
        return self._made(lib.tlite_evaluator_fork, integer(sequence, "sequence"), _length(length))

    def adopt(self, other: Evaluator, sequence: int, length: int | None = None) -> int:
        """The same from another evaluator of the same model and kv_type."""
        theirs = other._live()
        return self._made(
            *(lib.tlite_evaluator_adopt, theirs.pointer),
            *(integer(sequence, "sequence"), _length(length)),
        )

    def truncate(self, sequence: int, length: int) -> None:
        """Forgets all positions from `length` on."""
        handle = self._live()
        call(
            *(lib.tlite_evaluator_truncate, handle.pointer),
            *(integer(sequence, "sequence"), integer(length, "length")),
        )

    @property
    def free_positions(self) -> int:
        """Positions that new tokens can still take."""
        handle = self._live()
        return int(lib.tlite_evaluator_free_positions(handle.pointer))

    def _made(self, function: Any, *arguments: object) -> int:
        handle = self._live()
        out = c_int32()
        call(function, handle.pointer, *arguments, byref(out))
        return out.value

    def evaluate(self, rows: Iterable[tuple[int, ...]]) -> None:
        """One batch of `Row`s, or tuples like them, run to its end.

        On an error (InvalidArgument, ContextFull, Cancelled) and on an exception that comes in
        between, such as KeyboardInterrupt, the sequences are as they were before. BadState while an
        array of `logits` is alive, whose memory this would overwrite.
        """
        entries = []
        for row in rows:
            token, sequence, position, *wants = row
            entries.append(
                (
                    *(integer(token, "token"), integer(sequence, "sequence")),
                    *(integer(position, "position"), *(int(bool(wish)) for wish in wants[:2])),
                )
            )
        kind: Any = _ffi.tlite_batch_row * len(entries)
        self._run(kind(*entries))

    def append(self, sequence: int, ids: TokenIds, *, logits: int = 1) -> None:
        """Adds ids to one sequence, with logits of the last `logits` rows. As `evaluate`."""
        values = token_array(ids)
        count = len(values)
        wanted = integer(logits, "logits")
        if not 0 <= wanted <= count:
            raise InvalidArgument(f"logits is {wanted}, and there are {count} ids")
        number = integer(sequence, "sequence")
        start = self.length(number)
        kind: Any = _ffi.tlite_batch_row * count
        rows = kind(
            *((token, number, start + i, i >= count - wanted) for i, token in enumerate(values))
        )
        self._run(rows)

    def _run(self, rows: Any) -> None:
        """A batch in slices, between which signals arrive."""
        handle = self._live()
        with self._turn:
            if self._shown is not None and self._shown() is not None:
                raise BadState(
                    "an array of logits of the last batch is alive, and the next batch would"
                    " overwrite it: drop it first, or take logits(copy=True)"
                )
            finished = c_int32()
            with at_work():
                try:
                    call(lib.tlite_evaluator_submit, handle.pointer, rows, len(rows))
                    while not finished.value:
                        call(
                            *(lib.tlite_evaluator_advance, handle.pointer, SLICE),
                            byref(finished),
                        )
                except BaseException:
                    lib.tlite_evaluator_discard(handle.pointer, None)
                    raise

    def logits(self, *, copy: bool = False) -> NDArray[np.float32]:
        """Of the last batch's rows that wanted them: float32 of shape (rows, vocab_size).

        The array is a read-only view of the library's memory, which it keeps, also when the
        evaluator is closed. While it or a slice of it is alive no further batch can be run:
        BadState. `copy` gives an array of your own. Needs numpy.
        """
        import numpy as np

        handle = self._live()
        with self._turn:
            address = c_void_p()
            rows, columns, stride = c_size_t(), c_size_t(), c_size_t()
            call(
                *(lib.tlite_evaluator_get_logits_matrix, handle.pointer, byref(address)),
                *(byref(rows), byref(columns), byref(stride)),
            )
            if not address.value:
                return np.zeros((0, columns.value), dtype=np.float32)
            shown = self._shown() if self._shown is not None else None
            if shown is None:
                size = (rows.value, columns.value, stride.value)
                shown = _Logits(handle, address.value, *size)
            if copy:
                return np.array(shown, dtype=np.float32)
            self._shown = weakref.ref(shown)
            return np.asarray(shown)

    def hidden(self) -> NDArray[np.float32]:
        """Of the last batch's rows with `wants_hidden`: float32 of shape (rows, hidden_size).

        A copy of the last layer's output behind the final norm. Needs numpy.
        """
        import numpy as np

        handle = self._live()
        with self._turn:
            rows = []
            for index in range(lib.tlite_evaluator_hidden_rows(handle.pointer)):
                address, count = c_void_p(), c_size_t()
                call(
                    *(lib.tlite_evaluator_get_hidden, handle.pointer, index),
                    *(byref(address), byref(count)),
                )
                row = string_at(address.value or 0, 4 * count.value)
                rows.append(np.frombuffer(row, dtype=np.float32))
            return np.stack(rows) if rows else np.zeros((0, 0), dtype=np.float32)

    def cancel(self) -> None:
        """Stops the batch that runs, or the next one: Cancelled. From any thread."""
        handle = self._live()
        lib.tlite_evaluator_cancel(handle.pointer)

    def clear_cancel(self) -> None:
        """Forgets a cancel that stopped nothing. From any thread."""
        handle = self._live()
        lib.tlite_evaluator_clear_cancel(handle.pointer)

    def _stop(self) -> None:
        handle = self._handle
        if handle is not None:
            lib.tlite_evaluator_cancel(handle.pointer)


def _length(length: int | None) -> int:
    return _ffi.TLITE_UNSET if length is None else integer(length, "length")
