"""The model that is loaded: one at a time, kept until another is wished for."""

from __future__ import annotations

from typing import TYPE_CHECKING, Callable

from .plan import check_fit
from .refusal import Refusal
from .wish import BATCH_ROWS, Wish

if TYPE_CHECKING:
    import tlite

Progress = Callable[[int, int], object]


class Shelf:
    """Holds a model with the session that answers; for one thread at a time."""

    def __init__(self) -> None:
        self._wish = Wish()
        self._model: tlite.Model | None = None
        self._session: tlite.Session | None = None

    def session(self, wish: Wish, progress: Progress) -> tlite.Session:
        """The session of what is wished for, without messages. Loads where that is not there.

        `progress` gets (bytes done, of), and what it raises stops the load. Refusal, tlite.Error,
        ImportError.
        """
        if not wish.model:
            raise Refusal("no_model")
        if self._session is None or wish != self._wish:
            import tlite

            self.clear()  # its memory is free for the new one
            check_fit(wish, tlite.Model.inspect(wish.model))
            threads = wish.threads or None
            self._model = tlite.Model(wish.model, threads=threads, progress=progress)
            self._session = tlite.Session(
                self._model, context=wish.context, max_batch_rows=BATCH_ROWS
            )
            self._wish = wish
        self._session.reset()
        self._session.clear_cancel()
        return self._session

    @property
    def model(self) -> tlite.Model:
        """What is loaded."""
        assert self._model is not None
        return self._model

    def clear(self) -> None:
        """Gives its memory back."""
        for part in (self._session, self._model):
            if part is not None:
                part.close()
        self._session = self._model = None
        self._wish = Wish()
