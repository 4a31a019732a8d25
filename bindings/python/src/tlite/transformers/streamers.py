"""Text as it is generated: objects with `put` and `end`, which generate calls.

Text is shown as soon as it cannot change any more: whole words, and characters of scripts that
have no spaces between words. transformers' own streamers work as well.
"""

from __future__ import annotations

import asyncio
import queue
import unicodedata
from typing import Any

from ._arrays import plain

# Blocks of Chinese characters, which stand without spaces.
_CHINESE = (
    *((0x4E00, 0x9FFF), (0x3400, 0x4DBF), (0x20000, 0x2A6DF), (0x2A700, 0x2B73F)),
    *((0x2B740, 0x2B81F), (0x2B820, 0x2CEAF), (0xF900, 0xFAFF), (0x2F800, 0x2FA1F)),
)


def _is_chinese(letter: str) -> bool:
    return any(first <= ord(letter) <= last for first, last in _CHINESE)


def _is_settled(text: str) -> bool:
    """Whether nothing in it can become part of something else: letters, marks, digits, spaces."""
    return all(letter.isspace() or unicodedata.category(letter)[0] in "LMN" for letter in text)


class BaseStreamer:
    """What generate gives tokens to: the prompt first, then each new one."""

    def put(self, value: Any) -> None:
        """Ids, (rows, length) of the prompt and (rows,) of each step."""
        raise NotImplementedError

    def end(self) -> None:
        """The answer is complete."""
        raise NotImplementedError


class TextStreamer(BaseStreamer):
    """Prints an answer as it is generated.

    `skip_prompt` leaves out the prompt; further arguments go to the tokenizer's `decode`. For one
    row.
    """

    def __init__(self, tokenizer: Any, skip_prompt: bool = False, **decode_kwargs: Any) -> None:
        self.tokenizer = tokenizer
        self.skip_prompt = skip_prompt
        self.decode_kwargs = decode_kwargs
        self.token_cache: list[int] = []
        self.print_len = 0
        self.next_tokens_are_prompt = True

    def put(self, value: Any) -> None:
        """Shows what became certain with these ids."""
        ids = plain(value)
        if ids and isinstance(ids[0], list):
            if len(ids) > 1:
                raise ValueError(f"a TextStreamer shows one row, not {len(ids)}")
            ids = ids[0]
        if self.skip_prompt and self.next_tokens_are_prompt:
            self.next_tokens_are_prompt = False
            return
        self.token_cache.extend(ids)
        text: str = self.tokenizer.decode(self.token_cache, **self.decode_kwargs)
        fresh = text[self.print_len :]
        if text.endswith("\n"):
            # The last token stays, as what follows may be written with regard to it.
            self.token_cache = self.token_cache[-1:]
            self.print_len = len(self.tokenizer.decode(self.token_cache, **self.decode_kwargs))
        else:
            if not (text and _is_chinese(text[-1])) and not _is_settled(fresh):
                fresh = text[self.print_len : text.rfind(" ") + 1]
            self.print_len += len(fresh)
        self.on_finalized_text(fresh)

    def end(self) -> None:
        """Shows the rest."""
        rest = ""
        if self.token_cache:
            text: str = self.tokenizer.decode(self.token_cache, **self.decode_kwargs)
            rest = text[self.print_len :]
        self.token_cache = []
        self.print_len = 0
        self.next_tokens_are_prompt = True
        self.on_finalized_text(rest, stream_end=True)

    def on_finalized_text(self, text: str, stream_end: bool = False) -> None:
        """Prints it."""
        print(text, flush=True, end="\n" if stream_end else "")


class TextIteratorStreamer(TextStreamer):
    """Gives an answer to another thread as it is generated: `for piece in streamer`.

    `timeout` in seconds: queue.Empty is raised in the reader when nothing comes for so long.
    """

    def __init__(
        self,
        tokenizer: Any,
        skip_prompt: bool = False,
        timeout: float | None = None,
        **decode_kwargs: Any,
    ) -> None:
        super().__init__(tokenizer, skip_prompt, **decode_kwargs)
        self.text_queue: queue.Queue[str | None] = queue.Queue()
        self.stop_signal = None
        self.timeout = timeout

    def on_finalized_text(self, text: str, stream_end: bool = False) -> None:
        """Puts it into the queue."""
        self.text_queue.put(text, timeout=self.timeout)
        if stream_end:
            self.text_queue.put(self.stop_signal, timeout=self.timeout)

    def __iter__(self) -> TextIteratorStreamer:
        return self

    def __next__(self) -> str:
        value = self.text_queue.get(timeout=self.timeout)
        if value is None:
            raise StopIteration
        return value


class AsyncTextIteratorStreamer(TextStreamer):
    """Gives an answer to a coroutine as it is generated: `async for piece in streamer`.

    Made inside a coroutine; generate runs in a thread. asyncio.TimeoutError after `timeout`.
    """

    def __init__(
        self,
        tokenizer: Any,
        skip_prompt: bool = False,
        timeout: float | None = None,
        **decode_kwargs: Any,
    ) -> None:
        super().__init__(tokenizer, skip_prompt, **decode_kwargs)
        self.text_queue: asyncio.Queue[str | None] = asyncio.Queue()
        self.stop_signal = None
        self.timeout = timeout
        self.loop = asyncio.get_running_loop()

    def on_finalized_text(self, text: str, stream_end: bool = False) -> None:
        """Puts it into the queue."""
        self.loop.call_soon_threadsafe(self.text_queue.put_nowait, text)
        if stream_end:
            self.loop.call_soon_threadsafe(self.text_queue.put_nowait, self.stop_signal)

    def __aiter__(self) -> AsyncTextIteratorStreamer:
        return self

    async def __anext__(self) -> str:
        value = await asyncio.wait_for(self.text_queue.get(), self.timeout)
        if value is None:
            raise StopAsyncIteration
        return value
