"""One answer, on a thread of its own, which knows nothing of an office.

The thread loads, reads and writes; pieces wait until the office takes them. It calls nothing of the
office's, so that the office may wait for its end whatever locks it holds.
"""

from __future__ import annotations

import queue
import threading
from dataclasses import dataclass
from typing import TYPE_CHECKING

from ..text.cleaning import Cleaner
from ..text.commands import Command, prompt_of
from .refusal import Refusal, refusal_of
from .shelf import Shelf
from .wish import Wish

if TYPE_CHECKING:
    import tlite


class _Stopped(Exception):
    """The load is not wanted any more."""


@dataclass(frozen=True)
class Work:
    """What is asked for."""

    command: Command
    passage: str
    wish: Wish
    seed: int | None = None
    """None: by chance."""


class Answer:
    """An answer that is made; everything but what its thread does may be called from any thread."""

    def __init__(self, work: Work, shelf: Shelf) -> None:
        self._work = work
        self._shelf = shelf
        self._pieces: queue.SimpleQueue[str] = queue.SimpleQueue()
        self._lock = threading.Lock()  # of the stream against `cancel`
        self._stream: tlite.Stream | None = None
        self._session: tlite.Session | None = None
        self._loaded = 0.0
        self.cancelled = False
        self.failure: Refusal | None = None
        """Why there is none, or no more of it; once `ended`."""
        self.reason = ""
        """Once `ended`: why, as `tlite.Generation.finish_reason` has it; "" with a failure."""
        self.tokens = 0
        """Of the answer so far."""
        self.ended = False
        self._thread = threading.Thread(target=self._run, name="tlite answer", daemon=True)

    def start(self) -> None:
        """Begins."""
        self._thread.start()

    def take(self) -> str:
        """The text that has come since the last call."""
        pieces = []
        while not self._pieces.empty():
            pieces.append(self._pieces.get())
        return "".join(pieces)

    def cancel(self) -> None:
        """Ends it where it is, within milliseconds; what has come can still be taken."""
        with self._lock:
            self.cancelled = True
            if self._stream is not None:
                self._stream.cancel()

    def join(self, seconds: float) -> bool:
        """Waits for its end; whether it came."""
        self._thread.join(seconds)
        return not self._thread.is_alive()

    @property
    def stage(self) -> tuple[str, float]:
        """ "loading" or "reading" with the part done, 0 to 1; "writing", 0."""
        session = self._session
        if session is None:
            return "loading", self._loaded
        if self.tokens:
            return "writing", 0.0
        done, total = session.prefill_progress
        return "reading", done / total if total else 0.0

    def _run(self) -> None:
        try:
            self._answer()
        except _Stopped:
            self.reason = "cancelled"
        except (
            Exception
        ) as error:  # an error of anything that the thread does is the user's to read
            self.failure = refusal_of(error)
        finally:
            with self._lock:
                self._stream = None
            self.ended = True

    def _answer(self) -> None:
        session = self._shelf.session(self._work.wish, self._progress)
        session.add_user(prompt_of(self._work.command, self._work.passage))
        session.sampling = self._sampling(session)
        cleaner = Cleaner(self._work.passage)
        with self._lock:
            if self.cancelled:
                raise _Stopped
            self._stream = stream = session.stream()
        self._session = session
        for piece in stream:
            self.tokens += 1
            self._give(cleaner.feed(piece))
        self._give(cleaner.finish())
        self.reason = stream.finish_reason

    def _give(self, text: str) -> None:
        if text:
            self._pieces.put(text)

    def _progress(self, done: int, total: int) -> None:
        self._loaded = done / total if total else 0.0
        if self.cancelled:
            raise _Stopped

    def _sampling(self, session: tlite.Session) -> tlite.SamplingParams:
        """What the checkpoint asks for, or exact; Refusal where no answer fits."""
        import tlite

        command, context = self._work.command, self._work.wish.context
        tokenizer = self._shelf.model.tokenizer
        length = len(tokenizer.encode(self._work.passage, parse_special=False))
        prompt = session.count_prompt_tokens()
        room = int(command.growth * length) + command.spare
        if prompt + room > context:
            raise Refusal("too_long", passage=length, needed=prompt + room, context=context)
        chosen = self._shelf.model.default_sampling
        if command.exact:
            chosen = tlite.SamplingParams(temperature=0)
        return chosen.replace(seed=self._work.seed, max_new_tokens=min(2 * room, context - prompt))
